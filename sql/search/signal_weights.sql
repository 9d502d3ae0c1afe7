create or replace function :PGVECTOR_SCHEMA.signal_weights(query text, has_vector boolean)
returns table (word_weight double precision, trigram_weight double precision, vector_weight double precision)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select
      s.word_weight / (s.word_weight + s.trigram_weight) * (1 - v.weight),
      s.trigram_weight / (s.word_weight + s.trigram_weight) * (1 - v.weight),
      v.weight
    from :PGVECTOR_SCHEMA.settings s
    cross join lateral (
      -- Up to four words the one, from twelve on the other, and in between a share of both.
      select case when has_vector
        then s.vector_weight + (s.prose_vector_weight - s.vector_weight) * least(greatest((count(*) - 4) / 8.0, 0), 1)
        else 0
      end::double precision as weight
      from regexp_matches(left(query, 1000), '[[:alnum:]]{3,}', 'g')
    ) v;
end
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, boolean) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by the number of words of three letters or more.';
