/*
 * search_index() as a constant of the plan that asks, since looking it up takes a twelfth of a search. It is
 * declared immutable, and is while the plan lives: a session makes its plan anew once a table that the plan names has another index,
 * or is another. So it may be asked only in a statement of plpgsql that names the table of vectors. A transaction whose snapshot
 * is from before an index was made may keep what it saw until the table is next analyzed: then search takes longer, and
 * answers the same.
 */
create or replace function :PGVECTOR_SCHEMA.planned_index() returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return :PGVECTOR_SCHEMA.search_index();
end
$$;

comment on function :PGVECTOR_SCHEMA.planned_index() is
  'What search_index() was when the statement was planned; only for statements that name the table of vectors, whose plan a change of its indexes makes anew.';
