create or replace function :PGVECTOR_SCHEMA.passing_products(filter jsonb, bound integer) returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_expressions :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
  v_ids bigint[];
begin
  execute format(
    'select array(select %s from %s s where %s and %s limit $1 + 1)',
    v_expressions.product_id, v_source, v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)
  ) into v_ids using bound;
  return case when cardinality(v_ids) <= bound then array_remove(v_ids, null) end;
end
$$;

comment on function :PGVECTOR_SCHEMA.passing_products(jsonb, integer) is
  'The ids of the rows that are live and pass a filter; null when they are more than bound. Raises PE001, PE002, PE005, PE015, PE016.';
