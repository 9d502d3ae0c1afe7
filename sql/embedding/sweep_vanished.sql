/*
 * In turn with the claims: one that looked on meanwhile would take a product that comes back for one that has its vector still.
 */
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
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
    swept as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      using :PGVECTOR_SCHEMA.vanished_products() v
      where e.product_id = v.product_id and v.due_at <= now() and not v.held
      returning e.product_id
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using swept s where w.product_id = s.product_id
    )
  select count(*) into v_rows from swept;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE003, PE005.';
