/*
 * Words and trigrams count as much as the products have of the query: what no product says in these words, a synonym, another
 * language, a fault described, is left to the vector. A number is a code or a measure, which no model reads, so a query with one is
 * the words'. A model that spells this language out letter by letter knows little of what words mean: it has up to half the weight
 * less, and hardly anything is left to it.
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
    cross join lateral (
      select
        case when has_vector then s.vector_weight * (1 - coalesce(m.spelled_out, 0) / 2) else 0 end as vector,
        -- A tenth at the least: of what nothing was found in, spelling still tells a little. And what the model does not read it cannot answer.
        case when query ~ '[[:digit:]]' then 1 else least(greatest(coalesce(coverage, 0), 0.1, m.spelled_out), 1) end as words
    ) c
    cross join lateral (select c.vector / (c.vector + (1 - c.vector) * c.words) as vector) w;
end
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, double precision, boolean, integer) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by how much of the query the products have (coverage of rank_words()) and how well the model reads the language. model_id: null for the active one.';
