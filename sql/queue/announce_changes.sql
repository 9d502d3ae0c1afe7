/*
 * NOTIFY has all who commit wait for each other's disk, so a writer says something only to a worker that
 * rests. A resting one holds this lock (see look_for_work), so who cannot share it has to wake; who shares it,
 * until the end of his transaction, keeps workers from going to rest before they have seen what he commits.
 * The lock is only tried: no writer waits.
 */
create or replace function :PGVECTOR_SCHEMA.announce_changes() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not pg_try_advisory_xact_lock_shared(hashtext(':PGVECTOR_SCHEMA.product_changes'), 1) then
    perform pg_notify(':PGVECTOR_SCHEMA', '');
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.announce_changes() is
  'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';
