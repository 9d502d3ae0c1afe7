/*
 * Security definer, because dbt's role has no right in the worker's schema.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile_later() returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.wake_worker(task => 'reconcile')
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile_later() from public;

comment on function :PGVECTOR_SCHEMA.reconcile_later() is
  'Has a worker reconcile() once this transaction is committed. Never fails.';
