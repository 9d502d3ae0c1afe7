/*
 * Without a cast on the column, so that an index on it serves. Numbers compare across their types; only
 * a text has to become a number first, and then the index does not help. Without an index a query makes it a look-up in a
 * hash, which any() of a parameter is not in a plan that is kept; with one any() is the shorter plan.
 */
create or replace function :PGVECTOR_SCHEMA.product_ids_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) and i.is_indexed then '%1$I.product_id operator(pg_catalog.=) any ($1)'
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
      when c.type = 'numeric'::regtype then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1)::pg_catalog.numeric)'
      else '(%2$s) operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
    end,
    alias, :PGVECTOR_SCHEMA.product_id_sql(alias)
  )
  from :PGVECTOR_SCHEMA.source_columns c
  cross join (
    select exists (
      select
      from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = :PGVECTOR_SCHEMA.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
    ) as is_indexed
  ) i
  where c.column_name = 'product_id'
$$;

comment on function :PGVECTOR_SCHEMA.product_ids_sql(text) is
  'SQL condition that a source row''s product_id is one of $1, a bigint[], served by an index on product_id unless that is a text; alias names the row.';
