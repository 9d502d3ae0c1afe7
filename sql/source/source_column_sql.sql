/*
 * A feed without prices is still searchable. A price that came as text and is no number is shown as
 * null rather than failing everybody's search.
 */
create or replace function :PGVECTOR_SCHEMA.source_column_sql(alias text, column_name text, type text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(
      (
        select case
          when source_column_sql.type = 'numeric' and t.typcategory <> 'N' then format(
            $sql$case when %1$I.%2$I::pg_catalog.text operator(pg_catalog.~) E'^\\s*[-+]?[0-9]+([.][0-9]+)?\\s*$' then %1$I.%2$I::pg_catalog.text::pg_catalog.numeric end$sql$,
            alias, c.column_name
          )
          else format('%I.%I::pg_catalog.%I', alias, c.column_name, source_column_sql.type)
        end
        from :PGVECTOR_SCHEMA.source_columns c
        join pg_type t on t.oid = c.type
        where c.column_name = source_column_sql.column_name
      ),
      format('null::pg_catalog.%I', source_column_sql.type)
    )
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_column_sql(text, text, text) is
  'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';
