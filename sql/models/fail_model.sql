create or replace function :PGVECTOR_SCHEMA.fail_model(model_id integer, error text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_models m
  set error = left(fail_model.error, 1000)
  where m.model_id = fail_model.model_id and m.error is distinct from left(fail_model.error, 1000)
$$;

comment on function :PGVECTOR_SCHEMA.fail_model(integer, text) is 'Notes why a worker could not load a model whose vectors are kept; null when it could.';
