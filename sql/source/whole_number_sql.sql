/*
 * Whoever made the column, what is not a whole number is no product here, rather than an error in the
 * middle of somebody's statement. plpgsql keeps the plan between a writer's statements.
 */
create or replace function :PGVECTOR_SCHEMA.whole_number_sql(expression text, type regtype) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) then format('%s::pg_catalog.int8', expression)
    else format(
      $sql$case
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$s::pg_catalog.text), '.', 1)::pg_catalog.int8
        -- What the largest keys of a bigint have.
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{19}([.]0*)?$'
          then :PGVECTOR_SCHEMA.whole_number(%1$s::pg_catalog.text)
      end$sql$,
      expression
    )
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.whole_number_sql(text, regtype) is
  'SQL expression for an expression of some type as bigint, null where it is not a whole number.';
