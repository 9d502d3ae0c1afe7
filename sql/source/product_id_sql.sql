/*
 * The source's product_id is whatever dbt made of it. What is not a whole number is no product
 * here, rather than an error in the middle of somebody's dbt run. plpgsql keeps the plan between a
 * writer's statements.
 */
create or replace function :PGVECTOR_SCHEMA.product_id_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then format('%I.product_id::pg_catalog.int8', alias)
      else format(
        $sql$case when pg_catalog.btrim(%1$I.product_id::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$I.product_id::pg_catalog.text), '.', 1)::pg_catalog.int8 end$sql$,
        alias
      )
    end
    from :PGVECTOR_SCHEMA.source_columns c
    where c.column_name = 'product_id'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_id_sql(text) is
  'SQL expression for a source row''s product_id as bigint, null where it is not a whole number; alias names the row.';
