create or replace function :PGVECTOR_SCHEMA.fail_preparation(error text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.model_preparation p
  set attempts = p.attempts + 1, error = left(fail_preparation.error, 1000)
  where p.model_id is null
$$;

comment on function :PGVECTOR_SCHEMA.fail_preparation(text) is 'Notes that a worker could not load the model that is to be prepared, and why.';
