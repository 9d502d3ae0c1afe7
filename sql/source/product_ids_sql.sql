/*
 * Without a cast on the column, so that an index on it serves. Numbers compare across their types; only
 * a text has to become a number first, and then the index does not help.
 */
create or replace function :PGVECTOR_SCHEMA.product_ids_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      then format('%I.product_id operator(pg_catalog.=) any ($1)', alias)
    when c.type = 'numeric'::regtype
      then format('%I.product_id operator(pg_catalog.=) any ($1::pg_catalog.numeric[])', alias)
    else format('(%s) operator(pg_catalog.=) any ($1)', :PGVECTOR_SCHEMA.product_id_sql(alias))
  end
  from :PGVECTOR_SCHEMA.source_columns c
  where c.column_name = 'product_id'
$$;

comment on function :PGVECTOR_SCHEMA.product_ids_sql(text) is
  'SQL condition that a source row''s product_id is one of $1, a bigint[], served by an index on product_id unless that is a text; alias names the row.';
