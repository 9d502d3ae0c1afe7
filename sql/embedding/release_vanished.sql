create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes the vectors of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';
