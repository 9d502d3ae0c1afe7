/*
 * The planner's word on the statement that search runs, as it runs it: a cursor, planned for its first
 * rows.
 */
create or replace function :PGVECTOR_SCHEMA.check_index() returns table (used boolean, plan text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set cursor_tuple_fraction = 0
as $$
declare
  v_type text := coalesce(:PGVECTOR_SCHEMA.search_index(), 'vector');
  v_line text;
begin
  for v_line in execute format(
    $sql$
      explain (costs off) declare nearest cursor for
        select e.product_id
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        order by e.embedding%1$s operator(:VECTOR_SCHEMA.<->) array_fill(0, array[%2$s])::%3$s
    $sql$,
    case when v_type <> 'vector' then '::' || v_type end,
    (select a.atttypmod from pg_attribute a where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding'),
    case when v_type <> 'vector' then v_type else ':VECTOR_SCHEMA.vector' end
  ) loop
    plan := concat_ws(e'\n', plan, regexp_replace(v_line, E'\\[[0-9.,-]{100,}\\]', '[…]'));
  end loop;
  used := plan ~ 'Index Scan using';
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.check_index() is
  'Whether the planner goes along an index when a search runs now, and its plan: for so few vectors that a sort is cheaper, it does not. Raises PE003.';
