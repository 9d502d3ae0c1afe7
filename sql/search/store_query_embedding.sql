create or replace function :PGVECTOR_SCHEMA.store_query_embedding(query text, model_id integer, embedding :VECTOR_SCHEMA.vector) returns boolean
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, embedding)
  select :PGVECTOR_SCHEMA.query_key(store_query_embedding.query), store_query_embedding.model_id, store_query_embedding.embedding
  where :PGVECTOR_SCHEMA.query_key(store_query_embedding.query) is not null
    and store_query_embedding.model_id = :PGVECTOR_SCHEMA.active_model_id()
  on conflict on constraint query_embeddings_pkey do update
  set model_id = excluded.model_id, embedding = excluded.embedding, attempts = 0, error = null
  returning true
$$;

comment on function :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector) is
  'Stores the vector of a query; null and nothing stored when the model is not the active one any more.';
