/*
 * A vendor code is written with and without separators, in part, and with Cyrillic letters that look
 * like Latin ones. So a run of letters and digits that has a digit is cut where these change, and each
 * stretch of neighbouring parts is a term: SABO520067C gives sabo, 520067, c, sabo520067, 520067c and
 * the whole. Terms begin with # and so are never mistaken for words.
 */
create or replace function :PGVECTOR_SCHEMA.code_terms(value text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(distinct '#' || t.term), '{}')
    from regexp_matches(
      translate(value, 'авекмнорстухі', 'abekmhopctyxi'),
      '[[:alnum:]]+(?:[-+./_][[:alnum:]]+)*', 'g'
    ) r (run)
    cross join lateral (
      select array_agg(p.part[1]) as parts
      from regexp_matches(left(r.run[1], 64), '[[:digit:]]+|[[:alpha:]]+', 'g') p (part)
    ) s
    cross join lateral (
      select array_to_string(s.parts[i : j], '') as term
      from generate_series(1, cardinality(s.parts)) i
      cross join lateral generate_series(i, least(i + 7, cardinality(s.parts))) j
    ) t
    where r.run[1] ~ '[[:digit:]]' and (t.term ~ '[[:digit:]]' or t.term ~ '^[a-z]{2,8}$')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.code_terms(text) is
  'The terms under which the codes in a folded text are found, each with a leading #: whole without separators, and every stretch of neighbouring parts.';
