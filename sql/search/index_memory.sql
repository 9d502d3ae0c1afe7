/*
 * pgvector builds an HNSW graph several times faster while all of it fits into maintenance_work_mem;
 * the server's default of 64 MB holds some 25,000 products. Freed when the build is through.
 */
create or replace function :PGVECTOR_SCHEMA.index_memory() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
    from pg_attribute a
    left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on true
    where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding'
    group by a.atttypmod
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.index_memory() is
  'maintenance_work_mem that holds an index over the present vectors while it is built, from 64 MB to 2 GB. Raises PE003.';
