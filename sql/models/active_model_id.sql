create or replace function :PGVECTOR_SCHEMA.active_model_id() returns integer
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_active
$$;

comment on function :PGVECTOR_SCHEMA.active_model_id() is 'The model whose vectors are current; null before the first worker came.';
