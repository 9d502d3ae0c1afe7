create or replace function :PGVECTOR_SCHEMA.shown_document(document text, texts text[], weights double precision[]) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select left(
    case
      when cardinality(texts) > 1 then (
        select string_agg(format('%s × %s', t.weight, t.text), E'\n' order by t.place)
        from unnest(texts, weights) with ordinality t (text, weight, place)
      )
      else document
    end,
    1000
  )
$$;

comment on function :PGVECTOR_SCHEMA.shown_document(text, text[], double precision[]) is
  'A document for people to look at: of several groups each with its weight on a line of its own; the first 1,000 characters.';
