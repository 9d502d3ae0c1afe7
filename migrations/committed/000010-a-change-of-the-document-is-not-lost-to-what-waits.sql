--! Previous: sha1:5ca953b16856fe2d760f62068d7c6fa0a7734866
--! Hash: sha1:2800f1142a4130f46eaf24265870f449a13e3818
--! Message: A change of the document is not lost to what waits

-- One object a file below sql/, included here; see CONVENTIONS.md.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off;
truncate :PGVECTOR_SCHEMA.source_expressions;
drop function if exists :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[], integer);
--! Included source/first_row_sql.sql
/*
 * Rows that nothing says the order of are told apart by what a search shows, so that it is the one whose text was encoded.
 */
create or replace function :PGVECTOR_SCHEMA.first_row_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return concat_ws(
    ', ',
    :PGVECTOR_SCHEMA.newest_row_sql(alias),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'price', 'numeric')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.first_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: as newest_row_sql() says, then the first by name, code and price. alias names the row.';
--! EndIncluded source/first_row_sql.sql
--! Included source/generate_expressions.sql
create or replace function :PGVECTOR_SCHEMA.generate_expressions() returns :PGVECTOR_SCHEMA.source_expressions
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    true,
    :PGVECTOR_SCHEMA.source_signature(:PGVECTOR_SCHEMA.require_source()),
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_ids_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.first_row_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric')
$$;

comment on function :PGVECTOR_SCHEMA.generate_expressions() is 'The row of source_expressions for the source as it is now. Raises PE001, PE002.';
--! EndIncluded source/generate_expressions.sql
--! Included source/newest_row_sql.sql
/*
 * An append-only model has a row a version and a careless join has rows too many; a product is one
 * of them: the newest by what the feed says of time, then a live one. Where that leaves two, see first_row_sql().
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
          when c.column_name = 'dbt_valid_to' then :PGVECTOR_SCHEMA.row_is_valid_sql(alias)
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
    where c.decides_life
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_is_live_sql(text) is
  'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';
--! EndIncluded source/product_is_live_sql.sql
--! Included source/row_is_valid_sql.sql
/*
 * A dbt snapshot keeps what a product was before as rows that are closed: they are the past, and neither a product nor
 * one too many.
 */
create or replace function :PGVECTOR_SCHEMA.row_is_valid_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    (
      select format('coalesce(%I.%I operator(pg_catalog.>) pg_catalog.now(), true)', alias, c.column_name)
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = 'dbt_valid_to' and t.typcategory = 'D'
    ),
    'true'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.row_is_valid_sql(text) is
  'SQL condition that a source row of a dbt snapshot is valid now; true where there is no such column. alias names the row.';
--! EndIncluded source/row_is_valid_sql.sql
--! Included source/source_shape.sql
create or replace function :PGVECTOR_SCHEMA.source_shape()
returns table (unusable_ids bigint, duplicate_ids bigint, document_columns text[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
begin
  execute format(
    $sql$
      select coalesce(sum(i.rows) filter (where i.id is null), 0), count(*) filter (where i.id is not null and i.valid_rows > 1)
      from (select %s as id, count(*) as rows, count(*) filter (where %s) as valid_rows from %s s group by 1) i
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.row_is_valid_sql('s'),
    v_source
  ) into unusable_ids, duplicate_ids;
  select array_agg(c.column_name order by c.position) into document_columns
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_shape() is
  'Rows without a usable product_id, product_ids that stand in several rows that are valid now (see row_is_valid_sql), and the columns that are in the document. Reads every id. Raises PE001, PE002, PE005.';
--! EndIncluded source/source_shape.sql
--! Included source/whole_number.sql
/*
 * As whole_number_sql(), for who has a value and no column: no SQL is made and planned for it.
 */
create or replace function :PGVECTOR_SCHEMA.whole_number(value text) returns bigint
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_value text := btrim(value);
begin
  if v_value !~ '^-?[0-9]{1,19}([.]0*)?$' then
    return null;
  end if;
  v_value := split_part(v_value, '.', 1);
  if v_value::numeric not between -9223372036854775808 and 9223372036854775807 then
    return null;
  end if;
  return v_value::bigint;
end
$$;

comment on function :PGVECTOR_SCHEMA.whole_number(text) is 'A product''s id from its text, null where that is not a whole number that fits a bigint.';
--! EndIncluded source/whole_number.sql
--! Included source/whole_number_sql.sql
/*
 * Whoever made the column, what is not a whole number is no product here, rather than an error in the
 * middle of somebody's statement. plpgsql keeps the plan between a writer's statements.
 */
create or replace function :PGVECTOR_SCHEMA.whole_number_sql(expression text, type regtype) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) then format('%s::pg_catalog.int8', expression)
    else format(
      $sql$case
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$s::pg_catalog.text), '.', 1)::pg_catalog.int8
        -- What the largest keys of a bigint have.
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{19}([.]0*)?$'
          then :PGVECTOR_SCHEMA.whole_number(%1$s::pg_catalog.text)
      end$sql$,
      expression
    )
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.whole_number_sql(text, regtype) is
  'SQL expression for an expression of some type as bigint, null where it is not a whole number.';
--! EndIncluded source/whole_number_sql.sql
--! Included document/call_document_hook.sql
/*
 * One product that the hook stumbles over must not stop the others, so each call is a subtransaction of its
 * own. Security definer, so that a product has one text whoever renders it; hence the look at whose function
 * it is. What the hook says is kept, but for what is the product's: its values, and what the server quotes of
 * a value that it cannot read.
 */
create or replace function :PGVECTOR_SCHEMA.call_document_hook(hook oid, product jsonb, out facts jsonb, out error text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
  v_message text;
  v_value text;
begin
  if not exists (
    select
    from pg_proc p
    where p.oid = call_document_hook.hook and p.provolatile <> 'v'
      -- It is called by its name, which with this argument is no other's.
      and p.pronargs = 1 and p.proargtypes[0] = 'jsonb'::regtype
      and (
        p.proowner = (select n.nspowner from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA')
        or (select r.rolsuper from pg_roles r where r.oid = p.proowner)
      )
  ) then
    error := 'PE029: The hook is not a function that may be used.';
    return;
  end if;
  begin
    execute format('select %s($1)', call_document_hook.hook::regproc) into facts using product;
    if jsonb_typeof(facts) <> 'object' then
      if jsonb_typeof(facts) <> 'null' then
        raise exception 'It returned no object, but: %', jsonb_typeof(facts) using errcode = 'PE025';
      end if;
      facts := null;
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    -- A lock that is not to be had, a full disk: no product's fault, and waited for once and not for each of them.
    if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    facts := null;
    if left(v_state, 2) in ('22', '23') then
      v_message := regexp_replace(v_message, '"[^"]*"', '"…"', 'g');
    end if;
    for v_value in
      select v.value
      from jsonb_each_text(case when jsonb_typeof(product) = 'object' then product end) v
      where length(v.value) > 2
      order by length(v.value) desc
    loop
      v_message := replace(v_message, v_value, '…');
    end loop;
    error := format('PE025: The hook %s failed (%s): %s', call_document_hook.hook::regproc, v_state, v_message);
  end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) is
  'What the hook adds to a product, or why it failed, without the product''s text. What is no product''s fault, such as a lock that is not to be had, it raises.';
--! EndIncluded document/call_document_hook.sql
--! Included document/document_query.sql
/*
 * A hook is asked only of the rows that count. By default the query is the plain one: composing costs a
 * third more.
 */
create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook oid := :PGVECTOR_SCHEMA.document_hook();
  v_weights double precision[] := :PGVECTOR_SCHEMA.document_weights();
  v_composed boolean := v_hook is not null or cardinality(v_weights) > 1;
begin
  return format(
    case
      when v_composed then $sql$
        select q.product_id, c.document, c.document_hash, q.name, q.texts || c.fact_texts as word_texts, c.texts, c.weights, f.error
        from (%s) q
        cross join lateral %s f
        cross join lateral :PGVECTOR_SCHEMA.compose_document(q.document, q.groups, %L, f.facts, f.error) c
        where q.is_live and q.product_id is not null
      $sql$
      else $sql$
        select q.product_id, q.document, q.document_hash, q.name, q.texts as word_texts,
          array[q.document] as texts, '{1}'::pg_catalog.float8[] as weights, null::pg_catalog.text as error
        from (%s) q
        where q.is_live and q.product_id is not null
      $sql$
    end,
    format(
      $sql$
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash,
          %6$s as name, %7$s as texts%8$s%9$s
        from %4$s s
        order by 1, %5$s, 4
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      :PGVECTOR_SCHEMA.product_is_live_sql('s'),
      :PGVECTOR_SCHEMA.document_sql('s'),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.first_row_sql('s'),
      :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
      :PGVECTOR_SCHEMA.document_texts_sql('s'),
      case when v_composed then format(', %s as groups', :PGVECTOR_SCHEMA.document_groups_sql('s')) end,
      case when v_hook is not null then ', pg_catalog.to_jsonb(s.*) as product' end
    ),
    case
      when v_hook is null then '(select null::pg_catalog.jsonb as facts, null::pg_catalog.text as error)'
      else format(':PGVECTOR_SCHEMA.call_document_hook(%s, q.product)', v_hook)
    end,
    v_weights
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, word_texts text[], texts text[], weights double precision[], error text), one row each. texts are what is encoded apart and weights what each counts; where a hook failed, error says why, and document, hash, texts and weights are null. Raises PE001, PE002, PE029.';
--! EndIncluded document/document_query.sql
--! Included document/measure_hook.sql
/*
 * Of up to a hundred products. Every comparison calls the hook for every product, in dbt's run too, so what
 * it costs there is said in minutes.
 */
create or replace function :PGVECTOR_SCHEMA.measure_hook(name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_hook oid := :PGVECTOR_SCHEMA.require_hook(measure_hook.name);
  v_limit double precision := (select s.max_hook_ms from :PGVECTOR_SCHEMA.settings s);
  v_started timestamptz;
  v_called bigint;
  v_failed bigint;
  v_error text;
  v_ms double precision;
  v_products bigint;
begin
  -- The first call plans what it reads.
  execute format(
    'select f.error from (select to_jsonb(s.*) as product from %s s limit 1) p cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f',
    v_source
  ) into v_error using v_hook;
  v_started := clock_timestamp();
  execute format(
    $sql$
      select count(*), count(f.error), min(f.error)
      from (select to_jsonb(s.*) as product from %s s limit 100) p
      cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f
    $sql$,
    v_source
  ) into v_called, v_failed, v_error using v_hook;
  v_ms := extract(epoch from clock_timestamp() - v_started) * 1000 / nullif(v_called, 0);

  if v_called > 0 and v_failed = v_called then
    raise exception 'The hook % fails for each of the % products that it was tried on.', measure_hook.name, v_called
      using errcode = 'PE029', detail = v_error, hint = 'Mend it, or set it all the same with force => true: no vector changes while it fails.';
  end if;
  if v_ms > v_limit then
    execute format('select count(*) from %s', v_source) into v_products;
    raise exception 'The hook % takes % ms a product, more than the % of settings.max_hook_ms: % for all % products, at each comparison and in each dbt run.',
      measure_hook.name, round(v_ms::numeric, 1), v_limit, make_interval(secs => round((v_ms * v_products / 1000)::numeric)::double precision), v_products
      using errcode = 'PE029',
        hint = 'Make it faster (an index on what it looks up, a table made by dbt), or set it all the same with force => true.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.measure_hook(text) is
  'Tries a hook on up to a hundred products. Raises PE029 when it fails for all of them, or takes longer than settings.max_hook_ms a product.';
--! EndIncluded document/measure_hook.sql
--! Included words/code_terms.sql
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
--! EndIncluded words/code_terms.sql
--! Included words/deletions_of.sql
/*
 * Two words that differ by one letter too many, too few, another or swapped share one of these, so that
 * an index finds them: trigrams of a short word do not survive one error. (The symmetric deletion of
 * Garbe's SymSpell.) Sounds have no doubled letters, so none comes twice. In a loop,
 * which takes a fifth of what a query does.
 */
create or replace function :PGVECTOR_SCHEMA.deletions_of(sound text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_all text[];
begin
  if length(sound) between 3 and 24 then
    v_all := array[sound];
    for i in 1 .. length(sound) loop
      v_all[i + 1] := left(sound, i - 1) || substr(sound, i + 1);
    end loop;
  end if;
  return v_all;
end
$$;

comment on function :PGVECTOR_SCHEMA.deletions_of(text) is
  'A word and what it becomes without one of its letters; null for fewer than 3 or more than 24.';
--! EndIncluded words/deletions_of.sql
--! Included words/query_terms.sql
/*
 * A query as groups of which a product should meet as many as it can. A group is a word; its alternatives
 * are other ways to say it, each one term or several: the word as typed, as a code, in the other script, a
 * synonym. What a phrase is a synonym of stands in the group of each of its words for its share, so that a
 * product that has only some of them is found as it was without. A word that no product has is taken for a
 * typing error or a beginning, and the nearest known words stand in for it; where there are none it has no
 * group, which nothing could meet. Group 0 is what only adds: codes across words, and the query as a whole
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
--! Included words/squash_text.sql
/*
 * With everything in full and without a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.squash_text(value text) returns text
language sql immutable parallel safe
as $$
  select '=' operator(pg_catalog.||) pg_catalog.left(
    pg_catalog.regexp_replace(pg_catalog.translate(value, 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  )
$$;

comment on function :PGVECTOR_SCHEMA.squash_text(text) is
  'A whole folded value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';
--! EndIncluded words/squash_text.sql
--! Included words/words_of.sql
/*
 * The parser of text search takes 123.45/B for a number and a path, so separators go first. With everything in full and without
 * a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.words_of(config regconfig, value text) returns tsvector
language sql immutable parallel safe
as $$
  select pg_catalog.to_tsvector(config, pg_catalog.regexp_replace(pg_catalog.left(value, 32768), '[^[:alnum:]]+', ' ', 'g'))
$$;

comment on function :PGVECTOR_SCHEMA.words_of(regconfig, text) is
  'The stemmed words of a folded text, of its first 32,768 characters, with their places, by a text search configuration; empty of stop words alone.';
--! EndIncluded words/words_of.sql
--! Included words/words_row.sql
/*
 * plpgsql, which keeps its plans: as one query in language sql it took four times as long.
 */
create or replace function :PGVECTOR_SCHEMA.words_row(
  config regconfig, name text, texts text[], classes text[], out words tsvector, out tokens integer, out label text
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_values text[] := array_prepend(name, texts);
  v_value text;
  v_terms text[] := '{}';
  v_room integer := 131072;
begin
  words := '';
  label := '';
  for i in 1 .. cardinality(v_values) loop
    -- Of a monstrous text the beginning is enough, and all that a tsvector can hold.
    v_value := :PGVECTOR_SCHEMA.fold_text(left(v_values[i], least(32768, v_room)));
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    v_room := greatest(0, v_room - length(v_value));
    words := words || setweight(:PGVECTOR_SCHEMA.words_of(config, v_value), coalesce(classes[i], 'D')::"char");
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || :PGVECTOR_SCHEMA.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, E'\\s+', '-', 'g') else v_value end
      );
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || :PGVECTOR_SCHEMA.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  words := words || array_to_tsvector(v_terms);
end
$$;

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[], text[]) is
  'What product_words holds of a product with this name and these other texts, of which the first class is the name''s and the next ones the texts''; a text without one has D.';
--! EndIncluded words/words_row.sql
--! Included queue/announce_changes.sql
/*
 * NOTIFY has all who commit wait for each other's disk, so a writer says something only to a worker that
 * rests. A resting one holds this lock (see look_for_work), so who cannot share it has to wake; who shares it,
 * until the end of his transaction, keeps workers from going to rest before they have seen what he commits.
 * The lock is only tried: no writer waits. Where transactions can be prepared, which one that notifies cannot be, a worker finds
 * the change when it looks by itself, within two seconds. Without a SET clause and with everything in full, so that it is inlined into the trigger:
 * a call of its own was a twelfth of what an update of one row took.
 */
create or replace function :PGVECTOR_SCHEMA.announce_changes() returns void
language sql volatile
as $$
  select case when not pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtext(':PGVECTOR_SCHEMA.product_changes'), 1)
    and pg_catalog.current_setting('max_prepared_transactions') = '0'
    then pg_catalog.pg_notify(':PGVECTOR_SCHEMA', '')
  end
$$;

comment on function :PGVECTOR_SCHEMA.announce_changes() is
  'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';
--! EndIncluded queue/announce_changes.sql
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
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/full_pass.sql
--! Included queue/note_update.sql
/*
 * Generating and planning SQL for one row would take longer than its update. So its columns are compared as JSON, which needs no SQL
 * of its own for the columns that there are and keeps each as it is written, the blanks of a json and 2.50 for 2.5 among it; in a
 * statement of many rows the stored image is (see note_changes), which is quicker for each row and sees the same.
 */
create or replace function :PGVECTOR_SCHEMA.note_update(
  product_id bigint, table_schema name, table_name name, new_row record, old_row record
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_differs boolean := true;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select
    s.document_hook is not null,
    array(
      select f.column_name
      from :PGVECTOR_SCHEMA.document_fields f
      where not f.included and f.column_name not in ('deleted', 'dbt_valid_to', 'dbt_is_deleted')
    )
  into v_hooked, v_left_out
  from :PGVECTOR_SCHEMA.settings s
  where s.source_schema = note_update.table_schema and s.source_table = note_update.table_name;
  if not found then
    return;
  end if;

  -- A hook may look at any column.
  if not v_hooked then
    begin
      v_differs := exists (
        select
        from json_each(row_to_json(new_row)) n
        join json_each(row_to_json(old_row)) o on o.key = n.key and o.value::text <> n.value::text
        where n.key <> all (v_left_out)
          and not (starts_with(n.key, '_') and not exists (select from :PGVECTOR_SCHEMA.document_fields f where f.column_name = n.key and f.included))
      );
    exception when others then
      -- Not everything of type json can be read. The claim tells whether it changed.
      null;
    end;
    -- Of a product in several rows a column that is left out may say which of them counts.
    if not v_differs and coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids, 0) = 0 then
      return;
    end if;
  end if;
  insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[note_update.product_id]);
  perform :PGVECTOR_SCHEMA.announce_changes();
end
$$;

comment on function :PGVECTOR_SCHEMA.note_update(bigint, name, name, record, record) is
  'Notes the product of an update of one row in product_changes, if its document may have changed. For tg__product_changed().';
--! EndIncluded queue/note_update.sql
--! Included queue/queue_difference.sql
create or replace function :PGVECTOR_SCHEMA.queue_difference(model_id integer)
returns table (products bigint, missing bigint, stale bigint, orphans bigint, queued bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
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
  'Compares the source with the vectors of a model (0: before there is one) and queues what differs; returns what it found and how many products it queued. Part of reconcile(). Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/queue_difference.sql
--! Included queue/reconcile.sql
/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place. Security definer, because dbt's role calls it
 * after a build and needs no right on our tables; what it found is kept for the status.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_log :PGVECTOR_SCHEMA.source_log;
  v_queued_otherwise bigint;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  perform :PGVECTOR_SCHEMA.remember_order();
  select q.products, q.missing, q.stale, q.orphans, q.queued
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from :PGVECTOR_SCHEMA.queue_difference(coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0)) q;
  select coalesce(sum(q.queued), 0) into v_queued_otherwise
  from (select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_kept offset 0) m
  cross join lateral :PGVECTOR_SCHEMA.queue_difference(m.model_id) q;

  -- Not before, or nothing that waits would be left to wait (see queue_difference).
  perform :PGVECTOR_SCHEMA.note_expressions();
  if v_log.queued + v_queued_otherwise > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;

  select s.unusable_ids, s.duplicate_ids, s.document_columns
  into v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns
  from :PGVECTOR_SCHEMA.source_shape() s;
  select bool_and(t.enabled is true) into v_log.triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;

  insert into :PGVECTOR_SCHEMA.source_log (
    event, source_oid, triggers_attached, products, missing, stale, orphans, queued, unusable_ids, duplicate_ids, document_columns, seconds
  )
  values (
    'reconcile', v_log.source_oid, v_log.triggers_attached, v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued,
    v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns, round(extract(epoch from clock_timestamp() - v_started)::numeric, 3)
  );
  return v_log.queued;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile() from public;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors, of all models that are kept, and queues what differs; returns how many products it queued for the active one. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005, PE029.';
--! EndIncluded queue/reconcile.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement. One row, nearly all that an application writes, is noted at once and in the least of steps where
 * notes_unseen() says so; whether its text changed is found when it is claimed. Otherwise note_update() looks at it. What many rows take
 * note_changes() says. A session compiles this anew for each trigger and never forgets it, so that each swap of dbt's table
 * costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 *
 * Anybody may put it on a table of his own, with a type of his own that he says how to cast. So only an id of one of the server's
 * types is looked at here, and any other where it is known whose table it is. Rows are passed as n.*, which no column n is taken for.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled: 0.4 s of an update of 61,000 rows.
set jit = off
as $$
#variable_conflict use_variable
declare
  v_id bigint;
  v_is_same boolean;
  v_statement text;
begin
  -- Nothing is written in here, which would take a transaction id of its own.
  begin
    -- 16384 is the first that is not the server's own.
    if tg_op = 'UPDATE' then
      select case when pg_typeof(n.product_id)::oid < 16384 then n.product_id::bigint end,
        case when pg_typeof(n.product_id)::oid < 16384 then n.product_id = o.product_id end
      into strict v_id, v_is_same
      from new_rows n
      cross join old_rows o;
    elsif tg_op = 'INSERT' then
      select case when pg_typeof(n.product_id)::oid < 16384 then n.product_id::bigint end into strict v_id from new_rows n;
    elsif tg_op = 'DELETE' then
      select case when pg_typeof(o.product_id)::oid < 16384 then o.product_id::bigint end into strict v_id from old_rows o;
    end if;
    v_is_same := coalesce(v_is_same, v_id is not null);
  exception
    when no_data_found or undefined_column then
      -- A source without ids is the comparison's to tell, not the writer's to be stopped by.
      return null;
    when others then
      -- Many rows, or an id that is no number.
      null;
  end;

  if v_is_same then
    if :PGVECTOR_SCHEMA.notes_unseen(tg_op, tg_table_schema, tg_table_name) then
      insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_id]);
      perform :PGVECTOR_SCHEMA.announce_changes();
      return null;
    elsif tg_op = 'UPDATE' then
      perform :PGVECTOR_SCHEMA.note_update(v_id, tg_table_schema, tg_table_name, n.*, o.*) from new_rows n cross join old_rows o;
      return null;
    end if;
  end if;

  v_statement := :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name);
  if v_statement is not null then
    execute v_statement;
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
--! EndIncluded queue/tg__product_changed.sql
--! Included embedding/release_vanished.sql
/*
 * What vanished since the last comparison stands in its count of products, and the status tells by the vectors that are
 * marked, which go here: so they are taken off that count.
 */
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  -- As in sweep_vanished().
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    released as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null returning e.product_id, e.vanished_at
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using released r where w.product_id = r.product_id
    ),
    recounted as (
      update :PGVECTOR_SCHEMA.source_log l
      set products = l.products - (select count(*) from released r where r.vanished_at > l.logged_at)
      where l.log_id = (:PGVECTOR_SCHEMA.last_comparison()).log_id
    )
  select count(*) into v_rows from released;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/release_vanished.sql
--! Included embedding/sweep_vanished.sql
/*
 * In turn with the claims: one that looked on meanwhile would take a product that comes back for one that has its vector still.
 */
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    swept as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      using :PGVECTOR_SCHEMA.vanished_products() v
      where e.product_id = v.product_id and v.due_at <= now() and not v.held
      returning e.product_id
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using swept s where w.product_id = s.product_id
    )
  select count(*) into v_rows from swept;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/sweep_vanished.sql
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
        select v.value from jsonb_array_elements_text(case jsonb_typeof(v_operand) when 'array' then v_operand else jsonb_build_array(v_operand) end) v
        where v.value is not null
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
        if v_operator = 'like' and v_plain[1] ~ '(^|[^\\])(\\\\)*\\$' then
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
  'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE015, PE016.';
--! EndIncluded search/filter_sql.sql
--! Included search/hybrid_products.sql
/*
 * Three signals, each on a scale of its own, brought to 0..1 among the candidates (min-max) and added
 * by the weights of settings: words (BM25), trigrams of name and codes, vectors. Adding reciprocal ranks
 * instead forgets by how much a product was ahead, and was worse than words alone (docs/evaluation.md).
 * Trigrams are dear, so only the twenty that lead without them are compared by them. The longer a query,
 * the more it is prose, and the more its meaning counts.
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
      coalesce(bool_or(r.is_complete), true)
    into v_ids, v_scores, v_exact, v_terms, v_complete
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

  select w.* into strict v_weights from :PGVECTOR_SCHEMA.signal_weights(query, query_vector is not null) w;
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
--! Included search/live_products_query.sql
/*
 * Always one row a product, whatever the last comparison found: for who reads many products or few,
 * where search has a cheaper way for its hits. The filter is asked of the row that counts, not of an
 * older one that would pass.
 */
create or replace function :PGVECTOR_SCHEMA.live_products_query(filter jsonb default null) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      select q.product_id, q.name, q.vendor_code, q.price
      from (
        select distinct on (1) %1$s as product_id, (%2$s) and (%3$s) as is_wanted,
          %4$s as name, %5$s as vendor_code, %6$s as price
        from %7$s s
        order by 1, %8$s, 3, 4, 5
      ) q
      where q.is_wanted and q.product_id is not null
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.filter_sql('s', filter),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.first_row_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.live_products_query(jsonb) is
  'The query for every live product that passes the filter: (product_id bigint, name text, vendor_code text, price numeric), one row each. Raises PE001, PE002, and for a filter what filter_sql() raises.';
--! EndIncluded search/live_products_query.sql
--! Included search/mapped_products.sql
/*
 * Security definer, so that a reader needs no right on tables; which column it shows beside what search
 * shows is therefore a setting of the database and no parameter.
 */
create or replace function :PGVECTOR_SCHEMA.mapped_products()
returns table (product_id bigint, name text, vendor_code text, price numeric, x real, y real, label text, mapped_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_ids bigint[] := array(select m.product_id from :PGVECTOR_SCHEMA.product_map m);
  v_column text := (
    select format('s.%I::pg_catalog.text', c.column_name)
    from :PGVECTOR_SCHEMA.source_columns c
    join :PGVECTOR_SCHEMA.settings s on s.map_column = c.column_name
  );
begin
  return query execute format(
    $sql$
      select p.product_id, p.name, p.vendor_code, p.price, m.x, m.y, l.label, m.mapped_at
      from :PGVECTOR_SCHEMA.live_products($1) p
      join :PGVECTOR_SCHEMA.product_map m on m.product_id = p.product_id
      join (
        select distinct on (1) %1$s as product_id, %2$s as label from %3$s s where %4$s order by 1, %5$s, 2
      ) l on l.product_id = p.product_id
      order by m.product_id
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'), coalesce(v_column, 'null::pg_catalog.text'), v_source,
    :PGVECTOR_SCHEMA.product_ids_sql('s'), :PGVECTOR_SCHEMA.first_row_sql('s')
  ) using v_ids;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.mapped_products() from public;

comment on function :PGVECTOR_SCHEMA.mapped_products() is
  'The live products of the map with their places; label is the column settings.map_column as text, null where the source has no such column. Raises PE001, PE002, PE005.';
--! EndIncluded search/mapped_products.sql
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
--! Included search/query_embeddings.sql
/*
 * The server cannot encode a text, so a query's vector is asked for here and made by the worker. One row
 * a query and model, the column of any dimension: the vectors of a model that is prepared are here before
 * it is activated, so that no search has to do without.
 */
create table if not exists :PGVECTOR_SCHEMA.query_embeddings (
  query text not null,
  model_id integer not null,
  embedding :VECTOR_SCHEMA.vector,
  kept boolean not null default false,
  uses bigint not null default 0,
  used_at timestamptz not null default now(),
  attempts integer not null default 0,
  error text
);

delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id is null;
alter table :PGVECTOR_SCHEMA.query_embeddings
  drop constraint if exists query_embeddings_pkey,
  drop constraint if exists query_embeddings_key,
  alter column model_id set not null,
  add constraint query_embeddings_key primary key (query, model_id);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once an hour at the most (once a minute while there is no vector).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
--! EndIncluded search/query_embeddings.sql
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
language plpgsql volatile security definer
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
  'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014, PE017.';
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
  v_pairs bigint;
begin
  -- Two at once would write the same pairs.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_pairs'), 3);
  v_relation := :PGVECTOR_SCHEMA.lock_interactions();
  if v_relation is null then
    delete from :PGVECTOR_SCHEMA.product_pairs;
    return 0;
  end if;
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;

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
    case
      when (
        select a.atttypid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        from pg_attribute a
        where a.attrelid = v_relation and a.attname = v_settings.interactions_product
      ) then format('i.%I::pg_catalog.int8', v_settings.interactions_product)
      else :PGVECTOR_SCHEMA.whole_number_sql(format('i.%I', v_settings.interactions_product), 'text'::regtype)
    end,
    v_relation
  ) into v_pairs using v_settings.max_group_products, v_settings.min_together;
  return v_pairs;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_pairs() is
  'Makes product_pairs anew from the relation that set_interactions() named, none without one; returns how many rows. The worker does it nightly. Raises PE023.';
--! EndIncluded search/refresh_pairs.sql
--! Included search/request_query.sql
/*
 * Called by each search, so it must cost next to nothing and never wait: a use is counted once an
 * hour, which is what keep_queries() has it worth (a commit that has written waits for the disk), that of a query without a vector
 * once a minute, and none while another search is at the same row, or in a transaction whose one snapshot is from before
 * another one was. On a standby nothing can be asked for. Security definer for the readers who call embed_query().
 */
create or replace function :PGVECTOR_SCHEMA.request_query(query text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(request_query.query);
  v_row record;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
  v_noted boolean := false;
begin
  -- Without a model there is nobody to ask.
  if v_query is null or v_model_id is null then
    return false;
  end if;
  select
    q.query, q.embedding is not null as is_embedded,
    q.used_at < now() - case when q.embedding is null then interval '1 minute' else interval '1 hour' end as is_due
  into v_row
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query and q.model_id = v_model_id;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  begin
    -- Another transaction that is just noting the same query does it for both.
    if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings')) then
      insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, uses) values (v_query, v_model_id, 1)
      on conflict on constraint query_embeddings_key do nothing;
      v_noted := true;
    elsif v_row.is_due then
      update :PGVECTOR_SCHEMA.query_embeddings q
      set uses = q.uses + 1, used_at = now(),
        attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
      from (select u.query from :PGVECTOR_SCHEMA.query_embeddings u where u.query = v_query and u.model_id = v_model_id for update skip locked) u
      where q.query = u.query and q.model_id = v_model_id;
      v_noted := found;
    end if;
  exception when serialization_failure then
    null;
  end;
  if v_noted and not coalesce(v_row.is_embedded, false) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return coalesce(v_row.is_embedded, false);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.request_query(text) from public;

comment on function :PGVECTOR_SCHEMA.request_query(text) is
  'Notes that a query is used and asks the worker for its vector if it has none; returns whether it has one. Takes effect when the transaction commits.';
--! EndIncluded search/request_query.sql
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
language plpgsql volatile security definer
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
language plpgsql volatile security definer
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
language plpgsql volatile security definer
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
--! Included status/columns_changed.sql
/*
 * To alter a table fires no trigger, and each document may be another after it. The columns and what makes a product a live one are
 * those of the last comparison, or changes have gone by unseen.
 */
create or replace function :PGVECTOR_SCHEMA.columns_changed() returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (:PGVECTOR_SCHEMA.last_comparison()).document_columns is distinct from (
      select array_agg(c.column_name order by c.position)
      from :PGVECTOR_SCHEMA.source_columns c
      where c.in_document
    )
    or exists (
      select from :PGVECTOR_SCHEMA.source_expressions e where e.is_live <> :PGVECTOR_SCHEMA.product_is_live_sql('s')
    );
end
$$;

comment on function :PGVECTOR_SCHEMA.columns_changed() is
  'Whether the columns in the documents, or those that say whether a product is live, are others than at the last comparison.';
--! EndIncluded status/columns_changed.sql
--! Included status/compute_status.sql
/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. Exact means comparing every product with its
 * vector. The quick way starts from the last comparison and is right as long as nothing can have
 * escaped since: it is the same relation with the same columns, and it has not lost its triggers. If it may have, the
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
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached)
    and not :PGVECTOR_SCHEMA.columns_changed()
  then
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
--! Included status/doctor_rights.sql
/*
 * Against what grant_roles() gives, as far as a group is there: a schema that was restored before
 * sql/dba.sql ran, or a revoke by hand, is found here and not at the next search.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_rights(role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_owns boolean := pg_has_role(doctor_rights.role_name, v_owner, 'usage');
  v_groups text[] := array(
    select substr(r.rolname, length('product_embeddings_') + 1)
    from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
      and pg_has_role(doctor_rights.role_name, r.oid, 'usage')
    order by r.rolname
  );
  v_group name;
  v_lacks text;
begin
  return query
    select
      'role',
      case
        when not v_owns and v_groups = '{}' then 'error'
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'warning'
        else 'ok'
      end,
      case
        when not v_owns and v_groups = '{}' then format('%s may do nothing here: it is no member of a group of ours.', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then format('Our functions run with the rights of %s, a superuser, which nothing of ours needs.', v_owner)
        when v_owns then format('%s owns our schema: it may do everything here.', doctor_rights.role_name)
        else format('%s is in the groups: %s.', doctor_rights.role_name, array_to_string(v_groups, ', '))
      end,
      case
        when not v_owns and v_groups = '{}' then format('As a superuser: grant product_embeddings_reader to %I;  (or …_worker, …_attacher: docs/security.md)', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'Give it to a role of its own: docs/security.md, «Away from a superuser»'
      end;

  for v_group in
    select r.rolname from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
    order by 1
  loop
    -- Some of them: after a restore without the groups it is all.
    select concat(string_agg(l.what, ', ' order by l.what) filter (where l.number <= 5), case when count(*) > 5 then format(' and %s more', count(*) - 5) end)
    into v_lacks
    from (select w.what, row_number() over (order by w.what) as number from (
      select 'usage of :PGVECTOR_SCHEMA' where not has_schema_privilege(v_group, ':PGVECTOR_SCHEMA', 'usage')
      union all
      select c.relname::text
      from pg_class c
      where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.relkind in ('r', 'v')
        and case v_group
          when 'product_embeddings_worker' then not has_table_privilege(v_group, c.oid, 'select')
            or c.relkind = 'r' and c.relname not in ('source_expressions', 'source_connection', 'settings')
              and not (has_table_privilege(v_group, c.oid, 'insert') and has_table_privilege(v_group, c.oid, 'update') and has_table_privilege(v_group, c.oid, 'delete'))
            or c.relname = 'settings' and not has_any_column_privilege(v_group, c.oid, 'update')
          when 'product_embeddings_attacher' then c.relname in (':PGVECTOR_TABLE', 'embedding_status', 'settings', 'source_triggers') and not has_table_privilege(v_group, c.oid, 'select')
          else c.relname = 'embedding_status' and not has_table_privilege(v_group, c.oid, 'select')
        end
      union all
      select distinct p.proname || '()'
      from pg_proc p
      where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and not has_function_privilege(v_group, p.oid, 'execute')
        and case v_group
          when 'product_embeddings_worker' then p.prorettype <> 'trigger'::regtype
          when 'product_embeddings_attacher' then p.proname in ('attach', 'attach_after_build', 'reconcile', 'compute_status', 'doctor')
          else p.proname in ('search_products', 'search_products_text', 'similar_products', 'recommended_products', 'compute_status', 'doctor')
        end
      union all
      select 'usage of graphile_worker'
      where v_group = 'product_embeddings_worker' and not has_schema_privilege(v_group, 'graphile_worker', 'usage')
      union all
      select format('graphile_worker.%s', c.relname)
      from pg_class c
      where v_group = 'product_embeddings_worker' and c.relnamespace = 'graphile_worker'::regnamespace and c.relkind = 'r'
        and (
          not has_table_privilege(v_group, c.oid, 'update')
          or c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
        )
    ) w (what)) l;
    v_lacks := nullif(v_lacks, '');
    return query
      select
        'rights',
        case when v_lacks is null then 'ok' else 'error' end,
        case when v_lacks is null then format('%s has what it needs.', v_group) else format('%s lacks rights: %s.', v_group, v_lacks) end,
        case when v_lacks is not null then format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner) end;
  end loop;

  return query
    select 'rights', 'error', format('Everybody may call %s, with our owner''s rights.', string_agg(p.proname || '()', ', ' order by p.proname)),
      format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner)
    from pg_proc p
    where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
    having count(*) > 0;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_rights(name) is 'The part of doctor() about rights: the role''s, each group''s, and nobody else''s.';
--! EndIncluded status/doctor_rights.sql
--! Included status/doctor_status.sql
/*
 * The status says in sentences what is out of the ordinary; here each becomes a finding, so that no two
 * places can differ. A note that no check below knows is a finding all the same.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_status(client jsonb)
returns table (check_name text, state text, finding text, fix text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_status record;
  v_dimension integer;
  v_named text := client ->> 'source';
  v_index text;
begin
  select * into v_status from :PGVECTOR_SCHEMA.compute_status(exact => false);

  return query
    with
      known (check_name, pattern, state, fix) as (
        values
          ('source', 'The source does not exist%', 'error', ''),
          ('source', '% may not read the source%', 'error', ''),
          ('source', 'Row level security of the source%', 'warning', ''),
          ('source', '%rows have no usable product_id%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', '%product_ids stand in several rows%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', 'The source has no column%', 'warning', 'Let the dbt model select it, if there is one'),
          ('source', 'The source has no index on product_id%', 'warning', ''),
          ('triggers', 'The source is a%cannot have triggers%', 'ok', ''),
          ('triggers', 'The source lacks the triggers%', 'warning', ''),
          ('triggers', 'The triggers for%are disabled%', 'warning', ''),
          ('comparison', 'The source was not compared%', 'warning', ''),
          ('comparison', 'The last % failed%', 'error', 'select * from :PGVECTOR_SCHEMA.source_log order by log_id desc limit 10;'),
          ('workers', 'No worker was seen%', 'error', ''),
          ('products', '%could not be encoded%', 'warning', ''),
          ('products', '%vectors are of vanished products%', 'warning', ''),
          ('index', '%have no index for search%', 'warning', '')
      ),
      notes as (
        select
          coalesce(k.check_name, 'status') as check_name,
          coalesce(k.state, 'warning') as state,
          n.note,
          coalesce(k.fix, '') as fix,
          -- What to do stands at the end: after the last full stop, or else after the first colon.
          case when n.note ~ '(select |npm run |run dbt|config[(])' then
            coalesce(substring(n.note from '^(.*[.]) [^.]*:'), substring(n.note from '^([^:]*:)'))
          end as head,
          n.position
        from unnest(v_status.notes) with ordinality n (note, position)
        left join known k on n.note like k.pattern
      ),
      findings as (
        select
          n.check_name, n.state,
          case when n.head is null or n.fix <> '' then n.note else regexp_replace(n.head, '(, or)?[:.]$', '.') end as finding,
          case when n.fix <> '' then n.fix when n.head is not null then btrim(substr(n.note, length(n.head) + 1)) end as fix,
          n.position
        from notes n
        union all
        select o.check_name, o.state, o.finding, o.fix, 0
        from (
          values
            ('source', 'ok', format('%s, %s products.', v_status.source, coalesce(v_status.products::text, 'nobody counted yet how many')), null),
            ('triggers', 'ok', 'All four are attached and enabled.', null),
            ('comparison', 'ok', format('Source and vectors were last compared at %s; %s products were queued.', date_trunc('second', v_status.compared_at), v_status.compared_queued), null),
            (
              'workers',
              case when v_status.workers_alive = 0 then 'warning' else 'ok' end,
              case when v_status.workers_alive = 0 then 'No worker was seen for two minutes; nothing waits now, and the next change would.' else format('%s alive.', v_status.workers_alive) end,
              case when v_status.workers_alive = 0 then 'npm run worker, or npm run embed from cron' end
            ),
            ('products', 'ok', format('%s %% have a vector, %s wait, none is set aside.', coalesce(v_status.coverage::text, '–'), v_status.queued), null),
            (
              'index', 'ok',
              case when :PGVECTOR_SCHEMA.search_index() is null then 'None, and none is needed for so few vectors.' else 'Search can go along an index.' end,
              null
            )
        ) o (check_name, state, finding, fix)
        where not exists (select from notes n where n.check_name = o.check_name)
          and (v_status.source_exists or o.check_name not in ('triggers', 'comparison'))
          and (v_status.compared_at is not null or o.check_name <> 'comparison')
          and (v_status.triggers_attached or o.check_name <> 'triggers')
      )
    select f.check_name, f.state, f.finding, f.fix
    from findings f
    order by array_position(array['source', 'triggers', 'comparison', 'workers', 'products', 'index', 'status'], f.check_name), f.position;

  select string_agg(i.index_name, ', ') into v_index from :PGVECTOR_SCHEMA.vector_indexes i where not i.valid and i.phase is null;
  return query
    select 'index', 'warning', format('Left by a build that failed: %s. It costs every writer and serves no search.', v_index),
      format('drop index concurrently :PGVECTOR_SCHEMA.%s;', replace(v_index, ', ', ', :PGVECTOR_SCHEMA.'))
    where v_index is not null;

  select a.atttypmod into v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding' and not a.attisdropped;
  return query
    select 'vectors', 'error', format('The configured dimension (%s) is not that of the stored vectors (%s).', client ->> 'dimension', v_dimension),
      format('PGVECTOR_EMBEDDING_DIM=%s, or another model: docs/changing-the-model.md', v_dimension)
    where (client ->> 'dimension')::integer <> v_dimension
      -- What the variable says of a table whose model was changed since is of the past.
      and not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null);
  return query
    select 'vectors', 'warning', format('The model here is %s (%s), and the stored vectors are of %s.', client ->> 'model', client ->> 'revision', v_status.model),
      'Leave EMBEDDING_MODEL out, or let it name that one; to change the model: docs/changing-the-model.md'
    where client ? 'revision' and not exists (
        select from :PGVECTOR_SCHEMA.embedding_models m
        where m.is_kept and (m.name, m.revision) = (client ->> 'model', client ->> 'revision')
      )
      and strpos(v_status.model, format('%s (%s', client ->> 'model', client ->> 'revision')) = 0;
  return query
    select 'vectors', 'ok', format('%s components; the model is %s.', v_dimension, coalesce(v_status.model, 'none yet: no worker came')), null
    where (client ->> 'dimension')::integer is not distinct from v_dimension or not client ? 'dimension'
      or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null);

  return query
    select 'source', 'warning', format('The settings here name the source %s, and the database reads %s.', v_named, v_status.source),
      'Correct STAGING_DB_SCHEMA and STAGING_DB_TABLE here, or write them to the database: npm run migrate'
    where v_named <> v_status.source;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_status(jsonb) is 'The part of doctor() about source, triggers, comparison, workers, products, index and vectors: the status and its notes, a finding each. Raises PE002, PE003.';
--! EndIncluded status/doctor_status.sql
--! Included status/embedding_status.sql
create or replace view :PGVECTOR_SCHEMA.embedding_status as
  select * from :PGVECTOR_SCHEMA.compute_status(exact => false);

comment on view :PGVECTOR_SCHEMA.embedding_status is 'How things stand, in one row that a dashboard can read every few seconds: from the last comparison of products and vectors, and what happened since. compute_status() compares anew.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source is 'Where the products are read from.';
comment on column :PGVECTOR_SCHEMA.embedding_status.state is 'complete, working (a worker is at it), waiting (no worker is), incomplete (nothing waits, but some failed), unknown (the source was rebuilt, or its columns changed, and it was not compared yet), or no source.';
comment on column :PGVECTOR_SCHEMA.embedding_status.products is 'Live products in the source; null when unknown.';
comment on column :PGVECTOR_SCHEMA.embedding_status.embedded is 'Live products that have a vector, current or stale: what search can find.';
comment on column :PGVECTOR_SCHEMA.embedding_status.coverage is 'embedded in percent of products; null when there is none.';
comment on column :PGVECTOR_SCHEMA.embedding_status.missing is 'Live products without a vector, at the most.';
comment on column :PGVECTOR_SCHEMA.embedding_status.stale is 'Live products whose vector is of an earlier text or another model, at the most: what waits is counted before it is looked at. The old vector serves until the new one lands.';
comment on column :PGVECTOR_SCHEMA.embedding_status.orphans is 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';
comment on column :PGVECTOR_SCHEMA.embedding_status.held is 'Orphans that are not deleted although their grace may be over, because too many vanished at once: release_vanished() lets them go, keep_vanished() starts the grace over.';
comment on column :PGVECTOR_SCHEMA.embedding_status.failed is 'Products set aside after settings.max_attempts (see product_failures).';
comment on column :PGVECTOR_SCHEMA.embedding_status.queued is 'Products that wait (see queued_products), claimed ones among them; not each of them needs encoding.';
comment on column :PGVECTOR_SCHEMA.embedding_status.claimed is 'Products that a worker holds now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.oldest_wait is 'Age of the oldest change that is not done; null when none waits.';
comment on column :PGVECTOR_SCHEMA.embedding_status.throughput is 'While products wait: how many are encoded a second, over the last five minutes.';
comment on column :PGVECTOR_SCHEMA.embedding_status.time_to_go is 'queued at that throughput; null while nothing is encoded.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source_exists is 'Whether the source is there now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.triggers_attached is 'Whether all four triggers are on the source and enabled (see source_triggers); notes say why not.';
comment on column :PGVECTOR_SCHEMA.embedding_status.compared_at is 'When source and vectors were last compared (see source_log).';
comment on column :PGVECTOR_SCHEMA.embedding_status.compared_queued is 'How many products that comparison queued, because nothing else had.';
comment on column :PGVECTOR_SCHEMA.embedding_status.unusable_ids is 'Rows whose product_id is null or no whole number; they are no products here.';
comment on column :PGVECTOR_SCHEMA.embedding_status.duplicate_ids is 'product_ids that stand in several rows, of a dbt snapshot in several that are valid now; the newest row counts.';
comment on column :PGVECTOR_SCHEMA.embedding_status.workers_alive is 'Workers seen in the last two minutes; one that runs gives a sign of life every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.embedding_status.notes is 'What is out of the ordinary and what to do about it; empty when nothing is.';
--! EndIncluded status/embedding_status.sql
--! Included status/hidden_from.sql
/*
 * Row level security gives no error but fewer rows, and products that are hidden look like products that are gone. A policy that
 * shows all rows is the remedy and needs no superuser. A worker is asked about by its login, since bypassrls is not inherited, and
 * named by its group, which a policy can be for.
 */
create or replace function :PGVECTOR_SCHEMA.hidden_from() returns name[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner oid := (select n.nspowner from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_worker oid := (select w.oid from pg_roles w where w.rolname = 'product_embeddings_worker');
begin
  return (
    select array_agg(distinct pg_get_userbyid(case when r.oid = v_owner then v_owner else v_worker end))
    from pg_class c
    join pg_roles r on not r.rolsuper and not r.rolbypassrls
    where c.oid = :PGVECTOR_SCHEMA.source_relation() and c.relrowsecurity
      and (
        -- Whose rights our functions run with, and who claims products.
        r.oid = v_owner or r.rolcanlogin and pg_has_role(r.oid, v_worker, 'usage')
      )
      and (c.relforcerowsecurity or not pg_has_role(r.oid, c.relowner, 'usage'))
      and not (
        exists (
          select
          from pg_policy p
          where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*') and pg_get_expr(p.polqual, p.polrelid) = 'true'
            and exists (select from unnest(p.polroles) g (oid) where g.oid = 0 or pg_has_role(r.oid, g.oid, 'usage'))
        )
        and not exists (
          select
          from pg_policy p
          where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('r', '*')
            and exists (select from unnest(p.polroles) g (oid) where g.oid = 0 or pg_has_role(r.oid, g.oid, 'usage'))
        )
      )
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.hidden_from() is
  'Of our owner and the group of workers those from whom row level security may hide rows of the source; null when none.';
--! EndIncluded status/hidden_from.sql
--! Included status/status_notes.sql
/*
 * Why the numbers are what they are, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.status_notes() returns table (note text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_index_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
  v_hidden_from name[];
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  return query select n.note from :PGVECTOR_SCHEMA.copy_notes() n;
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select :PGVECTOR_SCHEMA.set_source(''schema'', ''table'');';
    return;
  end if;
  if not :PGVECTOR_SCHEMA.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select :PGVECTOR_SCHEMA.attach();', current_user);
    return;
  end if;

  v_hidden_from := :PGVECTOR_SCHEMA.hidden_from();
  if v_hidden_from is not null then
    return query select format(
      'Row level security of the source may hide products from %s, and hidden ones count as gone. As its owner: create policy product_embeddings on %s for select to %s using (true);',
      array_to_string(v_hidden_from, ', '), v_source, (select string_agg(quote_ident(r.name), ', ') from unnest(v_hidden_from) r (name))
    );
  end if;

  if v_kind is not null then
    return query select format('The source is a %s and cannot have triggers: changes are found by comparing.', v_kind);
  else
    return query
      select format(
        'The source lacks the triggers for %s: it was rebuilt without the dbt hook, or never attached. As its owner: select :PGVECTOR_SCHEMA.attach();',
        string_agg(t.event, ', ')
      )
      from :PGVECTOR_SCHEMA.source_triggers t
      where not t.attached
      having count(*) > 0;
    return query
      select format(
        'The triggers for %s %s. As the owner: select :PGVECTOR_SCHEMA.attach();',
        string_agg(t.event, ', '),
        case when :PGVECTOR_SCHEMA.source_is_replicated() then 'do not fire for what a subscription writes' else 'are disabled' end
      )
      from :PGVECTOR_SCHEMA.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  return query
    select case
      when t.relation_oid is null then format('The related table %I.%I does not exist: build it, or: select :PGVECTOR_SCHEMA.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      else format('The related table %I.%I lacks the triggers for %s: it was rebuilt without the dbt hook. As its owner: select :PGVECTOR_SCHEMA.attach_related(%L, %L, %L);',
        t.relation_schema, t.relation_name, string_agg(t.event, ', '), format('%I.%I', t.relation_schema, t.relation_name), min(r.key_column), min(r.product_column))
    end
    from :PGVECTOR_SCHEMA.related_triggers t
    join (
      select distinct on (a.relation_schema, a.relation_name) a.*
      from :PGVECTOR_SCHEMA.related_tables a
      order by a.relation_schema, a.relation_name
    ) r on r.relation_schema = t.relation_schema and r.relation_name = t.relation_name
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, t.relation_oid;
  return query
    select format('The source has no column %I, by which the related table %I.%I was attached.', r.product_column, r.relation_schema, r.relation_name)
    from :PGVECTOR_SCHEMA.related_tables r
    where not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = r.product_column);
  return query
    select format('Nothing can be encoded: %s Make it again, or: select :PGVECTOR_SCHEMA.set_document_hook(null);', p.problem)
    from :PGVECTOR_SCHEMA.document_hook_problem() p (problem)
    where p.problem is not null;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
  elsif :PGVECTOR_SCHEMA.columns_changed() then
    return query select 'The source was not compared yet since its columns changed; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
  end if;
  return query
    select format('The last %s failed: %s', l.event, l.error)
    from (select distinct on (l.event) l.event, l.error, l.log_id from :PGVECTOR_SCHEMA.source_log l order by l.event, l.log_id desc) l
    where l.error is not null
    order by l.log_id;
  return query select p.problem from :PGVECTOR_SCHEMA.source_problems() p;

  -- Felt from here on; of a view the index would be on what is below it.
  if v_kind is null and v_last.products >= 10000 and not exists (
    select
    from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = v_source and i.indisvalid and a.attname = 'product_id'
  ) then
    return query select 'The source has no index on product_id, so that each search reads all of it. In the dbt model: {{ config(indexes=[{''columns'': [''product_id'']}]) }}';
  end if;
  if v_index_from is not null and :PGVECTOR_SCHEMA.search_index() is null
    and (select count(*) from (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE limit v_index_from) e) >= v_index_from
  then
    return query select format('%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select :PGVECTOR_SCHEMA.index_sql() \gexec', v_index_from);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.status_notes() is 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';
--! EndIncluded status/status_notes.sql
--! Included access/grant_roles.sql
/*
 * The roles are the cluster's and made by a DBA (sql/dba.sql), so they may be absent: then only our
 * owner has access, which is all that a single login needs. Called after every migration, because new
 * functions are everybody's until told otherwise. graphile-worker's tables have row-level security
 * without a policy, so that its owner alone could work on them: hence a policy for the workers.
 */
create or replace function :PGVECTOR_SCHEMA.grant_roles() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  revoke all on all routines in schema :PGVECTOR_SCHEMA from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_reader;
    grant select on :PGVECTOR_SCHEMA.embedding_status, :PGVECTOR_SCHEMA.model_status, :PGVECTOR_SCHEMA.source_copy_status, :PGVECTOR_SCHEMA.vector_indexes to product_embeddings_reader;
    grant execute on function
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.mapped_products(),
      :PGVECTOR_SCHEMA.query_key(text),
      :PGVECTOR_SCHEMA.request_query(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer)
    to product_embeddings_reader;
    grant execute on procedure :PGVECTOR_SCHEMA.embed_query(text, interval) to product_embeddings_reader;
  end if;

  -- On top of a reader's: what somebody on call looks at, and another attempt.
  if exists (select from pg_roles r where r.rolname = 'product_embeddings_operator') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_operator;
    grant select on
      :PGVECTOR_SCHEMA.embedding_activity,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.product_failures,
      :PGVECTOR_SCHEMA.product_queue,
      :PGVECTOR_SCHEMA.queued_products,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.vector_indexes
    to product_embeddings_operator;
    grant delete on :PGVECTOR_SCHEMA.product_failures to product_embeddings_operator;
    grant insert, update (available_at, attempts) on :PGVECTOR_SCHEMA.product_queue to product_embeddings_operator;
    grant execute on function
      :PGVECTOR_SCHEMA.announce_changes(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.operator_report(),
      :PGVECTOR_SCHEMA.retry_failed(bigint)
    to product_embeddings_operator;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_attacher;
    grant select on
      :PGVECTOR_SCHEMA.:PGVECTOR_TABLE,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.kept_models,
      :PGVECTOR_SCHEMA.model_status,
      :PGVECTOR_SCHEMA.settings,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.source_columns,
      :PGVECTOR_SCHEMA.source_copy_status,
      :PGVECTOR_SCHEMA.source_triggers,
      :PGVECTOR_SCHEMA.vector_indexes,
      :PGVECTOR_SCHEMA.document_fields,
      :PGVECTOR_SCHEMA.document_order,
      :PGVECTOR_SCHEMA.related_triggers
    to product_embeddings_attacher;
    grant insert on :PGVECTOR_SCHEMA.source_log to product_embeddings_attacher;
    -- Only the owner of a table can put triggers on it, and so attach it.
    grant select, insert, delete on :PGVECTOR_SCHEMA.related_tables to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed.
    grant select, insert, update, delete on :PGVECTOR_SCHEMA.synonyms, :PGVECTOR_SCHEMA.golden_queries to product_embeddings_attacher;
    grant execute on function
      :PGVECTOR_SCHEMA.attach(),
      :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean),
      :PGVECTOR_SCHEMA.attach_related(text, text, text),
      :PGVECTOR_SCHEMA.attach_related_triggers(text, text),
      :PGVECTOR_SCHEMA.attach_triggers(),
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.detach(),
      :PGVECTOR_SCHEMA.detach_related(text),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.grant_read(regclass),
      :PGVECTOR_SCHEMA.grant_source(),
      :PGVECTOR_SCHEMA.last_comparison(),
      :PGVECTOR_SCHEMA.reconcile(),
      :PGVECTOR_SCHEMA.require_sound_source(),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.refresh_pairs(),
      :PGVECTOR_SCHEMA.related_relation(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer),
      :PGVECTOR_SCHEMA.source_problems(),
      :PGVECTOR_SCHEMA.source_is_replicated(),
      :PGVECTOR_SCHEMA.source_relation(),
      :PGVECTOR_SCHEMA.tg__product_changed(),
      :PGVECTOR_SCHEMA.tg__product_replicated(),
      :PGVECTOR_SCHEMA.tg__related_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    -- Security definer functions run what stands there, and read what it names: of a view or a type of one's own, what comes with it.
    revoke insert, update, delete on :PGVECTOR_SCHEMA.source_expressions, :PGVECTOR_SCHEMA.source_connection, :PGVECTOR_SCHEMA.settings
      from product_embeddings_worker;
    execute (
      select format('grant update (%s) on :PGVECTOR_SCHEMA.settings to product_embeddings_worker', string_agg(quote_ident(a.attname), ', '))
      from pg_attribute a
      where a.attrelid = ':PGVECTOR_SCHEMA.settings'::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('singleton', 'source_schema', 'source_table', 'document_hook') and not starts_with(a.attname, 'interactions_')
    );
    grant execute on all routines in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    revoke execute on function
      :PGVECTOR_SCHEMA.tg__embedding_provenance(),
      :PGVECTOR_SCHEMA.tg__product_changed(),
      :PGVECTOR_SCHEMA.tg__product_replicated(),
      :PGVECTOR_SCHEMA.tg__related_changed(),
      :PGVECTOR_SCHEMA.tg__synonym_key()
    from product_embeddings_worker;
    grant usage on schema graphile_worker to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema graphile_worker to product_embeddings_worker;
    grant execute on all functions in schema graphile_worker to product_embeddings_worker;
    for v_table in
      select c.oid
      from pg_class c
      where c.relnamespace = 'graphile_worker'::regnamespace and c.relrowsecurity
        and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
    loop
      execute format('create policy product_embeddings_worker on %s to product_embeddings_worker using (true) with check (true)', v_table);
    end loop;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_roles() is
  'Gives the groups product_embeddings_reader, _operator, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';
--! EndIncluded access/grant_roles.sql
