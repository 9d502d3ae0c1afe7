create or replace function :PGVECTOR_SCHEMA.lock_copy() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_copy'), 1)
$$;

comment on function :PGVECTOR_SCHEMA.lock_copy() is 'One at a time changes the copy of the products or where it comes from, until the transaction ends.';
