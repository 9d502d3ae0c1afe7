/*
 * An append-only model has a row a version and a careless join has rows too many; a product is one
 * of them: the newest by what the feed says of time, then a live one. Where that leaves two, see first_row_sql().
 */
create or replace function :PGVECTOR_SCHEMA.newest_row_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select concat(
      string_agg(
        format('%I.%I desc nulls last, ', alias, c.column_name),
        '' order by array_position(array['dbt_valid_from', 'updated_at', 'ingested_at'], c.column_name)
      ),
      format('(%s) is true desc', :PGVECTOR_SCHEMA.product_is_live_sql(alias))
    )
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.decides_order
      -- What has an order: times, numbers, and times that came as text.
      and t.typcategory in ('D', 'N', 'S')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.newest_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: the newest by dbt_valid_from, updated_at and ingested_at, as far as they exist, then a live one. alias names the row.';
