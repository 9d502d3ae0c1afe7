/*
 * NOTIFY has all who commit wait for each other's disk, so a writer says something only to a worker that
 * rests. A resting one holds this lock (see look_for_work), so who cannot share it has to wake; who shares it,
 * until the end of his transaction, keeps workers from going to rest before they have seen what he commits.
 * The lock is only tried: no writer waits. Where transactions can be prepared, which one that notifies cannot be, a worker finds
 * the change when it looks by itself, within two seconds. Without a SET clause and with everything in full, so that it is inlined into the trigger:
 * a call of its own was a twelfth of what an update of one row took.
 */
create or replace function :PGVECTOR_SCHEMA.announce_changes() returns void
language sql volatile
as $$
  select case when not pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtext(':PGVECTOR_SCHEMA.product_changes'), 1)
    and pg_catalog.current_setting('max_prepared_transactions') = '0'
    then pg_catalog.pg_notify(':PGVECTOR_SCHEMA', '')
  end
$$;

comment on function :PGVECTOR_SCHEMA.announce_changes() is
  'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';
