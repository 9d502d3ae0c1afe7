create or replace function :PGVECTOR_SCHEMA.shown_words(terms text[], label text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Of megabytes, which feeds have in a name too, folding takes seconds.
  v_label text := :PGVECTOR_SCHEMA.fold_text(left(label, 2000));
begin
  -- As the product writes it, where it can be found there: the stem is nothing to show.
  return array(
    select coalesce(substring(v_label from E'\\m' || t.stem || '[[:alnum:]]*'), t.stem)
    from unnest(terms) with ordinality u (term, place)
    cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem) t
    order by u.place
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.shown_words(text[], text) is 'The terms that a product was found by, as words that a person can read; looks at the first 2000 characters of the label.';
