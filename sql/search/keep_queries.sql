/*
 * Of the active model, and for every other that is kept the same queries, so that it can be compared and
 * activated at any time. Each use is worth an hour, a month at the most, so that what was popular once goes in the end.
 */
create or replace function :PGVECTOR_SCHEMA.keep_queries() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  v_waiting bigint;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
begin
  begin
    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept)
    select distinct :PGVECTOR_SCHEMA.query_key(g.query), v_model_id, true
    from :PGVECTOR_SCHEMA.golden_queries g
    where :PGVECTOR_SCHEMA.query_key(g.query) is not null and v_model_id is not null
      and not exists (
        select from :PGVECTOR_SCHEMA.query_embeddings k
        where k.query = :PGVECTOR_SCHEMA.query_key(g.query) and k.model_id = v_model_id and k.kept
      )
    on conflict on constraint query_embeddings_key do update set kept = true where not q.kept;

    delete from :PGVECTOR_SCHEMA.query_embeddings q
    using (
      select k.query
      from :PGVECTOR_SCHEMA.query_embeddings k
      where k.model_id = v_model_id
      order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
      offset (select s.query_cache_size from :PGVECTOR_SCHEMA.settings s)
    ) least_used
    where q.query = least_used.query and q.model_id = v_model_id and not q.kept;

    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept, uses, used_at)
    select a.query, m.model_id, a.kept, a.uses, a.used_at
    from :PGVECTOR_SCHEMA.query_embeddings a
    cross join :PGVECTOR_SCHEMA.embedding_models m
    where a.model_id = v_model_id and m.is_kept
    on conflict on constraint query_embeddings_key do update
    set kept = excluded.kept, uses = excluded.uses, used_at = excluded.used_at
    where (q.kept, q.uses, q.used_at) is distinct from (excluded.kept, excluded.uses, excluded.used_at);
    -- Also of models that are not kept any more.
    delete from :PGVECTOR_SCHEMA.query_embeddings q
    where q.model_id <> v_model_id
      and (
        not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = q.model_id and m.is_kept)
        or not exists (select from :PGVECTOR_SCHEMA.query_embeddings a where a.query = q.query and a.model_id = v_model_id)
      );
  exception when lock_not_available then
    -- A transaction that searched for one of them is open: it is done a minute later.
    null;
  end;

  select count(*) into v_waiting
  from :PGVECTOR_SCHEMA.query_embeddings q
  join :PGVECTOR_SCHEMA.kept_models k on k.model_id = q.model_id
  where q.embedding is null and q.attempts < 3;
  if v_waiting > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  else
    -- Each new query leaves one, and where passes are run from cron nobody takes them up.
    perform graphile_worker.complete_jobs(array(
      select j.id from graphile_worker.jobs j
      where j.task_identifier = 'embed_queries' and j.locked_at is null and j.created_at < now() - interval '1 minute'
    ));
  end if;
  return v_waiting;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_queries() is
  'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector, and no wake-up left behind where nothing waits. Part of maintain().';
