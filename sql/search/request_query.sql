/*
 * Called by each search, so it must cost next to nothing and never wait: a use is counted once an
 * hour, which is what keep_queries() has it worth (a commit that has written waits for the disk), that of a query without a vector
 * once a minute, and none while another search is at the same row, or in a transaction whose one snapshot is from before
 * another one was. On a standby nothing can be asked for, nor on a full disk, where words answer. Security definer for the readers who
 * call embed_query().
 */
create or replace function :PGVECTOR_SCHEMA.request_query(query text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(request_query.query);
  v_row record;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
  v_noted boolean := false;
begin
  -- Without a model there is nobody to ask.
  if v_query is null or v_model_id is null then
    return false;
  end if;
  select
    q.query, q.embedding is not null as is_embedded,
    q.used_at < now() - case when q.embedding is null then interval '1 minute' else interval '1 hour' end as is_due
  into v_row
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query and q.model_id = v_model_id;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  begin
    -- Another transaction that is just noting the same query does it for both.
    if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings')) then
      insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, uses) values (v_query, v_model_id, 1)
      on conflict on constraint query_embeddings_key do nothing;
      v_noted := true;
    elsif v_row.is_due then
      update :PGVECTOR_SCHEMA.query_embeddings q
      set uses = q.uses + 1, used_at = now(),
        attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
      from (select u.query from :PGVECTOR_SCHEMA.query_embeddings u where u.query = v_query and u.model_id = v_model_id for update skip locked) u
      where q.query = u.query and q.model_id = v_model_id;
      v_noted := found;
    end if;
  exception when serialization_failure or disk_full then
    null;
  end;
  if v_noted and not coalesce(v_row.is_embedded, false) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return coalesce(v_row.is_embedded, false);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.request_query(text) from public;

comment on function :PGVECTOR_SCHEMA.request_query(text) is
  'Notes that a query is used and asks the worker for its vector if it has none; returns whether it has one. Takes effect when the transaction commits.';
