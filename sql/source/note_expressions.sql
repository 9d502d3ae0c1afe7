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
  v_rows text := :PGVECTOR_SCHEMA.source_rows_sql(:PGVECTOR_SCHEMA.require_source(), v_now, v_now.among, v_now.is_live, true);
begin
  v_rows := format(
    $sql$
      select r.* from (%s) r
      where $2 operator(pg_catalog.=) %L and exists (
        select
        from :PGVECTOR_SCHEMA.source_expressions e
        cross join :PGVECTOR_SCHEMA.settings s
        where e.columns operator(pg_catalog.=) $2
          and pg_catalog.starts_with($2, pg_catalog.format('%%I.%%I: ', s.source_schema, s.source_table))
      )
    $sql$,
    v_rows, v_now.columns
  );
  if exists (
      select
      from :PGVECTOR_SCHEMA.source_expressions e
      join pg_proc p on p.oid = ':PGVECTOR_SCHEMA.source_rows(bigint[], text)'::regprocedure
      where e = v_now and p.prosrc = v_rows
    )
    or not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_expressions'), 1)
  then
    return;
  end if;
  delete from :PGVECTOR_SCHEMA.source_expressions;
  insert into :PGVECTOR_SCHEMA.source_expressions values (v_now.*);
  execute format(
    'create or replace function :PGVECTOR_SCHEMA.source_rows(product_ids bigint[], signature text)
      returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
      language sql stable as %L',
    v_rows
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is 'Keeps source_expressions and source_rows() for the source as it is now; no effect while its columns are the same. Raises PE001, PE002.';
