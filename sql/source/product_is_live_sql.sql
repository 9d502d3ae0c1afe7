/*
 * CDC feeds spell a soft delete as boolean, number or text. Anything but a clear yes is a live
 * product: showing one too many is a smaller harm than losing a catalogue to an odd value. Of a dbt
 * snapshot only the rows that are valid now are products.
 */
create or replace function :PGVECTOR_SCHEMA.product_is_live_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(
      string_agg(
        case
          when c.column_name = 'dbt_valid_to' then :PGVECTOR_SCHEMA.row_is_valid_sql(alias)
          when c.type = 'boolean'::regtype then format('%I.%I is not true', alias, c.column_name)
          else format(
            $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.%I::pg_catalog.text)) operator(pg_catalog.!~) '^(true|t|yes|y|1([.]0*)?)$', true)$sql$,
            alias, c.column_name
          )
        end,
        ' and ' order by c.position
      ),
      'true'
    )
    from :PGVECTOR_SCHEMA.source_columns c
    where c.decides_life
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_is_live_sql(text) is
  'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';
