/*
 * A dbt snapshot keeps what a product was before as rows that are closed: they are the past, and neither a product nor
 * one too many. dbt writes the end without a zone, and a session may be in another one than dbt's was: two zones are up to
 * 26 hours apart. The end of what is valid now is null, or years ahead.
 */
create or replace function :PGVECTOR_SCHEMA.row_is_valid_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    (
      select format('coalesce(%I.%I operator(pg_catalog.>) (pg_catalog.now() operator(pg_catalog.+) pg_catalog.interval ''26 hours''), true)', alias, c.column_name)
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = 'dbt_valid_to' and t.typcategory = 'D'
    ),
    'true'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.row_is_valid_sql(text) is
  'SQL condition that a source row of a dbt snapshot is valid now; true where there is no such column. alias names the row.';
