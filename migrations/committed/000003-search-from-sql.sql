--! Previous: sha1:31ab5b53ec074b6ca3ae606f765488e94db8801f
--! Hash: sha1:1a66e0d2561c87b68c56c02350de4b556e482a68
--! Message: search from SQL

/*
 * Search from SQL: by text, words and meaning together; filters; an index that is built and watched;
 * similar, duplicate and recommended products; quality that is measured.
 */

-- Trusted: who may create in the database may create it.
do $$
begin
  create extension if not exists pg_trgm with schema :TRGM_SCHEMA;
exception when others then
  raise exception 'extension "pg_trgm" does not exist in this database'
    using errcode = 'PE004', detail = sqlerrm,
      hint = 'As a superuser, once: create extension pg_trgm;  (it is part of PostgreSQL''s contrib package)';
end
$$;
-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- Their arguments or columns are others now.
drop function :PGVECTOR_SCHEMA.wake_worker(timestamptz);
drop function :PGVECTOR_SCHEMA.embedding_difference();

-- source
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
  add column if not exists vector_weight double precision not null default 0.15 check (vector_weight between 0 and 1),
  add column if not exists prose_vector_weight double precision not null default 0.4 check (prose_vector_weight between 0 and 1),
  add column if not exists query_cache_size integer not null default 10000 check (query_cache_size >= 0),
  add column if not exists hnsw_ef_search integer not null default 200 check (hnsw_ef_search between 1 and 1000),
  add column if not exists ivfflat_probes integer not null default 20 check (ivfflat_probes between 1 and 32768),
  add column if not exists index_from_products integer default 20000 check (index_from_products >= 0),
  add column if not exists interactions_schema text,
  add column if not exists interactions_table text,
  add column if not exists interactions_group text,
  add column if not exists interactions_product text,
  add column if not exists max_group_products integer not null default 50 check (max_group_products between 2 and 1000),
  add column if not exists min_together integer not null default 3 check (min_together > 0),
  add column if not exists pair_weight double precision not null default 0.6 check (pair_weight between 0 and 1);

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
comment on column :PGVECTOR_SCHEMA.settings.vector_weight is 'How much the vectors count there, of 1, for a query of up to four words.';
comment on column :PGVECTOR_SCHEMA.settings.prose_vector_weight is 'The same for a query of twelve words and more; in between it is a share of both.';
comment on column :PGVECTOR_SCHEMA.settings.query_cache_size is 'Queries whose vectors are kept in query_embeddings; golden queries come on top.';
comment on column :PGVECTOR_SCHEMA.settings.hnsw_ef_search is 'How many candidates an HNSW index keeps while a search goes through it: more find more of the nearest and take longer.';
comment on column :PGVECTOR_SCHEMA.settings.ivfflat_probes is 'How many lists of an IVFFlat index a search looks into at first: likewise.';
comment on column :PGVECTOR_SCHEMA.settings.index_from_products is 'From so many vectors on the worker builds an index if there is none; null is never.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_schema is 'Schema of the relation that says which products were bought or looked at together; null without one (set_interactions).';
comment on column :PGVECTOR_SCHEMA.settings.interactions_table is 'Name of that relation.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_group is 'Its column of what makes products belong together: an order, a session.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_product is 'Its column of the product''s number.';
comment on column :PGVECTOR_SCHEMA.settings.max_group_products is 'So many products of an order or session make pairs at the most; of a larger one a sample does.';
comment on column :PGVECTOR_SCHEMA.settings.min_together is 'In so many orders or sessions two products have to be together before they make a pair.';
comment on column :PGVECTOR_SCHEMA.settings.pair_weight is 'What being together counts in recommended_products(), 0 to 1; the rest is similarity.';
--! EndIncluded source/settings.sql
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
  v_source regclass;
begin
  select format('%I.%I', s.source_schema, s.source_table) into strict v_name from :PGVECTOR_SCHEMA.settings s;
  begin
    execute format('select product_id from %s limit 0', v_name);
    v_source := to_regclass(v_name);
  exception when undefined_table or invalid_schema_name or undefined_column or insufficient_privilege or wrong_object_type then
    -- To look into the catalogs first would cost every search twice what the lock does.
    v_source := null;
  end;
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
--! Included source/grant_source.sql
/*
 * Security invoker: run by who owns the source. dbt makes the table anew and with it its grants, so
 * this is part of attaching. Grants only what is missing, and in turns: of two grants on one schema at once
 * the second fails.
 */
create or replace function :PGVECTOR_SCHEMA.grant_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = v_source);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, v_source, 'select');
    perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), 1);
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    if not has_table_privilege(v_role, v_source, 'select') then
      execute format('grant select on %s to %I', v_source, v_role);
    end if;
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_source() is
  'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';
--! EndIncluded source/grant_source.sql
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
create or replace function :PGVECTOR_SCHEMA.source_signature(source oid) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(c.attname || ' ' || c.atttypid, ', ')
    from (
      select a.attname, a.atttypid
      from pg_attribute a
      where a.attrelid = source_signature.source and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) c
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_signature(oid) is 'Names and types of a relation''s columns; expressions over its rows are right while it is the same.';
--! EndIncluded source/source_signature.sql
--! Included source/product_ids_sql.sql
/*
 * Without a cast on the column, so that an index on it serves. Numbers compare across their types; only
 * a text has to become a number first, and then the index does not help.
 */
create or replace function :PGVECTOR_SCHEMA.product_ids_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      then format('%I.product_id operator(pg_catalog.=) any ($1)', alias)
    when c.type = 'numeric'::regtype
      then format('%I.product_id operator(pg_catalog.=) any ($1::pg_catalog.numeric[])', alias)
    else format('(%s) operator(pg_catalog.=) any ($1)', :PGVECTOR_SCHEMA.product_id_sql(alias))
  end
  from :PGVECTOR_SCHEMA.source_columns c
  where c.column_name = 'product_id'
$$;

comment on function :PGVECTOR_SCHEMA.product_ids_sql(text) is
  'SQL condition that a source row''s product_id is one of $1, a bigint[], served by an index on product_id unless that is a text; alias names the row.';
--! EndIncluded source/product_ids_sql.sql
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
    :PGVECTOR_SCHEMA.newest_row_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric')
$$;

comment on function :PGVECTOR_SCHEMA.generate_expressions() is 'The row of source_expressions for the source as it is now. Raises PE001, PE002.';
--! EndIncluded source/generate_expressions.sql
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
begin
  if exists (select from :PGVECTOR_SCHEMA.source_expressions e where e = v_now)
    or not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_expressions'), 1)
  then
    return;
  end if;
  delete from :PGVECTOR_SCHEMA.source_expressions;
  insert into :PGVECTOR_SCHEMA.source_expressions values (v_now.*);
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is 'Keeps source_expressions for the source as it is now; no effect while its columns are the same. Raises PE001, PE002.';
--! EndIncluded source/note_expressions.sql
--! Included source/current_expressions.sql
create or replace function :PGVECTOR_SCHEMA.current_expressions(source regclass) returns :PGVECTOR_SCHEMA.source_expressions
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  select e.* into v_expressions
  from :PGVECTOR_SCHEMA.source_expressions e
  where e.columns = :PGVECTOR_SCHEMA.source_signature(current_expressions.source);
  if not found then
    v_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  end if;
  return v_expressions;
end
$$;

comment on function :PGVECTOR_SCHEMA.current_expressions(regclass) is
  'SQL over a source row for the columns that the source has now: what reconcile() kept, or generated if that is of other columns. Raises PE001, PE002.';
--! EndIncluded source/current_expressions.sql

-- document
--! Included document/document_texts_sql.sql
/*
 * What is said in words: numbers, dates and yes or no are found by filters, and among the words a price
 * would be taken for a code.
 */
create or replace function :PGVECTOR_SCHEMA.document_texts_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format('array[%s]::pg_catalog.text[]', string_agg(format('%I.%I::pg_catalog.text', alias, c.column_name), ', ' order by c.position))
  from :PGVECTOR_SCHEMA.source_columns c
  join pg_type t on t.oid = c.type
  where c.in_document and c.column_name <> 'name'
    and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
$$;

comment on function :PGVECTOR_SCHEMA.document_texts_sql(text) is
  'SQL expression for the texts of a source row but its name, as text[]: the columns of text, arrays, enums and json that are in the document; alias names the row.';
--! EndIncluded document/document_texts_sql.sql
--! Included document/document_query.sql
create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      select q.product_id, q.document, q.document_hash, q.name, q.texts
      from (
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash,
          %6$s as name, %7$s as texts
        from %4$s s
        order by 1, %5$s, 4
      ) q
      where q.is_live and q.product_id is not null
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.document_sql('s'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.newest_row_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.document_texts_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, texts text[]), one row each. Raises PE001, PE002.';
--! EndIncluded document/document_query.sql

-- words
--! Included words/fold_text.sql
/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return normalize(
    regexp_replace(
      normalize(translate(lower(normalize(value, NFKC)), 'łøđ', 'lod'), NFD),
      '(?<!и)\u0306|[\u0300-\u0305\u0307-\u036f]', '', 'g'
    ),
    NFC
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
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
      translate(:PGVECTOR_SCHEMA.fold_text(value), 'авекмнорстухі', 'abekmhopctyxi'),
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
  'The terms under which the codes in a text are found, each with a leading #: whole without separators, and every stretch of neighbouring parts.';
--! EndIncluded words/code_terms.sql
--! Included words/squash_text.sql
create or replace function :PGVECTOR_SCHEMA.squash_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return '=' || left(
    regexp_replace(translate(:PGVECTOR_SCHEMA.fold_text(value), 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.squash_text(text) is
  'A whole value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';
--! EndIncluded words/squash_text.sql
--! Included words/words_of.sql
/*
 * The parser of text search takes 123.45/B for a number and a path, so separators go first. Of a
 * monstrous text the beginning is enough, and all that a tsvector can hold.
 */
create or replace function :PGVECTOR_SCHEMA.words_of(config regconfig, value text) returns tsvector
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return to_tsvector(config, regexp_replace(left(:PGVECTOR_SCHEMA.fold_text(left(value, 32768)), 32768), '[^[:alnum:]]+', ' ', 'g'));
end
$$;

comment on function :PGVECTOR_SCHEMA.words_of(regconfig, text) is
  'The stemmed words of a text with their places, by a text search configuration; empty of stop words alone.';
--! EndIncluded words/words_of.sql
--! Included words/words_row.sql
/*
 * plpgsql, which keeps its plans: as one query in language sql it took four times as long.
 */
create or replace function :PGVECTOR_SCHEMA.words_row(
  config regconfig, name text, texts text[], out words tsvector, out tokens integer, out label text
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_value text;
  v_terms text[] := '{}';
begin
  words := setweight(:PGVECTOR_SCHEMA.words_of(config, coalesce(name, '')), 'A')
    || :PGVECTOR_SCHEMA.words_of(config, array_to_string(texts, ' '));
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  label := '';

  foreach v_value in array array_prepend(name, texts)
  loop
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || :PGVECTOR_SCHEMA.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, '\s+', '-', 'g') else left(v_value, 32768) end
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

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[]) is
  'What product_words holds of a product with this name and these other texts.';
--! EndIncluded words/words_row.sql
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
  config regconfig not null,
  indexed_at timestamptz not null default now()
);

-- Without a pending list, which every search would have to read through.
create index if not exists product_words_words_idx on :PGVECTOR_SCHEMA.product_words using gin (words) with (fastupdate = off);
create index if not exists product_words_indexed_at_idx on :PGVECTOR_SCHEMA.product_words (indexed_at);

comment on table  :PGVECTOR_SCHEMA.product_words is 'Each product''s words as they are searched; kept by the worker, see index_words().';
comment on column :PGVECTOR_SCHEMA.product_words.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_words.words is 'Stemmed words (weight A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';
comment on column :PGVECTOR_SCHEMA.product_words.tokens is 'Number of words: the length of the document for BM25.';
comment on column :PGVECTOR_SCHEMA.product_words.label is 'Name, codes and what else fits into a hundred characters, folded: what trigrams are compared with.';
comment on column :PGVECTOR_SCHEMA.product_words.document_hash is 'sha256 of the document that the words are from; the words are current while it is that of the product''s document.';
comment on column :PGVECTOR_SCHEMA.product_words.config is 'The text search configuration they were stemmed by (settings.words_config).';
comment on column :PGVECTOR_SCHEMA.product_words.indexed_at is 'When they were taken up.';
--! EndIncluded words/product_words.sql
--! Included words/lock_words.sql
/*
 * Claims, passes and sweeps write the words of many products at once and in any order; taking turns
 * keeps them from locking each other out. Taken before any row.
 */
create or replace function :PGVECTOR_SCHEMA.lock_words() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_words'), 1)
$$;

comment on function :PGVECTOR_SCHEMA.lock_words() is 'Lets one transaction at a time write product_words, until it ends.';
--! EndIncluded words/lock_words.sql
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
    '(.)\1+', '\1', 'g'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.sound_of(text) is
  'How a folded word sounds, in one alphabet for Russian and Latin letters: октавия and octavia give one key. Not for reading.';
--! EndIncluded words/sound_of.sql
--! Included words/deletions_of.sql
/*
 * Two words that differ by one letter too many, too few, another or swapped share one of these, so that
 * an index finds them: trigrams of a short word do not survive one error. (The symmetric deletion of
 * Garbe's SymSpell.)
 */
create or replace function :PGVECTOR_SCHEMA.deletions_of(sound text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when length(sound) between 3 and 24 then
    array(
      select distinct left(sound, i - 1) || substr(sound, i + 1)
      from generate_series(1, length(sound)) i
    ) || sound
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.deletions_of(text) is
  'A word and what it becomes without one of its letters; null for fewer than 3 or more than 24.';
--! EndIncluded words/deletions_of.sql
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
comment on column :PGVECTOR_SCHEMA.word_statistics.word is 'A stemmed word, or a term of a code with a leading #.';
comment on column :PGVECTOR_SCHEMA.word_statistics.products is 'Number of products that have it: the document frequency for BM25.';
comment on column :PGVECTOR_SCHEMA.word_statistics.sound is 'How it sounds (see sound_of); null for numbers and codes.';
comment on column :PGVECTOR_SCHEMA.word_statistics.deletions is 'For typing errors (see deletions_of); null for numbers and codes.';
--! EndIncluded words/word_statistics.sql
--! Included words/word_totals.sql
create table if not exists :PGVECTOR_SCHEMA.word_totals (
  singleton boolean primary key default true check (singleton),
  products bigint not null default 0,
  average_tokens double precision not null default 1,
  refreshed_at timestamptz not null default '-infinity'
);

insert into :PGVECTOR_SCHEMA.word_totals default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.word_totals is 'The size of the catalogue as BM25 needs it, in one row; see refresh_word_statistics().';
comment on column :PGVECTOR_SCHEMA.word_totals.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.word_totals.products is 'Products counted last.';
comment on column :PGVECTOR_SCHEMA.word_totals.average_tokens is 'Words a product on average.';
comment on column :PGVECTOR_SCHEMA.word_totals.refreshed_at is 'When it was counted last; -infinity before the first time.';
--! EndIncluded words/word_totals.sql
--! Included words/refresh_word_statistics.sql
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
      select s.word, s.ndoc from ts_stat('select w.words from :PGVECTOR_SCHEMA.product_words w') s
      -- Whole values are in a product or two, and nobody mistypes them as a whole.
      where left(s.word, 1) <> '='
    ),
    gone as (
      delete from :PGVECTOR_SCHEMA.word_statistics w where not exists (select from counted c where c.word = w.word)
    ),
    kept as (
      insert into :PGVECTOR_SCHEMA.word_statistics as w (word, products)
      select c.word, c.ndoc from counted c
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
        select d.product_id, d.document_hash, d.name, d.texts
        from (%s) d
        left join :PGVECTOR_SCHEMA.product_words o
          on o.product_id = d.product_id and o.document_hash = d.document_hash and o.config = $2
        where %s and o.product_id is null
      )
      insert into :PGVECTOR_SCHEMA.product_words as w (product_id, words, tokens, label, document_hash, config)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2
      from changed c
      cross join lateral :PGVECTOR_SCHEMA.words_row($2, c.name, c.texts) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, indexed_at = now()
    $sql$,
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config;
  get diagnostics v_rows = row_count;
  if product_ids is null then
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_words(bigint[]) is
  'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005.';
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
    select string_agg(coalesce((tsvector_to_array(:PGVECTOR_SCHEMA.words_of(s.words_config, t.token[1])))[1], t.token[1]), ' ' order by t.place)
    from :PGVECTOR_SCHEMA.settings s
    cross join regexp_matches(:PGVECTOR_SCHEMA.fold_text(phrase), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.phrase_key(text) is 'The stemmed words of a phrase in their order: how phrases are compared.';
--! EndIncluded words/phrase_key.sql
--! Included words/tg__synonym_key.sql
/*
 * Security definer: who may write synonyms need know nothing of how words are stemmed.
 */
create or replace function :PGVECTOR_SCHEMA.tg__synonym_key() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.phrase_key := coalesce(:PGVECTOR_SCHEMA.phrase_key(new.phrase), '');
  new.same_as_key := coalesce(:PGVECTOR_SCHEMA.phrase_key(new.same_as), '');
  return new;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__synonym_key() from public;

comment on function :PGVECTOR_SCHEMA.tg__synonym_key() is
  'Stems both sides of a synonym; after a change of settings.words_config: update synonyms set phrase = phrase.';
--! EndIncluded words/tg__synonym_key.sql
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
comment on column :PGVECTOR_SCHEMA.synonyms.phrase is 'One word or a few, in any inflection.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as is 'What is searched for as well; one word or a few.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase_key is 'The phrase stemmed; filled by the trigger.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as_key is 'The other phrase stemmed; filled by the trigger.';
--! EndIncluded words/synonyms.sql
--! Included words/idf.sql
create or replace function :PGVECTOR_SCHEMA.idf(products bigint, all_products double precision) returns double precision
language sql immutable parallel safe
as $$
  select pg_catalog.ln(1 + (greatest(all_products, coalesce(products, 0)) - coalesce(products, 0) + 0.5) / (coalesce(products, 0) + 0.5))
$$;

comment on function :PGVECTOR_SCHEMA.idf(bigint, double precision) is
  'Inverse document frequency as in BM25 (Lucene''s form, never negative); a word that was not counted yet is a rare one.';
--! EndIncluded words/idf.sql
--! Included words/word_score.sql
/*
 * BM25's form from what the server computes in C: for one word, ts_rank is its weight in the place
 * where it stands (a name counts more than a description) times 1 + 1/4 + 1/9 … over its occurrences,
 * divided by pi²/6. Written as 1 - k / (x + k), in one expression, without a SET clause and with everything
 * in full, so that it is inlined: it runs for every word of every candidate.
 */
create or replace function :PGVECTOR_SCHEMA.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision)
returns double precision
language sql immutable parallel safe
as $$
  select idf * 2.2 * (
    1 - 1.2 * (0.7 + 0.3 * relative_length)
      / (pg_catalog.ts_rank('{0.4, 0.4, 0.7, 1}', words, term) * 1.6449340668482264 + 1.2 * (0.7 + 0.3 * relative_length))
  )
$$;

comment on function :PGVECTOR_SCHEMA.word_score(tsvector, tsquery, double precision, double precision) is
  'What one word adds to the score of a product: BM25 with k1 = 1.2 and b = 0.3, idf being the word''s inverse document frequency and relative_length the product''s number of words by the average; 0 where the word is not.';
--! EndIncluded words/word_score.sql
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
  v_config regconfig := (select s.words_config from :PGVECTOR_SCHEMA.settings s);
  v_products double precision := (select greatest(t.products, 1) from :PGVECTOR_SCHEMA.word_totals t);
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
  for i in 1 .. cardinality(v_tokens) loop
    v_lexemes[i] := (tsvector_to_array(:PGVECTOR_SCHEMA.words_of(v_config, v_tokens[i])))[1];
  end loop;

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
    where exists (select from :PGVECTOR_SCHEMA.synonyms)
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

  return query
    with
      known as materialized (
        select
          t.place::integer as place, t.token, t.lexeme, c.code, s.sound, s.spoken, w.products, n.products as code_products,
          t.token !~ '^[[:digit:]]' as is_word,
          w.products is null and n.products is null as is_unknown,
          -- Of stem and word, since the two scripts are stemmed by different rules.
          case when t.token !~ '^[[:digit:]]' then :PGVECTOR_SCHEMA.deletions_of(s.sound) || :PGVECTOR_SCHEMA.deletions_of(s.spoken) end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code) c
        cross join lateral (select :PGVECTOR_SCHEMA.sound_of(t.lexeme) as sound, :PGVECTOR_SCHEMA.sound_of(t.token) as spoken) s
        left join :PGVECTOR_SCHEMA.word_statistics w on w.word = t.lexeme
        left join :PGVECTOR_SCHEMA.word_statistics n on n.word = c.code
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
                  and w.word < case when k.is_word then k.lexeme else k.code end || U&'\+10FFFF'
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
          from :PGVECTOR_SCHEMA.word_statistics w
          where (
              w.sound = k.spoken
              or w.sound >= k.sound and w.sound < k.sound || U&'\+10FFFF' and length(w.sound) <= length(k.sound) + 2 and length(k.sound) > 2
              or w.deletions && k.deletions and length(k.sound) > 3
            )
            and (w.word ~ '^[a-z]+$') = (k.lexeme ~ '^[^a-z]+$') and w.sound is not null
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
    from unnest(:PGVECTOR_SCHEMA.code_terms(left(regexp_replace(v_query, '\s+', '-', 'g'), 200))) with ordinality c (term, place)
    join :PGVECTOR_SCHEMA.word_statistics w on w.word = c.term
    where v_query ~ '[[:digit:]]' and length(c.term) > 4 and c.term ~ '[[:digit:]]' and w.products <= 100
    union all
    select 0, case c.kind when '=' then 0 else -1 end,
      (case c.kind when '=' then '''' || c.whole || '''' else '''#' || substr(c.whole, 2) || ''':*' end)::tsquery, 1.0,
      :PGVECTOR_SCHEMA.idf(case c.kind when '=' then 0 else 1 end, v_products)
    from (select :PGVECTOR_SCHEMA.squash_text(v_query) as whole, k.kind from (values ('='), ('#')) k (kind)) c
    where c.kind = '=' or c.whole ~ '[[:digit:]]' and length(c.whole) between 4 and 41;
end
$$;

comment on function :PGVECTOR_SCHEMA.query_terms(text) is
  'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess) and its inverse document frequency. Reads the first 1000 characters.';
--! EndIncluded words/query_terms.sql

-- queue
--! Included queue/wake_worker.sql
/*
 * The key is the transaction's: with one key for all, the second writer would wait for the first
 * one's commit, and finishing a job for an open writer. A wake-up that cannot be left (no worker
 * schema, a broken one) must not cost the writer its statement: the row in the queue is what counts,
 * and the worker looks at the queue every minute by itself.
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
    using hint = 'The change is queued and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

revoke all on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) from public;

comment on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) is
  'Leaves one wake-up a transaction and task for the worker, at once or at run_at. Never fails.';
--! EndIncluded queue/wake_worker.sql
--! Included queue/index_queued_words.sql
/*
 * Ahead of the encoder, which is a hundred times slower: a product is found by its words within
 * seconds, however long the queue is. It may miss a row that is committed late; the claim that takes
 * that row up does its words as well.
 */
create or replace function :PGVECTOR_SCHEMA.index_queued_words(after bigint default 0, max_products integer default 3000)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_ids bigint[];
  v_last bigint;
begin
  select array_agg(distinct q.product_id), max(q.queue_id) into v_ids, v_last
  from (
    select q.product_id, q.queue_id
    from :PGVECTOR_SCHEMA.product_queue q
    where q.queue_id > index_queued_words.after
    order by q.queue_id
    limit max_products
  ) q;
  if v_last is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  else
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_last;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_queued_words(bigint, integer) is
  'Takes up the words of queued products from behind a queue_id on; returns the queue_id to go on from, null when there is none. Raises PE001, PE002, PE005.';
--! EndIncluded queue/index_queued_words.sql
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
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  insert into :PGVECTOR_SCHEMA.document_order (column_name)
  select c.column_name
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document and not exists (select from :PGVECTOR_SCHEMA.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing;
  perform :PGVECTOR_SCHEMA.note_expressions();

  with
    difference as materialized (
      select d.product_id, d.state, d.document_hash, d.has_words from :PGVECTOR_SCHEMA.embedding_difference() d
    ),
    queued as (
      insert into :PGVECTOR_SCHEMA.product_queue (product_id)
      select d.product_id
      from difference d
      left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id
      where
        case d.state
          -- A vanished product that is already marked waits for its grace period, not for a worker.
          when 'orphan' then e.vanished_at is null
          -- One that came back still has to lose its mark; the words of another may be missing.
          when 'current' then e.vanished_at is not null or d.has_words is not true
          else true
        end
        and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
        -- Not what waits already, nor what is being encoded from the text that it has now.
        and not exists (
          select
          from :PGVECTOR_SCHEMA.product_queue q
          where q.product_id = d.product_id and (q.claim_id is null or q.document_hash = d.document_hash)
        )
      returning product_id
    )
  select
    count(*) filter (where d.state <> 'orphan'),
    count(*) filter (where d.state = 'missing'),
    count(*) filter (where d.state = 'stale'),
    count(*) filter (where d.state = 'orphan'),
    (select count(*) from queued)
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from difference d;

  if v_log.queued > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
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
  'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/reconcile.sql
--! Included queue/full_pass.sql
/*
 * The Python pipeline's nightly run, for whoever wants one: also what was set aside gets another
 * chance, since the reason may have been the worker's and not the product's.
 */
create or replace function :PGVECTOR_SCHEMA.full_pass() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_retried bigint := :PGVECTOR_SCHEMA.retry_failed();
begin
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  perform :PGVECTOR_SCHEMA.lock_words();
  -- Of products that went before they had a vector.
  delete from :PGVECTOR_SCHEMA.product_words w
  where not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = w.product_id)
    and not exists (select from :PGVECTOR_SCHEMA.product_documents() d where d.product_id = w.product_id);
  return v_retried + :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.full_pass() is
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/full_pass.sql

-- embedding
--! Included embedding/embedding_difference.sql
/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create or replace function :PGVECTOR_SCHEMA.embedding_difference()
returns table (product_id bigint, state text, document_hash bytea, has_words boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
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
        w.document_hash is not distinct from d.document_hash and w.config = $2
      from (%s) d
      full join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_words w on w.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query()
  ) using :PGVECTOR_SCHEMA.active_model_id(), (select s.words_config from :PGVECTOR_SCHEMA.settings s);
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference() is
  'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded embedding/embedding_difference.sql
--! Included embedding/claim_products.sql
/*
 * Decides from the source as it is now what each queued product needs, in one statement and so in
 * one snapshot: a queue row and the change it stands for were committed together, so what is
 * deleted here has been seen. Unchanged and vanished products are settled on the spot, in chunks
 * that grow, because a source without an index on product_id is read once for each chunk.
 *
 * Claimers take turns (the lock is the transaction's), so no product is ever claimed twice at once.
 * Who had a product claimed before and did not come back may have died of it: such a product is
 * handed out alone, and set aside after max_attempts.
 */
create or replace function :PGVECTOR_SCHEMA.claim_products(worker text, max_products integer default 320)
returns table (claim_id bigint, product_id bigint, document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_claim_id bigint;
  v_chunk integer := greatest(max_products, 1);
  v_ids bigint[];
  v_found boolean;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, lease_until)
  values (claim_products.worker, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    v_ids := array(select q.product_id from :PGVECTOR_SCHEMA.claimable_queue q order by q.queue_id limit v_chunk);
    return query with
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from :PGVECTOR_SCHEMA.product_queue q
        where q.product_id = any (v_ids)
        group by q.product_id
      ),
      judged as materialized (
        select
          c.product_id,
          c.queue_id,
          c.queue_ids,
          d.document,
          d.document_hash,
          a.attempts,
          case
            when d.product_id is null then 'vanished'
            when e.document_hash = d.document_hash and e.model_id = :PGVECTOR_SCHEMA.active_model_id() then 'unchanged'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= v_settings.max_attempts then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join :PGVECTOR_SCHEMA.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = c.product_id
        left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = c.product_id
      ),
      picked as materialized (
        select p.*
        from (
          select
            j.*,
            row_number() over (order by j.queue_id) as place,
            first_value(j.attempts) over (order by j.queue_id) as first_attempts
          from judged j
          where j.verdict = 'to encode'
        ) p
        where p.place <= case when p.first_attempts > 0 then 1 else max_products end
          and (p.attempts = 0 or p.place = 1)
      ),
      vanished as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = null
        from judged j
        where j.verdict <> 'vanished' and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, document_hash, attempts, error, set_aside)
        select j.product_id, j.document_hash, j.attempts, 'The worker that was encoding it did not come back.', true
        from judged j
        where j.verdict = 'given up'
        on conflict on constraint product_failures_pkey do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from :PGVECTOR_SCHEMA.product_failures f
        using judged j
        where f.product_id = j.product_id and j.verdict in ('vanished', 'unchanged')
      ),
      settled as (
        delete from :PGVECTOR_SCHEMA.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
        set claim_id = v_claim_id, attempts = p.attempts + 1, document_hash = p.document_hash
        from picked p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id
      )
    select v_claim_id, p.product_id, left(p.document, v_settings.max_document_characters)
    from picked p
    order by p.queue_id;

    v_found := found;
    -- After the claim, so that the words are no older than what was judged; mostly they are there already.
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
    exit when v_found or not exists (select from :PGVECTOR_SCHEMA.claimable_queue);
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from :PGVECTOR_SCHEMA.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = c.claim_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.claim_products(text, integer) is
  'Claims up to max_products queued products whose document really changed, for settings.lease, and returns their documents; settles the others. No rows: nothing is left to do now. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/claim_products.sql
--! Included embedding/sweep_vanished.sql
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
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
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/sweep_vanished.sql
--! Included embedding/release_vanished.sql
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    released as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null returning e.product_id
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using released r where w.product_id = r.product_id
    )
  select count(*) into v_rows from released;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/release_vanished.sql

-- search
--! Included search/filter_sql.sql
/*
 * A filter is data, never SQL: columns have to be the source's and go through %I, operators are from a
 * list, values are literals of the column's own type. Each value is cast here, so that one that does
 * not fit is told by its column and not by a failing search. Operators are pg_catalog's, because a
 * security definer function runs what comes of this.
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
  v_type text;
  v_plain text[];
begin
  if filter is null or jsonb_typeof(filter) = 'null' then
    return 'true';
  end if;
  if jsonb_typeof(filter) <> 'object' then
    raise exception 'A filter is an object of columns, not %.', jsonb_typeof(filter)
      using errcode = 'PE016', hint = 'Such as {"vendor_code": "X", "category_id": [1, 2], "price": {">=": 10, "<": 100}}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(filter) e loop
    -- With -1 and not null: character and bit without a length mean a length of 1.
    select format_type(c.type, -1) into v_type from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_key;
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
      begin
        execute format(
          'select pg_catalog.count(null::%1$s operator(pg_catalog.%2$s) any (%3$L::%1$s[]))',
          v_type, case v_operator when 'like' then '~~' else v_operator end, v_plain
        );
      exception when others then
        raise exception 'The filter on % has a value that a column of type % cannot be compared with by %.', v_key, v_type, v_operator
          using errcode = 'PE016', detail = sqlerrm, hint = 'Give a value of the column''s type: a string is read as psql reads a literal.';
      end;

      v_conditions := v_conditions || case
        when jsonb_typeof(v_operand) = 'null'
          then format('%I.%I is %s', alias, v_key, case v_operator when '=' then 'null' else 'not null' end)
        when jsonb_typeof(v_operand) <> 'array'
          then format('%I.%I operator(pg_catalog.%s) %L::%s', alias, v_key, case v_operator when 'like' then '~~' else v_operator end, v_plain[1], v_type)
        when v_operator = '='
          then format('(%1$I.%2$I operator(pg_catalog.=) any (%3$L::%4$s[])%5$s)', alias, v_key, v_plain, v_type,
            case when v_operand @> 'null' then format(' or %I.%I is null', alias, v_key) end)
        else format('(%1$I.%2$I operator(pg_catalog.<>) all (%3$L::%4$s[])%5$s)', alias, v_key, v_plain, v_type,
            case when v_operand @> 'null' then format(' and %I.%I is not null', alias, v_key) end)
      end;
    end loop;
  end loop;
  return coalesce(nullif(array_to_string(v_conditions, ' and '), ''), 'true');
end
$$;

comment on function :PGVECTOR_SCHEMA.filter_sql(text, jsonb) is
  'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE015, PE016.';
--! EndIncluded search/filter_sql.sql
--! Included search/search_index.sql
/*
 * An index by L2 of the whole table, over the vectors as they are or as halves; the former where both
 * are, since it needs no second look.
 */
create or replace function :PGVECTOR_SCHEMA.search_index() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
-- Each search asks; the catalogs are small, and yet reading one through costs more than looking it up.
set enable_seqscan = off
as $$
begin
  return (
    select case o.opcname when 'vector_l2_ops' then 'vector' else format_type(a.atttypid, a.atttypmod) end
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
    join pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE')
      and i.indisvalid and i.indpred is null
      -- Not of a part of the vector, which is an expression too.
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod)
    order by o.opcname desc
    limit 1
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.search_index() is
  'What search orders by: vector, or the type of half precision that an index is over; null without an index by L2, where it computes all distances.';
--! EndIncluded search/search_index.sql
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
 * Internal: who may not read our tables comes through a function that checks the query.
 */
create or replace function :PGVECTOR_SCHEMA.nearest_products(
  query :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, excluded bigint[] default null
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
  v_duplicates boolean;
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
  v_position integer;
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
    s.hnsw_ef_search::text, s.ivfflat_probes::text, e as expressions, :PGVECTOR_SCHEMA.search_index() as index,
    (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0 as duplicates
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s
  -- In a subquery, or the planner calls it besides.
  left join :PGVECTOR_SCHEMA.source_expressions e on e.columns = (select :PGVECTOR_SCHEMA.source_signature(v_source));
  v_expressions := v_state.expressions;
  if v_expressions.columns is null then
    v_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  end if;
  v_duplicates := coalesce(v_state.duplicates, false);
  v_passes := v_expressions.is_live;
  if nearest_products.filter is not null then
    v_passes := v_passes || ' and ' || :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter);
  end if;
  v_index := v_state.index;

  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
    v_lookup := :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, v_duplicates);
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

      for v_row in execute v_lookup using v_ids loop
        v_position := array_position(v_ids, v_row.product_id);
        v_double := v_position is null;
        exit when v_double;
        v_ids[v_position] := null;
        continue when not v_row.passes;
        v_hit_ids := v_hit_ids || v_row.product_id;
        v_names := v_names || v_row.name;
        v_codes := v_codes || v_row.vendor_code;
        v_prices := v_prices || v_row.price;
        v_hit_distances := v_hit_distances || v_distances[v_position];
      end loop;
      exit when v_double;
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
    v_id := null;
  end if;

  while v_exact loop
    v_duplicates := v_duplicates or v_double;
    v_double := false;
    v_hit_ids := array[]::bigint[];
    v_names := array[]::text[];
    v_codes := array[]::text[];
    v_prices := array[]::numeric[];
    v_hit_distances := array[]::double precision[];
    v_among := case when cardinality(v_passing) <= 2000 then v_expressions.among else 'true' end;
    for v_row in execute format(
      -- The sum keeps the planner from taking the index, which need not know all.
      $sql$
        select p.product_id, p.name, p.vendor_code, p.price,
          (e.embedding operator(:VECTOR_SCHEMA.<->) $2) operator(pg_catalog.+) 0::pg_catalog.float8 as distance
        from (%s) p
        join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id operator(pg_catalog.=) p.product_id
        where p.passes and e.product_id operator(pg_catalog.<>) all ($3) and %s
        order by 5, 1
        limit $4
      $sql$,
      :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_among, v_passes, v_duplicates),
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
    v_id := null;
    v_exact := v_double;
  end loop;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.distance
    from unnest(v_hit_ids, v_names, v_codes, v_prices, v_hit_distances) h (product_id, name, vendor_code, price, distance)
    order by h.distance, h.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[]) is
  'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/nearest_products.sql
--! Included search/require_query.sql
/*
 * What every search by a vector asks of it, in the order in which a person would mend it.
 */
create or replace function :PGVECTOR_SCHEMA.require_query(query :VECTOR_SCHEMA.vector, metric text, max_results integer) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  v_dimension integer;
begin
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
  end if;
  select a.atttypmod into v_dimension
  from pg_attribute a
  where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and a.attname = 'embedding';
  if v_dimension is null then
    perform :PGVECTOR_SCHEMA.require_embeddings();
  end if;
  if :VECTOR_SCHEMA.vector_dims(query) <> v_dimension then
    raise exception 'The query vector has % components, the products'' vectors have %.', :VECTOR_SCHEMA.vector_dims(query), v_dimension
      using errcode = 'PE012', hint = 'Encode the query with the model that encoded the products: select model from :PGVECTOR_SCHEMA.embedding_status;';
  end if;
  if :VECTOR_SCHEMA.vector_norm(query) = 0 then
    raise exception 'The query vector is zero and has no direction.'
      using errcode = 'PE013', hint = 'Pass the vector of a text; no model gives zero.';
  end if;
  if max_results is null or max_results not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  return v_operator;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_query(:VECTOR_SCHEMA.vector, text, integer) is
  'The operator of a metric, when query and limit are sound too. Raises PE003 and PE010 to PE014.';
--! EndIncluded search/require_query.sql
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
  v_operator text := :PGVECTOR_SCHEMA.require_query(query, metric, max_results);
begin
  if v_operator = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n;
  else
    return query
      select n.product_id, n.name, n.vendor_code, n.price,
        case v_operator
          when '<=>' then e.embedding operator(:VECTOR_SCHEMA.<=>) query
          else e.embedding operator(:VECTOR_SCHEMA.<#>) query
        end
      from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n
      join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      order by 5, 1;
  end if;
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
  -- The usual case spares itself a function between, which is felt at this speed.
  if :PGVECTOR_SCHEMA.require_query(query, metric, max_results) = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n;
  else
    return query select s.* from :PGVECTOR_SCHEMA.search_products(query, metric, max_results, null::jsonb) s;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
--! EndIncluded search/search_products.sql
--! Included search/index_name.sql
create or replace function :PGVECTOR_SCHEMA.index_name(kind text, as_halfvec boolean) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- A name ends at 63 characters.
  select concat_ws('_', left(':PGVECTOR_TABLE', 40), kind, case when as_halfvec then 'halfvec' end, 'idx')
$$;

comment on function :PGVECTOR_SCHEMA.index_name(text, boolean) is 'What an index for search of this kind is called when we build it.';
--! EndIncluded search/index_name.sql
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
  is_concurrent boolean default true
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding';
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
    select count(*) into v_rows from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on :PGVECTOR_SCHEMA.:PGVECTOR_TABLE using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    :PGVECTOR_SCHEMA.index_name(kind, as_halfvec),
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

comment on function :PGVECTOR_SCHEMA.index_sql(text, boolean, integer, integer, integer, boolean) is
  'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them; for psql: select :PGVECTOR_SCHEMA.index_sql() \gexec. Raises PE003, PE022.';
--! EndIncluded search/index_sql.sql
--! Included search/index_memory.sql
/*
 * pgvector builds an HNSW graph several times faster while all of it fits into maintenance_work_mem;
 * the server's default of 64 MB holds some 25,000 products. Freed when the build is through.
 */
create or replace function :PGVECTOR_SCHEMA.index_memory() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
    from pg_attribute a
    left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on true
    where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding'
    group by a.atttypmod
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.index_memory() is
  'maintenance_work_mem that holds an index over the present vectors while it is built, from 64 MB to 2 GB. Raises PE003.';
--! EndIncluded search/index_memory.sql
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
  lists integer default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- What is set below ends with the function because these stand here.
set maintenance_work_mem = '64MB'
set max_parallel_maintenance_workers = 2
as $$
declare
  v_statement text := :PGVECTOR_SCHEMA.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false);
  v_index text := :PGVECTOR_SCHEMA.index_name(kind, as_halfvec);
begin
  perform set_config('maintenance_work_mem', :PGVECTOR_SCHEMA.index_memory(), true);
  execute format('drop index if exists :PGVECTOR_SCHEMA.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

comment on function :PGVECTOR_SCHEMA.build_index(text, boolean, integer, integer, integer) is
  'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, and 42501 for who does not own the table.';
--! EndIncluded search/build_index.sql
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
--! Included search/index_due.sql
/*
 * What the worker runs, a statement at a time, when there are so many vectors that reading all of them
 * is felt: none while an index serves, or while somebody builds one (both hold this lock; so does a
 * vacuum, and then the next round comes). What a failed build left goes first: it costs every writer
 * and serves nobody. Only the owner of the table can build; the status tells others.
 */
create or replace function :PGVECTOR_SCHEMA.index_due() returns table (statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := :PGVECTOR_SCHEMA.require_embeddings();
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null
    or :PGVECTOR_SCHEMA.search_index() is not null
    or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage')
    or exists (
      select from pg_locks l
      where l.relation = v_table and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    )
    or (select count(*) from (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE limit v_from) e) < v_from
  then
    return;
  end if;
  return query
    select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', i.index_name)
    from :PGVECTOR_SCHEMA.vector_indexes i
    where not i.valid;
  return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory());
  return query select :PGVECTOR_SCHEMA.index_sql();
  return query select 'reset maintenance_work_mem';
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
--! EndIncluded search/index_due.sql
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
    plan := concat_ws(e'\n', plan, regexp_replace(v_line, '\[[0-9.,-]{100,}\]', '[…]'));
  end loop;
  used := plan ~ 'Index Scan using';
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.check_index() is
  'Whether the planner goes along an index when a search runs now, and its plan: for so few vectors that a sort is cheaper, it does not. Raises PE003.';
--! EndIncluded search/check_index.sql
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
set hnsw.iterative_scan = 'strict_order'
set ivfflat.iterative_scan = 'relaxed_order'
set hnsw.ef_search = 40
set ivfflat.probes = 1
set jit = off
as $$
declare
  v_type text := :PGVECTOR_SCHEMA.search_index();
  v_order text := case when v_type is null or v_type = 'vector' then 'e.embedding operator(:VECTOR_SCHEMA.<->) $1'
    else format('e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates integer := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  v_query :VECTOR_SCHEMA.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
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
--! Included search/live_products.sql
create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_expressions :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
begin
  return query execute format(
    'select distinct on (1) p.product_id, p.name, p.vendor_code, p.price from (%s) p where p.passes order by 1, 2, 3, 4',
    :PGVECTOR_SCHEMA.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)),
      coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0, false)
    )
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.live_products(bigint[], jsonb) is
  'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/live_products.sql
--! Included search/passing_products.sql
create or replace function :PGVECTOR_SCHEMA.passing_products(filter jsonb, bound integer) returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_expressions :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
  v_ids bigint[];
begin
  execute format(
    'select array(select %s from %s s where %s and %s limit $1 + 1)',
    v_expressions.product_id, v_source, v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)
  ) into v_ids using bound;
  return case when cardinality(v_ids) <= bound then array_remove(v_ids, null) end;
end
$$;

comment on function :PGVECTOR_SCHEMA.passing_products(jsonb, integer) is
  'The ids of the rows that are live and pass a filter; null when they are more than bound. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/passing_products.sql
--! Included search/query_key.sql
/*
 * The first thousand characters: more than any model here reads, and what an index entry can hold.
 */
create or replace function :PGVECTOR_SCHEMA.query_key(query text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return nullif(btrim(left(btrim(regexp_replace(normalize(left(query, 4000), NFC), '\s+', ' ', 'g')), 1000)), '');
end
$$;

comment on function :PGVECTOR_SCHEMA.query_key(text) is
  'A query as it is cached and encoded: blanks squeezed, at most 1000 characters; null when nothing is left.';
--! EndIncluded search/query_key.sql
--! Included search/query_embeddings.sql
/*
 * The server cannot encode a text, so a query's vector is asked for here and made by the worker. One
 * column of any dimension, since the model may change under it: a vector counts only while it is of
 * the active model.
 */
create table if not exists :PGVECTOR_SCHEMA.query_embeddings (
  query text primary key,
  model_id integer,
  embedding :VECTOR_SCHEMA.vector,
  kept boolean not null default false,
  uses bigint not null default 0,
  used_at timestamptz not null default now(),
  attempts integer not null default 0,
  error text
);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector; null or another than the active one: the worker has yet to encode it.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once a minute at the most.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
--! EndIncluded search/query_embeddings.sql
--! Included search/query_embedding.sql
create or replace function :PGVECTOR_SCHEMA.query_embedding(query text) returns :VECTOR_SCHEMA.vector
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select q.embedding
    from :PGVECTOR_SCHEMA.query_embeddings q
    where q.query = :PGVECTOR_SCHEMA.query_key(query_embedding.query) and q.model_id = :PGVECTOR_SCHEMA.active_model_id()
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.query_embedding(text) is
  'The cached vector of a query by the active model; null when there is none (see embed_query).';
--! EndIncluded search/query_embedding.sql
--! Included search/request_query.sql
/*
 * Called by each search, so it must cost next to nothing and never wait: a use is counted once a
 * minute, and not at all while another search is at the same row. On a standby nothing can be asked
 * for. Security definer for the readers who call embed_query().
 */
create or replace function :PGVECTOR_SCHEMA.request_query(query text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(request_query.query);
  v_row record;
  v_noted boolean := false;
begin
  if v_query is null then
    return false;
  end if;
  select q.query, q.model_id = :PGVECTOR_SCHEMA.active_model_id() as is_embedded, q.used_at
  into v_row
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  -- Another transaction that is just noting the same query does it for both.
  if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings')) then
    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, uses) values (v_query, 1)
    on conflict on constraint query_embeddings_pkey do nothing;
    v_noted := true;
  elsif v_row.used_at < now() - interval '1 minute' then
    update :PGVECTOR_SCHEMA.query_embeddings q
    set uses = q.uses + 1, used_at = now(),
      attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
    from (select u.query from :PGVECTOR_SCHEMA.query_embeddings u where u.query = v_query for update skip locked) u
    where q.query = u.query;
    v_noted := found;
  end if;
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
  'Has the worker encode a query and waits until it is done, max_wait at the most (null for 10 seconds): call embed_query(''тормозные колодки''); Not inside a transaction. Raises PE019, PE026.';
--! EndIncluded search/embed_query.sql
--! Included search/take_queries.sql
create or replace function :PGVECTOR_SCHEMA.take_queries(max_queries integer default 32) returns table (query text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() and q.attempts < 3
  order by q.used_at desc
  limit max_queries
$$;

comment on function :PGVECTOR_SCHEMA.take_queries(integer) is
  'Queries that have no vector of the active model, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';
--! EndIncluded search/take_queries.sql
--! Included search/store_query_embedding.sql
create or replace function :PGVECTOR_SCHEMA.store_query_embedding(query text, model_id integer, embedding :VECTOR_SCHEMA.vector) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(store_query_embedding.query);
begin
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform :PGVECTOR_SCHEMA.require_query(store_query_embedding.embedding, 'l2', 1);
  if v_query is null or store_query_embedding.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() then
    return null;
  end if;
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, embedding)
  values (v_query, store_query_embedding.model_id, :VECTOR_SCHEMA.l2_normalize(store_query_embedding.embedding))
  on conflict on constraint query_embeddings_pkey do update
  set model_id = excluded.model_id, embedding = excluded.embedding, attempts = 0, error = null;
  return true;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector) is
  'Stores the vector of a query, at unit length; null and nothing stored when the query is empty or the model not the active one any more. Raises PE003, PE011 to PE013.';
--! EndIncluded search/store_query_embedding.sql
--! Included search/fail_query.sql
create or replace function :PGVECTOR_SCHEMA.fail_query(query text, error text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  where q.query = :PGVECTOR_SCHEMA.query_key(fail_query.query)
$$;

comment on function :PGVECTOR_SCHEMA.fail_query(text, text) is 'Notes that a query could not be encoded, and why.';
--! EndIncluded search/fail_query.sql
--! Included search/keep_queries.sql
/*
 * Each use is worth an hour, a month at the most, so that what was popular once goes in the end.
 */
create or replace function :PGVECTOR_SCHEMA.keep_queries() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_waiting bigint;
begin
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, kept)
  select distinct :PGVECTOR_SCHEMA.query_key(g.query), true
  from :PGVECTOR_SCHEMA.golden_queries g
  where :PGVECTOR_SCHEMA.query_key(g.query) is not null
  on conflict on constraint query_embeddings_pkey do update set kept = true where not q.kept;

  delete from :PGVECTOR_SCHEMA.query_embeddings q
  using (
    select k.query
    from :PGVECTOR_SCHEMA.query_embeddings k
    order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
    offset (select s.query_cache_size from :PGVECTOR_SCHEMA.settings s)
  ) least_used
  where q.query = least_used.query and not q.kept;

  select count(*) into v_waiting from :PGVECTOR_SCHEMA.take_queries(1);
  if v_waiting > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return v_waiting;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_queries() is
  'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector. Part of maintain().';
--! EndIncluded search/keep_queries.sql
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
  v_average double precision := (select t.average_tokens from :PGVECTOR_SCHEMA.word_totals t);
begin
  select array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text)
  into v_group, v_alternative, v_term, v_idf, v_label
  from :PGVECTOR_SCHEMA.query_terms(query) t;
  if v_group is null then
    return;
  end if;

  if wanted > 0 then
    select array_agg(g.query order by g.idf desc) into v_choosing
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
      v_complete := v_level = 1 and cardinality(v_found) < wanted;
    end loop;
    v_ids := v_ids || v_found;
  end if;

  return query
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.score > 0 and s.group_no > 0), v_complete
    from (
      -- The best way to say each group counts, and all that only adds.
      select a.product_id, a.group_no, bool_or(a.is_exact) as is_exact,
        case when a.group_no = 0 then sum(a.score) else max(a.score) end as score,
        (array_agg(a.term order by a.score desc))[1] as term
      from (
        select o.product_id, o.group_no, bool_or(o.is_exact) as is_exact, sum(o.score) as score,
          string_agg(o.term, ' ') filter (where o.score > 0) as term
        from (
          select w.product_id, t.group_no, t.alternative, t.label as term, t.group_no = 0 and t.alternative = 0 and w.words @@ t.term as is_exact,
            :PGVECTOR_SCHEMA.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from :PGVECTOR_SCHEMA.product_words w
          cross join unnest(v_group, v_alternative, v_term, v_idf, v_label) t (group_no, alternative, term, idf, label)
          where w.product_id = any (v_ids)
          -- Before it is sorted, so that the words are not sorted along.
          offset 0
        ) o
        group by o.product_id, o.group_no, o.alternative
      ) a
      group by a.product_id, a.group_no
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and the others; unordered. terms: what of the query they have, one a group; is_complete: the words find no more. Dead products are among them.';
--! EndIncluded search/rank_words.sql
--! Included search/signal_weights.sql
create or replace function :PGVECTOR_SCHEMA.signal_weights(query text, has_vector boolean)
returns table (word_weight double precision, trigram_weight double precision, vector_weight double precision)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
  ) v
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, boolean) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by the number of words of three letters or more.';
--! EndIncluded search/signal_weights.sql
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
    :PGVECTOR_SCHEMA.newest_row_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.live_products_query(jsonb) is
  'The query for every live product that passes the filter: (product_id bigint, name text, vendor_code text, price numeric), one row each. Raises PE001, PE002, and for a filter what filter_sql() raises.';
--! EndIncluded search/live_products_query.sql
--! Included search/require_limit.sql
create or replace function :PGVECTOR_SCHEMA.require_limit(max_results integer, greatest_limit integer default 10000) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_results is null or max_results not between 1 and greatest_limit then
    raise exception 'The limit must be from 1 to %, not %.', greatest_limit, coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for the default.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_limit(integer, integer) is
  'Raises PE014 when max_results is not from 1 to greatest_limit.';
--! EndIncluded search/require_limit.sql
--! Included search/spread_order.sql
/*
 * Maximal marginal relevance (Carbonell and Goldstein 1998): each pick is near to the query and far
 * from what was picked before. How near each candidate is to the nearest pick is carried along, so
 * that a pick costs one distance a candidate: 10 of 100 candidates take some milliseconds.
 */
create or replace function :PGVECTOR_SCHEMA.spread_order(
  query :VECTOR_SCHEMA.vector, candidates :VECTOR_SCHEMA.vector[], max_results integer, spread double precision
) returns integer[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_similarities double precision[] := (
    select array_agg(1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) query) order by c.place)
    from unnest(candidates) with ordinality c (embedding, place)
  );
  -- Of each candidate to the nearest pick; null for what is picked itself.
  v_repeated double precision[] := array_fill(0::double precision, array[coalesce(cardinality(candidates), 0)]);
  v_picks integer[] := '{}';
  v_pick integer;
  v_embedding :VECTOR_SCHEMA.vector;
begin
  while cardinality(v_picks) < least(max_results, cardinality(candidates)) loop
    select c.place into v_pick
    from unnest(v_similarities, v_repeated) with ordinality c (similarity, repeated, place)
    where c.repeated is not null
    order by (1 - spread) * c.similarity - spread * c.repeated desc, c.place
    limit 1;
    v_picks := v_picks || v_pick;
    v_embedding := candidates[v_pick];
    v_repeated := (
      select array_agg(
        case
          when c.place = v_pick or c.repeated is null then null
          -- What was never compared is 0, and a cosine may be less.
          when cardinality(v_picks) = 1 then 1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding)
          else greatest(c.repeated, 1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding))
        end
        order by c.place
      )
      from unnest(candidates, v_repeated) with ordinality c (embedding, repeated, place)
    );
  end loop;
  return v_picks;
end
$$;

comment on function :PGVECTOR_SCHEMA.spread_order(:VECTOR_SCHEMA.vector, :VECTOR_SCHEMA.vector[], integer, double precision) is
  'Which of the candidates, by place and in order, are near to the query and unlike each other: maximal marginal relevance with lambda = 1 - spread.';
--! EndIncluded search/spread_order.sql
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
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_embedding :VECTOR_SCHEMA.vector;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.require_embeddings();
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
  'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014, PE017, PE018.';
--! EndIncluded search/similar_products.sql
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
set hnsw.iterative_scan = 'strict_order'
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.require_embeddings();
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
--! Included search/product_pairs.sql
/*
 * Derived, and made anew from the orders by refresh_pairs(): counting pairs at each question would
 * read all orders. A pair stands in both directions, so that one index finds it from either side.
 */
create table if not exists :PGVECTOR_SCHEMA.product_pairs (
  product_id bigint not null,
  other_id bigint not null check (other_id <> product_id),
  together bigint not null check (together > 0),
  score double precision not null check (score > 0 and score <= 1),
  log_likelihood_ratio double precision not null,
  primary key (product_id, other_id)
);

comment on table  :PGVECTOR_SCHEMA.product_pairs is 'Products that are together in orders or sessions more often than by chance, up to 50 others of each; refresh_pairs() makes it.';
comment on column :PGVECTOR_SCHEMA.product_pairs.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_pairs.other_id is 'What it is together with.';
comment on column :PGVECTOR_SCHEMA.product_pairs.together is 'Orders or sessions with both.';
comment on column :PGVECTOR_SCHEMA.product_pairs.score is 'Cosine of the two: together / sqrt(orders with the one * orders with the other), up to 1.';
comment on column :PGVECTOR_SCHEMA.product_pairs.log_likelihood_ratio is 'How sure it is that this is no chance; from 10.83, one in a thousand.';
--! EndIncluded search/product_pairs.sql
--! Included search/set_interactions.sql
/*
 * Stored as names, as the source is: dbt makes the table anew and may not have made it yet. The name
 * is taken apart here, so that nothing else has to read one.
 */
create or replace function :PGVECTOR_SCHEMA.set_interactions(
  relation text, group_column text default 'order_id', product_column text default 'product_id'
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text[];
begin
  begin
    v_name := parse_ident(relation);
  exception when invalid_parameter_value then
    v_name := '{}';
  end;
  if relation is not null and (cardinality(v_name) <> 2 or group_column is null or product_column is null) then
    raise exception '% is no relation with a group column and a product column.', quote_literal(left(relation, 200))
      using errcode = 'PE023',
        hint = 'Name its schema too: select :PGVECTOR_SCHEMA.set_interactions(''marts.order_lines'', ''order_id'', ''product_id'');';
  end if;
  update :PGVECTOR_SCHEMA.settings s
  set interactions_schema = v_name[1],
    interactions_table = v_name[2],
    interactions_group = case when relation is not null then group_column end,
    interactions_product = case when relation is not null then product_column end;
end
$$;

comment on function :PGVECTOR_SCHEMA.set_interactions(text, text, text) is
  'Names the relation of orders or sessions (schema.name), its column of the order or session and that of the product; it need not exist yet. Null for none. Follow it with refresh_pairs(). Raises PE023.';
--! EndIncluded search/set_interactions.sql
--! Included search/interactions_relation.sql
/*
 * By name and anew each time, as source_relation() is.
 */
create or replace function :PGVECTOR_SCHEMA.interactions_relation() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select c.oid::regclass
    from :PGVECTOR_SCHEMA.settings s
    join pg_namespace n on n.nspname = s.interactions_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.interactions_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.interactions_relation() is
  'The relation of orders or sessions that set_interactions() named, as it is now; null while it does not exist.';
--! EndIncluded search/interactions_relation.sql
--! Included search/lock_interactions.sql
/*
 * As lock_source() does and for the same reason: read through a swap of dbt's, all orders would be
 * gone, and with them all pairs.
 */
create or replace function :PGVECTOR_SCHEMA.lock_interactions() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_name text;
  v_relation regclass := :PGVECTOR_SCHEMA.interactions_relation();
  v_missing text;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  if v_settings.interactions_table is null then
    return null;
  end if;
  v_name := format('%I.%I', v_settings.interactions_schema, v_settings.interactions_table);
  if v_relation is null then
    raise exception 'The relation of the interactions, %, does not exist.', v_name
      using errcode = 'PE023',
        hint = 'Run dbt so that it is built, or name another: select :PGVECTOR_SCHEMA.set_interactions(''schema.name'', ''order_id'', ''product_id'');';
  end if;
  select string_agg(quote_ident(w.name), ' and no column ') into v_missing
  from unnest(array[v_settings.interactions_group, v_settings.interactions_product]) w (name)
  where not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = w.name and a.attnum > 0 and not a.attisdropped
  );
  if v_missing is not null then
    raise exception 'The relation of the interactions, %, has no column %.', v_name, v_missing
      using errcode = 'PE023',
        hint = format('Name its columns: select :PGVECTOR_SCHEMA.set_interactions(%L, ''order_id'', ''product_id'');', v_name);
  end if;
  if not (
    has_schema_privilege((select c.relnamespace from pg_class c where c.oid = v_relation), 'usage')
    and has_column_privilege(v_relation, v_settings.interactions_group, 'select')
    and has_column_privilege(v_relation, v_settings.interactions_product, 'select')
  ) then
    raise exception 'The role % may not read the relation of the interactions, %.', current_user, v_name
      using errcode = 'PE023',
        hint = format(
          'Who owns it runs: grant usage on schema %I to %I; grant select on %s to %I; In dbt the config grants does it at every run.',
          v_settings.interactions_schema, current_user, v_name, current_user
        );
  end if;
  execute format('select %I, %I from %s limit 0', v_settings.interactions_group, v_settings.interactions_product, v_name);
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if to_regclass(v_name) is distinct from :PGVECTOR_SCHEMA.interactions_relation() then
    raise exception 'The relation of the interactions was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return to_regclass(v_name);
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_interactions() is
  'Keeps the relation that set_interactions() named from being swapped until the transaction ends, and returns it; null without one. Raises PE023, and 40001 in a transaction whose one snapshot is from before a swap.';
--! EndIncluded search/lock_interactions.sql
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
      else format(
        $sql$case when pg_catalog.btrim(i.%1$I::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(i.%1$I::pg_catalog.text), '.', 1)::pg_catalog.int8 end$sql$,
        v_settings.interactions_product
      )
    end,
    v_relation
  ) into v_pairs using v_settings.max_group_products, v_settings.min_together;
  return v_pairs;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_pairs() is
  'Makes product_pairs anew from the relation that set_interactions() named, none without one; returns how many rows. The worker does it nightly. Raises PE023.';
--! EndIncluded search/refresh_pairs.sql
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
  v_left_out bigint[] := array_remove(product_ids, null);
  v_has_pairs boolean;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.require_embeddings();
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
--! Included search/min_max.sql
/*
 * Without a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.min_max(value double precision, lowest double precision, highest double precision)
returns double precision
language sql immutable parallel safe
as $$
  select case
    when value is null or highest is null then 0
    -- Where all are alike each of them is the best, unless none has anything.
    when highest <= lowest then case when value > 0 then 1 else 0 end
    else (value - lowest) / (highest - lowest)
  end
$$;

comment on function :PGVECTOR_SCHEMA.min_max(double precision, double precision, double precision) is
  'Where a value is between the least and the greatest of the candidates, from 0 to 1; 0 for null.';
--! EndIncluded search/min_max.sql
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
  query text, query_vector :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null
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
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price)
    into v_near, v_near_names, v_near_codes, v_near_prices
    from :PGVECTOR_SCHEMA.nearest_products(query_vector, v_pool, filter) n;
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
        select l.product_id, l.name, l.vendor_code, l.price, w.word_score, w.is_exact, w.terms, n.place as vector_rank
        from unnest(v_found || v_near, v_names || v_near_names, v_codes || v_near_codes, v_prices || v_near_prices)
          l (product_id, name, vendor_code, price)
        left join unnest(v_ids, v_scores, v_exact, v_terms) w (product_id, word_score, is_exact, terms) on w.product_id = l.product_id
        left join unnest(v_near) with ordinality n (product_id, place) on n.product_id = l.product_id
      ),
      ranked as materialized (
        select l.*, case when l.word_score > 0 then row_number() over (order by l.is_exact desc nulls last, l.word_score desc nulls last, l.product_id) end as word_rank
        from live l
      ),
      candidate as materialized (
        select r.*,
          -- One by one: how many there are the planner cannot know, and would read the table through.
          (
            select e.embedding operator(:VECTOR_SCHEMA.<=>) query_vector
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
            where e.product_id = r.product_id and query_vector is not null
          ) as distance,
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

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
--! Included search/shown_words.sql
create or replace function :PGVECTOR_SCHEMA.shown_words(terms text[], label text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  -- As the product writes it, where it can be found there: the stem is nothing to show.
  return array(
    select coalesce(substring(:PGVECTOR_SCHEMA.fold_text(label) from '\m' || t.stem || '[[:alnum:]]*'), t.stem)
    from unnest(terms) with ordinality u (term, place)
    cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem) t
    order by u.place
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.shown_words(text[], text) is 'The terms that a product was found by, as words that a person can read.';
--! EndIncluded search/shown_words.sql
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
  v_vector :VECTOR_SCHEMA.vector;
begin
  if :PGVECTOR_SCHEMA.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results);

  perform :PGVECTOR_SCHEMA.require_embeddings();
  if v_mode <> 'words' and :PGVECTOR_SCHEMA.request_query(query) then
    v_vector := :PGVECTOR_SCHEMA.query_embedding(query);
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
--! Included search/golden_queries.sql
/*
 * What a search should find, judged by people: by it a change of model, words or weights is known to be
 * better or worse. By the text and not by a number, because the text is all that a search is given. No
 * foreign key: the products are dbt's, and a judgment may outlive its product.
 */
create table if not exists :PGVECTOR_SCHEMA.golden_queries (
  query text not null check (btrim(query) <> ''),
  product_id bigint not null,
  grade smallint not null check (grade >= 0),
  kind text not null default '',
  primary key (query, product_id)
);

comment on table  :PGVECTOR_SCHEMA.golden_queries is 'Queries and how well products answer them, by which evaluate_search() measures.';
comment on column :PGVECTOR_SCHEMA.golden_queries.query is 'What somebody types.';
comment on column :PGVECTOR_SCHEMA.golden_queries.product_id is 'A product that was judged for it; what is not judged counts as 0.';
comment on column :PGVECTOR_SCHEMA.golden_queries.grade is '3 is what was meant, 2 good, 1 acceptable, 0 of no use. Any scale will do: its steps are the gain.';
comment on column :PGVECTOR_SCHEMA.golden_queries.kind is 'Kind of query, the same for all rows of one; each is measured for itself.';
--! EndIncluded search/golden_queries.sql
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
  delete from :PGVECTOR_SCHEMA.golden_queries g;

  -- Public collections have one text under two numbers, and then judge a document twice.
  insert into :PGVECTOR_SCHEMA.golden_queries as g (query, product_id, grade, kind)
  select j.query, j.product_id, max(greatest(j.grade, 0)), min(coalesce(j.kind, ''))
  from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
  group by j.query, j.product_id;

  select count(distinct g.query) into v_queries from :PGVECTOR_SCHEMA.golden_queries g;
  return v_queries;
end
$$;

comment on function :PGVECTOR_SCHEMA.load_golden_queries(jsonb) is
  'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now.';
--! EndIncluded search/load_golden_queries.sql
--! Included search/evaluate_search.sql
/*
 * Through the same function that everybody searches with, so that what is measured is what they get.
 * Measures as trec_eval has them: linear gain and a discount of log2 for nDCG, anything above 0 for the
 * others, with its ranking cut off at k. A query whose vector nobody made yet is searched by words alone:
 * a mode with vectors would be charged with what the worker has not done.
 *
 * Judgments of products that are not there are left out, or the figures would sink as a catalogue ages.
 */
create or replace function :PGVECTOR_SCHEMA.evaluate_search(k integer default 10)
returns table (
  model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();

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
        select g.query, min(g.kind) as kind, :PGVECTOR_SCHEMA.query_embedding(g.query) is not null as is_embedded
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
        cross join lateral :PGVECTOR_SCHEMA.search_products_text(r.query, evaluate_search.k, null, r.mode) with ordinality h
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
      (select m.name from :PGVECTOR_SCHEMA.embedding_models m where m.is_active),
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

comment on function :PGVECTOR_SCHEMA.evaluate_search(integer) is
  'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Raises PE001 to PE003, PE005 and PE014.';
--! EndIncluded search/evaluate_search.sql

-- status
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
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select :PGVECTOR_SCHEMA.set_source(''schema'', ''table'');';
    return;
  end if;
  if not :PGVECTOR_SCHEMA.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select :PGVECTOR_SCHEMA.attach();', current_user);
    return;
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
      select format('The triggers for %s are disabled. As the owner: select :PGVECTOR_SCHEMA.attach();', string_agg(t.event, ', '))
      from :PGVECTOR_SCHEMA.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
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

  if exact and source_exists and :PGVECTOR_SCHEMA.may_read_source() then
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
    throughput := :PGVECTOR_SCHEMA.throughput();
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
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' then
    -- No source to look into: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  perform :PGVECTOR_SCHEMA.keep_queries();
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
--! EndIncluded status/maintain.sql

-- access
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
  v_pattern text := format('\m%s\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, and no reserved word.';
  end if;
  if v_now <> rename_schema.new_name then
    execute format('alter schema %I rename to %I', v_now, rename_schema.new_name);
  end if;
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
    grant select on :PGVECTOR_SCHEMA.embedding_status, :PGVECTOR_SCHEMA.vector_indexes to product_embeddings_reader;
    grant execute on function
      :PGVECTOR_SCHEMA.compute_status(boolean),
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

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_attacher;
    grant select on
      :PGVECTOR_SCHEMA.:PGVECTOR_TABLE,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.settings,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.source_columns,
      :PGVECTOR_SCHEMA.source_triggers,
      :PGVECTOR_SCHEMA.vector_indexes,
      :PGVECTOR_SCHEMA.document_fields,
      :PGVECTOR_SCHEMA.document_order
    to product_embeddings_attacher;
    grant insert on :PGVECTOR_SCHEMA.source_log to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed.
    grant select, insert, update, delete on :PGVECTOR_SCHEMA.synonyms, :PGVECTOR_SCHEMA.golden_queries to product_embeddings_attacher;
    grant execute on function
      :PGVECTOR_SCHEMA.attach(),
      :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean),
      :PGVECTOR_SCHEMA.attach_triggers(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.detach(),
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
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer),
      :PGVECTOR_SCHEMA.source_problems(),
      :PGVECTOR_SCHEMA.source_relation(),
      :PGVECTOR_SCHEMA.tg__product_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    -- Security definer functions run what stands there.
    revoke insert, update, delete on :PGVECTOR_SCHEMA.source_expressions from product_embeddings_worker;
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
  'Gives the groups product_embeddings_reader, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';
--! EndIncluded access/grant_roles.sql

-- What is there already has no words yet, and the worker takes them up: the task has to be known first.
select graphile_worker.add_job('embed_queries', job_key => 'embed_queries:deploy');
select :PGVECTOR_SCHEMA.note_expressions() where :PGVECTOR_SCHEMA.source_relation() is not null;
