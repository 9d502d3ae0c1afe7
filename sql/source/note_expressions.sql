/*
 * dbt's transaction, which may stay open for long, calls this: who comes second leaves it instead of
 * waiting for the row.
 */
create or replace function :PGVECTOR_SCHEMA.note_expressions() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.generate_expressions();
begin
  if exists (select from :PGVECTOR_SCHEMA.source_expressions e where e = v_now)
    or not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_expressions'), 1)
  then
    return;
  end if;
  delete from :PGVECTOR_SCHEMA.source_expressions;
  insert into :PGVECTOR_SCHEMA.source_expressions values (v_now.*);
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is 'Keeps source_expressions for the source as it is now; no effect while its columns are the same. Raises PE001, PE002.';
