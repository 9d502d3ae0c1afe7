create or replace function :PGVECTOR_SCHEMA.take_queries(max_queries integer default 32) returns table (query text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() and q.attempts < 3
  order by q.used_at desc
  limit max_queries
$$;

comment on function :PGVECTOR_SCHEMA.take_queries(integer) is
  'Queries that have no vector of the active model, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';
