/*
 * So many products a row that it stays below the two kilobytes from which it would be moved out of line, which
 * costs more than all the rest. What one array cannot hold is left to the comparison.
 */
create or replace function :PGVECTOR_SCHEMA.queue_changes_sql(changed text, model_id text default 'null') returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return format(
    $sql$
      insert into :PGVECTOR_SCHEMA.product_changes (model_id, product_ids)
      select %s, a.ids[s.first : s.first + 199]
      from (select pg_catalog.array_agg(c.id) as ids from (select c.id from (%s) c (id) where c.id is not null limit 60000000) c) a
      cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(a.ids), 200) s (first)
    $sql$,
    queue_changes_sql.model_id, changed
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_changes_sql(text, text) is
  'SQL that notes the products of a query of ids in product_changes, for one model or for all that are kept.';
