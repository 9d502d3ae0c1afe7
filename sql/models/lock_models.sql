/*
 * Which table holds a model's vectors changes when another model becomes active. Who writes to one takes
 * this lock before he asks, so that what he was told is true until he commits; those who write do not wait
 * for each other, and activate_model() waits for them.
 */
create or replace function :PGVECTOR_SCHEMA.lock_models() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_models() is
  'Keeps the active model from being changed until the transaction ends; for who writes vectors.';
