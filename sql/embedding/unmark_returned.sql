/*
 * A table that was swapped may have brought a product back that nobody queued.
 */
create or replace function :PGVECTOR_SCHEMA.unmark_returned() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_marked bigint[];
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_marked := (select array_agg(e.product_id) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null);
  -- Few are ever marked; without one the source is not read.
  if v_marked is null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  with alive as (
    select d.product_id from :PGVECTOR_SCHEMA.product_documents(v_marked) d
  )
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set vanished_at = null
  from alive a
  where e.product_id = a.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.unmark_returned() is
  'Takes the mark off vectors whose product is in the source again. Raises PE001, PE002, PE003, PE005.';
