create or replace function :PGVECTOR_SCHEMA.cached_texts(model_id integer, texts text[])
returns table (place bigint, embedding :VECTOR_SCHEMA.vector, tokens integer)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select t.place, c.embedding, c.tokens
  from unnest(texts) with ordinality t (text, place)
  join :PGVECTOR_SCHEMA.text_embeddings c
    on c.model_id = cached_texts.model_id and c.text_hash = sha256(convert_to(t.text, 'UTF8'))
$$;

comment on function :PGVECTOR_SCHEMA.cached_texts(integer, text[]) is
  'The vectors of those of these texts that were encoded before with a model; place: where in the array, from 1 on.';
