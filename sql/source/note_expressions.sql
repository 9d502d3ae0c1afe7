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
  v_rows text := format(
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
    :PGVECTOR_SCHEMA.source_rows_sql(:PGVECTOR_SCHEMA.require_source(), v_now, v_now.among, v_now.is_live, true), v_now.columns
  );
  v_unseen text;
begin
  select format(
    'select $2 operator(pg_catalog.=) %L and $3 operator(pg_catalog.=) %L and (%L or $1 operator(pg_catalog.<>) ''UPDATE'')',
    s.source_schema, s.source_table,
    not exists (
      select
      from :PGVECTOR_SCHEMA.source_columns c
      where not c.in_document and not starts_with(c.column_name, '_') and c.column_name <> all (:PGVECTOR_SCHEMA.bookkeeping_columns())
    )
  ) into strict v_unseen
  from :PGVECTOR_SCHEMA.settings s;

  if exists (
      select
      from :PGVECTOR_SCHEMA.source_expressions e
      join pg_proc r on r.oid = ':PGVECTOR_SCHEMA.source_rows(bigint[], text)'::regprocedure and r.prosrc = v_rows
      join pg_proc u on u.oid = ':PGVECTOR_SCHEMA.notes_unseen(text, name, name)'::regprocedure and u.prosrc = v_unseen
      where e = v_now
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
  execute format(
    'create or replace function :PGVECTOR_SCHEMA.notes_unseen(operation text, table_schema name, table_name name) returns boolean
      language sql stable as %L',
    v_unseen
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is
  'Keeps source_expressions, source_rows() and notes_unseen() for the source and its fields as they are now; no effect while they are the same. Raises PE001, PE002.';
