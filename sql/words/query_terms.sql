/*
 * A query as groups of which a product should meet as many as it can. A group is a word; its alternatives
 * are other ways to say it, each one term or several: the word as typed, as a code, in the other script, a
 * synonym. What a phrase is a synonym of stands in the group of each of its words for its share, so that a
 * product that has only some of them is found as it was without. A word that no product has is taken for a
 * typing error or a beginning, and the nearest known words stand in for it; where there are none its group has no
 * term, which nothing can meet, and says by its rarity how much of the query is left unanswered. Group 0 is what only adds: codes across words, and the query as a whole
 * value. One statement for all words, because each costs as much as what it looks up.
 */
create or replace function :PGVECTOR_SCHEMA.query_terms(query text)
returns table (group_no integer, alternative integer, term tsquery, weight double precision, idf double precision)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set pg_trgm.similarity_threshold = 0.4
as $$
#variable_conflict use_column
declare
  v_config regconfig;
  v_products double precision;
  v_has_synonyms boolean;
  v_whole text;
  v_query text := :PGVECTOR_SCHEMA.cut_text(:PGVECTOR_SCHEMA.unmix_text(:PGVECTOR_SCHEMA.fold_text(left(query, 1000))));
  v_tokens text[];
  v_lexemes text[] := '{}';
  v_joined text[] := '{}';
  v_switched text;
  v_runs text[];
  v_firsts integer[];
  v_phrase record;
  v_spoken integer := 0;
begin
  -- Letters and digits that touch are parts of one code, and each part is looked for.
  v_tokens := array(select t.token[1] from regexp_matches(v_query, '[[:digit:]]+|[[:alpha:]]+', 'g') t (token) limit 32);
  if v_tokens = '{}' then
    return;
  end if;
  select s.words_config::regconfig, greatest(t.products, 1), exists (select from :PGVECTOR_SCHEMA.synonyms)
  into strict v_config, v_products, v_has_synonyms
  from :PGVECTOR_SCHEMA.settings s
  cross join :PGVECTOR_SCHEMA.word_totals t;
  v_whole := :PGVECTOR_SCHEMA.squash_text(v_query);
  -- What words_of() makes of a text that is folded already and has no separators.
  for i in 1 .. cardinality(v_tokens) loop
    v_lexemes[i] := (tsvector_to_array(to_tsvector(v_config, v_tokens[i])))[1];
    if i > 1 and v_tokens[i - 1] || v_tokens[i] !~ '[[:digit:]]' then
      v_joined[i] := (tsvector_to_array(to_tsvector(v_config, v_tokens[i - 1] || v_tokens[i])))[1];
    end if;
  end loop;

  -- Typed with the other keyboard layout: no word is known as it stands, and one of some length is as the same keys give it.
  if not exists (select from :PGVECTOR_SCHEMA.word_statistics w where w.word = any (v_lexemes)) and v_query !~ '[[:digit:]]' then
    v_switched := case when v_query ~ '[а-я]'
      then translate(v_query, 'йцукенгшщзхъфывапролджэячсмитьбю', 'qwertyuiop[]asdfghjkl;''zxcvbnm,.')
      else translate(v_query, '`qwertyuiop[]asdfghjkl;''zxcvbnm,.', 'ейцукенгшщзхъфывапролджэячсмитьбю')
    end;
    if exists (
      select
      from regexp_matches(v_switched, '[[:alpha:]]{4,}', 'g') t (token)
      join :PGVECTOR_SCHEMA.word_statistics w on w.word = (tsvector_to_array(to_tsvector(v_config, t.token[1])))[1]
    ) then
      return query select t.* from :PGVECTOR_SCHEMA.query_terms(v_switched) t;
      return;
    end if;
  end if;

  -- With its neighbour one word: t-shirt, wi fi. Also where it is a stop word by itself.
  if v_joined <> '{}' then
    return query
      select n.place, 9 - (i - n.place), ('''' || w.word || '''')::tsquery, 0.5::double precision, :PGVECTOR_SCHEMA.idf(w.products, v_products)
      from generate_series(2, cardinality(v_tokens)) i
      join :PGVECTOR_SCHEMA.word_statistics w on w.word = v_joined[i]
      cross join lateral (values (i - 1), (i)) n (place);
  end if;

  if v_has_synonyms then
    -- Words as phrase_key() has them, where letters and digits that touch are one, and the first token of each.
    select array_agg(coalesce((tsvector_to_array(to_tsvector(v_config, r.run)))[1], r.run) order by r.place), array_agg(r.first order by r.place)
    into v_runs, v_firsts
    from (
      select r.run[1] as run, r.place, (1 + sum(c.tokens) over (order by r.place) - c.tokens)::integer as first
      from regexp_matches(v_query, '[[:alnum:]]+', 'g') with ordinality r (run, place)
      cross join lateral (select count(*) as tokens from regexp_matches(r.run[1], '[[:digit:]]+|[[:alpha:]]+', 'g')) c
    ) r
    where r.first <= cardinality(v_tokens);
    -- Of phrases that have synonyms the longest, from the left.
    for v_phrase in
      select p.first, p.last, array_agg(distinct s.key) as keys
      from (
        select f.first, l.last, array_to_string(v_runs[f.first : l.last], ' ') as key
        from generate_series(1, cardinality(v_runs)) f (first)
        cross join generate_series(f.first, least(f.first + 7, cardinality(v_runs))) l (last)
      ) p
      cross join lateral (
        select s.same_as_key as key from :PGVECTOR_SCHEMA.synonyms s where s.phrase_key = p.key
        union all
        select s.phrase_key from :PGVECTOR_SCHEMA.synonyms s where s.same_as_key = p.key
      ) s
      group by p.first, p.last
      order by p.first, p.last desc
    loop
      continue when v_phrase.first <= v_spoken;
      v_spoken := v_phrase.last;
      return query
        select
          g.place, s.alternative, s.term, 0.9::double precision / count(*) over (partition by s.alternative, s.place),
          :PGVECTOR_SCHEMA.idf(s.products, v_products)
        from (
          select (1000 + k.place)::integer as alternative, w.place, t.term, p.products, min(p.products) over (partition by k.place) as fewest
          from unnest(v_phrase.keys) with ordinality k (key, place)
          cross join lateral string_to_table(k.key, ' ') with ordinality w (word, place)
          cross join lateral (select ('''' || w.word || '''')::tsquery as term) t
          left join :PGVECTOR_SCHEMA.word_statistics c on c.word = w.word
          cross join lateral (select coalesce(c.products, :PGVECTOR_SCHEMA.products_with(t.term)) as products offset 0) p
          -- A stop word is part of the phrase, and in the words of no product.
          where to_tsvector(v_config, w.word) <> ''
        ) s
        cross join (
          select i::integer as place
          from generate_series(v_firsts[v_phrase.first], coalesce(v_firsts[v_phrase.last + 1] - 1, cardinality(v_tokens))) i
          where v_lexemes[i] is not null or v_phrase.last = v_phrase.first
        ) g
        where s.fewest > 0;
    end loop;
  end if;

  return query
    with
      known as materialized (
        select
          t.place::integer as place, t.token, t.lexeme, c.code, s.sound, s.spoken, p.products, p.code_products, c.is_word, c.has_latin,
          p.products is null and p.code_products is null as is_unknown,
          -- Of stem and word, since the two scripts are stemmed by different rules.
          case when c.is_word then
            coalesce(w.deletions, :PGVECTOR_SCHEMA.deletions_of(s.sound))
              || case when s.spoken <> s.sound then :PGVECTOR_SCHEMA.deletions_of(s.spoken) end
          end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (
          select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code, t.token !~ '^[[:digit:]]' as is_word,
            t.lexeme ~ '[a-z]' as has_latin
        ) c
        left join :PGVECTOR_SCHEMA.word_statistics w on w.word = t.lexeme
        left join :PGVECTOR_SCHEMA.word_statistics n on n.word = c.code
        -- Of numbers only those that several products have are counted beforehand, and of words those that are not new.
        cross join lateral (
          select
            case when w.word is not null then w.products
              else nullif(:PGVECTOR_SCHEMA.products_with(('''' || t.lexeme || '''')::tsquery), 0) end as products,
            case when n.word is not null or c.is_word and w.word is not null then n.products
              else nullif(:PGVECTOR_SCHEMA.products_with(('''' || c.code || '''')::tsquery), 0) end as code_products
          offset 0
        ) p
        -- What the vocabulary knows of a word need not be worked out again. In the collation that the index over deletions has.
        cross join lateral (
          select
            coalesce(w.sound collate "default", :PGVECTOR_SCHEMA.sound_of(t.lexeme)) as sound,
            case when t.token = t.lexeme and w.sound is not null then w.sound collate "default" else :PGVECTOR_SCHEMA.sound_of(t.token) end as spoken
          offset 0
        ) s
        where t.lexeme is not null
      ),
      alternative as (
        select k.place, 1 as alternative, k.lexeme as word, false as is_prefix, 1.0::double precision as weight, k.products
        from known k
        where k.products is not null
        union all
        select k.place, 2, k.code, false, 1.0, k.code_products
        from known k
        where k.code_products is not null
        union all
        -- The beginning of a number or a word, as one types, which is likelier than an error.
        select k.place, 3, b.word, true, 0.9, b.products
        from known k
        cross join lateral (
          select k.lexeme as word,
            (
              select sum(w.products)::bigint
              from (
                select w.products
                from :PGVECTOR_SCHEMA.word_statistics w
                where w.word >= k.lexeme and w.word < k.lexeme || E'\U0010FFFF'
                limit 1000
              ) w
            ) as products
          where k.is_word
          union all
          select k.code, nullif(:PGVECTOR_SCHEMA.products_with(('''' || k.code || ''':*')::tsquery), 0)
          where not k.is_word
        ) b
        where k.is_unknown and length(k.token) > 2 and b.products is not null
        union all
        -- The same word in the other script.
        select k.place, (10 + o.place)::integer, o.word, false, 0.9, o.products
        from known k
        cross join lateral (
          select w.word, w.products, row_number() over (order by w.products desc, w.word) as place
          from :PGVECTOR_SCHEMA.word_statistics w
          -- What has a sound is of letters alone. In bytes, since patterns are dear.
          where (octet_length(w.word) = length(w.word)) <> k.has_latin and (
            w.sound = k.spoken
            or w.sound >= k.sound and w.sound < k.sound || E'\U0010FFFF' and length(w.sound) <= length(k.sound) + 2 and length(k.sound) > 2
            or w.deletions && k.deletions and length(k.sound) > 3
          )
          limit 3
        ) o
        where k.is_word and length(k.token) > 2
        union all
        select k.place, (20 + n.place)::integer, n.word, false, n.weight, n.products
        from known k
        cross join lateral (
          select n.word, n.weight, n.products, row_number() over (order by n.weight desc, n.products desc, n.word) as place
          from (
            select w.word, max(w.weight) as weight, max(w.products) as products
            from (
              select w.word, w.products, 0.8::double precision as weight
              from :PGVECTOR_SCHEMA.word_statistics w
              where w.deletions && k.deletions
              union all
              select w.word, w.products, :TRGM_SCHEMA.similarity(w.sound, k.sound)::double precision
              from :PGVECTOR_SCHEMA.word_statistics w
              where w.sound operator(:TRGM_SCHEMA.%) k.sound
            ) w
            group by w.word
          ) n
          limit 8
        ) n
        where k.is_unknown and k.is_word
      )
    select
      a.place, a.alternative, ('''' || a.word || '''' || case when a.is_prefix then ':*' else '' end)::tsquery, a.weight,
      -- One meaning, so one rarity, or the rarer of two spellings would count more.
      :PGVECTOR_SCHEMA.idf((sum(a.products) over (partition by a.place))::bigint, v_products)
    from alternative a
    union all
    select k.place, 0, null, 0, :PGVECTOR_SCHEMA.idf(0, v_products)
    from known k
    where k.place not in (select a.place from alternative a)
    union all
    -- Twice, because only the best of them counts.
    select 0, c.place::integer, c.term, 2.0, :PGVECTOR_SCHEMA.idf(c.products, v_products)
    from (
      select c.place, t.term, coalesce(w.products, :PGVECTOR_SCHEMA.products_with(t.term, 101)) as products
      from unnest(:PGVECTOR_SCHEMA.code_terms(left(regexp_replace(v_query, E'\\s+', '-', 'g'), 200))) with ordinality c (code, place)
      left join :PGVECTOR_SCHEMA.word_statistics w on w.word = c.code
      cross join lateral (select ('''' || c.code || '''')::tsquery as term) t
      where v_query ~ '[[:digit:]]' and length(c.code) > 4 and c.code ~ '[[:digit:]]'
      -- Once, although it is used twice.
      offset 0
    ) c
    where c.products between 1 and 100
    union all
    select 0, 0, ('''' || v_whole || '''')::tsquery, 1.0, :PGVECTOR_SCHEMA.idf(0, v_products)
    union all
    select 0, -1, ('''#' || substr(v_whole, 2) || ''':*')::tsquery, 1.0, :PGVECTOR_SCHEMA.idf(1, v_products)
    where v_query ~ '[[:digit:]]' and length(v_whole) between 4 and 41;
end
$$;

comment on function :PGVECTOR_SCHEMA.query_terms(text) is
  'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess, 2 for a code across words) and its inverse document frequency. A word that nothing stands in for has no term. Reads the first 1000 characters.';
