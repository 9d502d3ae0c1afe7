--! Previous: sha1:9579cc1ff09f56f5d6d3c4d1fa1d3a1bd067dca2
--! Hash: sha1:cbb70797bedbcf6e7e49d440b61c50a723ee6c65
--! Message: What is near by meaning is not behind any word

-- One object a file below sql/, included here; see CONVENTIONS.md.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off;
drop function if exists :PGVECTOR_SCHEMA.embeddings_dependents();
truncate :PGVECTOR_SCHEMA.source_expressions;
drop function if exists :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector);
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
      pg_catalog.normalize(pg_catalog.translate(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'łøđ', 'lod'), 'NFD'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я])[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
--! Included words/sound_of.sql
/*
 * Catalogues write Октавия and Octavia, камри and Camry; people type what they hear. One alphabet for
 * both scripts, letters that sound alike made one, soft signs and doubled letters dropped. Letters that a keyboard lacks are
 * typed as their neighbours: Kazakh and Ukrainian ones as Russian.
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
        'abcdefghijklmnopqrstuvwyzэйыщіәөүұқңғһєґßьъ''', 'абкдефгхижклмнопкрстуввизеиишиаоуукнгхегс'
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
--! Included words/cut_text.sql
/*
 * Chinese and Japanese have no spaces between words, and the parser of text search takes a whole run for one. So each of their letters
 * is a word.
 */
create or replace function :PGVECTOR_SCHEMA.cut_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when value ~ E'[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]'
    then regexp_replace(value, E'([\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff])', E' \\1 ', 'g')
    else value
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.cut_text(text) is
  'A folded text in which each Chinese or Japanese letter stands apart, as a word.';
--! EndIncluded words/cut_text.sql
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
    cross join regexp_matches(:PGVECTOR_SCHEMA.cut_text(:PGVECTOR_SCHEMA.unmix_text(:PGVECTOR_SCHEMA.fold_text(phrase))), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.phrase_key(text) is 'The stemmed words of a phrase in their order: how phrases are compared.';
--! EndIncluded words/phrase_key.sql
-- What sounds otherwise now.
update :PGVECTOR_SCHEMA.word_statistics w set word = w.word where w.word ~ '[іәөүұқңғһєґß]';
-- Chinese and Japanese and words with hyphens, soft hyphens or an apostrophe are taken up anew and serve until then.
update :PGVECTOR_SCHEMA.product_words w set document_hash = '' where w.label ~ E'[\\u00ad\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]|[[:alpha:]][-\\u2010][[:alpha:]]|[а-я][\'`\\u2019\\u02bc][яюєіе]';
update :PGVECTOR_SCHEMA.synonyms s set phrase = s.phrase where s.phrase || ' ' || s.same_as ~* E'[\\u00ad\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]|[а-я][\'`\\u2019\\u02bc][яюєіїе]';
--! Included source/grant_read.sql
/*
 * Security invoker: run by who owns the relation. dbt makes a table anew and with it its grants, so this is part
 * of attaching. Grants only what is missing, and in turns: of two grants at once on one schema, or on one
 * relation, the second fails. Of two builds neither waits for the other once the schema is granted.
 */
create or replace function :PGVECTOR_SCHEMA.grant_read(relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = relation);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, relation, 'select');
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), hashoid(v_schema));
    end if;
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), hashoid(relation));
    if not has_table_privilege(v_role, relation, 'select') then
      execute format('grant select on %s to %I', relation, v_role);
    end if;
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_read(regclass) is
  'Lets our owner and the workers read a relation, as far as they may not yet. Raises 42501 for who may not grant it.';
--! EndIncluded source/grant_read.sql
--! Included source/row_is_valid_sql.sql
/*
 * A dbt snapshot keeps what a product was before as rows that are closed: they are the past, and neither a product nor
 * one too many. dbt writes the end without a zone, and a session may be in another one than dbt's was: two zones are up to
 * 26 hours apart. The end of what is valid now is null, or years ahead.
 * Where the source's times are texts, so is the end: in the order of ISO 8601, as newest_row_sql() takes them.
 */
create or replace function :PGVECTOR_SCHEMA.row_is_valid_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    (
      select format(
        case t.typcategory
          when 'D' then 'coalesce(%I.dbt_valid_to operator(pg_catalog.>) (pg_catalog.now() operator(pg_catalog.+) pg_catalog.interval ''26 hours''), true)'
          else $sql$coalesce(
            nullif(pg_catalog.btrim(%I.dbt_valid_to::pg_catalog.text), '') operator(pg_catalog.>) pg_catalog.to_char(
              pg_catalog.now() at time zone 'UTC' operator(pg_catalog.+) pg_catalog.interval '26 hours', 'YYYY-MM-DD HH24:MI:SS'
            ) collate pg_catalog."C",
            true
          )$sql$
        end,
        alias
      )
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = 'dbt_valid_to' and t.typcategory in ('D', 'S')
    ),
    'true'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.row_is_valid_sql(text) is
  'SQL condition that a source row of a dbt snapshot is valid now; true where there is no such column. alias names the row.';
--! EndIncluded source/row_is_valid_sql.sql
--! Included source/set_source.sql
create or replace function :PGVECTOR_SCHEMA.set_source(source_schema text, source_table text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if source_schema is null or source_table is null then
    raise exception 'No source is named: schema or table is null.'
      using errcode = 'PE001', hint = 'Name both: select :PGVECTOR_SCHEMA.set_source(''staging_staging'', ''stg_product'');';
  end if;
  update :PGVECTOR_SCHEMA.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_source(text, text) is
  'Names the relation that the products are read from; it need not exist yet. Follow it with attach(). Raises PE001 when a name is null.';
--! EndIncluded source/set_source.sql
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
    -- Whose view is in the way stands in the detail.
    when state = '2BP01' then format('%s: %s', message, replace(detail, E'\n', ', '))
    when detail is null or detail = '' or not starts_with(state, '08') and state not like '2F%' then rtrim(message, '.')
    -- libpq's sentences come a line each and repeat the address.
    else rtrim(regexp_replace(btrim(detail), E'\\s*\\n.*', ''), '.')
  end
$$;

comment on function :PGVECTOR_SCHEMA.copy_failure(text, text, text) is 'Why the other database could not be read, from the error''s SQLSTATE, message and detail, without any product''s values.';
--! EndIncluded copy/copy_failure.sql
--! Included copy/copy_upstream.sql
/*
 * Rows are compared as they are stored (*<>), and only those that differ are written: the triggers queue
 * what changed and nothing else, and a full comparison of an unchanged table writes nothing. The
 * other server's transaction has one snapshot, like ours, and an upstream table that is swapped while
 * we wait for it looks empty in it, as one that a load has just emptied does: so what vanishes is
 * held by the same share as vectors are, and the next refresh, which is full then, sees whether it was true.
 */
create or replace function :PGVECTOR_SCHEMA.copy_upstream(is_full boolean, release boolean default false)
returns table (outcome text, inserted bigint, updated bigint, deleted bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_started timestamptz := clock_timestamp();
  v_condition text;
  v_columns bigint;
  v_held bigint;
  v_unusable bigint;
  v_duplicate bigint;
  v_names text;
  v_copied text;
  v_incoming text;
begin
  if not :PGVECTOR_SCHEMA.follow_upstream() then
    select r.inserted, r.updated, r.deleted, r.held, r.unusable_ids, r.duplicate_ids
    into inserted, updated, deleted, v_held, v_unusable, v_duplicate
    from :PGVECTOR_SCHEMA.rebuild_copy(release) r;
    outcome := 'rebuilt';
    perform :PGVECTOR_SCHEMA.attach();
  else
    if not is_full then
      select count(*), string_agg(w.condition, ' or ') filter (where w.sign <> all (coalesce(c.seen, '{}')))
      into v_columns, v_condition
      from :PGVECTOR_SCHEMA.copy_window() w
      cross join :PGVECTOR_SCHEMA.source_connection c;
      is_full := v_columns = 0;
    end if;
    outcome := case when is_full then 'full' else 'incremental' end;
    if not is_full and v_condition is null then
      inserted := 0;
      updated := 0;
      deleted := 0;
      update :PGVECTOR_SCHEMA.source_connection c set copied_at = v_started;
      return next;
      return;
    end if;
    select
      string_agg(format('%I', a.attname), ', ' order by a.attnum),
      string_agg(format('c.%I', a.attname), ', ' order by a.attnum),
      string_agg(format('i.%I', a.attname), ', ' order by a.attnum)
    into v_names, v_copied, v_incoming
    from pg_attribute a
    where a.attrelid = ':PGVECTOR_SCHEMA.source_copy'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id';
    execute format(
      $sql$
        with %1$s,
          updated as (
            update :PGVECTOR_SCHEMA.source_copy c
            set (%2$s) = row(%3$s)
            from incoming i
            where i._is_fetched and c.product_id = i.product_id and row(%4$s)::record operator(pg_catalog.*<>) row(%3$s)::record
            returning c.product_id
          ),
          inserted as (
            insert into :PGVECTOR_SCHEMA.source_copy (product_id, %2$s)
            select i.product_id, %3$s
            from incoming i
            where i._is_fetched and not exists (select from :PGVECTOR_SCHEMA.source_copy c where c.product_id = i.product_id)
            returning product_id
          ),
          gone as materialized (
            select c.product_id
            from :PGVECTOR_SCHEMA.source_copy c
            where %5$L and not exists (select from incoming i where i.product_id = c.product_id)
          ),
          hold as materialized (
            select count(*) as gone, not %6$L and count(*) > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.source_copy) as held
            from gone cross join :PGVECTOR_SCHEMA.settings s
            group by s.vanished_hold_share
          ),
          deleted as (
            delete from :PGVECTOR_SCHEMA.source_copy c
            using gone g
            where c.product_id = g.product_id and not (select h.held from hold h)
            returning c.product_id
          )
        select
          (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted),
          coalesce((select h.gone from hold h where h.held), 0),
          (select o.unusable_ids from odd o),
          (select o.duplicate_ids from odd o)
      $sql$,
      :PGVECTOR_SCHEMA.incoming_sql(coalesce(v_condition, 'true'), not is_full),
      v_names, v_incoming, v_copied, is_full, release
    ) into inserted, updated, deleted, v_held, v_unusable, v_duplicate;
  end if;

  update :PGVECTOR_SCHEMA.source_connection c
  set
    copied_at = v_started,
    (watermark, seen) = (select string_agg(format('%s %s', w.column_name, w.mark), ', '), array_agg(w.sign) from :PGVECTOR_SCHEMA.copy_window() w),
    rows = case when outcome = 'incremental' then c.rows + inserted else (select count(*) from :PGVECTOR_SCHEMA.source_copy) end,
    full_at = case when outcome = 'incremental' then c.full_at else v_started end,
    held = case when outcome = 'incremental' then c.held else v_held end,
    unusable_ids = case when outcome = 'incremental' then c.unusable_ids else v_unusable end,
    duplicate_ids = case when outcome = 'incremental' then c.duplicate_ids else v_duplicate end;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_upstream(boolean, boolean) is
  'Brings the copy up to the products in the other database: what is newer, or, full, all of it with deletes, which are held when they are too many, unless released. outcome: incremental, full, or rebuilt when the columns changed.';
--! EndIncluded copy/copy_upstream.sql
--! Included copy/incoming_sql.sql
/*
 * The copy holds one row a product, the one that counts by newest_row_sql(): then it has a primary key,
 * a change is an update, and search has no rows to choose among. Where only what is newer was fetched,
 * the row of the copy takes part in the choice: a late version of a product must not replace a later one.
 * Rows alike in every time are told apart by what they are, so that it is the same one each time.
 */
create or replace function :PGVECTOR_SCHEMA.incoming_sql(condition text, among_copied boolean) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      fetched as materialized (
        select %1$s as product_id, %2$s from :PGVECTOR_SCHEMA.source_upstream s where %3$s
      ),
      incoming as materialized (
        select distinct on (s.product_id) s.*
        from (
          select true as _is_fetched, s.product_id, %2$s from fetched s where s.product_id is not null
          %4$s
        ) s
        order by s.product_id, %5$s, s._is_fetched desc, row(%2$s) using operator(pg_catalog.*<)
      ),
      odd as (
        select
          (select count(*) from fetched f where f.product_id is null) as unusable_ids,
          (
            select count(*)
            from (select from fetched f where f.product_id is not null and %6$s group by f.product_id having count(*) > 1) d
          ) as duplicate_ids
      )
    $sql$,
    (
      select :PGVECTOR_SCHEMA.whole_number_sql('s.product_id', a.atttypid)
      from pg_attribute a
      where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attname = 'product_id'
    ),
    c.columns,
    condition,
    case when among_copied then format(
      'union all select false, s.product_id, %s from :PGVECTOR_SCHEMA.source_copy s where s.product_id in (select f.product_id from fetched f)',
      c.columns
    ) end,
    :PGVECTOR_SCHEMA.newest_row_sql('s'),
    :PGVECTOR_SCHEMA.row_is_valid_sql('f')
  )
  from (
    select string_agg(format('s.%I', a.attname), ', ' order by a.attnum) as columns
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id'
  ) c
$$;

comment on function :PGVECTOR_SCHEMA.incoming_sql(text, boolean) is
  'SQL: the common table expressions fetched (rows of the other database that meet the condition), incoming (of these one a product, and whether it is newer than the copy''s) and odd (how many have no usable id, and how many products stand in several rows that are valid now).';
--! EndIncluded copy/incoming_sql.sql
--! Included copy/rebuild_copy.sql
/*
 * Beside the old copy, which serves until the new one is full: search waits for the swap and no longer.
 * Indexes and grants that somebody gave the copy come along, as far as the columns do.
 * The lock timeout is for who reads the copy for minutes; the next refresh tries again. What vanished
 * too much at once comes along from the old copy, in the columns that both have.
 */
create or replace function :PGVECTOR_SCHEMA.rebuild_copy(release boolean default false)
returns table (inserted bigint, updated bigint, deleted bigint, held bigint, unusable_ids bigint, duplicate_ids bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
set lock_timeout = '10s'
as $$
#variable_conflict use_variable
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_columns text;
  v_common text;
  v_before bigint := 0;
  v_kept text[];
  v_statement text;
begin
  select * into v_settings from :PGVECTOR_SCHEMA.settings;
  drop table if exists :PGVECTOR_SCHEMA.source_copy_new;
  select
    string_agg(format('%I %s%s', a.attname, case a.attname when 'product_id' then 'bigint' else a.atttypid::regtype::text end, case a.attname when 'product_id' then ' not null' end), ', ' order by a.attnum),
    string_agg(format('%I', a.attname), ', ') filter (where o.attname is not null)
  into v_columns, v_common
  from pg_attribute a
  left join pg_attribute o
    on o.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and o.attname = a.attname and not o.attisdropped
    and (o.atttypid = a.atttypid or a.attname = 'product_id')
  where a.attrelid = ':PGVECTOR_SCHEMA.source_upstream'::regclass and a.attnum > 0 and not a.attisdropped;
  execute format('create table :PGVECTOR_SCHEMA.source_copy_new (%s)', v_columns);
  comment on table :PGVECTOR_SCHEMA.source_copy_new is 'The products of the other database, one row each; made by connect_source() and kept by refresh_copy().';

  -- What is generated from the source's columns is, for these statements, about the new copy's.
  perform :PGVECTOR_SCHEMA.set_source(':PGVECTOR_SCHEMA', 'source_copy_new');
  execute format(
    $sql$
      with %s,
        inserted as (
          insert into :PGVECTOR_SCHEMA.source_copy_new (product_id, %2$s) select i.product_id, %3$s from incoming i returning product_id
        )
      select
        (select count(*) from inserted),
        (select o.unusable_ids from odd o),
        (select o.duplicate_ids from odd o)
    $sql$,
    :PGVECTOR_SCHEMA.incoming_sql('true', false),
    (select string_agg(format('%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id'),
    (select string_agg(format('i.%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id')
  ) into inserted, unusable_ids, duplicate_ids;
  perform :PGVECTOR_SCHEMA.set_source(v_settings.source_schema, v_settings.source_table);
  alter table :PGVECTOR_SCHEMA.source_copy_new add primary key (product_id);

  updated := 0;
  deleted := 0;
  held := 0;
  if to_regclass(':PGVECTOR_SCHEMA.source_copy') is not null then
    select count(*), count(*) filter (where not exists (select from :PGVECTOR_SCHEMA.source_copy_new n where n.product_id = c.product_id))
    into v_before, deleted
    from :PGVECTOR_SCHEMA.source_copy c;
    if not release and deleted > v_settings.vanished_hold_share * v_before then
      execute format(
        'insert into :PGVECTOR_SCHEMA.source_copy_new (%1$s) select %1$s from :PGVECTOR_SCHEMA.source_copy on conflict (product_id) do nothing',
        v_common
      );
      held := deleted;
      deleted := 0;
    end if;
  end if;
  select array_agg(k.statement) into v_kept
  from (
    select pg_get_indexdef(i.indexrelid) as statement
    from pg_index i
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and not i.indisprimary
    union all
    select format(
      'grant %s on :PGVECTOR_SCHEMA.source_copy to %s',
      a.privilege_type, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
    from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.grantee <> c.relowner
  ) k;
  drop table if exists :PGVECTOR_SCHEMA.source_copy;
  alter table :PGVECTOR_SCHEMA.source_copy_new rename to source_copy;
  alter index :PGVECTOR_SCHEMA.source_copy_new_pkey rename to source_copy_pkey;
  foreach v_statement in array coalesce(v_kept, '{}') loop
    begin
      execute v_statement;
    exception when undefined_column or undefined_function or datatype_mismatch or undefined_object then
      raise warning 'Not kept when the copy of the products was made anew: %', v_statement;
    end;
  end loop;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.rebuild_copy(boolean) is
  'Makes the copy of the products anew, with the columns that they have now; released, without those that are gone, however many. Triggers and comparison follow by attach().';
--! EndIncluded copy/rebuild_copy.sql
--! Included words/cut_text.sql
/*
 * Chinese and Japanese have no spaces between words, and the parser of text search takes a whole run for one. So each of their letters
 * is a word.
 */
create or replace function :PGVECTOR_SCHEMA.cut_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when value ~ E'[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]'
    then regexp_replace(value, E'([\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff])', E' \\1 ', 'g')
    else value
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.cut_text(text) is
  'A folded text in which each Chinese or Japanese letter stands apart, as a word.';
--! EndIncluded words/cut_text.sql
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
      pg_catalog.normalize(pg_catalog.translate(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'łøđ', 'lod'), 'NFD'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я])[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
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
    cross join regexp_matches(:PGVECTOR_SCHEMA.cut_text(:PGVECTOR_SCHEMA.unmix_text(:PGVECTOR_SCHEMA.fold_text(phrase))), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.phrase_key(text) is 'The stemmed words of a phrase in their order: how phrases are compared.';
--! EndIncluded words/phrase_key.sql
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
  select s.words_config, greatest(t.products, 1), exists (select from :PGVECTOR_SCHEMA.synonyms)
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
--! Included words/sound_of.sql
/*
 * Catalogues write Октавия and Octavia, камри and Camry; people type what they hear. One alphabet for
 * both scripts, letters that sound alike made one, soft signs and doubled letters dropped. Letters that a keyboard lacks are
 * typed as their neighbours: Kazakh and Ukrainian ones as Russian.
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
        'abcdefghijklmnopqrstuvwyzэйыщіәөүұқңғһєґßьъ''', 'абкдефгхижклмнопкрстуввизеиишиаоуукнгхегс'
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
  v_joined text;
  v_terms text[] := '{}';
  v_codes text[];
  v_coded text;
  v_room integer := 131072;
begin
  words := '';
  label := '';
  for i in 1 .. cardinality(v_values) loop
    -- Of a monstrous text the beginning is enough, and all that a tsvector can hold.
    v_value := :PGVECTOR_SCHEMA.fold_text(left(v_values[i], least(32768, v_room)));
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    if v_value ~ '[a-z][а-яі]|[а-яі][a-z]' then
      v_value := :PGVECTOR_SCHEMA.unmix_text(v_value);
    end if;
    v_room := greatest(0, v_room - length(v_value));
    -- Two words with a hyphen between them are written as one too: T-shirt, Wi-Fi. NFKC leaves two signs for it.
    v_joined := case when v_value ~ E'[[:alpha:]][-\\u2010][[:alpha:]]' then (
      select string_agg(m.word[1] || m.word[2], ' ')
      from regexp_matches(
        v_value, E'(?<![[:alnum:]\\u2010-])([[:alpha:]]+)[-\\u2010]([[:alpha:]]+)(?![[:alnum:]\\u2010-])', 'g'
      ) m (word)
    ) end;
    words := words || setweight(:PGVECTOR_SCHEMA.words_of(config, :PGVECTOR_SCHEMA.cut_text(concat_ws(' ', v_value, v_joined))), coalesce(classes[i], 'D')::"char");
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_coded := case when length(v_value) <= 40 then regexp_replace(v_value, E'\\s+', '-', 'g') else v_value end;
      loop
        v_codes := v_terms || :PGVECTOR_SCHEMA.code_terms(v_coded);
        -- A code has many times as many terms as characters. What few characters give need not be measured.
        exit when v_room > 126000 or v_coded = '' or octet_length(array_to_string(v_codes, '')) <= 400000;
        v_coded := left(v_coded, length(v_coded) / 2);
      end loop;
      v_terms := v_codes;
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
--! Included queue/attach_after_build.sql
/*
 * What dbt's post-hook calls, inside dbt's own transaction. A failure of ours is logged and must not
 * cost the dbt run, unless it is strict about it; triggers and comparison fail apart, so that a table
 * of another owner is compared all the same. A model of the same name in somebody's development
 * schema is not the source and is left alone.
 */
create or replace function :PGVECTOR_SCHEMA.attach_after_build(relation_schema text, relation_name text, strict boolean default false)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued bigint;
  v_is_source boolean := exists (
    select from :PGVECTOR_SCHEMA.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  );
begin
  if not v_is_source and not exists (
    select from :PGVECTOR_SCHEMA.related_tables r
    where r.relation_schema = attach_after_build.relation_schema and r.relation_name = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    if v_is_source then
      perform :PGVECTOR_SCHEMA.attach_triggers();
    end if;
    perform :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema, relation_name);
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see :PGVECTOR_SCHEMA.source_log.';
  end;

  -- Of two builds at once, of the source and of a table that the hook or a view reads, each would wait for the table of the
  -- other: a worker compares when both are through. A strict source has to know what it found.
  if not (strict and v_is_source) and exists (
    select
    from pg_locks l
    join pg_database d on d.oid = l.database and d.datname = current_database()
    join pg_class c on c.oid = l.relation
    join pg_namespace n on n.oid = c.relnamespace
    where l.mode = 'AccessExclusiveLock' and l.pid <> pg_backend_pid()
      and (n.nspname, c.relname) in (
        select s.source_schema, s.source_table from :PGVECTOR_SCHEMA.settings s
        union all
        select r.relation_schema, r.relation_name from :PGVECTOR_SCHEMA.related_tables r
      )
  ) then
    perform :PGVECTOR_SCHEMA.reconcile_later();
    return null;
  end if;

  begin
    v_queued := :PGVECTOR_SCHEMA.reconcile();
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('reconcile', sqlerrm);
    raise warning 'The changed products could not be queued: %', sqlerrm
      using hint = 'The worker compares every few minutes by itself; see :PGVECTOR_SCHEMA.source_log.';
  end;

  if strict and v_is_source then
    perform :PGVECTOR_SCHEMA.require_sound_source();
  end if;
  return v_queued;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean) is
  'For a dbt post-hook: attach() if this relation is the source, attach_related() again if it is a related table, in the same transaction; returns how many products were queued, null if it is neither or failed, or if a worker compares because another build is at work. Fails only when strict, and then also on PE006.';
--! EndIncluded queue/attach_after_build.sql
--! Included queue/attach_related_triggers.sql
/*
 * As attach_triggers(): run by the owner of the table, and only what is missing is made.
 */
create or replace function :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema text, relation_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name, t.event, t.attached
    from :PGVECTOR_SCHEMA.related_triggers t
    -- What dbt builds as a view one day has none; the notes say so.
    join pg_class c on c.oid = t.relation_oid and c.relkind in ('r', 'p')
    where t.relation_schema = attach_related_triggers.relation_schema and t.relation_name = attach_related_triggers.relation_name
      and t.enabled is not true
  loop
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_trigger.relation, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__related_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_trigger.relation,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  -- The hook reads it with our owner's rights.
  perform :PGVECTOR_SCHEMA.grant_read(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = attach_related_triggers.relation_schema and c.relname = attach_related_triggers.relation_name;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_related_triggers(text, text) is
  'Puts the triggers on a related table that it lacks, and lets us read it; no triggers on one that does not exist or is a view. Raises 42501 for who does not own it.';
--! EndIncluded queue/attach_related_triggers.sql
--! Included queue/attach_triggers.sql
/*
 * Security invoker: only the owner of the table may put triggers on it. Creates just what is
 * missing, because every trigger made takes a lock that writers wait for.
 */
create or replace function :PGVECTOR_SCHEMA.attach_triggers() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_can_have boolean := (select c.relkind in ('r', 'p') from pg_class c where c.oid = v_source);
  v_trigger record;
  -- What failed before is over, and the log says so.
  v_log boolean := coalesce((select l.error is not null from :PGVECTOR_SCHEMA.source_log l where l.event = 'attach' order by l.log_id desc limit 1), false);
begin
  perform :PGVECTOR_SCHEMA.grant_source();
  if not v_can_have then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached, t.level, t.must_be_always
    from :PGVECTOR_SCHEMA.source_triggers t
    where t.enabled is not true and v_can_have
  loop
    v_log := true;
    if not v_trigger.attached then
      execute format(
        'create or replace trigger %I after %s on %s %s for each %s execute function :PGVECTOR_SCHEMA.%I()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case
          when v_trigger.level = 'row' then ''
          when v_trigger.event = 'insert' then 'referencing new table as new_rows'
          when v_trigger.event = 'update' then 'referencing old table as old_rows new table as new_rows'
          when v_trigger.event = 'delete' then 'referencing old table as old_rows'
          else ''
        end,
        v_trigger.level,
        case v_trigger.level when 'row' then 'tg__product_replicated' else 'tg__product_changed' end
      );
    end if;
    if v_trigger.attached or v_trigger.must_be_always then
      execute format(
        'alter table %s enable %s trigger %I', v_source, case when v_trigger.must_be_always then 'always' else '' end, v_trigger.trigger_name
      );
    end if;
  end loop;
  if v_log then
    insert into :PGVECTOR_SCHEMA.source_log (event, source_oid, triggers_attached) values ('attach', v_source, v_can_have);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_triggers() is
  'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';
--! EndIncluded queue/attach_triggers.sql
--! Included queue/reconcile_later.sql
/*
 * Security definer, because dbt's role has no right in the worker's schema.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile_later() returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.wake_worker(task => 'reconcile')
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile_later() from public;

comment on function :PGVECTOR_SCHEMA.reconcile_later() is
  'Has a worker reconcile() once this transaction is committed. Never fails.';
--! EndIncluded queue/reconcile_later.sql
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
  'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete, cannot be loaded or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use.';
--! EndIncluded models/activate_model.sql
--! Included models/begin_preparation.sql
/*
 * Security definer: the table is to belong to who owns the first one, which the worker's role need not.
 */
create or replace function :PGVECTOR_SCHEMA.begin_preparation(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    return null;
  end if;
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    begin_preparation.name, begin_preparation.revision, begin_preparation.precision, begin_preparation.dimension,
    begin_preparation.pooling, begin_preparation.max_tokens, begin_preparation.query_prefix, begin_preparation.passage_prefix,
    begin_preparation.path
  );
  if exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_model_id) then
    raise exception 'Vectors of the model % (revision %) are kept already.', begin_preparation.name, begin_preparation.revision
      using errcode = 'PE030',
        hint = format(
          'select * from :PGVECTOR_SCHEMA.model_status;  If it is the former one: select :PGVECTOR_SCHEMA.rollback_model();  This request is taken back by: select :PGVECTOR_SCHEMA.drop_model(%L);',
          (select p.model from :PGVECTOR_SCHEMA.model_preparation p)
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = true, activated_at = null where m.model_id = v_model_id;
  update :PGVECTOR_SCHEMA.model_preparation p set model_id = v_model_id, error = null;
  perform :PGVECTOR_SCHEMA.create_vector_table(:PGVECTOR_SCHEMA.embeddings_table(v_model_id), begin_preparation.dimension);
  perform :PGVECTOR_SCHEMA.copy_grants(':PGVECTOR_TABLE', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  return v_model_id;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) from public;

comment on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) is
  'For the worker that loaded the model of model_preparation: registers it and makes its table; returns its id, null when there is nothing to begin. Then reconcile() queues its products. Raises PE003, and PE030 for a model whose vectors are kept already.';
--! EndIncluded models/begin_preparation.sql
--! Included models/drop_model.sql
create or replace function :PGVECTOR_SCHEMA.drop_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_bound text;
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
  begin
    execute format('drop table if exists :PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  exception when dependent_objects_still_exist then
    get stacked diagnostics v_bound = pg_exception_detail;
    raise exception 'Something is bound to the vectors of %, and would go with them.', drop_model.model
      using errcode = 'PE033', detail = v_bound, hint = 'Drop it, or make it anew over the active model''s vectors, as dbt run does, and call this again.';
  end;
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
  'Gives up a model that is prepared, or the former one, with its vectors: by name, folder or number. Raises PE031 for the active one and for one that is not kept, PE033 for views that are bound to its vectors.';
--! EndIncluded models/drop_model.sql
--! Included models/embeddings_dependents.sql
/*
 * A view is bound to the table and not to its name: after a change of model it would go on showing the
 * former one. A plain view that we own is made anew by activate_model(); what cannot be is for its owner
 * to drop before and to make again, as dbt does at its next run.
 */
create or replace function :PGVECTOR_SCHEMA.embeddings_dependents(model_id integer default null)
returns table (relation text, kind text, can_follow boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct
    d.relation::regclass::text,
    case d.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'foreign key' end,
    d.relkind = 'v' and pg_has_role(d.relowner, 'usage')
      -- A column of another dimension is of another type, which a view cannot take over.
      and not exists (
        select
        from pg_attribute a
        where a.attrelid = d.relation and a.attnum > 0 and a.atttypid = ':VECTOR_SCHEMA.vector'::regtype and a.atttypmod <> -1
          and a.atttypmod is distinct from coalesce((
            select m.dimension
            from :PGVECTOR_SCHEMA.embedding_models m
            where m.model_id = coalesce(embeddings_dependents.model_id, (select p.model_id from :PGVECTOR_SCHEMA.model_preparation p))
          ), a.atttypmod)
      )
  from (
    select c.oid as relation, c.relkind, c.relowner
    from pg_depend p
    join pg_rewrite r on r.oid = p.objid
    join pg_class c on c.oid = r.ev_class
    where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_class'::regclass
      and p.refobjid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and c.oid <> p.refobjid
    union all
    select f.conrelid, 'f', null
    from pg_constraint f
    where f.contype = 'f' and f.confrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE')
  ) d
  order by 1
$$;

comment on function :PGVECTOR_SCHEMA.embeddings_dependents(integer) is
  'Views, materialized views and foreign keys that are bound to the table of vectors, and whether activate_model() takes them along to this model, the prepared one when null; the others have to be dropped before it, and made again after.';
--! EndIncluded models/embeddings_dependents.sql
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
  if v_active.model_id is null and exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id and m.is_kept) then
    raise exception 'No model is active, and vectors of % are kept.', register_model.name
      using errcode = 'PE021',
        hint = format(
          'Search by them again: select :PGVECTOR_SCHEMA.activate_model(%L);  or start over without them: select :PGVECTOR_SCHEMA.drop_model(%1$L);', v_model_id::text
        );
  end if;
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
          coalesce(v_active.path, v_active.name), coalesce(register_model.path, register_model.name), register_model.dimension
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
--! Included embedding/drop_vanished.sql
/*
 * In turn with the claims: one that looked on meanwhile would take a product that comes back for one that has its vector still.
 * What vanished since the last comparison stands in its count of products, and the status tells by the vectors that are
 * marked, which go here: so they are taken off that count.
 */
create or replace function :PGVECTOR_SCHEMA.drop_vanished(only_if_due boolean) returns bigint
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
    dropped as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      using :PGVECTOR_SCHEMA.vanished_products() v
      where e.product_id = v.product_id and (not only_if_due or v.due_at <= now() and not v.held)
      returning e.product_id, e.vanished_at
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using dropped d where w.product_id = d.product_id
    ),
    recounted as (
      update :PGVECTOR_SCHEMA.source_log l
      set products = l.products - (select count(*) from dropped d where d.vanished_at > l.logged_at)
      where l.log_id = (:PGVECTOR_SCHEMA.last_comparison()).log_id
    )
  select count(*) into v_rows from dropped;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_vanished(boolean) is
  'Deletes vectors and words of vanished products, all of them or those that are due; returns how many. What sweep_vanished() and release_vanished() share. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded embedding/drop_vanished.sql
--! Included embedding/release_vanished.sql
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.drop_vanished(only_if_due => false)
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded embedding/release_vanished.sql
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
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded. Raises PE020 for a dimension that vectors cannot have.';
--! EndIncluded embedding/reset_embeddings.sql
--! Included embedding/sweep_vanished.sql
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.drop_vanished(only_if_due => true)
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded embedding/sweep_vanished.sql
--! Included search/compare_models.sql
/*
 * The figures that decide a change of model, on one's own golden queries, before anybody searches with it.
 */
create or replace function :PGVECTOR_SCHEMA.compare_models(k integer default 10, model text default null)
returns table (
  kind text, mode text, queries bigint, active_ndcg double precision, other_ndcg double precision,
  active_mrr double precision, other_mrr double precision, active_recall double precision, other_recall double precision,
  overlap double precision
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
begin
  perform :PGVECTOR_SCHEMA.require_limit(k);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if compare_models.model is not null then
    v_other_id := :PGVECTOR_SCHEMA.find_model(compare_models.model);
  else
    select m.model_id into v_other_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_kept
    order by m.activated_at is null desc, m.activated_at desc
    limit 1;
    if not found then
      raise exception 'There is no other model to compare with.'
        using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');';
    end if;
  end if;

  return query
    with
      hit as materialized (
        select g.query, g.kind, m.mode, m.place, o.is_other, r.product_id
        from (
          select g.query, min(g.kind) as kind
          from :PGVECTOR_SCHEMA.golden_queries g
          where :PGVECTOR_SCHEMA.query_embedding(g.query) is not null and :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null
          group by g.query
          offset 0
        ) g
        cross join (values ('vectors', 2), ('hybrid', 3)) m (mode, place)
        cross join (values (false), (true)) o (is_other)
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(g.query, k, m.mode, case when o.is_other then v_other_id end) r
      ),
      common as materialized (
        select h.query, min(h.kind) as kind, h.mode, count(*) filter (where h.is_other and h.in_both)::double precision
          / greatest(count(*) filter (where h.is_other), 1) as overlap
        from (
          select h.*, count(*) over (partition by h.query, h.mode, h.product_id) = 2 as in_both
          from hit h
        ) h
        group by h.query, h.mode
      ),
      shared as materialized (
        select c.kind, c.mode, avg(c.overlap) as overlap
        from common c
        group by grouping sets ((c.kind, c.mode), (c.mode))
      )
    select a.kind, a.mode, o.queries, a.ndcg, o.ndcg, a.mrr, o.mrr, a.recall, o.recall, s.overlap
    from :PGVECTOR_SCHEMA.evaluate_search(k) with ordinality a (model, kind, mode, queries, ndcg, mrr, recall, unembedded, place)
    join :PGVECTOR_SCHEMA.evaluate_search(k, v_other_id) o on o.kind is not distinct from a.kind and o.mode = a.mode
    left join shared s on s.kind is not distinct from a.kind and s.mode = a.mode
    where a.mode <> 'words'
    order by a.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.compare_models(integer, text) is
  'The active model and another whose vectors are kept (the prepared one when null), side by side on the golden queries, for each kind (null: all kinds) and for vectors and hybrid: nDCG@k, MRR, recall@k, and overlap@k, the share of the other''s first k that the active one has there too. Raises PE014, PE031, and what evaluate_search() raises, and warns as it does.';
--! EndIncluded search/compare_models.sql
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
  'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Warns while products wait to be encoded. model_id: another model whose vectors are kept, null for the active one. Raises PE001 to PE003, PE005 and PE014.';
--! EndIncluded search/evaluate_search.sql
--! Included search/fail_query.sql
create or replace function :PGVECTOR_SCHEMA.fail_query(query text, error text, model_id integer default null) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  from (
    select u.query, u.model_id
    from :PGVECTOR_SCHEMA.query_embeddings u
    where u.query = :PGVECTOR_SCHEMA.query_key(fail_query.query)
      and u.model_id = coalesce(fail_query.model_id, :PGVECTOR_SCHEMA.active_model_id())
    for update skip locked
  ) u
  where q.query = u.query and q.model_id = u.model_id
$$;

comment on function :PGVECTOR_SCHEMA.fail_query(text, text, integer) is 'Notes that a query could not be encoded with a model, the active one when null, and why.';
--! EndIncluded search/fail_query.sql
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
        -- Not by is_exact itself, which is null for who has no word: any word would be more than the best vector.
        order by (c.is_exact is true) desc, lead desc, c.product_id
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
  v_dimension integer;
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage') then
    return;
  end if;
  for v_model_id in
    select k.model_id
    from :PGVECTOR_SCHEMA.kept_models k
    where not :PGVECTOR_SCHEMA.has_index(k.model_id)
      -- Of fewer where somebody gave the active model one by hand: activate_model() asks for it then.
      and :PGVECTOR_SCHEMA.has_vectors(k.model_id, case when k.is_active or :PGVECTOR_SCHEMA.search_index() is null then v_from else 1 end)
      and (k.is_active or not exists (select from :PGVECTOR_SCHEMA.queued_products q where q.model_id = k.model_id offset 1000))
      and not exists (
        select from pg_locks l
        where l.relation = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(k.model_id)))
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )
    order by k.is_active desc
  loop
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and a.attname = 'embedding';
    -- Beyond 2,000 components pgvector indexes halves alone, and beyond 4,000 nothing.
    continue when v_dimension > 4000;
    return query
      select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and not i.indisvalid;
    return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory(v_model_id));
    return query select :PGVECTOR_SCHEMA.index_sql(as_halfvec => v_dimension > 2000, model_id => v_model_id);
    return query select 'reset maintenance_work_mem';
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on, of another model than the active one also where that has one; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
--! EndIncluded search/index_due.sql
--! Included search/keep_queries.sql
/*
 * Of the active model, and for every other that is kept the same queries, so that it can be compared and
 * activated at any time. Each use is worth an hour, a month at the most, so that what was popular once goes in the end.
 */
create or replace function :PGVECTOR_SCHEMA.keep_queries() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
  v_waiting bigint;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
begin
  begin
    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept)
    select distinct :PGVECTOR_SCHEMA.query_key(g.query), v_model_id, true
    from :PGVECTOR_SCHEMA.golden_queries g
    where :PGVECTOR_SCHEMA.query_key(g.query) is not null and v_model_id is not null
      and not exists (
        select from :PGVECTOR_SCHEMA.query_embeddings k
        where k.query = :PGVECTOR_SCHEMA.query_key(g.query) and k.model_id = v_model_id and k.kept
      )
    on conflict on constraint query_embeddings_key do update set kept = true where not q.kept;

    delete from :PGVECTOR_SCHEMA.query_embeddings q
    using (
      select k.query
      from :PGVECTOR_SCHEMA.query_embeddings k
      where k.model_id = v_model_id
      order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
      offset (select s.query_cache_size from :PGVECTOR_SCHEMA.settings s)
    ) least_used
    where q.query = least_used.query and q.model_id = v_model_id and not q.kept;

    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept, uses, used_at)
    select a.query, m.model_id, a.kept, a.uses, a.used_at
    from :PGVECTOR_SCHEMA.query_embeddings a
    cross join :PGVECTOR_SCHEMA.embedding_models m
    where a.model_id = v_model_id and m.is_kept
    on conflict on constraint query_embeddings_key do update
    set kept = excluded.kept, uses = excluded.uses, used_at = excluded.used_at
    where (q.kept, q.uses, q.used_at) is distinct from (excluded.kept, excluded.uses, excluded.used_at);
    -- Also of models that are not kept any more.
    delete from :PGVECTOR_SCHEMA.query_embeddings q
    where q.model_id <> v_model_id
      and (
        not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = q.model_id and m.is_kept)
        or not exists (select from :PGVECTOR_SCHEMA.query_embeddings a where a.query = q.query and a.model_id = v_model_id)
      );
  exception when lock_not_available then
    -- A transaction that searched for one of them is open: it is done a minute later.
    null;
  end;

  select count(*) into v_waiting
  from :PGVECTOR_SCHEMA.query_embeddings q
  join :PGVECTOR_SCHEMA.kept_models k on k.model_id = q.model_id
  where q.embedding is null and q.attempts < 3;
  if v_waiting > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  else
    -- Each new query leaves one, and where passes are run from cron nobody takes them up.
    perform graphile_worker.complete_jobs(array(
      select j.id from graphile_worker.jobs j
      where j.task_identifier = 'embed_queries' and j.locked_at is null and j.created_at < now() - interval '1 minute'
    ));
  end if;
  return v_waiting;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_queries() is
  'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector, and no wake-up left behind where nothing waits. Part of maintain().';
--! EndIncluded search/keep_queries.sql
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
    select j.query, j.product_id, max(case when j.grade < 0 then 0 else j.grade end), min(coalesce(j.kind, ''))
    from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
    group by j.query, j.product_id;
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
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
  'Whether product_map should be made anew: there is none, or a twentieth of the catalogue or the model changed since and the map is an hour old.';
--! EndIncluded search/map_due.sql
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
  add constraint query_embeddings_key primary key (query, model_id),
  add column if not exists spelled_out double precision check (spelled_out between 0 and 1);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.spelled_out is 'Share of its letters that the model''s tokenizer spells out one by one, 0 to 1: a language that the model does not read; null without letters, or where nobody said.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once an hour at the most (once a minute while there is no vector).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
--! EndIncluded search/query_embeddings.sql
--! Included search/query_key.sql
/*
 * The first thousand characters: more than any model here reads. An index entry can hold so many of two bytes each; of a script that takes
 * three or four, as Chinese does, fewer. Blanks are also those that come along from a web page, which not every locale knows.
 */
create or replace function :PGVECTOR_SCHEMA.query_key(query text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text := left(btrim(regexp_replace(normalize(left(query, 4000), NFC), E'[\\s\u00A0\u2000-\u200B\u202F\u2060\u3000\uFEFF]+', ' ', 'g')), 1000);
begin
  return nullif(btrim(case when octet_length(v_key) > 2600 then left(v_key, 650) else v_key end), '');
end
$$;

comment on function :PGVECTOR_SCHEMA.query_key(text) is
  'A query as it is cached and encoded: blanks squeezed, at most 1000 characters, or 650 where more take over 2600 bytes; null when nothing is left.';
--! EndIncluded search/query_key.sql
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
      -- The best way to say each group counts, and of what only adds one code: its stretches overlap, and a name with a number has many.
      select distinct on (a.product_id, a.group_no, a.added) a.product_id, a.group_no, a.score, a.idf, a.term, a.added is not distinct from 0 as is_exact
      from (
        select o.product_id, o.group_no, o.alternative, case when o.group_no = 0 then least(o.alternative, 1) end as added,
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
 * language, a fault described, is left to the vector. By the square, because a half that is found is often found by chance, in names
 * and in words taken for typing errors. A number is a code or a measure, which no model reads, so a query with one is
 * the words'. A model that spells out, letter by letter, the language of the products or of the query knows little of what words
 * mean: it has up to half the weight less, and hardly anything is left to it.
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
    left join :PGVECTOR_SCHEMA.query_embeddings q
      on has_vector and q.query = :PGVECTOR_SCHEMA.query_key(signal_weights.query) and q.model_id = m.model_id
    cross join lateral (select greatest(m.spelled_out, q.spelled_out) as spelled_out) f
    cross join lateral (
      select
        case when has_vector then s.vector_weight * (1 - coalesce(f.spelled_out, 0) / 2) else 0 end as vector,
        -- A tenth at the least: of what nothing was found in, spelling still tells a little. And what the model does not read it cannot answer.
        case when signal_weights.query ~ '[[:digit:]]' then 1 else least(greatest(power(coalesce(coverage, 0), 2), 0.1, f.spelled_out), 1) end as words
    ) c
    cross join lateral (select c.vector / (c.vector + (1 - c.vector) * c.words) as vector) w;
end
$$;

comment on function :PGVECTOR_SCHEMA.signal_weights(text, double precision, boolean, integer) is
  'How much words, trigrams and vector count for a query, 1 together: from settings, by how much of the query the products have (coverage of rank_words()) and how well the model reads the language of both. model_id: null for the active one.';
--! EndIncluded search/signal_weights.sql
--! Included search/store_query_embedding.sql
/*
 * Does not wait for a transaction that has just asked for the same query, since it may stay open: the row stays without a vector, and is taken again.
 */
create or replace function :PGVECTOR_SCHEMA.store_query_embedding(
  query text, model_id integer, embedding :VECTOR_SCHEMA.vector, spelled_out double precision default null
) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(store_query_embedding.query);
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform :PGVECTOR_SCHEMA.require_query(
    store_query_embedding.embedding, 'l2', 1,
    (select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = store_query_embedding.model_id)
  );
  if v_query is null or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = store_query_embedding.model_id) then
    return null;
  end if;
  perform from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query and q.model_id = store_query_embedding.model_id
  for update skip locked;
  if not found and (
    exists (select from :PGVECTOR_SCHEMA.query_embeddings q where q.query = v_query and q.model_id = store_query_embedding.model_id)
    or not pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings'))
  ) then
    return null;
  end if;
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, embedding, spelled_out)
  values (v_query, store_query_embedding.model_id, :VECTOR_SCHEMA.l2_normalize(store_query_embedding.embedding), store_query_embedding.spelled_out)
  on conflict on constraint query_embeddings_key do update
  set embedding = excluded.embedding, spelled_out = excluded.spelled_out, attempts = 0, error = null;
  return true;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector, double precision) is
  'Stores the vector of a query, at unit length, and how much of the query the model''s tokenizer spells out, 0 to 1; null and nothing stored when the query is empty, no vectors of the model are kept any more, or another transaction is just asking for it. Raises PE003, PE011 to PE013.';
--! EndIncluded search/store_query_embedding.sql
--! Included search/take_queries.sql
/*
 * Not those that another transaction has in hand: one that searched and stays open would hold up the worker, and with it all products.
 */
create or replace function :PGVECTOR_SCHEMA.take_queries(max_queries integer default 32, model_id integer default null)
returns table (query text)
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = coalesce(take_queries.model_id, :PGVECTOR_SCHEMA.active_model_id()) and q.embedding is null and q.attempts < 3
  order by q.used_at desc
  limit max_queries
  for update skip locked
$$;

comment on function :PGVECTOR_SCHEMA.take_queries(integer, integer) is
  'Queries that have no vector of a model, the active one when null, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';
--! EndIncluded search/take_queries.sql
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

  select count(*) filter (where w.ended_at is null and w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
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
    when queued > 0 and (workers_alive = 0 or model is null) then 'waiting'
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
    select format('No worker is alive, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
    union all
    -- Which it is to be is for its owner to say: that is what the vectors were thrown away for.
    select format('No model is active since the vectors were thrown away, and %s products wait: start a worker anew, with the EMBEDDING_MODEL that it is to be; the others follow.', queued)
    where queued > 0 and workers_alive > 0 and model is null
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

  -- A dump that is restored has no rights on the database.
  return query
    select
      'role',
      'warning',
      format('%s may not create schemas in this database, which npm run migrate needs.', doctor_rights.role_name),
      format('As a superuser: grant create on database %I to %I;', current_database(), doctor_rights.role_name)
    where v_owns and not has_database_privilege(doctor_rights.role_name, current_database(), 'create');

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
--! Included status/doctor_server.sql
/*
 * pgvector before 0.8.4 has faults in building HNSW indexes and in vacuuming them; search needs the
 * iterative scans of 0.8.0. The extensions' schemas stand in the bodies of our functions, so an extension
 * that was moved is as bad as none.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_server(client jsonb, role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_extension record;
  v_needed integer := coalesce((client ->> 'connections')::integer, 0);
  v_free bigint;
  v_off text;
  v_seconds numeric;
begin
  return query
    select
      'server',
      case when current_setting('server_version_num')::integer < 150000 then 'error' else 'ok' end,
      format('PostgreSQL %s%s.', current_setting('server_version'), case when pg_is_in_recovery() then ', a standby: it answers searches, and workers need the primary' end),
      case when current_setting('server_version_num')::integer < 150000 then 'Upgrade to PostgreSQL 15 or newer: docs/deploy.md' end;

  -- Of who runs worker, embed or migrate; a search may well have a limit.
  return query
    select 'server', 'warning', l.finding, l.fix
    from (values (
      current_setting('transaction_read_only')::boolean and not pg_is_in_recovery(),
      format('%s can only read here, and this is no standby: default_transaction_read_only is on.', doctor_server.role_name),
      format('alter role %I set default_transaction_read_only = off;  or likewise for the database, or the server', doctor_server.role_name)
    ), (
      current_setting('statement_timeout')::interval between interval '1 microsecond' and interval '5 minutes',
      format('What %s asks for is ended after %s (statement_timeout), and a comparison, a migration or an index may take longer.', doctor_server.role_name, current_setting('statement_timeout')),
      format('alter role %I set statement_timeout = 0;', doctor_server.role_name)
    ), (
      current_setting('default_transaction_isolation') <> 'read committed',
      format('What %s asks for runs at isolation level %s (default_transaction_isolation): workers and writers fail by each other (40001), and what failed is done again.', doctor_server.role_name, current_setting('default_transaction_isolation')),
      format('alter role %I set default_transaction_isolation = ''read committed'';  or likewise for the database, or the server', doctor_server.role_name)
    )) l (holds, finding, fix)
    where l.holds and exists (
      select from pg_namespace n
      left join pg_roles r on r.rolname = 'product_embeddings_worker'
      where n.nspname = ':PGVECTOR_SCHEMA' and (pg_has_role(doctor_server.role_name, n.nspowner, 'usage') or pg_has_role(doctor_server.role_name, r.oid, 'usage'))
    );

  for v_extension in
    select w.extname, w.schema_name, e.extversion as version, n.nspname as found_in,
      string_to_array(substring(e.extversion from '^[0-9]+(?:[.][0-9]+)*'), '.')::integer[] as numbers
    from (values ('vector', ':VECTOR_SCHEMA'), ('pg_trgm', ':TRGM_SCHEMA')) w (extname, schema_name)
    left join pg_extension e on e.extname = w.extname
    left join pg_namespace n on n.oid = e.extnamespace
  loop
    check_name := case v_extension.extname when 'vector' then 'pgvector' else v_extension.extname end;
    state := 'ok';
    finding := format('%s %s.', check_name, v_extension.version);
    fix := null;
    if v_extension.version is null then
      state := 'error';
      finding := format('extension "%s" does not exist in this database.', v_extension.extname);
      fix := format('As a superuser: create extension %I schema %I;', v_extension.extname, v_extension.schema_name);
    elsif v_extension.found_in <> v_extension.schema_name then
      state := 'error';
      finding := format('extension "%s" is in the schema %s, and our functions look for it in %s.', v_extension.extname, v_extension.found_in, v_extension.schema_name);
      fix := format('As a superuser: alter extension %I set schema %I;', v_extension.extname, v_extension.schema_name);
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 0] then
      state := 'error';
      finding := format('pgvector %s has no iterative index scans, which search needs: 0.8.0 has.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 4] then
      state := 'warning';
      finding := format('pgvector %s has faults in building HNSW indexes and in vacuuming them, which 0.8.4 has not.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    end if;
    return next;
  end loop;

  -- Neither lower() nor text search finds a letter then, and nothing raises.
  return query
    select
      'locale',
      'warning',
      format('The database''s locale, %s, knows no letters but those of ASCII: words of other scripts are neither taken up nor found.', d.datctype),
      'It cannot be changed: create database … lc_ctype ''C.UTF-8'' template template0;  and restore a dump into that one'
    from pg_database d
    where d.datname = current_database() and (lower('Я') <> 'я' or to_tsvector('pg_catalog.simple', 'я') = '');

  -- What is free by the tightest of the limits; who asks is among those connected.
  select min(l.allowed - l.used) into v_free
  from (
    select current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
      (select count(*) from pg_stat_activity a where a.backend_type = 'client backend')
    union all
    select nullif(d.datconnlimit, -1), (select count(*) from pg_stat_activity a where a.datid = d.oid)
    from pg_database d
    where d.datname = current_database()
    union all
    select nullif(r.rolconnlimit, -1), (select count(*) from pg_stat_activity a where a.usesysid = r.oid)
    from pg_roles r
    where r.rolname = doctor_server.role_name
  ) l (allowed, used);
  return query
    select
      'connections',
      case when v_free < v_needed then 'warning' else 'ok' end,
      format('%s more connections are free for %s%s.', v_free, doctor_server.role_name, case when v_needed > 0 then format(', and a worker opens up to %s', v_needed) end),
      case when v_free < v_needed then
        'Raise what is the least of max_connections (and restart), alter database … connection limit, alter role … connection limit; or let searches go through a pooler'
      end;

  -- Whoever may connect can take an advisory lock, also one of ours: of the changes it is only tried, so nobody is seen to wait for it.
  return query
    select
      'locks',
      'warning',
      format('Session %s of %s holds a lock that keeps the worker waiting.', a.pid, a.usename),
      format('See what it is, and end it if nobody needs it: select * from pg_stat_activity where pid = %1$s;  select pg_terminate_backend(%1$s);', a.pid)
    from pg_stat_activity a
    where a.pid in (
        select unnest(pg_blocking_pids(l.pid))
        from pg_locks l
        join pg_stat_activity w on w.pid = l.pid
        where w.datname = current_database() and w.application_name like 'product-embeddings %' and l.waitstart < clock_timestamp() - interval '10 seconds'
      )
      or not pg_has_role(a.usesysid, current_user, 'usage')
        and not exists (select from pg_roles r where r.rolname = 'product_embeddings_worker' and pg_has_role(a.usesysid, r.oid, 'usage'))
        and exists (
          select from pg_locks l
          where l.pid = a.pid and l.locktype = 'advisory' and l.granted and a.datname = current_database()
            and (l.classid, l.objid, l.objsubid) = (hashtext(':PGVECTOR_SCHEMA.product_changes')::oid, 2::oid, 2)
        )
    order by a.pid;

  select string_agg(o.what, ', ') into v_off
  from (
    select c.oid::regclass::text || ' (autovacuum_enabled)'
    from pg_class c
    where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
    union all
    select s.name from pg_settings s where s.name in ('autovacuum', 'track_counts') and s.setting = 'off'
  ) o (what);
  return query
    select
      'autovacuum',
      case when v_off is null then 'ok' else 'warning' end,
      case when v_off is null then 'On, also for the queue.' else format('Off for %s: the queue and the index grow with every change.', v_off) end,
      case when v_off is not null then 'alter table … reset (autovacuum_enabled);  or: alter system set autovacuum = on; select pg_reload_conf();' end;

  if client ? 'now' then
    -- Leases are by the server's clock alone; cron patterns are by the worker's.
    v_seconds := round(abs(extract(epoch from clock_timestamp() - (client ->> 'now')::timestamptz)), 1);
    return query
      select
        'clock',
        case when v_seconds > 5 then 'warning' else 'ok' end,
        case
          when v_seconds > 5 then format('The clocks of the server and of this machine are %s s apart: the schedules and the log are by this machine''s.', v_seconds)
          else 'The clocks of the server and of this machine agree.'
        end,
        case when v_seconds > 5 then 'Set the clock that is wrong, by NTP: timedatectl set-ntp true' end;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_server(jsonb, name) is 'The part of doctor() about the server: version, extensions, connections, locks, autovacuum, clock.';
--! EndIncluded status/doctor_server.sql
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
          ('workers', 'No worker is alive%', 'error', ''),
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
              case when v_status.workers_alive = 0 then 'No worker is alive; nothing waits now, and the next change would.' else format('%s alive.', v_status.workers_alive) end,
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
    -- Of a copy requireConnected() says it.
    where v_named <> v_status.source and not exists (select from :PGVECTOR_SCHEMA.source_copy_status);
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
comment on column :PGVECTOR_SCHEMA.embedding_status.workers_alive is 'Workers seen in the last two minutes that have not ended since; one that runs gives a sign of life every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.embedding_status.notes is 'What is out of the ordinary and what to do about it; empty when nothing is.';
--! EndIncluded status/embedding_status.sql
--! Included status/embedding_workers.sql
create table if not exists :PGVECTOR_SCHEMA.embedding_workers (
  worker text primary key,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.embedding_workers add column if not exists ended_at timestamptz;

comment on table  :PGVECTOR_SCHEMA.embedding_workers is 'Who encodes, and when it last gave a sign of life; gone a day after the last.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.worker is 'Host, process and start of the worker.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.started_at is 'When it was first seen.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.last_seen_at is 'When it last claimed or was on duty.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.ended_at is 'When it ended in order; null while it works, and of one that was killed.';
--! EndIncluded status/embedding_workers.sql
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
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE003' or sqlstate 'PE005' or sqlstate 'PE029' then
    -- No source to look into, no vectors, or no hook to ask: the sign of life stands all the same, and the status says what is wrong.
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
  'The round of a worker every minute, and of npm run embed at its end: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
--! EndIncluded status/maintain.sql
--! Included status/model_notes.sql
/*
 * What is odd about the models, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.model_notes() returns table (note text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_long record;
begin
  select * into v_model from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_model.spelled_out >= 0.5 then
    return query select format(
      '%s spells %s %% of the letters of the documents out one by one: it was not made for this language, and its vectors find little. %s',
      v_model.name,
      round((v_model.spelled_out * 100)::numeric),
      coalesce(
        (
          select format('%s was, and is kept beside it: select :PGVECTOR_SCHEMA.activate_model(%L);', m.name, m.model_id::text)
          from :PGVECTOR_SCHEMA.embedding_models m
          where m.is_kept and m.spelled_out < 0.5
          order by m.spelled_out, m.model_id
          limit 1
        ),
        'Prepare one that was: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');'
      )
    );
  end if;
  select count(*) as documents, max(e.tokens) as longest, percentile_disc(0.5) within group (order by e.tokens) as usual
  into v_long
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.tokens is not null;
  if v_long.documents > 0 then
    return query select format(
      '%s documents are longer than the %s tokens that the model reads (median %s, longest %s). Put what matters first (set_fields), or have them read in windows: select :PGVECTOR_SCHEMA.set_windows(true);',
      v_long.documents, v_model.max_tokens, v_long.usual, v_long.longest
    )
    where not (select s.windows from :PGVECTOR_SCHEMA.settings s);
  end if;
  return query
    select case p.error is null
      when true then format('The model %s was asked for and waits for a worker to load it: npm run worker', p.model)
      else format('The model %s cannot be prepared: %s It is tried again every minute; to give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', p.model, p.error, p.model)
    end
    from :PGVECTOR_SCHEMA.model_preparation p
    where p.model_id is null;
  return query
    select case m.is_active
      when true then format('The model %s cannot be loaded by a worker, which so encodes nothing: %s Bring its files back to where that worker runs, and see there: npm run doctor', m.name, m.error)
      else format('The model %s cannot be loaded, so its vectors are not kept true: %s If it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);', m.name, m.error, m.model_id::text)
    end
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.error is not null and (m.is_kept or m.is_active);
end
$$;

comment on function :PGVECTOR_SCHEMA.model_notes() is 'What is out of the ordinary about the models, a sentence each; part of embedding_status.notes.';
--! EndIncluded status/model_notes.sql
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
  'What an operator looks at beside embedding_status, as one object: the last failures, comparisons, workers, models, indexes, and what was encoded each minute of the last hour.';
--! EndIncluded status/operator_report.sql
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
      when c.relkind not in ('r', 'p') then format('The related table %I.%I is a view now and cannot have triggers: its changes are found by comparing. Attach the tables that it reads, and: select :PGVECTOR_SCHEMA.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      else format('The related table %I.%I lacks the triggers for %s: it was rebuilt without the dbt hook. As its owner: select :PGVECTOR_SCHEMA.attach_related(%L, %L, %L);',
        t.relation_schema, t.relation_name, string_agg(t.event, ', '), format('%I.%I', t.relation_schema, t.relation_name), min(r.key_column), min(r.product_column))
    end
    from :PGVECTOR_SCHEMA.related_triggers t
    join (
      select distinct on (a.relation_schema, a.relation_name) a.*
      from :PGVECTOR_SCHEMA.related_tables a
      order by a.relation_schema, a.relation_name
    ) r on r.relation_schema = t.relation_schema and r.relation_name = t.relation_name
    left join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, t.relation_oid, c.relkind;
  return query
    select format('The source has no column %I, by which the related table %I.%I was attached.', r.product_column, r.relation_schema, r.relation_name)
    from :PGVECTOR_SCHEMA.related_tables r
    where not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = r.product_column);
  return query
    select format('The related table %I.%I has no column %I, by which it was attached: detach it, and attach it by another.', r.relation_schema, r.relation_name, r.key_column)
    from :PGVECTOR_SCHEMA.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where not exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = r.key_column and a.attnum > 0 and not a.attisdropped
    );
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
    return query select format(E'%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select :PGVECTOR_SCHEMA.index_sql() \\gexec', v_index_from);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.status_notes() is 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';
--! EndIncluded status/status_notes.sql
--! Included status/worker_ended.sql
create or replace function :PGVECTOR_SCHEMA.worker_ended(worker text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_workers w set ended_at = now() where w.worker = worker_ended.worker
$$;

comment on function :PGVECTOR_SCHEMA.worker_ended(text) is 'Notes that a worker ended in order, so that nobody waits for it.';
--! EndIncluded status/worker_ended.sql
--! Included status/worker_is_alive.sql
/*
 * For the probe of a container or a unit, which knows its host and not the worker's name. A task that
 * takes long, as building an index does, is no sign of death: hence half an hour, where the status, which
 * kills nobody, takes two minutes.
 */
create or replace function :PGVECTOR_SCHEMA.worker_is_alive(host text, within interval default '30 minutes') returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from :PGVECTOR_SCHEMA.embedding_workers w
    where starts_with(w.worker, worker_is_alive.host || ':') and w.ended_at is null and w.last_seen_at > now() - worker_is_alive.within
  )
$$;

comment on function :PGVECTOR_SCHEMA.worker_is_alive(text, interval) is 'Whether a worker on this host gave a sign of life within this time; npm run alive asks it.';
--! EndIncluded status/worker_is_alive.sql
--! Included status/worker_seen.sql
create or replace function :PGVECTOR_SCHEMA.worker_seen(worker text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_workers as w (worker)
  values (worker_seen.worker)
  on conflict (worker) do update set last_seen_at = now(), ended_at = null;

  delete from :PGVECTOR_SCHEMA.embedding_workers w where w.last_seen_at < now() - interval '1 day'
$$;

comment on function :PGVECTOR_SCHEMA.worker_seen(text) is 'Notes a sign of life of a worker.';
--! EndIncluded status/worker_seen.sql
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
    -- What a data team fills, as often as not from a dbt seed, which truncates first.
    grant select, insert, update, delete, truncate on :PGVECTOR_SCHEMA.synonyms, :PGVECTOR_SCHEMA.golden_queries to product_embeddings_attacher;
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
      :PGVECTOR_SCHEMA.reconcile_later(),
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
