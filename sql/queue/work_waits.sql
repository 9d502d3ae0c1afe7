create or replace function :PGVECTOR_SCHEMA.work_waits() returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (select from :PGVECTOR_SCHEMA.product_changes)
    or exists (select from :PGVECTOR_SCHEMA.claimable_queue q join :PGVECTOR_SCHEMA.kept_models k on k.model_id = q.model_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.work_waits() is 'Whether there is anything that a worker could take up now.';
