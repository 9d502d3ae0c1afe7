/*
 * pgvector builds an HNSW graph several times faster while all of it fits into maintenance_work_mem;
 * the server's default of 64 MB holds some 25,000 products. Freed when the build is through.
 */
create or replace function :PGVECTOR_SCHEMA.index_memory(model_id integer default null) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_memory text;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  execute format(
    $sql$
      select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
      from pg_attribute a
      left join :PGVECTOR_SCHEMA.%1$I e on true
      where a.attrelid = ':PGVECTOR_SCHEMA.%1$I'::regclass and a.attname = 'embedding'
      group by a.atttypmod
    $sql$,
    :PGVECTOR_SCHEMA.embeddings_table(index_memory.model_id)
  ) into v_memory;
  return v_memory;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_memory(integer) is
  'maintenance_work_mem that holds an index over a model''s present vectors while it is built, from 64 MB to 2 GB. Raises PE003, PE031.';
