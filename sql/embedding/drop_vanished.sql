/*
 * In turn with the claims: one that looked on meanwhile would take a product that comes back for one that has its vector still.
 * What vanished since the last comparison stands in its count of products, and the status tells by the vectors that are
 * marked, which go here: so they are taken off that count.
 */
create or replace function :PGVECTOR_SCHEMA.drop_vanished(only_if_due boolean) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    dropped as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      using :PGVECTOR_SCHEMA.vanished_products() v
      where e.product_id = v.product_id and (not only_if_due or v.due_at <= now() and not v.held)
      returning e.product_id, e.vanished_at
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using dropped d where w.product_id = d.product_id
    ),
    recounted as (
      update :PGVECTOR_SCHEMA.source_log l
      set products = l.products - (select count(*) from dropped d where d.vanished_at > l.logged_at)
      where l.log_id = (:PGVECTOR_SCHEMA.last_comparison()).log_id
    )
  select count(*) into v_rows from dropped;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_vanished(boolean) is
  'Deletes vectors and words of vanished products, all of them or those that are due; returns how many. What sweep_vanished() and release_vanished() share. Raises PE001, PE002, PE003, PE005.';
