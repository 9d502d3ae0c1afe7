/*
 * A function, because the table may have to be made again: DROP TABLE and a rerun is what the
 * Python pipeline's users know for a change of dimension. An existing table of that pipeline is
 * adopted with its vectors, which serve until each has been encoded from the product as it is now.
 */
create or replace function :PGVECTOR_SCHEMA.create_product_embeddings(dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  v_dimension integer;
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s, or start the table over: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The provenance trigger is made last: with it the table is complete, and there is nothing to do.
  if exists (
    select from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and t.tgname = '_100_provenance'
  ) then
    return;
  end if;

  execute format(
    $sql$
      create table if not exists :PGVECTOR_SCHEMA.:PGVECTOR_TABLE (
        product_id bigint primary key,
        embedding :VECTOR_SCHEMA.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    create_product_embeddings.dimension
  );

  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.embedding is null or :VECTOR_SCHEMA.vector_norm(e.embedding) = 0;
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set embedding = :VECTOR_SCHEMA.l2_normalize(e.embedding)
  where abs(:VECTOR_SCHEMA.vector_norm(e.embedding) - 1) >= 0.001;

  alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE
    alter column embedding set not null,
    add column if not exists model_id integer,
    add column if not exists document_hash bytea,
    add column if not exists vanished_at timestamptz,
    drop constraint if exists embedding_has_unit_length,
    -- With unit length the three metrics give one order, so one index serves them all. float4
    -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
    add constraint embedding_has_unit_length check (abs(:VECTOR_SCHEMA.vector_norm(embedding) - 1) < 0.001);

  create index if not exists embeddings_vanished_at_idx
    on :PGVECTOR_SCHEMA.:PGVECTOR_TABLE (vanished_at) where vanished_at is not null;

  comment on table  :PGVECTOR_SCHEMA.:PGVECTOR_TABLE is 'One vector a product. Join it on product_id; search_products() searches it.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.product_id is 'The product; no foreign key, because dbt drops and renames its table.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.embedding is 'The vector of the product''s document, of unit length.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.updated_at is 'When the vector was stored, in the storing session''s time zone.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.model_id is 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.document_hash is 'sha256 of the document it came from; null when it was not stored by us.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.vanished_at is 'When the product was found gone from the source; the vector goes after settings.vanished_grace.';

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  create or replace trigger _100_provenance
    before update on :PGVECTOR_SCHEMA.:PGVECTOR_TABLE
    for each row execute function :PGVECTOR_SCHEMA.tg__embedding_provenance();
end
$$;

comment on function :PGVECTOR_SCHEMA.create_product_embeddings(integer) is
  'Makes the table of vectors, or completes the one that is there; no effect when it is whole. Raises PE020 when its dimension is another.';
