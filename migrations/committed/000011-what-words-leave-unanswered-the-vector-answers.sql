--! Previous: sha1:2800f1142a4130f46eaf24265870f449a13e3818
--! Hash: sha1:bff8ae533f9a9ea974fa3fee2a59f4ac217ba44f
--! Message: What words leave unanswered the vector answers

-- One object a file below sql/, included here; see CONVENTIONS.md.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off;
drop function if exists :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]);
drop function if exists :PGVECTOR_SCHEMA.signal_weights(text, boolean);
-- What was the default; another value is somebody's choice.
update :PGVECTOR_SCHEMA.settings set vector_weight = 0.25 where vector_weight = 0.15;
--! Included source/settings.sql
/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values.
 */
create table if not exists :PGVECTOR_SCHEMA.settings (
  singleton boolean primary key default true check (singleton),
  source_schema text not null default 'staging_staging',
  source_table text not null default 'stg_product',
  lease interval not null default '2 minutes' check (lease > '0'),
  max_attempts integer not null default 5 check (max_attempts > 0),
  retry_after interval not null default '5 seconds' check (retry_after > '0'),
  vanished_grace interval not null default '7 days' check (vanished_grace >= '0'),
  max_document_characters integer not null default 32768 check (max_document_characters > 0)
);

alter table :PGVECTOR_SCHEMA.settings
  add column if not exists vanished_hold_share numeric not null default 0.3 check (vanished_hold_share between 0 and 1),
  add column if not exists words_config regconfig not null default 'pg_catalog.russian',
  add column if not exists word_weight double precision not null default 0.7 check (word_weight > 0),
  add column if not exists trigram_weight double precision not null default 0.15 check (trigram_weight >= 0),
  add column if not exists vector_weight double precision not null default 0.25 check (vector_weight between 0 and 1),
  add column if not exists query_cache_size integer not null default 10000 check (query_cache_size >= 0),
  add column if not exists hnsw_ef_search integer not null default 200 check (hnsw_ef_search between 1 and 1000),
  add column if not exists ivfflat_probes integer not null default 20 check (ivfflat_probes between 1 and 32768),
  add column if not exists windows boolean not null default false,
  add column if not exists index_from_products integer default 20000 check (index_from_products >= 0),
  add column if not exists map_products integer not null default 2000 check (map_products >= 0),
  add column if not exists map_column text default 'category_id',
  add column if not exists interactions_schema text,
  add column if not exists interactions_table text,
  add column if not exists interactions_group text,
  add column if not exists interactions_product text,
  add column if not exists max_group_products integer not null default 50 check (max_group_products between 2 and 1000),
  add column if not exists min_together integer not null default 3 check (min_together > 0),
  add column if not exists pair_weight double precision not null default 0.6 check (pair_weight between 0 and 1),
  add column if not exists document_hook text,
  add column if not exists max_hook_ms double precision not null default 5 check (max_hook_ms > 0),
  alter column vector_weight set default 0.25,
  drop column if exists prose_vector_weight;

insert into :PGVECTOR_SCHEMA.settings default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.settings is 'What an operator may change, in one row: update it in place.';
comment on column :PGVECTOR_SCHEMA.settings.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.settings.source_schema is 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';
comment on column :PGVECTOR_SCHEMA.settings.source_table is 'Name of that relation (STAGING_DB_TABLE).';
comment on column :PGVECTOR_SCHEMA.settings.lease is 'How long a worker keeps what it claimed without a sign of life; then another may take it.';
comment on column :PGVECTOR_SCHEMA.settings.max_attempts is 'After so many attempts a product is set aside in product_failures.';
comment on column :PGVECTOR_SCHEMA.settings.retry_after is 'Wait before the second attempt; doubled for each further one.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_grace is 'How long the vector of a vanished product is kept; search does not show it meanwhile.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_hold_share is 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';
comment on column :PGVECTOR_SCHEMA.settings.max_document_characters is 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';
comment on column :PGVECTOR_SCHEMA.settings.words_config is 'Text search configuration that products and queries are stemmed by; russian stems English words too. After a change: select reconcile(); and update synonyms set phrase = phrase;';
comment on column :PGVECTOR_SCHEMA.settings.word_weight is 'How much words (BM25) count in search_products_text(), against trigram_weight; together they have what the vectors leave.';
comment on column :PGVECTOR_SCHEMA.settings.trigram_weight is 'How much the trigrams of name and codes count there.';
comment on column :PGVECTOR_SCHEMA.settings.vector_weight is 'How much the vectors count there, of 1, for a query whose words the products have: more, the fewer of its words they have, and up to half less for a model that spells their language out letter by letter.';
comment on column :PGVECTOR_SCHEMA.settings.query_cache_size is 'Queries whose vectors are kept in query_embeddings; golden queries come on top.';
comment on column :PGVECTOR_SCHEMA.settings.hnsw_ef_search is 'How many candidates an HNSW index keeps while a search goes through it: more find more of the nearest and take longer.';
comment on column :PGVECTOR_SCHEMA.settings.ivfflat_probes is 'How many lists of an IVFFlat index a search looks into at first: likewise.';
comment on column :PGVECTOR_SCHEMA.settings.windows is 'Whether a document that is longer than the model reads is read in windows, whose vectors are averaged; see set_windows().';
comment on column :PGVECTOR_SCHEMA.settings.index_from_products is 'From so many vectors on the worker builds an index if there is none; null is never.';
comment on column :PGVECTOR_SCHEMA.settings.map_products is 'How many products the map of the catalogue has at the most; 0 is no map.';
comment on column :PGVECTOR_SCHEMA.settings.map_column is 'The column of the source that the map is coloured by; whoever may search sees it there.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_schema is 'Schema of the relation that says which products were bought or looked at together; null without one (set_interactions).';
comment on column :PGVECTOR_SCHEMA.settings.interactions_table is 'Name of that relation.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_group is 'Its column of what makes products belong together: an order, a session.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_product is 'Its column of the product''s number.';
comment on column :PGVECTOR_SCHEMA.settings.max_group_products is 'So many products of an order or session make pairs at the most; of a larger one a sample does.';
comment on column :PGVECTOR_SCHEMA.settings.min_together is 'In so many orders or sessions two products have to be together before they make a pair.';
comment on column :PGVECTOR_SCHEMA.settings.pair_weight is 'What being together counts in recommended_products(), 0 to 1; the rest is similarity.';
comment on column :PGVECTOR_SCHEMA.settings.document_hook is 'Function that is given a product and returns more fields for its document; null without one (set_document_hook).';
comment on column :PGVECTOR_SCHEMA.settings.max_hook_ms is 'Milliseconds a product that such a function may take, measured when it is set.';
--! EndIncluded source/settings.sql
--! Included words/query_terms.sql
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
  v_query text := :PGVECTOR_SCHEMA.fold_text(left(query, 1000));
  v_tokens text[];
  v_lexemes text[] := '{}';
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
  select s.words_config, greatest(t.products, 1), exists (select from :PGVECTOR_SCHEMA.synonyms)
  into strict v_config, v_products, v_has_synonyms
  from :PGVECTOR_SCHEMA.settings s
  cross join :PGVECTOR_SCHEMA.word_totals t;
  v_whole := :PGVECTOR_SCHEMA.squash_text(v_query);
  -- What words_of() makes of a text that is folded already and has no separators.
  for i in 1 .. cardinality(v_tokens) loop
    v_lexemes[i] := (tsvector_to_array(to_tsvector(v_config, v_tokens[i])))[1];
  end loop;

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
        -- The beginning of a number or a word, as one types.
        select k.place, 3, b.word, true, 0.8, b.products
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
    select 0, c.place::integer, c.term, 1.0, :PGVECTOR_SCHEMA.idf(c.products, v_products)
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
  'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess) and its inverse document frequency. A word that nothing stands in for has no term. Reads the first 1000 characters.';
--! EndIncluded words/query_terms.sql
--! Included models/sample_documents.sql
create or replace function :PGVECTOR_SCHEMA.sample_documents(sample integer default 200) returns table (document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return query
    select left(d.document, 2000)
    from :PGVECTOR_SCHEMA.product_documents(array(
      select w.product_id from :PGVECTOR_SCHEMA.product_words w order by hashint8(w.product_id), w.product_id limit sample
    )) d;
end
$$;

comment on function :PGVECTOR_SCHEMA.sample_documents(integer) is
  'Documents of so many of the products whose words are known, the same each time as long as these are there: for the worker to see whether a tokenizer suits them. Raises PE001, PE002, PE005.';
--! EndIncluded models/sample_documents.sql
--! Included search/hybrid_products.sql
/*
 * Three signals, each on a scale of its own, brought to 0..1 among the candidates (min-max) and added
 * by the weights of settings: words (BM25), trigrams of name and codes, vectors. Adding reciprocal ranks
 * instead forgets by how much a product was ahead, and was worse than words alone (docs/evaluation.md).
 * Trigrams are dear, so only the twenty that lead without them are compared by them. The less of a query
 * is in any product's words, the more its meaning counts.
 *
 * A filter that few products pass is turned round: these few are scored. Otherwise candidates are taken
 * until enough of those that the words found are live and pass, however many of the nearest are: products that were
 * made anew under other ids leave as many dead ones of the same words.
 */
create or replace function :PGVECTOR_SCHEMA.hybrid_products(
  query text, query_vector :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, model_id integer default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric, score double precision,
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_pool integer := greatest(max_results, 20);
  v_at_first integer := greatest(60, 2 * v_pool);
  v_wanted integer := v_at_first;
  v_enough integer := greatest(max_results, v_pool / 2);
  v_passing bigint[];
  v_near bigint[];
  v_near_names text[];
  v_near_codes text[];
  v_near_prices numeric[];
  v_near_distances double precision[];
  v_ids bigint[];
  v_scores double precision[];
  v_exact boolean[];
  v_terms text[];
  v_coverage double precision;
  v_complete boolean;
  v_lookup bigint[];
  v_others bigint[];
  v_found bigint[];
  v_names text[];
  v_codes text[];
  v_prices numeric[];
  v_weights record;
  v_text text := :PGVECTOR_SCHEMA.fold_text(left(query, 200));
begin
  if query_vector is not null then
    -- Of unit length, so that the one distance gives the other.
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price), array_agg(n.distance * n.distance / 2)
    into v_near, v_near_names, v_near_codes, v_near_prices, v_near_distances
    from :PGVECTOR_SCHEMA.nearest_products(query_vector, v_pool, filter, null, hybrid_products.model_id, for_fusion => true) n;
  end if;
  if filter is not null then
    v_passing := :PGVECTOR_SCHEMA.passing_products(filter, 2000);
    v_wanted := case when v_passing is null then v_wanted else 0 end;
  end if;

  loop
    select
      array_agg(r.product_id), array_agg(r.word_score), array_agg(r.is_exact), array_agg(array_to_string(r.terms, ' ')),
      (array_agg(r.coverage))[1], coalesce(bool_or(r.is_complete), true)
    into v_ids, v_scores, v_exact, v_terms, v_coverage, v_complete
    from (
      select r.*
      from :PGVECTOR_SCHEMA.rank_words(query, v_wanted, v_near || v_passing) r
      order by r.is_exact desc, r.word_score desc, r.product_id
    ) r;
    -- Mostly the best are live, and fill the pool when a few are gone. Where many are, or do not pass, all that were found are looked up.
    v_lookup := case
      when filter is null and not v_complete and v_wanted = v_at_first then v_ids[1 : v_pool + v_pool / 2]
      else v_ids
    end;
    -- The nearest are live and pass already.
    v_others := array(select i from unnest(v_lookup) i where i <> all (coalesce(v_near, '{}')));
    select array_agg(l.product_id), array_agg(l.name), array_agg(l.vendor_code), array_agg(l.price)
    into v_found, v_names, v_codes, v_prices
    from :PGVECTOR_SCHEMA.live_products(v_others, filter) l;
    -- Where hardly any of thousands pass, the filter is of something else, and the nearest that pass are the answer.
    exit when v_complete or v_wanted = 0 or v_wanted > case when cardinality(v_near) >= v_pool then 5000 else 1000000 end
      or coalesce(cardinality(v_found), 0) + cardinality(v_lookup) - cardinality(v_others) >= v_enough;
    v_wanted := v_wanted * 10;
  end loop;

  select w.* into strict v_weights from :PGVECTOR_SCHEMA.signal_weights(
    query, v_coverage, query_vector is not null, hybrid_products.model_id
  ) w;
  return query
    with
      live as (
        select l.product_id, l.name, l.vendor_code, l.price, w.word_score, w.is_exact, w.terms, l.distance,
          case when l.place <= cardinality(v_near) then l.place end as vector_rank
        from unnest(v_near || v_found, v_near_names || v_names, v_near_codes || v_codes, v_near_prices || v_prices, v_near_distances)
          with ordinality l (product_id, name, vendor_code, price, distance, place)
        left join unnest(v_ids, v_scores, v_exact, v_terms) w (product_id, word_score, is_exact, terms) on w.product_id = l.product_id
      ),
      ranked as (
        select l.*, case when l.word_score > 0 then row_number() over (order by l.is_exact desc nulls last, l.word_score desc nulls last, l.product_id) end as word_rank
        from live l
      ),
      candidate as (
        select r.product_id, r.name, r.vendor_code, r.price, r.word_score, r.is_exact, r.terms, r.vector_rank, r.word_rank,
          case
            when r.distance is not null then r.distance
            when hybrid_products.model_id is not null
              then :PGVECTOR_SCHEMA.vector_distance(r.product_id, query_vector, hybrid_products.model_id)
            -- One by one: how many there are the planner cannot know, and would read the table through.
            else (
              select e.embedding operator(:VECTOR_SCHEMA.<=>) query_vector
              from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
              where e.product_id = r.product_id and query_vector is not null
            )
          end as distance,
          -- 1 is the best of the candidates, 0 who has no word.
          :PGVECTOR_SCHEMA.min_max(r.word_score, 0, max(r.word_score) over ()) as word_share
        from ranked r
        where r.word_rank <= v_pool or r.vector_rank is not null
      ),
      leader as (
        select c.*, v_weights.word_weight * c.word_share + v_weights.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, :PGVECTOR_SCHEMA.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
        order by c.is_exact desc nulls last, lead desc, c.product_id
        limit greatest(20, max_results)
      ),
      compared as (
        select l.*, w.label, :TRGM_SCHEMA.word_similarity(v_text, w.label) as similarity
        from leader l
        -- One by one, for the same reason.
        left join lateral (
          select w.label from :PGVECTOR_SCHEMA.product_words w where w.product_id = l.product_id offset 0
        ) w on true
        -- Once, although it is used three times.
        offset 0
      ),
      best as (
        select c.*,
          (c.is_exact is true)::integer + c.lead
            + v_weights.trigram_weight * :PGVECTOR_SCHEMA.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score
        from compared c
        order by score desc, c.product_id
        limit max_results
      )
    select
      b.product_id, b.name, b.vendor_code, b.price, b.score, b.vector_rank::integer, b.distance, b.word_rank::integer, nullif(b.word_score, 0),
      array(
        select m.word
        from (
          -- As the product writes it, where it can be found there: the stem is nothing to show.
          select u.place, coalesce(
            substring(b.label from t.pattern),
            -- Of megabytes, which feeds have in a name too, folding takes seconds.
            substring(:PGVECTOR_SCHEMA.fold_text(left(concat_ws(' ', b.name, b.vendor_code), 2000)) from t.pattern),
            t.stem
          ) as word
          from unnest(string_to_array(b.terms, ' ')) with ordinality u (term, place)
          cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem offset 0) s
          cross join lateral (
            select s.stem,
              -- A number is a part of a code, and of no longer number.
              case when s.stem !~ '^[[:digit:]]' then E'\\m' || s.stem
                else '[[:alnum:]]*(?<![[:digit:]])' || s.stem || case when u.term like '%:*' then '' else '(?![[:digit:]])' end
              end || '[[:alnum:]]*' as pattern
          ) t
          offset 0
        ) m
        group by m.word
        order by min(m.place)
      )
    from best b
    order by b.score desc, b.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code; matched_words: looked for in the first 2000 characters of name and code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
--! Included search/rank_words.sql
/*
 * Words that half the catalogue has would make candidates of half the catalogue, so these are chosen
 * strictest first: products that have all groups of the query, then all but one, and so on, until there
 * are enough; what was found is scored by all words. The rarest six groups choose. Of too many that
 * match alike those are taken that have the words in their name, and then the shortest, which is what BM25 would do.
 */
create or replace function :PGVECTOR_SCHEMA.rank_words(query text, wanted integer, others bigint[] default null)
returns table (product_id bigint, word_score double precision, is_exact boolean, terms text[], coverage double precision, is_complete boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- Unseen words are taken for common ones, and then reading all for cheaper than the index.
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_group integer[];
  v_alternative integer[];
  v_term tsquery[];
  v_idf double precision[];
  v_label text[];
  v_choosing tsquery[];
  v_extra tsquery;
  v_query tsquery;
  v_found bigint[] := '{}';
  v_is_common boolean;
  v_named tsquery;
  v_most integer;
  v_matching bigint[];
  v_read bigint;
  v_naming bigint;
  v_ids bigint[] := coalesce(others, '{}');
  v_complete boolean := true;
  v_has_extra boolean := true;
  v_products double precision;
  v_average double precision;
  v_rarity double precision;
  v_asked double precision;
begin
  with term as materialized (select t.* from :PGVECTOR_SCHEMA.query_terms(query) t)
  select
    array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text),
    (
      select sum(g.idf)
      from (
        -- The rarity of a word that no product has, where a synonym stands in for it, is the synonym's.
        select coalesce(max(t.idf) filter (where t.term is not null), max(t.idf)) as idf
        from term t
        where t.group_no > 0
        group by t.group_no
      ) g
    )
  into v_group, v_alternative, v_term, v_idf, v_label, v_asked
  from term t
  where t.term is not null;
  if v_group is null then
    return;
  end if;
  select t.products, t.average_tokens into strict v_products, v_average from :PGVECTOR_SCHEMA.word_totals t;

  if wanted > 0 then
    select array_agg(g.query order by g.idf desc), min(g.idf) into v_choosing, v_rarity
    from (
      select string_agg('(' || a.query || ')', ' | ')::tsquery as query, max(a.idf) as idf
      from (
        select t.group_no, t.alternative, string_agg(t.term::text, ' & ') as query, sum(t.idf) as idf
        from unnest(v_group, v_alternative, v_term, v_idf) t (group_no, alternative, term, idf)
        where t.group_no > 0
        group by t.group_no, t.alternative
      ) a
      group by a.group_no
      order by idf desc
      limit 6
    ) g;
    select string_agg(t.term::text, ' | ')::tsquery into v_extra
    from unnest(v_group, v_term) t (group_no, term)
    where t.group_no = 0;

    for v_level in reverse coalesce(cardinality(v_choosing), 0) + 1 .. 1 loop
      exit when cardinality(v_found) >= wanted;
      if v_level > coalesce(cardinality(v_choosing), 0) then
        v_query := v_extra;
      else
        -- Any so many of them.
        select string_agg('(' || c.query || ')', ' | ')::tsquery into v_query
        from (
          select string_agg('(' || v_choosing[g.place]::text || ')', ' & ') as query
          from generate_series(1, (1 << cardinality(v_choosing)) - 1) s (subset)
          cross join generate_series(1, cardinality(v_choosing)) g (place)
          where (s.subset >> (g.place - 1)) & 1 = 1
          group by s.subset
          having count(*) = v_level
        ) c;
      end if;
      continue when v_query is null;
      -- So many have the commonest word that reading products in their order until there are enough takes less than the
      -- index over words, which would first collect all of them.
      v_is_common := v_level = 1 and power(v_products / exp(v_rarity), 2) > 80 * wanted * v_products;
      -- Where few of those that have all words have them in their name, more are read to find these.
      v_named := case when v_level = cardinality(v_choosing)
        then regexp_replace(v_query::text, E'(?<![^ (])(\'[^#=][^\']*\'):?([*]?)', E'\\1:\\2A', 'g')::tsquery
        else v_query
      end;
      foreach v_most in array array[4 * wanted, least(30 * wanted, 3000)] loop
        if v_is_common then
          select (array_agg(f.product_id order by f.is_named desc, f.tokens, f.product_id))[1 : wanted], count(*), count(*) filter (where f.is_named)
          into v_matching, v_read, v_naming
          from (
            select w.product_id, w.tokens, w.words @@ v_named as is_named
            from :PGVECTOR_SCHEMA.product_words w
            -- "is true" keeps it from the index.
            where (w.words @@ v_query) is true and w.product_id <> all (v_found)
            order by w.product_id
            limit v_most
          ) f;
        else
          select (array_agg(f.product_id order by f.is_named desc, f.tokens, f.product_id))[1 : wanted], count(*), count(*) filter (where f.is_named)
          into v_matching, v_read, v_naming
          from (
            select w.product_id, w.tokens, w.words @@ v_named as is_named
            from :PGVECTOR_SCHEMA.product_words w
            where w.words @@ v_query and w.product_id <> all (v_found)
            limit v_most
          ) f;
        end if;
        exit when v_naming >= wanted or v_read < v_most or v_most >= 3000;
      end loop;
      v_found := coalesce(v_matching, '{}') || v_found;
      -- What no product has need not be scored.
      v_has_extra := v_has_extra and (v_level <= coalesce(cardinality(v_choosing), 0) or v_found <> '{}');
      v_complete := v_level = 1 and cardinality(v_found) < wanted;
    end loop;
    v_ids := v_ids || v_found;
  end if;

  return query
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.group_no > 0),
      sum(s.idf) filter (where s.group_no > 0) / v_asked, v_complete
    from (
      -- The best way to say each group counts, and all that only adds.
      select distinct on (a.product_id, a.group_no, a.added) a.product_id, a.group_no, a.score, a.idf, a.term, a.added is not distinct from 0 as is_exact
      from (
        select o.product_id, o.group_no, o.alternative, case when o.group_no = 0 then o.alternative end as added,
          sum(o.score) as score, sum(o.idf) as idf, string_agg(o.term, ' ') as term
        from (
          select w.product_id, t.group_no, t.alternative, t.label as term, t.idf,
            :PGVECTOR_SCHEMA.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from :PGVECTOR_SCHEMA.product_words w
          cross join unnest(v_group, v_alternative, v_term, v_idf, v_label) t (group_no, alternative, term, idf, label)
          where w.product_id = any (v_ids) and (v_has_extra or t.group_no > 0)
          -- Before it is sorted, so that the words are not sorted along.
          offset 0
        ) o
        where o.score > 0
        group by o.product_id, o.group_no, o.alternative
      ) a
      order by a.product_id, a.group_no, a.added, a.score desc
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; coverage: how much of the query that is, by the rarity of its words, 0 to 1, null where all have none; is_complete: the words find no more. Dead products are among them.';
--! EndIncluded search/rank_words.sql
--! Included search/signal_weights.sql
/*
 * Words and trigrams count as much as the products have of the query: what no product says in these words, a synonym, another
 * language, a fault described, is left to the vector. A number is a code or a measure, which no model reads, so a query with one is
 * the words'. A model that spells this language out letter by letter knows little of what words mean.
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
        -- A tenth at the least: of what nothing was found in, spelling still tells a little.
        case when query ~ '[[:digit:]]' then 1 else least(greatest(coalesce(coverage, 0), 0.1), 1) end as words
    ) c
    cross join lateral (select c.vector / (c.vector + (1 - c.vector) * c.words) as vector) w;
end
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, double precision, boolean, integer) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by how much of the query the products have (coverage of rank_words()) and how well the model reads the language. model_id: null for the active one.';
--! EndIncluded search/signal_weights.sql
