/*
 * What vanished since the last comparison stands in its count of products, and the status tells by the vectors that are
 * marked, which go here: so they are taken off that count.
 */
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  -- As in sweep_vanished().
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    released as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null returning e.product_id, e.vanished_at
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using released r where w.product_id = r.product_id
    ),
    recounted as (
      update :PGVECTOR_SCHEMA.source_log l
      set products = l.products - (select count(*) from released r where r.vanished_at > l.logged_at)
      where l.log_id = (:PGVECTOR_SCHEMA.last_comparison()).log_id
    )
  select count(*) into v_rows from released;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE003, PE005.';
