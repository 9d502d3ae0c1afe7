/*
 * The same for who searches, through the lock on the table that any select takes: with it before the
 * first look at which model is active, a query's vector and the vectors it is compared with are of one
 * model throughout. A transaction that keeps one snapshot may have begun before the change; then an error
 * is better than a comparison of two models.
 */
create or replace function :PGVECTOR_SCHEMA.lock_embeddings() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is null then
    perform :PGVECTOR_SCHEMA.require_embeddings();
  end if;
  lock table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE in access share mode;
  if current_setting('transaction_isolation') <> 'read committed'
    and to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is distinct from :PGVECTOR_SCHEMA.require_embeddings()
  then
    raise exception 'The model was changed since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_embeddings() is
  'Keeps the active model from being changed until the transaction ends; for who searches. Raises PE003, and 40001 in a transaction whose one snapshot is from before a change.';
