/*
 * An existing table of the Python pipeline is adopted with its vectors, which serve until each has been
 * encoded from the product as it is now.
 */
create or replace function :PGVECTOR_SCHEMA.create_vector_table(table_name text, dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  v_table text := format(':PGVECTOR_SCHEMA.%I', create_vector_table.table_name);
  v_column text;
  v_comment text;
begin
  execute format(
    $sql$
      create table if not exists %s (
        product_id bigint primary key,
        embedding :VECTOR_SCHEMA.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    v_table, create_vector_table.dimension
  );

  execute format('delete from %s e where e.embedding is null or :VECTOR_SCHEMA.vector_norm(e.embedding) = 0', v_table);
  execute format(
    $sql$
      update %s e
      set embedding = :VECTOR_SCHEMA.l2_normalize(e.embedding)
      where abs(:VECTOR_SCHEMA.vector_norm(e.embedding) - 1) >= 0.001
    $sql$,
    v_table
  );

  execute format(
    $sql$
      alter table %s
        alter column embedding set not null,
        add column if not exists model_id integer,
        add column if not exists document_hash bytea,
        add column if not exists vanished_at timestamptz,
        add column if not exists tokens integer,
        drop constraint if exists embedding_has_unit_length,
        -- With unit length the three metrics give one order, so one index serves them all. float4
        -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
        add constraint embedding_has_unit_length check (abs(:VECTOR_SCHEMA.vector_norm(embedding) - 1) < 0.001)
    $sql$,
    v_table
  );
  execute format(
    'create index if not exists %I on %s (vanished_at) where vanished_at is not null',
    left(create_vector_table.table_name, 40) || '_vanished_at_idx', v_table
  );
  execute format(
    'create index if not exists %I on %s (tokens) where tokens is not null',
    left(create_vector_table.table_name, 40) || '_tokens_idx', v_table
  );
  -- For the vector of a text that another product has. Not a hash index, which is slow where one text is in thousands.
  execute format(
    'create index if not exists %I on %s (document_hash)',
    left(create_vector_table.table_name, 40) || '_document_hash_idx', v_table
  );

  execute format('comment on table %s is %L', v_table, 'One vector a product. Join it on product_id; search_products() searches it.');
  for v_column, v_comment in
    values
      ('product_id', 'The product; no foreign key, because dbt drops and renames its table.'),
      ('embedding', 'The vector of the product''s document, of unit length.'),
      ('updated_at', 'When the vector was stored, in the storing session''s time zone.'),
      ('model_id', 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.'),
      ('document_hash', 'sha256 of the document that it came from; null when it was not stored by us.'),
      ('vanished_at', 'When the product was found gone from the source; the vector goes after settings.vanished_grace.'),
      ('tokens', 'Tokens of a document that has more than the model reads (see model_status.long_documents); null of all others.')
  loop
    execute format('comment on column %s.%I is %L', v_table, v_column, v_comment);
  end loop;

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  execute format(
    'create or replace trigger _100_provenance before update on %s for each row execute function :PGVECTOR_SCHEMA.tg__embedding_provenance()',
    v_table
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.create_vector_table(text, integer) is
  'Makes a table of vectors in our schema, or completes the one that is there. Safe to repeat.';
