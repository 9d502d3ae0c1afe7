create or replace function :PGVECTOR_SCHEMA.cache_texts(model_id integer, texts text[], embeddings :VECTOR_SCHEMA.vector[], tokens integer[]) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.text_embeddings (model_id, text_hash, embedding, tokens)
  select cache_texts.model_id, sha256(convert_to(t.text, 'UTF8')), t.embedding, t.tokens
  from unnest(texts, embeddings, tokens) t (text, embedding, tokens)
  order by 2
  on conflict do nothing
$$;

comment on function :PGVECTOR_SCHEMA.cache_texts(integer, text[], :VECTOR_SCHEMA.vector[], integer[]) is
  'Keeps the vectors of texts that a model encoded, for the next product that has one of them.';
