create or replace function :PGVECTOR_SCHEMA.current_expressions(source regclass) returns :PGVECTOR_SCHEMA.source_expressions
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  select e.* into v_expressions
  from :PGVECTOR_SCHEMA.source_expressions e
  where e.columns = :PGVECTOR_SCHEMA.source_signature(current_expressions.source);
  if not found then
    v_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  end if;
  return v_expressions;
end
$$;

comment on function :PGVECTOR_SCHEMA.current_expressions(regclass) is
  'SQL over a source row for the columns that the source has now: what reconcile() kept, or generated if that is of other columns. Raises PE001, PE002.';
