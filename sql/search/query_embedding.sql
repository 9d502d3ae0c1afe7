create or replace function :PGVECTOR_SCHEMA.query_embedding(query text) returns :VECTOR_SCHEMA.vector
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select q.embedding
    from :PGVECTOR_SCHEMA.query_embeddings q
    where q.query = :PGVECTOR_SCHEMA.query_key(query_embedding.query) and q.model_id = :PGVECTOR_SCHEMA.active_model_id()
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.query_embedding(text) is
  'The cached vector of a query by the active model; null when there is none (see embed_query).';
