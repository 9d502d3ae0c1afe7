/*
 * A function, because the table may have to be made again: DROP TABLE and a rerun is what the
 * Python pipeline's users know for a change of dimension. The configured dimension is that of a new
 * table: once a model was made the active one, the table has the model's.
 */
create or replace function :PGVECTOR_SCHEMA.create_product_embeddings(dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text := ':PGVECTOR_TABLE';
  v_dimension integer;
  v_active_dimension integer := (
    select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null
  );
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension and v_dimension is distinct from v_active_dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s. For another model, prepare it beside this one, without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(''name'');  or start the table over: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The last index that was added tells that the table is complete.
  if to_regclass(format(':PGVECTOR_SCHEMA.%I', left(v_table, 40) || '_document_hash_idx')) is not null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(v_table, coalesce(v_dimension, create_product_embeddings.dimension));
  perform :PGVECTOR_SCHEMA.create_vector_table(:PGVECTOR_SCHEMA.embeddings_table(m.model_id), m.dimension)
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_kept;
end
$$;

comment on function :PGVECTOR_SCHEMA.create_product_embeddings(integer) is
  'Makes the table of vectors, or completes the one that is there, and those of models that are kept beside it; no effect when it is whole. Raises PE020 when its dimension is another and no model of that dimension was activated.';
