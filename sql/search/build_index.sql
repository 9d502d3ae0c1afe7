/*
 * For who can have writers of vectors wait: a function cannot build concurrently. Security invoker,
 * since only the table's owner may build an index on it.
 */
create or replace function :PGVECTOR_SCHEMA.build_index(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  model_id integer default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- What is set below ends with the function because these stand here.
set maintenance_work_mem = '64MB'
set max_parallel_maintenance_workers = 2
as $$
declare
  v_statement text := :PGVECTOR_SCHEMA.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false, model_id => build_index.model_id);
  v_index text := :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, build_index.model_id);
begin
  perform set_config('maintenance_work_mem', :PGVECTOR_SCHEMA.index_memory(build_index.model_id), true);
  execute format('drop index if exists :PGVECTOR_SCHEMA.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

comment on function :PGVECTOR_SCHEMA.build_index(text, boolean, integer, integer, integer, integer) is
  'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, PE031, and 42501 for who does not own the table.';
