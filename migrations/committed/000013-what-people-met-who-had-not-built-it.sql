--! Previous: sha1:cbb70797bedbcf6e7e49d440b61c50a723ee6c65
--! Hash: sha1:b28835d60bad0ed571cb30e22acdc9ad33af92bf
--! Message: What people met who had not built it

-- One object a file below sql/, included here; see CONVENTIONS.md.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off;
-- pg_upgrade refuses a server that has columns of type regconfig. A column with a constant default is added without writing the table.
--! Included source/stems_words.sql
/*
 * The setting is a name, which functions look up without anybody's search_path: so is it when it is set.
 */
create or replace function :PGVECTOR_SCHEMA.stems_words(config text) returns boolean
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from pg_ts_config c
    join pg_namespace n on n.oid = c.cfgnamespace
    where config = format('%I.%I', n.nspname, c.cfgname) or n.nspname = 'pg_catalog' and config = quote_ident(c.cfgname)
  )
$$;

comment on function :PGVECTOR_SCHEMA.stems_words(text) is
  'Whether there is a text search configuration of that name, with its schema unless it is one of PostgreSQL''s own: what settings.words_config may be.';
--! EndIncluded source/stems_words.sql
do $$
declare
  v_config text := (select s.words_config::text from :PGVECTOR_SCHEMA.settings s);
begin
  alter table :PGVECTOR_SCHEMA.settings
    alter column words_config drop default,
    alter column words_config type text using words_config::text,
    alter column words_config set default 'russian',
    add constraint settings_words_config_check check (:PGVECTOR_SCHEMA.stems_words(words_config));
  alter table :PGVECTOR_SCHEMA.product_words alter column config drop not null;
  alter table :PGVECTOR_SCHEMA.product_words rename column config to config_number;
  execute format('alter table :PGVECTOR_SCHEMA.product_words add column config text not null default %L', v_config);
  update :PGVECTOR_SCHEMA.product_words w set config = w.config_number::text where w.config_number::text <> v_config;
  alter table :PGVECTOR_SCHEMA.product_words drop column config_number, alter column config drop default;
end
$$;
--! Included source/settings.sql
/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values. No column is a regconfig or another
 * number of the catalogs that pg_upgrade gives anew: it refuses the whole server then.
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
  add column if not exists words_config text not null default 'russian' check (:PGVECTOR_SCHEMA.stems_words(words_config)),
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
--! Included words/fold_text.sql
/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. A soft hyphen, which pages and feeds bring along, is none, and the apostrophe
 * of Ukrainian and Belarusian stands within a word, in several signs or left out (м'яч, м’яч, мяч). unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё. One expression with everything in full, and without
 * a SET clause, so that it is inlined: each search folds a dozen texts.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language sql immutable parallel safe
as $$
  select pg_catalog.normalize(
    pg_catalog.regexp_replace(
      pg_catalog.translate(pg_catalog.normalize(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'NFD'), 'łøđ', 'lod'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я][\\u0300-\\u036f]*)[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
--! Included words/index_words.sql
/*
 * What is current is left alone: a claim calls this for everything that it looks at. The words of
 * a product that is gone stay, as its vector does, and go with it (see sweep_vanished).
 */
create or replace function :PGVECTOR_SCHEMA.index_words(product_ids bigint[] default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_config text := (select s.words_config from :PGVECTOR_SCHEMA.settings s);
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_words();
  execute format(
    $sql$
      with changed as materialized (
        select d.product_id, d.document_hash, d.name, d.word_texts
        from (%s) d
        -- By the key alone: of a table that fills, the planner takes what is compared besides for rarer than it is.
        left join :PGVECTOR_SCHEMA.product_words o on o.product_id = d.product_id
        where %s and d.error is null
          and (
            o.document_hash is distinct from d.document_hash or o.config is distinct from $2 or o.recipe is distinct from $3
          )
      )
      insert into :PGVECTOR_SCHEMA.product_words as w (product_id, words, tokens, label, document_hash, config, recipe)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2, $3
      from changed c
      cross join lateral :PGVECTOR_SCHEMA.words_row($2::regconfig, c.name, c.word_texts, $4) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, recipe = excluded.recipe, indexed_at = now()
    $sql$,
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config, :PGVECTOR_SCHEMA.words_recipe(), :PGVECTOR_SCHEMA.word_classes();
  get diagnostics v_rows = row_count;
  if product_ids is null then
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_words(bigint[]) is
  'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded words/index_words.sql
--! Included words/phrase_key.sql
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
--! EndIncluded words/phrase_key.sql
--! Included words/product_words.sql
/*
 * The words side of search in a table of our own, true without the encoder and fresh long before it
 * during a backfill. No foreign key: the source is dbt's.
 */
create table if not exists :PGVECTOR_SCHEMA.product_words (
  product_id bigint primary key,
  words tsvector not null,
  tokens integer not null,
  label text not null,
  document_hash bytea not null,
  config text not null,
  indexed_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.product_words add column if not exists recipe text not null default '';

-- Without a pending list, which every search would have to read through.
create index if not exists product_words_words_idx on :PGVECTOR_SCHEMA.product_words using gin (words) with (fastupdate = off);
create index if not exists product_words_indexed_at_idx on :PGVECTOR_SCHEMA.product_words (indexed_at);

comment on table  :PGVECTOR_SCHEMA.product_words is 'Each product''s words as they are searched; kept by the worker, see index_words().';
comment on column :PGVECTOR_SCHEMA.product_words.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_words.words is 'Stemmed words (with the class of their column: A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';
comment on column :PGVECTOR_SCHEMA.product_words.tokens is 'Number of words: the length of the document for BM25.';
comment on column :PGVECTOR_SCHEMA.product_words.label is 'Name, codes and what else fits into a hundred characters, folded: what trigrams are compared with.';
comment on column :PGVECTOR_SCHEMA.product_words.document_hash is 'sha256 of the document that the words are from; the words are current while it is that of the product''s document.';
comment on column :PGVECTOR_SCHEMA.product_words.config is 'The text search configuration they were stemmed by (settings.words_config).';
comment on column :PGVECTOR_SCHEMA.product_words.indexed_at is 'When they were taken up.';
comment on column :PGVECTOR_SCHEMA.product_words.recipe is 'The columns whose words counted otherwise than by default (see words_recipe).';
--! EndIncluded words/product_words.sql
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
--! EndIncluded words/query_terms.sql
--! Included words/synonyms.sql
/*
 * Applied to the query and not to the products, so that a row counts from the next search on.
 */
create table if not exists :PGVECTOR_SCHEMA.synonyms (
  phrase text not null check (phrase ~ '[[:alnum:]]'),
  same_as text not null check (same_as ~ '[[:alnum:]]'),
  phrase_key text not null,
  same_as_key text not null,
  primary key (phrase, same_as)
);

create index if not exists synonyms_phrase_key_idx on :PGVECTOR_SCHEMA.synonyms (phrase_key);
create index if not exists synonyms_same_as_key_idx on :PGVECTOR_SCHEMA.synonyms (same_as_key);

create or replace trigger _100_key
  before insert or update on :PGVECTOR_SCHEMA.synonyms
  for each row
  execute procedure :PGVECTOR_SCHEMA.tg__synonym_key();

comment on table  :PGVECTOR_SCHEMA.synonyms is 'Words that mean the same, for data teams to fill: insert into synonyms (phrase, same_as) values (''дворники'', ''щётка стеклоочистителя''). Works both ways, at once.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase is 'One word or up to eight, in any inflection.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as is 'What is searched for as well; one word or a few.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase_key is 'The phrase stemmed; filled by the trigger.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as_key is 'The other phrase stemmed; filled by the trigger.';
--! EndIncluded words/synonyms.sql
--! Included queue/attach.sql
create or replace function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
begin
  perform :PGVECTOR_SCHEMA.attach_triggers();
  for v_related in
    select t.relation_schema, t.relation_name, pg_has_role(c.relowner, 'usage') as is_ours
    from :PGVECTOR_SCHEMA.related_triggers t
    join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, c.relowner
  loop
    if v_related.is_ours then
      perform :PGVECTOR_SCHEMA.attach_related_triggers(v_related.relation_schema, v_related.relation_name);
    else
      raise notice 'The related table %.% belongs to another role, which has to attach it: see embedding_status.notes.',
        v_related.relation_schema, v_related.relation_name;
    end if;
  end loop;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source and on related tables that they lack and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE003, PE005, PE029.';
--! EndIncluded queue/attach.sql
--! Included queue/full_pass.sql
/*
 * The Python pipeline's nightly run, for whoever wants one: also what was set aside gets another
 * chance, since the reason may have been the worker's and not the product's.
 */
create or replace function :PGVECTOR_SCHEMA.full_pass() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  perform :PGVECTOR_SCHEMA.lock_words();
  -- Of products that went before they had a vector.
  delete from :PGVECTOR_SCHEMA.product_words w
  where not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = w.product_id)
    and not exists (select from :PGVECTOR_SCHEMA.product_documents() d where d.product_id = w.product_id);
  perform :PGVECTOR_SCHEMA.sweep_texts();
  return :PGVECTOR_SCHEMA.reconcile() + :PGVECTOR_SCHEMA.retry_failed();
end
$$;

comment on function :PGVECTOR_SCHEMA.full_pass() is
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005, PE029.';
--! EndIncluded queue/full_pass.sql
--! Included queue/queue_difference.sql
create or replace function :PGVECTOR_SCHEMA.queue_difference(model_id integer)
returns table (products bigint, missing bigint, stale bigint, orphans bigint, queued bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  return query execute format(
    $sql$
      with
        difference as materialized (
          select d.product_id, d.state, d.document_hash, d.has_words from :PGVECTOR_SCHEMA.embedding_difference($1) d
        ),
        outdated as materialized (
          select q.product_id
          from :PGVECTOR_SCHEMA.product_queue q
          join difference d on d.product_id = q.product_id
          where q.model_id = $1 and q.claim_id is not null and q.document_hash is distinct from d.document_hash
        ),
        to_queue as materialized (
          select d.product_id
          from difference d
          left join :PGVECTOR_SCHEMA.%I e on e.product_id = d.product_id
          left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id and f.model_id = $1
          where
            case d.state
              -- A vanished product that is already marked waits for its grace period, not for a worker.
              when 'orphan' then e.vanished_at is null
              -- One that came back still has to lose its mark, one that a hook no longer fails its failure; the words
              -- of another may be missing, or a worker encode what its text was.
              when 'current' then e.vanished_at is not null or d.has_words is not true and $2 or f.product_id is not null
                or d.product_id in (select o.product_id from outdated o)
              else true
            end
            and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
            -- Not what waits already, nor what is being encoded from the text that it has now. But who has written himself sees
            -- what a worker, who may take up now what waits, will only see when this is committed.
            and not exists (
              select
              from :PGVECTOR_SCHEMA.queued_products q
              where q.product_id = d.product_id and q.model_id = $1
                and (q.claim_id is null and not $3 or q.claim_id is not null and q.document_hash = d.document_hash)
            )
        ),
        queued as (%s)
      select
        count(*) filter (where d.state <> 'orphan'),
        count(*) filter (where d.state = 'missing'),
        count(*) filter (where d.state = 'stale'),
        count(*) filter (where d.state = 'orphan'),
        (select count(*) from to_queue)
      from difference d
    $sql$,
    :PGVECTOR_SCHEMA.embeddings_table(queue_difference.model_id),
    :PGVECTOR_SCHEMA.queue_changes_sql('select t.product_id from to_queue t', '$1')
  ) using queue_difference.model_id, queue_difference.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
    pg_current_xact_id_if_assigned() is not null;
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_difference(integer) is
  'Compares the source with the vectors of a model (0: before there is one) and queues what differs; returns what it found and how many products it queued. Part of reconcile(). Raises PE001, PE002, PE003, PE005, PE029, PE031.';
--! EndIncluded queue/queue_difference.sql
--! Included models/activate_model.sql
/*
 * Renames two tables, so that every query, grant and dbt model goes on under the name it knows. All
 * that takes time is done before the locks; what waits behind them waits for a second or two at the most,
 * since a lock that is not to be had is given up and asked for again.
 */
create or replace function :PGVECTOR_SCHEMA.activate_model(model text default null, force boolean default false) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
#variable_conflict use_column
declare
  v_to :PGVECTOR_SCHEMA.embedding_models;
  v_from :PGVECTOR_SCHEMA.embedding_models;
  v_table text;
  v_former text;
  v_gaps record;
  v_from_products bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
  v_bound text;
  v_views text[];
  v_statement text;
  v_forced text;
begin
  if activate_model.model is null and not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null) then
    raise exception 'No model is prepared.'
      using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');  and then see: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  select m.* into strict v_to
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.model_id = case
    when activate_model.model is null then (select p.model_id from :PGVECTOR_SCHEMA.model_preparation p)
    else :PGVECTOR_SCHEMA.find_model(activate_model.model)
  end;
  if v_to.is_active then
    return format('%s is the active model already.', v_to.name);
  end if;
  v_forced := format('select :PGVECTOR_SCHEMA.activate_model(%L, force => true);', v_to.model_id::text);
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_to.model_id);

  if force is not true then
    if v_to.error is not null then
      raise exception 'The model % cannot be loaded, so nothing would be encoded any more: %', v_to.name, v_to.error
        using errcode = 'PE032',
          hint = 'The worker tries again every minute. To have it all the same: ' || v_forced;
    end if;
    select * into v_gaps from :PGVECTOR_SCHEMA.model_gaps(v_to.model_id);
    if v_gaps.missing + v_gaps.stale > 0 then
      raise exception 'The model % is not complete: % products have no vector of it and % an outdated one.', v_to.name, v_gaps.missing, v_gaps.stale
        using errcode = 'PE032',
          hint = 'The worker is at it: select * from :PGVECTOR_SCHEMA.model_status;  To have it all the same, with these products missing from search: ' || v_forced;
    end if;
    if not :PGVECTOR_SCHEMA.has_index(v_to.model_id)
      and (:PGVECTOR_SCHEMA.search_index() is not null or :PGVECTOR_SCHEMA.has_vectors(v_to.model_id, v_from_products))
    then
      raise exception 'The vectors of % have no index for search yet.', v_to.name
        using errcode = 'PE032',
          hint = format(
            E'%s in psql: select :PGVECTOR_SCHEMA.index_sql(model_id => %s) \\gexec  Without it each search reads all vectors: %s',
            case when v_from_products is null then 'The worker builds none while settings.index_from_products is null: build it'
              else 'The worker builds it within the hour if its role owns the table; or at once,' end,
            v_to.model_id, v_forced
          );
    end if;
  end if;
  select string_agg(format('%s %s', d.kind, d.relation), ', ' order by d.relation) into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents(v_to.model_id) d
  where not d.can_follow;
  if v_bound is not null and force is not true then
    raise exception 'Bound to the table of vectors and not able to follow the change of model: %.', v_bound
      using errcode = 'PE033',
        hint = 'Drop them, activate, and make them again (dbt run does), or leave them on the former model: ' || v_forced;
  end if;
  -- As they are written now: after the change their text would name the table that they are bound to.
  select array_agg(
    format(
      'create or replace view %s%s as %s',
      d.relation, ' with (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', pg_get_viewdef(c.oid)
    )
  ) into v_views
  from :PGVECTOR_SCHEMA.embeddings_dependents(v_to.model_id) d
  join pg_class c on c.oid = d.relation::regclass
  where d.can_follow;
  execute format('analyze :PGVECTOR_SCHEMA.%I', v_table);

  for v_try in 1 .. 5 loop
    begin
      perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
      execute format('lock table :PGVECTOR_SCHEMA.%I in access exclusive mode', v_table);
      -- Longer than deadlock_timeout, after which an autovacuum gives way.
      perform set_config('lock_timeout', '1500ms', true);
      lock table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE in access exclusive mode;
      exit;
    exception when lock_not_available then
      if v_try = 5 then
        raise exception 'Somebody is using the table of vectors for longer than a search takes.'
          using errcode = 'PE034',
            hint = 'Call it again. Who it is: select pid, state, xact_start, query from pg_stat_activity where pid in (select pid from pg_locks where relation = '':PGVECTOR_SCHEMA.:PGVECTOR_TABLE''::regclass);';
      end if;
      perform pg_sleep(0.2 + 0.3 * random());
    end;
  end loop;

  select m.* into v_from from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_from.model_id = v_to.model_id or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_to.model_id) then
    raise exception 'The models were changed meanwhile.'
      using errcode = 'PE034', hint = 'See how they stand: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  v_former := ':PGVECTOR_TABLE' || '_' || coalesce(v_from.model_id, 0);
  execute format('alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE rename to %I', v_former);
  perform :PGVECTOR_SCHEMA.rename_indexes(v_former, ':PGVECTOR_TABLE');
  execute format('alter table :PGVECTOR_SCHEMA.%I rename to :PGVECTOR_TABLE', v_table);
  perform :PGVECTOR_SCHEMA.rename_indexes(':PGVECTOR_TABLE', v_table);
  -- What was granted on the one after the other was made.
  perform :PGVECTOR_SCHEMA.copy_grants(v_former, ':PGVECTOR_TABLE');

  update :PGVECTOR_SCHEMA.embedding_models m
  set is_active = false, is_kept = true, activated_at = coalesce(m.activated_at, m.registered_at)
  where m.model_id = v_from.model_id;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true, is_kept = false, activated_at = clock_timestamp() where m.model_id = v_to.model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_to.model_id;
  foreach v_statement in array coalesce(v_views, '{}') loop
    execute v_statement;
  end loop;
  perform :PGVECTOR_SCHEMA.announce_changes();
  if v_from.model_id is null then
    -- reset_embeddings() emptied it for a model that did not come, and what waits for that one waits for this one too.
    execute format('drop table :PGVECTOR_SCHEMA.%I', v_former);
    delete from :PGVECTOR_SCHEMA.product_queue q where q.model_id = 0;
    delete from :PGVECTOR_SCHEMA.product_changes c where c.model_id = 0;
    return format('%s is active.', v_to.name);
  end if;
  return format('%s is active. %s is kept true: select :PGVECTOR_SCHEMA.rollback_model(); or, when it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);',
    v_to.name, v_from.name, v_from.model_id::text);
end
$$;

comment on function :PGVECTOR_SCHEMA.activate_model(text, boolean) is
  'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete, cannot be loaded or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use; and PE001 to PE003, PE005, PE029, as it compares the products.';
--! EndIncluded models/activate_model.sql
--! Included models/copy_grants.sql
create or replace function :PGVECTOR_SCHEMA.copy_grants(from_table text, to_table text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant record;
begin
  for v_grant in
    select
      g.privilege_type || coalesce(' (' || quote_ident(g.column_name) || ')', '') as privilege,
      case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee,
      case when g.is_grantable then ' with grant option' else '' end as option
    from pg_class c
    cross join lateral (
      select null::name as column_name, t.* from aclexplode(c.relacl) t
      union all
      select a.attname, t.* from pg_attribute a cross join lateral aclexplode(a.attacl) t where a.attrelid = c.oid and not a.attisdropped
    ) g
    left join pg_roles r on r.oid = g.grantee
    where c.oid = to_regclass(format(':PGVECTOR_SCHEMA.%I', from_table)) and g.grantee <> c.relowner
  loop
    execute format('grant %s on :PGVECTOR_SCHEMA.%I to %s%s', v_grant.privilege, to_table, v_grant.grantee, v_grant.option);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_grants(text, text) is 'Grants on one table of our schema, and on its columns, what is granted on another.';
--! EndIncluded models/copy_grants.sql
--! Included models/model_gaps.sql
/*
 * What a search would lose if this model were the active one now. A product that no model has encoded yet
 * is no loss, and neither is a change of the last minute, which is on its way to both.
 */
create or replace function :PGVECTOR_SCHEMA.model_gaps(model_id integer, out missing bigint, out stale bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select
    count(*) filter (where m.state = 'missing'),
    count(*) filter (
      where m.state = 'stale' and a.state = 'current'
        and not exists (
          select
          from :PGVECTOR_SCHEMA.queued_products q
          where q.product_id = m.product_id and q.model_id = model_gaps.model_id and q.queued_at > now() - interval '1 minute'
        )
    )
  into missing, stale
  from :PGVECTOR_SCHEMA.embedding_difference(model_gaps.model_id) m
  join :PGVECTOR_SCHEMA.embedding_difference() a on a.product_id = m.product_id
  where a.state in ('current', 'stale');
end
$$;

comment on function :PGVECTOR_SCHEMA.model_gaps(integer) is
  'Live products that have a vector of the active model but none of this one (missing), or only an outdated one where the active model''s is current (stale; changes of the last minute not counted). Raises PE001 to PE003, PE005, PE029.';
--! EndIncluded models/model_gaps.sql
--! Included models/prepare_model.sql
/*
 * The server cannot load a model, so this leaves the wish and wakes the worker, which makes a second
 * table beside the first and fills it between changes of the first.
 */
create or replace function :PGVECTOR_SCHEMA.prepare_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_running :PGVECTOR_SCHEMA.model_preparation;
  v_bound text;
begin
  if coalesce(btrim(prepare_model.model), '') = '' then
    raise exception 'The model has no name.'
      using errcode = 'PE031', hint = 'Such as: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');';
  end if;
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  select * into v_running from :PGVECTOR_SCHEMA.model_preparation;
  if found then
    raise exception 'The model % is being prepared.', v_running.model
      using errcode = 'PE030',
        hint = format('See how far: select * from :PGVECTOR_SCHEMA.model_status;  Give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', v_running.model);
  end if;

  insert into :PGVECTOR_SCHEMA.model_preparation (model) values (btrim(prepare_model.model));
  select string_agg(format('%s %s', d.kind, d.relation), ', ') into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null then
    raise warning 'Bound to the table of vectors and not able to follow a change of model: %.', v_bound
      using hint = 'Drop them before activate_model() and make them again after it, as dbt run does.';
  end if;
  perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
end
$$;

comment on function :PGVECTOR_SCHEMA.prepare_model(text) is
  'Has the worker load a model and encode all products with it beside the active one: a name as on the hub, or a folder on the worker''s machine. Search is not touched; model_status shows how far it is. Raises PE030 while another is prepared, PE031.';
--! EndIncluded models/prepare_model.sql
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
  'Documents of so many of the products whose words are known, the same each time as long as these are there: for the worker to see whether a tokenizer suits them. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded models/sample_documents.sql
--! Included embedding/embedding_difference.sql
/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create or replace function :PGVECTOR_SCHEMA.embedding_difference(model_id integer default null)
returns table (product_id bigint, state text, document_hash bytea, has_words boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_model_id integer;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_model_id := coalesce(embedding_difference.model_id, :PGVECTOR_SCHEMA.active_model_id(), 0);
  return query execute format(
    $sql$
      select
        coalesce(d.product_id, e.product_id),
        case
          when e.product_id is null then 'missing'
          when d.product_id is null then 'orphan'
          when e.model_id is distinct from $1 or e.document_hash is distinct from d.document_hash then 'stale'
          else 'current'
        end,
        d.document_hash,
        w.document_hash is not distinct from d.document_hash and w.config = $2 and w.recipe = $3
      from (%s) d
      full join :PGVECTOR_SCHEMA.%I e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_words w on w.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query(), :PGVECTOR_SCHEMA.embeddings_table(v_model_id)
  ) using v_model_id, (select s.words_config from :PGVECTOR_SCHEMA.settings s), :PGVECTOR_SCHEMA.words_recipe();
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference(integer) is
  'Each product and vector of a model, the active one when null: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005, PE029, PE031.';
--! EndIncluded embedding/embedding_difference.sql
--! Included embedding/import_embeddings.sql
/*
 * Vectors that were made elsewhere, taken over instead of made again: of products whose text was the
 * document that they have now as current ones, of others only where there is none yet, to serve until the
 * product is encoded. That they are of the model that is named is not believed but checked, against some
 * that we encoded ourselves. Security invoker: who imports has to be able to read the relation.
 */
create or replace function :PGVECTOR_SCHEMA.import_embeddings(
  relation text,
  model text,
  id_column text default 'product_id',
  embedding_column text default 'embedding',
  document_column text default null,
  same_text boolean default false,
  force boolean default false
)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
set client_min_messages = warning
as $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_dimension integer;
  v_relation regclass;
  v_table text;
  v_column text;
  v_checked bigint;
  v_nearest double precision;
  v_rows bigint;
begin
  begin
    v_relation := import_embeddings.relation::regclass;
  exception when others then
    v_relation := null;
  end;
  if v_relation is null then
    raise exception 'There is no relation %.', coalesce(quote_literal(left(import_embeddings.relation, 100)), 'null')
      using errcode = 'PE035', hint = 'Name it with its schema: schema.table.';
  end if;
  foreach v_column in array array[id_column, embedding_column] || array_remove(array[document_column], null) loop
    if not exists (
      select from pg_attribute a where a.attrelid = v_relation and a.attname = v_column and a.attnum > 0 and not a.attisdropped
    ) then
      raise exception 'The relation % has no column %.', v_relation, coalesce(quote_ident(v_column), 'null')
        using errcode = 'PE035', hint = 'Pass id_column, embedding_column and, if it is there, document_column.';
    end if;
  end loop;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id := :PGVECTOR_SCHEMA.find_model(import_embeddings.model);
  select m.dimension into v_dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id;
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_model_id);

  drop table if exists pg_temp.product_embeddings_import;
  -- The columns are as the table's, so that nothing of theirs is run: what is read is cast here and now.
  begin
    execute format(
      $sql$
        create temp table product_embeddings_import on commit drop as
        select i.product_id, :VECTOR_SCHEMA.l2_normalize(i.embedding) as embedding,
          case when d.document_hash = i.document_hash or %5$L then d.document_hash end as document_hash
        from (
          select r.%2$I::bigint as product_id, (array_agg(translate(r.%3$I::text, '{}', '[]')))[1]::%6$s as embedding,
            sha256(convert_to(pg_catalog.normalize(max(%4$s), 'NFC'), 'UTF8')) as document_hash
          from %1$s r
          where r.%3$I is not null and r.%2$I is not null and :VECTOR_SCHEMA.vector_dims(translate(r.%3$I::text, '{}', '[]')::%6$s) = %7$s
          group by r.%2$I::bigint
          -- Of a text in several pieces no piece is the product's.
          having count(*) = 1
        ) i
        join (%8$s) d on d.product_id = i.product_id
        where :VECTOR_SCHEMA.vector_norm(i.embedding) > 0
      $sql$,
      v_relation, id_column, embedding_column,
      case when document_column is not null then format('r.%I::text', document_column) else 'null::text' end,
      same_text and document_column is null,
      ':VECTOR_SCHEMA.vector', v_dimension, :PGVECTOR_SCHEMA.document_query()
    );
  exception when data_exception then
    raise exception 'The relation % has a value that is no product''s number or no vector.', v_relation
      using errcode = 'PE035', detail = left(sqlerrm, 200), hint = 'Import a view that leaves such rows out. A vector may be a text or an array, too.';
  end;

  execute format(
    $sql$
      select count(*), min(1 - (e.embedding operator(:VECTOR_SCHEMA.<=>) i.embedding))
      from pg_temp.product_embeddings_import i
      join :PGVECTOR_SCHEMA.%I e on e.product_id = i.product_id and e.model_id = $1 and e.document_hash = i.document_hash
    $sql$,
    v_table
  ) into v_checked, v_nearest using v_model_id;
  if v_nearest < 0.99 then
    raise exception 'The vectors of % are not of the model %: of % products with the same text, the least alike has cosine %.',
      v_relation, import_embeddings.model, v_checked, round(v_nearest::numeric, 3)
      using errcode = 'PE035', hint = 'Name the model that they are of; another revision, pooling or prefix is another model.';
  end if;
  if v_checked < 3 and force is not true and exists (select from pg_temp.product_embeddings_import i where i.document_hash is not null) then
    raise exception 'Whether the vectors of % are of the model % cannot be checked: only % of them are of a product that we encoded from the same text.',
      v_relation, import_embeddings.model, v_checked
      using errcode = 'PE035', hint = 'Encode some first: npm run embed -- --limit 20  or import them unchecked: force => true.';
  end if;

  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%1$I as e (product_id, embedding, model_id, document_hash)
      select i.product_id, i.embedding, $1, i.document_hash
      from pg_temp.product_embeddings_import i
      where i.document_hash is not null
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = null, updated_at = now(), vanished_at = null
      where (e.model_id, e.document_hash) is distinct from (excluded.model_id, excluded.document_hash)
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics imported = row_count;
  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id)
      select i.product_id, i.embedding, $1
      from pg_temp.product_embeddings_import i
      where i.document_hash is null
      on conflict (product_id) do nothing
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics serving = row_count;
  execute format('select count(*) from %s', v_relation) into v_rows;
  skipped := v_rows - imported - serving;
  drop table pg_temp.product_embeddings_import;
  perform :PGVECTOR_SCHEMA.reconcile();
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_embeddings(text, text, text, text, text, boolean, boolean) is
  'Takes over vectors made elsewhere, of a model whose vectors are kept: from a relation with a column of product ids, one of vectors and, best, one of the texts that they are of (same_text: they are of the documents, without such a column). imported: current, not to be encoded; serving: of another text, for products that had none, until they are encoded; skipped: rows of no live product, of several vectors a product, of another dimension, or current already. force: without the check against vectors of our own. Raises PE001, PE002, PE003, PE005, PE029, PE031, PE035.';
--! EndIncluded embedding/import_embeddings.sql
--! Included embedding/reset_embeddings.sql
/*
 * TRUNCATE and ALTER rather than DROP: grants stay. Where the dimension changes, a view over the
 * column makes ALTER fail, and then nothing is lost.
 */
create or replace function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if dimension is null or dimension not between 1 and 16000 then
    raise exception 'Vectors of % dimensions there are not.', coalesce(dimension::text, 'null')
      using errcode = 'PE020', hint = 'Pass what the model gives, from 1 to 16000.';
  end if;
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    if (
      select a.atttypmod from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'::regclass and a.attname = 'embedding'
    ) is distinct from reset_embeddings.dimension then
      execute format(
        'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
        reset_embeddings.dimension
      );
    end if;
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(':PGVECTOR_TABLE', reset_embeddings.dimension);
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  -- For the model that comes next, whichever it is; what is kept of others is left alone.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = 0, claim_id = null
  where q.model_id = :PGVECTOR_SCHEMA.active_model_id();
  update :PGVECTOR_SCHEMA.product_changes c set model_id = 0 where c.model_id = :PGVECTOR_SCHEMA.active_model_id();
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return 0;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.reset_embeddings(integer) is
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded. Raises PE020 for a dimension that vectors cannot have, PE002, PE005, PE029.';
--! EndIncluded embedding/reset_embeddings.sql
--! Included embedding/set_windows.sql
/*
 * Only the documents that are longer than a model reads have another vector then: these lose their hash and
 * are encoded again, and all others are left alone. The old vectors serve until then.
 */
create or replace function :PGVECTOR_SCHEMA.set_windows(windows boolean) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model record;
  v_rows bigint;
  v_all bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  perform :PGVECTOR_SCHEMA.require_embeddings();
  update :PGVECTOR_SCHEMA.settings s set windows = set_windows.windows where s.windows <> set_windows.windows;
  if not found then
    return 0;
  end if;
  delete from :PGVECTOR_SCHEMA.text_embeddings t
  using :PGVECTOR_SCHEMA.embedding_models m
  where m.model_id = t.model_id and t.tokens > m.max_tokens;
  for v_model in
    select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_active or m.is_kept
  loop
    execute format(
      $sql$
        with changed as (
          update :PGVECTOR_SCHEMA.%I e set document_hash = null where e.tokens is not null returning e.product_id
        ),
        queued as (%s)
        select count(*) from changed
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id),
      :PGVECTOR_SCHEMA.queue_changes_sql('select c.product_id from changed c', '$1')
    ) into v_rows using v_model.model_id;
    v_all := v_all + v_rows;
  end loop;
  if v_all > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return v_all;
end
$$;

comment on function :PGVECTOR_SCHEMA.set_windows(boolean) is
  'Has documents that are longer than the model reads read in windows, whose vectors are averaged, or cut off again; returns how many products were queued to be encoded anew. Raises PE003.';
--! EndIncluded embedding/set_windows.sql
--! Included embedding/vanished_products.sql
/*
 * A source that is suddenly half empty is a bad load far more often than a clear-out. The share is of
 * all that are marked and not only of those that are due: marks are set over minutes, and taken
 * minute by minute each lot would look small. A function and not a view, which would forbid to drop
 * the table.
 */
create or replace function :PGVECTOR_SCHEMA.vanished_products()
returns table (product_id bigint, vanished_at timestamptz, due_at timestamptz, held boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  return query
    select
      e.product_id,
      e.vanished_at,
      e.vanished_at + s.vanished_grace,
      count(*) over () > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE)
    from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
    cross join :PGVECTOR_SCHEMA.settings s
    where e.vanished_at is not null;
end
$$;

comment on function :PGVECTOR_SCHEMA.vanished_products() is
  'Vectors whose product is gone from the source: since when, when the vector may go, and whether it is held because more than settings.vanished_hold_share of all vectors are marked. Raises PE003.';
--! EndIncluded embedding/vanished_products.sql
--! Included search/build_index.sql
/*
 * For who can have writers of vectors wait: a function cannot build concurrently. Security invoker,
 * since only the table's owner may build an index on it.
 */
create or replace function :PGVECTOR_SCHEMA.build_index(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  model_id integer default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- What is set below ends with the function because these stand here.
set maintenance_work_mem = '64MB'
set max_parallel_maintenance_workers = 2
as $$
declare
  v_statement text := :PGVECTOR_SCHEMA.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false, model_id => build_index.model_id);
  v_index text := :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, build_index.model_id);
begin
  perform set_config('maintenance_work_mem', :PGVECTOR_SCHEMA.index_memory(build_index.model_id), true);
  execute format('drop index if exists :PGVECTOR_SCHEMA.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

comment on function :PGVECTOR_SCHEMA.build_index(text, boolean, integer, integer, integer, integer) is
  'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, PE031, and 42501 for who does not own the table.';
--! EndIncluded search/build_index.sql
--! Included search/embed_query.sql
/*
 * A procedure, because the worker sees the request only when it is committed. So it can have no SET
 * clause and no rights but the caller's; everything that it names is named in full.
 */
create or replace procedure :PGVECTOR_SCHEMA.embed_query(query text, max_wait interval default '10 seconds')
language plpgsql
as $$
declare
  v_deadline timestamptz := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(max_wait, '10 seconds');
begin
  if :PGVECTOR_SCHEMA.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if :PGVECTOR_SCHEMA.request_query(query) then
    return;
  end if;
  if pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool then
    raise exception 'The vector of a query cannot be asked for where nothing can be written.'
      using errcode = 'PE036',
        hint = 'On a standby: call it on the primary, and the vector comes along; elsewhere: set default_transaction_read_only = off; Meanwhile search_products_text() answers from words alone.';
  end if;
  commit;
  -- The embedded database has one session for all: while this waits, the worker cannot come.
  if pg_catalog.strpos(pg_catalog.version(), 'emscripten') operator(pg_catalog.>) 0 then
    raise notice 'The worker will encode it when this call is over.';
    return;
  end if;
  while not :PGVECTOR_SCHEMA.request_query(query) loop
    if pg_catalog.clock_timestamp() operator(pg_catalog.>) v_deadline then
      raise exception 'No worker encoded the query within %.', coalesce(max_wait, '10 seconds')
        using errcode = 'PE026', hint = 'Start one: npm run worker. Meanwhile search_products_text() answers from words alone.';
    end if;
    -- Ends the transaction, so that waiting holds nothing back.
    commit;
    perform pg_catalog.pg_sleep(0.02);
  end loop;
end
$$;

comment on procedure :PGVECTOR_SCHEMA.embed_query(text, interval) is
  'Has the worker encode a query and waits until it is done, max_wait at the most (null for 10 seconds): call embed_query(''тормозные колодки''); Not inside a transaction. Raises PE019, PE026, and PE036 at once on a standby and where a transaction is read-only.';
--! EndIncluded search/embed_query.sql
--! Included search/evaluate_search.sql
/*
 * Through the same function that everybody searches with, so that what is measured is what they get.
 * Measures as trec_eval has them: linear gain and a discount of log2 for nDCG, anything above 0 for the
 * others, with its ranking cut off at k. A query whose vector nobody made yet is searched by words alone:
 * a mode with vectors would be charged with what the worker has not done.
 *
 * Judgments of products that are not there are left out, or the figures would sink as a catalogue ages.
 */
create or replace function :PGVECTOR_SCHEMA.evaluate_search(k integer default 10, model_id integer default null)
returns table (
  model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
  v_model record;
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_other_id := nullif(evaluate_search.model_id, :PGVECTOR_SCHEMA.active_model_id());
  select s.name, s.products, greatest(s.products - s.embedded, s.queued) as waiting into v_model
  from :PGVECTOR_SCHEMA.model_status s
  where s.model_id = coalesce(v_other_id, :PGVECTOR_SCHEMA.active_model_id());
  if v_model.waiting > 0 then
    raise warning '% of % products have no vector of % yet, or one of a former text: figures with vectors are not what they will be.',
      v_model.waiting, v_model.products, v_model.name;
  end if;

  return query
    with
      judged as materialized (
        select g.query, g.product_id, g.grade
        from :PGVECTOR_SCHEMA.golden_queries g
        join :PGVECTOR_SCHEMA.product_documents((
          select array_agg(distinct r.product_id) from :PGVECTOR_SCHEMA.golden_queries r where r.grade > 0
        )) d on d.product_id = g.product_id
        where g.grade > 0
      ),
      asked as materialized (
        select g.query, min(g.kind) as kind, :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null as is_embedded
        from :PGVECTOR_SCHEMA.golden_queries g
        where g.query in (select j.query from judged j)
        group by g.query
      ),
      best as materialized (
        select i.query, count(*) as relevant, sum(i.grade * ln(2) / ln(i.place + 1)) filter (where i.place <= evaluate_search.k) as ideal
        from (
          select j.query, j.grade, row_number() over (partition by j.query order by j.grade desc) as place
          from judged j
        ) i
        group by i.query
      ),
      run as materialized (
        select a.query, a.kind, m.mode, m.place, m.mode = 'words' or a.is_embedded as is_searched
        from asked a
        cross join (values ('words', 1), ('vectors', 2), ('hybrid', 3)) m (mode, place)
      ),
      hit as materialized (
        select r.query, r.mode, h.product_id, h.ordinality as place
        from (select * from run r where r.is_searched offset 0) r
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(r.query, evaluate_search.k, r.mode, v_other_id) with ordinality h
      ),
      gained as materialized (
        select h.query, h.mode, sum(j.grade * ln(2) / ln(h.place + 1)) as gain, min(h.place) as first_place, count(*) as found
        from hit h
        join judged j on j.query = h.query and j.product_id = h.product_id
        group by h.query, h.mode
      ),
      scored as materialized (
        select
          r.kind,
          r.mode,
          r.place,
          r.is_searched,
          coalesce(g.gain / b.ideal, 0) as ndcg,
          coalesce(1.0 / g.first_place, 0)::double precision as rr,
          coalesce(g.found, 0)::double precision / b.relevant as recall
        from run r
        join best b on b.query = r.query
        left join gained g on g.query = r.query and g.mode = r.mode
      )
    select
      (select m.name from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = coalesce(v_other_id, :PGVECTOR_SCHEMA.active_model_id())),
      s.kind,
      s.mode,
      count(*) filter (where s.is_searched),
      avg(s.ndcg) filter (where s.is_searched),
      avg(s.rr) filter (where s.is_searched),
      avg(s.recall) filter (where s.is_searched),
      count(*) filter (where not s.is_searched)
    from scored s
    group by grouping sets ((s.kind, s.mode, s.place), (s.mode, s.place))
    order by grouping(s.kind), s.kind, s.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.evaluate_search(integer, integer) is
  'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Warns while products wait to be encoded. model_id: another model whose vectors are kept, null for the active one. Raises PE001 to PE003, PE005, PE014, PE029 and PE031.';
--! EndIncluded search/evaluate_search.sql
--! Included search/filter_sql.sql
/*
 * A filter is data, never SQL: columns have to be the source's and go through %I, operators are from a
 * list, values are literals of the column's own type. Each value is cast here, so that one that does
 * not fit is told by its column and not by a failing search. Operators are pg_catalog's, because a
 * security definer function runs what comes of this; of a type from elsewhere also its own, as citext has them, if a
 * superuser owns operator and function, which an extension's are.
 */
create or replace function :PGVECTOR_SCHEMA.filter_sql(alias text, filter jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_conditions text[] := array[]::text[];
  v_key text;
  v_value jsonb;
  v_operator text;
  v_operand jsonb;
  v_type_oid oid;
  v_type text;
  v_is_array boolean;
  v_symbol text;
  v_schema text;
  v_plain text[];
  v_comparisons text[];
begin
  if filter is null or jsonb_typeof(filter) = 'null' then
    return 'true';
  end if;
  if jsonb_typeof(filter) <> 'object' then
    raise exception 'A filter is an object of columns, not %.', jsonb_typeof(filter)
      using errcode = 'PE016', hint = 'Such as {"vendor_code": "X", "category_id": [1, 2], "price": {">=": 10, "<": 100}}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(filter) e loop
    -- A value need not be one that a domain allows.
    with recursive named as (
      select c.type::oid as oid from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_key
      union all
      select t.typbasetype from named n join pg_type t on t.oid = n.oid where t.typtype = 'd'
    )
    -- With -1 and not null: character and bit without a length mean a length of 1.
    select t.oid, format_type(t.oid, -1), t.typcategory = 'A' into v_type_oid, v_type, v_is_array
    from named n
    join pg_type t on t.oid = n.oid
    where t.typtype <> 'd';
    if v_type is null then
      perform :PGVECTOR_SCHEMA.require_source();
      raise exception 'The source has no column %.', quote_literal(left(v_key, 100))
        using errcode = 'PE015',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
    end if;
    if jsonb_typeof(v_value) <> 'object' then
      v_value := jsonb_build_object('=', v_value);
    end if;

    for v_operator, v_operand in select e.key, e.value from jsonb_each(v_value) e loop
      if v_operator not in ('=', '<>', '<', '<=', '>', '>=', 'like') then
        raise exception 'The filter on % has an unknown operator: %.', v_key, quote_literal(left(v_operator, 100))
          using errcode = 'PE016', hint = 'Use =, <>, <, <=, >, >= or like.';
      end if;
      if jsonb_typeof(v_operand) = 'object'
        or jsonb_typeof(v_operand) in ('array', 'null') and v_operator not in ('=', '<>')
        or jsonb_path_exists(v_operand, 'strict $[*] ? (@.type() == "object" || @.type() == "array")', silent => true)
      then
        raise exception 'The filter on % has % for %.', v_key, jsonb_typeof(v_operand), v_operator
          using errcode = 'PE016', hint = '= and <> take a value, null or an array of these; the other operators take a value.';
      end if;

      v_plain := array(
        select
          -- A client whose numbers are all floats writes 10.0.
          case when jsonb_typeof(v.value) = 'number' and v_type_oid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
            then trim_scale((v.value #>> '{}')::numeric)::text
            else v.value #>> '{}'
          end
        from jsonb_array_elements(case jsonb_typeof(v_operand) when 'array' then v_operand else jsonb_build_array(v_operand) end) v
        where v.value <> 'null'
      );
      v_symbol := case v_operator when 'like' then '~~' else v_operator end;
      v_schema := coalesce(
        (
          select n.nspname
          from pg_operator o
          join pg_proc f on f.oid = o.oprcode
          join pg_namespace n on n.oid = o.oprnamespace
          join pg_type t on t.oid = o.oprleft and t.typnamespace <> 'pg_catalog'::regnamespace
          where o.oprname = v_symbol and o.oprleft = v_type_oid and o.oprright = v_type_oid
            and (select bool_and(r.rolsuper) from pg_roles r where r.oid in (o.oprowner, f.proowner))
          order by n.oid = t.typnamespace desc, n.nspname
          limit 1
        ),
        'pg_catalog'
      );
      v_comparisons := array(
        -- Any array of arrays is of the arrays' own type, so each is compared by itself.
        select format(' operator(%I.%s) %L::%s', v_schema, v_symbol, u.value, v_type)
        from unnest(v_plain) u (value)
        where v_is_array or jsonb_typeof(v_operand) <> 'array'
        union all
        select format(' operator(%I.%s) %s (%L::%s[])', v_schema, v_symbol, case v_operator when '<>' then 'all' else 'any' end, v_plain, v_type)
        where not v_is_array and jsonb_typeof(v_operand) = 'array' and v_plain <> '{}'
      );
      begin
        if v_operator = 'like' and v_plain[1] ~ E'(^|[^\\\\])(\\\\\\\\)*\\\\$' then
          raise exception 'The pattern ends with the escape character.';
        end if;
        for i in 1 .. cardinality(v_comparisons) loop
          execute format('select pg_catalog.count(null::%s%s)', v_type, v_comparisons[i]);
        end loop;
      exception when others then
        raise exception 'The filter on % has a value that a column of type % cannot be compared with by %.', v_key, v_type, v_operator
          using errcode = 'PE016', detail = sqlerrm, hint = 'Give a value of the column''s type: a string is read as psql reads a literal.';
      end;

      v_conditions := v_conditions || (
        select format(case when count(*) > 1 then '(%s)' else '%s' end, string_agg(c.condition, case v_operator when '<>' then ' and ' else ' or ' end))
        from (
          select format('%I.%I%s', alias, v_key, u.comparison) as condition from unnest(v_comparisons) u (comparison)
          union all
          select format('%I.%I is %s', alias, v_key, case v_operator when '<>' then 'not null' else 'null' end) where v_operand @> 'null'
          union all
          -- None of no values is equal, and all are other.
          select (v_operator = '<>')::text where v_operand = '[]'
        ) c
      );
    end loop;
  end loop;
  return coalesce(nullif(array_to_string(v_conditions, ' and '), ''), 'true');
end
$$;

comment on function :PGVECTOR_SCHEMA.filter_sql(text, jsonb) is
  'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE001, PE002, PE015, PE016.';
--! EndIncluded search/filter_sql.sql
--! Included search/index_memory.sql
/*
 * pgvector builds an HNSW graph several times faster while all of it fits into maintenance_work_mem;
 * the server's default of 64 MB holds some 25,000 products. Freed when the build is through.
 */
create or replace function :PGVECTOR_SCHEMA.index_memory(model_id integer default null) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_memory text;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  execute format(
    $sql$
      select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
      from pg_attribute a
      left join :PGVECTOR_SCHEMA.%1$I e on true
      where a.attrelid = ':PGVECTOR_SCHEMA.%1$I'::regclass and a.attname = 'embedding'
      group by a.atttypmod
    $sql$,
    :PGVECTOR_SCHEMA.embeddings_table(index_memory.model_id)
  ) into v_memory;
  return v_memory;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_memory(integer) is
  'maintenance_work_mem that holds an index over a model''s present vectors while it is built, from 64 MB to 2 GB. Raises PE003, PE031.';
--! EndIncluded search/index_memory.sql
--! Included search/index_sql.sql
/*
 * The statement and not the index: create index concurrently runs in no function and no transaction,
 * so psql's \gexec or the worker runs it. One index by L2 serves the three metrics of search, since
 * vectors have unit length, and a query of one's own that orders by <->. Its name tells what it is.
 */
create or replace function :PGVECTOR_SCHEMA.index_sql(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  is_concurrent boolean default true,
  model_id integer default null
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
  v_table text := :PGVECTOR_SCHEMA.embeddings_table(index_sql.model_id);
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = format(':PGVECTOR_SCHEMA.%I', v_table)::regclass and a.attname = 'embedding';
  if kind is null or kind not in ('hnsw', 'ivfflat') then
    raise exception 'An index is hnsw or ivfflat, not %.', coalesce(quote_literal(left(kind, 100)), 'null')
      using errcode = 'PE022', hint = 'select :PGVECTOR_SCHEMA.index_sql(); is an HNSW index, which is right up to a million products.';
  end if;
  if as_halfvec is null then
    raise exception 'as_halfvec must be true or false, not null.'
      using errcode = 'PE022', hint = 'Leave it out for false.';
  end if;
  if kind = 'hnsw' and (m is null or m not between 2 and 100) then
    raise exception 'm must be from 2 to 100, not %.', coalesce(m::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 16.';
  end if;
  if kind = 'hnsw' and (ef_construction is null or ef_construction not between 4 and 1000 or ef_construction < 2 * m) then
    raise exception 'ef_construction must be from twice m, %, to 1000, not %.', 2 * m, coalesce(ef_construction::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 64.';
  end if;
  if v_lists not between 1 and 32768 then
    raise exception 'lists must be from 1 to 32768, not %.', v_lists
      using errcode = 'PE022', hint = 'Leave it out for a thousandth of the rows, and beyond a million their square root.';
  end if;
  if v_dimension > (case when as_halfvec then 4000 else 2000 end) then
    raise exception 'An index over vectors of % components does not exist.', v_dimension
      using errcode = 'PE022', hint = 'Halves reach to 4000: select :PGVECTOR_SCHEMA.index_sql(as_halfvec => true);';
  end if;

  if kind = 'ivfflat' and v_lists is null then
    execute format('select count(*) from :PGVECTOR_SCHEMA.%I', v_table) into v_rows;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on :PGVECTOR_SCHEMA.%I using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, index_sql.model_id),
    v_table,
    kind,
    case when as_halfvec
      then format('(embedding:::VECTOR_SCHEMA.halfvec(%s)) :VECTOR_SCHEMA.halfvec_l2_ops', v_dimension)
      else 'embedding :VECTOR_SCHEMA.vector_l2_ops'
    end,
    case kind
      when 'hnsw' then format('m = %s, ef_construction = %s', m, ef_construction)
      else format('lists = %s', v_lists)
    end
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.index_sql(text, boolean, integer, integer, integer, boolean, integer) is
  'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them, of the active model or another whose vectors are kept; for psql: select :PGVECTOR_SCHEMA.index_sql() \gexec. Raises PE003, PE022, PE031.';
--! EndIncluded search/index_sql.sql
--! Included search/map_due.sql
/*
 * A map costs a minute of a core, so it is made anew when it shows another catalogue and not at every
 * change: a twentieth of it changed or is gone, or it has the vectors of another model. An hour between two, or a backfill would draw all the time.
 */
create or replace function :PGVECTOR_SCHEMA.map_due() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wanted integer := (select s.map_products from :PGVECTOR_SCHEMA.settings s);
  v_vectors bigint := (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is null);
  v_mapped bigint;
  v_mapped_at timestamptz;
  v_changed bigint;
begin
  select count(*), min(m.mapped_at) into v_mapped, v_mapped_at from :PGVECTOR_SCHEMA.product_map m;
  if v_wanted = 0 or v_vectors < 3 then
    return v_mapped > 0;
  end if;
  if v_mapped = 0 then
    return true;
  end if;
  -- updated_at is a timestamp in the session's time zone, as the Python pipeline's users read it.
  select count(*) into v_changed
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.updated_at > v_mapped_at::timestamp or e.vanished_at > v_mapped_at;
  return v_mapped_at < now() - interval '1 hour'
    and (
      v_changed * 20 > v_vectors or abs(v_mapped - least(v_wanted, v_vectors)) * 20 > v_wanted
      or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at > v_mapped_at)
    );
end
$$;

comment on function :PGVECTOR_SCHEMA.map_due() is
  'Whether product_map should be made anew: there is none and three vectors or more, or a twentieth of the catalogue or the model changed since and the map is an hour old.';
--! EndIncluded search/map_due.sql
--! Included search/nearest_products.sql
/*
 * Three ways to the same answer. Nearly every search is answered by the first: a few more than asked from
 * the index, then the source's rows of these, by two statements whose plans the session keeps. It gives nothing when too few of
 * them are live. Then along the index, about nearest first, through a cursor: as many vectors are
 * taken as it needs until enough of their products are live and pass, in one scan, whose plan plpgsql
 * keeps (with a limit that is a parameter it would plan a sort, or plan at every call). What comes late
 * (relaxed_order) is sorted with the rest; a strict order would drop it. Or exactly:
 * without an index, where the scan ends early, and where so few products pass that the scan would
 * wander. It begins along the index, since most filters let through enough of the nearest; when they
 * do not, the source is asked which products pass, up to a bound, which is cheap where it has an index
 * on the filter's column.
 *
 * What is fused with words goes through the index of up to 100,000 products with half of ef_search: what it misses by that, the
 * words have found or the fusion would have put behind. From 200,000 on, where that would show, and the words take most of the
 * time, with all of it (docs/architecture.md has the figures).
 *
 * Of another model than the active one all vectors are compared: it is being judged, not used.
 *
 * Internal: who may not read our tables comes through a function that checks the query.
 */
create or replace function :PGVECTOR_SCHEMA.nearest_products(
  query :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, excluded bigint[] default null,
  model_id integer default null, for_fusion boolean default false
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- It costs a tenth of a scan, and the first way does without.
set hnsw.iterative_scan = off
set ivfflat.iterative_scan = off
-- What the settings say instead is set below, and ends with the function because these stand here.
set hnsw.ef_search = 40
set ivfflat.probes = 1
-- A scan is planned for its first rows, and not compiled for all of them.
set cursor_tuple_fraction = 0
set jit = off
-- With a limit that is a parameter the first way would be planned as a sort of everything. Not by enable_seqscan: of the
-- source, which dbt leaves without an index, all joins would then cost the same, and a sort of its rows be as good as a hash of the hits.
set enable_sort = off
as $$
#variable_conflict use_column
declare
  v_source regclass;
  v_state record;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
  v_index text;
  v_signature text;
  v_is_kept boolean;
  v_passes text;
  v_excluded bigint[] := coalesce(nearest_products.excluded, array[]::bigint[]);
  v_lookup text;
  v_vectors refcursor;
  v_id bigint;
  v_distance double precision;
  v_ids bigint[];
  v_distances double precision[];
  v_passing bigint[];
  v_row record;
  v_hits integer := 0;
  v_taken integer := 0;
  v_batch integer;
  v_wanted double precision;
  v_exact boolean := true;
  v_among text;
  v_duplicates boolean;
  -- A product that stands in several rows, which the last comparison cannot know yet: then all are looked through.
  v_double boolean := false;
  v_hit_ids bigint[] := array[]::bigint[];
  v_names text[] := array[]::text[];
  v_codes text[] := array[]::text[];
  v_prices numeric[] := array[]::numeric[];
  v_hit_distances double precision[] := array[]::double precision[];
begin
  -- The table is named, so that the plan is made anew when it has another index, and not read.
  select
    case
      when for_fusion then least(
        s.hnsw_ef_search,
        greatest(
          (s.hnsw_ef_search * least(1, greatest(0.5, (select t.products from :PGVECTOR_SCHEMA.word_totals t) / 200000.0)))::integer,
          2 * max_results
        )
      )
      else s.hnsw_ef_search
    end::text as hnsw_ef_search,
    s.ivfflat_probes::text,
    case when nearest_products.model_id is null and not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE where false)
      then :PGVECTOR_SCHEMA.planned_index()
    end as index
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s;
  v_index := v_state.index;
  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
  end if;

  if v_index = 'vector' and nearest_products.filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
      select array_agg(n.product_id), array_agg(n.distance) into v_ids, v_distances
      from (
        select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query as distance
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query
        limit max_results + 2
      ) n;
      return query
        with live as materialized (
          select r.product_id, r.name, r.vendor_code, r.price, v_distances[array_position(v_ids, r.product_id)] as distance
          from :PGVECTOR_SCHEMA.source_rows(v_ids, :PGVECTOR_SCHEMA.planned_signature()) r
          where r.passes
        )
        select l.product_id, l.name, l.vendor_code, l.price, l.distance
        from live l
        where (select count(*) from live) >= max_results
        order by l.distance, l.product_id
        limit max_results;
      if found then
        return;
      end if;
    exception when syntax_error_or_access_rule_violation or invalid_schema_name then
      -- source_rows() was made for something else.
      null;
    end;
  end if;

  v_source := :PGVECTOR_SCHEMA.lock_source();
  if v_index is not null then
    v_signature := :PGVECTOR_SCHEMA.source_signature(v_source);
    v_is_kept := nearest_products.filter is null
      and exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = v_signature);
    perform set_config('enable_sort', 'on', true),
      -- Without it an index scan ends after ef_search rows, and products that are gone would leave holes.
      set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('ivfflat.iterative_scan', 'relaxed_order', true);
    if v_index = 'vector' then
      open v_vectors for
        select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query;
    else
      open v_vectors for execute format(
        $sql$
          select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) $1
          from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
          where e.product_id operator(pg_catalog.<>) all ($2)
          order by e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s
        $sql$,
        v_index
      ) using nearest_products.query, v_excluded;
    end if;

    -- A few more than asked: for one that is gone, for those that do not pass, and for what halves put out of order.
    v_batch := least(max_results + case when nearest_products.filter is null and v_index = 'vector' then 2 else max_results + 10 end, 2000);
    loop
      v_ids := array[]::bigint[];
      v_distances := array[]::double precision[];
      for i in 1 .. v_batch loop
        fetch v_vectors into v_id, v_distance;
        exit when not found;
        v_ids := v_ids || v_id;
        v_distances := v_distances || v_distance;
      end loop;
      exit when cardinality(v_ids) = 0;
      v_taken := v_taken + cardinality(v_ids);

      if v_is_kept then
        select array_agg(r.product_id) as ids, array_agg(r.name) as names, array_agg(r.vendor_code) as codes,
          array_agg(r.price) as prices, array_agg(v_distances[array_position(v_ids, r.product_id)]) as distances
        into v_row
        from :PGVECTOR_SCHEMA.source_rows(v_ids, v_signature) r
        where r.passes;
        -- Too few may be because it is made for something else.
        v_is_kept := coalesce(cardinality(v_row.ids) >= max_results, false);
      end if;
      if not v_is_kept then
        if v_lookup is null then
          v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
          v_passes := concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter));
          v_lookup := format(
            $sql$
              select array_agg(r.product_id) as ids, array_agg(r.name) as names, array_agg(r.vendor_code) as codes,
                array_agg(r.price) as prices, array_agg(($2)[array_position($1, r.product_id)]) as distances
              from (%s) r
              where r.passes
            $sql$,
            :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, true)
          );
        end if;
        execute v_lookup into v_row using v_ids, v_distances;
      end if;
      v_hit_ids := v_hit_ids || v_row.ids;
      v_names := v_names || v_row.names;
      v_codes := v_codes || v_row.codes;
      v_prices := v_prices || v_row.prices;
      v_hit_distances := v_hit_distances || v_row.distances;
      v_hits := cardinality(v_hit_ids);
      v_exact := v_hits < max_results;
      exit when not v_exact;

      -- As many again as it takes if the next ones pass as often as these did.
      v_wanted := (max_results - v_hits) * v_taken / greatest(v_hits, 0.5);
      if v_passing is null and v_wanted > 200 then
        execute format(
          'select array(select %s from %s s where %s limit 2001)', v_expressions.product_id, v_source, v_passes
        ) into v_passing;
        exit when cardinality(v_passing) <= 2000;
      end if;
      v_batch := least(v_wanted * 1.2 + 10, 2000);
    end loop;
    close v_vectors;
  end if;

  if v_exact then
    perform set_config('enable_sort', 'on', true);
    v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
    v_passes := concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter));
    v_among := case when cardinality(v_passing) <= 2000 then v_expressions.among else 'true' end;
    v_duplicates := coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0, false);
  end if;
  while v_exact loop
    v_duplicates := v_duplicates or v_double;
    v_double := false;
    v_hit_ids := array[]::bigint[];
    v_names := array[]::text[];
    v_codes := array[]::text[];
    v_prices := array[]::numeric[];
    v_hit_distances := array[]::double precision[];
    v_id := null;
    for v_row in execute format(
      -- The sum keeps the planner from taking the index, which need not know all.
      $sql$
        select p.product_id, p.name, p.vendor_code, p.price,
          (e.embedding operator(:VECTOR_SCHEMA.<->) $2) operator(pg_catalog.+) 0::pg_catalog.float8 as distance
        from (%s) p
        join :PGVECTOR_SCHEMA.%I e on e.product_id operator(pg_catalog.=) p.product_id
        where p.passes and e.product_id operator(pg_catalog.<>) all ($3) and %s
        order by 5, 1
        limit $4
      $sql$,
      :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_among, v_passes, v_duplicates),
      :PGVECTOR_SCHEMA.embeddings_table(nearest_products.model_id),
      case when v_among = 'true' then 'true' else 'e.product_id operator(pg_catalog.=) any ($1)' end
    ) using v_passing, nearest_products.query, v_excluded, max_results loop
      v_double := v_row.product_id is not distinct from v_id;
      exit when v_double;
      v_id := v_row.product_id;
      v_hit_ids := v_hit_ids || v_row.product_id;
      v_names := v_names || v_row.name;
      v_codes := v_codes || v_row.vendor_code;
      v_prices := v_prices || v_row.price;
      v_hit_distances := v_hit_distances || v_row.distance;
    end loop;
    -- The newest row of a product may be one that does not pass.
    if not v_duplicates and not v_double then
      execute format(
        'select count(*) from (%s) r where r.passes', :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, true)
      ) into v_taken using v_hit_ids;
      v_double := v_taken < cardinality(v_hit_ids);
    end if;
    v_exact := v_double;
  end loop;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.distance
    from unnest(v_hit_ids, v_names, v_codes, v_prices, v_hit_distances) h (product_id, name, vendor_code, price, distance)
    order by h.distance, h.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[], integer, boolean) is
  'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. model_id: null for the active model. for_fusion: candidates beside those of words, for which half of settings.hnsw_ef_search is enough among up to 100,000 products. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/nearest_products.sql
--! Included search/recommended_products.sql
/*
 * Similarity is to the nearest of the given products and not to their mean: the mean of brake pads
 * and motor oil is near to neither. Being together is the noisy or of the pairs' scores, so that
 * several of the given products add up and one is enough, and it is taken relative to the strongest,
 * because scores of pairs are small numbers where a cosine of two texts is not.
 *
 * Each of the given products costs a search, so the first 10 do it; their pairs cost little, so those
 * of the first 100 count. A pair needs no vector: what is sold already and not yet encoded is
 * recommended, and recommended for.
 */
create or replace function :PGVECTOR_SCHEMA.recommended_products(
  product_ids bigint[], max_results integer default 10, filter jsonb default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric,
  score double precision, similarity double precision, together bigint, reason text
)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_given bigint[];
  v_left_out bigint[] := array(select g from unnest(product_ids) g where g is not null);
  v_has_pairs boolean;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 1000);
  v_has_pairs := exists (select from :PGVECTOR_SCHEMA.product_pairs);

  select array_agg(k.product_id order by k.place) into v_given
  from (
    select g.product_id, min(g.place) as place
    from unnest(product_ids) with ordinality g (product_id, place)
    where exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = g.product_id)
      or exists (select from :PGVECTOR_SCHEMA.product_pairs p where p.product_id = g.product_id)
    group by g.product_id
    order by 2
    limit 100
  ) k;
  if v_given is null then
    raise exception 'None of the given products is known here.'
      using errcode = 'PE017',
        hint = 'Pass products that have a vector, or pairs: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  return query
    with
      given as materialized (
        select e.product_id, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id = any (v_given)
        order by array_position(v_given, e.product_id)
        limit 10
      ),
      near as materialized (
        select distinct n.product_id
        from given g
        cross join lateral :PGVECTOR_SCHEMA.nearest_products(g.embedding, greatest(max_results, 10), filter, v_left_out) n
      ),
      paired as materialized (
        select p.other_id as product_id, max(p.together) as together,
          1 - exp(sum(ln(greatest(1 - p.score, 1e-9)))) as affinity
        from :PGVECTOR_SCHEMA.product_pairs p
        where p.product_id = any (v_given) and p.other_id <> all (v_left_out)
        group by p.other_id
      ),
      candidates as materialized (
        select product_id, n.product_id is not null as is_near, p.together, p.affinity
        from near n
        full join paired p using (product_id)
      ),
      alive as materialized (
        select l.product_id, l.name, l.vendor_code, l.price
        from :PGVECTOR_SCHEMA.live_products((select array_agg(c.product_id) from candidates c), filter) l
      ),
      judged as materialized (
        select
          a.product_id, a.name, a.vendor_code, a.price, c.is_near, c.together,
          coalesce(c.affinity / max(c.affinity) over (), 0) as affinity,
          (
            select max(1 - (g.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding))
            from given g
            join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = a.product_id
          ) as similarity
        from alive a
        join candidates c on c.product_id = a.product_id
      )
    select
      j.product_id, j.name, j.vendor_code, j.price,
      case when v_has_pairs then s.pair_weight * j.affinity + (1 - s.pair_weight) * greatest(coalesce(j.similarity, 0), 0) else greatest(j.similarity, 0) end,
      j.similarity, j.together,
      case
        when not v_has_pairs then 'similar (no pairs known)'
        when j.together is null then 'similar'
        when j.is_near then 'both'
        else 'bought together'
      end
    from judged j
    cross join :PGVECTOR_SCHEMA.settings s
    order by 5 desc, 1
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb) is
  'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014 to PE017.';
--! EndIncluded search/recommended_products.sql
--! Included search/refresh_pairs.sql
/*
 * What sells with everything is together with anything, and by counts alone it would be recommended
 * to everybody. So a pair has to be together more often than chance would have it, surely enough
 * (Dunning's log-likelihood ratio, from 10.83: one in a thousand), and its score is the cosine, which
 * divides by what either sells. A group of hundreds of products says little of any two of them and
 * would make tens of thousands of pairs: a sample of it does, another one in each group, and counts
 * are of what is in the sample.
 *
 * Only rows that differ are written, so that a refresh of yesterday's pairs leaves no dead rows, and
 * readers see the old ones until it commits. Security definer: dbt's role may call it after a build.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_pairs() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
  v_settings :PGVECTOR_SCHEMA.settings;
  v_id text;
  v_pairs bigint;
  v_has_no_id boolean;
begin
  -- Two at once would write the same pairs.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_pairs'), 3);
  v_relation := :PGVECTOR_SCHEMA.lock_interactions();
  if v_relation is null then
    delete from :PGVECTOR_SCHEMA.product_pairs;
    return 0;
  end if;
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  v_id := case
    when (
      select a.atttypid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      from pg_attribute a
      where a.attrelid = v_relation and a.attname = v_settings.interactions_product
    ) then format('i.%I::pg_catalog.int8', v_settings.interactions_product)
    else :PGVECTOR_SCHEMA.whole_number_sql(format('i.%I', v_settings.interactions_product), 'text'::regtype)
  end;

  execute format(
    $sql$
      with
        lines as (
          select distinct pg_catalog.hashtextextended(i.%1$I::pg_catalog.text, 0) as group_key, %2$s as product_id
          from %3$s i
          where i.%1$I is not null
        ),
        -- What each product sold stands beside it: joined to the pairs, the planner would take it for few rows.
        baskets as materialized (
          select l.group_key, l.product_id, count(*) over (partition by l.product_id)::double precision as sold
          from (
            select l.*, row_number() over (partition by l.group_key order by pg_catalog.hashint8extended(l.product_id, l.group_key), l.product_id) as place
            from lines l
            where l.product_id is not null
          ) l
          where l.place <= $1
        ),
        total as materialized (
          select count(distinct b.group_key)::double precision as n from baskets b
        ),
        counted as (
          select a.product_id, b.product_id as other_id, count(*) as together, min(a.sold) as sold, min(b.sold) as other_sold
          from baskets a
          join baskets b on b.group_key = a.group_key and b.product_id > a.product_id
          group by a.product_id, b.product_id
          having count(*) >= $2 and count(*) * (select t.n from total t) > min(a.sold) * min(b.sold)
        ),
        scored as (
          select
            c.product_id, c.other_id, c.together,
            c.together / sqrt(c.sold * c.other_sold) as score,
            -- Twice the sum of observed * ln(observed / expected) over the four cells, none where nothing was observed.
            2 * (
              select sum(cell.observed * ln(cell.observed * t.n / (cell.row_sum * cell.column_sum)))
              from (
                values
                  (c.together::double precision, c.sold, c.other_sold),
                  (c.sold - c.together, c.sold, t.n - c.other_sold),
                  (c.other_sold - c.together, t.n - c.sold, c.other_sold),
                  (t.n - c.sold - c.other_sold + c.together, t.n - c.sold, t.n - c.other_sold)
              ) cell (observed, row_sum, column_sum)
              where cell.observed > 0
            ) as log_likelihood_ratio
          from counted c
          cross join total t
        ),
        ranked as (
          select d.*, row_number() over (partition by d.product_id order by d.score desc, d.other_id) as place
          from (
            select s.product_id, s.other_id, s.together, s.score, s.log_likelihood_ratio from scored s where s.log_likelihood_ratio >= 10.83
            union all
            select s.other_id, s.product_id, s.together, s.score, s.log_likelihood_ratio from scored s where s.log_likelihood_ratio >= 10.83
          ) d
        ),
        fresh as materialized (
          select r.product_id, r.other_id, r.together, least(r.score, 1) as score, r.log_likelihood_ratio from ranked r where r.place <= 50
        ),
        gone as (
          delete from :PGVECTOR_SCHEMA.product_pairs p
          where not exists (select from fresh f where f.product_id = p.product_id and f.other_id = p.other_id)
        ),
        written as (
          insert into :PGVECTOR_SCHEMA.product_pairs as p (product_id, other_id, together, score, log_likelihood_ratio)
          select f.product_id, f.other_id, f.together, f.score, f.log_likelihood_ratio from fresh f
          on conflict (product_id, other_id) do update
          set together = excluded.together, score = excluded.score, log_likelihood_ratio = excluded.log_likelihood_ratio
          where (p.together, p.score, p.log_likelihood_ratio)
            is distinct from (excluded.together, excluded.score, excluded.log_likelihood_ratio)
        )
      select count(*) from fresh
    $sql$,
    v_settings.interactions_group,
    v_id,
    v_relation
  ) into v_pairs using v_settings.max_group_products, v_settings.min_together;
  if v_pairs = 0 then
    execute format(
      'select exists (select from %1$s i where i.%2$I is not null) and not exists (select from %1$s i where %3$s is not null)',
      v_relation, v_settings.interactions_product, v_id
    ) into v_has_no_id;
    if v_has_no_id then
      raise exception 'The relation of the interactions, %, has no product id in its column %.', v_relation, quote_ident(v_settings.interactions_product)
        using errcode = 'PE023',
          hint = format('Name the column of product ids: select :PGVECTOR_SCHEMA.set_interactions(%L, %L, ''product_id'');', v_relation::text, v_settings.interactions_group);
    end if;
  end if;
  return v_pairs;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_pairs() is
  'Makes product_pairs anew from the relation that set_interactions() named, none without one; returns how many rows. The worker does it nightly. Raises PE023.';
--! EndIncluded search/refresh_pairs.sql
--! Included search/search_products.sql
/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once. Security definer, so that a reader needs no right on tables.
 *
 * The filter has no default, or a call with three arguments would be ambiguous. No overload that takes
 * text may have this name: an untyped literal would resolve to it.
 */
create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text, max_results integer, filter jsonb
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text;
  v_direction :VECTOR_SCHEMA.vector := query;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_operator := :PGVECTOR_SCHEMA.require_query(query, metric, max_results);
  -- Beside one that is much longer or shorter the differences between products are lost in rounding.
  if :VECTOR_SCHEMA.vector_norm(query) not between 1e-3 and 1e3 then
    v_direction := :VECTOR_SCHEMA.l2_normalize(query);
  elsif v_operator = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n;
    return;
  end if;
  return query
    select n.product_id, n.name, n.vendor_code, n.price,
      case v_operator
        when '<->' then e.embedding operator(:VECTOR_SCHEMA.<->) query
        when '<=>' then e.embedding operator(:VECTOR_SCHEMA.<=>) v_direction
        else e.embedding operator(:VECTOR_SCHEMA.<#>) query
      end
    from :PGVECTOR_SCHEMA.nearest_products(v_direction, max_results, filter) n
    join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
    order by case when v_direction operator(:VECTOR_SCHEMA.<>) query then n.distance end, 5, 1;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) is
  'The products nearest to a vector of those that pass a filter (see filter_sql), nearest first; otherwise as with three arguments. Raises PE015 and PE016 too.';

create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The usual case spares itself what is felt at this speed. The statement that looks for vectors takes its lock before
  -- its snapshot, as each does here, and pgvector compares dimensions.
  if metric in ('l2', '<->', 'cosine', '<=>') and max_results between 1 and 10000 and :VECTOR_SCHEMA.vector_norm(query) between 1e-3 and 1e3
    and to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null and current_setting('transaction_isolation') = 'read committed'
  then
    begin
      if metric in ('l2', '<->') then
        return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n;
      else
        return query
          select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) query
          from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n
          join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
          order by 5, 1;
      end if;
      if found then
        return;
      end if;
    exception when data_exception then
      -- What is wrong with it is said below.
      null;
    end;
  end if;
  return query select s.* from :PGVECTOR_SCHEMA.search_products(query, metric, max_results, null::jsonb) s;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
--! EndIncluded search/search_products.sql
--! Included search/search_products_text.sql
/*
 * Not an overload of search_products(): an untyped literal there would resolve to text.
 *
 * The server cannot encode the query, so its vector comes from query_embeddings. When it is not there
 * yet the answer is from words alone, says so, and asks for the vector, so that the next search has
 * both; call embed_query() waits for it. Security definer, so that a reader needs no right on tables.
 */
create or replace function :PGVECTOR_SCHEMA.search_products_text(
  query text, max_results integer default 10, filter jsonb default null, mode text default 'hybrid'
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric, score double precision,
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[],
  used_vectors boolean
)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_mode text := lower(btrim(mode));
  v_key text := :PGVECTOR_SCHEMA.query_key(query);
  v_vector :VECTOR_SCHEMA.vector;
begin
  if v_key is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results);

  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if v_mode <> 'words' then
    -- What request_query() would come to, for a query that was counted within the hour.
    select q.embedding into v_vector
    from :PGVECTOR_SCHEMA.embedding_models m
    join :PGVECTOR_SCHEMA.query_embeddings q on q.query = v_key and q.model_id = m.model_id
    where m.is_active and q.used_at > now() - interval '1 hour';
    if v_vector is null and :PGVECTOR_SCHEMA.request_query(query) then
      v_vector := :PGVECTOR_SCHEMA.query_embedding(query);
    end if;
  end if;

  if v_mode = 'vectors' and v_vector is not null then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, 1 - d.distance, n.place::integer, d.distance, null::integer, null::double precision, null::text[], true
      from :PGVECTOR_SCHEMA.nearest_products(v_vector, max_results, filter)
        with ordinality n (product_id, name, vendor_code, price, l2_distance, place)
      -- Of unit length, so that the one distance gives the other.
      cross join lateral (select n.l2_distance * n.l2_distance / 2 as distance) d;
    return;
  end if;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score, h.matched_words,
      v_vector is not null
    from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) from public;

comment on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) is
  'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';
--! EndIncluded search/search_products_text.sql
--! Included search/similar_products.sql
/*
 * Also of a product that is gone from the source while its vector is kept: what is there instead of
 * it is a good question then. Candidates for a spread are ten times what is asked, at most 1000: from
 * fewer there is nothing to choose, and further away is nothing alike.
 */
create or replace function :PGVECTOR_SCHEMA.similar_products(
  of_product bigint, max_results integer default 10, filter jsonb default null, spread double precision default 0
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_embedding :VECTOR_SCHEMA.vector;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if spread is null or spread not between 0 and 1 then
    raise exception 'The spread must be from 0 to 1, not %.', coalesce(spread::text, 'null')
      using errcode = 'PE018', hint = 'Leave it out for the nearest; 0.3 to 0.5 keeps near-doubles apart.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results, case when spread > 0 then 200 else 10000 end);

  select e.embedding into v_embedding
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.product_id = of_product;
  if v_embedding is null then
    raise exception 'The product % has no vector.', coalesce(of_product::text, 'null')
      using errcode = 'PE017',
        hint = 'It is unknown, or not encoded yet: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  if spread = 0 then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from :PGVECTOR_SCHEMA.nearest_products(v_embedding, max_results, filter, array[of_product]) n
      join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      order by n.distance, n.product_id;
  else
    return query
      with candidates as materialized (
        select n.*, e.embedding, row_number() over (order by n.distance, n.product_id) as place
        from :PGVECTOR_SCHEMA.nearest_products(v_embedding, least(max_results * 10, 1000), filter, array[of_product]) n
        join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      ),
      picks as materialized (
        select :PGVECTOR_SCHEMA.spread_order(v_embedding, array_agg(c.embedding order by c.place), max_results, spread) as places
        from candidates c
      )
      select c.product_id, c.name, c.vendor_code, c.price, c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from picks p
      cross join unnest(p.places) with ordinality o (place, pick)
      join candidates c on c.place = o.place
      order by o.pick;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision) is
  'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014 to PE018.';
--! EndIncluded search/similar_products.sql
--! Included status/compute_model_status.sql
/*
 * From what is stored and what waits, so that a dashboard can look every few seconds; activate_model()
 * compares every product. Security definer, so that a reader needs no right on tables.
 */
create or replace function :PGVECTOR_SCHEMA.compute_model_status()
returns table (
  model_id integer, name text, state text, dimension integer, revision text, "precision" text, max_tokens integer,
  products bigint, embedded bigint, coverage numeric, queued bigint, failed bigint, throughput numeric, time_to_go interval,
  has_index boolean, long_documents bigint, longest_document integer, spelled_out double precision, activated_at timestamptz, error text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_preparation :PGVECTOR_SCHEMA.model_preparation;
  v_source_products bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  select * into v_preparation from :PGVECTOR_SCHEMA.model_preparation;
  select s.products into v_source_products from :PGVECTOR_SCHEMA.embedding_status s;
  for v_model in
    select m.*
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_active or m.is_kept
    order by m.is_active desc, m.activated_at is null desc, m.activated_at desc
  loop
    model_id := v_model.model_id;
    name := v_model.name;
    dimension := v_model.dimension;
    revision := v_model.revision;
    "precision" := v_model.precision;
    max_tokens := v_model.max_tokens;
    spelled_out := v_model.spelled_out;
    activated_at := v_model.activated_at;
    error := v_model.error;
    products := v_source_products;
    -- Each from an index of its own.
    execute format(
      $sql$
        select
          (select count(*) from :PGVECTOR_SCHEMA.%1$I) - (select count(*) from :PGVECTOR_SCHEMA.%1$I e where e.vanished_at is not null),
          count(*), max(e.tokens)
        from :PGVECTOR_SCHEMA.%1$I e
        where e.tokens is not null
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id)
    ) into embedded, long_documents, longest_document;
    coverage := trunc(100.0 * least(embedded, products) / nullif(products, 0), 2);
    select count(distinct q.product_id) into queued from :PGVECTOR_SCHEMA.queued_products q where q.model_id = v_model.model_id;
    select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model.model_id and f.set_aside;
    throughput := null;
    time_to_go := null;
    if queued > 0 then
      throughput := :PGVECTOR_SCHEMA.throughput(v_model.model_id);
      time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
    end if;
    has_index := :PGVECTOR_SCHEMA.has_index(v_model.model_id);
    state := case
      when v_model.is_active then 'active'
      when v_model.activated_at is not null then 'former'
      when v_model.error is not null then 'failed'
      when queued > 0 or embedded < products then 'preparing'
      when not has_index and (
        :PGVECTOR_SCHEMA.search_index() is not null
        or :PGVECTOR_SCHEMA.has_vectors(v_model.model_id, (select s.index_from_products from :PGVECTOR_SCHEMA.settings s))
      ) then 'indexing'
      else 'ready'
    end;
    return next;
  end loop;

  if v_preparation.model is not null and v_preparation.model_id is null then
    return query
      select null::integer, v_preparation.model, case when v_preparation.error is null then 'requested' else 'failed' end, null::integer, null, null, null::integer,
        v_source_products, 0::bigint, 0::numeric, null::bigint, null::bigint, null::numeric, null::interval,
        null::boolean, null::bigint, null::integer, null::double precision, null::timestamptz, v_preparation.error;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_model_status() from public;

comment on function :PGVECTOR_SCHEMA.compute_model_status() is 'The rows of model_status. Raises PE002, PE003.';
--! EndIncluded status/compute_model_status.sql
--! Included status/operator_report.sql
/*
 * With the caller's rights: failures and the log are an operator's to see and not every reader's.
 */
create or replace function :PGVECTOR_SCHEMA.operator_report() returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'failures', coalesce((
      select jsonb_agg(to_jsonb(f) order by f.failed_at desc, f.product_id)
      from (
        select f.product_id::text, f.attempts, f.error, f.failed_at, f.set_aside
        from :PGVECTOR_SCHEMA.product_failures f
        order by f.failed_at desc, f.product_id
        limit 100
      ) f
    ), '[]'),
    'failures_in_all', (select count(*) from :PGVECTOR_SCHEMA.product_failures),
    'log', coalesce((
      select jsonb_agg(to_jsonb(l) order by l.log_id desc)
      from (
        select l.log_id, l.logged_at, l.event, l.error, l.products, l.missing, l.stale, l.orphans, l.queued, l.seconds
        from :PGVECTOR_SCHEMA.source_log l
        order by l.log_id desc
        limit 20
      ) l
    ), '[]'),
    'activity', coalesce((
      select jsonb_agg(to_jsonb(a) order by a.minute)
      from (
        select a.minute, sum(a.stored) as stored, sum(a.failed) as failed
        from :PGVECTOR_SCHEMA.embedding_activity a
        where a.minute > now() - interval '1 hour'
        group by a.minute
      ) a
    ), '[]'),
    'workers', coalesce((
      select jsonb_agg(to_jsonb(w) order by w.last_seen_at desc)
      from (
        select w.worker, w.started_at, w.last_seen_at, w.ended_at is null and w.last_seen_at > now() - interval '2 minutes' as alive
        from :PGVECTOR_SCHEMA.embedding_workers w
        order by w.last_seen_at desc
        limit 20
      ) w
    ), '[]'),
    'models', coalesce((
      select jsonb_agg(to_jsonb(m) order by m.state = 'active' desc, m.model_id)
      from (
        select m.model_id, m.name, m.revision, m.precision, m.dimension, m.state, m.coverage, m.queued, m.time_to_go, m.error
        from :PGVECTOR_SCHEMA.model_status m
      ) m
    ), '[]'),
    'indexes', coalesce((
      select jsonb_agg(to_jsonb(i) order by i.index_name)
      from (
        select i.index_name, i.method, i.type, i.valid, i.serves_search, i.phase, i.percent, pg_size_pretty(i.bytes) as size
        from :PGVECTOR_SCHEMA.vector_indexes i
      ) i
    ), '[]')
  )
$$;

comment on function :PGVECTOR_SCHEMA.operator_report() is
  'What an operator looks at beside embedding_status, as one object: the last failures, comparisons, workers, models, indexes, and what was encoded each minute of the last hour. Raises PE002, PE003.';
--! EndIncluded status/operator_report.sql
