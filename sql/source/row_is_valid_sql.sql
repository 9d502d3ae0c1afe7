/*
 * A dbt snapshot keeps what a product was before as rows that are closed: they are the past, and neither a product nor
 * one too many. dbt writes the end without a zone, and a session may be in another one than dbt's was: two zones are up to
 * 26 hours apart. The end of what is valid now is null, or years ahead.
 * Where the source's times are texts, so is the end: in the order of ISO 8601, as newest_row_sql() takes them.
 */
create or replace function :PGVECTOR_SCHEMA.row_is_valid_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    (
      select format(
        case t.typcategory
          when 'D' then 'coalesce(%I.dbt_valid_to operator(pg_catalog.>) (pg_catalog.now() operator(pg_catalog.+) pg_catalog.interval ''26 hours''), true)'
          else $sql$coalesce(
            nullif(pg_catalog.btrim(%I.dbt_valid_to::pg_catalog.text), '') operator(pg_catalog.>) pg_catalog.to_char(
              pg_catalog.now() at time zone 'UTC' operator(pg_catalog.+) pg_catalog.interval '26 hours', 'YYYY-MM-DD HH24:MI:SS'
            ) collate pg_catalog."C",
            true
          )$sql$
        end,
        alias
      )
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = 'dbt_valid_to' and t.typcategory in ('D', 'S')
    ),
    'true'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.row_is_valid_sql(text) is
  'SQL condition that a source row of a dbt snapshot is valid now; true where there is no such column. alias names the row.';
