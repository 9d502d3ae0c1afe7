/*
 * Called by each search, so it must cost next to nothing and never wait: a use is counted once a
 * minute, and not at all while another search is at the same row. On a standby nothing can be asked
 * for. Security definer for the readers who call embed_query().
 */
create or replace function :PGVECTOR_SCHEMA.request_query(query text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(request_query.query);
  v_row record;
  v_noted boolean := false;
begin
  if v_query is null then
    return false;
  end if;
  select q.query, q.model_id = :PGVECTOR_SCHEMA.active_model_id() as is_embedded, q.used_at
  into v_row
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  -- Another transaction that is just noting the same query does it for both.
  if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings')) then
    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, uses) values (v_query, 1)
    on conflict on constraint query_embeddings_pkey do nothing;
    v_noted := true;
  elsif v_row.used_at < now() - interval '1 minute' then
    update :PGVECTOR_SCHEMA.query_embeddings q
    set uses = q.uses + 1, used_at = now(),
      attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
    from (select u.query from :PGVECTOR_SCHEMA.query_embeddings u where u.query = v_query for update skip locked) u
    where q.query = u.query;
    v_noted := found;
  end if;
  if v_noted and not coalesce(v_row.is_embedded, false) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return coalesce(v_row.is_embedded, false);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.request_query(text) from public;

comment on function :PGVECTOR_SCHEMA.request_query(text) is
  'Notes that a query is used and asks the worker for its vector if it has none; returns whether it has one. Takes effect when the transaction commits.';
