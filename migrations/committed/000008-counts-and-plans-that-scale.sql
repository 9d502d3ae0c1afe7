--! Previous: sha1:96b5bba47478679c7ce07feec80adb1a836fc0a1
--! Hash: sha1:67b9364b852784fc317bbfa057212dd6c3bfa5ee
--! Message: Counts and plans that scale

-- One object a file below sql/, included here; see CONVENTIONS.md.

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- What a view or a check calls is settled when it is made: nothing that somebody put into public may suit it better than pg_catalog's own.
set local search_path = pg_catalog, pg_temp;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- It says more now.
drop function if exists :PGVECTOR_SCHEMA.take_up_changes(integer);

--! Included source/source_column_sql.sql
/*
 * A feed without prices is still searchable. A price that came as text and is no number is shown as
 * null rather than failing everybody's search.
 */
create or replace function :PGVECTOR_SCHEMA.source_column_sql(alias text, column_name text, type text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(
      (
        select case
          when source_column_sql.type = 'numeric' and t.typcategory <> 'N' then format(
            $sql$case when %1$I.%2$I::pg_catalog.text operator(pg_catalog.~) E'^\\s*[-+]?[0-9]+([.][0-9]+)?\\s*$' then %1$I.%2$I::pg_catalog.text::pg_catalog.numeric end$sql$,
            alias, c.column_name
          )
          else format('%I.%I::pg_catalog.%I', alias, c.column_name, source_column_sql.type)
        end
        from :PGVECTOR_SCHEMA.source_columns c
        join pg_type t on t.oid = c.type
        where c.column_name = source_column_sql.column_name
      ),
      format('null::pg_catalog.%I', source_column_sql.type)
    )
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_column_sql(text, text, text) is
  'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';
--! EndIncluded source/source_column_sql.sql
--! Included source/product_is_live_sql.sql
/*
 * CDC feeds spell a soft delete as boolean, number or text. Anything but a clear yes is a live
 * product: showing one too many is a smaller harm than losing a catalogue to an odd value. Of a dbt
 * snapshot only the rows that are valid now are products.
 */
create or replace function :PGVECTOR_SCHEMA.product_is_live_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(
      string_agg(
        case
          when c.column_name = 'dbt_valid_to' and t.typcategory = 'D'
            then format('coalesce(%I.%I operator(pg_catalog.>) pg_catalog.now(), true)', alias, c.column_name)
          when c.column_name = 'dbt_valid_to' then 'true'
          when c.type = 'boolean'::regtype then format('%I.%I is not true', alias, c.column_name)
          else format(
            $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.%I::pg_catalog.text)) not in ('true', 't', 'yes', 'y', '1'), true)$sql$,
            alias, c.column_name
          )
        end,
        ' and ' order by c.position
      ),
      'true'
    )
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.decides_life
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_is_live_sql(text) is
  'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';
--! EndIncluded source/product_is_live_sql.sql
--! Included source/newest_row_sql.sql
/*
 * An append-only model has a row a version and a careless join has rows too many; a product is one
 * of them, the same each time: the newest by what the feed says of time, then a live one.
 */
create or replace function :PGVECTOR_SCHEMA.newest_row_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select concat(
      string_agg(
        format('%I.%I desc nulls last, ', alias, c.column_name),
        '' order by array_position(array['dbt_valid_from', 'updated_at', 'ingested_at'], c.column_name)
      ),
      format('(%s) is true desc', :PGVECTOR_SCHEMA.product_is_live_sql(alias))
    )
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.decides_order
      -- What has an order: times, numbers, and times that came as text.
      and t.typcategory in ('D', 'N', 'S')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.newest_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: the newest by dbt_valid_from, updated_at and ingested_at, as far as they exist, then a live one. alias names the row.';
--! EndIncluded source/newest_row_sql.sql
--! Included document/document_sql.sql
/*
 * Generated from the columns that exist at each call and never stored: a column that dbt adds,
 * drops or retypes cannot leave a stale expression behind. One expression over the row is four to
 * ten times faster than rendering through json.
 */
create or replace function :PGVECTOR_SCHEMA.document_sql(alias text, weight double precision default null) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format(
      $sql$pg_catalog.rtrim(%s, ' ')$sql$,
      -- A chain and not concat(), which takes a hundred arguments at the most.
      coalesce(string_agg(format($sql$coalesce(%s, '')$sql$, f.field), ' || ' order by f.position), $sql$''$sql$)
    )
    from (
      select
        c.position,
        case
          when t.typcategory = 'B'
            then format($sql$%1$L || case when %2$I.%3$I then 'yes. ' when not %2$I.%3$I then 'no. ' end$sql$, p.prefix, alias, c.column_name)
          -- The server stores text as it came; NFC makes й one character however it was typed.
          when t.typcategory = 'S'
            then format(
              $sql$%1$L || nullif(pg_catalog.btrim(pg_catalog.normalize(%2$I.%3$I::pg_catalog.text, 'NFC'), E' \t\r\n\u00a0'), '') || '. '$sql$,
              p.prefix, alias, c.column_name
            )
          else format($sql$%1$L || nullif(%2$I.%3$I::pg_catalog.text, '') || '. '$sql$, p.prefix, alias, c.column_name)
        end as field
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      cross join lateral (select case when c.label = '' then '' else c.label || ': ' end as prefix) p
      where c.in_document and (document_sql.weight is null or c.weight = document_sql.weight)
    ) f
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_sql(text, double precision) is
  'SQL expression for the document of a source row, or for its fields of one weight: `label: value. ` for each column in the order of source_columns, booleans yes/no, nulls and blanks skipped; alias names the row.';
--! EndIncluded document/document_sql.sql
--! Included document/document_texts_sql.sql
/*
 * What is said in words: numbers, dates and yes or no are found by filters, and among the words a price
 * would be taken for a code.
 */
create or replace function :PGVECTOR_SCHEMA.document_texts_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(format('%I.%I::pg_catalog.text', alias, c.column_name), ', ' order by c.position))
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.in_document and c.column_name <> 'name'
      and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_texts_sql(text) is
  'SQL expression for the texts of a source row but its name, as text[]: the columns of text, arrays, enums and json that are in the document; alias names the row.';
--! EndIncluded document/document_texts_sql.sql
--! Included document/document_weights.sql
create or replace function :PGVECTOR_SCHEMA.document_weights() returns double precision[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(w.weight order by w.weight desc), '{1}')
    from (
      select c.weight from :PGVECTOR_SCHEMA.source_columns c where c.in_document
      union
      -- What a hook adds has no weight of its own.
      select 1 from :PGVECTOR_SCHEMA.settings s where s.document_hook is not null
    ) w
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_weights() is
  'The weights that fields of the document have, the heaviest first: a group of fields that are encoded together each.';
--! EndIncluded document/document_weights.sql
--! Included document/document_groups_sql.sql
create or replace function :PGVECTOR_SCHEMA.document_groups_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(:PGVECTOR_SCHEMA.document_sql(alias, w.weight), ', ' order by w.weight desc))
    from unnest(:PGVECTOR_SCHEMA.document_weights()) w (weight)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_groups_sql(text) is
  'SQL expression for the text of each group of fields of a source row as text[], in the order of document_weights(), empty ones too; alias names the row.';
--! EndIncluded document/document_groups_sql.sql
--! Included document/word_classes.sql
create or replace function :PGVECTOR_SCHEMA.word_classes() returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select array_prepend(
      coalesce(min(c.word_class) filter (where c.column_name = 'name'), 'A'),
      array_agg(c.word_class order by c.position) filter (
        where c.in_document and c.column_name <> 'name'
          and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
      )
    )
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.word_classes() is
  'What the words of a product count: the class of its name, then those of the texts of document_texts_sql().';
--! EndIncluded document/word_classes.sql
--! Included words/word_statistics.sql
/*
 * How rare a word is moves slowly, so it is counted now and then and not at every change, which would
 * make all writers queue for the row of the commonest word. Also where a mistyped word is looked for.
 */
create table if not exists :PGVECTOR_SCHEMA.word_statistics (
  word text collate "C" primary key,
  products bigint not null,
  sound text collate "C" generated always as (case when word !~ '[#0-9]' then :PGVECTOR_SCHEMA.sound_of(word) end) stored,
  deletions text[] generated always as (case when word !~ '[#0-9]' then :PGVECTOR_SCHEMA.deletions_of(:PGVECTOR_SCHEMA.sound_of(word)) end) stored
);

create index if not exists word_statistics_sound_idx on :PGVECTOR_SCHEMA.word_statistics (sound);
create index if not exists word_statistics_deletions_idx on :PGVECTOR_SCHEMA.word_statistics using gin (deletions) with (fastupdate = off);
create index if not exists word_statistics_trigram_idx on :PGVECTOR_SCHEMA.word_statistics using gin (sound :TRGM_SCHEMA.gin_trgm_ops) with (fastupdate = off);

comment on table  :PGVECTOR_SCHEMA.word_statistics is 'The words of all products and how many products have each; counted by refresh_word_statistics().';
comment on column :PGVECTOR_SCHEMA.word_statistics.word is 'A stemmed word, or a term of a code with a leading #; of those with a digit only what several products have (see products_with).';
comment on column :PGVECTOR_SCHEMA.word_statistics.products is 'Number of products that have it: the document frequency for BM25.';
comment on column :PGVECTOR_SCHEMA.word_statistics.sound is 'How it sounds (see sound_of); null for numbers and codes.';
comment on column :PGVECTOR_SCHEMA.word_statistics.deletions is 'For typing errors (see deletions_of); null for numbers and codes.';
--! EndIncluded words/word_statistics.sql
--! Included words/words_recipe.sql
/*
 * The words depend on more than the text: another class is another tsvector of the same document, which
 * is not to be encoded for that. By default it is empty, as it is of rows from before there were classes.
 */
create or replace function :PGVECTOR_SCHEMA.words_recipe() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(string_agg(format('%s %s', c.column_name, c.word_class), ', ' order by c.column_name), '')
    from :PGVECTOR_SCHEMA.source_columns c
    where c.word_class <> case when c.column_name = 'name' then 'A' else 'D' end
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.words_recipe() is 'The columns whose words count otherwise than by default; words are current only by the recipe they were made by.';
--! EndIncluded words/words_recipe.sql
--! Included words/products_with.sql
/*
 * Of what word_statistics does not keep: a number or a code that hardly any product has. Along the index over
 * the words.
 */
create or replace function :PGVECTOR_SCHEMA.products_with(term tsquery, most integer default 1000) returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- An unseen term is taken for a common one, and then reading all for cheaper than the index.
set enable_seqscan = off
set jit = off
as $$
begin
  return (
    select count(*)
    from (select from :PGVECTOR_SCHEMA.product_words w where w.words @@ term limit most) w
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.products_with(tsquery, integer) is
  'Number of products that have a term, counted up to most.';
--! EndIncluded words/products_with.sql
--! Included words/query_terms.sql
/*
 * A query as groups of which a product should meet as many as it can. A group is a word, or a phrase
 * that has synonyms; its alternatives are other ways to say it, each one term or several: the word as
 * typed, as a code, in the other script. A word that no product has is taken for a typing error or a
 * beginning, and the nearest known words stand in for it. Group 0 is what only adds: codes across words,
 * and the query as a whole value. One statement for all words, because each costs as much as what it
 * looks up.
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
  v_phrase record;
  v_spoken integer[] := '{}';
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
    -- Of phrases that have synonyms the longest, from the left.
    for v_phrase in
      select p.first, p.last, array_agg(distinct s.key) as keys
      from (
        select f.first, l.last, (
          select string_agg(coalesce(v_lexemes[i], v_tokens[i]), ' ' order by i) from generate_series(f.first, l.last) i
        ) as key
        from generate_series(1, cardinality(v_tokens)) f (first)
        cross join generate_series(f.first, least(f.first + 4, cardinality(v_tokens))) l (last)
      ) p
      cross join lateral (
        select s.same_as_key as key from :PGVECTOR_SCHEMA.synonyms s where s.phrase_key = p.key
        union all
        select s.phrase_key from :PGVECTOR_SCHEMA.synonyms s where s.same_as_key = p.key
      ) s
      group by p.first, p.last
      order by p.first, p.last desc
    loop
      continue when v_phrase.first = any (v_spoken);
      return query
        select v_phrase.first, k.alternative::integer, ('''' || k.word || '''')::tsquery, k.weight, :PGVECTOR_SCHEMA.idf(w.products, v_products)
        from (
          select 1 as alternative, coalesce(v_lexemes[i], v_tokens[i]) as word, 1.0::double precision as weight
          from generate_series(v_phrase.first, v_phrase.last) i
          -- A word alone has its other alternatives below.
          where v_phrase.last > v_phrase.first
          union all
          select 1000 + s.place, k.word, 0.9
          from unnest(v_phrase.keys) with ordinality s (key, place)
          cross join lateral string_to_table(s.key, ' ') k (word)
        ) k
        left join :PGVECTOR_SCHEMA.word_statistics w on w.word = k.word;
      if v_phrase.last > v_phrase.first then
        v_spoken := v_spoken || array(select generate_series(v_phrase.first, v_phrase.last));
      end if;
    end loop;
  end if;

  return query
    with
      known as materialized (
        select
          t.place::integer as place, t.token, t.lexeme, c.code, s.sound, s.spoken, p.products, p.code_products, c.is_word,
          p.products is null and p.code_products is null as is_unknown,
          -- Of stem and word, since the two scripts are stemmed by different rules.
          case when c.is_word then
            coalesce(w.deletions, :PGVECTOR_SCHEMA.deletions_of(s.sound))
              || case when s.spoken <> s.sound then :PGVECTOR_SCHEMA.deletions_of(s.spoken) end
          end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (
          select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code, t.token !~ '^[[:digit:]]' as is_word
        ) c
        left join :PGVECTOR_SCHEMA.word_statistics w on w.word = t.lexeme
        left join :PGVECTOR_SCHEMA.word_statistics n on n.word = c.code
        -- Of numbers only those that several products have are counted beforehand.
        cross join lateral (
          select
            case when w.word is not null or c.is_word then w.products
              else nullif(:PGVECTOR_SCHEMA.products_with(('''' || t.lexeme || '''')::tsquery), 0) end as products,
            case when n.word is not null or c.is_word then n.products
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
        where t.lexeme is not null and t.place <> all (v_spoken)
      ),
      alternative as (
        select k.place, 1 as alternative, k.lexeme as word, false as is_prefix, 1.0::double precision as weight, k.products
        from known k
        where k.products is not null or k.code_products is null
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
          from (
            select w.word, w.products
            from :PGVECTOR_SCHEMA.word_statistics w
            where w.sound is not null and (
              w.sound = k.spoken
              or w.sound >= k.sound and w.sound < k.sound || E'\U0010FFFF' and length(w.sound) <= length(k.sound) + 2 and length(k.sound) > 2
              or w.deletions && k.deletions and length(k.sound) > 3
            )
            -- Patterns are dear, and few words come so far.
            offset 0
          ) w
          where (w.word ~ '^[a-z]+$') = (k.lexeme ~ '^[^a-z]+$')
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
  'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess) and its inverse document frequency. Reads the first 1000 characters.';
--! EndIncluded words/query_terms.sql
--! Included words/refresh_word_statistics.sql
/*
 * Not by ts_stat(), which keeps all that it counts in memory, in a tree that codes in their order make a list of. A number or a code that
 * one product has is left out: there are several to each product, which would be most of the table, and products_with()
 * counts so few when they are asked for.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due boolean default false) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_words bigint;
begin
  -- Who comes second leaves it to the first.
  perform from :PGVECTOR_SCHEMA.word_totals t for update skip locked;
  if not found then
    return null;
  end if;
  if only_if_due and not exists (
    select
    from :PGVECTOR_SCHEMA.word_totals t
    cross join lateral (
      select count(*) as products, min(w.indexed_at) as since
      from (
        select w.indexed_at
        from :PGVECTOR_SCHEMA.product_words w
        where w.indexed_at > t.refreshed_at
        limit t.products / 20 + 1
      ) w
    ) changed
    where changed.products > t.products / 20 or changed.since < now() - interval '1 hour'
  ) then
    return null;
  end if;

  with
    counted as materialized (
      select u.word, count(*) as products
      from :PGVECTOR_SCHEMA.product_words w
      cross join lateral unnest(tsvector_to_array(w.words)) u (word)
      -- Whole values are in a product or two, and nobody mistypes them as a whole.
      where left(u.word, 1) <> '='
      group by u.word
      having count(*) > 1 or u.word !~ '[0-9]'
    ),
    gone as (
      delete from :PGVECTOR_SCHEMA.word_statistics w
      -- "is not true" makes it a look-up in a hash.
      where (w.word in (select c.word from counted c)) is not true
    ),
    kept as (
      insert into :PGVECTOR_SCHEMA.word_statistics as w (word, products)
      select c.word, c.products from counted c
      on conflict on constraint word_statistics_pkey do update set products = excluded.products
      where w.products <> excluded.products
    )
  select count(*) into v_words from counted;

  update :PGVECTOR_SCHEMA.word_totals t
  set products = c.products, average_tokens = greatest(c.average_tokens, 1), refreshed_at = now()
  from (select count(*) as products, coalesce(avg(w.tokens), 1) as average_tokens from :PGVECTOR_SCHEMA.product_words w) c;
  return v_words;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_word_statistics(boolean) is
  'Counts anew in how many products each word is; returns the number of words. only_if_due: only if a twentieth of the products changed, or anything an hour ago, and null otherwise; so the worker calls it.';
--! EndIncluded words/refresh_word_statistics.sql
--! Included queue/sized_changes.sql
/*
 * Somebody who changed a few products waits to find them; who changed thousands knows that it takes a while.
 * A few are a hundred in one transaction, which is two or three seconds of encoding.
 *
 * Of the oldest and the newest 500 rows, which the next ones to be taken up are among, however many wait: of a million (a
 * worker that was away, a subscription that copies row by row) each look would take seconds. A transaction that reaches
 * beyond them is a large one. Counted before they are sorted by transaction, so that the ids are not sorted along.
 */
create or replace view :PGVECTOR_SCHEMA.sized_changes as
  select
    c.change_id,
    c.model_id,
    c.products,
    pg_catalog.sum(c.products) over w > 100 or pg_catalog.bool_or(c.is_cut) over w as is_bulk
  from (
    -- Where both ends have a row, nothing is cut off there.
    select e.change_id, e.model_id, e.queued_at, e.products, pg_catalog.bool_and(e.is_last) as is_cut
    from (
      (
        select
          c.change_id, c.model_id, c.queued_at, pg_catalog.cardinality(c.product_ids) as products,
          pg_catalog.row_number() over (order by c.change_id) = 500 as is_last
        from :PGVECTOR_SCHEMA.product_changes c
        order by c.change_id
        limit 500
      )
      union all
      (
        select
          c.change_id, c.model_id, c.queued_at, pg_catalog.cardinality(c.product_ids) as products,
          pg_catalog.row_number() over (order by c.change_id desc) = 500 as is_last
        from :PGVECTOR_SCHEMA.product_changes c
        order by c.change_id desc
        limit 500
      )
    ) e
    group by e.change_id, e.model_id, e.queued_at, e.products
  ) c
  window w as (partition by c.queued_at);

comment on view   :PGVECTOR_SCHEMA.sized_changes is 'The rows of product_changes, or the oldest and newest 500, and whether each is part of a large change.';
comment on column :PGVECTOR_SCHEMA.sized_changes.change_id is 'The row.';
comment on column :PGVECTOR_SCHEMA.sized_changes.model_id is 'The model that has to look at it; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.sized_changes.products is 'How many products it names.';
comment on column :PGVECTOR_SCHEMA.sized_changes.is_bulk is 'Whether its transaction changed more than 100 products, and so comes after what changed a few.';
--! EndIncluded queue/sized_changes.sql
--! Included queue/take_changes.sql
/*
 * Along the index, however many wait behind: the plan may be from when there was hardly any, and would read and sort them all.
 */
create or replace function :PGVECTOR_SCHEMA.take_changes(max_products integer)
returns table (change_id bigint, model_id integer, queued_at timestamptz, product_ids bigint[], is_bulk boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    with waiting as materialized (
      select
        c.change_id, c.is_bulk,
        rank() over (order by c.is_bulk) as lane,
        sum(c.products) over (order by c.is_bulk, c.change_id) - c.products as ahead
      from :PGVECTOR_SCHEMA.sized_changes c
    )
    delete from :PGVECTOR_SCHEMA.product_changes c
    using waiting w
    where w.change_id = c.change_id and w.lane = 1 and w.ahead < max_products
    returning c.change_id, c.model_id, c.queued_at, c.product_ids, w.is_bulk;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_changes(integer) is
  'Deletes the rows of product_changes that are taken up next, of about max_products products, and returns them: those of small changes, or where there are none of large ones.';
--! EndIncluded queue/take_changes.sql
--! Included queue/take_up_changes.sql
/*
 * From what writers noted to what is claimed: a row for each product and model, and the words of the products
 * with them. That is ahead of the encoder, which is a hundred times slower: a product is found by its
 * words within seconds, however long the queue is. A change is in one of the two tables at any time, since it
 * goes from one to the other in one transaction. Small changes go first and alone, so that the words of many
 * hold none of them up. A change that comes while those of many are taken up waits for so many of them: a few hundred where the
 * source has an index, and more where each time reads it through. One at a time: who comes second leaves it.
 */
create or replace function :PGVECTOR_SCHEMA.take_up_changes(max_products integer default null, out products bigint, out is_bulk boolean, out is_full boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_active_id integer;
  v_ids bigint[];
  v_most integer := max_products;
begin
  products := 0;
  is_bulk := false;
  is_full := false;
  if not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_changes'), 2)
    or not exists (select from :PGVECTOR_SCHEMA.product_changes)
  then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  if v_most is null then
    v_most := case
      when exists (
        select
        from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = :PGVECTOR_SCHEMA.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
      ) then 200
      else 3000
    end;
  end if;

  with
    taken as materialized (
      select t.* from :PGVECTOR_SCHEMA.take_changes(v_most) t
    ),
    queued as (
      -- Available at once also to who began before us and waits for us.
      insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id, queued_at, available_at, is_bulk)
      select i.product_id, k.model_id, min(t.queued_at), min(t.queued_at), bool_and(t.is_bulk)
      from taken t
      join :PGVECTOR_SCHEMA.kept_models k on k.model_id = coalesce(t.model_id, k.model_id)
      cross join lateral unnest(t.product_ids) i (product_id)
      group by i.product_id, k.model_id
      order by min(t.change_id), i.product_id
      returning product_id, model_id
    )
  select
    (select count(*) from taken t cross join lateral unnest(t.product_ids)),
    (select bool_and(t.is_bulk) from taken t),
    (select array_agg(q.product_id) from queued q where q.model_id = v_active_id)
  into products, is_bulk, v_ids;
  is_full := products >= v_most;

  if v_ids is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_up_changes(integer) is
  'Takes up changes of about max_products products (null: 200 where the source has an index on product_id, else 3000) into product_queue, those of a few products first and by themselves, with the words of the products; returns how many it were (0: none is left, or another worker is at it), whether they are part of large changes, and whether it were as many as it takes, so that more may wait. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded queue/take_up_changes.sql
--! Included queue/more_urgent_waits.sql
create or replace function :PGVECTOR_SCHEMA.more_urgent_waits(model_id integer) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- As take_changes().
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_active_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
begin
  -- Apart, so that each has an index: of a backfill's queue, as one condition, every batch read all.
  if more_urgent_waits.model_id = v_active_id then
    return exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_active_id and not q.is_bulk)
      or exists (
        select from :PGVECTOR_SCHEMA.sized_changes c where coalesce(c.model_id, v_active_id) = v_active_id and not c.is_bulk
      );
  end if;
  return exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_active_id)
    or exists (select from :PGVECTOR_SCHEMA.product_changes c where coalesce(c.model_id, v_active_id) = v_active_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.more_urgent_waits(integer) is
  'Whether something waits that goes before the bulk of this model: a small change of the active model, or anything of that where this is another.';
--! EndIncluded queue/more_urgent_waits.sql
--! Included embedding/store_embeddings.sql
/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it.
 */
create or replace function :PGVECTOR_SCHEMA.store_embeddings(
  claim_id bigint, model_id integer, product_ids bigint[], embeddings :VECTOR_SCHEMA.vector[], tokens integer[] default null
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  if not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = store_embeddings.model_id) then
    raise exception 'Vectors of a model that is neither active nor kept are not stored.'
      using errcode = 'PE021',
        hint = 'It was dropped, or the table was started over for another, while this worker ran: start the worker again.';
  end if;

  execute format($store$
  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = $1 and q.product_id = any ($3)
      for update
    ),
    -- Once through what writers noted, and not once for each product: after a while without a worker it is much.
    noted as materialized (
      select distinct h.product_id
      from :PGVECTOR_SCHEMA.product_changes c
      cross join lateral unnest(c.product_ids) i (product_id)
      join held h on h.product_id = i.product_id
      where coalesce(c.model_id, $2) = $2
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.model_id = $2 and newer.claim_id is distinct from $1
      )
      and not exists (select from noted n where n.product_id = h.product_id)
      group by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id, document_hash, tokens)
      select f.product_id, g.embedding, $2, decode(f.document_hash, 'hex'), case when g.tokens > m.max_tokens then g.tokens end
      from unnest($3, $4, $5) g (product_id, embedding, tokens)
      join :PGVECTOR_SCHEMA.embedding_models m on m.model_id = $2
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = excluded.tokens, updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from :PGVECTOR_SCHEMA.product_failures f using stored s where f.product_id = s.product_id and f.model_id = $2
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q using held h where q.model_id = $2 and q.queue_id = h.queue_id
    )
  select count(*) from stored
  $store$, :PGVECTOR_SCHEMA.embeddings_table(store_embeddings.model_id))
  into v_stored
  using store_embeddings.claim_id, store_embeddings.model_id, store_embeddings.product_ids, store_embeddings.embeddings, store_embeddings.tokens;

  if v_stored > 0 then
    perform :PGVECTOR_SCHEMA.note_activity(claim_id, v_stored, 0);
  end if;
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_stored;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[], integer[]) is
  'Stores the vectors of claimed products, noting the tokens of documents that are longer than the model reads, and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
--! EndIncluded embedding/store_embeddings.sql
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
 * Of another model than the active one all vectors are compared: it is being judged, not used.
 *
 * Internal: who may not read our tables comes through a function that checks the query.
 */
create or replace function :PGVECTOR_SCHEMA.nearest_products(
  query :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, excluded bigint[] default null,
  model_id integer default null
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
-- With a limit that is a parameter the first way would be planned as a sort of everything.
set enable_seqscan = off
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
  -- A product that came twice, which the last comparison cannot know yet: then all rows are looked through.
  v_double boolean := false;
  v_hit_ids bigint[] := array[]::bigint[];
  v_names text[] := array[]::text[];
  v_codes text[] := array[]::text[];
  v_prices numeric[] := array[]::numeric[];
  v_hit_distances double precision[] := array[]::double precision[];
begin
  -- The table is named, so that the plan is made anew when it has another index, and not read.
  select
    s.hnsw_ef_search::text, s.ivfflat_probes::text,
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
    perform set_config('enable_seqscan', 'on', true),
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
    perform set_config('enable_seqscan', 'on', true);
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
    v_exact := v_double;
  end loop;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.distance
    from unnest(v_hit_ids, v_names, v_codes, v_prices, v_hit_distances) h (product_id, name, vendor_code, price, distance)
    order by h.distance, h.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[], integer) is
  'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. model_id: null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/nearest_products.sql
--! Included search/measure_recall.sql
/*
 * What an approximate index costs in truth and saves in time, on one's own vectors: the same search
 * along the index, with what the settings say, and over everything. A hit is a vector as near as the
 * k-th exact one, so that equal vectors count for each other. The sample is the same each time.
 * Security definer, so that a reader may ask; it returns no vector.
 */
create or replace function :PGVECTOR_SCHEMA.measure_recall(k integer default 10, sample integer default 100)
returns table (
  queries integer,
  recall numeric,
  index_mean_ms numeric,
  index_p99_ms numeric,
  exact_mean_ms numeric,
  exact_p99_ms numeric
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set hnsw.iterative_scan = 'relaxed_order'
set ivfflat.iterative_scan = 'relaxed_order'
set hnsw.ef_search = 40
set ivfflat.probes = 1
set jit = off
as $$
declare
  v_type text;
  v_order text;
  v_candidates integer;
  v_query :VECTOR_SCHEMA.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_type := :PGVECTOR_SCHEMA.search_index();
  v_order := case when v_type is null or v_type = 'vector' then 'e.embedding operator(:VECTOR_SCHEMA.<->) $1'
    else format('e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  if k is null or k not between 1 and 1000 or sample is null or sample not between 1 and 10000 then
    raise exception 'Recall is measured of 1 to 1000 hits on 1 to 10000 vectors, not of % on %.', coalesce(k::text, 'null'), coalesce(sample::text, 'null')
      using errcode = 'PE014', hint = 'Leave both out for 10 and 100.';
  end if;
  perform set_config('hnsw.ef_search', s.hnsw_ef_search::text, true), set_config('ivfflat.probes', s.ivfflat_probes::text, true)
  from :PGVECTOR_SCHEMA.settings s;
  for v_query in
    select e.embedding from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e order by hashint8(e.product_id), e.product_id limit sample
  loop
    v_started := clock_timestamp();
    execute format(
      $sql$
        select array(
          select n.distance
          from (
            select e.embedding operator(:VECTOR_SCHEMA.<->) $1 as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
            order by %s
            limit %s
          ) n
          order by n.distance
          limit %s
        )
      $sql$,
      v_order, v_candidates, k
    ) into v_near using v_query;
    v_index_ms := v_index_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_started := clock_timestamp();
    v_exact := array(
      select (e.embedding operator(:VECTOR_SCHEMA.<->) v_query) + 0::double precision
      from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      order by 1
      limit k
    );
    v_exact_ms := v_exact_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_wanted := v_wanted + cardinality(v_exact);
    v_hits := v_hits + (select count(*) from unnest(v_near) n where n <= v_exact[cardinality(v_exact)]);
  end loop;

  return query
    select
      cardinality(v_index_ms),
      round(v_hits::numeric / nullif(v_wanted, 0), 4),
      (select round(avg(u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(avg(u)::numeric, 2) from unnest(v_exact_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_exact_ms) u);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) from public;

comment on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) is
  'Of the k exactly nearest, the share that the index finds, with stored vectors as queries, and the mean and 99th percentile of milliseconds along the index and without. Reads everything for each query. Raises PE003, PE014.';
--! EndIncluded search/measure_recall.sql
--! Included search/duplicate_products.sql
/*
 * Of each product its ten nearest, through the index where there is one, so that the work grows with
 * the products and not with their pairs; a pair is missed only where both have ten others that are
 * nearer. Products of one text are found by its hash and need no neighbours: there may be hundreds
 * of them, and an index is free to miss some. Those come first and fill the limit before anything is
 * compared.
 */
create or replace function :PGVECTOR_SCHEMA.duplicate_products(
  threshold double precision default 0.05, max_results integer default 1000
)
returns table (product_id bigint, name text, duplicate_id bigint, duplicate_name text, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'relaxed_order'
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 100000);
  if threshold is null or threshold not between 0 and 2 then
    raise exception 'The threshold must be from 0 to 2, not %.', coalesce(threshold::text, 'null')
      using errcode = 'PE018', hint = 'It is a cosine distance: 0 is the same text, 0.02 hardly a word''s difference. Leave it out for 0.05.';
  end if;

  return query execute format(
    $sql$
      with
        products as materialized (%1$s),
        embedded as not materialized (
          select e.product_id, e.embedding, e.model_id, e.document_hash
          from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
          where (e.product_id in (select p.product_id from products p)) is true
        ),
        groups as materialized (
          select array_agg(e.product_id order by e.product_id) as ids
          from embedded e
          where e.document_hash is not null
          group by e.model_id, e.document_hash
          having count(*) > 1
          order by min(e.product_id)
        ),
        -- The limit ends it within a group: of thousands of one text there are millions of pairs.
        same as materialized (
          select a.id as product_id, b.id as duplicate_id, 0::double precision as distance
          from groups g
          cross join unnest(g.ids) with ordinality a (id, place)
          join unnest(g.ids) with ordinality b (id, place) on b.place > a.place
          limit $2
        ),
        near as (
          select distinct
            least(e.product_id, n.product_id) as product_id,
            greatest(e.product_id, n.product_id) as duplicate_id,
            n.distance
          from embedded e
          cross join lateral (
            select o.product_id, o.document_hash, o.model_id, o.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE o
            where o.product_id <> e.product_id
              -- "is true" makes it a look-up in a hash; as a join it would read all products at every hit.
              and (o.product_id in (select p.product_id from products p)) is true
            -- Vectors have unit length: L2 gives the order of cosine, and the l2 index serves it.
            order by o.embedding%2$s operator(:VECTOR_SCHEMA.<->) e.embedding%2$s
            limit 10
          ) n
          where n.distance <= $1
            and (n.document_hash = e.document_hash and n.model_id = e.model_id) is not true
            and (select count(*) from same) < $2
        ),
        pairs as (
          select * from same
          union all
          select * from near
          order by 3, 1, 2
          limit $2
        )
      select p.product_id, p.name, d.product_id, d.name, pairs.distance
      from pairs
      join products p on p.product_id = pairs.product_id
      join products d on d.product_id = pairs.duplicate_id
      order by 5, 1, 3
    $sql$,
    :PGVECTOR_SCHEMA.live_products_query(),
    -- An index over halves serves only an order by halves.
    '::' || nullif(:PGVECTOR_SCHEMA.search_index(), 'vector')
  ) using threshold, max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.duplicate_products(double precision, integer) is
  'Pairs of live products that may be one product entered twice, nearest first, each pair once: cosine distance at most threshold (0 to 2), among the ten nearest of either; and all of one text, at distance 0. max_results: 1 to 100000. Raises PE001 to PE003, PE005, PE014, PE018.';
--! EndIncluded search/duplicate_products.sql
--! Included status/compute_status.sql
/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. Exact means comparing every product with its
 * vector. The quick way starts from the last comparison and is right as long as nothing can have
 * escaped since: it is the same relation, and it has not lost its triggers. If it may have, the
 * numbers are null and the state is unknown, rather than a comforting zero. What waits counts as
 * missing or stale although some of it may turn out unchanged.
 *
 * Security definer, so that a reader needs no right on tables. It answers also while the source is
 * missing.
 */
create or replace function :PGVECTOR_SCHEMA.compute_status(exact boolean default true) returns table (
  source text,
  state text,
  products bigint,
  embedded bigint,
  coverage numeric,
  missing bigint,
  stale bigint,
  orphans bigint,
  held bigint,
  failed bigint,
  queued bigint,
  claimed bigint,
  oldest_wait interval,
  throughput numeric,
  time_to_go interval,
  source_exists boolean,
  triggers_attached boolean,
  compared_at timestamptz,
  compared_queued bigint,
  unusable_ids bigint,
  duplicate_ids bigint,
  workers_alive bigint,
  worker_last_seen timestamptz,
  model text,
  dimension integer,
  notes text[]
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Of tables that nobody analyzed yet, compiling takes five times as long as counting.
set jit = off
as $$
#variable_conflict use_column
declare
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_vectors bigint;
  v_queue record;
  v_wordless bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select format('%I.%I', s.source_schema, s.source_table) into source from :PGVECTOR_SCHEMA.settings s;
  source_exists := v_source is not null;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;
  select count(*) into v_vectors from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
  select count(*), count(*) filter (where v.held) into orphans, held from :PGVECTOR_SCHEMA.vanished_products() v;

  select * into v_queue from :PGVECTOR_SCHEMA.queue_summary(exact);
  queued := v_queue.queued;
  claimed := v_queue.claimed;
  failed := v_queue.failed;
  oldest_wait := clock_timestamp() - v_queue.oldest;

  select count(*) filter (where w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
  into workers_alive, worker_last_seen
  from :PGVECTOR_SCHEMA.embedding_workers w;

  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active;

  compared_at := v_last.logged_at;
  compared_queued := v_last.queued;
  unusable_ids := v_last.unusable_ids;
  duplicate_ids := v_last.duplicate_ids;

  if exact and source_exists and :PGVECTOR_SCHEMA.may_read_source() and :PGVECTOR_SCHEMA.document_hook_problem() is null then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan'),
      count(*) filter (where d.state <> 'orphan' and d.has_words is not true)
    into products, embedded, missing, stale, orphans, v_wordless
    from :PGVECTOR_SCHEMA.embedding_difference() d;
    select s.unusable_ids, s.duplicate_ids into unusable_ids, duplicate_ids from :PGVECTOR_SCHEMA.source_shape() s;
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached) then
    embedded := v_vectors - orphans;
    -- A vector that somebody deleted is missing too, and nothing is queued for it yet.
    products := greatest(
      embedded + coalesce(v_queue.without_vector, 0),
      v_last.products - (
        select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at > v_last.logged_at
      )
    );
    missing := products - embedded;
    stale := coalesce(v_queue.with_vector, greatest(queued + failed - missing, 0));
  end if;
  -- Cut and not rounded: one product missing of a million is not 100 percent.
  coverage := trunc(100.0 * embedded / nullif(products, 0), 2);

  if queued > 0 then
    throughput := :PGVECTOR_SCHEMA.throughput(:PGVECTOR_SCHEMA.active_model_id());
    time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
  end if;

  state := case
    when not source_exists then 'no source'
    when products is null then 'unknown'
    when queued > 0 and workers_alive = 0 then 'waiting'
    when queued > 0 then 'working'
    when missing + stale > 0 then 'incomplete'
    else 'complete'
  end;
  notes := array(
    select s.note from :PGVECTOR_SCHEMA.status_notes() s
    union all
    select m.note from :PGVECTOR_SCHEMA.model_notes() m
    union all
    select format('%s of %s vectors are of vanished products, which is more than a clear-out looks like: none is deleted. Mend the source, or let them go: select :PGVECTOR_SCHEMA.release_vanished();', held, v_vectors)
    where held > 0
    union all
    select format('No worker was seen for two minutes, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
    union all
    select format('The words of %s products are not as they are now; a worker takes them up, or: select :PGVECTOR_SCHEMA.index_words();', v_wordless)
    where v_wordless > 0
    union all
    select format('%s products could not be encoded: select * from :PGVECTOR_SCHEMA.product_failures;', failed)
    where failed > 0
  );
  return next;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_status(boolean) from public;

comment on function :PGVECTOR_SCHEMA.compute_status(boolean) is
  'How things stand, in the columns of embedding_status. Exact: compares every product with its vector, about 0.1 s for 10,000; otherwise from the last comparison on. Raises PE002, PE003.';
--! EndIncluded status/compute_status.sql
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
      when not has_index and :PGVECTOR_SCHEMA.has_vectors(v_model.model_id, (select s.index_from_products from :PGVECTOR_SCHEMA.settings s)) then 'indexing'
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

comment on function :PGVECTOR_SCHEMA.compute_model_status() is 'The rows of model_status.';
--! EndIncluded status/compute_model_status.sql
--! Included status/maintain.sql
/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (:PGVECTOR_SCHEMA.last_comparison()).log_id;
  delete from :PGVECTOR_SCHEMA.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform :PGVECTOR_SCHEMA.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' or sqlstate 'PE029' then
    -- No source to look into, or no hook to ask: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  -- Noted by writers who did not see the first model yet.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = :PGVECTOR_SCHEMA.active_model_id()
  where q.model_id = 0 and :PGVECTOR_SCHEMA.active_model_id() is not null;
  update :PGVECTOR_SCHEMA.product_changes c
  set model_id = :PGVECTOR_SCHEMA.active_model_id()
  where c.model_id = 0 and :PGVECTOR_SCHEMA.active_model_id() is not null;
  perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  perform :PGVECTOR_SCHEMA.keep_queries();
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
  end if;
  -- A prepared model need not wait for the hour.
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null)
    and exists (select from :PGVECTOR_SCHEMA.index_due())
  then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'build_index');
  end if;
  if :PGVECTOR_SCHEMA.work_waits() then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
--! EndIncluded status/maintain.sql
