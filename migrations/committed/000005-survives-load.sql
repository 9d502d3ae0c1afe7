--! Previous: sha1:61fd1054103fe26b8af4178126bbccd093d1a89c
--! Hash: sha1:1913ccc5a2dabcac043090ab11b5c9e0bbb885cf
--! Message: Survives load

-- One object a file below sql/, included here; see CONVENTIONS.md.

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- What a view or a check calls is settled when it is made: nothing that somebody put into public may suit it better than pg_catalog's own.
set local search_path = pg_catalog, pg_temp;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- Their columns, or an argument, are of another type now.
drop function :PGVECTOR_SCHEMA.claim_products(text, integer, integer);
drop function :PGVECTOR_SCHEMA.source_signature(oid);
-- Part of take_up_changes() now.
drop function :PGVECTOR_SCHEMA.index_queued_words(bigint, integer);
-- Made by generators that are others now.
truncate :PGVECTOR_SCHEMA.source_expressions;

-- source
--! Included source/source_columns.sql
create or replace view :PGVECTOR_SCHEMA.source_columns as
  select
    (row_number() over (order by f.position nulls last, o.position nulls last, a.attnum))::smallint as position,
    a.attname::text as column_name,
    a.atttypid::regtype as type,
    coalesce(f.included, not starts_with(a.attname::text, '_')) as in_document,
    -- A soft delete, and what makes a row of a dbt snapshot the present one.
    a.attname in ('deleted', 'dbt_valid_to', 'dbt_is_deleted') as decides_life,
    coalesce(f.label, a.attname::text) as label,
    coalesce(f.word_class, case when a.attname = 'name' then 'A' else 'D' end) as word_class,
    coalesce(f.weight, 1) as weight,
    a.attname in ('dbt_valid_from', 'updated_at', 'ingested_at') as decides_order
  from pg_catalog.pg_attribute a
  left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = a.attname
  left join :PGVECTOR_SCHEMA.document_order o on o.column_name = a.attname
  where a.attrelid = :PGVECTOR_SCHEMA.source_relation()
    and a.attnum > 0
    and not a.attisdropped;

comment on view :PGVECTOR_SCHEMA.source_columns is 'The columns of the source as it is now, and which of them are in a product''s document.';
comment on column :PGVECTOR_SCHEMA.source_columns.position is 'Order in the document (see document_fields and document_order).';
comment on column :PGVECTOR_SCHEMA.source_columns.column_name is 'Name of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.type is 'Type of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.in_document is 'Whether the column is part of the document (see document_fields).';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_life is 'Whether the column says if the product is live: deleted, and dbt_valid_to and dbt_is_deleted of a snapshot.';
comment on column :PGVECTOR_SCHEMA.source_columns.label is 'What stands before its value in the document.';
comment on column :PGVECTOR_SCHEMA.source_columns.word_class is 'What its words count: A, B, C or D.';
comment on column :PGVECTOR_SCHEMA.source_columns.weight is 'What it counts in the vector; columns of one weight are encoded together.';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_order is 'Whether the column says which row counts of a product that stands in several (see newest_row_sql).';
--! EndIncluded source/source_columns.sql
--! Included source/whole_number.sql
/*
 * As whole_number_sql(), for who has a value and no column: no SQL is made and planned for it. Of 19 digits too, which
 * the largest keys of a bigint have.
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
--! Included source/source_column_sql.sql
/*
 * A feed without prices is still searchable. A price that came as text and is no number is shown as
 * null rather than failing everybody's search.
 */
create or replace function :PGVECTOR_SCHEMA.source_column_sql(alias text, column_name text, type text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
$$;

comment on function :PGVECTOR_SCHEMA.source_column_sql(text, text, text) is
  'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';
--! EndIncluded source/source_column_sql.sql
--! Included source/newest_row_sql.sql
/*
 * An append-only model has a row a version and a careless join has rows too many; a product is one
 * of them, the same each time: the newest by what the feed says of time, then a live one.
 */
create or replace function :PGVECTOR_SCHEMA.newest_row_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
$$;

comment on function :PGVECTOR_SCHEMA.newest_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: the newest by dbt_valid_from, updated_at and ingested_at, as far as they exist, then a live one. alias names the row.';
--! EndIncluded source/newest_row_sql.sql
--! Included source/source_expressions.sql
/*
 * What a search asks of a source row, generated once for these columns instead of at each search,
 * where generating took longer than finding. Used only while the source has exactly these columns, so
 * it cannot be stale, and a search that finds it wanting generates its own: it must also work on a
 * standby. Workers may not write here: what stands here runs with our owner's rights.
 */
create table if not exists :PGVECTOR_SCHEMA.source_expressions (
  singleton boolean primary key default true check (singleton),
  columns text not null,
  product_id text not null,
  among text not null,
  is_live text not null,
  newest_row text not null,
  name text not null,
  vendor_code text not null,
  price text not null
);

comment on table  :PGVECTOR_SCHEMA.source_expressions is 'SQL over a source row s, kept by reconcile() for the columns that the source had.';
comment on column :PGVECTOR_SCHEMA.source_expressions.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.source_expressions.columns is 'Names and types of the columns that it was generated for (see source_signature).';
comment on column :PGVECTOR_SCHEMA.source_expressions.product_id is 'product_id_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.among is 'product_ids_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.is_live is 'product_is_live_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.newest_row is 'newest_row_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.name is 'source_column_sql() of name.';
comment on column :PGVECTOR_SCHEMA.source_expressions.vendor_code is 'source_column_sql() of vendor_code.';
comment on column :PGVECTOR_SCHEMA.source_expressions.price is 'source_column_sql() of price.';
--! EndIncluded source/source_expressions.sql
--! Included source/source_signature.sql
create or replace function :PGVECTOR_SCHEMA.source_signature(source regclass) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select source_signature.source || ': ' || string_agg(c.attname || ' ' || c.atttypid, ', ')
    from (
      select a.attname, a.atttypid
      from pg_attribute a
      where a.attrelid = source_signature.source and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) c
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_signature(regclass) is 'A relation''s name, and names and types of its columns; SQL over its rows is right while it is the same.';
--! EndIncluded source/source_signature.sql
--! Included source/source_rows.sql
/*
 * dbt's table as search reads it. note_expressions() replaces the body by one for the source as it is, since SQL that is
 * put together at each search is parsed and planned at each search, which took as long as a fifth of the scan. It is text that depends
 * on nothing and is inlined into the statement that calls it, whose plan the session keeps: PostgreSQL drops that plan when the
 * table is altered, renamed or dropped, and finds the one of that name anew. So it must have no SET clause.
 *
 * It says itself what it was made for: asked for anything else (another source, other columns, a body that a dump brought
 * along) it gives no rows, and who gets none asks by SQL of his own. The body below was made for nothing. What runs
 * here runs with our owner's rights, so only our owner may replace it.
 */
create or replace function :PGVECTOR_SCHEMA.source_rows(product_ids bigint[], signature text)
returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
language sql stable
as $$
  select null::pg_catalog.int8, null::pg_catalog.text, null::pg_catalog.text, null::pg_catalog.numeric, false where false
$$;

comment on function :PGVECTOR_SCHEMA.source_rows(bigint[], text) is
  'The rows of the source that count for these products, one each, and whether it is live; none where the body is not made for this signature (see source_signature). Generated by note_expressions().';
--! EndIncluded source/source_rows.sql
--! Included source/product_ids_sql.sql
/*
 * Without a cast on the column, so that an index on it serves. Numbers compare across their types; only
 * a text has to become a number first, and then the index does not help. Without an index a query makes it a look-up in a
 * hash, which any() of a parameter is not in a plan that is kept; with one any() is the shorter plan.
 */
create or replace function :PGVECTOR_SCHEMA.product_ids_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) and i.is_indexed then '%1$I.product_id operator(pg_catalog.=) any ($1)'
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
      when c.type = 'numeric'::regtype then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1)::pg_catalog.numeric)'
      else '(%2$s) operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
    end,
    alias, :PGVECTOR_SCHEMA.product_id_sql(alias)
  )
  from :PGVECTOR_SCHEMA.source_columns c
  cross join (
    select exists (
      select
      from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = :PGVECTOR_SCHEMA.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
    ) as is_indexed
  ) i
  where c.column_name = 'product_id'
$$;

comment on function :PGVECTOR_SCHEMA.product_ids_sql(text) is
  'SQL condition that a source row''s product_id is one of $1, a bigint[], served by an index on product_id unless that is a text; alias names the row.';
--! EndIncluded source/product_ids_sql.sql
--! Included source/lock_source.sql
/*
 * A statement that meets dbt's swap waits for it and then reads the new table with a snapshot from
 * before, in which the new table's rows do not exist yet: search would find nothing, and a claim
 * would take every product for vanished. So who reads the source first takes this lock, the same
 * that any select takes, and only then a snapshot; which is why those functions are volatile. In a
 * transaction that keeps one snapshot throughout, that is too late, and an error better than a hole.
 */
create or replace function :PGVECTOR_SCHEMA.lock_source() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text;
  v_statement text;
  v_source regclass;
begin
  select format('%I.%I', s.source_schema, s.source_table) into strict v_name from :PGVECTOR_SCHEMA.settings s;
  -- The second where the first is not possible: a materialized view, a foreign table. To look into the catalogs first
  -- would cost every search more than the lock does.
  foreach v_statement in array array['lock table %s in access share mode', 'select from %s limit 0'] loop
    begin
      execute format(v_statement, v_name);
      v_source := to_regclass(v_name);
      -- Fails where there is none.
      perform has_column_privilege(v_source, 'product_id', 'select');
      exit;
    exception when undefined_table or invalid_schema_name or undefined_column or insufficient_privilege or wrong_object_type then
      v_source := null;
    end;
  end loop;
  if v_source is null or not has_table_privilege(v_source, 'select') then
    raise exception 'The role % may not read the source of the products, %.', current_user, :PGVECTOR_SCHEMA.require_source()
      using errcode = 'PE005',
        hint = 'Who owns it grants that, with everything else, by: select :PGVECTOR_SCHEMA.attach();';
  end if;
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if current_setting('transaction_isolation') <> 'read committed' and v_source is distinct from :PGVECTOR_SCHEMA.require_source() then
    raise exception 'The source was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return v_source;
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_source() is
  'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005, and 40001 in a transaction whose one snapshot is from before a swap.';
--! EndIncluded source/lock_source.sql
--! Included source/note_expressions.sql
/*
 * dbt's transaction, which may stay open for long, calls this: who comes second leaves it instead of
 * waiting for the row.
 */
create or replace function :PGVECTOR_SCHEMA.note_expressions() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  v_rows text := :PGVECTOR_SCHEMA.source_rows_sql(:PGVECTOR_SCHEMA.require_source(), v_now, v_now.among, v_now.is_live, true);
begin
  v_rows := format('select r.* from (%s) r where $2 operator(pg_catalog.=) %L', v_rows, v_now.columns);
  if exists (
      select
      from :PGVECTOR_SCHEMA.source_expressions e
      join pg_proc p on p.oid = ':PGVECTOR_SCHEMA.source_rows(bigint[], text)'::regprocedure
      where e = v_now and p.prosrc = v_rows
    )
    or not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_expressions'), 1)
  then
    return;
  end if;
  delete from :PGVECTOR_SCHEMA.source_expressions;
  insert into :PGVECTOR_SCHEMA.source_expressions values (v_now.*);
  execute format(
    'create or replace function :PGVECTOR_SCHEMA.source_rows(product_ids bigint[], signature text)
      returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
      language sql stable as %L',
    v_rows
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is 'Keeps source_expressions and source_rows() for the source as it is now; no effect while its columns are the same. Raises PE001, PE002.';
--! EndIncluded source/note_expressions.sql

-- copy
--! Included copy/copy_failure.sql
/*
 * What the other server says, in one sentence. Of a value that a type cannot take nothing is quoted: it
 * is a product's. A login's password is in none of these.
 */
create or replace function :PGVECTOR_SCHEMA.copy_failure(state text, message text, detail text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when starts_with(state, '22') then 'A column there has values that its type cannot take here'
    when detail is null or detail = '' or not starts_with(state, '08') and state not like '2F%' then rtrim(message, '.')
    -- libpq's sentences come a line each and repeat the address.
    else rtrim(regexp_replace(btrim(detail), E'\\s*\\n.*', ''), '.')
  end
$$;

comment on function :PGVECTOR_SCHEMA.copy_failure(text, text, text) is 'Why the other database could not be read, from the error''s SQLSTATE, message and detail, without any product''s values.';
--! EndIncluded copy/copy_failure.sql

-- words
--! Included words/fold_text.sql
/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё. One expression with everything in full, and without
 * a SET clause, so that it is inlined: each search folds a dozen texts.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language sql immutable parallel safe
as $$
  select pg_catalog.normalize(
    pg_catalog.regexp_replace(
      pg_catalog.normalize(pg_catalog.translate(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'łøđ', 'lod'), 'NFD'),
      E'(?<!и)\\u0306|[\\u0300-\\u0305\\u0307-\\u036f]', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
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
          t.place::integer as place, t.token, t.lexeme, c.code, s.sound, s.spoken, w.products, n.products as code_products,
          t.token !~ '^[[:digit:]]' as is_word,
          w.products is null and n.products is null as is_unknown,
          -- Of stem and word, since the two scripts are stemmed by different rules.
          case when t.token !~ '^[[:digit:]]' then
            coalesce(w.deletions, :PGVECTOR_SCHEMA.deletions_of(s.sound))
              || case when s.spoken <> s.sound then :PGVECTOR_SCHEMA.deletions_of(s.spoken) end
          end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code) c
        left join :PGVECTOR_SCHEMA.word_statistics w on w.word = t.lexeme
        left join :PGVECTOR_SCHEMA.word_statistics n on n.word = c.code
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
          select case when k.is_word then k.lexeme else k.code end as word,
            (
              select sum(w.products)::bigint
              from (
                select w.products
                from :PGVECTOR_SCHEMA.word_statistics w
                where w.word >= case when k.is_word then k.lexeme else k.code end
                  and w.word < case when k.is_word then k.lexeme else k.code end || E'\U0010FFFF'
                limit 1000
              ) w
            ) as products
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
    select 0, c.place::integer, ('''' || c.term || '''')::tsquery, 1.0, :PGVECTOR_SCHEMA.idf(w.products, v_products)
    from unnest(:PGVECTOR_SCHEMA.code_terms(left(regexp_replace(v_query, E'\\s+', '-', 'g'), 200))) with ordinality c (term, place)
    join :PGVECTOR_SCHEMA.word_statistics w on w.word = c.term
    where v_query ~ '[[:digit:]]' and length(c.term) > 4 and c.term ~ '[[:digit:]]' and w.products <= 100
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
--! Included words/sound_of.sql
/*
 * Catalogues write Октавия and Octavia, камри and Camry; people type what they hear. One alphabet for
 * both scripts, letters that sound alike made one, soft signs and doubled letters dropped.
 */
create or replace function :PGVECTOR_SCHEMA.sound_of(word text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return regexp_replace(
    regexp_replace(
      translate(
        regexp_replace(
          replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            word, 'я', 'иа'), 'ю', 'иу'), 'sch', 'ш'), 'sh', 'ш'), 'ch', 'ч'), 'zh', 'ж'), 'ph', 'ф'), 'th', 'т'), 'ts', 'ц'), 'qu', 'кв'), 'ck', 'к'), 'x', 'кс'),
          'c(?=[eiy])', 's', 'g'
        ),
        'abcdefghijklmnopqrstuvwyzэйыщьъ''', 'абкдефгхижклмнопкрстуввизеииш'
      ),
      'и(?=[аеиоу])', '', 'g'
    ),
    E'(.)\\1+', E'\\1', 'g'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.sound_of(text) is
  'How a folded word sounds, in one alphabet for Russian and Latin letters: октавия and octavia give one key. Not for reading.';
--! EndIncluded words/sound_of.sql
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
  v_class text;
  v_terms text[] := '{}';
begin
  words := '';
  foreach v_class in array array['A', 'B', 'C', 'D']
  loop
    v_value := (
      select string_agg(v.value, ' ' order by v.place)
      from unnest(v_values, classes) with ordinality v (value, class, place)
      where coalesce(v.class, 'D') = v_class
    );
    if v_value is not null then
      words := words || setweight(:PGVECTOR_SCHEMA.words_of(config, v_value), v_class::"char");
    end if;
  end loop;
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  label := '';

  foreach v_value in array v_values
  loop
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || :PGVECTOR_SCHEMA.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, E'\\s+', '-', 'g') else left(v_value, 32768) end
      );
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || :PGVECTOR_SCHEMA.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;

  words := words || array_to_tsvector(v_terms);
  label := :PGVECTOR_SCHEMA.fold_text(label);
end
$$;

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[], text[]) is
  'What product_words holds of a product with this name and these other texts, of which the first class is the name''s and the next ones the texts''; a text without one has D.';
--! EndIncluded words/words_row.sql
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
  v_config regconfig := (select s.words_config from :PGVECTOR_SCHEMA.settings s);
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
      cross join lateral :PGVECTOR_SCHEMA.words_row($2, c.name, c.word_texts, $4) v
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

-- queue
--! Included queue/product_changes.sql
/*
 * What writers leave: a row a statement, whatever number of products and models, in a table that nothing
 * but its key has to be kept for. Append-only: a change adds a row and never touches another, so two writers
 * cannot wait for each other, deadlock, or wait for a worker, whatever order they write in. (A row a
 * product, upserted, made a reconcile wait for an open writer while holding what the next one needed.)
 */
create table if not exists :PGVECTOR_SCHEMA.product_changes (
  change_id bigint generated always as identity primary key,
  queued_at timestamptz not null default now(),
  model_id integer,
  product_ids bigint[] not null
) with (
  -- As product_queue: rows live for milliseconds.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05
);

comment on table  :PGVECTOR_SCHEMA.product_changes is 'Products that changed, as writers noted them; a worker takes them up into product_queue (see take_up_changes). queued_products shows both.';
comment on column :PGVECTOR_SCHEMA.product_changes.change_id is 'Order in which they were noted.';
comment on column :PGVECTOR_SCHEMA.product_changes.queued_at is 'Start of the transaction that changed them; rows of one transaction belong together.';
comment on column :PGVECTOR_SCHEMA.product_changes.model_id is 'The model that has to look at them; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.product_changes.product_ids is 'The products, up to 200 of them.';
--! EndIncluded queue/product_changes.sql
--! Included queue/product_queue.sql
/*
 * Between the workers: writers leave product_changes, whose products stand here from when a worker took them up
 * until they are done. What a row means is decided when it is claimed, from the source as it is then.
 */
create table if not exists :PGVECTOR_SCHEMA.product_queue (
  queue_id bigint not null generated always as identity,
  product_id bigint not null,
  queued_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  attempts integer not null default 0,
  claim_id bigint,
  document_hash bytea
) with (
  -- Rows live for seconds; without this the dead ones of a backfill are scanned at every claim.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05
);

alter table :PGVECTOR_SCHEMA.product_queue
  add column if not exists model_id integer not null default 0,
  add column if not exists is_bulk boolean not null default false,
  -- For who queues a product by hand.
  alter column model_id set default coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
  -- A worker goes along one model's rows, however many wait for another.
  drop constraint if exists product_queue_pkey,
  drop constraint if exists product_queue_key,
  add constraint product_queue_key primary key (model_id, queue_id);

-- Both columns: of a queue that nobody analyzed yet, the planner would look a product up among all of its model.
drop index if exists :PGVECTOR_SCHEMA.product_queue_product_id_idx;
create index product_queue_product_id_idx on :PGVECTOR_SCHEMA.product_queue (product_id, model_id);
-- The short way to what overtakes the rest.
create index if not exists product_queue_urgent_idx on :PGVECTOR_SCHEMA.product_queue (model_id, queue_id) where not is_bulk;
create index if not exists product_queue_claim_id_idx on :PGVECTOR_SCHEMA.product_queue (claim_id) where claim_id is not null;

comment on table  :PGVECTOR_SCHEMA.product_queue is 'Products that changed, that a worker took up from product_changes, and that have not been looked at since.';
comment on column :PGVECTOR_SCHEMA.product_queue.queue_id is 'Order in which changes are taken up.';
comment on column :PGVECTOR_SCHEMA.product_queue.product_id is 'The product; it may stand here several times, and is encoded once.';
comment on column :PGVECTOR_SCHEMA.product_queue.model_id is 'The model whose vector of it is to be looked at: a row for each of kept_models; 0 before the first worker came.';
comment on column :PGVECTOR_SCHEMA.product_queue.is_bulk is 'Whether it is part of a large change, which the changes of a few products overtake.';
comment on column :PGVECTOR_SCHEMA.product_queue.queued_at is 'Start of the transaction that changed the product.';
comment on column :PGVECTOR_SCHEMA.product_queue.available_at is 'Not before this moment: later than queued_at while a failed attempt waits for the next one.';
comment on column :PGVECTOR_SCHEMA.product_queue.attempts is 'How often the product was claimed for encoding without a result.';
comment on column :PGVECTOR_SCHEMA.product_queue.claim_id is 'The claim that holds it (see product_claims); free when that claim is gone or its lease has run out.';
comment on column :PGVECTOR_SCHEMA.product_queue.document_hash is 'sha256 of the document that the claim handed out.';
--! EndIncluded queue/product_queue.sql
--! Included queue/claimable_queue.sql
create or replace view :PGVECTOR_SCHEMA.claimable_queue as
  select q.queue_id, q.product_id, q.queued_at, q.model_id, q.is_bulk
  from :PGVECTOR_SCHEMA.product_queue q
  where q.available_at <= now()
    -- Not a product of which another row is held: two workers must never have one product at once.
    and not exists (
      select
      from :PGVECTOR_SCHEMA.product_queue held
      join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = held.claim_id
      where held.product_id = q.product_id and held.model_id = q.model_id and c.lease_until > pg_catalog.clock_timestamp()
    );

comment on view :PGVECTOR_SCHEMA.claimable_queue is 'The rows of product_queue that a worker could take up now.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queue_id is 'Order in which they are taken up.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queued_at is 'Since when it waits.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.model_id is 'For which model.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.is_bulk is 'Whether it is part of a large change.';
--! EndIncluded queue/claimable_queue.sql
--! Included queue/first_claimable.sql
/*
 * Small changes overtake large ones, but for a tenth: however many come, a backfill goes on. Along the index, however
 * many wait behind: of a queue that nobody analyzed yet, as after a load, the planner would look at all and sort them.
 */
create or replace function :PGVECTOR_SCHEMA.first_claimable(model_id integer, max_products integer) returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
  v_bulk bigint[] := array(
    select q.product_id
    from :PGVECTOR_SCHEMA.claimable_queue q
    where q.model_id = first_claimable.model_id and q.is_bulk
    order by q.queue_id
    limit max_products
  );
  v_urgent bigint[] := array(
    select q.product_id
    from :PGVECTOR_SCHEMA.claimable_queue q
    where q.model_id = first_claimable.model_id and not q.is_bulk
    order by q.queue_id
    limit max_products - least(cardinality(v_bulk), max_products / 10)
  );
begin
  return v_urgent || v_bulk[1 : max_products - cardinality(v_urgent)];
end
$$;

comment on function :PGVECTOR_SCHEMA.first_claimable(integer, integer) is
  'The products that a model''s worker would take up first; one may stand there several times.';
--! EndIncluded queue/first_claimable.sql
--! Included queue/sized_changes.sql
/*
 * Somebody who changed a few products waits to find them; who changed thousands knows that it takes a while.
 * A few are a hundred in one transaction, which is two or three seconds of encoding.
 */
create or replace view :PGVECTOR_SCHEMA.sized_changes as
  select
    c.change_id,
    c.model_id,
    pg_catalog.cardinality(c.product_ids) as products,
    pg_catalog.sum(pg_catalog.cardinality(c.product_ids)) over (partition by c.queued_at) > 100 as is_bulk
  from :PGVECTOR_SCHEMA.product_changes c;

comment on view   :PGVECTOR_SCHEMA.sized_changes is 'The rows of product_changes, and whether each is part of a large change.';
comment on column :PGVECTOR_SCHEMA.sized_changes.change_id is 'The row.';
comment on column :PGVECTOR_SCHEMA.sized_changes.model_id is 'The model that has to look at it; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.sized_changes.products is 'How many products it names.';
comment on column :PGVECTOR_SCHEMA.sized_changes.is_bulk is 'Whether its transaction changed more than 100 products, and so comes after what changed a few.';
--! EndIncluded queue/sized_changes.sql
--! Included queue/queued_products.sql
create or replace view :PGVECTOR_SCHEMA.queued_products as
  select q.product_id, q.model_id, q.queued_at, q.claim_id, q.document_hash
  from :PGVECTOR_SCHEMA.product_queue q
  union all
  select i.product_id, k.model_id, c.queued_at, null, null
  from :PGVECTOR_SCHEMA.product_changes c
  join :PGVECTOR_SCHEMA.kept_models k on k.model_id = coalesce(c.model_id, k.model_id)
  cross join lateral pg_catalog.unnest(c.product_ids) i (product_id);

comment on view   :PGVECTOR_SCHEMA.queued_products is 'All that waits, taken up by a worker yet (product_queue) or not (product_changes): a row a change, product and model.';
comment on column :PGVECTOR_SCHEMA.queued_products.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.queued_products.model_id is 'The model whose vector of it is to be looked at.';
comment on column :PGVECTOR_SCHEMA.queued_products.queued_at is 'Since when it waits.';
comment on column :PGVECTOR_SCHEMA.queued_products.claim_id is 'The claim that holds it (see product_claims).';
comment on column :PGVECTOR_SCHEMA.queued_products.document_hash is 'sha256 of the document that the claim handed out.';
--! EndIncluded queue/queued_products.sql
--! Included queue/queue_changes_sql.sql
/*
 * So many products a row that it stays below the two kilobytes from which it would be moved out of line, which
 * costs more than all the rest. What one array cannot hold is left to the comparison.
 */
create or replace function :PGVECTOR_SCHEMA.queue_changes_sql(changed text, model_id text default 'null') returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return format(
    $sql$
      insert into :PGVECTOR_SCHEMA.product_changes (model_id, product_ids)
      select %s, a.ids[s.first : s.first + 199]
      from (select pg_catalog.array_agg(c.id) as ids from (select c.id from (%s) c (id) where c.id is not null limit 60000000) c) a
      cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(a.ids), 200) s (first)
    $sql$,
    queue_changes_sql.model_id, changed
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_changes_sql(text, text) is
  'SQL that notes the products of a query of ids in product_changes, for one model or for all that are kept.';
--! EndIncluded queue/queue_changes_sql.sql
--! Included queue/announce_changes.sql
/*
 * NOTIFY has all who commit wait for each other's disk, so a writer says something only to a worker that
 * rests. A resting one holds this lock (see look_for_work), so who cannot share it has to wake; who shares it,
 * until the end of his transaction, keeps workers from going to rest before they have seen what he commits.
 * The lock is only tried: no writer waits.
 */
create or replace function :PGVECTOR_SCHEMA.announce_changes() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not pg_try_advisory_xact_lock_shared(hashtext(':PGVECTOR_SCHEMA.product_changes'), 1) then
    perform pg_notify(':PGVECTOR_SCHEMA', '');
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.announce_changes() is
  'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';
--! EndIncluded queue/announce_changes.sql
--! Included queue/work_waits.sql
create or replace function :PGVECTOR_SCHEMA.work_waits() returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (select from :PGVECTOR_SCHEMA.product_changes)
    or exists (select from :PGVECTOR_SCHEMA.claimable_queue q join :PGVECTOR_SCHEMA.kept_models k on k.model_id = q.model_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.work_waits() is 'Whether there is anything that a worker could take up now.';
--! EndIncluded queue/work_waits.sql
--! Included queue/look_for_work.sql
/*
 * What a worker asks between two passes, on a connection that it keeps. Looking once more with the lock in hand
 * is what makes it safe to rest: who shared it has committed and is seen, and who comes now finds it
 * taken and wakes us. One worker holds it for all, since all are woken.
 */
create or replace function :PGVECTOR_SCHEMA.look_for_work() returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key integer := hashtext(':PGVECTOR_SCHEMA.product_changes');
  v_resting integer := (
    select l.pid
    from pg_locks l
    where l.locktype = 'advisory' and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (l.classid, l.objid, l.objsubid) = (v_key::oid, 1::oid, 2) and l.mode = 'ExclusiveLock' and l.granted
  );
begin
  if v_resting = pg_backend_pid() then
    perform pg_advisory_unlock(v_key, 1);
  end if;
  if :PGVECTOR_SCHEMA.work_waits() then
    return 'work';
  elsif v_resting <> pg_backend_pid() then
    return 'rest';
  elsif not pg_try_advisory_lock(v_key, 1) then
    return 'look again';
  elsif :PGVECTOR_SCHEMA.work_waits() then
    perform pg_advisory_unlock(v_key, 1);
    return 'work';
  end if;
  return 'rest';
end
$$;

comment on function :PGVECTOR_SCHEMA.look_for_work() is
  'What a worker has to do now: work; rest, until it is notified on the channel named as this schema; or look again in a moment, because a writer has not committed yet. The session that rests holds a lock by which writers know.';
--! EndIncluded queue/look_for_work.sql
--! Included queue/take_up_changes.sql
/*
 * From what writers noted to what is claimed: a row for each product and model, and the words of the products
 * with them. That is ahead of the encoder, which is a hundred times slower: a product is found by its
 * words within seconds, however long the queue is. A change is in one of the two tables at any time, since it
 * goes from one to the other in one transaction. Small changes go first and alone, so that the words of many
 * hold none of them up. One at a time: who comes second leaves it.
 */
create or replace function :PGVECTOR_SCHEMA.take_up_changes(max_products integer default 3000, out products bigint, out is_bulk boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_active_id integer;
  v_ids bigint[];
begin
  products := 0;
  is_bulk := false;
  if not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_changes'), 2)
    or not exists (select from :PGVECTOR_SCHEMA.product_changes)
  then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);

  with
    waiting as materialized (
      select
        c.change_id, c.is_bulk,
        rank() over (order by c.is_bulk) as lane,
        sum(c.products) over (order by c.is_bulk, c.change_id) - c.products as ahead
      from :PGVECTOR_SCHEMA.sized_changes c
    ),
    taken as (
      delete from :PGVECTOR_SCHEMA.product_changes c
      using waiting w
      where w.change_id = c.change_id and w.lane = 1 and w.ahead < take_up_changes.max_products
      returning c.change_id, c.model_id, c.queued_at, c.product_ids, w.is_bulk
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

  if v_ids is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_up_changes(integer) is
  'Takes up changes of about max_products products into product_queue, those of a few products first and by themselves, with the words of the products; returns how many it were (0: none is left, or another worker is at it) and whether they are part of large changes. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded queue/take_up_changes.sql
--! Included queue/more_urgent_waits.sql
create or replace function :PGVECTOR_SCHEMA.more_urgent_waits(model_id integer) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_active_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
begin
  return exists (
      select
      from :PGVECTOR_SCHEMA.claimable_queue q
      where q.model_id = v_active_id and (not q.is_bulk or more_urgent_waits.model_id <> v_active_id)
    )
    or exists (
      select
      from :PGVECTOR_SCHEMA.sized_changes c
      where coalesce(c.model_id, v_active_id) = v_active_id and (not c.is_bulk or more_urgent_waits.model_id <> v_active_id)
    );
end
$$;

comment on function :PGVECTOR_SCHEMA.more_urgent_waits(integer) is
  'Whether something waits that goes before the bulk of this model: a small change of the active model, or anything of that where this is another.';
--! EndIncluded queue/more_urgent_waits.sql
--! Included queue/wake_worker.sql
/*
 * The key is the transaction's: with one key for all, the second writer would wait for the first
 * one's commit, and finishing a job for an open writer. A wake-up that cannot be left (no worker
 * schema, a broken one) must not cost the caller its statement: what is to do stands in a table, at which
 * the worker looks every minute by itself. A change of products needs no job (see announce_changes).
 */
create or replace function :PGVECTOR_SCHEMA.wake_worker(run_at timestamptz default null, task text default 'embed_products') returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform graphile_worker.add_job(
    wake_worker.task,
    run_at => wake_worker.run_at,
    max_attempts => 5,
    job_key => wake_worker.task || ':' || pg_current_xact_id()::text
  );
exception when others then
  raise warning 'The embedding worker could not be woken: %', sqlerrm
    using hint = 'What is to do is noted and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

revoke all on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) from public;

comment on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) is
  'Leaves one wake-up a transaction and task for the worker, at once or at run_at. Never fails.';
--! EndIncluded queue/wake_worker.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares just the columns
 * that make the document (rendering both texts made a merge four times slower); everything else is decided
 * when the product is claimed.
 *
 * A statement of one row is nearly all that an application writes, and generating and planning SQL for it would
 * take longer than the update. So its columns are compared as JSON, which needs no SQL of its own for
 * the columns that there are; in a statement of many rows the stored image is, which is quicker for each row and
 * sees the same, 2.5 become 2.50 among it.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_old record;
  v_new record;
  v_old_image jsonb;
  v_new_image jsonb;
  v_ids bigint[];
  v_rows bigint;
  v_changed text;
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
  where s.source_schema = tg_table_schema and s.source_table = tg_table_name;
  if not found then
    return null;
  end if;

  if tg_op = 'DELETE' then
    v_rows := (select count(*) from (select from old_rows limit 2) o);
  elsif tg_op <> 'TRUNCATE' then
    v_rows := (select count(*) from (select from new_rows limit 2) n);
  end if;

  if v_rows = 0 then
    return null;
  elsif v_rows = 1 then
    if tg_op <> 'DELETE' then
      select * into v_new from new_rows;
      v_ids := array[:PGVECTOR_SCHEMA.whole_number(v_new.product_id::text)];
    end if;
    if tg_op <> 'INSERT' then
      select * into v_old from old_rows;
      v_ids := v_ids || :PGVECTOR_SCHEMA.whole_number(v_old.product_id::text);
    end if;
    -- A hook may look at any column.
    if tg_op = 'UPDATE' and not v_hooked and v_ids[1] = v_ids[2] then
      begin
        v_old_image := to_jsonb(v_old) - v_left_out;
        v_new_image := to_jsonb(v_new) - v_left_out;
        if strpos(v_new_image::text, '"_') > 0 then
          v_left_out := array(
            select k.name
            from jsonb_object_keys(v_new_image) k (name)
            left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = k.name
            where starts_with(k.name, '_') and f.included is not true
          );
          v_old_image := v_old_image - v_left_out;
          v_new_image := v_new_image - v_left_out;
        end if;
        -- Of a product in several rows a column that is left out may say which of them counts.
        if v_old_image::text = v_new_image::text and coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids, 0) = 0 then
          return null;
        end if;
      exception when others then
        -- Not everything of type json is jsonb too. The claim tells whether it changed.
        null;
      end;
    end if;
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids)
    select array_agg(distinct i.id)
    from unnest(v_ids) i (id)
    where i.id is not null
    having count(*) > 0;
  else
    if tg_op = 'TRUNCATE' then
      v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
    elsif tg_op = 'UPDATE' then
      select format(
        $sql$
          select coalesce(n.id, o.id)
          from (select %1$s as id, row(%2$s) as image from new_rows s) n
          full join (select %1$s as id, row(%2$s) as image from old_rows s) o on o.id = n.id
          where n.id is null or o.id is null or n.image operator(pg_catalog.*<>) o.image
        $sql$,
        :PGVECTOR_SCHEMA.product_id_sql('s'),
        string_agg(format('s.%I', c.column_name), ', ' order by c.position)
      ) into v_changed
      from :PGVECTOR_SCHEMA.source_columns c
      where c.in_document or c.decides_life or v_hooked
        -- What says which of two rows of a product counts; where there are no two, each load moves it for nothing.
        or c.decides_order and (select (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids) > 0;
    else
      v_changed := format(
        'select %s from %s s',
        :PGVECTOR_SCHEMA.product_id_sql('s'),
        case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
      );
    end if;
    execute :PGVECTOR_SCHEMA.queue_changes_sql(v_changed);
  end if;

  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
--! EndIncluded queue/tg__product_changed.sql
--! Included queue/tg__product_replicated.sql
/*
 * On the target of a subscription, whose apply worker fires no statement triggers: a row at a time, so
 * it must be cheap. No SQL is generated, and the claim finds what did not change.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_replicated() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_old bigint;
  v_new bigint;
begin
  -- A partition fires for its table.
  if tg_relid is distinct from v_source
    and not exists (select from pg_partition_ancestors(tg_relid) a where a.relid = v_source)
  then
    return null;
  end if;
  if tg_op = 'UPDATE' and not old operator(pg_catalog.*<>) new then
    return null;
  end if;
  if tg_op <> 'DELETE' then
    v_new := :PGVECTOR_SCHEMA.whole_number(new.product_id::text);
  end if;
  if tg_op <> 'INSERT' then
    v_old := :PGVECTOR_SCHEMA.whole_number(old.product_id::text);
  end if;

  if v_new is not null then
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_new]);
  end if;
  if v_old <> v_new or v_old is not null and v_new is null then
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_old]);
  end if;
  perform :PGVECTOR_SCHEMA.announce_changes();
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_replicated() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_replicated() is
  'Queues the product of a row that a subscription wrote; attached by attach() to a subscription''s target.';
--! EndIncluded queue/tg__product_replicated.sql
--! Included queue/tg__related_changed.sql
/*
 * Security definer, as tg__product_changed is. Whatever goes wrong (no source, a column that is gone) must not
 * cost the writer its statement: the comparison asks the hook about every product and finds the same.
 *
 * A row counts as changed by what a person would see in it; columns of bookkeeping move at every load. A table
 * whose key is the product's own id says itself which products it is about, also of rows that are gone.
 */
create or replace function :PGVECTOR_SCHEMA.tg__related_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
  v_key record;
  v_changed text;
  v_images text;
  v_rows bigint;
  v_queued bigint := 0;
begin
  for v_related in
    select r.key_column, r.product_column
    from :PGVECTOR_SCHEMA.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where c.oid = tg_relid
  loop
    if tg_op = 'TRUNCATE' then
      execute :PGVECTOR_SCHEMA.queue_changes_sql('select w.product_id from :PGVECTOR_SCHEMA.product_words w');
      get diagnostics v_rows = row_count;
      v_queued := v_queued + v_rows;
      exit;
    end if;

    perform :PGVECTOR_SCHEMA.lock_source();
    v_key := :PGVECTOR_SCHEMA.related_key_sql(tg_relid, v_related.key_column, v_related.product_column);
    continue when v_key.key is null;
    if tg_op = 'UPDATE' then
      select format('row(%s)', string_agg(format('r.%I', a.attname), ', ' order by a.attnum)) into v_images
      from pg_attribute a
      where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
        and (a.attname = v_related.key_column or not (a.attname = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(a.attname, '_')));
      v_changed := format(
        $sql$
          with
            o as materialized (select %1$s as key, %2$s as image from old_rows r),
            n as materialized (select %1$s as key, %2$s as image from new_rows r)
          select o.key from o where not exists (select from n where n.key = o.key and n.image operator(pg_catalog.*=) o.image)
          union
          select n.key from n where not exists (select from o where o.key = n.key and o.image operator(pg_catalog.*=) n.image)
        $sql$,
        v_key.key, v_images
      );
    else
      v_changed := format('select distinct %s from %s r', v_key.key, case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end);
    end if;
    execute format('with changed (key) as materialized (%s) ', v_changed) || :PGVECTOR_SCHEMA.queue_changes_sql(
      format(
        'select distinct q.id from (select %s as id from %s s where %s in (select k.key from changed k) %s) q',
        :PGVECTOR_SCHEMA.product_id_sql('s'),
        :PGVECTOR_SCHEMA.require_source(),
        v_key.product_key,
        case
          when v_related.product_column = 'product_id'
            then format('union all select %s from (select k.key as product_id from changed k) s', :PGVECTOR_SCHEMA.product_id_sql('s'))
        end
      )
    );
    get diagnostics v_rows = row_count;
    v_queued := v_queued + v_rows;
  end loop;
  if v_queued > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return null;
exception when others then
  raise warning 'The products of the changed rows of % could not be queued: %', tg_relid::regclass, sqlerrm
    using hint = 'The worker compares every few minutes by itself and finds them.';
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__related_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__related_changed() is
  'Queues the products whose related rows a statement changed; attached by attach_related().';
--! EndIncluded queue/tg__related_changed.sql
--! Included queue/fail_products.sql
create or replace function :PGVECTOR_SCHEMA.fail_products(claim_id bigint, product_ids bigint[], errors text[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_set_aside bigint;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.model_id, q.document_hash, q.attempts
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.model_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id, model_id) do update
      set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
        failed_at = now(), set_aside = excluded.set_aside
      returning f.product_id, f.attempts, f.set_aside
    ),
    waiting as (
      update :PGVECTOR_SCHEMA.product_queue q
      set claim_id = null,
        available_at = now() + v_settings.retry_after * power(2, least(f.attempts - 1, 20))
      from held h
      join failed f on f.product_id = h.product_id
      where q.model_id = h.model_id and q.queue_id = h.queue_id and not f.set_aside
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q
      using held h, failed f
      where q.model_id = h.model_id and q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select count(*) into v_set_aside from failed f where f.set_aside;

  perform :PGVECTOR_SCHEMA.note_activity(claim_id, 0, cardinality(product_ids));
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_set_aside;
end
$$;

comment on function :PGVECTOR_SCHEMA.fail_products(bigint, bigint[], text[]) is
  'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';
--! EndIncluded queue/fail_products.sql
--! Included queue/retry_failed.sql
create or replace function :PGVECTOR_SCHEMA.retry_failed(product_id bigint default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_rows bigint;
begin
  with
    forgiven as (
      delete from :PGVECTOR_SCHEMA.product_failures f
      where retry_failed.product_id is null or f.product_id = retry_failed.product_id
      returning f.product_id, f.model_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update :PGVECTOR_SCHEMA.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.model_id = f.model_id and q.claim_id is null
    )
  insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
  select f.product_id, f.model_id from forgiven f;
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.retry_failed(bigint) is
  'Tries failed products again at once, all of them when null; returns how many.';
--! EndIncluded queue/retry_failed.sql
--! Included queue/queue_summary.sql
/*
 * A dashboard looks every few seconds, also while a million products wait. Looking each of them up
 * costs four microseconds, so past 20,000 rows of the queue it is rows that are counted, and how many
 * of them have a vector is left null unless it has to be exact.
 */
create or replace function :PGVECTOR_SCHEMA.queue_summary(exact boolean)
returns table (queued bigint, claimed bigint, failed bigint, oldest timestamptz, with_vector bigint, without_vector bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
begin
  select count(*), count(*) filter (where c.lease_until > clock_timestamp()), min(q.queued_at)
  into queued, claimed, oldest
  from :PGVECTOR_SCHEMA.queued_products q
  left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
  where q.model_id = v_model_id;
  select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.set_aside and f.model_id = v_model_id;

  if exact or queued + failed <= 20000 then
    select count(*) filter (where w.waits), count(*) filter (where w.claimed), count(e.product_id), count(*) - count(e.product_id)
    into queued, claimed, with_vector, without_vector
    from (
      select u.product_id, bool_or(u.waits) as waits, bool_or(u.claimed) as claimed
      from (
        select q.product_id, true as waits, c.lease_until > clock_timestamp() as claimed
        from :PGVECTOR_SCHEMA.queued_products q
        left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
        where q.model_id = v_model_id
        union all
        select f.product_id, false, false from :PGVECTOR_SCHEMA.product_failures f where f.set_aside and f.model_id = v_model_id
      ) u
      group by u.product_id
    ) w
    left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = w.product_id;
  end if;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_summary(boolean) is
  'What waits for the active model, is claimed and failed, since when, and how many of these products have a vector already. Not exact: rows instead of products, and no vectors looked up, past 20,000 rows.';
--! EndIncluded queue/queue_summary.sql
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
              -- of another may be missing.
              when 'current' then e.vanished_at is not null or d.has_words is not true and $2 or f.product_id is not null
              else true
            end
            and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
            -- Not what waits already, nor what is being encoded from the text that it has now.
            and not exists (
              select
              from :PGVECTOR_SCHEMA.queued_products q
              where q.product_id = d.product_id and q.model_id = $1
                and (q.claim_id is null or q.document_hash = d.document_hash)
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
  ) using queue_difference.model_id, queue_difference.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
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
  perform :PGVECTOR_SCHEMA.note_expressions();

  select q.products, q.missing, q.stale, q.orphans, q.queued
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from :PGVECTOR_SCHEMA.queue_difference(coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0)) q;
  select coalesce(sum(q.queued), 0) into v_queued_otherwise
  from (select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_kept offset 0) m
  cross join lateral :PGVECTOR_SCHEMA.queue_difference(m.model_id) q;

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
--! Included queue/source_triggers.sql
/*
 * What a subscription writes fires triggers only if they fire always, and only those for each row:
 * statement triggers come with its first copy and never again (but truncate, which has no others).
 */
create or replace view :PGVECTOR_SCHEMA.source_triggers as
  select
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled = 'A' or t.tgenabled = 'O' and not r.is_replicated as enabled,
    case when w.for_each_row then 'row' else 'statement' end as level,
    r.is_replicated as must_be_always
  from (select :PGVECTOR_SCHEMA.source_is_replicated()) r (is_replicated)
  cross join lateral (
    values
      ('_500_embed_insert', 'insert', r.is_replicated),
      ('_500_embed_update', 'update', r.is_replicated),
      ('_500_embed_delete', 'delete', r.is_replicated),
      ('_500_embed_truncate', 'truncate', false)
  ) w (trigger_name, event, for_each_row)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = :PGVECTOR_SCHEMA.source_relation()
    and t.tgname = w.trigger_name
    -- The bit of tgtype that says for each row.
    and (t.tgtype & 1 = 1) = w.for_each_row
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = case when w.for_each_row then 'tg__product_replicated' else 'tg__product_changed' end
    );

comment on view :PGVECTOR_SCHEMA.source_triggers is 'The triggers that the source should have, and whether it has them now.';
comment on column :PGVECTOR_SCHEMA.source_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.source_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.source_triggers.attached is 'Whether the source has it.';
comment on column :PGVECTOR_SCHEMA.source_triggers.enabled is 'Whether it fires, on the target of a subscription also for what that writes; null when it is not attached.';
comment on column :PGVECTOR_SCHEMA.source_triggers.level is 'Whether it fires for each statement, or, on the target of a subscription, for each row.';
comment on column :PGVECTOR_SCHEMA.source_triggers.must_be_always is 'Whether it has to be enabled always, as on the target of a subscription.';
--! EndIncluded queue/source_triggers.sql
--! Included queue/related_triggers.sql
create or replace view :PGVECTOR_SCHEMA.related_triggers as
  select
    r.relation_schema,
    r.relation_name,
    c.oid as relation_oid,
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled in ('O', 'A') as enabled
  from (select distinct a.relation_schema, a.relation_name from :PGVECTOR_SCHEMA.related_tables a) r
  cross join (
    values
      ('_510_related_insert', 'insert'),
      ('_510_related_update', 'update'),
      ('_510_related_delete', 'delete'),
      ('_510_related_truncate', 'truncate')
  ) w (trigger_name, event)
  left join pg_catalog.pg_class c
    on c.relname = r.relation_name
    and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = r.relation_schema)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = c.oid
    and t.tgname = w.trigger_name
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = 'tg__related_changed'
    );

comment on view :PGVECTOR_SCHEMA.related_triggers is 'The triggers that the related tables should have, and whether they have them now.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_schema is 'Schema of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_name is 'Name of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_oid is 'The table as it is now; null while it does not exist.';
comment on column :PGVECTOR_SCHEMA.related_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.related_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.related_triggers.attached is 'Whether the table has it.';
comment on column :PGVECTOR_SCHEMA.related_triggers.enabled is 'Whether it fires; null when it is not attached.';
--! EndIncluded queue/related_triggers.sql

-- models
--! Included models/register_model.sql
/*
 * Two models' vectors in one table would be compared with each other and mean nothing, so another
 * model is let in only while the table holds no vector of the active one, or when it has a table of its
 * own.
 */
create or replace function :PGVECTOR_SCHEMA.register_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_active :PGVECTOR_SCHEMA.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling,
    register_model.max_tokens, register_model.query_prefix, register_model.passage_prefix, register_model.path
  );
  select * into v_active from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_active.model_id = v_model_id
    or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id and m.is_kept)
  then
    return v_model_id;
  end if;

  if exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Leave EMBEDDING_MODEL and EMBEDDING_PRECISION out, or set the model to %s. To change the model without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(%L);  and when it is ready: select :PGVECTOR_SCHEMA.activate_model(); Or start over, with search empty meanwhile: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_active.name, register_model.name, register_model.dimension
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true where m.model_id = v_model_id;
  -- What waits was noted for the former one, or for whichever comes; so were the queries that people ask.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = v_model_id
  where q.model_id = 0 or q.model_id = v_active.model_id;
  update :PGVECTOR_SCHEMA.product_changes c
  set model_id = v_model_id
  where c.model_id = 0 or c.model_id = v_active.model_id;
  insert into :PGVECTOR_SCHEMA.query_embeddings (query, model_id, kept, uses, used_at)
  select q.query, v_model_id, q.kept, q.uses, q.used_at
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = v_active.model_id
  on conflict do nothing;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_active.model_id;
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer, text, text, text) is
  'Makes a model known and returns its id; it becomes the active one if no vector of another is stored there. Raises PE021 otherwise, unless its vectors are kept in a table of their own.';
--! EndIncluded models/register_model.sql
--! Included models/drop_model.sql
create or replace function :PGVECTOR_SCHEMA.drop_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model = drop_model.model and p.model_id is null;
  if found then
    return;
  end if;
  v_model_id := :PGVECTOR_SCHEMA.find_model(drop_model.model);
  if v_model_id = :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'The model % is the active one.', drop_model.model
      using errcode = 'PE031', hint = 'Only one that is prepared, or the former one, can be dropped: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  execute format('drop table if exists :PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = false, activated_at = null where m.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_changes c where c.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_queue q where q.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.text_embeddings t where t.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_model(text) is
  'Gives up a model that is prepared, or the former one, with its vectors: by name, folder or number. Raises PE031 for the active one and for one that is not kept.';
--! EndIncluded models/drop_model.sql
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
  'Live products that have a vector of the active model but none of this one (missing), or only an outdated one where the active model''s is current (stale; changes of the last minute not counted). Raises PE001 to PE003, PE005.';
--! EndIncluded models/model_gaps.sql
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
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_to.model_id);

  if force is not true then
    select * into v_gaps from :PGVECTOR_SCHEMA.model_gaps(v_to.model_id);
    if v_gaps.missing + v_gaps.stale > 0 then
      raise exception 'The model % is not complete: % products have no vector of it and % an outdated one.', v_to.name, v_gaps.missing, v_gaps.stale
        using errcode = 'PE032',
          hint = 'The worker is at it: select * from :PGVECTOR_SCHEMA.model_status;  To have it all the same, with these products missing from search: select :PGVECTOR_SCHEMA.activate_model(force => true);';
    end if;
    if not :PGVECTOR_SCHEMA.has_index(v_to.model_id)
      and (:PGVECTOR_SCHEMA.search_index() is not null or :PGVECTOR_SCHEMA.has_vectors(v_to.model_id, v_from_products))
    then
      raise exception 'The vectors of % have no index for search yet.', v_to.name
        using errcode = 'PE032',
          hint = format(
            'The worker builds it within the hour if its role owns the table; or at once, in psql: select :PGVECTOR_SCHEMA.index_sql(model_id => %s) \gexec  Without it each search reads all vectors: select :PGVECTOR_SCHEMA.activate_model(force => true);',
            v_to.model_id
          );
    end if;
  end if;
  select string_agg(format('%s %s', d.kind, d.relation), ', ' order by d.relation) into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null and force is not true then
    raise exception 'Bound to the table of vectors and not able to follow the change of model: %.', v_bound
      using errcode = 'PE033',
        hint = 'Drop them, activate, and make them again (dbt run does), or leave them on the former model: select :PGVECTOR_SCHEMA.activate_model(force => true);';
  end if;
  -- As they are written now: after the change their text would name the table that they are bound to.
  select array_agg(
    format(
      'create or replace view %s%s as %s',
      d.relation, ' with (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', pg_get_viewdef(c.oid)
    )
  ) into v_views
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
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
  v_former := ':PGVECTOR_TABLE' || '_' || v_from.model_id;
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
  return format('%s is active. %s is kept true: select :PGVECTOR_SCHEMA.rollback_model(); or, when it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);',
    v_to.name, v_from.name, v_from.model_id::text);
end
$$;

comment on function :PGVECTOR_SCHEMA.activate_model(text, boolean) is
  'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use.';
--! EndIncluded models/activate_model.sql
--! Included models/kept_models.sql
/*
 * Before the first worker came there is no model, and what changes is noted for whichever comes: the
 * model 0.
 */
create or replace view :PGVECTOR_SCHEMA.kept_models as
  select m.model_id, m.is_active
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active or m.is_kept
  union all
  select 0, true
  where not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active);

comment on view   :PGVECTOR_SCHEMA.kept_models is 'The models whose vectors are kept true: the active one, one that is prepared, and the former one until it is dropped.';
comment on column :PGVECTOR_SCHEMA.kept_models.model_id is 'The model; 0 before any was registered.';
comment on column :PGVECTOR_SCHEMA.kept_models.is_active is 'Whether it is the one that is searched.';
--! EndIncluded models/kept_models.sql

-- embedding
--! Included embedding/claim_products.sql
/*
 * Decides from the source as it is now what each queued product needs, in one statement and so in
 * one snapshot: a queue row and the change it stands for were committed together, so what is
 * deleted here has been seen. Unchanged and vanished products are settled on the spot, in chunks
 * that grow, because a source without an index on product_id is read once for each chunk.
 *
 * Nor is a text encoded whose vector stands with another product: a new product is often a copy, and an
 * encoder takes a thousand times as long as copying. (By a subquery with a limit and not by a join: how often
 * a hash stands there is what statistics of a table that fills know least about.)
 *
 * Claimers take turns (the lock is the transaction's), so no product is ever claimed twice at once.
 * Who had a product claimed before and did not come back may have died of it: such a product is
 * handed out alone, and set aside after max_attempts.
 */
create or replace function :PGVECTOR_SCHEMA.claim_products(
  worker text, max_products integer default 320, model_id integer default null
)
returns table (claim_id bigint, product_id bigint, document text, texts text[], weights double precision[], is_bulk boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_model_id integer;
  v_active_id integer;
  v_claim_id bigint;
  -- With room for none it would look for one for ever.
  v_most integer := greatest(coalesce(max_products, 320), 1);
  v_chunk integer := v_most;
  v_ids bigint[];
  v_found boolean;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  v_model_id := coalesce(claim_products.model_id, v_active_id);
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, model_id, lease_until)
  values (claim_products.worker, v_model_id, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  -- What was noted since the worker last took changes up, which may be all.
  perform :PGVECTOR_SCHEMA.take_up_changes();
  loop
    v_ids := :PGVECTOR_SCHEMA.first_claimable(v_model_id, v_chunk);
    return query execute format($claim$
      with
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          bool_and(q.is_bulk) as is_bulk,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from :PGVECTOR_SCHEMA.product_queue q
        where q.product_id = any ($1) and q.model_id = $2
        group by q.product_id
      ),
      judged as materialized (
        select
          c.product_id,
          c.queue_id,
          c.queue_ids,
          c.is_bulk,
          d.document,
          d.document_hash,
          d.texts,
          d.weights,
          d.error,
          a.attempts,
          t.product_id as twin_id,
          case
            when d.product_id is null then 'vanished'
            when d.error is not null then 'hook failed'
            when e.document_hash = d.document_hash and e.model_id = $2 then 'unchanged'
            when t.product_id is not null then 'known'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= $3 then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join :PGVECTOR_SCHEMA.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join :PGVECTOR_SCHEMA.%1$I e on e.product_id = c.product_id
        left join lateral (
          select t.product_id
          from :PGVECTOR_SCHEMA.%1$I t
          where t.document_hash = d.document_hash and t.model_id = $2
            and (e.document_hash, e.model_id) is distinct from (d.document_hash, $2)
          limit 1
        ) t on true
        left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = c.product_id and f.model_id = $2
      ),
      picked as materialized (
        select p.*
        from (
          select
            j.*,
            row_number() over (order by j.is_bulk, j.queue_id) as place,
            first_value(j.attempts) over (order by j.is_bulk, j.queue_id) as first_attempts
          from judged j
          where j.verdict = 'to encode'
        ) p
        where p.place <= case when p.first_attempts > 0 then 1 else $4 end
          and (p.attempts = 0 or p.place = 1)
      ),
      copied as (
        insert into :PGVECTOR_SCHEMA.%1$I as e (product_id, embedding, model_id, document_hash, tokens)
        select j.product_id, t.embedding, $2, j.document_hash, t.tokens
        from judged j
        join :PGVECTOR_SCHEMA.%1$I t on t.product_id = j.twin_id
        where j.verdict = 'known'
        on conflict (product_id) do update
        set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
          tokens = excluded.tokens, updated_at = now(), vanished_at = null
      ),
      vanished as (
        update :PGVECTOR_SCHEMA.%1$I e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update :PGVECTOR_SCHEMA.%1$I e
        set vanished_at = null
        from judged j
        where j.verdict not in ('vanished', 'known') and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
        select j.product_id, $2, j.document_hash, greatest(j.attempts, 1), coalesce(j.error, 'The worker that was encoding it did not come back.'), true
        from judged j
        where j.verdict in ('given up', 'hook failed')
        on conflict on constraint product_failures_key do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from :PGVECTOR_SCHEMA.product_failures f
        using judged j
        where f.product_id = j.product_id and f.model_id = $2 and j.verdict in ('vanished', 'unchanged', 'known')
      ),
      settled as (
        delete from :PGVECTOR_SCHEMA.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
        set claim_id = $5, attempts = p.attempts + 1, document_hash = p.document_hash
        from picked p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id
      )
    select $5, p.product_id, left(p.document, $6), array(select left(t, $6) from unnest(p.texts) with ordinality u (t, place) order by place), p.weights, p.is_bulk
    from picked p
    order by p.is_bulk, p.queue_id
    $claim$, :PGVECTOR_SCHEMA.embeddings_table(v_model_id))
    using v_ids, v_model_id, v_settings.max_attempts, v_most, v_claim_id, v_settings.max_document_characters;

    v_found := found;
    -- After the claim, so that the words are no older than what was judged; mostly they are there already.
    if v_model_id = v_active_id then
      perform :PGVECTOR_SCHEMA.index_words(v_ids);
    end if;
    exit when v_found or not (
      exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_model_id)
      or (select t.products from :PGVECTOR_SCHEMA.take_up_changes() t) > 0
    );
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from :PGVECTOR_SCHEMA.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = c.claim_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.claim_products(text, integer, integer) is
  'Claims up to max_products products that are queued for a model, the active one when null, and whose document really changed, for settings.lease, and returns their documents, the texts that are encoded apart with what each counts (of one text: the document and 1), and whether the change was a large one, which come last; settles the others, giving those whose text another product has a copy of its vector, and sets those aside that the hook failed for. No rows: nothing is left to do now. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded embedding/claim_products.sql
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
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.model_id = $2 and newer.claim_id is distinct from $1
      )
      and not exists (
        select
        from :PGVECTOR_SCHEMA.product_changes newer
        where h.product_id = any (newer.product_ids) and coalesce(newer.model_id, $2) = $2
      )
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
--! Included embedding/reset_embeddings.sql
/*
 * TRUNCATE and ALTER rather than DROP: grants stay. A view over the column makes ALTER fail, and
 * then nothing is lost.
 */
create or replace function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    execute format(
      'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
      reset_embeddings.dimension
    );
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
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded.';
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
  'Has documents that are longer than the model reads read in windows, whose vectors are averaged, or cut off again; returns how many products were queued to be encoded anew.';
--! EndIncluded embedding/set_windows.sql
--! Included embedding/create_vector_table.sql
/*
 * An existing table of the Python pipeline is adopted with its vectors, which serve until each has been
 * encoded from the product as it is now.
 */
create or replace function :PGVECTOR_SCHEMA.create_vector_table(table_name text, dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  v_table text := format(':PGVECTOR_SCHEMA.%I', create_vector_table.table_name);
  v_column text;
  v_comment text;
begin
  execute format(
    $sql$
      create table if not exists %s (
        product_id bigint primary key,
        embedding :VECTOR_SCHEMA.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    v_table, create_vector_table.dimension
  );

  execute format('delete from %s e where e.embedding is null or :VECTOR_SCHEMA.vector_norm(e.embedding) = 0', v_table);
  execute format(
    $sql$
      update %s e
      set embedding = :VECTOR_SCHEMA.l2_normalize(e.embedding)
      where abs(:VECTOR_SCHEMA.vector_norm(e.embedding) - 1) >= 0.001
    $sql$,
    v_table
  );

  execute format(
    $sql$
      alter table %s
        alter column embedding set not null,
        add column if not exists model_id integer,
        add column if not exists document_hash bytea,
        add column if not exists vanished_at timestamptz,
        add column if not exists tokens integer,
        drop constraint if exists embedding_has_unit_length,
        -- With unit length the three metrics give one order, so one index serves them all. float4
        -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
        add constraint embedding_has_unit_length check (abs(:VECTOR_SCHEMA.vector_norm(embedding) - 1) < 0.001)
    $sql$,
    v_table
  );
  execute format(
    'create index if not exists %I on %s (vanished_at) where vanished_at is not null',
    left(create_vector_table.table_name, 40) || '_vanished_at_idx', v_table
  );
  execute format(
    'create index if not exists %I on %s (tokens) where tokens is not null',
    left(create_vector_table.table_name, 40) || '_tokens_idx', v_table
  );
  -- For the vector of a text that another product has. Not a hash index, which is slow where one text is in thousands.
  execute format(
    'create index if not exists %I on %s (document_hash)',
    left(create_vector_table.table_name, 40) || '_document_hash_idx', v_table
  );

  execute format('comment on table %s is %L', v_table, 'One vector a product. Join it on product_id; search_products() searches it.');
  for v_column, v_comment in
    values
      ('product_id', 'The product; no foreign key, because dbt drops and renames its table.'),
      ('embedding', 'The vector of the product''s document, of unit length.'),
      ('updated_at', 'When the vector was stored, in the storing session''s time zone.'),
      ('model_id', 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.'),
      ('document_hash', 'sha256 of the document that it came from; null when it was not stored by us.'),
      ('vanished_at', 'When the product was found gone from the source; the vector goes after settings.vanished_grace.'),
      ('tokens', 'Tokens of a document that has more than the model reads (see model_status.long_documents); null of all others.')
  loop
    execute format('comment on column %s.%I is %L', v_table, v_column, v_comment);
  end loop;

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  execute format(
    'create or replace trigger _100_provenance before update on %s for each row execute function :PGVECTOR_SCHEMA.tg__embedding_provenance()',
    v_table
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.create_vector_table(text, integer) is
  'Makes a table of vectors in our schema, or completes the one that is there. Safe to repeat.';
--! EndIncluded embedding/create_vector_table.sql
--! Included embedding/create_product_embeddings.sql
/*
 * A function, because the table may have to be made again: DROP TABLE and a rerun is what the
 * Python pipeline's users know for a change of dimension. The configured dimension is that of a new
 * table: once a model was made the active one, the table has the model's.
 */
create or replace function :PGVECTOR_SCHEMA.create_product_embeddings(dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text := ':PGVECTOR_TABLE';
  v_dimension integer;
  v_active_dimension integer := (
    select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null
  );
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension and v_dimension is distinct from v_active_dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s. For another model, prepare it beside this one, without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(''name'');  or start the table over: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The last index that was added tells that the table is complete.
  if to_regclass(format(':PGVECTOR_SCHEMA.%I', left(v_table, 40) || '_document_hash_idx')) is not null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(v_table, coalesce(v_dimension, create_product_embeddings.dimension));
  perform :PGVECTOR_SCHEMA.create_vector_table(:PGVECTOR_SCHEMA.embeddings_table(m.model_id), m.dimension)
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_kept;
end
$$;

comment on function :PGVECTOR_SCHEMA.create_product_embeddings(integer) is
  'Makes the table of vectors, or completes the one that is there, and those of models that are kept beside it; no effect when it is whole. Raises PE020 when its dimension is another and no model of that dimension was activated.';
--! EndIncluded embedding/create_product_embeddings.sql

-- search
--! Included search/index_due.sql
/*
 * What the worker runs, a statement at a time, when there are so many vectors that reading all of them
 * is felt: none while an index serves, or while somebody builds one (both hold this lock; so does a
 * vacuum, and then the next round comes). What a failed build left goes first: it costs every writer
 * and serves nobody. Only the owner of the table can build; the status tells others. Likewise for the
 * other models that are kept, once nothing waits to be encoded for them: it is quicker than while they grow.
 */
create or replace function :PGVECTOR_SCHEMA.index_due() returns table (statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id integer;
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage') then
    return;
  end if;
  for v_model_id in
    select k.model_id
    from :PGVECTOR_SCHEMA.kept_models k
    where not :PGVECTOR_SCHEMA.has_index(k.model_id)
      and :PGVECTOR_SCHEMA.has_vectors(k.model_id, v_from)
      and (k.is_active or not exists (select from :PGVECTOR_SCHEMA.queued_products q where q.model_id = k.model_id offset 1000))
      and not exists (
        select from pg_locks l
        where l.relation = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(k.model_id)))
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )
    order by k.is_active desc
  loop
    return query
      select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and not i.indisvalid;
    return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory(v_model_id));
    return query select :PGVECTOR_SCHEMA.index_sql(model_id => v_model_id);
    return query select 'reset maintenance_work_mem';
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
--! EndIncluded search/index_due.sql
--! Included search/shown_words.sql
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
--! EndIncluded search/shown_words.sql
--! Included search/signal_weights.sql
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
--! EndIncluded search/signal_weights.sql
--! Included search/source_rows_sql.sql
/*
 * The rows of the source that a search sees, one a product. Where ids stand in several rows, the newest
 * is found before anybody asks whether it is live and passes; elsewhere that goes into the condition,
 * where an index of the source can answer it.
 */
create or replace function :PGVECTOR_SCHEMA.source_rows_sql(
  source regclass, expressions :PGVECTOR_SCHEMA.source_expressions, among text, passes text, has_duplicates boolean
) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when has_duplicates then format(
      $sql$select distinct on (1) %1$s as product_id, %2$s as name, %3$s as vendor_code, %4$s as price, %5$s as passes
        from %6$s s where %7$s order by 1, %8$s, 2, 3, 4, 5$sql$,
      expressions.product_id, expressions.name, expressions.vendor_code, expressions.price, passes, source, among, expressions.newest_row
    )
    else format(
      'select %1$s as product_id, %2$s as name, %3$s as vendor_code, %4$s as price, true as passes from %5$s s where %6$s and %7$s',
      expressions.product_id, expressions.name, expressions.vendor_code, expressions.price, source, among, passes
    )
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_rows_sql(regclass, :PGVECTOR_SCHEMA.source_expressions, text, text, boolean) is
  'The query for rows of the source as (product_id, name, vendor_code, price, passes): among limits the ids, passes says which rows count.';
--! EndIncluded search/source_rows_sql.sql
--! Included search/live_products.sql
create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_signature text := :PGVECTOR_SCHEMA.source_signature(v_source);
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  if filter is null and exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = v_signature) then
    return query
      select r.product_id, r.name, r.vendor_code, r.price
      from :PGVECTOR_SCHEMA.source_rows(live_products.product_ids, v_signature) r
      where r.passes;
    -- None may be because it is made for something else.
    if found then
      return;
    end if;
  end if;
  v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
  return query execute format(
    'select r.product_id, r.name, r.vendor_code, r.price from (%s) r where r.passes',
    :PGVECTOR_SCHEMA.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)),
      true
    )
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.live_products(bigint[], jsonb) is
  'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/live_products.sql
--! Included search/nearest_products.sql
/*
 * Two ways to the same answer. Along the index, nearest first, through a cursor: as many vectors are
 * taken as it needs until enough of their products are live and pass, in one scan, whose plan plpgsql
 * keeps (with a limit that is a parameter it would plan a sort, or plan at every call). Or exactly:
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
-- Without it an index scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
set ivfflat.iterative_scan = 'relaxed_order'
-- What the settings say instead is set below, and ends with the function because these stand here.
set hnsw.ef_search = 40
set ivfflat.probes = 1
-- A scan is planned for its first rows, and not compiled for all of them.
set cursor_tuple_fraction = 0
set jit = off
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_state record;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
  v_index text;
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
  -- One statement, because each costs as much as what it looks up.
  select
    s.hnsw_ef_search::text, s.ivfflat_probes::text, g.signature,
    exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = g.signature) as is_kept,
    case when nearest_products.model_id is null then :PGVECTOR_SCHEMA.search_index() end as index
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s
  -- Or the planner calls it twice.
  cross join (select :PGVECTOR_SCHEMA.source_signature(v_source) as signature offset 0) g;
  v_index := v_state.index;
  v_is_kept := v_state.is_kept and nearest_products.filter is null;

  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
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
        from :PGVECTOR_SCHEMA.source_rows(v_ids, v_state.signature) r
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
--! Included search/rank_words.sql
/*
 * Words that half the catalogue has would make candidates of half the catalogue, so these are chosen
 * strictest first: products that have all groups of the query, then all but one, and so on, until there
 * are enough; what was found is scored by all words. The rarest six groups choose. Of too many that
 * match alike the shortest are taken, which is what BM25 would do.
 */
create or replace function :PGVECTOR_SCHEMA.rank_words(query text, wanted integer, others bigint[] default null)
returns table (product_id bigint, word_score double precision, is_exact boolean, terms text[], is_complete boolean)
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
  v_ids bigint[] := coalesce(others, '{}');
  v_complete boolean := true;
  v_has_extra boolean := true;
  v_products double precision;
  v_average double precision;
  v_rarity double precision;
begin
  select array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text)
  into v_group, v_alternative, v_term, v_idf, v_label
  from :PGVECTOR_SCHEMA.query_terms(query) t;
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
      if v_level = 1 and power(v_products / exp(v_rarity), 2) > 80 * wanted * v_products then
        -- So many have the commonest word that reading products in their order until there are enough takes less than the
        -- index over words, which would first collect all of them. "is true" keeps it from that.
        v_found := array(
          select f.product_id
          from (
            select w.product_id, w.tokens
            from :PGVECTOR_SCHEMA.product_words w
            where (w.words @@ v_query) is true and w.product_id <> all (v_found)
            order by w.product_id
            limit 4 * wanted
          ) f
          order by f.tokens, f.product_id
          limit wanted
        ) || v_found;
      else
        v_found := array(
          select f.product_id
          from (
            select w.product_id, w.tokens
            from :PGVECTOR_SCHEMA.product_words w
            where w.words @@ v_query and w.product_id <> all (v_found)
            limit 4 * wanted
          ) f
          order by f.tokens, f.product_id
          limit wanted
        ) || v_found;
      end if;
      -- What no product has need not be scored.
      v_has_extra := v_has_extra and (v_level <= coalesce(cardinality(v_choosing), 0) or v_found <> '{}');
      v_complete := v_level = 1 and cardinality(v_found) < wanted;
    end loop;
    v_ids := v_ids || v_found;
  end if;

  return query
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.group_no > 0), v_complete
    from (
      -- The best way to say each group counts, and all that only adds.
      select a.product_id, a.group_no, bool_or(a.group_no = 0 and a.alternative = 0) as is_exact,
        case when a.group_no = 0 then sum(a.score) else max(a.score) end as score,
        (array_agg(a.term order by a.score desc))[1] as term
      from (
        select o.product_id, o.group_no, o.alternative, sum(o.score) as score, string_agg(o.term, ' ') as term
        from (
          select w.product_id, t.group_no, t.alternative, t.label as term,
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
      group by a.product_id, a.group_no
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; is_complete: the words find no more. Dead products are among them.';
--! EndIncluded search/rank_words.sql
--! Included search/hybrid_products.sql
/*
 * Three signals, each on a scale of its own, brought to 0..1 among the candidates (min-max) and added
 * by the weights of settings: words (BM25), trigrams of name and codes, vectors. Adding reciprocal ranks
 * instead forgets by how much a product was ahead, and was worse than words alone (docs/evaluation.md).
 * Trigrams are dear, so only the twenty that lead without them are compared by them. The longer a query,
 * the more it is prose, and the more its meaning counts.
 *
 * A filter that few products pass is turned round: these few are scored. Otherwise candidates are taken
 * until enough of them are live and pass.
 */
create or replace function :PGVECTOR_SCHEMA.hybrid_products(
  query text, query_vector :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, model_id integer default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric, score double precision,
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, terms text[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_pool integer := greatest(max_results, 30);
  v_wanted integer := 2 * v_pool;
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
  v_found bigint[];
  v_names text[];
  v_codes text[];
  v_prices numeric[];
  v_text text := :PGVECTOR_SCHEMA.fold_text(left(query, 200));
begin
  if query_vector is not null then
    -- Of unit length, so that the one distance gives the other.
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price), array_agg(n.distance * n.distance / 2)
    into v_near, v_near_names, v_near_codes, v_near_prices, v_near_distances
    from :PGVECTOR_SCHEMA.nearest_products(query_vector, v_pool, filter, null, hybrid_products.model_id) n;
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
    -- Enough to fill the pool when a few are gone; all of them where a filter takes its share.
    v_lookup := case when filter is null then v_ids[1 : v_pool + v_pool / 2] else v_ids end;
    select array_agg(l.product_id), array_agg(l.name), array_agg(l.vendor_code), array_agg(l.price)
    into v_found, v_names, v_codes, v_prices
    from :PGVECTOR_SCHEMA.live_products(array(select i from unnest(v_lookup) i where i <> all (coalesce(v_near, '{}'))), filter) l;
    exit when v_complete or v_wanted = 0 or cardinality(v_found) + coalesce(cardinality(v_near), 0) >= v_pool or v_wanted > 1000000;
    v_wanted := v_wanted * 10;
  end loop;

  return query
    with
      live as materialized (
        select l.product_id, l.name, l.vendor_code, l.price, w.word_score, w.is_exact, w.terms, l.distance,
          case when l.place <= cardinality(v_near) then l.place end as vector_rank
        from unnest(v_near || v_found, v_near_names || v_names, v_near_codes || v_codes, v_near_prices || v_prices, v_near_distances)
          with ordinality l (product_id, name, vendor_code, price, distance, place)
        left join unnest(v_ids, v_scores, v_exact, v_terms) w (product_id, word_score, is_exact, terms) on w.product_id = l.product_id
      ),
      ranked as materialized (
        select l.*, case when l.word_score > 0 then row_number() over (order by l.is_exact desc nulls last, l.word_score desc nulls last, l.product_id) end as word_rank
        from live l
      ),
      candidate as materialized (
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
      leader as materialized (
        select c.*, w.vector_weight, w.word_weight, w.trigram_weight,
          w.word_weight * c.word_share + w.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, :PGVECTOR_SCHEMA.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
        cross join :PGVECTOR_SCHEMA.signal_weights(query, query_vector is not null) w
        order by c.is_exact desc nulls last, lead desc, c.product_id
        limit greatest(20, max_results)
      ),
      compared as materialized (
        select l.*,
          (
            select :TRGM_SCHEMA.word_similarity(v_text, w.label) from :PGVECTOR_SCHEMA.product_words w where w.product_id = l.product_id
          ) as similarity
        from leader l
      )
    select
      c.product_id, c.name, c.vendor_code, c.price,
      (c.is_exact is true)::integer + c.lead
        + c.trigram_weight * :PGVECTOR_SCHEMA.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score,
      c.vector_rank::integer, c.distance, c.word_rank::integer, nullif(c.word_score, 0), string_to_array(c.terms, ' ')
    from compared c
    order by score desc, c.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
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
    -- What request_query() would come to, for a query that was counted within the minute.
    select q.embedding into v_vector
    from :PGVECTOR_SCHEMA.embedding_models m
    join :PGVECTOR_SCHEMA.query_embeddings q on q.query = v_key and q.model_id = m.model_id
    where m.is_active and q.used_at > now() - interval '1 minute';
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
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score,
      :PGVECTOR_SCHEMA.shown_words(h.terms, concat_ws(' ', h.name, h.vendor_code)), v_vector is not null
    from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) from public;

comment on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) is
  'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';
--! EndIncluded search/search_products_text.sql
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
        hint = 'On a standby: call it on the primary, and the vector comes along. Meanwhile search_products_text() answers from words alone.';
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
--! Included search/check_index.sql
/*
 * The planner's word on the statement that search runs, as it runs it: a cursor, planned for its first
 * rows.
 */
create or replace function :PGVECTOR_SCHEMA.check_index() returns table (used boolean, plan text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set cursor_tuple_fraction = 0
as $$
declare
  v_type text := coalesce(:PGVECTOR_SCHEMA.search_index(), 'vector');
  v_line text;
begin
  for v_line in execute format(
    $sql$
      explain (costs off) declare nearest cursor for
        select e.product_id
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        order by e.embedding%1$s operator(:VECTOR_SCHEMA.<->) array_fill(0, array[%2$s])::%3$s
    $sql$,
    case when v_type <> 'vector' then '::' || v_type end,
    (select a.atttypmod from pg_attribute a where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding'),
    case when v_type <> 'vector' then v_type else ':VECTOR_SCHEMA.vector' end
  ) loop
    plan := concat_ws(e'\n', plan, regexp_replace(v_line, E'\\[[0-9.,-]{100,}\\]', '[…]'));
  end loop;
  used := plan ~ 'Index Scan using';
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.check_index() is
  'Whether the planner goes along an index when a search runs now, and its plan: for so few vectors that a sort is cheaper, it does not. Raises PE003.';
--! EndIncluded search/check_index.sql
--! Included search/load_golden_queries.sql
/*
 * The whole set at once, so that the table is what the file says: a judgment that was taken out of the
 * file would otherwise count for ever.
 */
create or replace function :PGVECTOR_SCHEMA.load_golden_queries(judgments jsonb) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queries bigint;
begin
  if jsonb_typeof(judgments) is distinct from 'array' then
    raise exception 'Golden queries are an array of objects, not %.', coalesce(jsonb_typeof(judgments), 'null')
      using errcode = 'PE040', hint = 'Such as [{"query": "brake pads", "product_id": 7807552, "grade": 3}]; [] for none.';
  end if;
  delete from :PGVECTOR_SCHEMA.golden_queries g;

  begin
    -- Public collections have one text under two numbers, and then judge a document twice.
    insert into :PGVECTOR_SCHEMA.golden_queries as g (query, product_id, grade, kind)
    select j.query, j.product_id, max(greatest(j.grade, 0)), min(coalesce(j.kind, ''))
    from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
    group by j.query, j.product_id;
  exception when data_exception or integrity_constraint_violation then
    raise exception 'A golden query is not as it has to be.'
      using errcode = 'PE040', detail = sqlerrm, hint = 'Each is an object of query, product_id, grade (0 or more) and, if you like, kind.';
  end;

  select count(distinct g.query) into v_queries from :PGVECTOR_SCHEMA.golden_queries g;
  return v_queries;
end
$$;

comment on function :PGVECTOR_SCHEMA.load_golden_queries(jsonb) is
  'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now. Raises PE040, and leaves everything as it was.';
--! EndIncluded search/load_golden_queries.sql
--! Included search/query_key.sql
/*
 * The first thousand characters: more than any model here reads, and what an index entry can hold.
 */
create or replace function :PGVECTOR_SCHEMA.query_key(query text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return nullif(btrim(left(btrim(regexp_replace(normalize(left(query, 4000), NFC), E'\\s+', ' ', 'g')), 1000)), '');
end
$$;

comment on function :PGVECTOR_SCHEMA.query_key(text) is
  'A query as it is cached and encoded: blanks squeezed, at most 1000 characters; null when nothing is left.';
--! EndIncluded search/query_key.sql
--! Included search/vector_indexes.sql
/*
 * By name, so that it does not forbid to drop the table. An index that a failed concurrent build left
 * is not valid and is not searched; one that is being built is not valid either, and has a phase. Who
 * may not see other sessions' work (pg_read_all_stats) sees no phase.
 */
create or replace view :PGVECTOR_SCHEMA.vector_indexes as
  select
    c.relname::text as index_name,
    m.amname::text as method,
    regexp_replace(o.opcname::text, '_.*$', '') as type,
    case regexp_replace(o.opcname::text, '^[^_]*_(.*)_ops$', '\1') when 'l2' then 'l2' when 'cosine' then 'cosine' when 'ip' then 'inner_product' end as metric,
    c.reloptions as options,
    pg_catalog.pg_relation_size(c.oid) as bytes,
    i.indisvalid as valid,
    -- As search_index() has it, which has no time for the rest.
    i.indisvalid and i.indpred is null
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod) as serves_search,
    pg_catalog.pg_stat_get_numscans(c.oid) as scans,
    c.reltuples::bigint as rows,
    p.phase,
    round(100.0 * case when p.blocks_total > 0 then p.blocks_done::numeric / p.blocks_total when p.tuples_total > 0 then p.tuples_done::numeric / p.tuples_total end, 1) as percent
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_am m on m.oid = c.relam
  join pg_catalog.pg_opclass o on o.oid = i.indclass[0]
  join pg_catalog.pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
  join pg_catalog.pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
  left join pg_catalog.pg_stat_progress_create_index p on p.index_relid = i.indexrelid
  where i.indrelid = pg_catalog.to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and m.amname in ('hnsw', 'ivfflat');

comment on view   :PGVECTOR_SCHEMA.vector_indexes is 'The indexes over the vectors, whether search can use them, and how far a build is.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.index_name is 'Name of the index.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.method is 'hnsw or ivfflat.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.type is 'vector, or halfvec: half the size, and search computes the distances of what it finds anew.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.metric is 'What it orders by: l2 serves search in every metric.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.options is 'What it was built with, where that is not the default.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.bytes is 'Its size on disk.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.valid is 'False while it is built, and after a build that failed.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.serves_search is 'Whether search goes along it: valid, over all vectors, by l2.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.scans is 'How often it was used since statistics were reset.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.rows is 'Vectors in it when it was last counted; -1 before.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.phase is 'While it is built: what the build is at.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.percent is 'While it is built: how far that phase is.';
--! EndIncluded search/vector_indexes.sql

-- status
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
--! Included status/embedding_status.sql
create or replace view :PGVECTOR_SCHEMA.embedding_status as
  select * from :PGVECTOR_SCHEMA.compute_status(exact => false);

comment on view :PGVECTOR_SCHEMA.embedding_status is 'How things stand, in one row that a dashboard can read every few seconds: from the last comparison of products and vectors, and what happened since. compute_status() compares anew.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source is 'Where the products are read from.';
comment on column :PGVECTOR_SCHEMA.embedding_status.state is 'complete, working (a worker is at it), waiting (no worker is), incomplete (nothing waits, but some failed), unknown (the source was rebuilt and not compared yet), or no source.';
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
comment on column :PGVECTOR_SCHEMA.embedding_status.duplicate_ids is 'product_ids that stand in several rows; the newest row counts.';
comment on column :PGVECTOR_SCHEMA.embedding_status.workers_alive is 'Workers seen in the last two minutes; one that runs gives a sign of life every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.embedding_status.notes is 'What is out of the ordinary and what to do about it; empty when nothing is.';
--! EndIncluded status/embedding_status.sql
--! Included status/maintain.sql
/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
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
--! Included status/model_status.sql
create or replace view :PGVECTOR_SCHEMA.model_status as
  select * from :PGVECTOR_SCHEMA.compute_model_status();

comment on view   :PGVECTOR_SCHEMA.model_status is 'The models whose vectors are kept, the active one first: how far each is, and what is odd about it.';
comment on column :PGVECTOR_SCHEMA.model_status.model_id is 'Its number; null until a worker has loaded it.';
comment on column :PGVECTOR_SCHEMA.model_status.name is 'Its name as on the hub, or the folder that was asked for.';
comment on column :PGVECTOR_SCHEMA.model_status.state is 'active; requested (no worker has loaded it yet), failed (see error; it is tried again every minute), preparing, indexing, ready (to be activated); former (kept true until it is dropped).';
comment on column :PGVECTOR_SCHEMA.model_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.model_status.revision is 'Start of the sha256 of its ONNX file.';
comment on column :PGVECTOR_SCHEMA.model_status.precision is 'How its weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.model_status.max_tokens is 'Tokens that it reads of a text.';
comment on column :PGVECTOR_SCHEMA.model_status.products is 'Live products, as embedding_status has them.';
comment on column :PGVECTOR_SCHEMA.model_status.embedded is 'Products that have a vector of it, as of now or of an earlier text.';
comment on column :PGVECTOR_SCHEMA.model_status.coverage is 'embedded in percent of products, cut off and not rounded.';
comment on column :PGVECTOR_SCHEMA.model_status.queued is 'Products that wait for it.';
comment on column :PGVECTOR_SCHEMA.model_status.failed is 'Products that could not be encoded with it and were set aside (see product_failures).';
comment on column :PGVECTOR_SCHEMA.model_status.throughput is 'While products wait: how many are encoded with it a second, over the last five minutes.';
comment on column :PGVECTOR_SCHEMA.model_status.time_to_go is 'queued at that throughput; null while nothing is encoded.';
comment on column :PGVECTOR_SCHEMA.model_status.has_index is 'Whether its vectors have an index for search.';
comment on column :PGVECTOR_SCHEMA.model_status.long_documents is 'Documents that have more tokens than it reads.';
comment on column :PGVECTOR_SCHEMA.model_status.longest_document is 'Tokens of the longest of these; null without one.';
comment on column :PGVECTOR_SCHEMA.model_status.spelled_out is 'Share of the letters of the documents that its tokenizer spells out one by one: from a half on it is the wrong model for this language.';
comment on column :PGVECTOR_SCHEMA.model_status.activated_at is 'When it was activated; null for the first model and for one that never was.';
comment on column :PGVECTOR_SCHEMA.model_status.error is 'Why no worker could load it.';
--! EndIncluded status/model_status.sql
--! Included status/source_copy_status.sql
create or replace view :PGVECTOR_SCHEMA.source_copy_status as
  select
    o.host,
    o.port::integer as port,
    o.dbname as database,
    c.source_schema,
    c.source_table,
    c.copied_at,
    clock_timestamp() - c.copied_at as lag,
    c.watermark,
    c.rows,
    c.full_at,
    c.next_at,
    c.held,
    c.unusable_ids,
    c.duplicate_ids,
    c.error,
    c.failing_since
  from :PGVECTOR_SCHEMA.source_connection c
  left join (
    select
      max(v.option_value) filter (where v.option_name = 'host') as host,
      max(v.option_value) filter (where v.option_name = 'port') as port,
      max(v.option_value) filter (where v.option_name = 'dbname') as dbname
    from pg_catalog.pg_foreign_server s
    cross join lateral pg_catalog.pg_options_to_table(s.srvoptions) v
    where s.srvname = 'product_embeddings_source'
  ) o on true;

comment on view :PGVECTOR_SCHEMA.source_copy_status is 'How old the copy of the products of another database is, and what is wrong with it; no row when the source is in this one.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.host is 'Where they come from: the server, as this one reaches it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.port is 'Its port.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.database is 'The database there.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_schema is 'The schema in it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_table is 'The table or view.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.copied_at is 'As of when the copy is.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.lag is 'How long ago that is: what changed there since is not here yet.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.watermark is 'The newest times in the copy; null where no column tells, and every refresh compares all rows.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.rows is 'Products in the copy.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.full_at is 'When all rows were last compared, which finds deletes.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.next_at is 'When the worker looks again at the earliest.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.held is 'Products that are gone there and stay here, because too many vanished at once: release_copy() lets them go.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.unusable_ids is 'Rows there without a usable product_id; not copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.duplicate_ids is 'product_ids that stand in several rows there; the newest is copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.error is 'Why the last refresh failed; null when it did not.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.failing_since is 'Since when none came through.';
--! EndIncluded status/source_copy_status.sql
--! Included status/doctor_migrations.sql
/*
 * Security definer, since a worker asks before it writes anything, and the record of migrations is the owner's.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_migrations(client jsonb)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known jsonb := client -> 'migrations';
  v_pending text;
  v_newer text;
  v_other text;
  v_last text;
  v_jobs integer;
  v_jobs_known integer := (client ->> 'jobs_version')::integer;
begin
  select
    max(m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where not v_known ? m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where v_known ->> m.filename <> m.hash)
  into v_last, v_newer, v_other
  from graphile_migrate.migrations m;
  select string_agg(k.filename, ', ' order by k.filename) into v_pending
  from jsonb_object_keys(v_known) k (filename)
  where not exists (select from graphile_migrate.migrations m where m.filename = k.filename);
  return query
    select
      'migrations',
      case when v_other is null and v_pending is null and v_newer is null then 'ok' else 'error' end,
      case
        when v_other is not null then format('Another migration ran here than this checkout has under that name: %s.', v_other)
        when v_newer is not null then format('The database is newer than this checkout, which lacks %s.', v_newer)
        when v_pending is not null then format('Not migrated yet: %s.', v_pending)
        else format('Up to date: the last is %s.', v_last)
      end,
      case
        when v_other is not null or v_newer is not null then 'Deploy the version that migrated it; going back: docs/upgrade.md'
        when v_pending is not null then 'npm run migrate'
      end;

  select max(m.id) into v_jobs from graphile_worker.migrations m;
  return query
    select
      'worker schema',
      case when v_jobs = v_jobs_known or v_jobs_known is null and v_jobs is not null then 'ok' else 'error' end,
      case
        when v_jobs is null then 'The schema graphile_worker is empty.'
        when v_jobs > v_jobs_known then format('The schema graphile_worker is at %s, and this checkout''s version of it is older: %s.', v_jobs, v_jobs_known)
        when v_jobs < v_jobs_known then format('The schema graphile_worker is at %s, and this checkout needs %s.', v_jobs, v_jobs_known)
        else format('graphile_worker is at %s.', v_jobs)
      end,
      case
        when v_jobs > v_jobs_known then 'npm ci in the version that the other workers run'
        when v_jobs is null or v_jobs < v_jobs_known then 'npm run migrate'
      end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.doctor_migrations(jsonb) from public;

comment on function :PGVECTOR_SCHEMA.doctor_migrations(jsonb) is 'The part of doctor() about migrations, ours and the job queue''s, against those that the client has.';
--! EndIncluded status/doctor_migrations.sql
--! Included status/mend_timetable.sql
/*
 * graphile-worker runs a task again only after the time at which it last ran, as the worker's machine saw it: one
 * clock that was days ahead, and everybody's timetable stands still for days after it was put right.
 */
create or replace function :PGVECTOR_SCHEMA.mend_timetable() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update graphile_worker._private_known_crontabs c set last_execution = now() where c.last_execution > now() + interval '1 minute'
$$;

comment on function :PGVECTOR_SCHEMA.mend_timetable() is
  'Has tasks run again that are noted as run at a time to come, by a worker whose clock was ahead; each worker calls it when it starts.';
--! EndIncluded status/mend_timetable.sql

-- access
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
    -- Security definer functions run what stands there, and read what it names.
    revoke insert, update, delete on :PGVECTOR_SCHEMA.source_expressions, :PGVECTOR_SCHEMA.source_connection from product_embeddings_worker;
    grant execute on all routines in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
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
--! Included access/rename_schema.sql
/*
 * Functions name everything in full, so that no search_path can lead them astray; a renamed schema
 * is therefore a rewrite of their bodies. It also mends a schema that somebody renamed by hand. What
 * refers to a function by its number (triggers, checks) follows by itself.
 */
create or replace function :PGVECTOR_SCHEMA.rename_schema(new_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The name that is written in the bodies, and the one that the schema has now.
  v_written text := ':PGVECTOR_SCHEMA';
  v_now text := (
    select n.nspname
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'rename_schema' and p.prosrc like '%v_written text := ''' || v_written || '''%'
  );
  v_pattern text := format(E'\\m%s\\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, and no reserved word.';
  end if;
  if v_now <> rename_schema.new_name then
    execute format('alter schema %I rename to %I', v_now, rename_schema.new_name);
  end if;
  -- The copy of another database's products is a source of ours.
  execute format('update %I.settings set source_schema = %1$L where source_schema = %L', rename_schema.new_name, v_written);
  for v_object in
    select
      pg_get_functiondef(p.oid) as definition,
      format('comment on routine %s is %L', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) as comment
    from pg_proc p
    where p.pronamespace = rename_schema.new_name::regnamespace
    union all
    select
      format('create or replace view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid)),
      format('comment on view %s is %L', c.oid::regclass, obj_description(c.oid, 'pg_class'))
    from pg_class c
    where c.relnamespace = rename_schema.new_name::regnamespace and c.relkind = 'v'
  loop
    execute regexp_replace(v_object.definition, v_pattern, rename_schema.new_name, 'g');
    execute regexp_replace(v_object.comment, v_pattern, rename_schema.new_name, 'g');
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_schema(text) is
  'Renames our schema and everything that names it; also mends one that was renamed by hand. Then set PGVECTOR_SCHEMA, and the dbt variable product_embeddings_schema. Raises PE007.';
--! EndIncluded access/rename_schema.sql
