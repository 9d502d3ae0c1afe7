create function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_due bigint[];
  v_rows bigint := 0;
begin
  -- Few are ever marked; without one the source is not read.
  select array_agg(e.product_id) into v_due
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at is not null;
  if v_due is null then
    return 0;
  end if;

  perform :PGVECTOR_SCHEMA.lock_source();
  -- A table that was swapped may have brought a product back that nobody queued.
  with alive as (
    select d.product_id from :PGVECTOR_SCHEMA.product_documents(v_due) d
  )
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set vanished_at = null
  from alive a
  where e.product_id = a.product_id;

  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at <= now() - (select s.vanished_grace from :PGVECTOR_SCHEMA.settings s);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes the vectors of products that have been gone for settings.vanished_grace; returns how many. Raises PE001, PE002.';
