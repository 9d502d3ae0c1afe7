create or replace function :PGVECTOR_SCHEMA.query_embedding(query text, model_id integer default null) returns :VECTOR_SCHEMA.vector
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select q.embedding
    from :PGVECTOR_SCHEMA.query_embeddings q
    where q.query = :PGVECTOR_SCHEMA.query_key(query_embedding.query)
      and q.model_id = coalesce(query_embedding.model_id, :PGVECTOR_SCHEMA.active_model_id())
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.query_embedding(text, integer) is
  'The cached vector of a query by a model, the active one when null; null when there is none (see embed_query).';
