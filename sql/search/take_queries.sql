/*
 * Not those that another transaction has in hand: one that searched and stays open would hold up the worker, and with it all products.
 */
create or replace function :PGVECTOR_SCHEMA.take_queries(max_queries integer default 32, model_id integer default null)
returns table (query text)
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = coalesce(take_queries.model_id, :PGVECTOR_SCHEMA.active_model_id()) and q.embedding is null and q.attempts < 3
  order by q.used_at desc
  limit max_queries
  for update skip locked
$$;

comment on function :PGVECTOR_SCHEMA.take_queries(integer, integer) is
  'Queries that have no vector of a model, the active one when null, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';
