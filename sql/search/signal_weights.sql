/*
 * Words and trigrams count as much as the products have of the query: what no product says in these words, a synonym, another
 * language, a fault described, is left to the vector. By the square, because a half that is found is often found by chance, in names
 * and in words taken for typing errors. A number is a code or a measure, which no model reads, so a query with one is
 * the words'. A model that spells out, letter by letter, the language of the products or of the query knows little of what words
 * mean: it has up to half the weight less, and hardly anything is left to it.
 */
create or replace function :PGVECTOR_SCHEMA.signal_weights(
  query text, coverage double precision, has_vector boolean, model_id integer default null
)
returns table (word_weight double precision, trigram_weight double precision, vector_weight double precision)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select
      s.word_weight / (s.word_weight + s.trigram_weight) * (1 - w.vector),
      s.trigram_weight / (s.word_weight + s.trigram_weight) * (1 - w.vector),
      w.vector
    from :PGVECTOR_SCHEMA.settings s
    left join :PGVECTOR_SCHEMA.embedding_models m
      on case when signal_weights.model_id is null then m.is_active else m.model_id = signal_weights.model_id end
    left join :PGVECTOR_SCHEMA.query_embeddings q
      on has_vector and q.query = :PGVECTOR_SCHEMA.query_key(signal_weights.query) and q.model_id = m.model_id
    cross join lateral (select greatest(m.spelled_out, q.spelled_out) as spelled_out) f
    cross join lateral (
      select
        case when has_vector then s.vector_weight * (1 - coalesce(f.spelled_out, 0) / 2) else 0 end as vector,
        -- A tenth at the least: of what nothing was found in, spelling still tells a little. And what the model does not read it cannot answer.
        case when signal_weights.query ~ '[[:digit:]]' then 1 else least(greatest(power(coalesce(coverage, 0), 2), 0.1, f.spelled_out), 1) end as words
    ) c
    cross join lateral (select c.vector / (c.vector + (1 - c.vector) * c.words) as vector) w;
end
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, double precision, boolean, integer) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by how much of the query the products have (coverage of rank_words()) and how well the model reads the language of both. model_id: null for the active one.';
