/*
 * The source's product_id is whatever dbt made of it. plpgsql keeps the plan between a writer's
 * statements.
 */
create or replace function :PGVECTOR_SCHEMA.product_id_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select :PGVECTOR_SCHEMA.whole_number_sql(format('%I.product_id', alias), c.type)
    from :PGVECTOR_SCHEMA.source_columns c
    where c.column_name = 'product_id'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_id_sql(text) is
  'SQL expression for a source row''s product_id as bigint, null where it is not a whole number; alias names the row.';
