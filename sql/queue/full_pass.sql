/*
 * The Python pipeline's nightly run, for whoever wants one: also what was set aside gets another
 * chance, since the reason may have been the worker's and not the product's.
 */
create or replace function :PGVECTOR_SCHEMA.full_pass() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  perform :PGVECTOR_SCHEMA.lock_words();
  -- Of products that went before they had a vector.
  delete from :PGVECTOR_SCHEMA.product_words w
  where not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = w.product_id)
    and not exists (select from :PGVECTOR_SCHEMA.product_documents() d where d.product_id = w.product_id);
  perform :PGVECTOR_SCHEMA.sweep_texts();
  return :PGVECTOR_SCHEMA.reconcile() + :PGVECTOR_SCHEMA.retry_failed();
end
$$;

comment on function :PGVECTOR_SCHEMA.full_pass() is
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005, PE029.';
