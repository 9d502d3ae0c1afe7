/*
 * A word of no meaning for the stemmer (a stop word, a code) stands for itself.
 */
create or replace function :PGVECTOR_SCHEMA.phrase_key(phrase text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(coalesce((tsvector_to_array(:PGVECTOR_SCHEMA.words_of(s.words_config::regconfig, t.token[1])))[1], t.token[1]), ' ' order by t.place)
    from :PGVECTOR_SCHEMA.settings s
    cross join regexp_matches(:PGVECTOR_SCHEMA.cut_text(:PGVECTOR_SCHEMA.unmix_text(:PGVECTOR_SCHEMA.fold_text(phrase))), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.phrase_key(text) is 'The stemmed words of a phrase in their order: how phrases are compared.';
