/*
 * source_signature() as a constant of the plan that asks, as planned_index() is of the table of vectors: right while the
 * source is the one that it was, which a plan is made anew for if it names that source. So it may be asked only in a statement
 * of plpgsql that reads source_rows(), which also looks whether the settings still name that source.
 */
create or replace function :PGVECTOR_SCHEMA.planned_signature() returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return :PGVECTOR_SCHEMA.source_signature(:PGVECTOR_SCHEMA.source_relation());
end
$$;

comment on function :PGVECTOR_SCHEMA.planned_signature() is
  'What source_signature() of the source was when the statement was planned; only for statements that read source_rows(), whose plan a change of the source makes anew.';
