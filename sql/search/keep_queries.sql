/*
 * Each use is worth an hour, a month at the most, so that what was popular once goes in the end.
 */
create or replace function :PGVECTOR_SCHEMA.keep_queries() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_waiting bigint;
begin
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, kept)
  select distinct :PGVECTOR_SCHEMA.query_key(g.query), true
  from :PGVECTOR_SCHEMA.golden_queries g
  where :PGVECTOR_SCHEMA.query_key(g.query) is not null
  on conflict on constraint query_embeddings_pkey do update set kept = true where not q.kept;

  delete from :PGVECTOR_SCHEMA.query_embeddings q
  using (
    select k.query
    from :PGVECTOR_SCHEMA.query_embeddings k
    order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
    offset (select s.query_cache_size from :PGVECTOR_SCHEMA.settings s)
  ) least_used
  where q.query = least_used.query and not q.kept;

  select count(*) into v_waiting from :PGVECTOR_SCHEMA.take_queries(1);
  if v_waiting > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return v_waiting;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_queries() is
  'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector. Part of maintain().';
