create or replace function :PGVECTOR_SCHEMA.keep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e set vanished_at = now() where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_vanished() is
  'Starts the grace period of all vanished products over, for time to mend the source; returns how many. Raises PE001, PE002, PE003, PE005.';
