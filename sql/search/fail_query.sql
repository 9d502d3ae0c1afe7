create or replace function :PGVECTOR_SCHEMA.fail_query(query text, error text, model_id integer default null) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  from (
    select u.query, u.model_id
    from :PGVECTOR_SCHEMA.query_embeddings u
    where u.query = :PGVECTOR_SCHEMA.query_key(fail_query.query)
      and u.model_id = coalesce(fail_query.model_id, :PGVECTOR_SCHEMA.active_model_id())
    for update skip locked
  ) u
  where q.query = u.query and q.model_id = u.model_id
$$;

comment on function :PGVECTOR_SCHEMA.fail_query(text, text, integer) is 'Notes that a query could not be encoded with a model, the active one when null, and why.';
