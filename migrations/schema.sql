--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: analytics_features; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA analytics_features;

--
-- Name: SCHEMA analytics_features; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA analytics_features IS 'Products as vectors, kept true by triggers, a queue and a worker; search_products() searches them.';

--
-- Name: activate_model(text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.activate_model(model text DEFAULT NULL::text, force boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '3s'
    AS $$
#variable_conflict use_column
declare
  v_to analytics_features.embedding_models;
  v_from analytics_features.embedding_models;
  v_table text;
  v_former text;
  v_gaps record;
  v_from_products bigint := (select s.index_from_products from analytics_features.settings s);
  v_bound text;
  v_views text[];
  v_statement text;
  v_forced text;
begin
  if activate_model.model is null and not exists (select from analytics_features.model_preparation p where p.model_id is not null) then
    raise exception 'No model is prepared.'
      using errcode = 'PE031', hint = 'select analytics_features.prepare_model(''name'');  and then see: select * from analytics_features.model_status;';
  end if;
  select m.* into strict v_to
  from analytics_features.embedding_models m
  where m.model_id = case
    when activate_model.model is null then (select p.model_id from analytics_features.model_preparation p)
    else analytics_features.find_model(activate_model.model)
  end;
  if v_to.is_active then
    return format('%s is the active model already.', v_to.name);
  end if;
  v_forced := format('select analytics_features.activate_model(%L, force => true);', v_to.model_id::text);
  perform analytics_features.require_embeddings();
  v_table := analytics_features.embeddings_table(v_to.model_id);

  if force is not true then
    if v_to.error is not null then
      raise exception 'The model % cannot be loaded, so nothing would be encoded any more: %', v_to.name, v_to.error
        using errcode = 'PE032',
          hint = 'The worker tries again every minute. To have it all the same: ' || v_forced;
    end if;
    select * into v_gaps from analytics_features.model_gaps(v_to.model_id);
    if v_gaps.missing + v_gaps.stale > 0 then
      raise exception 'The model % is not complete: % products have no vector of it and % an outdated one.', v_to.name, v_gaps.missing, v_gaps.stale
        using errcode = 'PE032',
          hint = 'The worker is at it: select * from analytics_features.model_status;  To have it all the same, with these products missing from search: ' || v_forced;
    end if;
    if not analytics_features.has_index(v_to.model_id)
      and (analytics_features.search_index() is not null or analytics_features.has_vectors(v_to.model_id, v_from_products))
    then
      raise exception 'The vectors of % have no index for search yet.', v_to.name
        using errcode = 'PE032',
          hint = format(
            E'%s in psql: select analytics_features.index_sql(model_id => %s) \\gexec  Without it each search reads all vectors: %s',
            case when v_from_products is null then 'The worker builds none while settings.index_from_products is null: build it'
              else 'The worker builds it within the hour if its role owns the table; or at once,' end,
            v_to.model_id, v_forced
          );
    end if;
  end if;
  select string_agg(format('%s %s', d.kind, d.relation), ', ' order by d.relation) into v_bound
  from analytics_features.embeddings_dependents(v_to.model_id) d
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
  from analytics_features.embeddings_dependents(v_to.model_id) d
  join pg_class c on c.oid = d.relation::regclass
  where d.can_follow;
  execute format('analyze analytics_features.%I', v_table);

  for v_try in 1 .. 5 loop
    begin
      perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
      execute format('lock table analytics_features.%I in access exclusive mode', v_table);
      -- Longer than deadlock_timeout, after which an autovacuum gives way.
      perform set_config('lock_timeout', '1500ms', true);
      lock table analytics_features.product_embeddings in access exclusive mode;
      exit;
    exception when lock_not_available then
      if v_try = 5 then
        raise exception 'Somebody is using the table of vectors for longer than a search takes.'
          using errcode = 'PE034',
            hint = 'Call it again. Who it is: select pid, state, xact_start, query from pg_stat_activity where pid in (select pid from pg_locks where relation = ''analytics_features.product_embeddings''::regclass);';
      end if;
      perform pg_sleep(0.2 + 0.3 * random());
    end;
  end loop;

  select m.* into v_from from analytics_features.embedding_models m where m.is_active;
  if v_from.model_id = v_to.model_id or not exists (select from analytics_features.kept_models k where k.model_id = v_to.model_id) then
    raise exception 'The models were changed meanwhile.'
      using errcode = 'PE034', hint = 'See how they stand: select * from analytics_features.model_status;';
  end if;
  v_former := 'product_embeddings' || '_' || coalesce(v_from.model_id, 0);
  execute format('alter table analytics_features.product_embeddings rename to %I', v_former);
  perform analytics_features.rename_indexes(v_former, 'product_embeddings');
  execute format('alter table analytics_features.%I rename to product_embeddings', v_table);
  perform analytics_features.rename_indexes('product_embeddings', v_table);
  -- What was granted on the one after the other was made.
  perform analytics_features.copy_grants(v_former, 'product_embeddings');

  update analytics_features.embedding_models m
  set is_active = false, is_kept = true, activated_at = coalesce(m.activated_at, m.registered_at)
  where m.model_id = v_from.model_id;
  update analytics_features.embedding_models m set is_active = true, is_kept = false, activated_at = clock_timestamp() where m.model_id = v_to.model_id;
  delete from analytics_features.model_preparation p where p.model_id = v_to.model_id;
  foreach v_statement in array coalesce(v_views, '{}') loop
    execute v_statement;
  end loop;
  perform analytics_features.announce_changes();
  if v_from.model_id is null then
    -- reset_embeddings() emptied it for a model that did not come, and what waits for that one waits for this one too.
    execute format('drop table analytics_features.%I', v_former);
    delete from analytics_features.product_queue q where q.model_id = 0;
    delete from analytics_features.product_changes c where c.model_id = 0;
    return format('%s is active.', v_to.name);
  end if;
  return format('%s is active. %s is kept true: select analytics_features.rollback_model(); or, when it is not needed any more: select analytics_features.drop_model(%L);',
    v_to.name, v_from.name, v_from.model_id::text);
end
$$;

--
-- Name: FUNCTION activate_model(model text, force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.activate_model(model text, force boolean) IS 'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete, cannot be loaded or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use; and PE001 to PE003, PE005, PE029, as it compares the products.';

--
-- Name: active_model_id(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.active_model_id() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select m.model_id from analytics_features.embedding_models m where m.is_active
$$;

--
-- Name: FUNCTION active_model_id(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.active_model_id() IS 'The model whose vectors are current; null before the first worker came.';

--
-- Name: announce_changes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.announce_changes() RETURNS void
    LANGUAGE sql
    AS $$
  select case when not pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtext('analytics_features.product_changes'), 1)
    and pg_catalog.current_setting('max_prepared_transactions') = '0'
    then pg_catalog.pg_notify('analytics_features', '')
  end
$$;

--
-- Name: FUNCTION announce_changes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.announce_changes() IS 'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';

--
-- Name: attach(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_related record;
begin
  perform analytics_features.attach_triggers();
  for v_related in
    select t.relation_schema, t.relation_name, pg_has_role(c.relowner, 'usage') as is_ours
    from analytics_features.related_triggers t
    join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, c.relowner
  loop
    if v_related.is_ours then
      perform analytics_features.attach_related_triggers(v_related.relation_schema, v_related.relation_name);
    else
      raise notice 'The related table %.% belongs to another role, which has to attach it: see embedding_status.notes.',
        v_related.relation_schema, v_related.relation_name;
    end if;
  end loop;
  return analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION attach(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach() IS 'Puts the triggers on the source and on related tables that they lack and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE003, PE005, PE029.';

--
-- Name: attach_after_build(text, text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_queued bigint;
  v_is_source boolean := exists (
    select from analytics_features.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  );
begin
  if not v_is_source and not exists (
    select from analytics_features.related_tables r
    where r.relation_schema = attach_after_build.relation_schema and r.relation_name = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    if v_is_source then
      perform analytics_features.attach_triggers();
    end if;
    perform analytics_features.attach_related_triggers(relation_schema, relation_name);
  exception when others then
    if strict then
      raise;
    end if;
    insert into analytics_features.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see analytics_features.source_log.';
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
        select s.source_schema, s.source_table from analytics_features.settings s
        union all
        select r.relation_schema, r.relation_name from analytics_features.related_tables r
      )
  ) then
    perform analytics_features.reconcile_later();
    return null;
  end if;

  begin
    v_queued := analytics_features.reconcile();
  exception when others then
    if strict then
      raise;
    end if;
    insert into analytics_features.source_log (event, error) values ('reconcile', sqlerrm);
    raise warning 'The changed products could not be queued: %', sqlerrm
      using hint = 'The worker compares every few minutes by itself; see analytics_features.source_log.';
  end;

  if strict and v_is_source then
    perform analytics_features.require_sound_source();
  end if;
  return v_queued;
end
$$;

--
-- Name: FUNCTION attach_after_build(relation_schema text, relation_name text, strict boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) IS 'For a dbt post-hook: attach() if this relation is the source, attach_related() again if it is a related table, in the same transaction; returns how many products were queued, null if it is neither or failed, or if a worker compares because another build is at work. Fails only when strict, and then also on PE006.';

--
-- Name: attach_related(text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_related(relation text, key_column text, product_column text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
  v_relation regclass := analytics_features.related_relation(relation);
  v_schema text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_relation);
  v_name text := (select c.relname from pg_class c where c.oid = v_relation);
  v_source regclass := analytics_features.require_source();
  v_product_column text := coalesce(product_column, key_column);
begin
  if not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped
  ) then
    raise exception '% has no column %.', v_relation, coalesce(quote_ident(key_column), 'null')
      using errcode = 'PE028',
        hint = (
          select 'It has ' || string_agg(a.attname, ', ' order by a.attnum) || '.'
          from pg_attribute a
          where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped
        );
  end if;
  if not exists (select from analytics_features.source_columns c where c.column_name = v_product_column) then
    raise exception 'The source of the products, %, has no column %.', v_source, quote_ident(v_product_column)
      using errcode = 'PE028',
        hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from analytics_features.source_columns c);
  end if;
  insert into analytics_features.related_tables values (v_schema, v_name, key_column, v_product_column) on conflict do nothing;
  perform analytics_features.attach_related_triggers(v_schema, v_name);
end
$$;

--
-- Name: FUNCTION attach_related(relation text, key_column text, product_column text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_related(relation text, key_column text, product_column text) IS 'From now on a changed row of this table queues the products whose product_column (the same name by default) has the row''s key_column. Run by the table''s owner; safe to repeat. Raises PE001, PE002, PE028, and 42501.';

--
-- Name: attach_related_triggers(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_related_triggers(relation_schema text, relation_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name, t.event, t.attached
    from analytics_features.related_triggers t
    -- What dbt builds as a view one day has none; the notes say so.
    join pg_class c on c.oid = t.relation_oid and c.relkind in ('r', 'p')
    where t.relation_schema = attach_related_triggers.relation_schema and t.relation_name = attach_related_triggers.relation_name
      and t.enabled is not true
  loop
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_trigger.relation, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function analytics_features.tg__related_changed()',
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
  perform analytics_features.grant_read(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = attach_related_triggers.relation_schema and c.relname = attach_related_triggers.relation_name;
end
$$;

--
-- Name: FUNCTION attach_related_triggers(relation_schema text, relation_name text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_related_triggers(relation_schema text, relation_name text) IS 'Puts the triggers on a related table that it lacks, and lets us read it; no triggers on one that does not exist or is a view. Raises 42501 for who does not own it.';

--
-- Name: attach_triggers(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_triggers() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.require_source();
  v_can_have boolean := (select c.relkind in ('r', 'p') from pg_class c where c.oid = v_source);
  v_trigger record;
  -- What failed before is over, and the log says so.
  v_log boolean := coalesce((select l.error is not null from analytics_features.source_log l where l.event = 'attach' order by l.log_id desc limit 1), false);
begin
  perform analytics_features.grant_source();
  if not v_can_have then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached, t.level, t.must_be_always
    from analytics_features.source_triggers t
    where t.enabled is not true and v_can_have
  loop
    v_log := true;
    if not v_trigger.attached then
      execute format(
        'create or replace trigger %I after %s on %s %s for each %s execute function analytics_features.%I()',
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
    insert into analytics_features.source_log (event, source_oid, triggers_attached) values ('attach', v_source, v_can_have);
  end if;
end
$$;

--
-- Name: FUNCTION attach_triggers(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_triggers() IS 'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';

--
-- Name: begin_preparation(text, text, text, integer, text, integer, text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text DEFAULT ''::text, passage_prefix text DEFAULT ''::text, path text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
  if not exists (select from analytics_features.model_preparation p where p.model_id is null) then
    return null;
  end if;
  perform analytics_features.require_embeddings();
  v_model_id := analytics_features.note_model(
    begin_preparation.name, begin_preparation.revision, begin_preparation.precision, begin_preparation.dimension,
    begin_preparation.pooling, begin_preparation.max_tokens, begin_preparation.query_prefix, begin_preparation.passage_prefix,
    begin_preparation.path
  );
  if exists (select from analytics_features.kept_models k where k.model_id = v_model_id) then
    raise exception 'Vectors of the model % (revision %) are kept already.', begin_preparation.name, begin_preparation.revision
      using errcode = 'PE030',
        hint = format(
          'select * from analytics_features.model_status;  If it is the former one: select analytics_features.rollback_model();  This request is taken back by: select analytics_features.drop_model(%L);',
          (select p.model from analytics_features.model_preparation p)
        );
  end if;

  update analytics_features.embedding_models m set is_kept = true, activated_at = null where m.model_id = v_model_id;
  update analytics_features.model_preparation p set model_id = v_model_id, error = null;
  perform analytics_features.create_vector_table(analytics_features.embeddings_table(v_model_id), begin_preparation.dimension);
  perform analytics_features.copy_grants('product_embeddings', analytics_features.embeddings_table(v_model_id));
  return v_model_id;
end
$$;

--
-- Name: FUNCTION begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) IS 'For the worker that loaded the model of model_preparation: registers it and makes its table; returns its id, null when there is nothing to begin. Then reconcile() queues its products. Raises PE003, and PE030 for a model whose vectors are kept already.';

--
-- Name: bookkeeping_columns(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.bookkeeping_columns() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    'product_id', 'created_at', 'updated_at', 'ingested_at', 'deleted',
    'dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to', 'dbt_is_deleted'
  ]
$$;

--
-- Name: FUNCTION bookkeeping_columns(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.bookkeeping_columns() IS 'Columns that are left out of the document unless somebody puts them in.';

--
-- Name: build_index(text, boolean, integer, integer, integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.build_index(kind text DEFAULT 'hnsw'::text, as_halfvec boolean DEFAULT false, m integer DEFAULT 16, ef_construction integer DEFAULT 64, lists integer DEFAULT NULL::integer, model_id integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET maintenance_work_mem TO '64MB'
    SET max_parallel_maintenance_workers TO '2'
    AS $$
declare
  v_statement text := analytics_features.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false, model_id => build_index.model_id);
  v_index text := analytics_features.index_name(kind, as_halfvec, build_index.model_id);
begin
  perform set_config('maintenance_work_mem', analytics_features.index_memory(build_index.model_id), true);
  execute format('drop index if exists analytics_features.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

--
-- Name: FUNCTION build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, model_id integer) IS 'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, PE031, and 42501 for who does not own the table.';

--
-- Name: cache_texts(integer, text[], public.vector[], integer[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into analytics_features.text_embeddings (model_id, text_hash, embedding, tokens)
  select cache_texts.model_id, sha256(convert_to(t.text, 'UTF8')), t.embedding, t.tokens
  from unnest(texts, embeddings, tokens) t (text, embedding, tokens)
  order by 2
  on conflict do nothing
$$;

--
-- Name: FUNCTION cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]) IS 'Keeps the vectors of texts that a model encoded, for the next product that has one of them.';

--
-- Name: cached_texts(integer, text[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.cached_texts(model_id integer, texts text[]) RETURNS TABLE(place bigint, embedding public.vector, tokens integer)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select t.place, c.embedding, c.tokens
  from unnest(texts) with ordinality t (text, place)
  join analytics_features.text_embeddings c
    on c.model_id = cached_texts.model_id and c.text_hash = sha256(convert_to(t.text, 'UTF8'))
$$;

--
-- Name: FUNCTION cached_texts(model_id integer, texts text[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.cached_texts(model_id integer, texts text[]) IS 'The vectors of those of these texts that were encoded before with a model; place: where in the array, from 1 on.';

--
-- Name: call_document_hook(oid, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
        p.proowner = (select n.nspowner from pg_namespace n where n.nspname = 'analytics_features')
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
$_$;

--
-- Name: FUNCTION call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text) IS 'What the hook adds to a product, or why it failed, without the product''s text. What is no product''s fault, such as a lock that is not to be had, it raises.';

--
-- Name: change_document(jsonb, text, boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean) RETURNS TABLE(products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $_$
#variable_conflict use_column
declare
  v_before text;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.document_fields'), 1);
  perform analytics_features.lock_source();
  begin
    -- With their places from before, so that the way back leads to the same text.
    perform analytics_features.remember_order();
    begin
      v_before := analytics_features.document_query();
    exception when sqlstate 'PE029' then
      -- A hook that is gone must not be in the way of doing without it; nothing can be compared then.
      if not changes_hook then
        raise;
      end if;
    end;
    if fields is not null then
      perform analytics_features.store_fields(fields);
    end if;
    if changes_hook then
      update analytics_features.settings s set document_hook = change_document.hook;
    end if;
    execute format(
      $sql$
        with
          changed as materialized (
            select
              a.product_id, a.error, a.texts,
              a.error is null and a.document_hash is distinct from b.document_hash as is_changed,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                analytics_features.shown_document(b.document, b.texts, b.weights)
              end as before,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                analytics_features.shown_document(a.document, a.texts, a.weights)
              end as after
            from (%s) a
            left join (%s) b on b.product_id = a.product_id
          )
        select
          count(*),
          count(*) filter (where c.is_changed),
          count(c.error),
          (
            select count(distinct hashtextextended(t.text, 0))
            from changed c
            cross join lateral unnest(c.texts) t (text)
            where c.is_changed and not exists (
              select
              from analytics_features.text_embeddings e
              where cardinality(c.texts) > 1 and e.model_id = analytics_features.active_model_id()
                and e.text_hash = sha256(convert_to(t.text, 'UTF8'))
            )
          ),
          (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('product_id', e.product_id, 'before', e.before, 'after', e.after, 'error', e.error)))
            from (
              (select * from changed c where c.is_changed order by c.product_id limit 3)
              union all
              (select * from changed c where c.error is not null order by c.product_id limit 1)
            ) e
          )
        from changed c
      $sql$,
      analytics_features.document_query(),
      coalesce(v_before, analytics_features.document_query())
    ) into products, changed_texts, failed, encodings, examples;
    if dry_run then
      raise exception using errcode = 'DRYRN';
    end if;
  exception when sqlstate 'DRYRN' then
    null;
  end;
  minutes := round((encodings / analytics_features.usual_throughput() / 60)::numeric, 1);
  if not coalesce(dry_run, false) then
    if changes_hook then
      -- What the former hook said of products; those that this one fails for as well are judged anew.
      delete from analytics_features.product_failures f where f.document_hash is null;
    end if;
    perform analytics_features.reconcile();
  end if;
  return next;
end
$_$;

--
-- Name: FUNCTION change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean) IS 'Changes fields or hook, or only shows what that would do: live products, how many texts change, of how many the hook fails, distinct texts to encode, minutes that takes at the usual pace, and a few examples. Queues what changed. Raises PE001, PE002, PE005, PE024, PE029.';

--
-- Name: check_index(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.check_index() RETURNS TABLE(used boolean, plan text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET cursor_tuple_fraction TO '0'
    AS $_$
declare
  v_type text := coalesce(analytics_features.search_index(), 'vector');
  v_line text;
begin
  for v_line in execute format(
    $sql$
      explain (costs off) declare nearest cursor for
        select e.product_id
        from analytics_features.product_embeddings e
        order by e.embedding%1$s operator(public.<->) array_fill(0, array[%2$s])::%3$s
    $sql$,
    case when v_type <> 'vector' then '::' || v_type end,
    (select a.atttypmod from pg_attribute a where a.attrelid = analytics_features.require_embeddings() and a.attname = 'embedding'),
    case when v_type <> 'vector' then v_type else 'public.vector' end
  ) loop
    plan := concat_ws(e'\n', plan, regexp_replace(v_line, E'\\[[0-9.,-]{100,}\\]', '[…]'));
  end loop;
  used := plan ~ 'Index Scan using';
  return next;
end
$_$;

--
-- Name: FUNCTION check_index(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.check_index() IS 'Whether the planner goes along an index when a search runs now, and its plan: for so few vectors that a sort is cheaper, it does not. Raises PE003.';

--
-- Name: claim_products(text, integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.claim_products(worker text, max_products integer DEFAULT 320, model_id integer DEFAULT NULL::integer) RETURNS TABLE(claim_id bigint, product_id bigint, document text, texts text[], weights double precision[], is_bulk boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_settings analytics_features.settings;
  v_model_id integer;
  v_active_id integer;
  v_claim_id bigint;
  -- With room for none it would look for one for ever.
  v_most integer := greatest(coalesce(max_products, 320), 1);
  v_chunk integer := v_most;
  v_ids bigint[];
  v_others bigint[];
  v_recipe text;
  v_found boolean;
begin
  perform analytics_features.require_embeddings();
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_queue'), 1);
  perform analytics_features.lock_source();
  perform analytics_features.lock_models();
  v_active_id := coalesce(analytics_features.active_model_id(), 0);
  v_model_id := coalesce(claim_products.model_id, v_active_id);
  select * into strict v_settings from analytics_features.settings s;
  -- Not before the locks: who waited for his turn would judge by what the fields were.
  v_recipe := analytics_features.words_recipe();
  perform analytics_features.worker_seen(worker);

  insert into analytics_features.product_claims as c (worker, model_id, lease_until)
  values (claim_products.worker, v_model_id, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;
  v_others := array(
    select c.claim_id
    from analytics_features.product_claims c
    where c.model_id = v_model_id and c.claim_id <> v_claim_id and c.lease_until > clock_timestamp()
  );

  -- What was noted since the worker last took changes up, which may be all.
  perform analytics_features.take_up_changes();
  loop
    v_ids := analytics_features.first_claimable(v_model_id, v_chunk);
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
        from analytics_features.product_queue q
        where q.product_id = any ($1) and q.model_id = $2
        group by q.product_id
      ),
      -- By text what other workers hold, the urgent first.
      elsewhere as materialized (
        select distinct on (q.document_hash, q.is_bulk) q.document_hash, q.is_bulk, q.claim_id
        from analytics_features.product_queue q
        where q.claim_id = any ($7)
        order by q.document_hash, q.is_bulk, q.claim_id
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
          o.claim_id as other_claim_id,
          case
            when d.product_id is null then 'vanished'
            when d.error is not null then 'hook failed'
            when e.document_hash = d.document_hash and e.model_id = $2 then 'unchanged'
            when t.product_id is not null then 'known'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= $3 then 'given up'
            when o.claim_id is not null then 'rides along'
            else 'to encode'
          end as verdict
        from candidate c
        left join analytics_features.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join analytics_features.%1$I e on e.product_id = c.product_id
        left join lateral (
          select t.product_id
          from analytics_features.%1$I t
          where t.document_hash = d.document_hash and t.model_id = $2
            and (e.document_hash, e.model_id) is distinct from (d.document_hash, $2)
          limit 1
        ) t on true
        left join analytics_features.product_failures f on f.product_id = c.product_id and f.model_id = $2
        -- What is urgent does not wait for what is not.
        left join lateral (
          select o.claim_id
          from elsewhere o
          where o.document_hash = d.document_hash and o.is_bulk <= c.is_bulk
          order by o.is_bulk
          limit 1
        ) o on true
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
        insert into analytics_features.%1$I as e (product_id, embedding, model_id, document_hash, tokens)
        select j.product_id, t.embedding, $2, j.document_hash, t.tokens
        from judged j
        join analytics_features.%1$I t on t.product_id = j.twin_id
        where j.verdict = 'known'
        on conflict (product_id) do update
        set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
          tokens = excluded.tokens, updated_at = now(), vanished_at = null
      ),
      vanished as (
        update analytics_features.%1$I e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update analytics_features.%1$I e
        set vanished_at = null
        from judged j
        where j.verdict not in ('vanished', 'known') and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into analytics_features.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
        select j.product_id, $2, j.document_hash, greatest(j.attempts, 1), coalesce(j.error, 'The worker that was encoding it did not come back.'), true
        from judged j
        where j.verdict in ('given up', 'hook failed')
        on conflict on constraint product_failures_key do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from analytics_features.product_failures f
        using judged j
        where f.product_id = j.product_id and f.model_id = $2 and j.verdict in ('vanished', 'unchanged', 'known')
      ),
      settled as (
        delete from analytics_features.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id and j.verdict not in ('to encode', 'rides along')
      ),
      claimed as (
        update analytics_features.product_queue q
        set claim_id = p.claim_id, attempts = p.attempts + 1, document_hash = p.document_hash
        from (
          select p.queue_ids, p.attempts, p.document_hash, $5 as claim_id from picked p
          union all
          select j.queue_ids, j.attempts, j.document_hash, j.other_claim_id from judged j where j.verdict = 'rides along'
        ) p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id
      )
    select $5, p.product_id, left(p.document, $6), array(select left(t, $6) from unnest(p.texts) with ordinality u (t, place) order by place), p.weights, p.is_bulk
    from picked p
    order by p.is_bulk, p.queue_id
    $claim$, analytics_features.embeddings_table(v_model_id))
    using v_ids, v_model_id, v_settings.max_attempts, v_most, v_claim_id, v_settings.max_document_characters, v_others;

    v_found := found;
    -- After the claim, so that the words are no older than what was judged. Mostly they are there already, and to look for that takes
    -- less than to render the documents once more.
    if v_model_id = v_active_id and exists (
      select
      from unnest(v_ids) i (product_id)
      left join analytics_features.product_queue q on q.product_id = i.product_id and q.model_id = v_model_id and q.claim_id = v_claim_id
      left join analytics_features.product_words w on w.product_id = i.product_id
      where q.queue_id is null or q.document_hash is distinct from w.document_hash or w.config is distinct from v_settings.words_config or w.recipe is distinct from v_recipe
    ) then
      perform analytics_features.index_words(v_ids);
    end if;
    exit when v_found or not (
      exists (select from analytics_features.claimable_queue q where q.model_id = v_model_id)
      or (select t.products from analytics_features.take_up_changes() t) > 0
    );
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from analytics_features.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from analytics_features.product_queue q where q.claim_id = c.claim_id);
end
$_$;

--
-- Name: FUNCTION claim_products(worker text, max_products integer, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.claim_products(worker text, max_products integer, model_id integer) IS 'Claims up to max_products products that are queued for a model, the active one when null, and whose document really changed, for settings.lease, and returns their documents, the texts that are encoded apart with what each counts (of one text: the document and 1), and whether the change was a large one, which come last; settles the others, giving those whose text another product has a copy of its vector, leaves those whose text another worker is encoding to that worker, and sets those aside that the hook failed for. No rows: nothing is left to do now. Raises PE001, PE002, PE003, PE005, PE029.';

--
-- Name: code_terms(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.code_terms(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

--
-- Name: FUNCTION code_terms(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.code_terms(value text) IS 'The terms under which the codes in a folded text are found, each with a leading #: whole without separators, and every stretch of neighbouring parts.';

--
-- Name: columns_changed(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.columns_changed() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (analytics_features.last_comparison()).document_columns is distinct from (
      select array_agg(c.column_name order by c.position)
      from analytics_features.source_columns c
      where c.in_document
    )
    or exists (
      select from analytics_features.source_expressions e where e.is_live <> analytics_features.product_is_live_sql('s')
    );
end
$$;

--
-- Name: FUNCTION columns_changed(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.columns_changed() IS 'Whether the columns in the documents, or those that say whether a product is live, are others than at the last comparison.';

--
-- Name: compare_models(integer, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compare_models(k integer DEFAULT 10, model text DEFAULT NULL::text) RETURNS TABLE(kind text, mode text, queries bigint, active_ndcg double precision, other_ndcg double precision, active_mrr double precision, other_mrr double precision, active_recall double precision, other_recall double precision, overlap double precision)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_other_id integer;
begin
  perform analytics_features.require_limit(k);
  perform analytics_features.lock_source();
  perform analytics_features.lock_embeddings();
  if compare_models.model is not null then
    v_other_id := analytics_features.find_model(compare_models.model);
  else
    select m.model_id into v_other_id
    from analytics_features.embedding_models m
    where m.is_kept
    order by m.activated_at is null desc, m.activated_at desc
    limit 1;
    if not found then
      raise exception 'There is no other model to compare with.'
        using errcode = 'PE031', hint = 'select analytics_features.prepare_model(''name'');';
    end if;
  end if;

  return query
    with
      hit as materialized (
        select g.query, g.kind, m.mode, m.place, o.is_other, r.product_id
        from (
          select g.query, min(g.kind) as kind
          from analytics_features.golden_queries g
          where analytics_features.query_embedding(g.query) is not null and analytics_features.query_embedding(g.query, v_other_id) is not null
          group by g.query
          offset 0
        ) g
        cross join (values ('vectors', 2), ('hybrid', 3)) m (mode, place)
        cross join (values (false), (true)) o (is_other)
        cross join lateral analytics_features.ranked_products(g.query, k, m.mode, case when o.is_other then v_other_id end) r
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
    from analytics_features.evaluate_search(k) with ordinality a (model, kind, mode, queries, ndcg, mrr, recall, unembedded, place)
    join analytics_features.evaluate_search(k, v_other_id) o on o.kind is not distinct from a.kind and o.mode = a.mode
    left join shared s on s.kind is not distinct from a.kind and s.mode = a.mode
    where a.mode <> 'words'
    order by a.place;
end
$$;

--
-- Name: FUNCTION compare_models(k integer, model text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.compare_models(k integer, model text) IS 'The active model and another whose vectors are kept (the prepared one when null), side by side on the golden queries, for each kind (null: all kinds) and for vectors and hybrid: nDCG@k, MRR, recall@k, and overlap@k, the share of the other''s first k that the active one has there too. Raises PE014, PE031, and what evaluate_search() raises, and warns as it does.';

--
-- Name: compose_document(text, text[], double precision[], jsonb, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key text;
  v_fact jsonb;
  v_type text;
  v_value text;
  v_facts text := '';
  v_of_facts integer;
  v_place integer;
  v_hashed text := '';
begin
  if error is not null then
    return;
  end if;
  document := plain;
  if facts is not null then
    for v_key, v_fact in select e.key, e.value from jsonb_each(facts) e loop
      v_type := jsonb_typeof(v_fact);
      v_value := case v_type
        when 'boolean' then case when v_fact = 'true' then 'yes' else 'no' end
        when 'array' then (
          select string_agg(nullif(btrim(a.value), ''), ', ' order by a.place)
          from jsonb_array_elements_text(v_fact) with ordinality a (value, place)
        )
        else v_fact #>> '{}'
      end;
      v_value := nullif(btrim(pg_catalog.normalize(v_value, 'NFC'), E' \t\r\n\u00a0'), '');
      continue when v_value is null;
      v_facts := v_facts || ' ' || pg_catalog.normalize(v_key, 'NFC') || ': ' || v_value || '.';
      if v_type in ('string', 'array', 'object') then
        fact_texts := fact_texts || v_value;
      end if;
    end loop;
    if v_facts <> '' then
      document := ltrim(document || v_facts);
      v_of_facts := array_position(group_weights, 1);
      groups[v_of_facts] := ltrim(groups[v_of_facts] || v_facts);
    end if;
  end if;

  for v_place in 1 .. cardinality(groups) loop
    continue when groups[v_place] = '';
    texts := texts || groups[v_place];
    weights := weights || group_weights[v_place];
    v_hashed := v_hashed || (group_weights[v_place] / weights[1]) || ' ' || length(groups[v_place]) || ' ' || groups[v_place];
  end loop;
  if cardinality(texts) > 1 then
    document_hash := sha256(convert_to(v_hashed, 'UTF8'));
  else
    document_hash := sha256(convert_to(document, 'UTF8'));
    texts := array[document];
    weights := '{1}';
  end if;
end
$$;

--
-- Name: FUNCTION compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]) IS 'A product''s document with the fields that a hook added: whole, its hash, the texts that are encoded apart with their weights (empty ones left out), and what the added fields say in words. All null after an error.';

--
-- Name: compute_model_status(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compute_model_status() RETURNS TABLE(model_id integer, name text, state text, dimension integer, revision text, "precision" text, max_tokens integer, products bigint, embedded bigint, coverage numeric, queued bigint, failed bigint, throughput numeric, time_to_go interval, has_index boolean, long_documents bigint, longest_document integer, spelled_out double precision, activated_at timestamp with time zone, error text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_model analytics_features.embedding_models;
  v_preparation analytics_features.model_preparation;
  v_source_products bigint;
begin
  perform analytics_features.lock_models();
  select * into v_preparation from analytics_features.model_preparation;
  select s.products into v_source_products from analytics_features.embedding_status s;
  for v_model in
    select m.*
    from analytics_features.embedding_models m
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
          (select count(*) from analytics_features.%1$I) - (select count(*) from analytics_features.%1$I e where e.vanished_at is not null),
          count(*), max(e.tokens)
        from analytics_features.%1$I e
        where e.tokens is not null
      $sql$,
      analytics_features.embeddings_table(v_model.model_id)
    ) into embedded, long_documents, longest_document;
    coverage := trunc(100.0 * least(embedded, products) / nullif(products, 0), 2);
    select count(distinct q.product_id) into queued from analytics_features.queued_products q where q.model_id = v_model.model_id;
    select count(*) into failed from analytics_features.product_failures f where f.model_id = v_model.model_id and f.set_aside;
    throughput := null;
    time_to_go := null;
    if queued > 0 then
      throughput := analytics_features.throughput(v_model.model_id);
      time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
    end if;
    has_index := analytics_features.has_index(v_model.model_id);
    state := case
      when v_model.is_active then 'active'
      when v_model.activated_at is not null then 'former'
      when v_model.error is not null then 'failed'
      when queued > 0 or embedded < products then 'preparing'
      when not has_index and (
        analytics_features.search_index() is not null
        or analytics_features.has_vectors(v_model.model_id, (select s.index_from_products from analytics_features.settings s))
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
$_$;

--
-- Name: FUNCTION compute_model_status(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.compute_model_status() IS 'The rows of model_status. Raises PE002, PE003.';

--
-- Name: compute_status(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compute_status(exact boolean DEFAULT true) RETURNS TABLE(source text, state text, products bigint, embedded bigint, coverage numeric, missing bigint, stale bigint, orphans bigint, held bigint, failed bigint, queued bigint, claimed bigint, oldest_wait interval, throughput numeric, time_to_go interval, source_exists boolean, triggers_attached boolean, compared_at timestamp with time zone, compared_queued bigint, unusable_ids bigint, duplicate_ids bigint, workers_alive bigint, worker_last_seen timestamp with time zone, model text, dimension integer, notes text[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_last analytics_features.source_log := analytics_features.last_comparison();
  v_source oid := analytics_features.source_relation();
  v_vectors bigint;
  v_queue record;
  v_wordless bigint := 0;
begin
  perform analytics_features.require_embeddings();
  select format('%I.%I', s.source_schema, s.source_table) into source from analytics_features.settings s;
  source_exists := v_source is not null;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from analytics_features.source_triggers t;
  select count(*) into v_vectors from analytics_features.product_embeddings;
  select count(*), count(*) filter (where v.held) into orphans, held from analytics_features.vanished_products() v;

  select * into v_queue from analytics_features.queue_summary(exact);
  queued := v_queue.queued;
  claimed := v_queue.claimed;
  failed := v_queue.failed;
  oldest_wait := clock_timestamp() - v_queue.oldest;

  select count(*) filter (where w.ended_at is null and w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
  into workers_alive, worker_last_seen
  from analytics_features.embedding_workers w;

  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from analytics_features.embedding_models m
  where m.is_active;

  compared_at := v_last.logged_at;
  compared_queued := v_last.queued;
  unusable_ids := v_last.unusable_ids;
  duplicate_ids := v_last.duplicate_ids;

  if exact and source_exists and analytics_features.may_read_source() and analytics_features.document_hook_problem() is null then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan'),
      count(*) filter (where d.state <> 'orphan' and d.has_words is not true)
    into products, embedded, missing, stale, orphans, v_wordless
    from analytics_features.embedding_difference() d;
    select s.unusable_ids, s.duplicate_ids into unusable_ids, duplicate_ids from analytics_features.source_shape() s;
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached)
    and not analytics_features.columns_changed()
  then
    embedded := v_vectors - orphans;
    -- A vector that somebody deleted is missing too, and nothing is queued for it yet.
    products := greatest(
      embedded + coalesce(v_queue.without_vector, 0),
      v_last.products - (
        select count(*) from analytics_features.product_embeddings e where e.vanished_at > v_last.logged_at
      )
    );
    missing := products - embedded;
    stale := coalesce(v_queue.with_vector, greatest(queued + failed - missing, 0));
  end if;
  -- Cut and not rounded: one product missing of a million is not 100 percent.
  coverage := trunc(100.0 * embedded / nullif(products, 0), 2);

  if queued > 0 then
    throughput := analytics_features.throughput(analytics_features.active_model_id());
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
    select s.note from analytics_features.status_notes() s
    union all
    select m.note from analytics_features.model_notes() m
    union all
    select format('%s of %s vectors are of vanished products, which is more than a clear-out looks like: none is deleted. Mend the source, or let them go: select analytics_features.release_vanished();', held, v_vectors)
    where held > 0
    union all
    select format('No worker is alive, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
    union all
    -- Which it is to be is for its owner to say: that is what the vectors were thrown away for.
    select format('No model is active since the vectors were thrown away, and %s products wait: start a worker anew, with the EMBEDDING_MODEL that it is to be; the others follow.', queued)
    where queued > 0 and workers_alive > 0 and model is null
    union all
    select format('The words of %s products are not as they are now; a worker takes them up, or: select analytics_features.index_words();', v_wordless)
    where v_wordless > 0
    union all
    select format('%s products could not be encoded: select * from analytics_features.product_failures;', failed)
    where failed > 0
  );
  return next;
end
$$;

--
-- Name: FUNCTION compute_status(exact boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.compute_status(exact boolean) IS 'How things stand, in the columns of embedding_status. Exact: compares every product with its vector, about 0.1 s for 10,000; otherwise from the last comparison on. Raises PE002, PE003.';

--
-- Name: connect_source(text, integer, text, text, text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.connect_source(host text, port integer, database text, user_name text, password text, source_schema text DEFAULT 'staging_staging'::text, source_table text DEFAULT 'stg_product'::text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $_$
#variable_conflict use_variable
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'analytics_features');
  v_options text[];
  v_state text;
  v_message text;
  v_detail text;
begin
  if host is null or port is null or database is null or user_name is null or source_schema is null or source_table is null then
    raise exception 'The address of the products is incomplete: of all arguments only the password may be null.'
      using errcode = 'PE154', hint = 'select analytics_features.connect_source(''host'', 5432, ''database'', ''user'', ''password'', ''schema'', ''table'');';
  end if;
  if current_user <> v_owner then
    raise exception 'Only %, whom our functions belong to, can connect them to the products of another database.', v_owner
      using errcode = 'PE154', hint = format('set role %I;  and call it again; or as that role: npm run migrate', v_owner);
  end if;
  perform analytics_features.require_fdw();
  perform analytics_features.lock_copy();

  if exists (select from pg_foreign_server s where s.srvname = 'product_embeddings_source') then
    execute format('alter server product_embeddings_source options (set host %L, set port %L, set dbname %L)', host, port, database);
  else
    execute format(
      $sql$
        create server product_embeddings_source foreign data wrapper postgres_fdw options (
          host %L, port %L, dbname %L,
          fetch_size '10000', use_remote_estimate 'false', updatable 'false', truncatable 'false', keep_connections 'off',
          connect_timeout '10', keepalives_idle '30', keepalives_interval '10', keepalives_count '3', tcp_user_timeout '60000',
          options '-c statement_timeout=600000 -c lock_timeout=60000'
        )
      $sql$,
      host, port, database
    );
    comment on server product_embeddings_source is 'The database that products are copied from; made by connect_source().';
  end if;

  select m.umoptions into v_options from pg_user_mappings m where m.srvname = 'product_embeddings_source' and m.usename = current_user;
  begin
    if not found then
      execute format('create user mapping for current_user server product_embeddings_source options (user %L)', user_name);
    else
      execute format('alter user mapping for current_user server product_embeddings_source options (set user %L)', user_name);
    end if;
    if password is not null then
      execute format(
        'alter user mapping for current_user server product_embeddings_source options (%s password %L)',
        case when exists (select from unnest(v_options) o where starts_with(o, 'password=')) then 'set' else 'add' end,
        password
      );
    end if;
  exception when others then
    -- Raised anew, as the statement in the context of the old one holds the password.
    raise exception 'The login of % could not be kept: %.', user_name, rtrim(sqlerrm, '.')
      using errcode = 'PE151', hint = 'See the message; the statement is: alter user mapping for current_user server product_embeddings_source options (…)';
  end;

  -- Made anew, so that they are what this version asks for.
  drop foreign table if exists analytics_features.upstream_namespaces, analytics_features.upstream_classes,
    analytics_features.upstream_attributes, analytics_features.upstream_types, analytics_features.source_upstream;
  create foreign table analytics_features.upstream_namespaces (oid oid, nspname name)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_namespace');
  create foreign table analytics_features.upstream_classes (oid oid, relname name, relnamespace oid, relkind "char")
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_class');
  create foreign table analytics_features.upstream_attributes (attrelid oid, attname name, atttypid oid, attnum smallint, attisdropped boolean)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_attribute');
  create foreign table analytics_features.upstream_types (oid oid, typname name, typnamespace oid, typtype "char", typcategory "char", typbasetype oid)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_type');

  insert into analytics_features.source_connection as c (source_schema, source_table)
  values (source_schema, source_table)
  on conflict (singleton) do update
  set source_schema = excluded.source_schema, source_table = excluded.source_table, connected_at = now(), next_at = null, error = null, failing_since = null;

  begin
    perform from analytics_features.upstream_columns();
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    if v_state = 'PE152' then
      raise;
    end if;
    raise exception 'The database of the products, %:%/%, cannot be reached as %: %.',
      host, port, database, user_name, analytics_features.copy_failure(v_state, v_message, v_detail)
      using errcode = 'PE151',
        hint = case
          when v_detail like '%password%' or v_message like '%password%'
            then 'Check STAGING_DB_USER and STAGING_DB_PASSWORD. Who is no superuser here needs a password there, and that server has to ask for it (scram-sha-256 in its pg_hba.conf).'
          else 'Check STAGING_DB_HOST, STAGING_DB_PORT and STAGING_DB_NAME: they are used from the database server, not from here. Then: npm run migrate'
        end;
  end;
  perform analytics_features.set_source('analytics_features', 'source_copy');
  begin
    perform from analytics_features.copy_upstream(true);
  exception when insufficient_privilege then
    raise exception '% may not read the products in the other database: %.', user_name, sqlerrm
      using errcode = 'PE152',
        hint = format('There, as their owner: grant usage on schema %I to %I; grant select on %1$I.%3$I to %2$I;', source_schema, user_name, source_table);
  end;
  perform analytics_features.attach_triggers();
  return (select c.rows from analytics_features.source_connection c);
end
$_$;

--
-- Name: FUNCTION connect_source(host text, port integer, database text, user_name text, password text, source_schema text, source_table text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.connect_source(host text, port integer, database text, user_name text, password text, source_schema text, source_table text) IS 'Takes the products from another PostgreSQL database: makes server, login, foreign table and a copy that is the source from then on, and fills it; returns how many products. Again for another address, login or table; a null password keeps the one there is. npm run migrate calls it with STAGING_DB_*. Raises PE150 to PE152, PE154.';

--
-- Name: copy_failure(text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.copy_failure(state text, message text, detail text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when starts_with(state, '22') then 'A column there has values that its type cannot take here'
    -- Whose view is in the way stands in the detail.
    when state = '2BP01' then format('%s: %s', message, replace(detail, E'\n', ', '))
    when detail is null or detail = '' or not starts_with(state, '08') and state not like '2F%' then rtrim(message, '.')
    -- libpq's sentences come a line each and repeat the address.
    else rtrim(regexp_replace(btrim(detail), E'\\s*\\n.*', ''), '.')
  end
$$;

--
-- Name: FUNCTION copy_failure(state text, message text, detail text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.copy_failure(state text, message text, detail text) IS 'Why the other database could not be read, from the error''s SQLSTATE, message and detail, without any product''s values.';

--
-- Name: copy_grants(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.copy_grants(from_table text, to_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
    where c.oid = to_regclass(format('analytics_features.%I', from_table)) and g.grantee <> c.relowner
  loop
    execute format('grant %s on analytics_features.%I to %s%s', v_grant.privilege, to_table, v_grant.grantee, v_grant.option);
  end loop;
end
$$;

--
-- Name: FUNCTION copy_grants(from_table text, to_table text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.copy_grants(from_table text, to_table text) IS 'Grants on one table of our schema, and on its columns, what is granted on another.';

--
-- Name: copy_notes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.copy_notes() RETURNS TABLE(note text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_connection analytics_features.source_connection;
begin
  select * into v_connection from analytics_features.source_connection;
  if not found then
    return;
  end if;
  if v_connection.error is not null then
    return query select format(
      'The products cannot be copied from the other database since %s: %s. Search goes on with the copy of %s. select * from analytics_features.source_copy_status;',
      date_trunc('second', v_connection.failing_since), v_connection.error, date_trunc('second', v_connection.copied_at)
    );
  elsif greatest(v_connection.copied_at, v_connection.next_at) < clock_timestamp() - 5 * v_connection.refresh_every then
    return query select format('The copy of the products is of %s; the worker refreshes it: npm run worker', date_trunc('second', v_connection.copied_at));
  end if;
  if v_connection.held > 0 then
    return query select format(
      '%s of %s products are gone in the other database, which is more than a clear-out looks like: they stay in the copy. Mend it there, or let them go: select analytics_features.release_copy();',
      v_connection.held, v_connection.rows
    );
  end if;
  if v_connection.unusable_ids > 0 then
    return query select format('%s rows in the other database have no usable product_id and are not copied.', v_connection.unusable_ids);
  end if;
  if v_connection.duplicate_ids > 0 then
    return query select format('%s product_ids stand in several rows in the other database; the newest row is copied.', v_connection.duplicate_ids);
  end if;
end
$$;

--
-- Name: FUNCTION copy_notes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.copy_notes() IS 'What is out of the ordinary about the copy of another database''s products, a sentence each; part of embedding_status.notes.';

--
-- Name: copy_upstream(boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.copy_upstream(is_full boolean, release boolean DEFAULT false) RETURNS TABLE(outcome text, inserted bigint, updated bigint, deleted bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
  if not analytics_features.follow_upstream() then
    select r.inserted, r.updated, r.deleted, r.held, r.unusable_ids, r.duplicate_ids
    into inserted, updated, deleted, v_held, v_unusable, v_duplicate
    from analytics_features.rebuild_copy(release) r;
    outcome := 'rebuilt';
    perform analytics_features.attach();
  else
    if not is_full then
      select count(*), string_agg(w.condition, ' or ') filter (where w.sign <> all (coalesce(c.seen, '{}')))
      into v_columns, v_condition
      from analytics_features.copy_window() w
      cross join analytics_features.source_connection c;
      is_full := v_columns = 0;
    end if;
    outcome := case when is_full then 'full' else 'incremental' end;
    if not is_full and v_condition is null then
      inserted := 0;
      updated := 0;
      deleted := 0;
      update analytics_features.source_connection c set copied_at = v_started;
      return next;
      return;
    end if;
    select
      string_agg(format('%I', a.attname), ', ' order by a.attnum),
      string_agg(format('c.%I', a.attname), ', ' order by a.attnum),
      string_agg(format('i.%I', a.attname), ', ' order by a.attnum)
    into v_names, v_copied, v_incoming
    from pg_attribute a
    where a.attrelid = 'analytics_features.source_copy'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id';
    execute format(
      $sql$
        with %1$s,
          updated as (
            update analytics_features.source_copy c
            set (%2$s) = row(%3$s)
            from incoming i
            where i._is_fetched and c.product_id = i.product_id and row(%4$s)::record operator(pg_catalog.*<>) row(%3$s)::record
            returning c.product_id
          ),
          inserted as (
            insert into analytics_features.source_copy (product_id, %2$s)
            select i.product_id, %3$s
            from incoming i
            where i._is_fetched and not exists (select from analytics_features.source_copy c where c.product_id = i.product_id)
            returning product_id
          ),
          gone as materialized (
            select c.product_id
            from analytics_features.source_copy c
            where %5$L and not exists (select from incoming i where i.product_id = c.product_id)
          ),
          hold as materialized (
            select count(*) as gone, not %6$L and count(*) > s.vanished_hold_share * (select count(*) from analytics_features.source_copy) as held
            from gone cross join analytics_features.settings s
            group by s.vanished_hold_share
          ),
          deleted as (
            delete from analytics_features.source_copy c
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
      analytics_features.incoming_sql(coalesce(v_condition, 'true'), not is_full),
      v_names, v_incoming, v_copied, is_full, release
    ) into inserted, updated, deleted, v_held, v_unusable, v_duplicate;
  end if;

  update analytics_features.source_connection c
  set
    copied_at = v_started,
    (watermark, seen) = (select string_agg(format('%s %s', w.column_name, w.mark), ', '), array_agg(w.sign) from analytics_features.copy_window() w),
    rows = case when outcome = 'incremental' then c.rows + inserted else (select count(*) from analytics_features.source_copy) end,
    full_at = case when outcome = 'incremental' then c.full_at else v_started end,
    held = case when outcome = 'incremental' then c.held else v_held end,
    unusable_ids = case when outcome = 'incremental' then c.unusable_ids else v_unusable end,
    duplicate_ids = case when outcome = 'incremental' then c.duplicate_ids else v_duplicate end;
  return next;
end
$_$;

--
-- Name: FUNCTION copy_upstream(is_full boolean, release boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.copy_upstream(is_full boolean, release boolean) IS 'Brings the copy up to the products in the other database: what is newer, or, full, all of it with deletes, which are held when they are too many, unless released. outcome: incremental, full, or rebuilt when the columns changed.';

--
-- Name: copy_window(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.copy_window() RETURNS TABLE(column_name text, mark text, condition text, sign text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_connection analytics_features.source_connection;
  v_column record;
  v_names text[];
  v_marks text[];
  v_conditions text[];
  v_counts text[];
  v_signs text[];
  v_mark text;
  v_from text;
begin
  select * into v_connection from analytics_features.source_connection;
  for v_column in
    select a.attname as name, a.atttypid::regtype as type
    from pg_attribute a
    where a.attrelid = to_regclass('analytics_features.source_copy') and a.attnum > 0 and not a.attisdropped
      and a.attname = any (coalesce(v_connection.time_columns, array['updated_at', 'ingested_at', 'dbt_valid_from']))
      and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
    order by a.attname
  loop
    execute format(
      'select max(c.%1$I)::text, format(''%%L::%3$s'', (max(c.%1$I) - %2$L::interval)::%3$s) from analytics_features.source_copy c where c.%1$I <= %4$s and isfinite(c.%1$I)',
      v_column.name, v_connection.overlap, v_column.type,
      case when v_column.type = 'timestamptz'::regtype then 'now()' else 'now() at time zone ''UTC'' + interval ''14 hours''' end
    ) into v_mark, v_from;
    v_names := v_names || v_column.name::text;
    v_marks := v_marks || v_mark;
    v_conditions := v_conditions || format(case when v_mark is null then 's.%I is not null' else 's.%I >= %s' end, v_column.name, v_from);
    v_counts := v_counts || format(
      case when v_mark is null then 'count(s.%I)::text'
        else 'concat(count(*) filter (where s.%1$I >= %2$s), '' '', sum(s.%1$I - %2$s) filter (where s.%1$I >= %2$s and isfinite(s.%1$I)))'
      end,
      v_column.name, v_from
    );
  end loop;
  if v_names is null or v_marks = array_fill(null::text, array[cardinality(v_names)]) then
    -- No time column, or none that says anything.
    return;
  end if;
  execute format('select array[%s] from analytics_features.source_upstream s where %s', array_to_string(v_counts, ', '), array_to_string(v_conditions, ' or '))
  into v_signs;
  return query
    select w.name, w.mark, w.condition, format('%s %s: %s', w.name, w.mark, w.sign)
    from unnest(v_names, v_marks, v_conditions, v_signs) w (name, mark, condition, sign);
end
$_$;

--
-- Name: FUNCTION copy_window(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.copy_window() IS 'For each time column how far the copy is, by which condition rows of the other database may be later, and a sign of what these are; no row when no column tells.';

--
-- Name: create_product_embeddings(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.create_product_embeddings(dimension integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_table text := 'product_embeddings';
  v_dimension integer;
  v_active_dimension integer := (
    select m.dimension from analytics_features.embedding_models m where m.is_active and m.activated_at is not null
  );
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_embeddings'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'analytics_features' and c.relname = 'product_embeddings' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension and v_dimension is distinct from v_active_dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s. For another model, prepare it beside this one, without a gap in search: select analytics_features.prepare_model(''name'');  or start the table over: select analytics_features.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The last index that was added tells that the table is complete.
  if to_regclass(format('analytics_features.%I', left(v_table, 40) || '_document_hash_idx')) is not null then
    return;
  end if;
  perform analytics_features.create_vector_table(v_table, coalesce(v_dimension, create_product_embeddings.dimension));
  perform analytics_features.create_vector_table(analytics_features.embeddings_table(m.model_id), m.dimension)
  from analytics_features.embedding_models m
  where m.is_kept;
end
$$;

--
-- Name: FUNCTION create_product_embeddings(dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.create_product_embeddings(dimension integer) IS 'Makes the table of vectors, or completes the one that is there, and those of models that are kept beside it; no effect when it is whole. Raises PE020 when its dimension is another and no model of that dimension was activated.';

--
-- Name: create_vector_table(text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.create_vector_table(table_name text, dimension integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $_$
declare
  v_table text := format('analytics_features.%I', create_vector_table.table_name);
  v_column text;
  v_comment text;
begin
  execute format(
    $sql$
      create table if not exists %s (
        product_id bigint primary key,
        embedding public.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    v_table, create_vector_table.dimension
  );

  execute format('delete from %s e where e.embedding is null or public.vector_norm(e.embedding) = 0', v_table);
  execute format(
    $sql$
      update %s e
      set embedding = public.l2_normalize(e.embedding)
      where abs(public.vector_norm(e.embedding) - 1) >= 0.001
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
        add constraint embedding_has_unit_length check (abs(public.vector_norm(embedding) - 1) < 0.001)
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
    'create or replace trigger _100_provenance before update on %s for each row execute function analytics_features.tg__embedding_provenance()',
    v_table
  );
end
$_$;

--
-- Name: FUNCTION create_vector_table(table_name text, dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.create_vector_table(table_name text, dimension integer) IS 'Makes a table of vectors in our schema, or completes the one that is there. Safe to repeat.';

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: source_expressions; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.source_expressions (
    singleton boolean DEFAULT true NOT NULL,
    columns text NOT NULL,
    product_id text NOT NULL,
    among text NOT NULL,
    is_live text NOT NULL,
    newest_row text NOT NULL,
    name text NOT NULL,
    vendor_code text NOT NULL,
    price text NOT NULL,
    CONSTRAINT source_expressions_singleton_check CHECK (singleton)
);

--
-- Name: TABLE source_expressions; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.source_expressions IS 'SQL over a source row s, kept by reconcile() for the columns that the source had.';

--
-- Name: COLUMN source_expressions.singleton; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.singleton IS 'Always true: there is one row.';

--
-- Name: COLUMN source_expressions.columns; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.columns IS 'Names and types of the columns that it was generated for (see source_signature).';

--
-- Name: COLUMN source_expressions.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.product_id IS 'product_id_sql().';

--
-- Name: COLUMN source_expressions.among; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.among IS 'product_ids_sql().';

--
-- Name: COLUMN source_expressions.is_live; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.is_live IS 'product_is_live_sql().';

--
-- Name: COLUMN source_expressions.newest_row; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.newest_row IS 'newest_row_sql().';

--
-- Name: COLUMN source_expressions.name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.name IS 'source_column_sql() of name.';

--
-- Name: COLUMN source_expressions.vendor_code; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.vendor_code IS 'source_column_sql() of vendor_code.';

--
-- Name: COLUMN source_expressions.price; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_expressions.price IS 'source_column_sql() of price.';

--
-- Name: current_expressions(regclass); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.current_expressions(source regclass) RETURNS analytics_features.source_expressions
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_expressions analytics_features.source_expressions;
begin
  select e.* into v_expressions
  from analytics_features.source_expressions e
  where e.columns = analytics_features.source_signature(current_expressions.source);
  if not found then
    v_expressions := analytics_features.generate_expressions();
  end if;
  return v_expressions;
end
$$;

--
-- Name: FUNCTION current_expressions(source regclass); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.current_expressions(source regclass) IS 'SQL over a source row for the columns that the source has now: what reconcile() kept, or generated if that is of other columns. Raises PE001, PE002.';

--
-- Name: cut_text(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.cut_text(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case when value ~ E'[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]'
    then regexp_replace(value, E'([\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff])', E' \\1 ', 'g')
    else value
  end;
end
$$;

--
-- Name: FUNCTION cut_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.cut_text(value text) IS 'A folded text in which each Chinese or Japanese letter stands apart, as a word.';

--
-- Name: deletions_of(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.deletions_of(sound text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION deletions_of(sound text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.deletions_of(sound text) IS 'A word and what it becomes without one of its letters; null for fewer than 3 or more than 24.';

--
-- Name: detach(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.detach() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.source_relation();
  v_trigger_name text;
begin
  -- Also those of the other level, from before the table was a subscription's or from then.
  for v_trigger_name in
    select g.tgname
    from pg_trigger g
    join pg_proc p on p.oid = g.tgfoid
    join pg_namespace n on n.oid = p.pronamespace
    where g.tgrelid = v_source and n.nspname = 'analytics_features' and p.proname in ('tg__product_changed', 'tg__product_replicated')
  loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

--
-- Name: FUNCTION detach(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.detach() IS 'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';

--
-- Name: detach_related(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.detach_related(relation text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_parts text[];
  v_trigger record;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    -- It is none of ours either.
    null;
  end;
  if not exists (select from analytics_features.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2])) then
    raise exception '% is no related table.', coalesce(relation, 'null')
      using errcode = 'PE028',
        hint = coalesce(
          (select 'There are ' || string_agg(distinct format('%I.%I', r.relation_schema, r.relation_name), ', ') || '.' from analytics_features.related_tables r),
          'There is none.'
        );
  end if;
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name
    from analytics_features.related_triggers t
    where t.attached and (t.relation_schema, t.relation_name) = (v_parts[1], v_parts[2])
  loop
    execute format('drop trigger %I on %s', v_trigger.trigger_name, v_trigger.relation);
  end loop;
  delete from analytics_features.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2]);
end
$$;

--
-- Name: FUNCTION detach_related(relation text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.detach_related(relation text) IS 'Takes our triggers off a related table and forgets it; what changes there is still found by comparing. Raises PE028, and 42501.';

--
-- Name: disconnect_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.disconnect_source() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_connection analytics_features.source_connection;
begin
  select * into v_connection from analytics_features.source_connection;
  if not found then
    raise exception 'The products are not in another database.'
      using errcode = 'PE153', hint = 'Nothing is to be done; select source from analytics_features.embedding_status says where they are.';
  end if;
  perform analytics_features.lock_copy();
  perform analytics_features.set_source(v_connection.source_schema, v_connection.source_table);
  drop foreign table if exists analytics_features.upstream_namespaces, analytics_features.upstream_classes,
    analytics_features.upstream_attributes, analytics_features.upstream_types, analytics_features.source_upstream;
  drop table if exists analytics_features.source_copy;
  -- Without cascade: it fails while a foreign table of somebody else's uses the server.
  drop user mapping if exists for current_user server product_embeddings_source;
  drop server if exists product_embeddings_source;
  delete from analytics_features.source_connection;
  raise notice 'The copy, its foreign table, server and login are gone. Left are the vectors, which go after their grace unless the products are in %.% here by then, and the extension postgres_fdw.',
    quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table);
end
$$;

--
-- Name: FUNCTION disconnect_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.disconnect_source() IS 'Takes back what connect_source() made: copy, foreign tables, login, server; the source is the table of the same name in this database then. Vectors and the extension stay. Raises PE153.';

--
-- Name: doctor(jsonb, name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor(client jsonb DEFAULT '{}'::jsonb, role_name name DEFAULT CURRENT_USER) RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_hint text;
begin
  begin
    return query select * from analytics_features.doctor_server(doctor.client, doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'server', 'error', sqlerrm, nullif(v_hint, '');
  end;
  begin
    return query select * from analytics_features.doctor_migrations(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'migrations', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from analytics_features.doctor_rights(doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'rights', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from analytics_features.doctor_jobs();
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'jobs', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from analytics_features.doctor_status(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select case sqlstate when 'PE003' then 'vectors' else 'source' end, 'error', sqlerrm, nullif(v_hint, '');
  end;
end
$$;

--
-- Name: FUNCTION doctor(client jsonb, role_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor(client jsonb, role_name name) IS 'What is as it should be, what is not (state ok, warning or error) and what to do about it, a row a finding; npm run doctor adds what the database cannot see. client: what who asks has of migrations (file to hash), jobs_version, dimension, model, revision, source, connections and now, each optional. role_name: whose rights. Raises nothing.';

--
-- Name: doctor_jobs(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor_jobs() RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_stuck text;
  v_failed text;
begin
  select string_agg(format('%s since %s', t.identifier, to_char(j.locked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), ', ' order by j.locked_at) into v_stuck
  from graphile_worker._private_jobs j
  join graphile_worker._private_tasks t on t.id = j.task_id
  where j.locked_at < now() - interval '1 hour';
  select string_agg(f.task, ', ' order by f.task) into v_failed
  from (
    select format('%s (%s)', t.identifier, count(*))
    from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id
    where j.attempts >= j.max_attempts and j.locked_at is null
    group by t.identifier
  ) f (task);
  return query
    select
      'jobs',
      'warning',
      format('Jobs are held by a worker that does not end them: %s (UTC).', v_stuck),
      'If those workers are gone: select graphile_worker.force_unlock_workers(array(select distinct locked_by from graphile_worker.jobs where locked_at < now() - interval ''1 hour''));'
    where v_stuck is not null;
  return query
    select
      'jobs',
      'warning',
      format('Jobs failed and are not tried again: %s.', v_failed),
      'See why: select task_identifier, last_error from graphile_worker.jobs where attempts >= max_attempts;  then away with them: select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where attempts >= max_attempts));'
    where v_failed is not null;
  return query select 'jobs', 'ok', 'None is stuck, none has failed for good.', null where v_stuck is null and v_failed is null;
end
$$;

--
-- Name: FUNCTION doctor_jobs(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor_jobs() IS 'The part of doctor() about graphile-worker''s jobs: held too long, or failed for good.';

--
-- Name: doctor_migrations(jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor_migrations(client jsonb) RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION doctor_migrations(client jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor_migrations(client jsonb) IS 'The part of doctor() about migrations, ours and the job queue''s, against those that the client has.';

--
-- Name: doctor_rights(name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor_rights(role_name name) RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'analytics_features');
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
      select 'usage of analytics_features' where not has_schema_privilege(v_group, 'analytics_features', 'usage')
      union all
      select c.relname::text
      from pg_class c
      where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v')
        and case v_group
          when 'product_embeddings_worker' then not has_table_privilege(v_group, c.oid, 'select')
            or c.relkind = 'r' and c.relname not in ('source_expressions', 'source_connection', 'settings')
              and not (has_table_privilege(v_group, c.oid, 'insert') and has_table_privilege(v_group, c.oid, 'update') and has_table_privilege(v_group, c.oid, 'delete'))
            or c.relname = 'settings' and not has_any_column_privilege(v_group, c.oid, 'update')
          when 'product_embeddings_attacher' then c.relname in ('product_embeddings', 'embedding_status', 'settings', 'source_triggers') and not has_table_privilege(v_group, c.oid, 'select')
          else c.relname = 'embedding_status' and not has_table_privilege(v_group, c.oid, 'select')
        end
      union all
      select distinct p.proname || '()'
      from pg_proc p
      where p.pronamespace = 'analytics_features'::regnamespace and not has_function_privilege(v_group, p.oid, 'execute')
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
        case when v_lacks is not null then format('As %s: select analytics_features.grant_roles();', v_owner) end;
  end loop;

  return query
    select 'rights', 'error', format('Everybody may call %s, with our owner''s rights.', string_agg(p.proname || '()', ', ' order by p.proname)),
      format('As %s: select analytics_features.grant_roles();', v_owner)
    from pg_proc p
    where p.pronamespace = 'analytics_features'::regnamespace and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
    having count(*) > 0;
end
$$;

--
-- Name: FUNCTION doctor_rights(role_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor_rights(role_name name) IS 'The part of doctor() about rights: the role''s, each group''s, and nobody else''s.';

--
-- Name: doctor_server(jsonb, name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor_server(client jsonb, role_name name) RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
      where n.nspname = 'analytics_features' and (pg_has_role(doctor_server.role_name, n.nspowner, 'usage') or pg_has_role(doctor_server.role_name, r.oid, 'usage'))
    );

  for v_extension in
    select w.extname, w.schema_name, e.extversion as version, n.nspname as found_in,
      string_to_array(substring(e.extversion from '^[0-9]+(?:[.][0-9]+)*'), '.')::integer[] as numbers
    from (values ('vector', 'public'), ('pg_trgm', 'public')) w (extname, schema_name)
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
            and (l.classid, l.objid, l.objsubid) = (hashtext('analytics_features.product_changes')::oid, 2::oid, 2)
        )
    order by a.pid;

  select string_agg(o.what, ', ') into v_off
  from (
    select c.oid::regclass::text || ' (autovacuum_enabled)'
    from pg_class c
    where c.relnamespace = 'analytics_features'::regnamespace and c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
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
$_$;

--
-- Name: FUNCTION doctor_server(client jsonb, role_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor_server(client jsonb, role_name name) IS 'The part of doctor() about the server: version, extensions, connections, locks, autovacuum, clock.';

--
-- Name: doctor_status(jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.doctor_status(client jsonb) RETURNS TABLE(check_name text, state text, finding text, fix text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_status record;
  v_dimension integer;
  v_named text := client ->> 'source';
  v_index text;
begin
  select * into v_status from analytics_features.compute_status(exact => false);

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
          ('comparison', 'The last % failed%', 'error', 'select * from analytics_features.source_log order by log_id desc limit 10;'),
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
              case when analytics_features.search_index() is null then 'None, and none is needed for so few vectors.' else 'Search can go along an index.' end,
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

  select string_agg(i.index_name, ', ') into v_index from analytics_features.vector_indexes i where not i.valid and i.phase is null;
  return query
    select 'index', 'warning', format('Left by a build that failed: %s. It costs every writer and serves no search.', v_index),
      format('drop index concurrently analytics_features.%s;', replace(v_index, ', ', ', analytics_features.'))
    where v_index is not null;

  select a.atttypmod into v_dimension
  from pg_attribute a
  where a.attrelid = analytics_features.require_embeddings() and a.attname = 'embedding' and not a.attisdropped;
  return query
    select 'vectors', 'error', format('The configured dimension (%s) is not that of the stored vectors (%s).', client ->> 'dimension', v_dimension),
      format('PGVECTOR_EMBEDDING_DIM=%s, or another model: docs/changing-the-model.md', v_dimension)
    where (client ->> 'dimension')::integer <> v_dimension
      -- What the variable says of a table whose model was changed since is of the past.
      and not exists (select from analytics_features.embedding_models m where m.is_active and m.activated_at is not null);
  return query
    select 'vectors', 'warning', format('The model here is %s (%s), and the stored vectors are of %s.', client ->> 'model', client ->> 'revision', v_status.model),
      'Leave EMBEDDING_MODEL out, or let it name that one; to change the model: docs/changing-the-model.md'
    where client ? 'revision' and not exists (
        select from analytics_features.embedding_models m
        where m.is_kept and (m.name, m.revision) = (client ->> 'model', client ->> 'revision')
      )
      and strpos(v_status.model, format('%s (%s', client ->> 'model', client ->> 'revision')) = 0;
  return query
    select 'vectors', 'ok', format('%s components; the model is %s.', v_dimension, coalesce(v_status.model, 'none yet: no worker came')), null
    where (client ->> 'dimension')::integer is not distinct from v_dimension or not client ? 'dimension'
      or exists (select from analytics_features.embedding_models m where m.is_active and m.activated_at is not null);

  return query
    select 'source', 'warning', format('The settings here name the source %s, and the database reads %s.', v_named, v_status.source),
      'Correct STAGING_DB_SCHEMA and STAGING_DB_TABLE here, or write them to the database: npm run migrate'
    -- Of a copy requireConnected() says it.
    where v_named <> v_status.source and not exists (select from analytics_features.source_copy_status);
end
$_$;

--
-- Name: FUNCTION doctor_status(client jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.doctor_status(client jsonb) IS 'The part of doctor() about source, triggers, comparison, workers, products, index and vectors: the status and its notes, a finding each. Raises PE002, PE003.';

--
-- Name: document_groups_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_groups_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(analytics_features.document_sql(alias, w.weight), ', ' order by w.weight desc))
    from unnest(analytics_features.document_weights()) w (weight)
  );
end
$$;

--
-- Name: FUNCTION document_groups_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_groups_sql(alias text) IS 'SQL expression for the text of each group of fields of a source row as text[], in the order of document_weights(), empty ones too; alias names the row.';

--
-- Name: document_hook(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_hook() RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_name text := (select s.document_hook from analytics_features.settings s);
begin
  return case when v_name is not null then analytics_features.require_hook(v_name) end;
end
$$;

--
-- Name: FUNCTION document_hook(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_hook() IS 'The function that adds fields to the documents, as it is now; null when there is none. Raises PE029 when it cannot be used any more.';

--
-- Name: document_hook_problem(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_hook_problem() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.document_hook();
  return null;
exception when sqlstate 'PE029' then
  return sqlerrm;
end
$$;

--
-- Name: FUNCTION document_hook_problem(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_hook_problem() IS 'Why the hook cannot be used any more; null when it can, or when there is none.';

--
-- Name: document_query(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_query() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_hook oid := analytics_features.document_hook();
  v_weights double precision[] := analytics_features.document_weights();
  v_composed boolean := v_hook is not null or cardinality(v_weights) > 1;
begin
  return format(
    case
      when v_composed then $sql$
        select q.product_id, c.document, c.document_hash, q.name, q.texts || c.fact_texts as word_texts, c.texts, c.weights, f.error
        from (%s) q
        cross join lateral %s f
        cross join lateral analytics_features.compose_document(q.document, q.groups, %L, f.facts, f.error) c
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
      analytics_features.product_id_sql('s'),
      analytics_features.product_is_live_sql('s'),
      analytics_features.document_sql('s'),
      analytics_features.require_source(),
      analytics_features.first_row_sql('s'),
      analytics_features.source_column_sql('s', 'name', 'text'),
      analytics_features.document_texts_sql('s'),
      case when v_composed then format(', %s as groups', analytics_features.document_groups_sql('s')) end,
      case when v_hook is not null then ', pg_catalog.to_jsonb(s.*) as product' end
    ),
    case
      when v_hook is null then '(select null::pg_catalog.jsonb as facts, null::pg_catalog.text as error)'
      else format('analytics_features.call_document_hook(%s, q.product)', v_hook)
    end,
    v_weights
  );
end
$_$;

--
-- Name: FUNCTION document_query(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_query() IS 'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, word_texts text[], texts text[], weights double precision[], error text), one row each. texts are what is encoded apart and weights what each counts; where a hook failed, error says why, and document, hash, texts and weights are null. Raises PE001, PE002, PE029.';

--
-- Name: document_sql(text, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_sql(alias text, weight double precision DEFAULT NULL::double precision) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
      from analytics_features.source_columns c
      join pg_type t on t.oid = c.type
      cross join lateral (select case when c.label = '' then '' else c.label || ': ' end as prefix) p
      where c.in_document and (document_sql.weight is null or c.weight = document_sql.weight)
    ) f
  );
end
$_$;

--
-- Name: FUNCTION document_sql(alias text, weight double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_sql(alias text, weight double precision) IS 'SQL expression for the document of a source row, or for its fields of one weight: `label: value. ` for each column in the order of source_columns, booleans yes/no, nulls and blanks skipped; alias names the row.';

--
-- Name: document_texts_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_texts_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(format('%I.%I::pg_catalog.text', alias, c.column_name), ', ' order by c.position))
    from analytics_features.source_columns c
    join pg_type t on t.oid = c.type
    where c.in_document and c.column_name <> 'name'
      and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
  );
end
$$;

--
-- Name: FUNCTION document_texts_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_texts_sql(alias text) IS 'SQL expression for the texts of a source row but its name, as text[]: the columns of text, arrays, enums and json that are in the document; alias names the row.';

--
-- Name: document_weights(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_weights() RETURNS double precision[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(array_agg(w.weight order by w.weight desc), '{1}')
    from (
      select c.weight from analytics_features.source_columns c where c.in_document
      union
      -- What a hook adds has no weight of its own.
      select 1 from analytics_features.settings s where s.document_hook is not null
    ) w
  );
end
$$;

--
-- Name: FUNCTION document_weights(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_weights() IS 'The weights that fields of the document have, the heaviest first: a group of fields that are encoded together each.';

--
-- Name: drop_model(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.drop_model(model text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_bound text;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
  delete from analytics_features.model_preparation p where p.model = drop_model.model and p.model_id is null;
  if found then
    return;
  end if;
  v_model_id := analytics_features.find_model(drop_model.model);
  if v_model_id = analytics_features.active_model_id() then
    raise exception 'The model % is the active one.', drop_model.model
      using errcode = 'PE031', hint = 'Only one that is prepared, or the former one, can be dropped: select * from analytics_features.model_status;';
  end if;
  begin
    execute format('drop table if exists analytics_features.%I', analytics_features.embeddings_table(v_model_id));
  exception when dependent_objects_still_exist then
    get stacked diagnostics v_bound = pg_exception_detail;
    raise exception 'Something is bound to the vectors of %, and would go with them.', drop_model.model
      using errcode = 'PE033', detail = v_bound, hint = 'Drop it, or make it anew over the active model''s vectors, as dbt run does, and call this again.';
  end;
  update analytics_features.embedding_models m set is_kept = false, activated_at = null where m.model_id = v_model_id;
  delete from analytics_features.model_preparation p where p.model_id = v_model_id;
  delete from analytics_features.product_changes c where c.model_id = v_model_id;
  delete from analytics_features.product_queue q where q.model_id = v_model_id;
  delete from analytics_features.product_failures f where f.model_id = v_model_id;
  delete from analytics_features.text_embeddings t where t.model_id = v_model_id;
  delete from analytics_features.query_embeddings q where q.model_id = v_model_id;
end
$$;

--
-- Name: FUNCTION drop_model(model text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.drop_model(model text) IS 'Gives up a model that is prepared, or the former one, with its vectors: by name, folder or number. Raises PE031 for the active one and for one that is not kept, PE033 for views that are bound to its vectors.';

--
-- Name: drop_vanished(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.drop_vanished(only_if_due boolean) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_queue'), 1);
  perform analytics_features.unmark_returned();
  perform analytics_features.lock_words();
  with
    dropped as (
      delete from analytics_features.product_embeddings e
      using analytics_features.vanished_products() v
      where e.product_id = v.product_id and (not only_if_due or v.due_at <= now() and not v.held)
      returning e.product_id, e.vanished_at
    ),
    wordless as (
      delete from analytics_features.product_words w using dropped d where w.product_id = d.product_id
    ),
    recounted as (
      update analytics_features.source_log l
      set products = l.products - (select count(*) from dropped d where d.vanished_at > l.logged_at)
      where l.log_id = (analytics_features.last_comparison()).log_id
    )
  select count(*) into v_rows from dropped;
  perform analytics_features.drop_vanished_elsewhere();
  return v_rows;
end
$$;

--
-- Name: FUNCTION drop_vanished(only_if_due boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.drop_vanished(only_if_due boolean) IS 'Deletes vectors and words of vanished products, all of them or those that are due; returns how many. What sweep_vanished() and release_vanished() share. Raises PE001, PE002, PE003, PE005.';

--
-- Name: drop_vanished_elsewhere(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.drop_vanished_elsewhere() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_table text;
begin
  perform analytics_features.lock_models();
  for v_table in
    select analytics_features.embeddings_table(m.model_id) from analytics_features.embedding_models m where m.is_kept
  loop
    execute format(
      $sql$
        delete from analytics_features.%I e
        where e.vanished_at is not null
          and not exists (select from analytics_features.product_embeddings a where a.product_id = e.product_id)
      $sql$,
      v_table
    );
  end loop;
end
$_$;

--
-- Name: FUNCTION drop_vanished_elsewhere(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.drop_vanished_elsewhere() IS 'Deletes vectors of vanished products that the active model has none of any more, from the tables of the other models.';

--
-- Name: duplicate_products(double precision, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.duplicate_products(threshold double precision DEFAULT 0.05, max_results integer DEFAULT 1000) RETURNS TABLE(product_id bigint, name text, duplicate_id bigint, duplicate_name text, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'relaxed_order'
    AS $_$
begin
  perform analytics_features.lock_source();
  perform analytics_features.lock_embeddings();
  perform analytics_features.require_limit(max_results, 100000);
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
          from analytics_features.product_embeddings e
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
            select o.product_id, o.document_hash, o.model_id, o.embedding operator(public.<=>) e.embedding as distance
            from analytics_features.product_embeddings o
            where o.product_id <> e.product_id
              -- "is true" makes it a look-up in a hash; as a join it would read all products at every hit.
              and (o.product_id in (select p.product_id from products p)) is true
            -- Vectors have unit length: L2 gives the order of cosine, and the l2 index serves it.
            order by o.embedding%2$s operator(public.<->) e.embedding%2$s
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
    analytics_features.live_products_query(),
    -- An index over halves serves only an order by halves.
    '::' || nullif(analytics_features.search_index(), 'vector')
  ) using threshold, max_results;
end
$_$;

--
-- Name: FUNCTION duplicate_products(threshold double precision, max_results integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.duplicate_products(threshold double precision, max_results integer) IS 'Pairs of live products that may be one product entered twice, nearest first, each pair once: cosine distance at most threshold (0 to 2), among the ten nearest of either; and all of one text, at distance 0. max_results: 1 to 100000. Raises PE001 to PE003, PE005, PE014, PE018.';

--
-- Name: embed_query(text, interval); Type: PROCEDURE; Schema: analytics_features; Owner: -
--

CREATE PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval DEFAULT '00:00:10'::interval)
    LANGUAGE plpgsql
    AS $$
declare
  v_deadline timestamptz := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(max_wait, '10 seconds');
begin
  if analytics_features.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if analytics_features.request_query(query) then
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
  while not analytics_features.request_query(query) loop
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

--
-- Name: PROCEDURE embed_query(IN query text, IN max_wait interval); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval) IS 'Has the worker encode a query and waits until it is done, max_wait at the most (null for 10 seconds): call embed_query(''тормозные колодки''); Not inside a transaction. Raises PE019, PE026, and PE036 at once on a standby and where a transaction is read-only.';

--
-- Name: embedding_difference(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.embedding_difference(model_id integer DEFAULT NULL::integer) RETURNS TABLE(product_id bigint, state text, document_hash bytea, has_words boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $_$
declare
  v_model_id integer;
begin
  perform analytics_features.require_embeddings();
  perform analytics_features.lock_source();
  perform analytics_features.lock_models();
  v_model_id := coalesce(embedding_difference.model_id, analytics_features.active_model_id(), 0);
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
      full join analytics_features.%I e on e.product_id = d.product_id
      left join analytics_features.product_words w on w.product_id = d.product_id
    $sql$,
    analytics_features.document_query(), analytics_features.embeddings_table(v_model_id)
  ) using v_model_id, (select s.words_config from analytics_features.settings s), analytics_features.words_recipe();
end
$_$;

--
-- Name: FUNCTION embedding_difference(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embedding_difference(model_id integer) IS 'Each product and vector of a model, the active one when null: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005, PE029, PE031.';

--
-- Name: embeddings_dependents(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.embeddings_dependents(model_id integer DEFAULT NULL::integer) RETURNS TABLE(relation text, kind text, can_follow boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct
    d.relation::regclass::text,
    case d.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'foreign key' end,
    d.relkind = 'v' and pg_has_role(d.relowner, 'usage')
      -- A column of another dimension is of another type, which a view cannot take over.
      and not exists (
        select
        from pg_attribute a
        where a.attrelid = d.relation and a.attnum > 0 and a.atttypid = 'public.vector'::regtype and a.atttypmod <> -1
          and a.atttypmod is distinct from coalesce((
            select m.dimension
            from analytics_features.embedding_models m
            where m.model_id = coalesce(embeddings_dependents.model_id, (select p.model_id from analytics_features.model_preparation p))
          ), a.atttypmod)
      )
  from (
    select c.oid as relation, c.relkind, c.relowner
    from pg_depend p
    join pg_rewrite r on r.oid = p.objid
    join pg_class c on c.oid = r.ev_class
    where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_class'::regclass
      and p.refobjid = to_regclass('analytics_features.product_embeddings') and c.oid <> p.refobjid
    union all
    select f.conrelid, 'f', null
    from pg_constraint f
    where f.contype = 'f' and f.confrelid = to_regclass('analytics_features.product_embeddings')
  ) d
  order by 1
$$;

--
-- Name: FUNCTION embeddings_dependents(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embeddings_dependents(model_id integer) IS 'Views, materialized views and foreign keys that are bound to the table of vectors, and whether activate_model() takes them along to this model, the prepared one when null; the others have to be dropped before it, and made again after.';

--
-- Name: embeddings_table(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.embeddings_table(model_id integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if coalesce(embeddings_table.model_id, 0) = 0 or embeddings_table.model_id = analytics_features.active_model_id() then
    return 'product_embeddings';
  end if;
  if not exists (select from analytics_features.embedding_models m where m.model_id = embeddings_table.model_id and m.is_kept) then
    raise exception 'No vectors are kept of a model %.', embeddings_table.model_id
      using errcode = 'PE031', hint = 'select model_id, name, state from analytics_features.model_status;';
  end if;
  return 'product_embeddings' || '_' || embeddings_table.model_id;
end
$$;

--
-- Name: FUNCTION embeddings_table(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embeddings_table(model_id integer) IS 'Name of the table in our schema that holds a model''s vectors: product_embeddings for the active one, for null and for 0, else that with the model''s number behind it. Raises PE031 for a model of which none are kept.';

--
-- Name: evaluate_search(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.evaluate_search(k integer DEFAULT 10, model_id integer DEFAULT NULL::integer) RETURNS TABLE(model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_other_id integer;
  v_model record;
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform analytics_features.lock_source();
  perform analytics_features.lock_embeddings();
  v_other_id := nullif(evaluate_search.model_id, analytics_features.active_model_id());
  select s.name, s.products, greatest(s.products - s.embedded, s.queued) as waiting into v_model
  from analytics_features.model_status s
  where s.model_id = coalesce(v_other_id, analytics_features.active_model_id());
  if v_model.waiting > 0 then
    raise warning '% of % products have no vector of % yet, or one of a former text: figures with vectors are not what they will be.',
      v_model.waiting, v_model.products, v_model.name;
  end if;

  return query
    with
      judged as materialized (
        select g.query, g.product_id, g.grade
        from analytics_features.golden_queries g
        join analytics_features.product_documents((
          select array_agg(distinct r.product_id) from analytics_features.golden_queries r where r.grade > 0
        )) d on d.product_id = g.product_id
        where g.grade > 0
      ),
      asked as materialized (
        select g.query, min(g.kind) as kind, analytics_features.query_embedding(g.query, v_other_id) is not null as is_embedded
        from analytics_features.golden_queries g
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
        cross join lateral analytics_features.ranked_products(r.query, evaluate_search.k, r.mode, v_other_id) with ordinality h
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
      (select m.name from analytics_features.embedding_models m where m.model_id = coalesce(v_other_id, analytics_features.active_model_id())),
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

--
-- Name: FUNCTION evaluate_search(k integer, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.evaluate_search(k integer, model_id integer) IS 'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Warns while products wait to be encoded. model_id: another model whose vectors are kept, null for the active one. Raises PE001 to PE003, PE005, PE014, PE029 and PE031.';

--
-- Name: extend_claim(bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.extend_claim(claim_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if exists (select from analytics_features.product_queue q where q.claim_id = extend_claim.claim_id) then
    update analytics_features.product_claims c
    set lease_until = clock_timestamp() + (select s.lease from analytics_features.settings s)
    where c.claim_id = extend_claim.claim_id;
  else
    perform analytics_features.release_claim(extend_claim.claim_id);
  end if;
end
$$;

--
-- Name: FUNCTION extend_claim(claim_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.extend_claim(claim_id bigint) IS 'Moves the lease of a claim on from now, or ends the claim when it holds nothing any more.';

--
-- Name: fail_model(integer, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fail_model(model_id integer, error text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.embedding_models m
  set error = left(fail_model.error, 1000)
  where m.model_id = fail_model.model_id and m.error is distinct from left(fail_model.error, 1000)
$$;

--
-- Name: FUNCTION fail_model(model_id integer, error text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_model(model_id integer, error text) IS 'Notes why a worker could not load a model whose vectors are kept; null when it could.';

--
-- Name: fail_preparation(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fail_preparation(error text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.model_preparation p
  set attempts = p.attempts + 1, error = left(fail_preparation.error, 1000)
  where p.model_id is null
$$;

--
-- Name: FUNCTION fail_preparation(error text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_preparation(error text) IS 'Notes that a worker could not load the model that is to be prepared, and why.';

--
-- Name: fail_products(bigint, bigint[], text[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_settings analytics_features.settings;
  v_set_aside bigint;
begin
  select * into strict v_settings from analytics_features.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.model_id, q.document_hash, q.attempts
      from analytics_features.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into analytics_features.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
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
      update analytics_features.product_queue q
      set claim_id = null,
        available_at = now() + v_settings.retry_after * power(2, least(f.attempts - 1, 20))
      from held h
      join failed f on f.product_id = h.product_id
      where q.model_id = h.model_id and q.queue_id = h.queue_id and not f.set_aside
    ),
    done as (
      delete from analytics_features.product_queue q
      using held h, failed f
      where q.model_id = h.model_id and q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select count(*) into v_set_aside from failed f where f.set_aside;

  perform analytics_features.note_activity(claim_id, 0, cardinality(product_ids));
  perform analytics_features.extend_claim(claim_id);
  return v_set_aside;
end
$$;

--
-- Name: FUNCTION fail_products(claim_id bigint, product_ids bigint[], errors text[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) IS 'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';

--
-- Name: fail_query(text, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fail_query(query text, error text, model_id integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  from (
    select u.query, u.model_id
    from analytics_features.query_embeddings u
    where u.query = analytics_features.query_key(fail_query.query)
      and u.model_id = coalesce(fail_query.model_id, analytics_features.active_model_id())
    for update skip locked
  ) u
  where q.query = u.query and q.model_id = u.model_id
$$;

--
-- Name: FUNCTION fail_query(query text, error text, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_query(query text, error text, model_id integer) IS 'Notes that a query could not be encoded with a model, the active one when null, and why.';

--
-- Name: filter_sql(text, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.filter_sql(alias text, filter jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
      select c.type::oid as oid from analytics_features.source_columns c where c.column_name = v_key
      union all
      select t.typbasetype from named n join pg_type t on t.oid = n.oid where t.typtype = 'd'
    )
    -- With -1 and not null: character and bit without a length mean a length of 1.
    select t.oid, format_type(t.oid, -1), t.typcategory = 'A' into v_type_oid, v_type, v_is_array
    from named n
    join pg_type t on t.oid = n.oid
    where t.typtype <> 'd';
    if v_type is null then
      perform analytics_features.require_source();
      raise exception 'The source has no column %.', quote_literal(left(v_key, 100))
        using errcode = 'PE015',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from analytics_features.source_columns c);
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
$_$;

--
-- Name: FUNCTION filter_sql(alias text, filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) IS 'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE001, PE002, PE015, PE016.';

--
-- Name: find_model(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.find_model(model text) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ids integer[];
begin
  select array_agg(m.model_id order by m.model_id) into v_ids
  from analytics_features.embedding_models m
  where (m.is_active or m.is_kept)
    and find_model.model in (m.model_id::text, m.name, regexp_replace(m.name, '^.*/', ''), m.path);
  if cardinality(v_ids) = 1 then
    return v_ids[1];
  end if;
  raise exception '%', case
      when v_ids is null then format('No vectors are kept of a model %s.', coalesce(quote_literal(left(find_model.model, 100)), 'null'))
      else format('Vectors are kept of %s models named %s.', cardinality(v_ids), quote_literal(find_model.model))
    end
    using errcode = 'PE031',
      hint = 'Pass a name or model_id of select model_id, name, state from analytics_features.model_status;  To prepare another: select analytics_features.prepare_model(''name'');';
end
$$;

--
-- Name: FUNCTION find_model(model text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.find_model(model text) IS 'The model_id of a model whose vectors are kept, by its name, with or without the organisation, its folder or its number. Raises PE031.';

--
-- Name: first_claimable(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.first_claimable(model_id integer, max_products integer) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_bulk bigint[] := array(
    select q.product_id
    from analytics_features.claimable_queue q
    where q.model_id = first_claimable.model_id and q.is_bulk
    order by q.queue_id
    limit max_products
  );
  v_urgent bigint[] := array(
    select q.product_id
    from analytics_features.claimable_queue q
    where q.model_id = first_claimable.model_id and not q.is_bulk
    order by q.queue_id
    limit max_products - least(cardinality(v_bulk), max_products / 10)
  );
begin
  return v_urgent || v_bulk[1 : max_products - cardinality(v_urgent)];
end
$$;

--
-- Name: FUNCTION first_claimable(model_id integer, max_products integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.first_claimable(model_id integer, max_products integer) IS 'The products that a model''s worker would take up first; one may stand there several times.';

--
-- Name: first_row_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.first_row_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return concat_ws(
    ', ',
    analytics_features.newest_row_sql(alias),
    analytics_features.source_column_sql(alias, 'name', 'text'),
    analytics_features.source_column_sql(alias, 'vendor_code', 'text'),
    analytics_features.source_column_sql(alias, 'price', 'numeric')
  );
end
$$;

--
-- Name: FUNCTION first_row_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.first_row_sql(alias text) IS 'SQL order that puts the row first that counts where a product_id stands in several: as newest_row_sql() says, then the first by name, code and price. alias names the row.';

--
-- Name: fold_text(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fold_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select pg_catalog.normalize(
    pg_catalog.regexp_replace(
      pg_catalog.translate(pg_catalog.normalize(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'NFD'), 'łøđ', 'lod'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я][\\u0300-\\u036f]*)[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

--
-- Name: FUNCTION fold_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fold_text(value text) IS 'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';

--
-- Name: follow_upstream(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.follow_upstream() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $$
declare
  v_connection analytics_features.source_connection;
  v_columns text;
  v_copied text;
begin
  select * into v_connection from analytics_features.source_connection;
  select
    string_agg(format('%I %s', u.column_name, u.type), ', ' order by u.ordinal),
    string_agg(format('%I %s', u.column_name, case u.column_name when 'product_id' then 'bigint' else u.type::text end), ', ' order by u.column_name)
  into v_columns, v_copied
  from analytics_features.upstream_columns() u
  having bool_or(u.column_name = 'product_id') and count(*) > 1;
  if v_columns is null then
    raise exception 'The products, %.%, have no column product_id in the other database, or nothing else.',
      quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Let the dbt model there select the product''s number as product_id.';
  end if;

  if (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = to_regclass('analytics_features.source_upstream') and a.attnum > 0 and not a.attisdropped
  ) is distinct from v_columns then
    drop foreign table if exists analytics_features.source_upstream;
    execute format(
      'create foreign table analytics_features.source_upstream (%s) server product_embeddings_source options (schema_name %L, table_name %L)',
      v_columns, v_connection.source_schema, v_connection.source_table
    );
    comment on foreign table analytics_features.source_upstream is 'The products in the other database; made by connect_source(), as they are now.';
  end if;
  return (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attname)
    from pg_attribute a
    where a.attrelid = to_regclass('analytics_features.source_copy') and a.attnum > 0 and not a.attisdropped
  ) is not distinct from v_copied;
end
$$;

--
-- Name: FUNCTION follow_upstream(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.follow_upstream() IS 'Makes the foreign table anew if the columns in the other database changed; returns whether the copy has these columns. Raises PE152.';

--
-- Name: full_pass(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.full_pass() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.sweep_vanished();
  perform analytics_features.lock_words();
  -- Of products that went before they had a vector.
  delete from analytics_features.product_words w
  where not exists (select from analytics_features.product_embeddings e where e.product_id = w.product_id)
    and not exists (select from analytics_features.product_documents() d where d.product_id = w.product_id);
  perform analytics_features.sweep_texts();
  return analytics_features.reconcile() + analytics_features.retry_failed();
end
$$;

--
-- Name: FUNCTION full_pass(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.full_pass() IS 'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005, PE029.';

--
-- Name: generate_expressions(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.generate_expressions() RETURNS analytics_features.source_expressions
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    true,
    analytics_features.source_signature(analytics_features.require_source()),
    analytics_features.product_id_sql('s'),
    analytics_features.product_ids_sql('s'),
    analytics_features.product_is_live_sql('s'),
    analytics_features.first_row_sql('s'),
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.source_column_sql('s', 'vendor_code', 'text'),
    analytics_features.source_column_sql('s', 'price', 'numeric')
$$;

--
-- Name: FUNCTION generate_expressions(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.generate_expressions() IS 'The row of source_expressions for the source as it is now. Raises PE001, PE002.';

--
-- Name: grant_read(regclass); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.grant_read(relation regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = relation);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'analytics_features'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, relation, 'select');
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      perform pg_advisory_xact_lock(hashtext('analytics_features.grant_source'), hashoid(v_schema));
    end if;
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    perform pg_advisory_xact_lock(hashtext('analytics_features.grant_source'), hashoid(relation));
    if not has_table_privilege(v_role, relation, 'select') then
      execute format('grant select on %s to %I', relation, v_role);
    end if;
  end loop;
end
$$;

--
-- Name: FUNCTION grant_read(relation regclass); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.grant_read(relation regclass) IS 'Lets our owner and the workers read a relation, as far as they may not yet. Raises 42501 for who may not grant it.';

--
-- Name: grant_roles(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.grant_roles() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_table regclass;
begin
  revoke all on all routines in schema analytics_features from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema analytics_features to product_embeddings_reader;
    grant select on analytics_features.embedding_status, analytics_features.model_status, analytics_features.source_copy_status, analytics_features.vector_indexes to product_embeddings_reader;
    grant execute on function
      analytics_features.compute_model_status(),
      analytics_features.compute_status(boolean),
      analytics_features.doctor(jsonb, name),
      analytics_features.mapped_products(),
      analytics_features.query_key(text),
      analytics_features.request_query(text),
      analytics_features.search_products(public.vector, text, integer),
      analytics_features.search_products_text(text, integer, jsonb, text),
      analytics_features.similar_products(bigint, integer, jsonb, double precision),
      analytics_features.duplicate_products(double precision, integer),
      analytics_features.recommended_products(bigint[], integer, jsonb),
      analytics_features.search_products(public.vector, text, integer, jsonb),
      analytics_features.measure_recall(integer, integer)
    to product_embeddings_reader;
    grant execute on procedure analytics_features.embed_query(text, interval) to product_embeddings_reader;
  end if;

  -- On top of a reader's: what somebody on call looks at, and another attempt.
  if exists (select from pg_roles r where r.rolname = 'product_embeddings_operator') then
    grant usage on schema analytics_features to product_embeddings_operator;
    grant select on
      analytics_features.embedding_activity,
      analytics_features.embedding_models,
      analytics_features.embedding_status,
      analytics_features.embedding_workers,
      analytics_features.product_failures,
      analytics_features.product_queue,
      analytics_features.queued_products,
      analytics_features.source_log,
      analytics_features.vector_indexes
    to product_embeddings_operator;
    grant delete on analytics_features.product_failures to product_embeddings_operator;
    grant insert, update (available_at, attempts) on analytics_features.product_queue to product_embeddings_operator;
    grant execute on function
      analytics_features.announce_changes(),
      analytics_features.compute_status(boolean),
      analytics_features.operator_report(),
      analytics_features.retry_failed(bigint)
    to product_embeddings_operator;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema analytics_features to product_embeddings_attacher;
    grant select on
      analytics_features.product_embeddings,
      analytics_features.embedding_models,
      analytics_features.embedding_status,
      analytics_features.embedding_workers,
      analytics_features.kept_models,
      analytics_features.model_status,
      analytics_features.settings,
      analytics_features.source_log,
      analytics_features.source_columns,
      analytics_features.source_copy_status,
      analytics_features.source_triggers,
      analytics_features.vector_indexes,
      analytics_features.document_fields,
      analytics_features.document_order,
      analytics_features.related_triggers
    to product_embeddings_attacher;
    grant insert on analytics_features.source_log to product_embeddings_attacher;
    -- Only the owner of a table can put triggers on it, and so attach it.
    grant select, insert, delete on analytics_features.related_tables to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed, which truncates first.
    grant select, insert, update, delete, truncate on analytics_features.synonyms, analytics_features.golden_queries to product_embeddings_attacher;
    grant execute on function
      analytics_features.attach(),
      analytics_features.attach_after_build(text, text, boolean),
      analytics_features.attach_related(text, text, text),
      analytics_features.attach_related_triggers(text, text),
      analytics_features.attach_triggers(),
      analytics_features.compute_model_status(),
      analytics_features.compute_status(boolean),
      analytics_features.detach(),
      analytics_features.detach_related(text),
      analytics_features.doctor(jsonb, name),
      analytics_features.grant_read(regclass),
      analytics_features.grant_source(),
      analytics_features.last_comparison(),
      analytics_features.reconcile(),
      analytics_features.reconcile_later(),
      analytics_features.require_sound_source(),
      analytics_features.require_source(),
      analytics_features.search_products(public.vector, text, integer),
      analytics_features.search_products_text(text, integer, jsonb, text),
      analytics_features.similar_products(bigint, integer, jsonb, double precision),
      analytics_features.duplicate_products(double precision, integer),
      analytics_features.recommended_products(bigint[], integer, jsonb),
      analytics_features.refresh_pairs(),
      analytics_features.related_relation(text),
      analytics_features.search_products(public.vector, text, integer, jsonb),
      analytics_features.measure_recall(integer, integer),
      analytics_features.source_problems(),
      analytics_features.source_is_replicated(),
      analytics_features.source_relation(),
      analytics_features.tg__product_changed(),
      analytics_features.tg__product_replicated(),
      analytics_features.tg__related_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema analytics_features to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema analytics_features to product_embeddings_worker;
    -- Security definer functions run what stands there, and read what it names: of a view or a type of one's own, what comes with it.
    revoke insert, update, delete on analytics_features.source_expressions, analytics_features.source_connection, analytics_features.settings
      from product_embeddings_worker;
    execute (
      select format('grant update (%s) on analytics_features.settings to product_embeddings_worker', string_agg(quote_ident(a.attname), ', '))
      from pg_attribute a
      where a.attrelid = 'analytics_features.settings'::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('singleton', 'source_schema', 'source_table', 'document_hook') and not starts_with(a.attname, 'interactions_')
    );
    grant execute on all routines in schema analytics_features to product_embeddings_worker;
    revoke execute on function
      analytics_features.tg__embedding_provenance(),
      analytics_features.tg__product_changed(),
      analytics_features.tg__product_replicated(),
      analytics_features.tg__related_changed(),
      analytics_features.tg__synonym_key()
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

--
-- Name: FUNCTION grant_roles(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.grant_roles() IS 'Gives the groups product_embeddings_reader, _operator, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';

--
-- Name: grant_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.grant_source() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.grant_read(analytics_features.require_source());
end
$$;

--
-- Name: FUNCTION grant_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.grant_source() IS 'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';

--
-- Name: has_index(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.has_index(model_id integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return exists (
    select
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    where i.indrelid = to_regclass(format('analytics_features.%I', analytics_features.embeddings_table(has_index.model_id)))
      and i.indisvalid and i.indpred is null and o.opcname in ('vector_l2_ops', 'halfvec_l2_ops')
  );
end
$$;

--
-- Name: FUNCTION has_index(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.has_index(model_id integer) IS 'Whether the vectors of a model have an index for search.';

--
-- Name: has_vectors(integer, bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.has_vectors(model_id integer, at_least bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_enough boolean;
begin
  -- Counts no further than it must.
  execute format(
    'select count(*) >= $1 from (select from analytics_features.%I limit $1) e',
    analytics_features.embeddings_table(has_vectors.model_id)
  ) into v_enough using at_least;
  return v_enough;
end
$_$;

--
-- Name: FUNCTION has_vectors(model_id integer, at_least bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.has_vectors(model_id integer, at_least bigint) IS 'Whether so many vectors of a model are stored; null when at_least is null.';

--
-- Name: hidden_from(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.hidden_from() RETURNS name[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_owner oid := (select n.nspowner from pg_namespace n where n.nspname = 'analytics_features');
  v_worker oid := (select w.oid from pg_roles w where w.rolname = 'product_embeddings_worker');
begin
  return (
    select array_agg(distinct pg_get_userbyid(case when r.oid = v_owner then v_owner else v_worker end))
    from pg_class c
    join pg_roles r on not r.rolsuper and not r.rolbypassrls
    where c.oid = analytics_features.source_relation() and c.relrowsecurity
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

--
-- Name: FUNCTION hidden_from(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.hidden_from() IS 'Of our owner and the group of workers those from whom row level security may hide rows of the source; null when none.';

--
-- Name: hybrid_products(text, public.vector, integer, jsonb, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb DEFAULT NULL::jsonb, model_id integer DEFAULT NULL::integer) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, score double precision, vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
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
  v_text text := analytics_features.fold_text(left(query, 200));
begin
  if query_vector is not null then
    -- Of unit length, so that the one distance gives the other.
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price), array_agg(n.distance * n.distance / 2)
    into v_near, v_near_names, v_near_codes, v_near_prices, v_near_distances
    from analytics_features.nearest_products(query_vector, v_pool, filter, null, hybrid_products.model_id, for_fusion => true) n;
  end if;
  if filter is not null then
    v_passing := analytics_features.passing_products(filter, 2000);
    v_wanted := case when v_passing is null then v_wanted else 0 end;
  end if;

  loop
    select
      array_agg(r.product_id), array_agg(r.word_score), array_agg(r.is_exact), array_agg(array_to_string(r.terms, ' ')),
      (array_agg(r.coverage))[1], coalesce(bool_or(r.is_complete), true)
    into v_ids, v_scores, v_exact, v_terms, v_coverage, v_complete
    from (
      select r.*
      from analytics_features.rank_words(query, v_wanted, v_near || v_passing) r
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
    from analytics_features.live_products(v_others, filter) l;
    -- Where hardly any of thousands pass, the filter is of something else, and the nearest that pass are the answer.
    exit when v_complete or v_wanted = 0 or v_wanted > case when cardinality(v_near) >= v_pool then 5000 else 1000000 end
      or coalesce(cardinality(v_found), 0) + cardinality(v_lookup) - cardinality(v_others) >= v_enough;
    v_wanted := v_wanted * 10;
  end loop;

  select w.* into strict v_weights from analytics_features.signal_weights(
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
              then analytics_features.vector_distance(r.product_id, query_vector, hybrid_products.model_id)
            -- One by one: how many there are the planner cannot know, and would read the table through.
            else (
              select e.embedding operator(public.<=>) query_vector
              from analytics_features.product_embeddings e
              where e.product_id = r.product_id and query_vector is not null
            )
          end as distance,
          -- 1 is the best of the candidates, 0 who has no word.
          analytics_features.min_max(r.word_score, 0, max(r.word_score) over ()) as word_share
        from ranked r
        where r.word_rank <= v_pool or r.vector_rank is not null
      ),
      leader as (
        select c.*, v_weights.word_weight * c.word_share + v_weights.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, analytics_features.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
        -- Not by is_exact itself, which is null for who has no word: any word would be more than the best vector.
        order by (c.is_exact is true) desc, lead desc, c.product_id
        limit greatest(20, max_results)
      ),
      compared as (
        select l.*, w.label, public.word_similarity(v_text, w.label) as similarity
        from leader l
        -- One by one, for the same reason.
        left join lateral (
          select w.label from analytics_features.product_words w where w.product_id = l.product_id offset 0
        ) w on true
        -- Once, although it is used three times.
        offset 0
      ),
      best as (
        select c.*,
          (c.is_exact is true)::integer + c.lead
            + v_weights.trigram_weight * analytics_features.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score
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
            substring(analytics_features.fold_text(left(concat_ws(' ', b.name, b.vendor_code), 2000)) from t.pattern),
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

--
-- Name: FUNCTION hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb, model_id integer) IS 'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code; matched_words: looked for in the first 2000 characters of name and code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';

--
-- Name: idf(bigint, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.idf(products bigint, all_products double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select pg_catalog.ln(1 + (greatest(all_products, coalesce(products, 0)) - coalesce(products, 0) + 0.5) / (coalesce(products, 0) + 0.5))
$$;

--
-- Name: FUNCTION idf(products bigint, all_products double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.idf(products bigint, all_products double precision) IS 'Inverse document frequency as in BM25 (Lucene''s form, never negative); a word that was not counted yet is a rare one.';

--
-- Name: import_embeddings(text, text, text, text, text, boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.import_embeddings(relation text, model text, id_column text DEFAULT 'product_id'::text, embedding_column text DEFAULT 'embedding'::text, document_column text DEFAULT NULL::text, same_text boolean DEFAULT false, force boolean DEFAULT false) RETURNS TABLE(imported bigint, serving bigint, skipped bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET client_min_messages TO 'warning'
    AS $_$
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
  perform analytics_features.lock_source();
  perform analytics_features.lock_models();
  perform analytics_features.require_embeddings();
  v_model_id := analytics_features.find_model(import_embeddings.model);
  select m.dimension into v_dimension from analytics_features.embedding_models m where m.model_id = v_model_id;
  v_table := analytics_features.embeddings_table(v_model_id);

  drop table if exists pg_temp.product_embeddings_import;
  -- The columns are as the table's, so that nothing of theirs is run: what is read is cast here and now.
  begin
    execute format(
      $sql$
        create temp table product_embeddings_import on commit drop as
        select i.product_id, public.l2_normalize(i.embedding) as embedding,
          case when d.document_hash = i.document_hash or %5$L then d.document_hash end as document_hash
        from (
          select r.%2$I::bigint as product_id, (array_agg(translate(r.%3$I::text, '{}', '[]')))[1]::%6$s as embedding,
            sha256(convert_to(pg_catalog.normalize(max(%4$s), 'NFC'), 'UTF8')) as document_hash
          from %1$s r
          where r.%3$I is not null and r.%2$I is not null and public.vector_dims(translate(r.%3$I::text, '{}', '[]')::%6$s) = %7$s
          group by r.%2$I::bigint
          -- Of a text in several pieces no piece is the product's.
          having count(*) = 1
        ) i
        join (%8$s) d on d.product_id = i.product_id
        where public.vector_norm(i.embedding) > 0
      $sql$,
      v_relation, id_column, embedding_column,
      case when document_column is not null then format('r.%I::text', document_column) else 'null::text' end,
      same_text and document_column is null,
      'public.vector', v_dimension, analytics_features.document_query()
    );
  exception when data_exception then
    raise exception 'The relation % has a value that is no product''s number or no vector.', v_relation
      using errcode = 'PE035', detail = left(sqlerrm, 200), hint = 'Import a view that leaves such rows out. A vector may be a text or an array, too.';
  end;

  execute format(
    $sql$
      select count(*), min(1 - (e.embedding operator(public.<=>) i.embedding))
      from pg_temp.product_embeddings_import i
      join analytics_features.%I e on e.product_id = i.product_id and e.model_id = $1 and e.document_hash = i.document_hash
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
      insert into analytics_features.%1$I as e (product_id, embedding, model_id, document_hash)
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
      insert into analytics_features.%I as e (product_id, embedding, model_id)
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
  perform analytics_features.reconcile();
  return next;
end
$_$;

--
-- Name: FUNCTION import_embeddings(relation text, model text, id_column text, embedding_column text, document_column text, same_text boolean, force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.import_embeddings(relation text, model text, id_column text, embedding_column text, document_column text, same_text boolean, force boolean) IS 'Takes over vectors made elsewhere, of a model whose vectors are kept: from a relation with a column of product ids, one of vectors and, best, one of the texts that they are of (same_text: they are of the documents, without such a column). imported: current, not to be encoded; serving: of another text, for products that had none, until they are encoded; skipped: rows of no live product, of several vectors a product, of another dimension, or current already. force: without the check against vectors of our own. Raises PE001, PE002, PE003, PE005, PE029, PE031, PE035.';

--
-- Name: import_pgai(integer, text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.import_pgai(vectorizer integer, model text DEFAULT NULL::text, force boolean DEFAULT false) RETURNS TABLE(imported bigint, serving bigint, skipped bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_row jsonb;
  v_target jsonb;
begin
  if to_regclass('ai.vectorizer') is not null then
    execute 'select to_jsonb(v) from ai.vectorizer v where v.id = $1' into v_row using vectorizer;
  end if;
  if v_row is null then
    raise exception 'There is no vectorizer %.', coalesce(vectorizer::text, 'null')
      using errcode = 'PE035', hint = 'select id, source_schema, source_table from ai.vectorizer;';
  end if;
  v_target := v_row || coalesce(v_row #> '{config,destination}', '{}');
  if jsonb_array_length(v_row -> 'source_pk') <> 1 then
    raise exception 'The vectorizer % is of a table with a key of % columns.', vectorizer, jsonb_array_length(v_row -> 'source_pk')
      using errcode = 'PE035', hint = 'Import a view of it with the product''s number in one column: import_embeddings().';
  end if;
  return query
    select i.*
    from analytics_features.import_embeddings(
      format('%I.%I', v_target ->> 'target_schema', v_target ->> 'target_table'),
      coalesce(import_pgai.model, v_row #>> '{config,embedding,model}'),
      id_column => v_row #>> '{source_pk,0,attname}',
      document_column => 'chunk',
      force => import_pgai.force
    ) i;
end
$_$;

--
-- Name: FUNCTION import_pgai(vectorizer integer, model text, force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.import_pgai(vectorizer integer, model text, force boolean) IS 'import_embeddings() from the store of a pgai vectorizer, by its id: key, table and text are read from its configuration, and the model unless it is named. Products in several chunks are skipped. Raises PE031, PE035.';

--
-- Name: import_vectorize(text, text, boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.import_vectorize(job text, model text DEFAULT NULL::text, same_text boolean DEFAULT false, force boolean DEFAULT false) RETURNS TABLE(imported bigint, serving bigint, skipped bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_row jsonb;
  v_params jsonb;
  v_is_apart boolean;
begin
  if to_regclass('vectorize.job') is not null then
    -- The column of the name was called job_name in some versions.
    execute 'select to_jsonb(j) from vectorize.job j where coalesce(to_jsonb(j) ->> ''name'', to_jsonb(j) ->> ''job_name'') = $1' into v_row using job;
  end if;
  if v_row is null then
    raise exception 'There is no job % of pg_vectorize.', coalesce(quote_literal(left(job, 100)), 'null')
      using errcode = 'PE035', hint = 'select * from vectorize.job;';
  end if;
  -- So were those of the parameters, which are columns of their own in later ones.
  v_params := v_row || coalesce(v_row -> 'params', '{}');
  v_is_apart := to_regclass(format('vectorize.%I', '_embeddings_' || job)) is not null;
  return query
    select i.*
    from analytics_features.import_embeddings(
      case when v_is_apart
        then format('vectorize.%I', '_embeddings_' || job)
        else format(
          '%I.%I', coalesce(v_params ->> 'schema', v_params ->> 'src_schema', 'public'),
          coalesce(v_params ->> 'relation', v_params ->> 'table', v_params ->> 'src_table')
        )
      end,
      coalesce(import_vectorize.model, v_params ->> 'transformer', v_params ->> 'model'),
      id_column => coalesce(v_params ->> 'primary_key', v_params ->> 'pkey'),
      embedding_column => case when v_is_apart then 'embeddings' else job || '_embeddings' end,
      same_text => import_vectorize.same_text,
      force => import_vectorize.force
    ) i;
end
$_$;

--
-- Name: FUNCTION import_vectorize(job text, model text, same_text boolean, force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.import_vectorize(job text, model text, same_text boolean, force boolean) IS 'import_embeddings() from a job of pg_vectorize, by its name: key, table and model are read from its row. It keeps no texts, so the vectors serve until the products are encoded; same_text: they are of the documents. Raises PE031, PE035.';

--
-- Name: incoming_sql(text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.incoming_sql(condition text, among_copied boolean) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select format(
    $sql$
      fetched as materialized (
        select %1$s as product_id, %2$s from analytics_features.source_upstream s where %3$s
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
      select analytics_features.whole_number_sql('s.product_id', a.atttypid)
      from pg_attribute a
      where a.attrelid = to_regclass('analytics_features.source_upstream') and a.attname = 'product_id'
    ),
    c.columns,
    condition,
    case when among_copied then format(
      'union all select false, s.product_id, %s from analytics_features.source_copy s where s.product_id in (select f.product_id from fetched f)',
      c.columns
    ) end,
    analytics_features.newest_row_sql('s'),
    analytics_features.row_is_valid_sql('f')
  )
  from (
    select string_agg(format('s.%I', a.attname), ', ' order by a.attnum) as columns
    from pg_attribute a
    where a.attrelid = to_regclass('analytics_features.source_upstream') and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id'
  ) c
$_$;

--
-- Name: FUNCTION incoming_sql(condition text, among_copied boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.incoming_sql(condition text, among_copied boolean) IS 'SQL: the common table expressions fetched (rows of the other database that meet the condition), incoming (of these one a product, and whether it is newer than the copy''s) and odd (how many have no usable id, and how many products stand in several rows that are valid now).';

--
-- Name: index_due(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_due() RETURNS TABLE(statement text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_table regclass := analytics_features.require_embeddings();
  v_model_id integer;
  v_dimension integer;
  v_from bigint := (select s.index_from_products from analytics_features.settings s);
begin
  if v_from is null or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage') then
    return;
  end if;
  for v_model_id in
    select k.model_id
    from analytics_features.kept_models k
    where not analytics_features.has_index(k.model_id)
      -- Of fewer where somebody gave the active model one by hand: activate_model() asks for it then.
      and analytics_features.has_vectors(k.model_id, case when k.is_active or analytics_features.search_index() is null then v_from else 1 end)
      and (k.is_active or not exists (select from analytics_features.queued_products q where q.model_id = k.model_id offset 1000))
      and not exists (
        select from pg_locks l
        where l.relation = to_regclass(format('analytics_features.%I', analytics_features.embeddings_table(k.model_id)))
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )
    order by k.is_active desc
  loop
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass(format('analytics_features.%I', analytics_features.embeddings_table(v_model_id))) and a.attname = 'embedding';
    -- Beyond 2,000 components pgvector indexes halves alone, and beyond 4,000 nothing.
    continue when v_dimension > 4000;
    return query
      select format('drop index concurrently if exists analytics_features.%I', c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(format('analytics_features.%I', analytics_features.embeddings_table(v_model_id))) and not i.indisvalid;
    return query select format('set maintenance_work_mem = %L', analytics_features.index_memory(v_model_id));
    return query select analytics_features.index_sql(as_halfvec => v_dimension > 2000, model_id => v_model_id);
    return query select 'reset maintenance_work_mem';
  end loop;
end
$$;

--
-- Name: FUNCTION index_due(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_due() IS 'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on, of another model than the active one also where that has one; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';

--
-- Name: index_memory(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_memory(model_id integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_memory text;
begin
  perform analytics_features.require_embeddings();
  execute format(
    $sql$
      select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
      from pg_attribute a
      left join analytics_features.%1$I e on true
      where a.attrelid = 'analytics_features.%1$I'::regclass and a.attname = 'embedding'
      group by a.atttypmod
    $sql$,
    analytics_features.embeddings_table(index_memory.model_id)
  ) into v_memory;
  return v_memory;
end
$_$;

--
-- Name: FUNCTION index_memory(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_memory(model_id integer) IS 'maintenance_work_mem that holds an index over a model''s present vectors while it is built, from 64 MB to 2 GB. Raises PE003, PE031.';

--
-- Name: index_name(text, boolean, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_name(kind text, as_halfvec boolean, model_id integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- A name ends at 63 characters.
  select concat_ws('_', left(analytics_features.embeddings_table(model_id), 40), kind, case when as_halfvec then 'halfvec' end, 'idx')
$$;

--
-- Name: FUNCTION index_name(kind text, as_halfvec boolean, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean, model_id integer) IS 'What an index for search of this kind is called when we build it.';

--
-- Name: index_sql(text, boolean, integer, integer, integer, boolean, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_sql(kind text DEFAULT 'hnsw'::text, as_halfvec boolean DEFAULT false, m integer DEFAULT 16, ef_construction integer DEFAULT 64, lists integer DEFAULT NULL::integer, is_concurrent boolean DEFAULT true, model_id integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
  v_table text := analytics_features.embeddings_table(index_sql.model_id);
begin
  perform analytics_features.require_embeddings();
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = format('analytics_features.%I', v_table)::regclass and a.attname = 'embedding';
  if kind is null or kind not in ('hnsw', 'ivfflat') then
    raise exception 'An index is hnsw or ivfflat, not %.', coalesce(quote_literal(left(kind, 100)), 'null')
      using errcode = 'PE022', hint = 'select analytics_features.index_sql(); is an HNSW index, which is right up to a million products.';
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
      using errcode = 'PE022', hint = 'Halves reach to 4000: select analytics_features.index_sql(as_halfvec => true);';
  end if;

  if kind = 'ivfflat' and v_lists is null then
    execute format('select count(*) from analytics_features.%I', v_table) into v_rows;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on analytics_features.%I using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    analytics_features.index_name(kind, as_halfvec, index_sql.model_id),
    v_table,
    kind,
    case when as_halfvec
      then format('(embedding::public.halfvec(%s)) public.halfvec_l2_ops', v_dimension)
      else 'embedding public.vector_l2_ops'
    end,
    case kind
      when 'hnsw' then format('m = %s, ef_construction = %s', m, ef_construction)
      else format('lists = %s', v_lists)
    end
  );
end
$$;

--
-- Name: FUNCTION index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean, model_id integer) IS 'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them, of the active model or another whose vectors are kept; for psql: select analytics_features.index_sql() \gexec. Raises PE003, PE022, PE031.';

--
-- Name: index_words(bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_words(product_ids bigint[] DEFAULT NULL::bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $_$
declare
  v_config text := (select s.words_config from analytics_features.settings s);
  v_rows bigint;
begin
  perform analytics_features.lock_source();
  perform analytics_features.lock_words();
  execute format(
    $sql$
      with changed as materialized (
        select d.product_id, d.document_hash, d.name, d.word_texts
        from (%s) d
        -- By the key alone: of a table that fills, the planner takes what is compared besides for rarer than it is.
        left join analytics_features.product_words o on o.product_id = d.product_id
        where %s and d.error is null
          and (
            o.document_hash is distinct from d.document_hash or o.config is distinct from $2 or o.recipe is distinct from $3
          )
      )
      insert into analytics_features.product_words as w (product_id, words, tokens, label, document_hash, config, recipe)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2, $3
      from changed c
      cross join lateral analytics_features.words_row($2::regconfig, c.name, c.word_texts, $4) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, recipe = excluded.recipe, indexed_at = now()
    $sql$,
    analytics_features.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config, analytics_features.words_recipe(), analytics_features.word_classes();
  get diagnostics v_rows = row_count;
  if product_ids is null then
    perform analytics_features.refresh_word_statistics(only_if_due => true);
  end if;
  return v_rows;
end
$_$;

--
-- Name: FUNCTION index_words(product_ids bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_words(product_ids bigint[]) IS 'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005, PE029.';

--
-- Name: interactions_relation(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.interactions_relation() RETURNS regclass
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select c.oid::regclass
    from analytics_features.settings s
    join pg_namespace n on n.nspname = s.interactions_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.interactions_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

--
-- Name: FUNCTION interactions_relation(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.interactions_relation() IS 'The relation of orders or sessions that set_interactions() named, as it is now; null while it does not exist.';

--
-- Name: keep_queries(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.keep_queries() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
  v_waiting bigint;
  v_model_id integer := analytics_features.active_model_id();
begin
  begin
    insert into analytics_features.query_embeddings as q (query, model_id, kept)
    select distinct analytics_features.query_key(g.query), v_model_id, true
    from analytics_features.golden_queries g
    where analytics_features.query_key(g.query) is not null and v_model_id is not null
      and not exists (
        select from analytics_features.query_embeddings k
        where k.query = analytics_features.query_key(g.query) and k.model_id = v_model_id and k.kept
      )
    on conflict on constraint query_embeddings_key do update set kept = true where not q.kept;

    delete from analytics_features.query_embeddings q
    using (
      select k.query
      from analytics_features.query_embeddings k
      where k.model_id = v_model_id
      order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
      offset (select s.query_cache_size from analytics_features.settings s)
    ) least_used
    where q.query = least_used.query and q.model_id = v_model_id and not q.kept;

    insert into analytics_features.query_embeddings as q (query, model_id, kept, uses, used_at)
    select a.query, m.model_id, a.kept, a.uses, a.used_at
    from analytics_features.query_embeddings a
    cross join analytics_features.embedding_models m
    where a.model_id = v_model_id and m.is_kept
    on conflict on constraint query_embeddings_key do update
    set kept = excluded.kept, uses = excluded.uses, used_at = excluded.used_at
    where (q.kept, q.uses, q.used_at) is distinct from (excluded.kept, excluded.uses, excluded.used_at);
    -- Also of models that are not kept any more.
    delete from analytics_features.query_embeddings q
    where q.model_id <> v_model_id
      and (
        not exists (select from analytics_features.embedding_models m where m.model_id = q.model_id and m.is_kept)
        or not exists (select from analytics_features.query_embeddings a where a.query = q.query and a.model_id = v_model_id)
      );
  exception when lock_not_available then
    -- A transaction that searched for one of them is open: it is done a minute later.
    null;
  end;

  select count(*) into v_waiting
  from analytics_features.query_embeddings q
  join analytics_features.kept_models k on k.model_id = q.model_id
  where q.embedding is null and q.attempts < 3;
  if v_waiting > 0 then
    perform analytics_features.wake_worker(task => 'embed_queries');
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

--
-- Name: FUNCTION keep_queries(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.keep_queries() IS 'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector, and no wake-up left behind where nothing waits. Part of maintain().';

--
-- Name: keep_vanished(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.keep_vanished() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  perform analytics_features.unmark_returned();
  update analytics_features.product_embeddings e set vanished_at = now() where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

--
-- Name: FUNCTION keep_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.keep_vanished() IS 'Starts the grace period of all vanished products over, for time to mend the source; returns how many. Raises PE001, PE002, PE003, PE005.';

--
-- Name: source_log; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.source_log (
    log_id bigint NOT NULL,
    logged_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    event text NOT NULL,
    error text,
    source_oid oid,
    triggers_attached boolean,
    products bigint,
    missing bigint,
    stale bigint,
    orphans bigint,
    queued bigint,
    unusable_ids bigint,
    duplicate_ids bigint,
    document_columns text[],
    seconds numeric,
    CONSTRAINT source_log_event_check CHECK ((event = ANY (ARRAY['attach'::text, 'reconcile'::text])))
);

--
-- Name: TABLE source_log; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.source_log IS 'What attaching and reconciling did in the last week, and what the comparisons found.';

--
-- Name: COLUMN source_log.log_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.log_id IS 'Order.';

--
-- Name: COLUMN source_log.logged_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.logged_at IS 'When it was through.';

--
-- Name: COLUMN source_log.event; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.event IS 'attach (triggers put on) or reconcile (comparison).';

--
-- Name: COLUMN source_log.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.error IS 'Why it failed; null when it did not. The columns below are null then.';

--
-- Name: COLUMN source_log.source_oid; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.source_oid IS 'The relation that it was: another one is there after dbt rebuilt the table.';

--
-- Name: COLUMN source_log.triggers_attached; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.triggers_attached IS 'Whether it had all triggers, enabled.';

--
-- Name: COLUMN source_log.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.products IS 'Reconcile: live products.';

--
-- Name: COLUMN source_log.missing; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.missing IS 'Reconcile: of these, without a vector.';

--
-- Name: COLUMN source_log.stale; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.stale IS 'Reconcile: of these, with a vector of another text or model.';

--
-- Name: COLUMN source_log.orphans; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.orphans IS 'Reconcile: vectors without a live product.';

--
-- Name: COLUMN source_log.queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.queued IS 'Reconcile: products that it queued; what waited already, or was set aside, is not queued again.';

--
-- Name: COLUMN source_log.unusable_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.unusable_ids IS 'Reconcile: rows whose product_id is null or no whole number; they are no products here.';

--
-- Name: COLUMN source_log.duplicate_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.duplicate_ids IS 'Reconcile: product_ids that stand in several rows; the newest row counts.';

--
-- Name: COLUMN source_log.document_columns; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.document_columns IS 'Reconcile: the columns that were in the documents.';

--
-- Name: COLUMN source_log.seconds; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.seconds IS 'Reconcile: how long it took.';

--
-- Name: last_comparison(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.last_comparison() RETURNS analytics_features.source_log
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_last analytics_features.source_log;
begin
  select * into v_last
  from analytics_features.source_log l
  where l.event = 'reconcile' and l.error is null
  order by l.log_id desc
  limit 1;
  return v_last;
end
$$;

--
-- Name: FUNCTION last_comparison(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.last_comparison() IS 'The last comparison of source and vectors that came through; null before the first.';

--
-- Name: live_products(bigint[], jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.live_products(product_ids bigint[], filter jsonb DEFAULT NULL::jsonb) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_source regclass;
  v_expressions analytics_features.source_expressions;
begin
  if filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
      return query
        select r.product_id, r.name, r.vendor_code, r.price
        from analytics_features.source_rows(live_products.product_ids, analytics_features.planned_signature()) r
        where r.passes;
      -- None may be because it is made for something else.
      if found then
        return;
      end if;
    exception when syntax_error_or_access_rule_violation or invalid_schema_name then
      -- So is what cannot even be planned any more.
      null;
    end;
  end if;
  v_source := analytics_features.lock_source();
  v_expressions := analytics_features.current_expressions(v_source);
  return query execute format(
    'select r.product_id, r.name, r.vendor_code, r.price from (%s) r where r.passes',
    analytics_features.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, analytics_features.filter_sql('s', filter)),
      true
    )
  ) using product_ids;
end
$$;

--
-- Name: FUNCTION live_products(product_ids bigint[], filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.live_products(product_ids bigint[], filter jsonb) IS 'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';

--
-- Name: live_products_query(jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.live_products_query(filter jsonb DEFAULT NULL::jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
    analytics_features.product_id_sql('s'),
    analytics_features.product_is_live_sql('s'),
    analytics_features.filter_sql('s', filter),
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.source_column_sql('s', 'vendor_code', 'text'),
    analytics_features.source_column_sql('s', 'price', 'numeric'),
    analytics_features.require_source(),
    analytics_features.first_row_sql('s')
  )
$_$;

--
-- Name: FUNCTION live_products_query(filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.live_products_query(filter jsonb) IS 'The query for every live product that passes the filter: (product_id bigint, name text, vendor_code text, price numeric), one row each. Raises PE001, PE002, and for a filter what filter_sql() raises.';

--
-- Name: load_golden_queries(jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.load_golden_queries(judgments jsonb) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_queries bigint;
begin
  if jsonb_typeof(judgments) is distinct from 'array' then
    raise exception 'Golden queries are an array of objects, not %.', coalesce(jsonb_typeof(judgments), 'null')
      using errcode = 'PE040', hint = 'Such as [{"query": "brake pads", "product_id": 7807552, "grade": 3}]; [] for none.';
  end if;
  delete from analytics_features.golden_queries g;

  begin
    -- Public collections have one text under two numbers, and then judge a document twice.
    insert into analytics_features.golden_queries as g (query, product_id, grade, kind)
    select j.query, j.product_id, max(case when j.grade < 0 then 0 else j.grade end), min(coalesce(j.kind, ''))
    from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
    group by j.query, j.product_id;
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    raise exception 'A golden query is not as it has to be.'
      using errcode = 'PE040', detail = sqlerrm, hint = 'Each is an object of query, product_id, grade (0 or more) and, if you like, kind.';
  end;

  select count(distinct g.query) into v_queries from analytics_features.golden_queries g;
  return v_queries;
end
$$;

--
-- Name: FUNCTION load_golden_queries(judgments jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.load_golden_queries(judgments jsonb) IS 'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now. Raises PE040, and leaves everything as it was.';

--
-- Name: lock_copy(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_copy() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select pg_advisory_xact_lock(hashtext('analytics_features.source_copy'), 1)
$$;

--
-- Name: FUNCTION lock_copy(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_copy() IS 'One at a time changes the copy of the products or where it comes from, until the transaction ends.';

--
-- Name: lock_embeddings(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_embeddings() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if to_regclass('analytics_features.product_embeddings') is null then
    perform analytics_features.require_embeddings();
  end if;
  lock table analytics_features.product_embeddings in access share mode;
  if current_setting('transaction_isolation') <> 'read committed'
    and to_regclass('analytics_features.product_embeddings') is distinct from analytics_features.require_embeddings()
  then
    raise exception 'The model was changed since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
end
$$;

--
-- Name: FUNCTION lock_embeddings(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_embeddings() IS 'Keeps the active model from being changed until the transaction ends; for who searches. Raises PE003, and 40001 in a transaction whose one snapshot is from before a change.';

--
-- Name: lock_interactions(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_interactions() RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_settings analytics_features.settings;
  v_name text;
  v_relation regclass := analytics_features.interactions_relation();
  v_missing text;
begin
  select * into strict v_settings from analytics_features.settings s;
  if v_settings.interactions_table is null then
    return null;
  end if;
  v_name := format('%I.%I', v_settings.interactions_schema, v_settings.interactions_table);
  if v_relation is null then
    raise exception 'The relation of the interactions, %, does not exist.', v_name
      using errcode = 'PE023',
        hint = 'Run dbt so that it is built, or name another: select analytics_features.set_interactions(''schema.name'', ''order_id'', ''product_id'');';
  end if;
  select string_agg(quote_ident(w.name), ' and no column ') into v_missing
  from unnest(array[v_settings.interactions_group, v_settings.interactions_product]) w (name)
  where not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = w.name and a.attnum > 0 and not a.attisdropped
  );
  if v_missing is not null then
    raise exception 'The relation of the interactions, %, has no column %.', v_name, v_missing
      using errcode = 'PE023',
        hint = format('Name its columns: select analytics_features.set_interactions(%L, ''order_id'', ''product_id'');', v_name);
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
  if to_regclass(v_name) is distinct from analytics_features.interactions_relation() then
    raise exception 'The relation of the interactions was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return to_regclass(v_name);
end
$$;

--
-- Name: FUNCTION lock_interactions(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_interactions() IS 'Keeps the relation that set_interactions() named from being swapped until the transaction ends, and returns it; null without one. Raises PE023, and 40001 in a transaction whose one snapshot is from before a swap.';

--
-- Name: lock_models(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_models() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('analytics_features.embedding_models'), 2);
end
$$;

--
-- Name: FUNCTION lock_models(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_models() IS 'Keeps the active model from being changed until the transaction ends; for who writes vectors.';

--
-- Name: lock_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_source() RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_name text;
  v_statement text;
  v_source regclass;
  v_problem text;
begin
  select format('%I.%I', s.source_schema, s.source_table) into strict v_name from analytics_features.settings s;
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
      v_problem := sqlerrm;
    end;
  end loop;
  if v_source is null or not has_table_privilege(v_source, 'select') then
    raise exception 'The role % may not read the source of the products, %.', current_user, analytics_features.require_source()
      using errcode = 'PE005',
        -- Of a view it may be its owner who may not read what is below it, which attach() cannot mend.
        detail = coalesce(case when v_source is null then v_problem end, 'It may not read all of its columns.'),
        hint = 'Who owns it grants that, with everything else, by: select analytics_features.attach();';
  end if;
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if current_setting('transaction_isolation') <> 'read committed' and v_source is distinct from analytics_features.require_source() then
    raise exception 'The source was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return v_source;
end
$$;

--
-- Name: FUNCTION lock_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_source() IS 'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005, and 40001 in a transaction whose one snapshot is from before a swap.';

--
-- Name: lock_words(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_words() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select pg_advisory_xact_lock(hashtext('analytics_features.product_words'), 1)
$$;

--
-- Name: FUNCTION lock_words(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_words() IS 'Lets one transaction at a time write product_words, until it ends.';

--
-- Name: look_for_work(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.look_for_work() RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key integer := hashtext('analytics_features.product_changes');
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
  if analytics_features.work_waits() then
    return 'work';
  elsif v_resting <> pg_backend_pid() then
    return 'rest';
  elsif not pg_try_advisory_lock(v_key, 1) then
    return 'look again';
  elsif analytics_features.work_waits() then
    perform pg_advisory_unlock(v_key, 1);
    return 'work';
  end if;
  return 'rest';
end
$$;

--
-- Name: FUNCTION look_for_work(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.look_for_work() IS 'What a worker has to do now: work; rest, until it is notified on the channel named as this schema; or look again in a moment, because a writer has not committed yet. The session that rests holds a lock by which writers know.';

--
-- Name: maintain(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.maintain(worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
begin
  perform analytics_features.worker_seen(maintain.worker);
  delete from analytics_features.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (analytics_features.last_comparison()).log_id;
  delete from analytics_features.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform analytics_features.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE003' or sqlstate 'PE005' or sqlstate 'PE029' then
    -- No source to look into, no vectors, or no hook to ask: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  -- Noted by writers who did not see the first model yet.
  update analytics_features.product_queue q
  set model_id = analytics_features.active_model_id()
  where q.model_id = 0 and analytics_features.active_model_id() is not null;
  update analytics_features.product_changes c
  set model_id = analytics_features.active_model_id()
  where c.model_id = 0 and analytics_features.active_model_id() is not null;
  perform analytics_features.refresh_word_statistics(only_if_due => true);
  perform analytics_features.keep_queries();
  if exists (select from analytics_features.model_preparation p where p.model_id is null) then
    perform analytics_features.wake_worker(task => 'prepare_model');
  end if;
  -- A prepared model need not wait for the hour.
  if exists (select from analytics_features.model_preparation p where p.model_id is not null)
    and exists (select from analytics_features.index_due())
  then
    perform analytics_features.wake_worker(task => 'build_index');
  end if;
  if analytics_features.work_waits() then
    perform analytics_features.wake_worker();
  end if;
end
$$;

--
-- Name: FUNCTION maintain(worker text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.maintain(worker text) IS 'The round of a worker every minute, and of npm run embed at its end: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';

--
-- Name: map_due(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.map_due() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wanted integer := (select s.map_products from analytics_features.settings s);
  v_vectors bigint := (select count(*) from analytics_features.product_embeddings e where e.vanished_at is null);
  v_mapped bigint;
  v_mapped_at timestamptz;
  v_changed bigint;
begin
  select count(*), min(m.mapped_at) into v_mapped, v_mapped_at from analytics_features.product_map m;
  if v_wanted = 0 or v_vectors < 3 then
    return v_mapped > 0;
  end if;
  if v_mapped = 0 then
    return true;
  end if;
  -- updated_at is a timestamp in the session's time zone, as the Python pipeline's users read it.
  select count(*) into v_changed
  from analytics_features.product_embeddings e
  where e.updated_at > v_mapped_at::timestamp or e.vanished_at > v_mapped_at;
  return v_mapped_at < now() - interval '1 hour'
    and (
      v_changed * 20 > v_vectors or abs(v_mapped - least(v_wanted, v_vectors)) * 20 > v_wanted
      or exists (select from analytics_features.embedding_models m where m.is_active and m.activated_at > v_mapped_at)
    );
end
$$;

--
-- Name: FUNCTION map_due(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.map_due() IS 'Whether product_map should be made anew: there is none and three vectors or more, or a twentieth of the catalogue or the model changed since and the map is an hour old.';

--
-- Name: map_sample(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.map_sample() RETURNS TABLE(product_id bigint, embedding public.vector)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- By a hash of the id: of a large catalogue the same products stay on the map.
  select e.product_id, e.embedding
  from analytics_features.product_embeddings e
  where e.vanished_at is null
  order by hashint8(e.product_id), e.product_id
  limit (select s.map_products from analytics_features.settings s)
$$;

--
-- Name: FUNCTION map_sample(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.map_sample() IS 'The products that a map is made of, and their vectors: all, or settings.map_products of them.';

--
-- Name: mapped_products(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.mapped_products() RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, x real, y real, label text, mapped_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_source regclass := analytics_features.lock_source();
  v_ids bigint[] := array(select m.product_id from analytics_features.product_map m);
  v_column text := (
    select format('s.%I::pg_catalog.text', c.column_name)
    from analytics_features.source_columns c
    join analytics_features.settings s on s.map_column = c.column_name
  );
begin
  return query execute format(
    $sql$
      select p.product_id, p.name, p.vendor_code, p.price, m.x, m.y, l.label, m.mapped_at
      from analytics_features.live_products($1) p
      join analytics_features.product_map m on m.product_id = p.product_id
      join (
        select distinct on (1) %1$s as product_id, %2$s as label from %3$s s where %4$s order by 1, %5$s, 2
      ) l on l.product_id = p.product_id
      order by m.product_id
    $sql$,
    analytics_features.product_id_sql('s'), coalesce(v_column, 'null::pg_catalog.text'), v_source,
    analytics_features.product_ids_sql('s'), analytics_features.first_row_sql('s')
  ) using v_ids;
end
$_$;

--
-- Name: FUNCTION mapped_products(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.mapped_products() IS 'The live products of the map with their places; label is the column settings.map_column as text, null where the source has no such column. Raises PE001, PE002, PE005.';

--
-- Name: may_read_source(name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.may_read_source(role_name name DEFAULT CURRENT_USER) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.require_source();
begin
  return (
    select has_schema_privilege(may_read_source.role_name, c.relnamespace, 'usage')
      and has_table_privilege(may_read_source.role_name, c.oid, 'select')
    from pg_class c
    where c.oid = v_source
  );
end
$$;

--
-- Name: FUNCTION may_read_source(role_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.may_read_source(role_name name) IS 'Whether a role, the current one when none is named, may read the source. Raises PE001, PE002.';

--
-- Name: measure_hook(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.measure_hook(name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_source regclass := analytics_features.lock_source();
  v_hook oid := analytics_features.require_hook(measure_hook.name);
  v_limit double precision := (select s.max_hook_ms from analytics_features.settings s);
  v_started timestamptz;
  v_called bigint;
  v_failed bigint;
  v_error text;
  v_ms double precision;
  v_products bigint;
begin
  -- The first call plans what it reads.
  execute format(
    'select f.error from (select to_jsonb(s.*) as product from %s s limit 1) p cross join lateral analytics_features.call_document_hook($1, p.product) f',
    v_source
  ) into v_error using v_hook;
  v_started := clock_timestamp();
  execute format(
    $sql$
      select count(*), count(f.error), min(f.error)
      from (select to_jsonb(s.*) as product from %s s limit 100) p
      cross join lateral analytics_features.call_document_hook($1, p.product) f
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
$_$;

--
-- Name: FUNCTION measure_hook(name text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.measure_hook(name text) IS 'Tries a hook on up to a hundred products. Raises PE029 when it fails for all of them, or takes longer than settings.max_hook_ms a product.';

--
-- Name: measure_recall(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.measure_recall(k integer DEFAULT 10, sample integer DEFAULT 100) RETURNS TABLE(queries integer, recall numeric, index_mean_ms numeric, index_p99_ms numeric, exact_mean_ms numeric, exact_p99_ms numeric)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'relaxed_order'
    SET "ivfflat.iterative_scan" TO 'relaxed_order'
    SET "hnsw.ef_search" TO '40'
    SET "ivfflat.probes" TO '1'
    SET jit TO 'off'
    AS $_$
declare
  v_type text;
  v_order text;
  v_candidates integer;
  v_query public.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform analytics_features.lock_embeddings();
  v_type := analytics_features.search_index();
  v_order := case when v_type is null or v_type = 'vector' then 'e.embedding operator(public.<->) $1'
    else format('e.embedding::%1$s operator(public.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  if k is null or k not between 1 and 1000 or sample is null or sample not between 1 and 10000 then
    raise exception 'Recall is measured of 1 to 1000 hits on 1 to 10000 vectors, not of % on %.', coalesce(k::text, 'null'), coalesce(sample::text, 'null')
      using errcode = 'PE014', hint = 'Leave both out for 10 and 100.';
  end if;
  perform set_config('hnsw.ef_search', s.hnsw_ef_search::text, true), set_config('ivfflat.probes', s.ivfflat_probes::text, true)
  from analytics_features.settings s;
  for v_query in
    select e.embedding from analytics_features.product_embeddings e order by hashint8(e.product_id), e.product_id limit sample
  loop
    v_started := clock_timestamp();
    execute format(
      $sql$
        select array(
          select n.distance
          from (
            select e.embedding operator(public.<->) $1 as distance
            from analytics_features.product_embeddings e
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
      select (e.embedding operator(public.<->) v_query) + 0::double precision
      from analytics_features.product_embeddings e
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
$_$;

--
-- Name: FUNCTION measure_recall(k integer, sample integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.measure_recall(k integer, sample integer) IS 'Of the k exactly nearest, the share that the index finds, with stored vectors as queries, and the mean and 99th percentile of milliseconds along the index and without. Reads everything for each query. Raises PE003, PE014.';

--
-- Name: mend_timetable(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.mend_timetable() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update graphile_worker._private_known_crontabs c set last_execution = now() where c.last_execution > now() + interval '1 minute'
$$;

--
-- Name: FUNCTION mend_timetable(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.mend_timetable() IS 'Has tasks run again that are noted as run at a time to come, by a worker whose clock was ahead; each worker calls it when it starts.';

--
-- Name: min_max(double precision, double precision, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case
    when value is null or highest is null then 0
    -- Where all are alike each of them is the best, unless none has anything.
    when highest <= lowest then case when value > 0 then 1 else 0 end
    else (value - lowest) / (highest - lowest)
  end
$$;

--
-- Name: FUNCTION min_max(value double precision, lowest double precision, highest double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) IS 'Where a value is between the least and the greatest of the candidates, from 0 to 1; 0 for null.';

--
-- Name: model_gaps(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.model_gaps(model_id integer, OUT missing bigint, OUT stale bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  select
    count(*) filter (where m.state = 'missing'),
    count(*) filter (
      where m.state = 'stale' and a.state = 'current'
        and not exists (
          select
          from analytics_features.queued_products q
          where q.product_id = m.product_id and q.model_id = model_gaps.model_id and q.queued_at > now() - interval '1 minute'
        )
    )
  into missing, stale
  from analytics_features.embedding_difference(model_gaps.model_id) m
  join analytics_features.embedding_difference() a on a.product_id = m.product_id
  where a.state in ('current', 'stale');
end
$$;

--
-- Name: FUNCTION model_gaps(model_id integer, OUT missing bigint, OUT stale bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.model_gaps(model_id integer, OUT missing bigint, OUT stale bigint) IS 'Live products that have a vector of the active model but none of this one (missing), or only an outdated one where the active model''s is current (stale; changes of the last minute not counted). Raises PE001 to PE003, PE005, PE029.';

--
-- Name: model_notes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.model_notes() RETURNS TABLE(note text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_model analytics_features.embedding_models;
  v_long record;
begin
  select * into v_model from analytics_features.embedding_models m where m.is_active;
  if v_model.spelled_out >= 0.5 then
    return query select format(
      '%s spells %s %% of the letters of the documents out one by one: it was not made for this language, and its vectors find little. %s',
      v_model.name,
      round((v_model.spelled_out * 100)::numeric),
      coalesce(
        (
          select format('%s was, and is kept beside it: select analytics_features.activate_model(%L);', m.name, m.model_id::text)
          from analytics_features.embedding_models m
          where m.is_kept and m.spelled_out < 0.5
          order by m.spelled_out, m.model_id
          limit 1
        ),
        'Prepare one that was: select analytics_features.prepare_model(''intfloat/multilingual-e5-small-ru-en'');'
      )
    );
  end if;
  select count(*) as documents, max(e.tokens) as longest, percentile_disc(0.5) within group (order by e.tokens) as usual
  into v_long
  from analytics_features.product_embeddings e
  where e.tokens is not null;
  if v_long.documents > 0 then
    return query select format(
      '%s documents are longer than the %s tokens that the model reads (median %s, longest %s). Put what matters first (set_fields), or have them read in windows: select analytics_features.set_windows(true);',
      v_long.documents, v_model.max_tokens, v_long.usual, v_long.longest
    )
    where not (select s.windows from analytics_features.settings s);
  end if;
  return query
    select case p.error is null
      when true then format('The model %s was asked for and waits for a worker to load it: npm run worker', p.model)
      else format('The model %s cannot be prepared: %s It is tried again every minute; to give it up: select analytics_features.drop_model(%L);', p.model, p.error, p.model)
    end
    from analytics_features.model_preparation p
    where p.model_id is null;
  return query
    select case m.is_active
      when true then format('The model %s cannot be loaded by a worker, which so encodes nothing: %s Bring its files back to where that worker runs, and see there: npm run doctor', m.name, m.error)
      else format('The model %s cannot be loaded, so its vectors are not kept true: %s If it is not needed any more: select analytics_features.drop_model(%L);', m.name, m.error, m.model_id::text)
    end
    from analytics_features.embedding_models m
    where m.error is not null and (m.is_kept or m.is_active);
end
$$;

--
-- Name: FUNCTION model_notes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.model_notes() IS 'What is out of the ordinary about the models, a sentence each; part of embedding_status.notes.';

--
-- Name: more_urgent_waits(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.more_urgent_waits(model_id integer) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_active_id integer := coalesce(analytics_features.active_model_id(), 0);
begin
  -- Apart, so that each has an index: of a backfill's queue, as one condition, every batch read all.
  if more_urgent_waits.model_id = v_active_id then
    return exists (select from analytics_features.claimable_queue q where q.model_id = v_active_id and not q.is_bulk)
      or exists (
        select from analytics_features.sized_changes c where coalesce(c.model_id, v_active_id) = v_active_id and not c.is_bulk
      );
  end if;
  return exists (select from analytics_features.claimable_queue q where q.model_id = v_active_id)
    or exists (select from analytics_features.product_changes c where coalesce(c.model_id, v_active_id) = v_active_id);
end
$$;

--
-- Name: FUNCTION more_urgent_waits(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.more_urgent_waits(model_id integer) IS 'Whether something waits that goes before the bulk of this model: a small change of the active model, or anything of that where this is another.';

--
-- Name: nearest_products(public.vector, integer, jsonb, bigint[], integer, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb DEFAULT NULL::jsonb, excluded bigint[] DEFAULT NULL::bigint[], model_id integer DEFAULT NULL::integer, for_fusion boolean DEFAULT false) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET "hnsw.iterative_scan" TO 'off'
    SET "ivfflat.iterative_scan" TO 'off'
    SET "hnsw.ef_search" TO '40'
    SET "ivfflat.probes" TO '1'
    SET cursor_tuple_fraction TO '0'
    SET jit TO 'off'
    SET enable_sort TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_source regclass;
  v_state record;
  v_expressions analytics_features.source_expressions;
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
          (s.hnsw_ef_search * least(1, greatest(0.5, (select t.products from analytics_features.word_totals t) / 200000.0)))::integer,
          2 * max_results
        )
      )
      else s.hnsw_ef_search
    end::text as hnsw_ef_search,
    s.ivfflat_probes::text,
    case when nearest_products.model_id is null and not exists (select from analytics_features.product_embeddings where false)
      then analytics_features.planned_index()
    end as index
  into strict v_state
  from analytics_features.settings s;
  v_index := v_state.index;
  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
  end if;

  if v_index = 'vector' and nearest_products.filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
      select array_agg(n.product_id), array_agg(n.distance) into v_ids, v_distances
      from (
        select e.product_id, e.embedding operator(public.<->) nearest_products.query as distance
        from analytics_features.product_embeddings e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(public.<->) nearest_products.query
        limit max_results + 2
      ) n;
      return query
        with live as materialized (
          select r.product_id, r.name, r.vendor_code, r.price, v_distances[array_position(v_ids, r.product_id)] as distance
          from analytics_features.source_rows(v_ids, analytics_features.planned_signature()) r
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

  v_source := analytics_features.lock_source();
  if v_index is not null then
    v_signature := analytics_features.source_signature(v_source);
    v_is_kept := nearest_products.filter is null
      and exists (select from analytics_features.source_expressions e where e.columns = v_signature);
    perform set_config('enable_sort', 'on', true),
      -- Without it an index scan ends after ef_search rows, and products that are gone would leave holes.
      set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('ivfflat.iterative_scan', 'relaxed_order', true);
    if v_index = 'vector' then
      open v_vectors for
        select e.product_id, e.embedding operator(public.<->) nearest_products.query
        from analytics_features.product_embeddings e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(public.<->) nearest_products.query;
    else
      open v_vectors for execute format(
        $sql$
          select e.product_id, e.embedding operator(public.<->) $1
          from analytics_features.product_embeddings e
          where e.product_id operator(pg_catalog.<>) all ($2)
          order by e.embedding::%1$s operator(public.<->) $1::%1$s
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
        from analytics_features.source_rows(v_ids, v_signature) r
        where r.passes;
        -- Too few may be because it is made for something else.
        v_is_kept := coalesce(cardinality(v_row.ids) >= max_results, false);
      end if;
      if not v_is_kept then
        if v_lookup is null then
          v_expressions := analytics_features.current_expressions(v_source);
          v_passes := concat_ws(' and ', v_expressions.is_live, analytics_features.filter_sql('s', nearest_products.filter));
          v_lookup := format(
            $sql$
              select array_agg(r.product_id) as ids, array_agg(r.name) as names, array_agg(r.vendor_code) as codes,
                array_agg(r.price) as prices, array_agg(($2)[array_position($1, r.product_id)]) as distances
              from (%s) r
              where r.passes
            $sql$,
            analytics_features.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, true)
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
    v_expressions := analytics_features.current_expressions(v_source);
    v_passes := concat_ws(' and ', v_expressions.is_live, analytics_features.filter_sql('s', nearest_products.filter));
    v_among := case when cardinality(v_passing) <= 2000 then v_expressions.among else 'true' end;
    v_duplicates := coalesce((analytics_features.last_comparison()).duplicate_ids > 0, false);
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
          (e.embedding operator(public.<->) $2) operator(pg_catalog.+) 0::pg_catalog.float8 as distance
        from (%s) p
        join analytics_features.%I e on e.product_id operator(pg_catalog.=) p.product_id
        where p.passes and e.product_id operator(pg_catalog.<>) all ($3) and %s
        order by 5, 1
        limit $4
      $sql$,
      analytics_features.source_rows_sql(v_source, v_expressions, v_among, v_passes, v_duplicates),
      analytics_features.embeddings_table(nearest_products.model_id),
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
        'select count(*) from (%s) r where r.passes', analytics_features.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, true)
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
$_$;

--
-- Name: FUNCTION nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[], model_id integer, for_fusion boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[], model_id integer, for_fusion boolean) IS 'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. model_id: null for the active model. for_fusion: candidates beside those of words, for which half of settings.hnsw_ef_search is enough among up to 100,000 products. Raises PE001, PE002, PE005, PE015, PE016.';

--
-- Name: newest_row_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.newest_row_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select concat(
      string_agg(
        format('%I.%I desc nulls last, ', alias, c.column_name),
        '' order by array_position(array['dbt_valid_from', 'updated_at', 'ingested_at'], c.column_name)
      ),
      format('(%s) is true desc', analytics_features.product_is_live_sql(alias))
    )
    from analytics_features.source_columns c
    join pg_type t on t.oid = c.type
    where c.decides_order
      -- What has an order: times, numbers, and times that came as text.
      and t.typcategory in ('D', 'N', 'S')
  );
end
$$;

--
-- Name: FUNCTION newest_row_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.newest_row_sql(alias text) IS 'SQL order that puts the row first that counts where a product_id stands in several: the newest by dbt_valid_from, updated_at and ingested_at, as far as they exist, then a live one. alias names the row.';

--
-- Name: note_activity(bigint, bigint, bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_activity(claim_id bigint, stored bigint, failed bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into analytics_features.embedding_activity as a (minute, worker, model_id, stored, failed, started_at)
  select
    date_trunc('minute', clock_timestamp()), c.worker, c.model_id, note_activity.stored, note_activity.failed,
    greatest(c.claimed_at, date_trunc('minute', clock_timestamp()))
  from analytics_features.product_claims c
  where c.claim_id = note_activity.claim_id
  on conflict (minute, worker, model_id) do update set stored = a.stored + excluded.stored, failed = a.failed + excluded.failed
$$;

--
-- Name: FUNCTION note_activity(claim_id bigint, stored bigint, failed bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_activity(claim_id bigint, stored bigint, failed bigint) IS 'Counts what a claim stored and failed in this minute.';

--
-- Name: note_changes(text, name, name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_changes(operation text, table_schema name, table_name name) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_hooked boolean;
  v_changed text;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select s.document_hook is not null into v_hooked
  from analytics_features.settings s
  where s.source_schema = note_changes.table_schema and s.source_table = note_changes.table_name;
  if not found then
    return null;
  end if;

  if operation = 'TRUNCATE' then
    -- Somebody who starts over drops it, which must not stop who writes.
    if to_regclass('analytics_features.product_embeddings') is null then
      return null;
    end if;
    v_changed := 'select e.product_id from analytics_features.product_embeddings e';
  elsif operation = 'UPDATE' then
    select format(
      $sql$
        select coalesce(n.id, o.id)
        from (select %1$s as id, row(%2$s) as image from new_rows s) n
        full join (select %1$s as id, row(%2$s) as image from old_rows s) o on o.id = n.id
        where n.id is null or o.id is null or n.image operator(pg_catalog.*<>) o.image
      $sql$,
      analytics_features.product_id_sql('s'),
      string_agg(format('s.%I', c.column_name), ', ' order by c.position)
    ) into v_changed
    from analytics_features.source_columns c
    where c.in_document or c.decides_life or v_hooked
      -- What says which of two rows of a product counts; where there are no two, each load moves it for nothing.
      or c.decides_order and (select (analytics_features.last_comparison()).duplicate_ids) > 0;
  else
    v_changed := format(
      'select %s from %s s',
      analytics_features.product_id_sql('s'),
      case operation when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;
  return format(
    'with noted as (%s returning 1) select analytics_features.announce_changes() where exists (select from noted)',
    analytics_features.queue_changes_sql(v_changed)
  );
end
$_$;

--
-- Name: FUNCTION note_changes(operation text, table_schema name, table_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_changes(operation text, table_schema name, table_name name) IS 'SQL that notes the products of a statement in product_changes whose document may have changed, to be run where new_rows and old_rows are; null if the table is not the source, or there is nothing to note. For tg__product_changed().';

--
-- Name: note_copy_failure(text, interval); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_copy_failure(reason text, took interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_before text := (select c.error from analytics_features.source_connection c);
begin
  update analytics_features.source_connection c
  set
    error = note_copy_failure.reason,
    failing_since = coalesce(c.failing_since, clock_timestamp()),
    next_at = clock_timestamp() + greatest(c.refresh_every - interval '5 seconds' - note_copy_failure.took, note_copy_failure.took);
  return v_before is distinct from note_copy_failure.reason;
end
$$;

--
-- Name: FUNCTION note_copy_failure(reason text, took interval); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_copy_failure(reason text, took interval) IS 'Keeps why a refresh failed; returns whether that is news.';

--
-- Name: note_expressions(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_expressions() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_now analytics_features.source_expressions := analytics_features.generate_expressions();
  v_rows text := format(
    $sql$
      select r.* from (%s) r
      where $2 operator(pg_catalog.=) %L and exists (
        select
        from analytics_features.source_expressions e
        cross join analytics_features.settings s
        where e.columns operator(pg_catalog.=) $2
          and pg_catalog.starts_with($2, pg_catalog.format('%%I.%%I: ', s.source_schema, s.source_table))
      )
    $sql$,
    analytics_features.source_rows_sql(analytics_features.require_source(), v_now, v_now.among, v_now.is_live, true), v_now.columns
  );
  v_unseen text;
begin
  select format(
    'select $2 operator(pg_catalog.=) %L and $3 operator(pg_catalog.=) %L and (%L or $1 operator(pg_catalog.<>) ''UPDATE'')',
    s.source_schema, s.source_table,
    not exists (
      select
      from analytics_features.source_columns c
      where not c.in_document and not starts_with(c.column_name, '_') and c.column_name <> all (analytics_features.bookkeeping_columns())
    )
  ) into strict v_unseen
  from analytics_features.settings s;

  if exists (
      select
      from analytics_features.source_expressions e
      join pg_proc r on r.oid = 'analytics_features.source_rows(bigint[], text)'::regprocedure and r.prosrc = v_rows
      join pg_proc u on u.oid = 'analytics_features.notes_unseen(text, name, name)'::regprocedure and u.prosrc = v_unseen
      where e = v_now
    )
    or not pg_try_advisory_xact_lock(hashtext('analytics_features.source_expressions'), 1)
  then
    return;
  end if;
  delete from analytics_features.source_expressions;
  insert into analytics_features.source_expressions values (v_now.*);
  execute format(
    'create or replace function analytics_features.source_rows(product_ids bigint[], signature text)
      returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
      language sql stable as %L',
    v_rows
  );
  execute format(
    'create or replace function analytics_features.notes_unseen(operation text, table_schema name, table_name name) returns boolean
      language sql stable as %L',
    v_unseen
  );
end
$_$;

--
-- Name: FUNCTION note_expressions(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_expressions() IS 'Keeps source_expressions, source_rows() and notes_unseen() for the source and its fields as they are now; no effect while they are the same. Raises PE001, PE002.';

--
-- Name: note_fit(integer, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_fit(model_id integer, spelled_out double precision) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.embedding_models m
  set spelled_out = note_fit.spelled_out
  where m.model_id = note_fit.model_id and m.spelled_out is distinct from note_fit.spelled_out
$$;

--
-- Name: FUNCTION note_fit(model_id integer, spelled_out double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_fit(model_id integer, spelled_out double precision) IS 'Notes which share of the letters of sample_documents() a model''s tokenizer spells out one by one.';

--
-- Name: note_model(text, text, text, integer, text, integer, text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text DEFAULT ''::text, passage_prefix text DEFAULT ''::text, path text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_model_id integer;
begin
  -- In two steps, or each start of a worker would use up a number.
  for i in 1 .. 2 loop
    select m.model_id into v_model_id
    from analytics_features.embedding_models m
    where (m.name, m.revision, m.precision, m.pooling, m.max_tokens, m.query_prefix, m.passage_prefix)
      = (note_model.name, note_model.revision, note_model.precision, note_model.pooling, note_model.max_tokens,
        note_model.query_prefix, note_model.passage_prefix);
    exit when found;
    insert into analytics_features.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens, query_prefix, passage_prefix, path)
    values (
      note_model.name, note_model.revision, note_model.precision, note_model.dimension, note_model.pooling, note_model.max_tokens,
      note_model.query_prefix, note_model.passage_prefix, note_model.path
    )
    on conflict on constraint embedding_models_identity_key do nothing;
  end loop;
  update analytics_features.embedding_models m
  set error = null, path = coalesce(note_model.path, m.path)
  where m.model_id = v_model_id and (m.error is not null or m.path is distinct from coalesce(note_model.path, m.path));
  return v_model_id;
end
$$;

--
-- Name: FUNCTION note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) IS 'Makes a loaded model known and returns its id.';

--
-- Name: note_update(bigint, name, name, record, record); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $$
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
      from analytics_features.document_fields f
      where not f.included and f.column_name not in ('deleted', 'dbt_valid_to', 'dbt_is_deleted')
    )
  into v_hooked, v_left_out
  from analytics_features.settings s
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
          and not (starts_with(n.key, '_') and not exists (select from analytics_features.document_fields f where f.column_name = n.key and f.included))
      );
    exception when others then
      -- Not everything of type json can be read. The claim tells whether it changed.
      null;
    end;
    -- Of a product in several rows a column that is left out may say which of them counts.
    if not v_differs and coalesce((analytics_features.last_comparison()).duplicate_ids, 0) = 0 then
      return;
    end if;
  end if;
  insert into analytics_features.product_changes (product_ids) values (array[note_update.product_id]);
  perform analytics_features.announce_changes();
end
$$;

--
-- Name: FUNCTION note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record) IS 'Notes the product of an update of one row in product_changes, if its document may have changed. For tg__product_changed().';

--
-- Name: notes_unseen(text, name, name); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.notes_unseen(operation text, table_schema name, table_name name) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select false
$$;

--
-- Name: FUNCTION notes_unseen(operation text, table_schema name, table_name name); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.notes_unseen(operation text, table_schema name, table_name name) IS 'Whether one row of this table is noted without a look at what changed in it: the table is the source, and nobody keeps a column out of the text that an update may have changed alone. Generated by note_expressions(), for tg__product_changed().';

--
-- Name: operator_report(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.operator_report() RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select jsonb_build_object(
    'failures', coalesce((
      select jsonb_agg(to_jsonb(f) order by f.failed_at desc, f.product_id)
      from (
        select f.product_id::text, f.attempts, f.error, f.failed_at, f.set_aside
        from analytics_features.product_failures f
        order by f.failed_at desc, f.product_id
        limit 100
      ) f
    ), '[]'),
    'failures_in_all', (select count(*) from analytics_features.product_failures),
    'log', coalesce((
      select jsonb_agg(to_jsonb(l) order by l.log_id desc)
      from (
        select l.log_id, l.logged_at, l.event, l.error, l.products, l.missing, l.stale, l.orphans, l.queued, l.seconds
        from analytics_features.source_log l
        order by l.log_id desc
        limit 20
      ) l
    ), '[]'),
    'activity', coalesce((
      select jsonb_agg(to_jsonb(a) order by a.minute)
      from (
        select a.minute, sum(a.stored) as stored, sum(a.failed) as failed
        from analytics_features.embedding_activity a
        where a.minute > now() - interval '1 hour'
        group by a.minute
      ) a
    ), '[]'),
    'workers', coalesce((
      select jsonb_agg(to_jsonb(w) order by w.last_seen_at desc)
      from (
        select w.worker, w.started_at, w.last_seen_at, w.ended_at is null and w.last_seen_at > now() - interval '2 minutes' as alive
        from analytics_features.embedding_workers w
        order by w.last_seen_at desc
        limit 20
      ) w
    ), '[]'),
    'models', coalesce((
      select jsonb_agg(to_jsonb(m) order by m.state = 'active' desc, m.model_id)
      from (
        select m.model_id, m.name, m.revision, m.precision, m.dimension, m.state, m.coverage, m.queued, m.time_to_go, m.error
        from analytics_features.model_status m
      ) m
    ), '[]'),
    'indexes', coalesce((
      select jsonb_agg(to_jsonb(i) order by i.index_name)
      from (
        select i.index_name, i.method, i.type, i.valid, i.serves_search, i.phase, i.percent, pg_size_pretty(i.bytes) as size
        from analytics_features.vector_indexes i
      ) i
    ), '[]')
  )
$$;

--
-- Name: FUNCTION operator_report(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.operator_report() IS 'What an operator looks at beside embedding_status, as one object: the last failures, comparisons, workers, models, indexes, and what was encoded each minute of the last hour. Raises PE002, PE003.';

--
-- Name: passing_products(jsonb, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.passing_products(filter jsonb, bound integer) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_source regclass := analytics_features.lock_source();
  v_expressions analytics_features.source_expressions := analytics_features.current_expressions(v_source);
  v_ids bigint[];
begin
  execute format(
    'select array(select %s from %s s where %s and %s limit $1 + 1)',
    v_expressions.product_id, v_source, v_expressions.is_live, analytics_features.filter_sql('s', filter)
  ) into v_ids using bound;
  return case when cardinality(v_ids) <= bound then array_remove(v_ids, null) end;
end
$_$;

--
-- Name: FUNCTION passing_products(filter jsonb, bound integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.passing_products(filter jsonb, bound integer) IS 'The ids of the rows that are live and pass a filter; null when they are more than bound. Raises PE001, PE002, PE005, PE015, PE016.';

--
-- Name: phrase_key(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.phrase_key(phrase text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select string_agg(coalesce((tsvector_to_array(analytics_features.words_of(s.words_config::regconfig, t.token[1])))[1], t.token[1]), ' ' order by t.place)
    from analytics_features.settings s
    cross join regexp_matches(analytics_features.cut_text(analytics_features.unmix_text(analytics_features.fold_text(phrase))), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

--
-- Name: FUNCTION phrase_key(phrase text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.phrase_key(phrase text) IS 'The stemmed words of a phrase in their order: how phrases are compared.';

--
-- Name: planned_index(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.planned_index() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return analytics_features.search_index();
end
$$;

--
-- Name: FUNCTION planned_index(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.planned_index() IS 'What search_index() was when the statement was planned; only for statements that name the table of vectors, whose plan a change of its indexes makes anew.';

--
-- Name: planned_signature(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.planned_signature() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return analytics_features.source_signature(analytics_features.source_relation());
end
$$;

--
-- Name: FUNCTION planned_signature(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.planned_signature() IS 'What source_signature() of the source was when the statement was planned; only for statements that read source_rows(), whose plan a change of the source makes anew.';

--
-- Name: prepare_model(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.prepare_model(model text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_running analytics_features.model_preparation;
  v_bound text;
begin
  if coalesce(btrim(prepare_model.model), '') = '' then
    raise exception 'The model has no name.'
      using errcode = 'PE031', hint = 'Such as: select analytics_features.prepare_model(''intfloat/multilingual-e5-small-ru-en'');';
  end if;
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
  select * into v_running from analytics_features.model_preparation;
  if found then
    raise exception 'The model % is being prepared.', v_running.model
      using errcode = 'PE030',
        hint = format('See how far: select * from analytics_features.model_status;  Give it up: select analytics_features.drop_model(%L);', v_running.model);
  end if;

  insert into analytics_features.model_preparation (model) values (btrim(prepare_model.model));
  select string_agg(format('%s %s', d.kind, d.relation), ', ') into v_bound
  from analytics_features.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null then
    raise warning 'Bound to the table of vectors and not able to follow a change of model: %.', v_bound
      using hint = 'Drop them before activate_model() and make them again after it, as dbt run does.';
  end if;
  perform analytics_features.wake_worker(task => 'prepare_model');
end
$$;

--
-- Name: FUNCTION prepare_model(model text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.prepare_model(model text) IS 'Has the worker load a model and encode all products with it beside the active one: a name as on the hub, or a folder on the worker''s machine. Search is not touched; model_status shows how far it is. Raises PE030 while another is prepared, PE031.';

--
-- Name: product_document(bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_document(product_id bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_document record;
begin
  perform analytics_features.lock_source();
  select d.document, d.error into v_document from analytics_features.product_documents(array[product_document.product_id]) d;
  if v_document.error is not null then
    raise exception '%', regexp_replace(v_document.error, '^PE025: ', '')
      using errcode = 'PE025', hint = 'Mend the hook, or do without: select analytics_features.set_document_hook(null);';
  end if;
  return v_document.document;
end
$$;

--
-- Name: FUNCTION product_document(product_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_document(product_id bigint) IS 'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005, PE025, PE029.';

--
-- Name: product_documents(bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_documents(product_ids bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(product_id bigint, document text, document_hash bytea, texts text[], weights double precision[], error text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $_$
begin
  return query execute format(
    'select d.product_id, d.document, d.document_hash, d.texts, d.weights, d.error from (%s) d %s',
    analytics_features.document_query(),
    case when product_ids is not null then 'where d.product_id = any ($1)' else '' end
  ) using product_ids;
end
$_$;

--
-- Name: FUNCTION product_documents(product_ids bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_documents(product_ids bigint[]) IS 'The documents of these products, of all live ones when null, with the hash of each (the sha256 of a text that is encoded as one), the texts that are encoded apart, and what each counts. Where a hook failed, error says why and the others are null. Raises PE001, PE002, PE029.';

--
-- Name: product_id_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_id_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select analytics_features.whole_number_sql(format('%I.product_id', alias), c.type)
    from analytics_features.source_columns c
    where c.column_name = 'product_id'
  );
end
$$;

--
-- Name: FUNCTION product_id_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_id_sql(alias text) IS 'SQL expression for a source row''s product_id as bigint, null where it is not a whole number; alias names the row.';

--
-- Name: product_ids_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_ids_sql(alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select format(
    case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) and i.is_indexed then '%1$I.product_id operator(pg_catalog.=) any ($1)'
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
      when c.type = 'numeric'::regtype then '%1$I.product_id operator(pg_catalog.=) any (select pg_catalog.unnest($1)::pg_catalog.numeric)'
      else '(%2$s) operator(pg_catalog.=) any (select pg_catalog.unnest($1))'
    end,
    alias, analytics_features.product_id_sql(alias)
  )
  from analytics_features.source_columns c
  cross join (
    select exists (
      select
      from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = analytics_features.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
    ) as is_indexed
  ) i
  where c.column_name = 'product_id'
$_$;

--
-- Name: FUNCTION product_ids_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_ids_sql(alias text) IS 'SQL condition that a source row''s product_id is one of $1, a bigint[], served by an index on product_id unless that is a text; alias names the row.';

--
-- Name: product_is_live_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_is_live_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return (
    select coalesce(
      string_agg(
        case
          when c.column_name = 'dbt_valid_to' then analytics_features.row_is_valid_sql(alias)
          when c.type = 'boolean'::regtype then format('%I.%I is not true', alias, c.column_name)
          else format(
            $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.%I::pg_catalog.text)) operator(pg_catalog.!~) '^(true|t|yes|y|1([.]0*)?)$', true)$sql$,
            alias, c.column_name
          )
        end,
        ' and ' order by c.position
      ),
      'true'
    )
    from analytics_features.source_columns c
    where c.decides_life
  );
end
$_$;

--
-- Name: FUNCTION product_is_live_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_is_live_sql(alias text) IS 'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';

--
-- Name: products_with(tsquery, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.products_with(term tsquery, most integer DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
begin
  return (
    select count(*)
    from (select from analytics_features.product_words w where w.words @@ term limit most) w
  );
end
$$;

--
-- Name: FUNCTION products_with(term tsquery, most integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.products_with(term tsquery, most integer) IS 'Number of products that have a term, counted up to most.';

--
-- Name: query_embedding(text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_embedding(query text, model_id integer DEFAULT NULL::integer) RETURNS public.vector
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select q.embedding
    from analytics_features.query_embeddings q
    where q.query = analytics_features.query_key(query_embedding.query)
      and q.model_id = coalesce(query_embedding.model_id, analytics_features.active_model_id())
  );
end
$$;

--
-- Name: FUNCTION query_embedding(query text, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_embedding(query text, model_id integer) IS 'The cached vector of a query by a model, the active one when null; null when there is none (see embed_query).';

--
-- Name: query_key(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_key(query text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key text := left(btrim(regexp_replace(normalize(left(query, 4000), NFC), E'[\\s\u00A0\u2000-\u200B\u202F\u2060\u3000\uFEFF]+', ' ', 'g')), 1000);
begin
  return nullif(btrim(case when octet_length(v_key) > 2600 then left(v_key, 650) else v_key end), '');
end
$$;

--
-- Name: FUNCTION query_key(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_key(query text) IS 'A query as it is cached and encoded: blanks squeezed, at most 1000 characters, or 650 where more take over 2600 bytes; null when nothing is left.';

--
-- Name: query_terms(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_terms(query text) RETURNS TABLE(group_no integer, alternative integer, term tsquery, weight double precision, idf double precision)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "pg_trgm.similarity_threshold" TO '0.4'
    AS $$
#variable_conflict use_column
declare
  v_config regconfig;
  v_products double precision;
  v_has_synonyms boolean;
  v_whole text;
  v_query text := analytics_features.cut_text(analytics_features.unmix_text(analytics_features.fold_text(left(query, 1000))));
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
  select s.words_config::regconfig, greatest(t.products, 1), exists (select from analytics_features.synonyms)
  into strict v_config, v_products, v_has_synonyms
  from analytics_features.settings s
  cross join analytics_features.word_totals t;
  v_whole := analytics_features.squash_text(v_query);
  -- What words_of() makes of a text that is folded already and has no separators.
  for i in 1 .. cardinality(v_tokens) loop
    v_lexemes[i] := (tsvector_to_array(to_tsvector(v_config, v_tokens[i])))[1];
    if i > 1 and v_tokens[i - 1] || v_tokens[i] !~ '[[:digit:]]' then
      v_joined[i] := (tsvector_to_array(to_tsvector(v_config, v_tokens[i - 1] || v_tokens[i])))[1];
    end if;
  end loop;

  -- Typed with the other keyboard layout: no word is known as it stands, and one of some length is as the same keys give it.
  if not exists (select from analytics_features.word_statistics w where w.word = any (v_lexemes)) and v_query !~ '[[:digit:]]' then
    v_switched := case when v_query ~ '[а-я]'
      then translate(v_query, 'йцукенгшщзхъфывапролджэячсмитьбю', 'qwertyuiop[]asdfghjkl;''zxcvbnm,.')
      else translate(v_query, '`qwertyuiop[]asdfghjkl;''zxcvbnm,.', 'ейцукенгшщзхъфывапролджэячсмитьбю')
    end;
    if exists (
      select
      from regexp_matches(v_switched, '[[:alpha:]]{4,}', 'g') t (token)
      join analytics_features.word_statistics w on w.word = (tsvector_to_array(to_tsvector(v_config, t.token[1])))[1]
    ) then
      return query select t.* from analytics_features.query_terms(v_switched) t;
      return;
    end if;
  end if;

  -- With its neighbour one word: t-shirt, wi fi. Also where it is a stop word by itself.
  if v_joined <> '{}' then
    return query
      select n.place, 9 - (i - n.place), ('''' || w.word || '''')::tsquery, 0.5::double precision, analytics_features.idf(w.products, v_products)
      from generate_series(2, cardinality(v_tokens)) i
      join analytics_features.word_statistics w on w.word = v_joined[i]
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
        select s.same_as_key as key from analytics_features.synonyms s where s.phrase_key = p.key
        union all
        select s.phrase_key from analytics_features.synonyms s where s.same_as_key = p.key
      ) s
      group by p.first, p.last
      order by p.first, p.last desc
    loop
      continue when v_phrase.first <= v_spoken;
      v_spoken := v_phrase.last;
      return query
        select
          g.place, s.alternative, s.term, 0.9::double precision / count(*) over (partition by s.alternative, s.place),
          analytics_features.idf(s.products, v_products)
        from (
          select (1000 + k.place)::integer as alternative, w.place, t.term, p.products, min(p.products) over (partition by k.place) as fewest
          from unnest(v_phrase.keys) with ordinality k (key, place)
          cross join lateral string_to_table(k.key, ' ') with ordinality w (word, place)
          cross join lateral (select ('''' || w.word || '''')::tsquery as term) t
          left join analytics_features.word_statistics c on c.word = w.word
          cross join lateral (select coalesce(c.products, analytics_features.products_with(t.term)) as products offset 0) p
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
            coalesce(w.deletions, analytics_features.deletions_of(s.sound))
              || case when s.spoken <> s.sound then analytics_features.deletions_of(s.spoken) end
          end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (
          select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code, t.token !~ '^[[:digit:]]' as is_word,
            t.lexeme ~ '[a-z]' as has_latin
        ) c
        left join analytics_features.word_statistics w on w.word = t.lexeme
        left join analytics_features.word_statistics n on n.word = c.code
        -- Of numbers only those that several products have are counted beforehand, and of words those that are not new.
        cross join lateral (
          select
            case when w.word is not null then w.products
              else nullif(analytics_features.products_with(('''' || t.lexeme || '''')::tsquery), 0) end as products,
            case when n.word is not null or c.is_word and w.word is not null then n.products
              else nullif(analytics_features.products_with(('''' || c.code || '''')::tsquery), 0) end as code_products
          offset 0
        ) p
        -- What the vocabulary knows of a word need not be worked out again. In the collation that the index over deletions has.
        cross join lateral (
          select
            coalesce(w.sound collate "default", analytics_features.sound_of(t.lexeme)) as sound,
            case when t.token = t.lexeme and w.sound is not null then w.sound collate "default" else analytics_features.sound_of(t.token) end as spoken
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
                from analytics_features.word_statistics w
                where w.word >= k.lexeme and w.word < k.lexeme || E'\U0010FFFF'
                limit 1000
              ) w
            ) as products
          where k.is_word
          union all
          select k.code, nullif(analytics_features.products_with(('''' || k.code || ''':*')::tsquery), 0)
          where not k.is_word
        ) b
        where k.is_unknown and length(k.token) > 2 and b.products is not null
        union all
        -- The same word in the other script.
        select k.place, (10 + o.place)::integer, o.word, false, 0.9, o.products
        from known k
        cross join lateral (
          select w.word, w.products, row_number() over (order by w.products desc, w.word) as place
          from analytics_features.word_statistics w
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
              from analytics_features.word_statistics w
              where w.deletions && k.deletions
              union all
              select w.word, w.products, public.similarity(w.sound, k.sound)::double precision
              from analytics_features.word_statistics w
              where w.sound operator(public.%) k.sound
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
      analytics_features.idf((sum(a.products) over (partition by a.place))::bigint, v_products)
    from alternative a
    union all
    select k.place, 0, null, 0, analytics_features.idf(0, v_products)
    from known k
    where k.place not in (select a.place from alternative a)
    union all
    -- Twice, because only the best of them counts.
    select 0, c.place::integer, c.term, 2.0, analytics_features.idf(c.products, v_products)
    from (
      select c.place, t.term, coalesce(w.products, analytics_features.products_with(t.term, 101)) as products
      from unnest(analytics_features.code_terms(left(regexp_replace(v_query, E'\\s+', '-', 'g'), 200))) with ordinality c (code, place)
      left join analytics_features.word_statistics w on w.word = c.code
      cross join lateral (select ('''' || c.code || '''')::tsquery as term) t
      where v_query ~ '[[:digit:]]' and length(c.code) > 4 and c.code ~ '[[:digit:]]'
      -- Once, although it is used twice.
      offset 0
    ) c
    where c.products between 1 and 100
    union all
    select 0, 0, ('''' || v_whole || '''')::tsquery, 1.0, analytics_features.idf(0, v_products)
    union all
    select 0, -1, ('''#' || substr(v_whole, 2) || ''':*')::tsquery, 1.0, analytics_features.idf(1, v_products)
    where v_query ~ '[[:digit:]]' and length(v_whole) between 4 and 41;
end
$$;

--
-- Name: FUNCTION query_terms(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_terms(query text) IS 'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess, 2 for a code across words) and its inverse document frequency. A word that nothing stands in for has no term. Reads the first 1000 characters.';

--
-- Name: queue_changes_sql(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.queue_changes_sql(changed text, model_id text DEFAULT 'null'::text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return format(
    $sql$
      insert into analytics_features.product_changes (model_id, product_ids)
      select %s, a.ids[s.first : s.first + 199]
      from (select pg_catalog.array_agg(c.id) as ids from (select c.id from (%s) c (id) where c.id is not null limit 60000000) c) a
      cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(a.ids), 200) s (first)
    $sql$,
    queue_changes_sql.model_id, changed
  );
end
$_$;

--
-- Name: FUNCTION queue_changes_sql(changed text, model_id text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.queue_changes_sql(changed text, model_id text) IS 'SQL that notes the products of a query of ids in product_changes, for one model or for all that are kept.';

--
-- Name: queue_difference(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.queue_difference(model_id integer) RETURNS TABLE(products bigint, missing bigint, stale bigint, orphans bigint, queued bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  perform analytics_features.require_embeddings();
  perform analytics_features.lock_source();
  perform analytics_features.lock_models();
  return query execute format(
    $sql$
      with
        difference as materialized (
          select d.product_id, d.state, d.document_hash, d.has_words from analytics_features.embedding_difference($1) d
        ),
        outdated as materialized (
          select q.product_id
          from analytics_features.product_queue q
          join difference d on d.product_id = q.product_id
          where q.model_id = $1 and q.claim_id is not null and q.document_hash is distinct from d.document_hash
        ),
        to_queue as materialized (
          select d.product_id
          from difference d
          left join analytics_features.%I e on e.product_id = d.product_id
          left join analytics_features.product_failures f on f.product_id = d.product_id and f.model_id = $1
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
              from analytics_features.queued_products q
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
    analytics_features.embeddings_table(queue_difference.model_id),
    analytics_features.queue_changes_sql('select t.product_id from to_queue t', '$1')
  ) using queue_difference.model_id, queue_difference.model_id = coalesce(analytics_features.active_model_id(), 0),
    pg_current_xact_id_if_assigned() is not null;
end
$_$;

--
-- Name: FUNCTION queue_difference(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.queue_difference(model_id integer) IS 'Compares the source with the vectors of a model (0: before there is one) and queues what differs; returns what it found and how many products it queued. Part of reconcile(). Raises PE001, PE002, PE003, PE005, PE029, PE031.';

--
-- Name: queue_summary(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.queue_summary(exact boolean) RETURNS TABLE(queued bigint, claimed bigint, failed bigint, oldest timestamp with time zone, with_vector bigint, without_vector bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_model_id integer := coalesce(analytics_features.active_model_id(), 0);
begin
  select count(*), count(*) filter (where c.lease_until > clock_timestamp()), min(q.queued_at)
  into queued, claimed, oldest
  from analytics_features.queued_products q
  left join analytics_features.product_claims c on c.claim_id = q.claim_id
  where q.model_id = v_model_id;
  select count(*) into failed from analytics_features.product_failures f where f.set_aside and f.model_id = v_model_id;

  if exact or queued + failed <= 20000 then
    select count(*) filter (where w.waits), count(*) filter (where w.claimed), count(e.product_id), count(*) - count(e.product_id)
    into queued, claimed, with_vector, without_vector
    from (
      select u.product_id, bool_or(u.waits) as waits, bool_or(u.claimed) as claimed
      from (
        select q.product_id, true as waits, c.lease_until > clock_timestamp() as claimed
        from analytics_features.queued_products q
        left join analytics_features.product_claims c on c.claim_id = q.claim_id
        where q.model_id = v_model_id
        union all
        select f.product_id, false, false from analytics_features.product_failures f where f.set_aside and f.model_id = v_model_id
      ) u
      group by u.product_id
    ) w
    left join analytics_features.product_embeddings e on e.product_id = w.product_id;
  end if;
  return next;
end
$$;

--
-- Name: FUNCTION queue_summary(exact boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.queue_summary(exact boolean) IS 'What waits for the active model, is claimed and failed, since when, and how many of these products have a vector already. Not exact: rows instead of products, and no vectors looked up, past 20,000 rows.';

--
-- Name: rank_words(text, integer, bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(product_id bigint, word_score double precision, is_exact boolean, terms text[], coverage double precision, is_complete boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
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
  with term as materialized (select t.* from analytics_features.query_terms(query) t)
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
  select t.products, t.average_tokens into strict v_products, v_average from analytics_features.word_totals t;

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
            from analytics_features.product_words w
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
            from analytics_features.product_words w
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
            analytics_features.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from analytics_features.product_words w
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

--
-- Name: FUNCTION rank_words(query text, wanted integer, others bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[]) IS 'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; coverage: how much of the query that is, by the rarity of its words, 0 to 1, null where all have none; is_complete: the words find no more. Dead products are among them.';

--
-- Name: ranked_products(text, integer, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.ranked_products(query text, k integer, mode text, model_id integer DEFAULT NULL::integer) RETURNS TABLE(product_id bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_vector public.vector;
begin
  if ranked_products.model_id is null or mode = 'words' then
    return query select s.product_id from analytics_features.search_products_text(query, k, null, mode) s;
    return;
  end if;
  v_vector := analytics_features.query_embedding(query, ranked_products.model_id);
  if mode = 'vectors' then
    return query select n.product_id from analytics_features.nearest_products(v_vector, k, null, null, ranked_products.model_id) n;
  else
    return query select h.product_id from analytics_features.hybrid_products(query, v_vector, k, null, ranked_products.model_id) h;
  end if;
end
$$;

--
-- Name: FUNCTION ranked_products(query text, k integer, mode text, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.ranked_products(query text, k integer, mode text, model_id integer) IS 'The products that a search in this mode gives, best first; with the vectors of another model than the active one when model_id is not null.';

--
-- Name: rebuild_copy(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rebuild_copy(release boolean DEFAULT false) RETURNS TABLE(inserted bigint, updated bigint, deleted bigint, held bigint, unusable_ids bigint, duplicate_ids bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    SET lock_timeout TO '10s'
    AS $_$
#variable_conflict use_variable
declare
  v_settings analytics_features.settings;
  v_columns text;
  v_common text;
  v_before bigint := 0;
  v_kept text[];
  v_statement text;
begin
  select * into v_settings from analytics_features.settings;
  drop table if exists analytics_features.source_copy_new;
  select
    string_agg(format('%I %s%s', a.attname, case a.attname when 'product_id' then 'bigint' else a.atttypid::regtype::text end, case a.attname when 'product_id' then ' not null' end), ', ' order by a.attnum),
    string_agg(format('%I', a.attname), ', ') filter (where o.attname is not null)
  into v_columns, v_common
  from pg_attribute a
  left join pg_attribute o
    on o.attrelid = to_regclass('analytics_features.source_copy') and o.attname = a.attname and not o.attisdropped
    and (o.atttypid = a.atttypid or a.attname = 'product_id')
  where a.attrelid = 'analytics_features.source_upstream'::regclass and a.attnum > 0 and not a.attisdropped;
  execute format('create table analytics_features.source_copy_new (%s)', v_columns);
  comment on table analytics_features.source_copy_new is 'The products of the other database, one row each; made by connect_source() and kept by refresh_copy().';

  -- What is generated from the source's columns is, for these statements, about the new copy's.
  perform analytics_features.set_source('analytics_features', 'source_copy_new');
  execute format(
    $sql$
      with %s,
        inserted as (
          insert into analytics_features.source_copy_new (product_id, %2$s) select i.product_id, %3$s from incoming i returning product_id
        )
      select
        (select count(*) from inserted),
        (select o.unusable_ids from odd o),
        (select o.duplicate_ids from odd o)
    $sql$,
    analytics_features.incoming_sql('true', false),
    (select string_agg(format('%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = 'analytics_features.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id'),
    (select string_agg(format('i.%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = 'analytics_features.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id')
  ) into inserted, unusable_ids, duplicate_ids;
  perform analytics_features.set_source(v_settings.source_schema, v_settings.source_table);
  alter table analytics_features.source_copy_new add primary key (product_id);

  updated := 0;
  deleted := 0;
  held := 0;
  if to_regclass('analytics_features.source_copy') is not null then
    select count(*), count(*) filter (where not exists (select from analytics_features.source_copy_new n where n.product_id = c.product_id))
    into v_before, deleted
    from analytics_features.source_copy c;
    if not release and deleted > v_settings.vanished_hold_share * v_before then
      execute format(
        'insert into analytics_features.source_copy_new (%1$s) select %1$s from analytics_features.source_copy on conflict (product_id) do nothing',
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
    where i.indrelid = to_regclass('analytics_features.source_copy') and not i.indisprimary
    union all
    select format(
      'grant %s on analytics_features.source_copy to %s',
      a.privilege_type, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
    from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass('analytics_features.source_copy') and a.grantee <> c.relowner
  ) k;
  drop table if exists analytics_features.source_copy;
  alter table analytics_features.source_copy_new rename to source_copy;
  alter index analytics_features.source_copy_new_pkey rename to source_copy_pkey;
  foreach v_statement in array coalesce(v_kept, '{}') loop
    begin
      execute v_statement;
    exception when undefined_column or undefined_function or datatype_mismatch or undefined_object then
      raise warning 'Not kept when the copy of the products was made anew: %', v_statement;
    end;
  end loop;
  return next;
end
$_$;

--
-- Name: FUNCTION rebuild_copy(release boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rebuild_copy(release boolean) IS 'Makes the copy of the products anew, with the columns that they have now; released, without those that are gone, however many. Triggers and comparison follow by attach().';

--
-- Name: recommended_products(bigint[], integer, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer DEFAULT 10, filter jsonb DEFAULT NULL::jsonb) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, score double precision, similarity double precision, together bigint, reason text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_given bigint[];
  v_left_out bigint[] := array(select g from unnest(product_ids) g where g is not null);
  v_has_pairs boolean;
begin
  perform analytics_features.lock_source();
  perform analytics_features.lock_embeddings();
  perform analytics_features.require_limit(max_results, 1000);
  v_has_pairs := exists (select from analytics_features.product_pairs);

  select array_agg(k.product_id order by k.place) into v_given
  from (
    select g.product_id, min(g.place) as place
    from unnest(product_ids) with ordinality g (product_id, place)
    where exists (select from analytics_features.product_embeddings e where e.product_id = g.product_id)
      or exists (select from analytics_features.product_pairs p where p.product_id = g.product_id)
    group by g.product_id
    order by 2
    limit 100
  ) k;
  if v_given is null then
    raise exception 'None of the given products is known here.'
      using errcode = 'PE017',
        hint = 'Pass products that have a vector, or pairs: select state, missing, notes from analytics_features.embedding_status;';
  end if;

  return query
    with
      given as materialized (
        select e.product_id, e.embedding
        from analytics_features.product_embeddings e
        where e.product_id = any (v_given)
        order by array_position(v_given, e.product_id)
        limit 10
      ),
      near as materialized (
        select distinct n.product_id
        from given g
        cross join lateral analytics_features.nearest_products(g.embedding, greatest(max_results, 10), filter, v_left_out) n
      ),
      paired as materialized (
        select p.other_id as product_id, max(p.together) as together,
          1 - exp(sum(ln(greatest(1 - p.score, 1e-9)))) as affinity
        from analytics_features.product_pairs p
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
        from analytics_features.live_products((select array_agg(c.product_id) from candidates c), filter) l
      ),
      judged as materialized (
        select
          a.product_id, a.name, a.vendor_code, a.price, c.is_near, c.together,
          coalesce(c.affinity / max(c.affinity) over (), 0) as affinity,
          (
            select max(1 - (g.embedding operator(public.<=>) e.embedding))
            from given g
            join analytics_features.product_embeddings e on e.product_id = a.product_id
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
    cross join analytics_features.settings s
    order by 5 desc, 1
    limit max_results;
end
$$;

--
-- Name: FUNCTION recommended_products(product_ids bigint[], max_results integer, filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) IS 'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014 to PE017.';

--
-- Name: reconcile(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.reconcile() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
declare
  v_log analytics_features.source_log;
  v_queued_otherwise bigint;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := analytics_features.lock_source();

  perform analytics_features.remember_order();
  select q.products, q.missing, q.stale, q.orphans, q.queued
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from analytics_features.queue_difference(coalesce(analytics_features.active_model_id(), 0)) q;
  select coalesce(sum(q.queued), 0) into v_queued_otherwise
  from (select m.model_id from analytics_features.embedding_models m where m.is_kept offset 0) m
  cross join lateral analytics_features.queue_difference(m.model_id) q;

  -- Not before, or nothing that waits would be left to wait (see queue_difference).
  perform analytics_features.note_expressions();
  if v_log.queued + v_queued_otherwise > 0 then
    perform analytics_features.announce_changes();
  end if;

  select s.unusable_ids, s.duplicate_ids, s.document_columns
  into v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns
  from analytics_features.source_shape() s;
  select bool_and(t.enabled is true) into v_log.triggers_attached from analytics_features.source_triggers t;

  insert into analytics_features.source_log (
    event, source_oid, triggers_attached, products, missing, stale, orphans, queued, unusable_ids, duplicate_ids, document_columns, seconds
  )
  values (
    'reconcile', v_log.source_oid, v_log.triggers_attached, v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued,
    v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns, round(extract(epoch from clock_timestamp() - v_started)::numeric, 3)
  );
  return v_log.queued;
end
$$;

--
-- Name: FUNCTION reconcile(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.reconcile() IS 'Compares source and vectors, of all models that are kept, and queues what differs; returns how many products it queued for the active one. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005, PE029.';

--
-- Name: reconcile_later(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.reconcile_later() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select analytics_features.wake_worker(task => 'reconcile')
$$;

--
-- Name: FUNCTION reconcile_later(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.reconcile_later() IS 'Has a worker reconcile() once this transaction is committed. Never fails.';

--
-- Name: refresh_copy(boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.refresh_copy(is_full boolean DEFAULT false, only_if_due boolean DEFAULT false) RETURNS TABLE(outcome text, inserted bigint, updated bigint, deleted bigint, error text, is_news boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
  v_connection analytics_features.source_connection;
  v_started timestamptz := clock_timestamp();
  v_state text;
  v_message text;
  v_detail text;
begin
  is_news := false;
  select * into v_connection from analytics_features.source_connection;
  if not found then
    if not only_if_due then
      raise exception 'The products are not in another database.'
        using errcode = 'PE153', hint = 'Set STAGING_DB_* and: npm run migrate; or select analytics_features.connect_source(…);';
    end if;
    outcome := 'not connected';
    return next;
    return;
  end if;
  if only_if_due and v_connection.next_at > v_started then
    outcome := 'not due';
    return next;
    return;
  end if;
  if not only_if_due then
    perform analytics_features.lock_copy();
  elsif not pg_try_advisory_xact_lock(hashtext('analytics_features.source_copy'), 1) then
    outcome := 'busy';
    return next;
    return;
  end if;

  begin
    select u.outcome, u.inserted, u.updated, u.deleted
    into outcome, inserted, updated, deleted
    from analytics_features.copy_upstream(
      is_full or v_connection.full_at is null or v_connection.full_at + v_connection.full_every <= v_started
        or v_connection.held > 0
    ) u;
    update analytics_features.source_connection c
    set
      error = null,
      failing_since = null,
      next_at = greatest(v_started + c.refresh_every - interval '5 seconds', clock_timestamp() + 9 * (clock_timestamp() - v_started));
    is_news := v_connection.error is not null;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    outcome := 'failed';
    error := analytics_features.copy_failure(v_state, v_message, v_detail);
    is_news := analytics_features.note_copy_failure(error, clock_timestamp() - v_started);
  end;
  return next;
end
$$;

--
-- Name: FUNCTION refresh_copy(is_full boolean, only_if_due boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.refresh_copy(is_full boolean, only_if_due boolean) IS 'Takes up what changed in the other database: what is newer, or all of it when full or due; the worker does it every minute. outcome: incremental, full, rebuilt (the columns changed), failed (with the error), busy, not due. Raises PE153.';

--
-- Name: refresh_pairs(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.refresh_pairs() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_relation regclass;
  v_settings analytics_features.settings;
  v_id text;
  v_pairs bigint;
  v_has_no_id boolean;
begin
  -- Two at once would write the same pairs.
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_pairs'), 3);
  v_relation := analytics_features.lock_interactions();
  if v_relation is null then
    delete from analytics_features.product_pairs;
    return 0;
  end if;
  select * into strict v_settings from analytics_features.settings s;
  v_id := case
    when (
      select a.atttypid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      from pg_attribute a
      where a.attrelid = v_relation and a.attname = v_settings.interactions_product
    ) then format('i.%I::pg_catalog.int8', v_settings.interactions_product)
    else analytics_features.whole_number_sql(format('i.%I', v_settings.interactions_product), 'text'::regtype)
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
          delete from analytics_features.product_pairs p
          where not exists (select from fresh f where f.product_id = p.product_id and f.other_id = p.other_id)
        ),
        written as (
          insert into analytics_features.product_pairs as p (product_id, other_id, together, score, log_likelihood_ratio)
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
          hint = format('Name the column of product ids: select analytics_features.set_interactions(%L, %L, ''product_id'');', v_relation::text, v_settings.interactions_group);
    end if;
  end if;
  return v_pairs;
end
$_$;

--
-- Name: FUNCTION refresh_pairs(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.refresh_pairs() IS 'Makes product_pairs anew from the relation that set_interactions() named, none without one; returns how many rows. The worker does it nightly. Raises PE023.';

--
-- Name: refresh_word_statistics(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.refresh_word_statistics(only_if_due boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_words bigint;
begin
  -- Who comes second leaves it to the first.
  perform from analytics_features.word_totals t for update skip locked;
  if not found then
    return null;
  end if;
  if only_if_due and not exists (
    select
    from analytics_features.word_totals t
    cross join lateral (
      select count(*) as products, min(w.indexed_at) as since
      from (
        select w.indexed_at
        from analytics_features.product_words w
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
      from analytics_features.product_words w
      cross join lateral unnest(tsvector_to_array(w.words)) u (word)
      -- Whole values are in a product or two, and nobody mistypes them as a whole.
      where left(u.word, 1) <> '='
      group by u.word
      having count(*) > 1 or u.word !~ '[0-9]'
    ),
    gone as (
      delete from analytics_features.word_statistics w
      -- "is not true" makes it a look-up in a hash.
      where (w.word in (select c.word from counted c)) is not true
    ),
    kept as (
      insert into analytics_features.word_statistics as w (word, products)
      select c.word, c.products from counted c
      on conflict on constraint word_statistics_pkey do update set products = excluded.products
      where w.products <> excluded.products
    )
  select count(*) into v_words from counted;

  update analytics_features.word_totals t
  set products = c.products, average_tokens = greatest(c.average_tokens, 1), refreshed_at = now()
  from (select count(*) as products, coalesce(avg(w.tokens), 1) as average_tokens from analytics_features.product_words w) c;
  return v_words;
end
$$;

--
-- Name: FUNCTION refresh_word_statistics(only_if_due boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.refresh_word_statistics(only_if_due boolean) IS 'Counts anew in how many products each word is; returns the number of words. only_if_due: only if a twentieth of the products changed, or anything an hour ago, and null otherwise; so the worker calls it.';

--
-- Name: register_model(text, text, text, integer, text, integer, text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text DEFAULT ''::text, passage_prefix text DEFAULT ''::text, path text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_active analytics_features.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
  v_model_id := analytics_features.note_model(
    register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling,
    register_model.max_tokens, register_model.query_prefix, register_model.passage_prefix, register_model.path
  );
  select * into v_active from analytics_features.embedding_models m where m.is_active;
  if v_active.model_id is null and exists (select from analytics_features.embedding_models m where m.model_id = v_model_id and m.is_kept) then
    raise exception 'No model is active, and vectors of % are kept.', register_model.name
      using errcode = 'PE021',
        hint = format(
          'Search by them again: select analytics_features.activate_model(%L);  or start over without them: select analytics_features.drop_model(%1$L);', v_model_id::text
        );
  end if;
  if v_active.model_id = v_model_id
    or exists (select from analytics_features.embedding_models m where m.model_id = v_model_id and m.is_kept)
  then
    return v_model_id;
  end if;

  if exists (select from analytics_features.product_embeddings e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Leave EMBEDDING_MODEL and EMBEDDING_PRECISION out, or set the model to %s. To change the model without a gap in search: select analytics_features.prepare_model(%L);  and when it is ready: select analytics_features.activate_model(); Or start over, with search empty meanwhile: select analytics_features.reset_embeddings(%s);',
          coalesce(v_active.path, v_active.name), coalesce(register_model.path, register_model.name), register_model.dimension
        );
  end if;

  update analytics_features.embedding_models m set is_active = false, activated_at = null where m.is_active;
  update analytics_features.embedding_models m set is_active = true where m.model_id = v_model_id;
  -- What waits was noted for the former one, or for whichever comes; so were the queries that people ask.
  update analytics_features.product_queue q
  set model_id = v_model_id
  where q.model_id = 0 or q.model_id = v_active.model_id;
  update analytics_features.product_changes c
  set model_id = v_model_id
  where c.model_id = 0 or c.model_id = v_active.model_id;
  insert into analytics_features.query_embeddings (query, model_id, kept, uses, used_at)
  select q.query, v_model_id, q.kept, q.uses, q.used_at
  from analytics_features.query_embeddings q
  where q.model_id = v_active.model_id
  on conflict do nothing;
  delete from analytics_features.query_embeddings q where q.model_id = v_active.model_id;
  return v_model_id;
end
$_$;

--
-- Name: FUNCTION register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) IS 'Makes a model known and returns its id; it becomes the active one if no vector of another is stored there. Raises PE021 otherwise, unless its vectors are kept in a table of their own.';

--
-- Name: related_key_sql(oid, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_type oid := (select a.atttypid from pg_attribute a where a.attrelid = relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped);
  v_product_type oid := (select c.type from analytics_features.source_columns c where c.column_name = product_column);
  v_cast text := case
    when v_type = v_product_type then ''
    when (select bool_and(t.typcategory = 'N') from pg_type t where t.oid in (v_type, v_product_type)) then '::pg_catalog.numeric'
    else '::pg_catalog.text'
  end;
begin
  if v_type is null or v_product_type is null then
    return;
  end if;
  key := format('r.%I%s', key_column, v_cast);
  product_key := format('s.%I%s', product_column, case when v_cast = '::pg_catalog.numeric' then '' else v_cast end);
end
$$;

--
-- Name: FUNCTION related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text) IS 'SQL for the key of a row r of a related table and for what a source row s has of it; null when either has no such column.';

--
-- Name: related_relation(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.related_relation(relation text) RETURNS regclass
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_parts text[];
  v_relation regclass;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a table with its schema.', coalesce(quote_literal(relation), 'null')
      using errcode = 'PE028', hint = 'select analytics_features.attach_related(''schema.table'', ''key_column'', ''product_column'');';
  end if;
  select c.oid::regclass into v_relation
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = v_parts[1] and c.relname = v_parts[2] and c.relkind in ('r', 'p', 'v', 'm', 'f');
  if v_relation is null then
    raise exception 'There is no table %.', relation using errcode = 'PE028', hint = 'Build it first: dbt''s hook attaches it again whenever it is made anew.';
  end if;
  if (select c.relkind from pg_class c where c.oid = v_relation) not in ('r', 'p') then
    raise exception '% is no table and cannot have triggers.', v_relation
      using errcode = 'PE028', hint = 'Attach the tables that it reads; what else changes is found by comparing, every few minutes.';
  end if;
  return v_relation;
end
$$;

--
-- Name: FUNCTION related_relation(relation text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.related_relation(relation text) IS 'The table of this name that triggers can be put on. Raises PE028.';

--
-- Name: release_claim(bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.release_claim(claim_id bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Given back unharmed, so it is no attempt that the next one would have to be careful about.
  update analytics_features.product_queue q
  set claim_id = null, attempts = greatest(q.attempts - 1, 0)
  where q.claim_id = release_claim.claim_id;

  delete from analytics_features.product_claims c where c.claim_id = release_claim.claim_id
$$;

--
-- Name: FUNCTION release_claim(claim_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.release_claim(claim_id bigint) IS 'Gives back what a claim still holds, for others to take up at once.';

--
-- Name: release_copy(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.release_copy() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from analytics_features.source_connection) then
    raise exception 'The products are not in another database.'
      using errcode = 'PE153', hint = 'For vectors of vanished products: select analytics_features.release_vanished();';
  end if;
  perform analytics_features.lock_copy();
  return (select u.deleted from analytics_features.copy_upstream(true, true) u);
end
$$;

--
-- Name: FUNCTION release_copy(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.release_copy() IS 'Lets a mass disappearance through: deletes from the copy what is gone in the other database, however much; returns how many products. Their vectors wait for their own grace, and for release_vanished(). Raises PE152, PE153.';

--
-- Name: release_vanished(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.release_vanished() RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select analytics_features.drop_vanished(only_if_due => false)
$$;

--
-- Name: FUNCTION release_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.release_vanished() IS 'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE003, PE005.';

--
-- Name: remember_order(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.remember_order() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into analytics_features.document_order (column_name)
  select c.column_name
  from analytics_features.source_columns c
  where c.in_document and not exists (select from analytics_features.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing
$$;

--
-- Name: FUNCTION remember_order(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.remember_order() IS 'Gives the columns of the document that have no place in document_order one, behind all others.';

--
-- Name: rename_indexes(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rename_indexes(of_table text, former_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_index text;
begin
  for v_index in
    select c.relname
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass(format('analytics_features.%I', of_table)) and starts_with(c.relname, left(former_name, 40) || '_')
  loop
    execute format(
      'alter index analytics_features.%I rename to %I',
      v_index, left(of_table, 40) || substr(v_index, length(left(former_name, 40)) + 1)
    );
  end loop;
end
$$;

--
-- Name: FUNCTION rename_indexes(of_table text, former_name text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rename_indexes(of_table text, former_name text) IS 'Lets the names of a table''s indexes begin as the table is named now, where they began with its former name.';

--
-- Name: rename_schema(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rename_schema(new_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  -- The name that is written in the bodies, and the one that the schema has now.
  v_written text := 'analytics_features';
  v_now text := (
    select n.nspname
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'rename_schema' and p.prosrc like '%v_written text := ''' || v_written || '''%'
  );
  v_pattern text := format(E'\\m%s\\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name
    or rename_schema.new_name ~ '^(pg_.*|information_schema|graphile_worker|graphile_migrate)$'
  then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, no reserved word, and no schema of PostgreSQL''s or graphile''s.';
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
$_$;

--
-- Name: FUNCTION rename_schema(new_name text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rename_schema(new_name text) IS 'Renames our schema and everything that names it; also mends one that was renamed by hand. Then set PGVECTOR_SCHEMA, and the dbt variable product_embeddings_schema. Raises PE007.';

--
-- Name: request_query(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.request_query(query text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_query text := analytics_features.query_key(request_query.query);
  v_row record;
  v_model_id integer := analytics_features.active_model_id();
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
  from analytics_features.query_embeddings q
  where q.query = v_query and q.model_id = v_model_id;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  begin
    -- Another transaction that is just noting the same query does it for both.
    if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext('analytics_features.query_embeddings')) then
      insert into analytics_features.query_embeddings as q (query, model_id, uses) values (v_query, v_model_id, 1)
      on conflict on constraint query_embeddings_key do nothing;
      v_noted := true;
    elsif v_row.is_due then
      update analytics_features.query_embeddings q
      set uses = q.uses + 1, used_at = now(),
        attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
      from (select u.query from analytics_features.query_embeddings u where u.query = v_query and u.model_id = v_model_id for update skip locked) u
      where q.query = u.query and q.model_id = v_model_id;
      v_noted := found;
    end if;
  exception when serialization_failure or disk_full then
    null;
  end;
  if v_noted and not coalesce(v_row.is_embedded, false) then
    perform analytics_features.wake_worker(task => 'embed_queries');
  end if;
  return coalesce(v_row.is_embedded, false);
end
$$;

--
-- Name: FUNCTION request_query(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.request_query(query text) IS 'Notes that a query is used and asks the worker for its vector if it has none; returns whether it has one. Takes effect when the transaction commits.';

--
-- Name: require_embeddings(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_embeddings() RETURNS regclass
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_table regclass := (
    select c.oid::regclass
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'analytics_features' and c.relname = 'product_embeddings'
  );
begin
  if v_table is null then
    raise exception 'The table analytics_features.product_embeddings does not exist.'
      using errcode = 'PE003',
        hint = 'npm run migrate makes it again, with the dimension in PGVECTOR_EMBEDDING_DIM; npm run embed fills it.';
  end if;
  return v_table;
end
$$;

--
-- Name: FUNCTION require_embeddings(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_embeddings() IS 'The table of vectors; raises PE003 when somebody dropped it.';

--
-- Name: require_fdw(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_fdw() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_reason text;
begin
  if not exists (select from pg_available_extensions e where e.name = 'postgres_fdw') then
    raise exception 'This PostgreSQL has no postgres_fdw, through which products of another database are read.'
      using errcode = 'PE150',
        hint = 'It is in PostgreSQL''s contrib package; the embedded database has none. Use a server: DATABASE_URL=postgres://… npm run migrate';
  end if;
  begin
    create extension if not exists postgres_fdw;
  exception when others then
    v_reason := sqlerrm;
  end;
  if v_reason is null and not has_foreign_data_wrapper_privilege('postgres_fdw', 'usage') then
    v_reason := format('%s may not use it', current_user);
  end if;
  if v_reason is not null then
    raise exception 'postgres_fdw, through which products of another database are read, cannot be used: %.', rtrim(v_reason, '.')
      using errcode = 'PE150',
        hint = format(
          'As a superuser, once, in this database: create extension if not exists postgres_fdw; grant usage on foreign data wrapper postgres_fdw to %I;',
          current_user
        );
  end if;
end
$$;

--
-- Name: FUNCTION require_fdw(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_fdw() IS 'Makes the extension postgres_fdw where the role may; raises PE150, with what a DBA has to run, where it may not.';

--
-- Name: require_hook(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_hook(name text) RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_parts text[];
  v_hook record;
  v_hint text := 'Make it again, name another, or do without: select analytics_features.set_document_hook(null);';
begin
  begin
    v_parts := parse_ident(require_hook.name);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a function with its schema.', coalesce(quote_literal(require_hook.name), 'null')
      using errcode = 'PE029', hint = 'select analytics_features.set_document_hook(''schema.function'');';
  end if;

  select p.oid, p.prorettype, p.provolatile, p.prokind, p.proretset, pg_get_userbyid(p.proowner) as owner,
    p.proowner = n.nspowner or r.rolsuper as is_trusted, pg_get_userbyid(n.nspowner) as our_owner
  into v_hook
  from pg_proc p
  join pg_roles r on r.oid = p.proowner
  cross join (select s.nspowner from pg_namespace s where s.nspname = 'analytics_features') n
  where p.pronamespace = (select h.oid from pg_namespace h where h.nspname = v_parts[1])
    and p.proname = v_parts[2]
    and p.proargtypes[0] = 'jsonb'::regtype and p.pronargs = 1;
  if v_hook.oid is null then
    raise exception 'There is no function %(jsonb).', require_hook.name using errcode = 'PE029', hint = v_hint;
  end if;
  if v_hook.prorettype <> 'jsonb'::regtype or v_hook.prokind <> 'f' or v_hook.proretset then
    raise exception 'The function %(jsonb) does not return one jsonb.', require_hook.name
      using errcode = 'PE029', hint = 'It is given the product and returns an object with the fields to add, or null.';
  end if;
  if v_hook.provolatile = 'v' then
    raise exception 'The function %(jsonb) is volatile: it may write, and give one product two texts.', require_hook.name
      using errcode = 'PE029', hint = format('If it only reads: alter function %s(jsonb) stable;', require_hook.name);
  end if;
  if not v_hook.is_trusted then
    raise exception 'The function %(jsonb) belongs to %, who could run anything as % by it.', require_hook.name, v_hook.owner, v_hook.our_owner
      using errcode = 'PE029',
        detail = 'Workers and dbt compare products with the rights of the owner of our schema, and so the hook runs with these.',
        hint = format('alter function %s(jsonb) owner to %I;', require_hook.name, v_hook.our_owner);
  end if;
  return v_hook.oid;
end
$$;

--
-- Name: FUNCTION require_hook(name text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_hook(name text) IS 'The function of this name, checked: it takes a jsonb, returns one, does not write, and belongs to our owner or a superuser. Raises PE029.';

--
-- Name: require_limit(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer DEFAULT 10000) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if max_results is null or max_results not between 1 and greatest_limit then
    raise exception 'The limit must be from 1 to %, not %.', greatest_limit, coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for the default.';
  end if;
end
$$;

--
-- Name: FUNCTION require_limit(max_results integer, greatest_limit integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer) IS 'Raises PE014 when max_results is not from 1 to greatest_limit.';

--
-- Name: require_query(public.vector, text, integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer, dimension integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
  v_dimension integer := require_query.dimension;
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
  if v_dimension is null then
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass('analytics_features.product_embeddings') and a.attname = 'embedding';
    if v_dimension is null then
      perform analytics_features.require_embeddings();
    end if;
  end if;
  if public.vector_dims(query) <> v_dimension then
    raise exception 'The query vector has % components, the products'' vectors have %.', public.vector_dims(query), v_dimension
      using errcode = 'PE012', hint = 'Encode the query with the model that encoded the products: select model from analytics_features.embedding_status;';
  end if;
  if public.vector_norm(query) = 0 then
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

--
-- Name: FUNCTION require_query(query public.vector, metric text, max_results integer, dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer, dimension integer) IS 'The operator of a metric, when query and limit are sound too; dimension: what the vector has to have, null for that of the table. Raises PE003 and PE010 to PE014.';

--
-- Name: require_sound_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_sound_source() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_problems text;
begin
  select string_agg(p.problem, ' ') into v_problems from analytics_features.source_problems() p where p.is_error;
  if v_problems is not null then
    raise exception '%', v_problems
      using errcode = 'PE006',
        hint = 'Mend the dbt model, or leave strict out of the hook to go on with what is usable.';
  end if;
end
$$;

--
-- Name: FUNCTION require_sound_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_sound_source() IS 'Raises PE006 when the last comparison found rows without a usable product_id, product_ids in several rows, or no column name.';

--
-- Name: require_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_source() RETURNS regclass
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.source_relation();
  v_name text;
begin
  if v_source is null then
    select format('%I.%I', s.source_schema, s.source_table) into v_name from analytics_features.settings s;
    raise exception 'The source of the products, %, does not exist.', v_name
      using errcode = 'PE001',
        hint = 'Run dbt so that it is built, or name another: select analytics_features.set_source(''schema'', ''table'');';
  end if;
  if not exists (
    select from pg_attribute a
    where a.attrelid = v_source and a.attname = 'product_id' and a.attnum > 0 and not a.attisdropped
  ) then
    raise exception 'The source of the products, %, has no column product_id.', v_source
      using errcode = 'PE002',
        hint = 'Let the dbt model select the product''s number as product_id.';
  end if;
  return v_source;
end
$$;

--
-- Name: FUNCTION require_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_source() IS 'The source relation; raises PE001 when it does not exist and PE002 when it has no product_id.';

--
-- Name: reset_embeddings(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.reset_embeddings(dimension integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if dimension is null or dimension not between 1 and 16000 then
    raise exception 'Vectors of % dimensions there are not.', coalesce(dimension::text, 'null')
      using errcode = 'PE020', hint = 'Pass what the model gives, from 1 to 16000.';
  end if;
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);
  if to_regclass('analytics_features.product_embeddings') is not null then
    truncate analytics_features.product_embeddings;
    if (
      select a.atttypmod from pg_attribute a where a.attrelid = 'analytics_features.product_embeddings'::regclass and a.attname = 'embedding'
    ) is distinct from reset_embeddings.dimension then
      execute format(
        'alter table analytics_features.product_embeddings alter column embedding type public.vector(%s)',
        reset_embeddings.dimension
      );
    end if;
  end if;
  perform analytics_features.create_vector_table('product_embeddings', reset_embeddings.dimension);
  delete from analytics_features.product_failures f where f.model_id = coalesce(analytics_features.active_model_id(), 0);
  -- For the model that comes next, whichever it is; what is kept of others is left alone.
  update analytics_features.product_queue q
  set model_id = 0, claim_id = null
  where q.model_id = analytics_features.active_model_id();
  update analytics_features.product_changes c set model_id = 0 where c.model_id = analytics_features.active_model_id();
  update analytics_features.embedding_models m set is_active = false, activated_at = null where m.is_active;
  if analytics_features.source_relation() is null then
    return 0;
  end if;
  return analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION reset_embeddings(dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.reset_embeddings(dimension integer) IS 'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded. Raises PE020 for a dimension that vectors cannot have, PE002, PE005, PE029.';

--
-- Name: retry_failed(bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.retry_failed(product_id bigint DEFAULT NULL::bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_rows bigint;
begin
  with
    forgiven as (
      delete from analytics_features.product_failures f
      where retry_failed.product_id is null or f.product_id = retry_failed.product_id
      returning f.product_id, f.model_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update analytics_features.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.model_id = f.model_id and q.claim_id is null
    )
  insert into analytics_features.product_queue (product_id, model_id)
  select f.product_id, f.model_id from forgiven f;
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform analytics_features.announce_changes();
  end if;
  return v_rows;
end
$$;

--
-- Name: FUNCTION retry_failed(product_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.retry_failed(product_id bigint) IS 'Tries failed products again at once, all of them when null; returns how many.';

--
-- Name: rollback_model(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rollback_model(force boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_former integer := (
    select m.model_id
    from analytics_features.embedding_models m
    where m.is_kept and m.activated_at is not null
    order by m.activated_at desc
    limit 1
  );
begin
  if v_former is null then
    raise exception 'There is no former model whose vectors are kept.'
      using errcode = 'PE031', hint = 'select * from analytics_features.model_status;';
  end if;
  return analytics_features.activate_model(v_former::text, rollback_model.force);
end
$$;

--
-- Name: FUNCTION rollback_model(force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rollback_model(force boolean) IS 'Makes the model active again that was so before; the present one is kept true. As activate_model(), which see for what it raises.';

--
-- Name: row_is_valid_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.row_is_valid_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
      from analytics_features.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = 'dbt_valid_to' and t.typcategory in ('D', 'S')
    ),
    'true'
  );
end
$_$;

--
-- Name: FUNCTION row_is_valid_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.row_is_valid_sql(alias text) IS 'SQL condition that a source row of a dbt snapshot is valid now; true where there is no such column. alias names the row.';

--
-- Name: sample_documents(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.sample_documents(sample integer DEFAULT 200) RETURNS TABLE(document text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.lock_source();
  return query
    select left(d.document, 2000)
    from analytics_features.product_documents(array(
      select w.product_id from analytics_features.product_words w order by hashint8(w.product_id), w.product_id limit sample
    )) d;
end
$$;

--
-- Name: FUNCTION sample_documents(sample integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sample_documents(sample integer) IS 'Documents of so many of the products whose words are known, the same each time as long as these are there: for the worker to see whether a tokenizer suits them. Raises PE001, PE002, PE005, PE029.';

--
-- Name: search_index(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.search_index() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
begin
  return (
    select case o.opcname when 'vector_l2_ops' then 'vector' else format_type(a.atttypid, a.atttypmod) end
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
    join pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
    where i.indrelid = to_regclass('analytics_features.product_embeddings')
      -- An index by distance is never unique, and looking into those that are is half of the time.
      and not i.indisunique and i.indisvalid and i.indpred is null
      -- Not of a part of the vector, which is an expression too.
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod)
    order by o.opcname desc
    limit 1
  );
end
$$;

--
-- Name: FUNCTION search_index(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_index() IS 'What search orders by: vector, or the type of half precision that an index is over; null without an index by L2, where it computes all distances.';

--
-- Name: search_products(public.vector, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.search_products(query public.vector, metric text DEFAULT 'l2'::text, max_results integer DEFAULT 10) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- The usual case spares itself what is felt at this speed. The statement that looks for vectors takes its lock before
  -- its snapshot, as each does here, and pgvector compares dimensions.
  if metric in ('l2', '<->', 'cosine', '<=>') and max_results between 1 and 10000 and public.vector_norm(query) between 1e-3 and 1e3
    and to_regclass('analytics_features.product_embeddings') is not null and current_setting('transaction_isolation') = 'read committed'
  then
    begin
      if metric in ('l2', '<->') then
        return query select n.* from analytics_features.nearest_products(query, max_results) n;
      else
        return query
          select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(public.<=>) query
          from analytics_features.nearest_products(query, max_results) n
          join analytics_features.product_embeddings e on e.product_id = n.product_id
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
  return query select s.* from analytics_features.search_products(query, metric, max_results, null::jsonb) s;
end
$$;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) IS 'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';

--
-- Name: search_products(public.vector, text, integer, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_operator text;
  v_direction public.vector := query;
begin
  perform analytics_features.lock_embeddings();
  v_operator := analytics_features.require_query(query, metric, max_results);
  -- Beside one that is much longer or shorter the differences between products are lost in rounding.
  if public.vector_norm(query) not between 1e-3 and 1e3 then
    v_direction := public.l2_normalize(query);
  elsif v_operator = '<->' then
    return query select n.* from analytics_features.nearest_products(query, max_results, filter) n;
    return;
  end if;
  return query
    select n.product_id, n.name, n.vendor_code, n.price,
      case v_operator
        when '<->' then e.embedding operator(public.<->) query
        when '<=>' then e.embedding operator(public.<=>) v_direction
        else e.embedding operator(public.<#>) query
      end
    from analytics_features.nearest_products(v_direction, max_results, filter) n
    join analytics_features.product_embeddings e on e.product_id = n.product_id
    order by case when v_direction operator(public.<>) query then n.distance end, 5, 1;
end
$$;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer, filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) IS 'The products nearest to a vector of those that pass a filter (see filter_sql), nearest first; otherwise as with three arguments. Raises PE015 and PE016 too.';

--
-- Name: search_products_text(text, integer, jsonb, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.search_products_text(query text, max_results integer DEFAULT 10, filter jsonb DEFAULT NULL::jsonb, mode text DEFAULT 'hybrid'::text) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, score double precision, vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[], used_vectors boolean)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_mode text := lower(btrim(mode));
  v_key text := analytics_features.query_key(query);
  v_vector public.vector;
begin
  if v_key is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform analytics_features.require_limit(max_results);

  perform analytics_features.lock_embeddings();
  if v_mode <> 'words' then
    -- What request_query() would come to, for a query that was counted within the hour.
    select q.embedding into v_vector
    from analytics_features.embedding_models m
    join analytics_features.query_embeddings q on q.query = v_key and q.model_id = m.model_id
    where m.is_active and q.used_at > now() - interval '1 hour';
    if v_vector is null and analytics_features.request_query(query) then
      v_vector := analytics_features.query_embedding(query);
    end if;
  end if;

  if v_mode = 'vectors' and v_vector is not null then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, 1 - d.distance, n.place::integer, d.distance, null::integer, null::double precision, null::text[], true
      from analytics_features.nearest_products(v_vector, max_results, filter)
        with ordinality n (product_id, name, vendor_code, price, l2_distance, place)
      -- Of unit length, so that the one distance gives the other.
      cross join lateral (select n.l2_distance * n.l2_distance / 2 as distance) d;
    return;
  end if;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score, h.matched_words,
      v_vector is not null
    from analytics_features.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

--
-- Name: FUNCTION search_products_text(query text, max_results integer, filter jsonb, mode text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) IS 'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';

--
-- Name: set_document_hook(text, boolean, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.set_document_hook(hook text, dry_run boolean DEFAULT false, force boolean DEFAULT false) RETURNS TABLE(products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if set_document_hook.hook is not null then
    perform analytics_features.require_hook(set_document_hook.hook);
    if not coalesce(set_document_hook.force, false) then
      perform analytics_features.measure_hook(set_document_hook.hook);
    end if;
  end if;
  return query
    select * from analytics_features.change_document(null, set_document_hook.hook, true, set_document_hook.dry_run);
end
$$;

--
-- Name: FUNCTION set_document_hook(hook text, dry_run boolean, force boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_document_hook(hook text, dry_run boolean, force boolean) IS 'Names the function (product jsonb) returns jsonb whose fields are added to the documents; null is none. Queues the products whose text changed; dry_run only says what would change; force also takes a slow one. Raises PE001, PE002, PE005, PE029.';

--
-- Name: set_fields(jsonb, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.set_fields(fields jsonb, dry_run boolean DEFAULT false) RETURNS TABLE(products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- A null would change nothing and say so of every product.
  return query select * from analytics_features.change_document(coalesce(set_fields.fields, 'null'), null, false, set_fields.dry_run);
end
$$;

--
-- Name: FUNCTION set_fields(fields jsonb, dry_run boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_fields(fields jsonb, dry_run boolean) IS 'Changes what is in the document, and how: an object of columns with included, label, position, word_class and weight, null for the default. Queues the products whose text changed; dry_run only says what would change. Raises PE001, PE002, PE005, PE024, PE029.';

--
-- Name: set_interactions(text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.set_interactions(relation text, group_column text DEFAULT 'order_id'::text, product_column text DEFAULT 'product_id'::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
        hint = 'Name its schema too: select analytics_features.set_interactions(''marts.order_lines'', ''order_id'', ''product_id'');';
  end if;
  update analytics_features.settings s
  set interactions_schema = v_name[1],
    interactions_table = v_name[2],
    interactions_group = case when relation is not null then group_column end,
    interactions_product = case when relation is not null then product_column end;
end
$$;

--
-- Name: FUNCTION set_interactions(relation text, group_column text, product_column text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_interactions(relation text, group_column text, product_column text) IS 'Names the relation of orders or sessions (schema.name), its column of the order or session and that of the product; it need not exist yet. Null for none. Follow it with refresh_pairs(). Raises PE023.';

--
-- Name: set_source(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.set_source(source_schema text, source_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if source_schema is null or source_table is null then
    raise exception 'No source is named: schema or table is null.'
      using errcode = 'PE001', hint = 'Name both: select analytics_features.set_source(''staging_staging'', ''stg_product'');';
  end if;
  update analytics_features.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table);
end
$$;

--
-- Name: FUNCTION set_source(source_schema text, source_table text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_source(source_schema text, source_table text) IS 'Names the relation that the products are read from; it need not exist yet. Follow it with attach(). Raises PE001 when a name is null.';

--
-- Name: set_windows(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.set_windows(windows boolean) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_model record;
  v_rows bigint;
  v_all bigint := 0;
begin
  perform analytics_features.lock_models();
  perform analytics_features.require_embeddings();
  update analytics_features.settings s set windows = set_windows.windows where s.windows <> set_windows.windows;
  if not found then
    return 0;
  end if;
  delete from analytics_features.text_embeddings t
  using analytics_features.embedding_models m
  where m.model_id = t.model_id and t.tokens > m.max_tokens;
  for v_model in
    select m.model_id from analytics_features.embedding_models m where m.is_active or m.is_kept
  loop
    execute format(
      $sql$
        with changed as (
          update analytics_features.%I e set document_hash = null where e.tokens is not null returning e.product_id
        ),
        queued as (%s)
        select count(*) from changed
      $sql$,
      analytics_features.embeddings_table(v_model.model_id),
      analytics_features.queue_changes_sql('select c.product_id from changed c', '$1')
    ) into v_rows using v_model.model_id;
    v_all := v_all + v_rows;
  end loop;
  if v_all > 0 then
    perform analytics_features.announce_changes();
  end if;
  return v_all;
end
$_$;

--
-- Name: FUNCTION set_windows(windows boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_windows(windows boolean) IS 'Has documents that are longer than the model reads read in windows, whose vectors are averaged, or cut off again; returns how many products were queued to be encoded anew. Raises PE003.';

--
-- Name: shown_document(text, text[], double precision[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.shown_document(document text, texts text[], weights double precision[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select left(
    case
      when cardinality(texts) > 1 then (
        select string_agg(format('%s × %s', t.weight, t.text), E'\n' order by t.place)
        from unnest(texts, weights) with ordinality t (text, weight, place)
      )
      else document
    end,
    1000
  )
$$;

--
-- Name: FUNCTION shown_document(document text, texts text[], weights double precision[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.shown_document(document text, texts text[], weights double precision[]) IS 'A document for people to look at: of several groups each with its weight on a line of its own; the first 1,000 characters.';

--
-- Name: signal_weights(text, double precision, boolean, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.signal_weights(query text, coverage double precision, has_vector boolean, model_id integer DEFAULT NULL::integer) RETURNS TABLE(word_weight double precision, trigram_weight double precision, vector_weight double precision)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
    select
      s.word_weight / (s.word_weight + s.trigram_weight) * (1 - w.vector),
      s.trigram_weight / (s.word_weight + s.trigram_weight) * (1 - w.vector),
      w.vector
    from analytics_features.settings s
    left join analytics_features.embedding_models m
      on case when signal_weights.model_id is null then m.is_active else m.model_id = signal_weights.model_id end
    left join analytics_features.query_embeddings q
      on has_vector and q.query = analytics_features.query_key(signal_weights.query) and q.model_id = m.model_id
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

--
-- Name: FUNCTION signal_weights(query text, coverage double precision, has_vector boolean, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.signal_weights(query text, coverage double precision, has_vector boolean, model_id integer) IS 'How much words, trigrams and vector count for a query, 1 together: from settings, by how much of the query the products have (coverage of rank_words()) and how well the model reads the language of both. model_id: null for the active one.';

--
-- Name: similar_products(bigint, integer, jsonb, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.similar_products(of_product bigint, max_results integer DEFAULT 10, filter jsonb DEFAULT NULL::jsonb, spread double precision DEFAULT 0) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_embedding public.vector;
begin
  perform analytics_features.lock_source();
  perform analytics_features.lock_embeddings();
  if spread is null or spread not between 0 and 1 then
    raise exception 'The spread must be from 0 to 1, not %.', coalesce(spread::text, 'null')
      using errcode = 'PE018', hint = 'Leave it out for the nearest; 0.3 to 0.5 keeps near-doubles apart.';
  end if;
  perform analytics_features.require_limit(max_results, case when spread > 0 then 200 else 10000 end);

  select e.embedding into v_embedding
  from analytics_features.product_embeddings e
  where e.product_id = of_product;
  if v_embedding is null then
    raise exception 'The product % has no vector.', coalesce(of_product::text, 'null')
      using errcode = 'PE017',
        hint = 'It is unknown, or not encoded yet: select state, missing, notes from analytics_features.embedding_status;';
  end if;

  if spread = 0 then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(public.<=>) v_embedding
      from analytics_features.nearest_products(v_embedding, max_results, filter, array[of_product]) n
      join analytics_features.product_embeddings e on e.product_id = n.product_id
      order by n.distance, n.product_id;
  else
    return query
      with candidates as materialized (
        select n.*, e.embedding, row_number() over (order by n.distance, n.product_id) as place
        from analytics_features.nearest_products(v_embedding, least(max_results * 10, 1000), filter, array[of_product]) n
        join analytics_features.product_embeddings e on e.product_id = n.product_id
      ),
      picks as materialized (
        select analytics_features.spread_order(v_embedding, array_agg(c.embedding order by c.place), max_results, spread) as places
        from candidates c
      )
      select c.product_id, c.name, c.vendor_code, c.price, c.embedding operator(public.<=>) v_embedding
      from picks p
      cross join unnest(p.places) with ordinality o (place, pick)
      join candidates c on c.place = o.place
      order by o.pick;
  end if;
end
$$;

--
-- Name: FUNCTION similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) IS 'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014 to PE018.';

--
-- Name: sound_of(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.sound_of(word text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION sound_of(word text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sound_of(word text) IS 'How a folded word sounds, in one alphabet for Russian and Latin letters: октавия and octavia give one key. Not for reading.';

--
-- Name: source_column_sql(text, text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_column_sql(alias text, column_name text, type text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
        from analytics_features.source_columns c
        join pg_type t on t.oid = c.type
        where c.column_name = source_column_sql.column_name
      ),
      format('null::pg_catalog.%I', source_column_sql.type)
    )
  );
end
$_$;

--
-- Name: FUNCTION source_column_sql(alias text, column_name text, type text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_column_sql(alias text, column_name text, type text) IS 'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';

--
-- Name: source_is_replicated(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_is_replicated() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source oid := analytics_features.source_relation();
begin
  return exists (
    select
    from pg_subscription_rel r
    where r.srrelid = v_source or r.srrelid in (select t.relid from pg_partition_tree(v_source) t)
  );
end
$$;

--
-- Name: FUNCTION source_is_replicated(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_is_replicated() IS 'Whether a subscription writes to the source, or to a partition of it.';

--
-- Name: source_problems(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_problems() RETURNS TABLE(problem text, is_error boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_last analytics_features.source_log := analytics_features.last_comparison();
  v_before text[];
begin
  if v_last.unusable_ids > 0 then
    return query select format('%s rows have no usable product_id and are no products here.', v_last.unusable_ids), true;
  end if;
  if v_last.duplicate_ids > 0 then
    return query select format('%s product_ids stand in several rows; the newest row counts.', v_last.duplicate_ids), true;
  end if;
  if not exists (select from analytics_features.source_columns c where c.column_name = 'name') then
    return query select 'The source has no column name; search shows null for it.', true;
  end if;
  if not exists (select from analytics_features.source_columns c where c.decides_life) then
    return query select 'The source has no column deleted; every row is a live product.', false;
  end if;

  select l.document_columns into v_before
  from analytics_features.source_log l
  where l.event = 'reconcile' and l.error is null
    and l.document_columns is distinct from v_last.document_columns
    and l.logged_at > v_last.logged_at - interval '1 day'
  order by l.log_id desc
  limit 1;
  if v_before is not null then
    return query
      select format(
        'The columns in the documents changed in the last day: %s.',
        string_agg(format('%s %s', c.sign, c.column_name), ', ' order by c.sign, c.column_name)
      ), false
      from (
        select '+' as sign, n.column_name from unnest(v_last.document_columns) n (column_name) where n.column_name <> all (v_before)
        union all
        select '-', o.column_name from unnest(v_before) o (column_name) where o.column_name <> all (v_last.document_columns)
      ) c
      having count(*) > 0;
  end if;
end
$$;

--
-- Name: FUNCTION source_problems(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_problems() IS 'What is odd about the source, by the last comparison and its columns: one sentence each, and whether a strict dbt hook fails on it.';

--
-- Name: source_relation(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_relation() RETURNS regclass
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select c.oid::regclass
    from analytics_features.settings s
    join pg_namespace n on n.nspname = s.source_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.source_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

--
-- Name: FUNCTION source_relation(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_relation() IS 'The relation the products are read from, as it is now; null while it does not exist.';

--
-- Name: source_rows(bigint[], text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_rows(product_ids bigint[], signature text) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, passes boolean)
    LANGUAGE sql STABLE
    AS $$
  select null::pg_catalog.int8, null::pg_catalog.text, null::pg_catalog.text, null::pg_catalog.numeric, false where false
$$;

--
-- Name: FUNCTION source_rows(product_ids bigint[], signature text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_rows(product_ids bigint[], signature text) IS 'The rows of the source that count for these products, one each, and whether it is live; none where the body is not made for this signature (see source_signature). Generated by note_expressions().';

--
-- Name: source_rows_sql(regclass, analytics_features.source_expressions, text, text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

--
-- Name: FUNCTION source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean) IS 'The query for rows of the source as (product_id, name, vendor_code, price, passes): among limits the ids, passes says which rows count.';

--
-- Name: source_shape(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_shape() RETURNS TABLE(unusable_ids bigint, duplicate_ids bigint, document_columns text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_source regclass := analytics_features.lock_source();
begin
  execute format(
    $sql$
      select coalesce(sum(i.rows) filter (where i.id is null), 0), count(*) filter (where i.id is not null and i.valid_rows > 1)
      from (select %s as id, count(*) as rows, count(*) filter (where %s) as valid_rows from %s s group by 1) i
    $sql$,
    analytics_features.product_id_sql('s'),
    analytics_features.row_is_valid_sql('s'),
    v_source
  ) into unusable_ids, duplicate_ids;
  select array_agg(c.column_name order by c.position) into document_columns
  from analytics_features.source_columns c
  where c.in_document;
  return next;
end
$_$;

--
-- Name: FUNCTION source_shape(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_shape() IS 'Rows without a usable product_id, product_ids that stand in several rows that are valid now (see row_is_valid_sql), and the columns that are in the document. Reads every id. Raises PE001, PE002, PE005.';

--
-- Name: source_signature(regclass); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_signature(source regclass) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION source_signature(source regclass); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_signature(source regclass) IS 'A relation''s name, and names and types of its columns; SQL over its rows is right while it is the same.';

--
-- Name: spread_order(public.vector, public.vector[], integer, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_similarities double precision[] := (
    select array_agg(1 - (c.embedding operator(public.<=>) query) order by c.place)
    from unnest(candidates) with ordinality c (embedding, place)
  );
  -- Of each candidate to the nearest pick; null for what is picked itself.
  v_repeated double precision[] := array_fill(0::double precision, array[coalesce(cardinality(candidates), 0)]);
  v_picks integer[] := '{}';
  v_pick integer;
  v_embedding public.vector;
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
          when cardinality(v_picks) = 1 then 1 - (c.embedding operator(public.<=>) v_embedding)
          else greatest(c.repeated, 1 - (c.embedding operator(public.<=>) v_embedding))
        end
        order by c.place
      )
      from unnest(candidates, v_repeated) with ordinality c (embedding, repeated, place)
    );
  end loop;
  return v_picks;
end
$$;

--
-- Name: FUNCTION spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision) IS 'Which of the candidates, by place and in order, are near to the query and unlike each other: maximal marginal relevance with lambda = 1 - spread.';

--
-- Name: squash_text(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.squash_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select '=' operator(pg_catalog.||) pg_catalog.left(
    pg_catalog.regexp_replace(pg_catalog.translate(value, 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  )
$$;

--
-- Name: FUNCTION squash_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.squash_text(value text) IS 'A whole folded value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';

--
-- Name: status_notes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.status_notes() RETURNS TABLE(note text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.source_relation();
  v_last analytics_features.source_log := analytics_features.last_comparison();
  v_index_from bigint := (select s.index_from_products from analytics_features.settings s);
  v_hidden_from name[];
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  return query select n.note from analytics_features.copy_notes() n;
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select analytics_features.set_source(''schema'', ''table'');';
    return;
  end if;
  if not analytics_features.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select analytics_features.attach();', current_user);
    return;
  end if;

  v_hidden_from := analytics_features.hidden_from();
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
        'The source lacks the triggers for %s: it was rebuilt without the dbt hook, or never attached. As its owner: select analytics_features.attach();',
        string_agg(t.event, ', ')
      )
      from analytics_features.source_triggers t
      where not t.attached
      having count(*) > 0;
    return query
      select format(
        'The triggers for %s %s. As the owner: select analytics_features.attach();',
        string_agg(t.event, ', '),
        case when analytics_features.source_is_replicated() then 'do not fire for what a subscription writes' else 'are disabled' end
      )
      from analytics_features.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  return query
    select case
      when t.relation_oid is null then format('The related table %I.%I does not exist: build it, or: select analytics_features.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      when c.relkind not in ('r', 'p') then format('The related table %I.%I is a view now and cannot have triggers: its changes are found by comparing. Attach the tables that it reads, and: select analytics_features.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      else format('The related table %I.%I lacks the triggers for %s: it was rebuilt without the dbt hook. As its owner: select analytics_features.attach_related(%L, %L, %L);',
        t.relation_schema, t.relation_name, string_agg(t.event, ', '), format('%I.%I', t.relation_schema, t.relation_name), min(r.key_column), min(r.product_column))
    end
    from analytics_features.related_triggers t
    join (
      select distinct on (a.relation_schema, a.relation_name) a.*
      from analytics_features.related_tables a
      order by a.relation_schema, a.relation_name
    ) r on r.relation_schema = t.relation_schema and r.relation_name = t.relation_name
    left join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, t.relation_oid, c.relkind;
  return query
    select format('The source has no column %I, by which the related table %I.%I was attached.', r.product_column, r.relation_schema, r.relation_name)
    from analytics_features.related_tables r
    where not exists (select from analytics_features.source_columns c where c.column_name = r.product_column);
  return query
    select format('The related table %I.%I has no column %I, by which it was attached: detach it, and attach it by another.', r.relation_schema, r.relation_name, r.key_column)
    from analytics_features.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where not exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = r.key_column and a.attnum > 0 and not a.attisdropped
    );
  return query
    select format('Nothing can be encoded: %s Make it again, or: select analytics_features.set_document_hook(null);', p.problem)
    from analytics_features.document_hook_problem() p (problem)
    where p.problem is not null;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select analytics_features.reconcile();';
  elsif analytics_features.columns_changed() then
    return query select 'The source was not compared yet since its columns changed; the worker does it every few minutes: select analytics_features.reconcile();';
  end if;
  return query
    select format('The last %s failed: %s', l.event, l.error)
    from (select distinct on (l.event) l.event, l.error, l.log_id from analytics_features.source_log l order by l.event, l.log_id desc) l
    where l.error is not null
    order by l.log_id;
  return query select p.problem from analytics_features.source_problems() p;

  -- Felt from here on; of a view the index would be on what is below it.
  if v_kind is null and v_last.products >= 10000 and not exists (
    select
    from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = v_source and i.indisvalid and a.attname = 'product_id'
  ) then
    return query select 'The source has no index on product_id, so that each search reads all of it. In the dbt model: {{ config(indexes=[{''columns'': [''product_id'']}]) }}';
  end if;
  if v_index_from is not null and analytics_features.search_index() is null
    and (select count(*) from (select from analytics_features.product_embeddings limit v_index_from) e) >= v_index_from
  then
    return query select format(E'%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select analytics_features.index_sql() \\gexec', v_index_from);
  end if;
end
$$;

--
-- Name: FUNCTION status_notes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.status_notes() IS 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';

--
-- Name: stems_words(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.stems_words(config text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (
    select
    from pg_ts_config c
    join pg_namespace n on n.oid = c.cfgnamespace
    where config = format('%I.%I', n.nspname, c.cfgname) or n.nspname = 'pg_catalog' and config = quote_ident(c.cfgname)
  )
$$;

--
-- Name: FUNCTION stems_words(config text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.stems_words(config text) IS 'Whether there is a text search configuration of that name, with its schema unless it is one of PostgreSQL''s own: what settings.words_config may be.';

--
-- Name: store_embeddings(bigint, integer, bigint[], public.vector[], integer[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[] DEFAULT NULL::integer[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  perform analytics_features.lock_models();
  if not exists (select from analytics_features.kept_models k where k.model_id = store_embeddings.model_id) then
    raise exception 'Vectors of a model that is neither active nor kept are not stored.'
      using errcode = 'PE021',
        hint = 'It was dropped, or the table was started over for another, while this worker ran: start the worker again.';
  end if;

  execute format($store$
  with
    given as materialized (
      select distinct on (q.document_hash) q.document_hash, g.embedding, g.tokens
      from unnest($3, $4, $5) g (product_id, embedding, tokens)
      join analytics_features.product_queue q on q.product_id = g.product_id and q.claim_id = $1
      order by q.document_hash
    ),
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from analytics_features.product_queue q
      where q.claim_id = $1 and q.document_hash in (select g.document_hash from given g)
      for update
    ),
    -- Once through what writers noted, and not once for each product: after a while without a worker it is much.
    noted as materialized (
      select distinct h.product_id
      from analytics_features.product_changes c
      cross join lateral unnest(c.product_ids) i (product_id)
      join held h on h.product_id = i.product_id
      where coalesce(c.model_id, $2) = $2
    ),
    fresh as materialized (
      select distinct on (h.product_id) h.product_id, h.document_hash
      from held h
      where not exists (
        select
        from analytics_features.product_queue newer
        where newer.product_id = h.product_id and newer.model_id = $2 and newer.claim_id is distinct from $1
      )
      and not exists (select from noted n where n.product_id = h.product_id)
      order by h.product_id
    ),
    stored as (
      insert into analytics_features.%I as e (product_id, embedding, model_id, document_hash, tokens)
      select f.product_id, g.embedding, $2, f.document_hash, case when g.tokens > m.max_tokens then g.tokens end
      from given g
      join analytics_features.embedding_models m on m.model_id = $2
      join fresh f on f.document_hash = g.document_hash
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = excluded.tokens, updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from analytics_features.product_failures f using stored s where f.product_id = s.product_id and f.model_id = $2
    ),
    done as (
      delete from analytics_features.product_queue q using held h where q.model_id = $2 and q.queue_id = h.queue_id
    )
  select count(*) from stored
  $store$, analytics_features.embeddings_table(store_embeddings.model_id))
  into v_stored
  using store_embeddings.claim_id, store_embeddings.model_id, store_embeddings.product_ids, store_embeddings.embeddings, store_embeddings.tokens;

  if v_stored > 0 then
    perform analytics_features.note_activity(claim_id, v_stored, 0);
  end if;
  perform analytics_features.extend_claim(claim_id);
  return v_stored;
end
$_$;

--
-- Name: FUNCTION store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[]) IS 'Stores the vectors of claimed products, and of those that the claim holds with the same text, noting the tokens of documents that are longer than the model reads, and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';

--
-- Name: store_fields(jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_fields(fields jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_column text;
  v_change jsonb;
  v_key text;
  v_value jsonb;
  v_problem text;
  v_hint text := 'Such as: {"name": {"weight": 3, "position": 1}, "price": {"included": false}, "description": {"label": "about", "word_class": "C"}, "code": null}';
begin
  if jsonb_typeof(fields) is distinct from 'object' then
    raise exception 'The fields must be an object with the names of columns as its keys.' using errcode = 'PE024', hint = v_hint;
  end if;
  for v_column, v_change in select f.key, f.value from jsonb_each(fields) f loop
    if not exists (select from analytics_features.source_columns c where c.column_name = v_column)
      -- What is there no more may still be forgotten.
      and not (v_change = 'null' and exists (select from analytics_features.document_fields d where d.column_name = v_column))
    then
      raise exception 'The source has no column %.', quote_ident(v_column)
        using errcode = 'PE024',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from analytics_features.source_columns c);
    end if;
    continue when v_change = 'null';
    if jsonb_typeof(v_change) <> 'object' then
      raise exception 'What is said of % must be an object, or null for the default.', quote_ident(v_column) using errcode = 'PE024', hint = v_hint;
    end if;
    for v_key, v_value in select k.key, k.value from jsonb_each(v_change) k loop
      v_problem := case
        when v_key not in ('included', 'label', 'position', 'word_class', 'weight')
          then format('%I is nothing that can be said of a field.', v_key)
        when v_value = 'null' then null
        when v_key = 'included' and jsonb_typeof(v_value) <> 'boolean' then 'included must be true or false.'
        when v_key = 'label' and jsonb_typeof(v_value) <> 'string' then 'label must be a string.'
        when v_key = 'word_class' and coalesce(v_value #>> '{}', '') not in ('A', 'B', 'C', 'D') then 'word_class must be "A", "B", "C" or "D".'
        when v_key in ('position', 'weight') and jsonb_typeof(v_value) <> 'number' then format('%s must be a number.', v_key)
        when v_key = 'position' and (v_value::numeric <> trunc(v_value::numeric) or abs(v_value::numeric) > 1000000)
          then 'position must be a whole number.'
        when v_key = 'weight' and v_value::numeric not between 0.001 and 1000 then 'weight must be from 0.001 to 1000.'
      end;
      if v_problem is not null then
        raise exception 'Field %: %', quote_ident(v_column), v_problem
          using errcode = 'PE024', hint = 'included, label, position, word_class and weight can be said of a field. ' || v_hint;
      end if;
    end loop;
  end loop;

  delete from analytics_features.document_fields d using jsonb_each(fields) f where d.column_name = f.key and f.value = 'null';
  insert into analytics_features.document_fields (column_name, included)
  select f.key, not (f.key = any (analytics_features.bookkeeping_columns()) or starts_with(f.key, '_'))
  from jsonb_each(fields) f
  where f.value <> 'null' or f.key = any (analytics_features.bookkeeping_columns())
  on conflict do nothing;
  update analytics_features.document_fields d
  set
    included = case
      when f.value -> 'included' = 'null' then not (f.key = any (analytics_features.bookkeeping_columns()) or starts_with(f.key, '_'))
      else coalesce((f.value ->> 'included')::boolean, d.included)
    end,
    label = case when f.value ? 'label' then f.value ->> 'label' else d.label end,
    position = case when f.value ? 'position' then (f.value ->> 'position')::numeric::integer else d.position end,
    word_class = case when f.value ? 'word_class' then f.value ->> 'word_class' else d.word_class end,
    weight = case when f.value ? 'weight' then (f.value ->> 'weight')::double precision else d.weight end
  from jsonb_each(fields) f
  where d.column_name = f.key and f.value <> 'null';

  if not exists (select from analytics_features.source_columns c where c.in_document) then
    raise exception 'No column would be left in the document.'
      using errcode = 'PE024', hint = 'Leave one in, or say {"name": null} for the default.';
  end if;
end
$$;

--
-- Name: FUNCTION store_fields(fields jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_fields(fields jsonb) IS 'Writes what set_fields() was given to document_fields. Raises PE024.';

--
-- Name: store_map(bigint[], real[], real[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_map(product_ids bigint[], xs real[], ys real[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  -- Two workers may have drawn one; whoever comes second replaces what the first one stored.
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_map'));
  delete from analytics_features.product_map;
  insert into analytics_features.product_map (product_id, x, y)
  select p.product_id, p.x, p.y
  from unnest(product_ids, xs, ys) p (product_id, x, y);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

--
-- Name: FUNCTION store_map(product_ids bigint[], xs real[], ys real[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_map(product_ids bigint[], xs real[], ys real[]) IS 'Puts a new map in the place of the old one: places of products, in one order; returns how many.';

--
-- Name: store_query_embedding(text, integer, public.vector, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision DEFAULT NULL::double precision) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_query text := analytics_features.query_key(store_query_embedding.query);
begin
  perform analytics_features.lock_models();
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform analytics_features.require_query(
    store_query_embedding.embedding, 'l2', 1,
    (select m.dimension from analytics_features.embedding_models m where m.model_id = store_query_embedding.model_id)
  );
  if v_query is null or not exists (select from analytics_features.kept_models k where k.model_id = store_query_embedding.model_id) then
    return null;
  end if;
  perform from analytics_features.query_embeddings q
  where q.query = v_query and q.model_id = store_query_embedding.model_id
  for update skip locked;
  if not found and (
    exists (select from analytics_features.query_embeddings q where q.query = v_query and q.model_id = store_query_embedding.model_id)
    or not pg_try_advisory_xact_lock(hashtext(v_query), hashtext('analytics_features.query_embeddings'))
  ) then
    return null;
  end if;
  insert into analytics_features.query_embeddings as q (query, model_id, embedding, spelled_out)
  values (v_query, store_query_embedding.model_id, public.l2_normalize(store_query_embedding.embedding), store_query_embedding.spelled_out)
  on conflict on constraint query_embeddings_key do update
  set embedding = excluded.embedding, spelled_out = excluded.spelled_out, attempts = 0, error = null;
  return true;
end
$$;

--
-- Name: FUNCTION store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision) IS 'Stores the vector of a query, at unit length, and how much of the query the model''s tokenizer spells out, 0 to 1; null and nothing stored when the query is empty, no vectors of the model are kept any more, or another transaction is just asking for it. Raises PE003, PE011 to PE013.';

--
-- Name: sweep_texts(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.sweep_texts() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  if not exists (select from analytics_features.text_embeddings) then
    return 0;
  end if;
  perform analytics_features.lock_source();
  delete from analytics_features.text_embeddings c
  where not exists (select from analytics_features.kept_models k where k.model_id = c.model_id)
    or c.text_hash not in (
      select sha256(convert_to(left(t, s.max_document_characters), 'UTF8'))
      from analytics_features.product_documents() d
      cross join unnest(d.texts) t
      cross join analytics_features.settings s
      where cardinality(d.texts) > 1
    );
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

--
-- Name: FUNCTION sweep_texts(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sweep_texts() IS 'Forgets vectors of texts that no product has any more, and of models that are not kept; returns how many. Part of full_pass(). Raises PE001, PE002, PE005.';

--
-- Name: sweep_vanished(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.sweep_vanished() RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select analytics_features.drop_vanished(only_if_due => true)
$$;

--
-- Name: FUNCTION sweep_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sweep_vanished() IS 'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE003, PE005.';

--
-- Name: take_changes(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.take_changes(max_products integer) RETURNS TABLE(change_id bigint, model_id integer, queued_at timestamp with time zone, product_ids bigint[], is_bulk boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
begin
  return query
    with waiting as materialized (
      select
        c.change_id, c.is_bulk,
        rank() over (order by c.is_bulk) as lane,
        sum(c.products) over (order by c.is_bulk, c.change_id) - c.products as ahead
      from analytics_features.sized_changes c
    )
    delete from analytics_features.product_changes c
    using waiting w
    where w.change_id = c.change_id and w.lane = 1 and w.ahead < max_products
    returning c.change_id, c.model_id, c.queued_at, c.product_ids, w.is_bulk;
end
$$;

--
-- Name: FUNCTION take_changes(max_products integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.take_changes(max_products integer) IS 'Deletes the rows of product_changes that are taken up next, of about max_products products, and returns them: those of small changes, or where there are none of large ones.';

--
-- Name: take_queries(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.take_queries(max_queries integer DEFAULT 32, model_id integer DEFAULT NULL::integer) RETURNS TABLE(query text)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from analytics_features.query_embeddings q
  where q.model_id = coalesce(take_queries.model_id, analytics_features.active_model_id()) and q.embedding is null and q.attempts < 3
  order by q.used_at desc
  limit max_queries
  for update skip locked
$$;

--
-- Name: FUNCTION take_queries(max_queries integer, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.take_queries(max_queries integer, model_id integer) IS 'Queries that have no vector of a model, the active one when null, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';

--
-- Name: take_up_changes(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.take_up_changes(max_products integer DEFAULT NULL::integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_active_id integer;
  v_ids bigint[];
  v_most integer := max_products;
begin
  products := 0;
  is_bulk := false;
  is_full := false;
  if not pg_try_advisory_xact_lock(hashtext('analytics_features.product_changes'), 2)
    or not exists (select from analytics_features.product_changes)
  then
    return;
  end if;
  perform analytics_features.lock_models();
  v_active_id := coalesce(analytics_features.active_model_id(), 0);
  if v_most is null then
    v_most := case
      when exists (
        select
        from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = analytics_features.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
      ) then 200
      else 3000
    end;
  end if;

  with
    taken as materialized (
      select t.* from analytics_features.take_changes(v_most) t
    ),
    queued as (
      -- Available at once also to who began before us and waits for us.
      insert into analytics_features.product_queue (product_id, model_id, queued_at, available_at, is_bulk)
      select i.product_id, k.model_id, min(t.queued_at), min(t.queued_at), bool_and(t.is_bulk)
      from taken t
      join analytics_features.kept_models k on k.model_id = coalesce(t.model_id, k.model_id)
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
    perform analytics_features.index_words(v_ids);
  end if;
end
$$;

--
-- Name: FUNCTION take_up_changes(max_products integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.take_up_changes(max_products integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean) IS 'Takes up changes of about max_products products (null: 200 where the source has an index on product_id, else 3000) into product_queue, those of a few products first and by themselves, with the words of the products; returns how many it were (0: none is left, or another worker is at it), whether they are part of large changes, and whether it were as many as it takes, so that more may wait. Raises PE001, PE002, PE005, PE029.';

--
-- Name: tg__embedding_provenance(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.tg__embedding_provenance() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.embedding operator(public.<>) old.embedding
    and (new.model_id, new.document_hash) is not distinct from (old.model_id, old.document_hash)
  then
    new.model_id := null;
    new.document_hash := null;
  end if;
  return new;
end
$$;

--
-- Name: FUNCTION tg__embedding_provenance(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__embedding_provenance() IS 'Forgets model and document of a vector that is overwritten without naming them.';

--
-- Name: tg__product_changed(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.tg__product_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
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
    if analytics_features.notes_unseen(tg_op, tg_table_schema, tg_table_name) then
      insert into analytics_features.product_changes (product_ids) values (array[v_id]);
      perform analytics_features.announce_changes();
      return null;
    elsif tg_op = 'UPDATE' then
      perform analytics_features.note_update(v_id, tg_table_schema, tg_table_name, n.*, o.*) from new_rows n cross join old_rows o;
      return null;
    end if;
  end if;

  v_statement := analytics_features.note_changes(tg_op, tg_table_schema, tg_table_name);
  if v_statement is not null then
    execute v_statement;
  end if;
  return null;
end
$$;

--
-- Name: FUNCTION tg__product_changed(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__product_changed() IS 'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';

--
-- Name: tg__product_replicated(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.tg__product_replicated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source oid := analytics_features.source_relation();
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
    v_new := analytics_features.whole_number(new.product_id::text);
  end if;
  if tg_op <> 'INSERT' then
    v_old := analytics_features.whole_number(old.product_id::text);
  end if;

  if v_new is not null then
    insert into analytics_features.product_changes (product_ids) values (array[v_new]);
  end if;
  if v_old <> v_new or v_old is not null and v_new is null then
    insert into analytics_features.product_changes (product_ids) values (array[v_old]);
  end if;
  perform analytics_features.announce_changes();
  return null;
end
$$;

--
-- Name: FUNCTION tg__product_replicated(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__product_replicated() IS 'Queues the product of a row that a subscription wrote; attached by attach() to a subscription''s target.';

--
-- Name: tg__related_changed(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.tg__related_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
    from analytics_features.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where c.oid = tg_relid
  loop
    if tg_op = 'TRUNCATE' then
      execute analytics_features.queue_changes_sql('select w.product_id from analytics_features.product_words w');
      get diagnostics v_rows = row_count;
      v_queued := v_queued + v_rows;
      exit;
    end if;

    perform analytics_features.lock_source();
    v_key := analytics_features.related_key_sql(tg_relid, v_related.key_column, v_related.product_column);
    continue when v_key.key is null;
    if tg_op = 'UPDATE' then
      select format('row(%s)', string_agg(format('r.%I', a.attname), ', ' order by a.attnum)) into v_images
      from pg_attribute a
      where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
        and (a.attname = v_related.key_column or not (a.attname = any (analytics_features.bookkeeping_columns()) or starts_with(a.attname, '_')));
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
    execute format('with changed (key) as materialized (%s) ', v_changed) || analytics_features.queue_changes_sql(
      format(
        'select distinct q.id from (select %s as id from %s s where %s in (select k.key from changed k) %s) q',
        analytics_features.product_id_sql('s'),
        analytics_features.require_source(),
        v_key.product_key,
        case
          when v_related.product_column = 'product_id'
            then format('union all select %s from (select k.key as product_id from changed k) s', analytics_features.product_id_sql('s'))
        end
      )
    );
    get diagnostics v_rows = row_count;
    v_queued := v_queued + v_rows;
  end loop;
  if v_queued > 0 then
    perform analytics_features.announce_changes();
  end if;
  return null;
exception when others then
  raise warning 'The products of the changed rows of % could not be queued: %', tg_relid::regclass, sqlerrm
    using hint = 'The worker compares every few minutes by itself and finds them.';
  return null;
end
$_$;

--
-- Name: FUNCTION tg__related_changed(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__related_changed() IS 'Queues the products whose related rows a statement changed; attached by attach_related().';

--
-- Name: tg__synonym_key(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.tg__synonym_key() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  new.phrase_key := coalesce(analytics_features.phrase_key(new.phrase), '');
  new.same_as_key := coalesce(analytics_features.phrase_key(new.same_as), '');
  return new;
end
$$;

--
-- Name: FUNCTION tg__synonym_key(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__synonym_key() IS 'Stems both sides of a synonym; after a change of settings.words_config: update synonyms set phrase = phrase.';

--
-- Name: throughput(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.throughput(model_id integer) RETURNS numeric
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select round((sum(a.stored) / greatest(extract(epoch from clock_timestamp() - min(a.started_at)), 1))::numeric, 1)
    from analytics_features.embedding_activity a
    where a.minute >= date_trunc('minute', clock_timestamp()) - interval '5 minutes' and a.model_id = coalesce(throughput.model_id, 0)
  );
end
$$;

--
-- Name: FUNCTION throughput(model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.throughput(model_id integer) IS 'Products encoded with a model a second by all workers over the last five minutes; null when none was.';

--
-- Name: unmark_returned(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.unmark_returned() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_marked bigint[];
begin
  perform analytics_features.require_embeddings();
  v_marked := (select array_agg(e.product_id) from analytics_features.product_embeddings e where e.vanished_at is not null);
  -- Few are ever marked; without one the source is not read.
  if v_marked is null then
    return;
  end if;
  perform analytics_features.lock_source();
  with alive as (
    select d.product_id from analytics_features.product_documents(v_marked) d
  )
  update analytics_features.product_embeddings e
  set vanished_at = null
  from alive a
  where e.product_id = a.product_id;
end
$$;

--
-- Name: FUNCTION unmark_returned(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.unmark_returned() IS 'Takes the mark off vectors whose product is in the source again. Raises PE001, PE002, PE003, PE005.';

--
-- Name: unmix_text(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.unmix_text(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_text text := value;
  v_word text;
begin
  for v_word in
    select distinct m.word[1]
    from regexp_matches(value, '[[:alpha:]]*(?:[a-z][а-яі]|[а-яі][a-z])[[:alpha:]]*', 'g') m (word)
  loop
    v_text := replace(
      v_text, v_word,
      case
        when translate(v_word, 'abekmhopctyxi', '') !~ '[a-z]' then translate(v_word, 'abekmhopctyxi', 'авекмнорстухі')
        when translate(v_word, 'авекмнорстухі', '') !~ '[а-яі]' then translate(v_word, 'авекмнорстухі', 'abekmhopctyxi')
        else v_word
      end
    );
  end loop;
  return v_text;
end
$$;

--
-- Name: FUNCTION unmix_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.unmix_text(value text) IS 'A folded text in which words of Cyrillic and Latin letters that look alike are of one script.';

--
-- Name: upstream_columns(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.upstream_columns() RETURNS TABLE(column_name text, type regtype, ordinal smallint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_connection analytics_features.source_connection;
  v_relation oid;
  v_kind text;
begin
  select * into v_connection from analytics_features.source_connection;
  execute format(
    'select c.oid, c.relkind from analytics_features.upstream_classes c join analytics_features.upstream_namespaces n on n.oid = c.relnamespace where c.relname = %L and n.nspname = %L',
    v_connection.source_table, v_connection.source_schema
  ) into v_relation, v_kind;
  if v_relation is null or v_kind not in ('r', 'p', 'v', 'm', 'f') then
    raise exception 'The products, %.%, do not exist in the other database.', quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Run dbt there, or name another with STAGING_DB_SCHEMA and STAGING_DB_TABLE and: npm run migrate';
  end if;

  return query execute format(
    $sql$
      select a.attname::text, coalesce(
        -- A domain is what it is of.
        (
          select l.oid::regtype
          from pg_catalog.pg_type l
          where n.nspname = 'pg_catalog' and l.oid = to_regtype(format('pg_catalog.%%I', t.typname)) and l.typtype in ('b', 'r', 'm')
        ),
        case when t.typcategory = 'A' then 'pg_catalog.text[]'::regtype else 'pg_catalog.text'::regtype end
      ), a.attnum
      from analytics_features.upstream_attributes a
      left join analytics_features.upstream_types d on d.oid = a.atttypid
      left join analytics_features.upstream_types t on t.oid = case when d.typtype = 'd' then d.typbasetype else d.oid end
      left join analytics_features.upstream_namespaces n on n.oid = t.typnamespace
      where a.attrelid = %L and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    $sql$,
    v_relation
  );
end
$_$;

--
-- Name: FUNCTION upstream_columns(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.upstream_columns() IS 'The columns of the products in the other database as they are now, with the types that they get here: text where a type is not one of PostgreSQL''s own. Raises PE152.';

--
-- Name: usual_throughput(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.usual_throughput() RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select sum(m.stored * m.stored) / nullif(sum(m.stored), 0) / 60
  from (
    select sum(a.stored)::double precision as stored
    from analytics_features.embedding_activity a
    where a.minute > now() - interval '7 days'
    group by a.minute
  ) m
$$;

--
-- Name: FUNCTION usual_throughput(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.usual_throughput() IS 'Texts a second that the workers encoded in the last week, in the minute of the average text; null when there was none.';

--
-- Name: vanished_products(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.vanished_products() RETURNS TABLE(product_id bigint, vanished_at timestamp with time zone, due_at timestamp with time zone, held boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform analytics_features.require_embeddings();
  return query
    select
      e.product_id,
      e.vanished_at,
      e.vanished_at + s.vanished_grace,
      count(*) over () > s.vanished_hold_share * (select count(*) from analytics_features.product_embeddings)
    from analytics_features.product_embeddings e
    cross join analytics_features.settings s
    where e.vanished_at is not null;
end
$$;

--
-- Name: FUNCTION vanished_products(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.vanished_products() IS 'Vectors whose product is gone from the source: since when, when the vector may go, and whether it is held because more than settings.vanished_hold_share of all vectors are marked. Raises PE003.';

--
-- Name: vector_distance(bigint, public.vector, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.vector_distance(product_id bigint, query public.vector, model_id integer) RETURNS double precision
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_distance double precision;
begin
  execute format(
    'select e.embedding operator(public.<=>) $2 from analytics_features.%I e where e.product_id = $1',
    analytics_features.embeddings_table(vector_distance.model_id)
  ) into v_distance using vector_distance.product_id, query;
  return v_distance;
end
$_$;

--
-- Name: FUNCTION vector_distance(product_id bigint, query public.vector, model_id integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.vector_distance(product_id bigint, query public.vector, model_id integer) IS 'Cosine distance of a product''s vector by a model to a query''s; null without a vector.';

--
-- Name: wake_worker(timestamp with time zone, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.wake_worker(run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, task text DEFAULT 'embed_products'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone, task text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) IS 'Leaves one wake-up a transaction and task for the worker, at once or at run_at. Never fails.';

--
-- Name: whole_number(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.whole_number(value text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

--
-- Name: FUNCTION whole_number(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.whole_number(value text) IS 'A product''s id from its text, null where that is not a whole number that fits a bigint.';

--
-- Name: whole_number_sql(text, regtype); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.whole_number_sql(expression text, type regtype) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return case
    when type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) then format('%s::pg_catalog.int8', expression)
    else format(
      $sql$case
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$s::pg_catalog.text), '.', 1)::pg_catalog.int8
        -- What the largest keys of a bigint have.
        when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{19}([.]0*)?$'
          then analytics_features.whole_number(%1$s::pg_catalog.text)
      end$sql$,
      expression
    )
  end;
end
$_$;

--
-- Name: FUNCTION whole_number_sql(expression text, type regtype); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.whole_number_sql(expression text, type regtype) IS 'SQL expression for an expression of some type as bigint, null where it is not a whole number.';

--
-- Name: word_classes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.word_classes() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select array_prepend(
      coalesce(min(c.word_class) filter (where c.column_name = 'name'), 'A'),
      array_agg(c.word_class order by c.position) filter (
        where c.in_document and c.column_name <> 'name'
          and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
      )
    )
    from analytics_features.source_columns c
    join pg_type t on t.oid = c.type
  );
end
$$;

--
-- Name: FUNCTION word_classes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.word_classes() IS 'What the words of a product count: the class of its name, then those of the texts of document_texts_sql().';

--
-- Name: word_score(tsvector, tsquery, double precision, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select idf * 2.2 * (
    1 - 1.2 * (0.7 + 0.3 * relative_length)
      / (pg_catalog.ts_rank('{0.4, 0.55, 0.7, 1}', words, term) * 1.6449340668482264 + 1.2 * (0.7 + 0.3 * relative_length))
  )
$$;

--
-- Name: FUNCTION word_score(words tsvector, term tsquery, idf double precision, relative_length double precision); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision) IS 'What one word adds to the score of a product: BM25 with k1 = 1.2 and b = 0.3, idf being the word''s inverse document frequency and relative_length the product''s number of words by the average; 0 where the word is not.';

--
-- Name: words_of(regconfig, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.words_of(config regconfig, value text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select pg_catalog.to_tsvector(config, pg_catalog.regexp_replace(pg_catalog.left(value, 32768), '[^[:alnum:]]+', ' ', 'g'))
$$;

--
-- Name: FUNCTION words_of(config regconfig, value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.words_of(config regconfig, value text) IS 'The stemmed words of a folded text, of its first 32,768 characters, with their places, by a text search configuration; empty of stop words alone.';

--
-- Name: words_recipe(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.words_recipe() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(string_agg(format('%s %s', c.column_name, c.word_class), ', ' order by c.column_name), '')
    from analytics_features.source_columns c
    where c.word_class <> case when c.column_name = 'name' then 'A' else 'D' end
  );
end
$$;

--
-- Name: FUNCTION words_recipe(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.words_recipe() IS 'The columns whose words count otherwise than by default; words are current only by the recipe they were made by.';

--
-- Name: words_row(regconfig, text, text[], text[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
    v_value := analytics_features.fold_text(left(v_values[i], least(32768, v_room)));
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    if v_value ~ '[a-z][а-яі]|[а-яі][a-z]' then
      v_value := analytics_features.unmix_text(v_value);
    end if;
    v_room := greatest(0, v_room - length(v_value));
    -- Two words with a hyphen between them are written as one too: T-shirt, Wi-Fi. NFKC leaves two signs for it.
    v_joined := case when v_value ~ E'[[:alpha:]][-\\u2010][[:alpha:]]' then (
      select string_agg(m.word[1] || m.word[2], ' ')
      from regexp_matches(
        v_value, E'(?<![[:alnum:]\\u2010-])([[:alpha:]]+)[-\\u2010]([[:alpha:]]+)(?![[:alnum:]\\u2010-])', 'g'
      ) m (word)
    ) end;
    words := words || setweight(analytics_features.words_of(config, analytics_features.cut_text(concat_ws(' ', v_value, v_joined))), coalesce(classes[i], 'D')::"char");
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_coded := case when length(v_value) <= 40 then regexp_replace(v_value, E'\\s+', '-', 'g') else v_value end;
      loop
        v_codes := v_terms || analytics_features.code_terms(v_coded);
        -- A code has many times as many terms as characters. What few characters give need not be measured.
        exit when v_room > 126000 or v_coded = '' or octet_length(array_to_string(v_codes, '')) <= 400000;
        v_coded := left(v_coded, length(v_coded) / 2);
      end loop;
      v_terms := v_codes;
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || analytics_features.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  words := words || array_to_tsvector(v_terms);
end
$$;

--
-- Name: FUNCTION words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text) IS 'What product_words holds of a product with this name and these other texts, of which the first class is the name''s and the next ones the texts''; a text without one has D.';

--
-- Name: work_waits(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.work_waits() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return exists (select from analytics_features.product_changes)
    or exists (select from analytics_features.claimable_queue q join analytics_features.kept_models k on k.model_id = q.model_id);
end
$$;

--
-- Name: FUNCTION work_waits(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.work_waits() IS 'Whether there is anything that a worker could take up now.';

--
-- Name: worker_ended(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.worker_ended(worker text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.embedding_workers w set ended_at = now() where w.worker = worker_ended.worker
$$;

--
-- Name: FUNCTION worker_ended(worker text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.worker_ended(worker text) IS 'Notes that a worker ended in order, so that nobody waits for it.';

--
-- Name: worker_is_alive(text, interval); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.worker_is_alive(host text, within interval DEFAULT '00:30:00'::interval) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (
    select
    from analytics_features.embedding_workers w
    where starts_with(w.worker, worker_is_alive.host || ':') and w.ended_at is null and w.last_seen_at > now() - worker_is_alive.within
  )
$$;

--
-- Name: FUNCTION worker_is_alive(host text, within interval); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.worker_is_alive(host text, within interval) IS 'Whether a worker on this host gave a sign of life within this time; npm run alive asks it.';

--
-- Name: worker_seen(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.worker_seen(worker text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into analytics_features.embedding_workers as w (worker)
  values (worker_seen.worker)
  on conflict (worker) do update set last_seen_at = now(), ended_at = null;

  delete from analytics_features.embedding_workers w where w.last_seen_at < now() - interval '1 day'
$$;

--
-- Name: FUNCTION worker_seen(worker text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.worker_seen(worker text) IS 'Notes a sign of life of a worker.';

--
-- Name: product_claims; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_claims (
    claim_id bigint NOT NULL,
    worker text NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    model_id integer DEFAULT 0 NOT NULL
);

--
-- Name: TABLE product_claims; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_claims IS 'What workers hold at the moment.';

--
-- Name: COLUMN product_claims.claim_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_claims.claim_id IS 'Named by the rows of product_queue that it holds.';

--
-- Name: COLUMN product_claims.worker; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_claims.worker IS 'Who holds it.';

--
-- Name: COLUMN product_claims.claimed_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_claims.claimed_at IS 'Since when.';

--
-- Name: COLUMN product_claims.lease_until; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_claims.lease_until IS 'When others may take it over; moved on with every batch that is stored.';

--
-- Name: COLUMN product_claims.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_claims.model_id IS 'The model that it is encoded with.';

--
-- Name: product_queue; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_queue (
    queue_id bigint NOT NULL,
    product_id bigint NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    claim_id bigint,
    document_hash bytea,
    model_id integer DEFAULT COALESCE(analytics_features.active_model_id(), 0) NOT NULL,
    is_bulk boolean DEFAULT false NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.05');

--
-- Name: TABLE product_queue; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_queue IS 'Products that changed, that a worker took up from product_changes, and that have not been looked at since.';

--
-- Name: COLUMN product_queue.queue_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.queue_id IS 'Order in which changes are taken up.';

--
-- Name: COLUMN product_queue.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.product_id IS 'The product; it may stand here several times, and is encoded once.';

--
-- Name: COLUMN product_queue.queued_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.queued_at IS 'Start of the transaction that changed the product.';

--
-- Name: COLUMN product_queue.available_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.available_at IS 'Not before this moment: later than queued_at while a failed attempt waits for the next one.';

--
-- Name: COLUMN product_queue.attempts; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.attempts IS 'How often the product was claimed for encoding without a result.';

--
-- Name: COLUMN product_queue.claim_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.claim_id IS 'The claim that holds it (see product_claims); free when that claim is gone or its lease has run out.';

--
-- Name: COLUMN product_queue.document_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.document_hash IS 'sha256 of the document that the claim handed out.';

--
-- Name: COLUMN product_queue.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.model_id IS 'The model whose vector of it is to be looked at: a row for each of kept_models; 0 before the first worker came.';

--
-- Name: COLUMN product_queue.is_bulk; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_queue.is_bulk IS 'Whether it is part of a large change, which the changes of a few products overtake.';

--
-- Name: claimable_queue; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.claimable_queue AS
 SELECT q.queue_id,
    q.product_id,
    q.queued_at,
    q.model_id,
    q.is_bulk
   FROM analytics_features.product_queue q
  WHERE ((q.available_at <= now()) AND (NOT (EXISTS ( SELECT
           FROM (analytics_features.product_queue held
             JOIN analytics_features.product_claims c ON ((c.claim_id = held.claim_id)))
          WHERE ((held.product_id = q.product_id) AND (held.model_id = q.model_id) AND (c.lease_until > clock_timestamp()))))));

--
-- Name: VIEW claimable_queue; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.claimable_queue IS 'The rows of product_queue that a worker could take up now.';

--
-- Name: COLUMN claimable_queue.queue_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.claimable_queue.queue_id IS 'Order in which they are taken up.';

--
-- Name: COLUMN claimable_queue.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.claimable_queue.product_id IS 'The product.';

--
-- Name: COLUMN claimable_queue.queued_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.claimable_queue.queued_at IS 'Since when it waits.';

--
-- Name: COLUMN claimable_queue.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.claimable_queue.model_id IS 'For which model.';

--
-- Name: COLUMN claimable_queue.is_bulk; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.claimable_queue.is_bulk IS 'Whether it is part of a large change.';

--
-- Name: document_fields; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.document_fields (
    column_name text NOT NULL,
    included boolean DEFAULT true NOT NULL,
    label text,
    "position" integer,
    word_class text,
    weight double precision,
    CONSTRAINT document_fields_weight_check CHECK (((weight >= (0.001)::double precision) AND (weight <= (1000)::double precision))),
    CONSTRAINT document_fields_word_class_check CHECK ((word_class = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text])))
);

--
-- Name: TABLE document_fields; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.document_fields IS 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore. set_fields() changes it.';

--
-- Name: COLUMN document_fields.column_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.column_name IS 'Name of a column of the source; it need not exist.';

--
-- Name: COLUMN document_fields.included; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.included IS 'Whether the column is part of the document.';

--
-- Name: COLUMN document_fields.label; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.label IS 'What stands before the value; null is the column''s name, an empty one is nothing.';

--
-- Name: COLUMN document_fields."position"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields."position" IS 'Place in the document; columns without one follow in the order of document_order.';

--
-- Name: COLUMN document_fields.word_class; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.word_class IS 'What its words count: A as those of a name (1), B (0.7), C (0.55) or D (0.4); null is A for name and D for others.';

--
-- Name: COLUMN document_fields.weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.weight IS 'What the column counts in the vector: columns of one weight are encoded together, and the vectors are added by weight; null is 1.';

--
-- Name: document_order; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.document_order (
    column_name text NOT NULL,
    "position" bigint NOT NULL
);

--
-- Name: TABLE document_order; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.document_order IS 'In which order the columns of the source are in a document: that in which they were first seen.';

--
-- Name: COLUMN document_order.column_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_order.column_name IS 'Name of a column; it may be gone by now, and has its place back when it returns.';

--
-- Name: COLUMN document_order."position"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_order."position" IS 'Its place; columns that have none yet follow in the order of the table.';

--
-- Name: document_order_position_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.document_order ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.document_order_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: embedding_activity; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.embedding_activity (
    minute timestamp with time zone NOT NULL,
    worker text NOT NULL,
    stored bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    model_id integer DEFAULT 0 NOT NULL
);

--
-- Name: TABLE embedding_activity; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.embedding_activity IS 'What each worker did in each minute of the last week.';

--
-- Name: COLUMN embedding_activity.minute; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.minute IS 'Start of the minute.';

--
-- Name: COLUMN embedding_activity.worker; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.worker IS 'Who.';

--
-- Name: COLUMN embedding_activity.stored; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.stored IS 'Vectors stored: how many products were encoded.';

--
-- Name: COLUMN embedding_activity.failed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.failed IS 'Attempts that failed.';

--
-- Name: COLUMN embedding_activity.started_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.started_at IS 'When the first of them was claimed, or the minute began if that was earlier.';

--
-- Name: COLUMN embedding_activity.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_activity.model_id IS 'With which model; 0 before models were told apart.';

--
-- Name: embedding_models; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.embedding_models (
    model_id integer NOT NULL,
    name text NOT NULL,
    revision text NOT NULL,
    "precision" text NOT NULL,
    dimension integer NOT NULL,
    pooling text NOT NULL,
    max_tokens integer NOT NULL,
    is_active boolean DEFAULT false NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    query_prefix text DEFAULT ''::text NOT NULL,
    passage_prefix text DEFAULT ''::text NOT NULL,
    path text,
    is_kept boolean DEFAULT false NOT NULL,
    activated_at timestamp with time zone,
    spelled_out double precision,
    error text,
    CONSTRAINT embedding_models_dimension_check CHECK ((dimension > 0)),
    CONSTRAINT embedding_models_max_tokens_check CHECK ((max_tokens > 0)),
    CONSTRAINT embedding_models_spelled_out_check CHECK (((spelled_out >= (0)::double precision) AND (spelled_out <= (1)::double precision)))
);

--
-- Name: TABLE embedding_models; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.embedding_models IS 'The models that vectors came from, each with all that makes its vectors comparable; a worker registers what it loaded.';

--
-- Name: COLUMN embedding_models.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.model_id IS 'Named by each vector.';

--
-- Name: COLUMN embedding_models.name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.name IS 'Model id as on the hub (EMBEDDING_MODEL).';

--
-- Name: COLUMN embedding_models.revision; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.revision IS 'Start of the sha256 of the model''s ONNX file: other weights are another model.';

--
-- Name: COLUMN embedding_models."precision"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models."precision" IS 'How the weights are stored and computed.';

--
-- Name: COLUMN embedding_models.dimension; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.dimension IS 'Components of a vector.';

--
-- Name: COLUMN embedding_models.pooling; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.pooling IS 'How the vectors of a text''s tokens become one.';

--
-- Name: COLUMN embedding_models.max_tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.max_tokens IS 'Tokens that are read of a text; the rest is cut off.';

--
-- Name: COLUMN embedding_models.is_active; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.is_active IS 'True for the one that is searched.';

--
-- Name: COLUMN embedding_models.registered_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.registered_at IS 'When a worker first came with it.';

--
-- Name: COLUMN embedding_models.query_prefix; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.query_prefix IS 'What the model wants in front of a query, such as "query: " of the e5 models.';

--
-- Name: COLUMN embedding_models.passage_prefix; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.passage_prefix IS 'What it wants in front of a document.';

--
-- Name: COLUMN embedding_models.path; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.path IS 'The folder that it was last loaded from, if it was one that the settings or prepare_model() named; null where its name is enough.';

--
-- Name: COLUMN embedding_models.is_kept; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.is_kept IS 'Whether it is not the active one and its vectors are kept true all the same, in a table of its own (see embeddings_table): one that is prepared, or the former one.';

--
-- Name: COLUMN embedding_models.activated_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.activated_at IS 'When it last became the active one; null for one that never was.';

--
-- Name: COLUMN embedding_models.spelled_out; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.spelled_out IS 'Of the letters of a sample of documents, the share that its tokenizer spells out one by one or does not know: from a half on it is the wrong model for this language.';

--
-- Name: COLUMN embedding_models.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.error IS 'Why no worker could load it when it was last tried; null when one did.';

--
-- Name: embedding_models_model_id_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.embedding_models ALTER COLUMN model_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.embedding_models_model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: embedding_status; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.embedding_status AS
 SELECT compute_status.source,
    compute_status.state,
    compute_status.products,
    compute_status.embedded,
    compute_status.coverage,
    compute_status.missing,
    compute_status.stale,
    compute_status.orphans,
    compute_status.held,
    compute_status.failed,
    compute_status.queued,
    compute_status.claimed,
    compute_status.oldest_wait,
    compute_status.throughput,
    compute_status.time_to_go,
    compute_status.source_exists,
    compute_status.triggers_attached,
    compute_status.compared_at,
    compute_status.compared_queued,
    compute_status.unusable_ids,
    compute_status.duplicate_ids,
    compute_status.workers_alive,
    compute_status.worker_last_seen,
    compute_status.model,
    compute_status.dimension,
    compute_status.notes
   FROM analytics_features.compute_status(exact => false) compute_status(source, state, products, embedded, coverage, missing, stale, orphans, held, failed, queued, claimed, oldest_wait, throughput, time_to_go, source_exists, triggers_attached, compared_at, compared_queued, unusable_ids, duplicate_ids, workers_alive, worker_last_seen, model, dimension, notes);

--
-- Name: VIEW embedding_status; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.embedding_status IS 'How things stand, in one row that a dashboard can read every few seconds: from the last comparison of products and vectors, and what happened since. compute_status() compares anew.';

--
-- Name: COLUMN embedding_status.source; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.source IS 'Where the products are read from.';

--
-- Name: COLUMN embedding_status.state; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.state IS 'complete, working (a worker is at it), waiting (no worker is), incomplete (nothing waits, but some failed), unknown (the source was rebuilt, or its columns changed, and it was not compared yet), or no source.';

--
-- Name: COLUMN embedding_status.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.products IS 'Live products in the source; null when unknown.';

--
-- Name: COLUMN embedding_status.embedded; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.embedded IS 'Live products that have a vector, current or stale: what search can find.';

--
-- Name: COLUMN embedding_status.coverage; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.coverage IS 'embedded in percent of products; null when there is none.';

--
-- Name: COLUMN embedding_status.missing; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.missing IS 'Live products without a vector, at the most.';

--
-- Name: COLUMN embedding_status.stale; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.stale IS 'Live products whose vector is of an earlier text or another model, at the most: what waits is counted before it is looked at. The old vector serves until the new one lands.';

--
-- Name: COLUMN embedding_status.orphans; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.orphans IS 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';

--
-- Name: COLUMN embedding_status.held; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.held IS 'Orphans that are not deleted although their grace may be over, because too many vanished at once: release_vanished() lets them go, keep_vanished() starts the grace over.';

--
-- Name: COLUMN embedding_status.failed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.failed IS 'Products set aside after settings.max_attempts (see product_failures).';

--
-- Name: COLUMN embedding_status.queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.queued IS 'Products that wait (see queued_products), claimed ones among them; not each of them needs encoding.';

--
-- Name: COLUMN embedding_status.claimed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.claimed IS 'Products that a worker holds now.';

--
-- Name: COLUMN embedding_status.oldest_wait; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.oldest_wait IS 'Age of the oldest change that is not done; null when none waits.';

--
-- Name: COLUMN embedding_status.throughput; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.throughput IS 'While products wait: how many are encoded a second, over the last five minutes.';

--
-- Name: COLUMN embedding_status.time_to_go; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.time_to_go IS 'queued at that throughput; null while nothing is encoded.';

--
-- Name: COLUMN embedding_status.source_exists; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.source_exists IS 'Whether the source is there now.';

--
-- Name: COLUMN embedding_status.triggers_attached; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.triggers_attached IS 'Whether all four triggers are on the source and enabled (see source_triggers); notes say why not.';

--
-- Name: COLUMN embedding_status.compared_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.compared_at IS 'When source and vectors were last compared (see source_log).';

--
-- Name: COLUMN embedding_status.compared_queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.compared_queued IS 'How many products that comparison queued, because nothing else had.';

--
-- Name: COLUMN embedding_status.unusable_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.unusable_ids IS 'Rows whose product_id is null or no whole number; they are no products here.';

--
-- Name: COLUMN embedding_status.duplicate_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.duplicate_ids IS 'product_ids that stand in several rows, of a dbt snapshot in several that are valid now; the newest row counts.';

--
-- Name: COLUMN embedding_status.workers_alive; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.workers_alive IS 'Workers seen in the last two minutes that have not ended since; one that runs gives a sign of life every minute.';

--
-- Name: COLUMN embedding_status.worker_last_seen; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.worker_last_seen IS 'Last sign of life of any worker.';

--
-- Name: COLUMN embedding_status.model; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.model IS 'The active model, with revision and precision.';

--
-- Name: COLUMN embedding_status.dimension; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.dimension IS 'Components of its vectors.';

--
-- Name: COLUMN embedding_status.notes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.notes IS 'What is out of the ordinary and what to do about it; empty when nothing is.';

--
-- Name: embedding_workers; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.embedding_workers (
    worker text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone
);

--
-- Name: TABLE embedding_workers; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.embedding_workers IS 'Who encodes, and when it last gave a sign of life; gone a day after the last.';

--
-- Name: COLUMN embedding_workers.worker; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_workers.worker IS 'Host, process and start of the worker.';

--
-- Name: COLUMN embedding_workers.started_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_workers.started_at IS 'When it was first seen.';

--
-- Name: COLUMN embedding_workers.last_seen_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_workers.last_seen_at IS 'When it last claimed or was on duty.';

--
-- Name: COLUMN embedding_workers.ended_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_workers.ended_at IS 'When it ended in order; null while it works, and of one that was killed.';

--
-- Name: golden_queries; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.golden_queries (
    query text NOT NULL,
    product_id bigint NOT NULL,
    grade smallint NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    CONSTRAINT golden_queries_grade_check CHECK ((grade >= 0)),
    CONSTRAINT golden_queries_query_check CHECK ((btrim(query) <> ''::text))
);

--
-- Name: TABLE golden_queries; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.golden_queries IS 'Queries and how well products answer them, by which evaluate_search() measures.';

--
-- Name: COLUMN golden_queries.query; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.golden_queries.query IS 'What somebody types.';

--
-- Name: COLUMN golden_queries.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.golden_queries.product_id IS 'A product that was judged for it; what is not judged counts as 0.';

--
-- Name: COLUMN golden_queries.grade; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.golden_queries.grade IS '3 is what was meant, 2 good, 1 acceptable, 0 of no use. Any scale will do: its steps are the gain.';

--
-- Name: COLUMN golden_queries.kind; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.golden_queries.kind IS 'Kind of query, the same for all rows of one; each is measured for itself.';

--
-- Name: kept_models; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.kept_models AS
 SELECT m.model_id,
    m.is_active
   FROM analytics_features.embedding_models m
  WHERE (m.is_active OR m.is_kept)
UNION ALL
 SELECT 0 AS model_id,
    true AS is_active
  WHERE (NOT (EXISTS ( SELECT
           FROM analytics_features.embedding_models m
          WHERE m.is_active)));

--
-- Name: VIEW kept_models; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.kept_models IS 'The models whose vectors are kept true: the active one, one that is prepared, and the former one until it is dropped.';

--
-- Name: COLUMN kept_models.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.kept_models.model_id IS 'The model; 0 before any was registered.';

--
-- Name: COLUMN kept_models.is_active; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.kept_models.is_active IS 'Whether it is the one that is searched.';

--
-- Name: model_preparation; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.model_preparation (
    singleton boolean DEFAULT true NOT NULL,
    model text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    model_id integer,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    CONSTRAINT model_preparation_singleton_check CHECK (singleton)
);

--
-- Name: TABLE model_preparation; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.model_preparation IS 'The model that prepare_model() asked for, until it is activated or dropped; at most one row.';

--
-- Name: COLUMN model_preparation.singleton; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.singleton IS 'Always true: there is one row at the most.';

--
-- Name: COLUMN model_preparation.model; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.model IS 'Its name, or the folder with its files on the worker''s machine.';

--
-- Name: COLUMN model_preparation.requested_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.requested_at IS 'When it was asked for.';

--
-- Name: COLUMN model_preparation.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.model_id IS 'Its number, once a worker has loaded it; null until then.';

--
-- Name: COLUMN model_preparation.attempts; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.attempts IS 'How often a worker tried to load it; it tries again every minute.';

--
-- Name: COLUMN model_preparation.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_preparation.error IS 'What the last attempt said.';

--
-- Name: model_status; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.model_status AS
 SELECT compute_model_status.model_id,
    compute_model_status.name,
    compute_model_status.state,
    compute_model_status.dimension,
    compute_model_status.revision,
    compute_model_status."precision",
    compute_model_status.max_tokens,
    compute_model_status.products,
    compute_model_status.embedded,
    compute_model_status.coverage,
    compute_model_status.queued,
    compute_model_status.failed,
    compute_model_status.throughput,
    compute_model_status.time_to_go,
    compute_model_status.has_index,
    compute_model_status.long_documents,
    compute_model_status.longest_document,
    compute_model_status.spelled_out,
    compute_model_status.activated_at,
    compute_model_status.error
   FROM analytics_features.compute_model_status() compute_model_status(model_id, name, state, dimension, revision, "precision", max_tokens, products, embedded, coverage, queued, failed, throughput, time_to_go, has_index, long_documents, longest_document, spelled_out, activated_at, error);

--
-- Name: VIEW model_status; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.model_status IS 'The models whose vectors are kept, the active one first: how far each is, and what is odd about it.';

--
-- Name: COLUMN model_status.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.model_id IS 'Its number; null until a worker has loaded it.';

--
-- Name: COLUMN model_status.name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.name IS 'Its name as on the hub, or the folder that was asked for.';

--
-- Name: COLUMN model_status.state; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.state IS 'active; requested (no worker has loaded it yet), failed (see error; it is tried again every minute), preparing, indexing, ready (to be activated); former (kept true until it is dropped).';

--
-- Name: COLUMN model_status.dimension; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.dimension IS 'Components of its vectors.';

--
-- Name: COLUMN model_status.revision; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.revision IS 'Start of the sha256 of its ONNX file.';

--
-- Name: COLUMN model_status."precision"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status."precision" IS 'How its weights are stored and computed.';

--
-- Name: COLUMN model_status.max_tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.max_tokens IS 'Tokens that it reads of a text.';

--
-- Name: COLUMN model_status.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.products IS 'Live products, as embedding_status has them.';

--
-- Name: COLUMN model_status.embedded; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.embedded IS 'Products that have a vector of it, as of now or of an earlier text.';

--
-- Name: COLUMN model_status.coverage; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.coverage IS 'embedded in percent of products, cut off and not rounded.';

--
-- Name: COLUMN model_status.queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.queued IS 'Products that wait for it.';

--
-- Name: COLUMN model_status.failed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.failed IS 'Products that could not be encoded with it and were set aside (see product_failures).';

--
-- Name: COLUMN model_status.throughput; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.throughput IS 'While products wait: how many are encoded with it a second, over the last five minutes.';

--
-- Name: COLUMN model_status.time_to_go; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.time_to_go IS 'queued at that throughput; null while nothing is encoded.';

--
-- Name: COLUMN model_status.has_index; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.has_index IS 'Whether its vectors have an index for search.';

--
-- Name: COLUMN model_status.long_documents; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.long_documents IS 'Documents that have more tokens than it reads.';

--
-- Name: COLUMN model_status.longest_document; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.longest_document IS 'Tokens of the longest of these; null without one.';

--
-- Name: COLUMN model_status.spelled_out; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.spelled_out IS 'Share of the letters of the documents that its tokenizer spells out one by one: from a half on it is the wrong model for this language.';

--
-- Name: COLUMN model_status.activated_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.activated_at IS 'When it was activated; null for the first model and for one that never was.';

--
-- Name: COLUMN model_status.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.model_status.error IS 'Why no worker could load it.';

--
-- Name: product_changes; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_changes (
    change_id bigint NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    model_id integer,
    product_ids bigint[] NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.05');

--
-- Name: TABLE product_changes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_changes IS 'Products that changed, as writers noted them; a worker takes them up into product_queue (see take_up_changes). queued_products shows both.';

--
-- Name: COLUMN product_changes.change_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_changes.change_id IS 'Order in which they were noted.';

--
-- Name: COLUMN product_changes.queued_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_changes.queued_at IS 'Start of the transaction that changed them; rows of one transaction belong together.';

--
-- Name: COLUMN product_changes.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_changes.model_id IS 'The model that has to look at them; null is all of kept_models.';

--
-- Name: COLUMN product_changes.product_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_changes.product_ids IS 'The products, up to 200 of them.';

--
-- Name: product_changes_change_id_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.product_changes ALTER COLUMN change_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.product_changes_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: product_claims_claim_id_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.product_claims ALTER COLUMN claim_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.product_claims_claim_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: product_embeddings; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_embeddings (
    product_id bigint NOT NULL,
    embedding public.vector(384) NOT NULL,
    updated_at timestamp without time zone DEFAULT now(),
    model_id integer,
    document_hash bytea,
    vanished_at timestamp with time zone,
    tokens integer,
    CONSTRAINT embedding_has_unit_length CHECK ((abs((public.vector_norm(embedding) - (1)::double precision)) < (0.001)::double precision))
);

--
-- Name: TABLE product_embeddings; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_embeddings IS 'One vector a product. Join it on product_id; search_products() searches it.';

--
-- Name: COLUMN product_embeddings.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.product_id IS 'The product; no foreign key, because dbt drops and renames its table.';

--
-- Name: COLUMN product_embeddings.embedding; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.embedding IS 'The vector of the product''s document, of unit length.';

--
-- Name: COLUMN product_embeddings.updated_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.updated_at IS 'When the vector was stored, in the storing session''s time zone.';

--
-- Name: COLUMN product_embeddings.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.model_id IS 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.';

--
-- Name: COLUMN product_embeddings.document_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.document_hash IS 'sha256 of the document that it came from; null when it was not stored by us.';

--
-- Name: COLUMN product_embeddings.vanished_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.vanished_at IS 'When the product was found gone from the source; the vector goes after settings.vanished_grace.';

--
-- Name: COLUMN product_embeddings.tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.tokens IS 'Tokens of a document that has more than the model reads (see model_status.long_documents); null of all others.';

--
-- Name: product_failures; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_failures (
    product_id bigint NOT NULL,
    document_hash bytea,
    attempts integer NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    set_aside boolean NOT NULL,
    model_id integer DEFAULT COALESCE(analytics_features.active_model_id(), 0) NOT NULL
);

--
-- Name: TABLE product_failures; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_failures IS 'Products that could not be encoded; retry_failed() tries them again, and so does a change of the product.';

--
-- Name: COLUMN product_failures.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.product_id IS 'The product.';

--
-- Name: COLUMN product_failures.document_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.document_hash IS 'sha256 of the document that failed.';

--
-- Name: COLUMN product_failures.attempts; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.attempts IS 'Attempts at this document so far.';

--
-- Name: COLUMN product_failures.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.error IS 'What the last attempt said; never product text.';

--
-- Name: COLUMN product_failures.failed_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.failed_at IS 'When the last attempt failed.';

--
-- Name: COLUMN product_failures.set_aside; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.set_aside IS 'True once settings.max_attempts was reached: it is not tried again by itself.';

--
-- Name: COLUMN product_failures.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_failures.model_id IS 'The model it was to be encoded with.';

--
-- Name: product_map; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_map (
    product_id bigint NOT NULL,
    x real NOT NULL,
    y real NOT NULL,
    mapped_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE product_map; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_map IS 'A map of the catalogue: products whose vectors are near are near on it. At most settings.map_products of them, made by the worker.';

--
-- Name: COLUMN product_map.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_map.product_id IS 'The product.';

--
-- Name: COLUMN product_map.x; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_map.x IS 'Its place; only distances mean something, and the near ones more than the far ones.';

--
-- Name: COLUMN product_map.y; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_map.y IS 'Likewise.';

--
-- Name: COLUMN product_map.mapped_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_map.mapped_at IS 'When the map was made.';

--
-- Name: product_pairs; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_pairs (
    product_id bigint NOT NULL,
    other_id bigint NOT NULL,
    together bigint NOT NULL,
    score double precision NOT NULL,
    log_likelihood_ratio double precision NOT NULL,
    CONSTRAINT product_pairs_check CHECK ((other_id <> product_id)),
    CONSTRAINT product_pairs_score_check CHECK (((score > (0)::double precision) AND (score <= (1)::double precision))),
    CONSTRAINT product_pairs_together_check CHECK ((together > 0))
);

--
-- Name: TABLE product_pairs; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_pairs IS 'Products that are together in orders or sessions more often than by chance, up to 50 others of each; refresh_pairs() makes it.';

--
-- Name: COLUMN product_pairs.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_pairs.product_id IS 'The product.';

--
-- Name: COLUMN product_pairs.other_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_pairs.other_id IS 'What it is together with.';

--
-- Name: COLUMN product_pairs.together; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_pairs.together IS 'Orders or sessions with both.';

--
-- Name: COLUMN product_pairs.score; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_pairs.score IS 'Cosine of the two: together / sqrt(orders with the one * orders with the other), up to 1.';

--
-- Name: COLUMN product_pairs.log_likelihood_ratio; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_pairs.log_likelihood_ratio IS 'How sure it is that this is no chance; from 10.83, one in a thousand.';

--
-- Name: product_queue_queue_id_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.product_queue ALTER COLUMN queue_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.product_queue_queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: product_words; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_words (
    product_id bigint NOT NULL,
    words tsvector NOT NULL,
    tokens integer NOT NULL,
    label text NOT NULL,
    document_hash bytea NOT NULL,
    indexed_at timestamp with time zone DEFAULT now() NOT NULL,
    recipe text DEFAULT ''::text NOT NULL,
    config text NOT NULL
);

--
-- Name: TABLE product_words; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_words IS 'Each product''s words as they are searched; kept by the worker, see index_words().';

--
-- Name: COLUMN product_words.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.product_id IS 'The product.';

--
-- Name: COLUMN product_words.words; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.words IS 'Stemmed words (with the class of their column: A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';

--
-- Name: COLUMN product_words.tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.tokens IS 'Number of words: the length of the document for BM25.';

--
-- Name: COLUMN product_words.label; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.label IS 'Name, codes and what else fits into a hundred characters, folded: what trigrams are compared with.';

--
-- Name: COLUMN product_words.document_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.document_hash IS 'sha256 of the document that the words are from; the words are current while it is that of the product''s document.';

--
-- Name: COLUMN product_words.indexed_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.indexed_at IS 'When they were taken up.';

--
-- Name: COLUMN product_words.recipe; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.recipe IS 'The columns whose words counted otherwise than by default (see words_recipe).';

--
-- Name: COLUMN product_words.config; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.config IS 'The text search configuration they were stemmed by (settings.words_config).';

--
-- Name: query_embeddings; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.query_embeddings (
    query text NOT NULL,
    model_id integer NOT NULL,
    embedding public.vector,
    kept boolean DEFAULT false NOT NULL,
    uses bigint DEFAULT 0 NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    spelled_out double precision,
    CONSTRAINT query_embeddings_spelled_out_check CHECK (((spelled_out >= (0)::double precision) AND (spelled_out <= (1)::double precision)))
);

--
-- Name: TABLE query_embeddings; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.query_embeddings IS 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';

--
-- Name: COLUMN query_embeddings.query; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.query IS 'The query (see query_key).';

--
-- Name: COLUMN query_embeddings.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.model_id IS 'The model of the vector.';

--
-- Name: COLUMN query_embeddings.embedding; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.embedding IS 'The vector, of unit length; null until the worker came.';

--
-- Name: COLUMN query_embeddings.kept; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.kept IS 'Never forgotten: golden queries.';

--
-- Name: COLUMN query_embeddings.uses; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.uses IS 'Searches with it, counted once an hour at the most (once a minute while there is no vector).';

--
-- Name: COLUMN query_embeddings.used_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.used_at IS 'When it was last counted.';

--
-- Name: COLUMN query_embeddings.attempts; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.attempts IS 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';

--
-- Name: COLUMN query_embeddings.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.error IS 'What the last attempt said; never the query.';

--
-- Name: COLUMN query_embeddings.spelled_out; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.query_embeddings.spelled_out IS 'Share of its letters that the model''s tokenizer spells out one by one, 0 to 1: a language that the model does not read; null without letters, or where nobody said.';

--
-- Name: queued_products; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.queued_products AS
 SELECT q.product_id,
    q.model_id,
    q.queued_at,
    q.claim_id,
    q.document_hash
   FROM analytics_features.product_queue q
UNION ALL
 SELECT i.product_id,
    k.model_id,
    c.queued_at,
    NULL::bigint AS claim_id,
    NULL::bytea AS document_hash
   FROM ((analytics_features.product_changes c
     JOIN analytics_features.kept_models k ON ((k.model_id = COALESCE(c.model_id, k.model_id))))
     CROSS JOIN LATERAL unnest(c.product_ids) i(product_id));

--
-- Name: VIEW queued_products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.queued_products IS 'All that waits, taken up by a worker yet (product_queue) or not (product_changes): a row a change, product and model.';

--
-- Name: COLUMN queued_products.product_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.queued_products.product_id IS 'The product.';

--
-- Name: COLUMN queued_products.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.queued_products.model_id IS 'The model whose vector of it is to be looked at.';

--
-- Name: COLUMN queued_products.queued_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.queued_products.queued_at IS 'Since when it waits.';

--
-- Name: COLUMN queued_products.claim_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.queued_products.claim_id IS 'The claim that holds it (see product_claims).';

--
-- Name: COLUMN queued_products.document_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.queued_products.document_hash IS 'sha256 of the document that the claim handed out.';

--
-- Name: related_tables; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.related_tables (
    relation_schema text NOT NULL,
    relation_name text NOT NULL,
    key_column text NOT NULL,
    product_column text NOT NULL
);

--
-- Name: TABLE related_tables; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.related_tables IS 'Tables whose rows are part of what products are: when a row changes, the products with its key are queued. attach_related() writes it.';

--
-- Name: COLUMN related_tables.relation_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_tables.relation_schema IS 'Schema of the table.';

--
-- Name: COLUMN related_tables.relation_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_tables.relation_name IS 'Name of the table.';

--
-- Name: COLUMN related_tables.key_column; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_tables.key_column IS 'Its column that products refer to.';

--
-- Name: COLUMN related_tables.product_column; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_tables.product_column IS 'The column of the source that refers to it.';

--
-- Name: related_triggers; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.related_triggers AS
 SELECT r.relation_schema,
    r.relation_name,
    c.oid AS relation_oid,
    w.trigger_name,
    w.event,
    (t.oid IS NOT NULL) AS attached,
    (t.tgenabled = ANY (ARRAY['O'::"char", 'A'::"char"])) AS enabled
   FROM (((( SELECT DISTINCT a.relation_schema,
            a.relation_name
           FROM analytics_features.related_tables a) r
     CROSS JOIN ( VALUES ('_510_related_insert'::text,'insert'::text), ('_510_related_update'::text,'update'::text), ('_510_related_delete'::text,'delete'::text), ('_510_related_truncate'::text,'truncate'::text)) w(trigger_name, event))
     LEFT JOIN pg_class c ON (((c.relname = r.relation_name) AND (c.relnamespace = ( SELECT n.oid
           FROM pg_namespace n
          WHERE (n.nspname = r.relation_schema))))))
     LEFT JOIN pg_trigger t ON (((t.tgrelid = c.oid) AND (t.tgname = w.trigger_name) AND (t.tgfoid = ( SELECT p.oid
           FROM (pg_proc p
             JOIN pg_namespace n ON ((n.oid = p.pronamespace)))
          WHERE ((n.nspname = 'analytics_features'::name) AND (p.proname = 'tg__related_changed'::name)))))));

--
-- Name: VIEW related_triggers; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.related_triggers IS 'The triggers that the related tables should have, and whether they have them now.';

--
-- Name: COLUMN related_triggers.relation_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.relation_schema IS 'Schema of the table.';

--
-- Name: COLUMN related_triggers.relation_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.relation_name IS 'Name of the table.';

--
-- Name: COLUMN related_triggers.relation_oid; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.relation_oid IS 'The table as it is now; null while it does not exist.';

--
-- Name: COLUMN related_triggers.trigger_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.trigger_name IS 'Name of the trigger.';

--
-- Name: COLUMN related_triggers.event; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.event IS 'The statement it fires after.';

--
-- Name: COLUMN related_triggers.attached; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.attached IS 'Whether the table has it.';

--
-- Name: COLUMN related_triggers.enabled; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.related_triggers.enabled IS 'Whether it fires; null when it is not attached.';

--
-- Name: settings; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.settings (
    singleton boolean DEFAULT true NOT NULL,
    source_schema text DEFAULT 'staging_staging'::text NOT NULL,
    source_table text DEFAULT 'stg_product'::text NOT NULL,
    lease interval DEFAULT '00:02:00'::interval NOT NULL,
    max_attempts integer DEFAULT 5 NOT NULL,
    retry_after interval DEFAULT '00:00:05'::interval NOT NULL,
    vanished_grace interval DEFAULT '7 days'::interval NOT NULL,
    max_document_characters integer DEFAULT 32768 NOT NULL,
    vanished_hold_share numeric DEFAULT 0.3 NOT NULL,
    words_config text DEFAULT 'russian'::text NOT NULL,
    word_weight double precision DEFAULT 0.7 NOT NULL,
    trigram_weight double precision DEFAULT 0.15 NOT NULL,
    vector_weight double precision DEFAULT 0.25 NOT NULL,
    query_cache_size integer DEFAULT 10000 NOT NULL,
    hnsw_ef_search integer DEFAULT 200 NOT NULL,
    ivfflat_probes integer DEFAULT 20 NOT NULL,
    index_from_products integer DEFAULT 20000,
    interactions_schema text,
    interactions_table text,
    interactions_group text,
    interactions_product text,
    max_group_products integer DEFAULT 50 NOT NULL,
    min_together integer DEFAULT 3 NOT NULL,
    pair_weight double precision DEFAULT 0.6 NOT NULL,
    windows boolean DEFAULT false NOT NULL,
    map_products integer DEFAULT 2000 NOT NULL,
    map_column text DEFAULT 'category_id'::text,
    document_hook text,
    max_hook_ms double precision DEFAULT 5 NOT NULL,
    CONSTRAINT settings_hnsw_ef_search_check CHECK (((hnsw_ef_search >= 1) AND (hnsw_ef_search <= 1000))),
    CONSTRAINT settings_index_from_products_check CHECK ((index_from_products >= 0)),
    CONSTRAINT settings_ivfflat_probes_check CHECK (((ivfflat_probes >= 1) AND (ivfflat_probes <= 32768))),
    CONSTRAINT settings_lease_check CHECK ((lease > '00:00:00'::interval)),
    CONSTRAINT settings_map_products_check CHECK ((map_products >= 0)),
    CONSTRAINT settings_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT settings_max_document_characters_check CHECK ((max_document_characters > 0)),
    CONSTRAINT settings_max_group_products_check CHECK (((max_group_products >= 2) AND (max_group_products <= 1000))),
    CONSTRAINT settings_max_hook_ms_check CHECK ((max_hook_ms > (0)::double precision)),
    CONSTRAINT settings_min_together_check CHECK ((min_together > 0)),
    CONSTRAINT settings_pair_weight_check CHECK (((pair_weight >= (0)::double precision) AND (pair_weight <= (1)::double precision))),
    CONSTRAINT settings_query_cache_size_check CHECK ((query_cache_size >= 0)),
    CONSTRAINT settings_retry_after_check CHECK ((retry_after > '00:00:00'::interval)),
    CONSTRAINT settings_singleton_check CHECK (singleton),
    CONSTRAINT settings_trigram_weight_check CHECK ((trigram_weight >= (0)::double precision)),
    CONSTRAINT settings_vanished_grace_check CHECK ((vanished_grace >= '00:00:00'::interval)),
    CONSTRAINT settings_vanished_hold_share_check CHECK (((vanished_hold_share >= (0)::numeric) AND (vanished_hold_share <= (1)::numeric))),
    CONSTRAINT settings_vector_weight_check CHECK (((vector_weight >= (0)::double precision) AND (vector_weight <= (1)::double precision))),
    CONSTRAINT settings_word_weight_check CHECK ((word_weight > (0)::double precision)),
    CONSTRAINT settings_words_config_check CHECK (analytics_features.stems_words(words_config))
);

--
-- Name: TABLE settings; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.settings IS 'What an operator may change, in one row: update it in place.';

--
-- Name: COLUMN settings.singleton; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.singleton IS 'Always true: there is one row.';

--
-- Name: COLUMN settings.source_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.source_schema IS 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';

--
-- Name: COLUMN settings.source_table; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.source_table IS 'Name of that relation (STAGING_DB_TABLE).';

--
-- Name: COLUMN settings.lease; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.lease IS 'How long a worker keeps what it claimed without a sign of life; then another may take it.';

--
-- Name: COLUMN settings.max_attempts; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.max_attempts IS 'After so many attempts a product is set aside in product_failures.';

--
-- Name: COLUMN settings.retry_after; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.retry_after IS 'Wait before the second attempt; doubled for each further one.';

--
-- Name: COLUMN settings.vanished_grace; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.vanished_grace IS 'How long the vector of a vanished product is kept; search does not show it meanwhile.';

--
-- Name: COLUMN settings.max_document_characters; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.max_document_characters IS 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';

--
-- Name: COLUMN settings.vanished_hold_share; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.vanished_hold_share IS 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';

--
-- Name: COLUMN settings.words_config; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.words_config IS 'Text search configuration that products and queries are stemmed by; russian stems English words too. After a change: select reconcile(); and update synonyms set phrase = phrase;';

--
-- Name: COLUMN settings.word_weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.word_weight IS 'How much words (BM25) count in search_products_text(), against trigram_weight; together they have what the vectors leave.';

--
-- Name: COLUMN settings.trigram_weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.trigram_weight IS 'How much the trigrams of name and codes count there.';

--
-- Name: COLUMN settings.vector_weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.vector_weight IS 'How much the vectors count there, of 1, for a query whose words the products have: more, the fewer of its words they have, and up to half less for a model that spells their language out letter by letter.';

--
-- Name: COLUMN settings.query_cache_size; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.query_cache_size IS 'Queries whose vectors are kept in query_embeddings; golden queries come on top.';

--
-- Name: COLUMN settings.hnsw_ef_search; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.hnsw_ef_search IS 'How many candidates an HNSW index keeps while a search goes through it: more find more of the nearest and take longer.';

--
-- Name: COLUMN settings.ivfflat_probes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.ivfflat_probes IS 'How many lists of an IVFFlat index a search looks into at first: likewise.';

--
-- Name: COLUMN settings.index_from_products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.index_from_products IS 'From so many vectors on the worker builds an index if there is none; null is never.';

--
-- Name: COLUMN settings.interactions_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.interactions_schema IS 'Schema of the relation that says which products were bought or looked at together; null without one (set_interactions).';

--
-- Name: COLUMN settings.interactions_table; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.interactions_table IS 'Name of that relation.';

--
-- Name: COLUMN settings.interactions_group; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.interactions_group IS 'Its column of what makes products belong together: an order, a session.';

--
-- Name: COLUMN settings.interactions_product; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.interactions_product IS 'Its column of the product''s number.';

--
-- Name: COLUMN settings.max_group_products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.max_group_products IS 'So many products of an order or session make pairs at the most; of a larger one a sample does.';

--
-- Name: COLUMN settings.min_together; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.min_together IS 'In so many orders or sessions two products have to be together before they make a pair.';

--
-- Name: COLUMN settings.pair_weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.pair_weight IS 'What being together counts in recommended_products(), 0 to 1; the rest is similarity.';

--
-- Name: COLUMN settings.windows; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.windows IS 'Whether a document that is longer than the model reads is read in windows, whose vectors are averaged; see set_windows().';

--
-- Name: COLUMN settings.map_products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.map_products IS 'How many products the map of the catalogue has at the most; 0 is no map.';

--
-- Name: COLUMN settings.map_column; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.map_column IS 'The column of the source that the map is coloured by; whoever may search sees it there.';

--
-- Name: COLUMN settings.document_hook; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.document_hook IS 'Function that is given a product and returns more fields for its document; null without one (set_document_hook).';

--
-- Name: COLUMN settings.max_hook_ms; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.max_hook_ms IS 'Milliseconds a product that such a function may take, measured when it is set.';

--
-- Name: sized_changes; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.sized_changes AS
 SELECT c.change_id,
    c.model_id,
    c.products,
    ((sum(c.products) OVER w > 100) OR bool_or(c.is_cut) OVER w) AS is_bulk
   FROM ( SELECT e.change_id,
            e.model_id,
            e.queued_at,
            e.products,
            bool_and(e.is_last) AS is_cut
           FROM (( SELECT c_1.change_id,
                    c_1.model_id,
                    c_1.queued_at,
                    cardinality(c_1.product_ids) AS products,
                    (row_number() OVER (ORDER BY c_1.change_id) = 500) AS is_last
                   FROM analytics_features.product_changes c_1
                  ORDER BY c_1.change_id
                 LIMIT 500)
                UNION ALL
                ( SELECT c_1.change_id,
                    c_1.model_id,
                    c_1.queued_at,
                    cardinality(c_1.product_ids) AS products,
                    (row_number() OVER (ORDER BY c_1.change_id DESC) = 500) AS is_last
                   FROM analytics_features.product_changes c_1
                  ORDER BY c_1.change_id DESC
                 LIMIT 500)) e
          GROUP BY e.change_id, e.model_id, e.queued_at, e.products) c
  WINDOW w AS (PARTITION BY c.queued_at);

--
-- Name: VIEW sized_changes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.sized_changes IS 'The rows of product_changes, or the oldest and newest 500, and whether each is part of a large change.';

--
-- Name: COLUMN sized_changes.change_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.sized_changes.change_id IS 'The row.';

--
-- Name: COLUMN sized_changes.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.sized_changes.model_id IS 'The model that has to look at it; null is all of kept_models.';

--
-- Name: COLUMN sized_changes.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.sized_changes.products IS 'How many products it names.';

--
-- Name: COLUMN sized_changes.is_bulk; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.sized_changes.is_bulk IS 'Whether its transaction changed more than 100 products, and so comes after what changed a few.';

--
-- Name: source_columns; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.source_columns AS
 SELECT (row_number() OVER (ORDER BY f."position", o."position", a.attnum))::smallint AS "position",
    (a.attname)::text AS column_name,
    (a.atttypid)::regtype AS type,
    COALESCE(f.included, (NOT starts_with((a.attname)::text, '_'::text))) AS in_document,
    (a.attname = ANY (ARRAY['deleted'::name, 'dbt_valid_to'::name, 'dbt_is_deleted'::name])) AS decides_life,
    COALESCE(f.label, (a.attname)::text) AS label,
    COALESCE(f.word_class,
        CASE
            WHEN (a.attname = 'name'::name) THEN 'A'::text
            ELSE 'D'::text
        END) AS word_class,
    COALESCE(f.weight, (1)::double precision) AS weight,
    (a.attname = ANY (ARRAY['dbt_valid_from'::name, 'updated_at'::name, 'ingested_at'::name])) AS decides_order
   FROM ((pg_attribute a
     LEFT JOIN analytics_features.document_fields f ON ((f.column_name = a.attname)))
     LEFT JOIN analytics_features.document_order o ON ((o.column_name = a.attname)))
  WHERE ((a.attrelid = (analytics_features.source_relation())::oid) AND (a.attnum > 0) AND (NOT a.attisdropped));

--
-- Name: VIEW source_columns; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.source_columns IS 'The columns of the source as it is now, and which of them are in a product''s document.';

--
-- Name: COLUMN source_columns."position"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns."position" IS 'Order in the document (see document_fields and document_order).';

--
-- Name: COLUMN source_columns.column_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.column_name IS 'Name of the column.';

--
-- Name: COLUMN source_columns.type; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.type IS 'Type of the column.';

--
-- Name: COLUMN source_columns.in_document; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.in_document IS 'Whether the column is part of the document (see document_fields).';

--
-- Name: COLUMN source_columns.decides_life; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.decides_life IS 'Whether the column says if the product is live: deleted, and dbt_valid_to and dbt_is_deleted of a snapshot.';

--
-- Name: COLUMN source_columns.label; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.label IS 'What stands before its value in the document.';

--
-- Name: COLUMN source_columns.word_class; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.word_class IS 'What its words count: A, B, C or D.';

--
-- Name: COLUMN source_columns.weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.weight IS 'What it counts in the vector; columns of one weight are encoded together.';

--
-- Name: COLUMN source_columns.decides_order; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns.decides_order IS 'Whether the column says which row counts of a product that stands in several (see newest_row_sql).';

--
-- Name: source_connection; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.source_connection (
    singleton boolean DEFAULT true NOT NULL,
    source_schema text NOT NULL,
    source_table text NOT NULL,
    refresh_every interval DEFAULT '00:01:00'::interval NOT NULL,
    full_every interval DEFAULT '01:00:00'::interval NOT NULL,
    time_columns text[],
    overlap interval DEFAULT '00:10:00'::interval NOT NULL,
    time_limit interval DEFAULT '00:10:00'::interval NOT NULL,
    connected_at timestamp with time zone DEFAULT now() NOT NULL,
    copied_at timestamp with time zone,
    full_at timestamp with time zone,
    next_at timestamp with time zone,
    watermark text,
    seen text[],
    rows bigint,
    held bigint DEFAULT 0 NOT NULL,
    unusable_ids bigint,
    duplicate_ids bigint,
    error text,
    failing_since timestamp with time zone,
    CONSTRAINT source_connection_full_every_check CHECK ((full_every > '00:00:00'::interval)),
    CONSTRAINT source_connection_overlap_check CHECK ((overlap >= '00:00:00'::interval)),
    CONSTRAINT source_connection_refresh_every_check CHECK ((refresh_every > '00:00:00'::interval)),
    CONSTRAINT source_connection_singleton_check CHECK (singleton),
    CONSTRAINT source_connection_time_limit_check CHECK ((time_limit > '00:00:00'::interval))
);

--
-- Name: TABLE source_connection; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.source_connection IS 'Where products of another database come from, in one row; empty when the source is in this one. The first settings may be updated in place.';

--
-- Name: COLUMN source_connection.singleton; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.singleton IS 'Always true: there is one row.';

--
-- Name: COLUMN source_connection.source_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.source_schema IS 'Schema of the products there.';

--
-- Name: COLUMN source_connection.source_table; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.source_table IS 'Their table or view there.';

--
-- Name: COLUMN source_connection.refresh_every; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.refresh_every IS 'How often the worker takes up changes; less often when that would take more than a tenth of the time.';

--
-- Name: COLUMN source_connection.full_every; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.full_every IS 'How often it compares all rows, which finds deletes and what no time column tells.';

--
-- Name: COLUMN source_connection.time_columns; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.time_columns IS 'Columns of times that tell what changed; null for whichever of updated_at, ingested_at and dbt_valid_from are times. Without any, each refresh compares all rows.';

--
-- Name: COLUMN source_connection.overlap; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.overlap IS 'So far before the newest time it looks again, for what was committed late.';

--
-- Name: COLUMN source_connection.time_limit; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.time_limit IS 'A worker gives a refresh up after that.';

--
-- Name: COLUMN source_connection.connected_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.connected_at IS 'When connect_source() was last called.';

--
-- Name: COLUMN source_connection.copied_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.copied_at IS 'As of when the copy is: the start of the last refresh that came through.';

--
-- Name: COLUMN source_connection.full_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.full_at IS 'Start of the last one that compared all rows.';

--
-- Name: COLUMN source_connection.next_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.next_at IS 'When the worker tries again at the earliest.';

--
-- Name: COLUMN source_connection.watermark; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.watermark IS 'The newest times in the copy; null where no column tells.';

--
-- Name: COLUMN source_connection.seen; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.seen IS 'For each time column, what is there from the overlap before that on, as count and sum; while it is the same nothing is fetched for it.';

--
-- Name: COLUMN source_connection.rows; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.rows IS 'Products in the copy.';

--
-- Name: COLUMN source_connection.held; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.held IS 'Products that are gone there and stay in the copy, because too many vanished at once.';

--
-- Name: COLUMN source_connection.unusable_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.unusable_ids IS 'Rows there without a usable product_id, by the last comparison of all rows; not copied.';

--
-- Name: COLUMN source_connection.duplicate_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.duplicate_ids IS 'product_ids that stand in several rows there, likewise; the newest is copied.';

--
-- Name: COLUMN source_connection.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.error IS 'Why the last refresh failed; null when it did not.';

--
-- Name: COLUMN source_connection.failing_since; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_connection.failing_since IS 'Since when none came through.';

--
-- Name: source_copy_status; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.source_copy_status AS
 SELECT o.host,
    (o.port)::integer AS port,
    o.dbname AS database,
    c.source_schema,
    c.source_table,
    c.copied_at,
    (clock_timestamp() - c.copied_at) AS lag,
    c.watermark,
    c.rows,
    c.full_at,
    c.next_at,
    c.held,
    c.unusable_ids,
    c.duplicate_ids,
    c.error,
    c.failing_since
   FROM (analytics_features.source_connection c
     LEFT JOIN ( SELECT max(v.option_value) FILTER (WHERE (v.option_name = 'host'::text)) AS host,
            max(v.option_value) FILTER (WHERE (v.option_name = 'port'::text)) AS port,
            max(v.option_value) FILTER (WHERE (v.option_name = 'dbname'::text)) AS dbname
           FROM (pg_foreign_server s
             CROSS JOIN LATERAL pg_options_to_table(s.srvoptions) v(option_name, option_value))
          WHERE (s.srvname = 'product_embeddings_source'::name)) o ON (true));

--
-- Name: VIEW source_copy_status; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.source_copy_status IS 'How old the copy of the products of another database is, and what is wrong with it; no row when the source is in this one.';

--
-- Name: COLUMN source_copy_status.host; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.host IS 'Where they come from: the server, as this one reaches it.';

--
-- Name: COLUMN source_copy_status.port; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.port IS 'Its port.';

--
-- Name: COLUMN source_copy_status.database; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.database IS 'The database there.';

--
-- Name: COLUMN source_copy_status.source_schema; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.source_schema IS 'The schema in it.';

--
-- Name: COLUMN source_copy_status.source_table; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.source_table IS 'The table or view.';

--
-- Name: COLUMN source_copy_status.copied_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.copied_at IS 'As of when the copy is.';

--
-- Name: COLUMN source_copy_status.lag; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.lag IS 'How long ago that is: what changed there since is not here yet.';

--
-- Name: COLUMN source_copy_status.watermark; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.watermark IS 'The newest times in the copy; null where no column tells, and every refresh compares all rows.';

--
-- Name: COLUMN source_copy_status.rows; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.rows IS 'Products in the copy.';

--
-- Name: COLUMN source_copy_status.full_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.full_at IS 'When all rows were last compared, which finds deletes.';

--
-- Name: COLUMN source_copy_status.next_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.next_at IS 'When the worker looks again at the earliest.';

--
-- Name: COLUMN source_copy_status.held; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.held IS 'Products that are gone there and stay here, because too many vanished at once: release_copy() lets them go.';

--
-- Name: COLUMN source_copy_status.unusable_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.unusable_ids IS 'Rows there without a usable product_id; not copied.';

--
-- Name: COLUMN source_copy_status.duplicate_ids; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.duplicate_ids IS 'product_ids that stand in several rows there; the newest is copied.';

--
-- Name: COLUMN source_copy_status.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.error IS 'Why the last refresh failed; null when it did not.';

--
-- Name: COLUMN source_copy_status.failing_since; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_copy_status.failing_since IS 'Since when none came through.';

--
-- Name: source_log_log_id_seq; Type: SEQUENCE; Schema: analytics_features; Owner: -
--

ALTER TABLE analytics_features.source_log ALTER COLUMN log_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics_features.source_log_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: source_triggers; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.source_triggers AS
 SELECT w.trigger_name,
    w.event,
    (t.oid IS NOT NULL) AS attached,
    ((t.tgenabled = 'A'::"char") OR ((t.tgenabled = 'O'::"char") AND (NOT r.is_replicated))) AS enabled,
        CASE
            WHEN w.for_each_row THEN 'row'::text
            ELSE 'statement'::text
        END AS level,
    r.is_replicated AS must_be_always
   FROM ((( SELECT analytics_features.source_is_replicated() AS source_is_replicated) r(is_replicated)
     CROSS JOIN LATERAL ( VALUES ('_500_embed_insert'::text,'insert'::text,r.is_replicated), ('_500_embed_update'::text,'update'::text,r.is_replicated), ('_500_embed_delete'::text,'delete'::text,r.is_replicated), ('_500_embed_truncate'::text,'truncate'::text,false)) w(trigger_name, event, for_each_row))
     LEFT JOIN pg_trigger t ON (((t.tgrelid = (analytics_features.source_relation())::oid) AND (t.tgname = w.trigger_name) AND ((((t.tgtype)::integer & 1) = 1) = w.for_each_row) AND (t.tgfoid = ( SELECT p.oid
           FROM (pg_proc p
             JOIN pg_namespace n ON ((n.oid = p.pronamespace)))
          WHERE ((n.nspname = 'analytics_features'::name) AND (p.proname =
                CASE
                    WHEN w.for_each_row THEN 'tg__product_replicated'::text
                    ELSE 'tg__product_changed'::text
                END)))))));

--
-- Name: VIEW source_triggers; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.source_triggers IS 'The triggers that the source should have, and whether it has them now.';

--
-- Name: COLUMN source_triggers.trigger_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.trigger_name IS 'Name of the trigger.';

--
-- Name: COLUMN source_triggers.event; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.event IS 'The statement it fires after.';

--
-- Name: COLUMN source_triggers.attached; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.attached IS 'Whether the source has it.';

--
-- Name: COLUMN source_triggers.enabled; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.enabled IS 'Whether it fires, on the target of a subscription also for what that writes; null when it is not attached.';

--
-- Name: COLUMN source_triggers.level; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.level IS 'Whether it fires for each statement, or, on the target of a subscription, for each row.';

--
-- Name: COLUMN source_triggers.must_be_always; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_triggers.must_be_always IS 'Whether it has to be enabled always, as on the target of a subscription.';

--
-- Name: synonyms; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.synonyms (
    phrase text NOT NULL,
    same_as text NOT NULL,
    phrase_key text NOT NULL,
    same_as_key text NOT NULL,
    CONSTRAINT synonyms_phrase_check CHECK ((phrase ~ '[[:alnum:]]'::text)),
    CONSTRAINT synonyms_same_as_check CHECK ((same_as ~ '[[:alnum:]]'::text))
);

--
-- Name: TABLE synonyms; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.synonyms IS 'Words that mean the same, for data teams to fill: insert into synonyms (phrase, same_as) values (''дворники'', ''щётка стеклоочистителя''). Works both ways, at once.';

--
-- Name: COLUMN synonyms.phrase; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.synonyms.phrase IS 'One word or up to eight, in any inflection.';

--
-- Name: COLUMN synonyms.same_as; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.synonyms.same_as IS 'What is searched for as well; one word or a few.';

--
-- Name: COLUMN synonyms.phrase_key; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.synonyms.phrase_key IS 'The phrase stemmed; filled by the trigger.';

--
-- Name: COLUMN synonyms.same_as_key; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.synonyms.same_as_key IS 'The other phrase stemmed; filled by the trigger.';

--
-- Name: text_embeddings; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.text_embeddings (
    model_id integer NOT NULL,
    text_hash bytea NOT NULL,
    embedding public.vector NOT NULL,
    tokens integer NOT NULL
);

--
-- Name: TABLE text_embeddings; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.text_embeddings IS 'Vectors of the texts of groups of fields, so that none is encoded twice; what no product has any more goes in the full pass.';

--
-- Name: COLUMN text_embeddings.model_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.text_embeddings.model_id IS 'The model of the vector.';

--
-- Name: COLUMN text_embeddings.text_hash; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.text_embeddings.text_hash IS 'sha256 of the text as it was encoded.';

--
-- Name: COLUMN text_embeddings.embedding; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.text_embeddings.embedding IS 'Its vector, of unit length.';

--
-- Name: COLUMN text_embeddings.tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.text_embeddings.tokens IS 'Its tokens, before anything is cut off.';

--
-- Name: vector_indexes; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.vector_indexes AS
 SELECT (c.relname)::text AS index_name,
    (m.amname)::text AS method,
    regexp_replace((o.opcname)::text, '_.*$'::text, ''::text) AS type,
        CASE regexp_replace((o.opcname)::text, '^[^_]*_(.*)_ops$'::text, '\1'::text)
            WHEN 'l2'::text THEN 'l2'::text
            WHEN 'cosine'::text THEN 'cosine'::text
            WHEN 'ip'::text THEN 'inner_product'::text
            ELSE NULL::text
        END AS metric,
    c.reloptions AS options,
    pg_relation_size((c.oid)::regclass) AS bytes,
    i.indisvalid AS valid,
    (i.indisvalid AND (i.indpred IS NULL) AND (((o.opcname = 'vector_l2_ops'::name) AND (i.indkey[0] = e.attnum)) OR ((o.opcname = 'halfvec_l2_ops'::name) AND (a.atttypmod = e.atttypmod)))) AS serves_search,
    pg_stat_get_numscans(c.oid) AS scans,
    (c.reltuples)::bigint AS rows,
    p.phase,
    round((100.0 *
        CASE
            WHEN (p.blocks_total > 0) THEN ((p.blocks_done)::numeric / (p.blocks_total)::numeric)
            WHEN (p.tuples_total > 0) THEN ((p.tuples_done)::numeric / (p.tuples_total)::numeric)
            ELSE NULL::numeric
        END), 1) AS percent
   FROM ((((((pg_index i
     JOIN pg_class c ON ((c.oid = i.indexrelid)))
     JOIN pg_am m ON ((m.oid = c.relam)))
     JOIN pg_opclass o ON ((o.oid = i.indclass[0])))
     JOIN pg_attribute a ON (((a.attrelid = i.indexrelid) AND (a.attnum = 1))))
     JOIN pg_attribute e ON (((e.attrelid = i.indrelid) AND (e.attname = 'embedding'::name))))
     LEFT JOIN pg_stat_progress_create_index p ON ((p.index_relid = i.indexrelid)))
  WHERE ((i.indrelid = (to_regclass('analytics_features.product_embeddings'::text))::oid) AND (m.amname = ANY (ARRAY['hnsw'::name, 'ivfflat'::name])));

--
-- Name: VIEW vector_indexes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.vector_indexes IS 'The indexes over the vectors, whether search can use them, and how far a build is.';

--
-- Name: COLUMN vector_indexes.index_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.index_name IS 'Name of the index.';

--
-- Name: COLUMN vector_indexes.method; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.method IS 'hnsw or ivfflat.';

--
-- Name: COLUMN vector_indexes.type; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.type IS 'vector, or halfvec: half the size, and search computes the distances of what it finds anew.';

--
-- Name: COLUMN vector_indexes.metric; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.metric IS 'What it orders by: l2 serves search in every metric.';

--
-- Name: COLUMN vector_indexes.options; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.options IS 'What it was built with, where that is not the default.';

--
-- Name: COLUMN vector_indexes.bytes; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.bytes IS 'Its size on disk.';

--
-- Name: COLUMN vector_indexes.valid; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.valid IS 'False while it is built, and after a build that failed.';

--
-- Name: COLUMN vector_indexes.serves_search; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.serves_search IS 'Whether search goes along it: valid, over all vectors, by l2.';

--
-- Name: COLUMN vector_indexes.scans; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.scans IS 'How often it was used since statistics were reset.';

--
-- Name: COLUMN vector_indexes.rows; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.rows IS 'Vectors in it when it was last counted; -1 before.';

--
-- Name: COLUMN vector_indexes.phase; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.phase IS 'While it is built: what the build is at.';

--
-- Name: COLUMN vector_indexes.percent; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.vector_indexes.percent IS 'While it is built: how far that phase is.';

--
-- Name: word_statistics; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.word_statistics (
    word text NOT NULL COLLATE pg_catalog."C",
    products bigint NOT NULL,
    sound text GENERATED ALWAYS AS (
CASE
    WHEN (word !~ '[#0-9]'::text) THEN analytics_features.sound_of(word)
    ELSE NULL::text
END) STORED COLLATE pg_catalog."C",
    deletions text[] GENERATED ALWAYS AS (
CASE
    WHEN (word !~ '[#0-9]'::text) THEN analytics_features.deletions_of(analytics_features.sound_of(word))
    ELSE NULL::text[]
END) STORED
);

--
-- Name: TABLE word_statistics; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.word_statistics IS 'The words of all products and how many products have each; counted by refresh_word_statistics().';

--
-- Name: COLUMN word_statistics.word; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_statistics.word IS 'A stemmed word, or a term of a code with a leading #; of those with a digit only what several products have (see products_with).';

--
-- Name: COLUMN word_statistics.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_statistics.products IS 'Number of products that have it: the document frequency for BM25.';

--
-- Name: COLUMN word_statistics.sound; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_statistics.sound IS 'How it sounds (see sound_of); null for numbers and codes.';

--
-- Name: COLUMN word_statistics.deletions; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_statistics.deletions IS 'For typing errors (see deletions_of); null for numbers and codes.';

--
-- Name: word_totals; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.word_totals (
    singleton boolean DEFAULT true NOT NULL,
    products bigint DEFAULT 0 NOT NULL,
    average_tokens double precision DEFAULT 1 NOT NULL,
    refreshed_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT word_totals_singleton_check CHECK (singleton)
);

--
-- Name: TABLE word_totals; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.word_totals IS 'The size of the catalogue as BM25 needs it, in one row; see refresh_word_statistics().';

--
-- Name: COLUMN word_totals.singleton; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_totals.singleton IS 'Always true: there is one row.';

--
-- Name: COLUMN word_totals.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_totals.products IS 'Products counted last.';

--
-- Name: COLUMN word_totals.average_tokens; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_totals.average_tokens IS 'Words a product on average.';

--
-- Name: COLUMN word_totals.refreshed_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.word_totals.refreshed_at IS 'When it was counted last; -infinity before the first time.';

--
-- Name: document_fields document_fields_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.document_fields
    ADD CONSTRAINT document_fields_pkey PRIMARY KEY (column_name);

--
-- Name: document_order document_order_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.document_order
    ADD CONSTRAINT document_order_pkey PRIMARY KEY (column_name);

--
-- Name: embedding_activity embedding_activity_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.embedding_activity
    ADD CONSTRAINT embedding_activity_pkey PRIMARY KEY (minute, worker, model_id);

--
-- Name: embedding_models embedding_models_identity_key; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.embedding_models
    ADD CONSTRAINT embedding_models_identity_key UNIQUE (name, revision, "precision", pooling, max_tokens, query_prefix, passage_prefix);

--
-- Name: embedding_models embedding_models_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.embedding_models
    ADD CONSTRAINT embedding_models_pkey PRIMARY KEY (model_id);

--
-- Name: embedding_workers embedding_workers_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.embedding_workers
    ADD CONSTRAINT embedding_workers_pkey PRIMARY KEY (worker);

--
-- Name: golden_queries golden_queries_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.golden_queries
    ADD CONSTRAINT golden_queries_pkey PRIMARY KEY (query, product_id);

--
-- Name: model_preparation model_preparation_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.model_preparation
    ADD CONSTRAINT model_preparation_pkey PRIMARY KEY (singleton);

--
-- Name: product_changes product_changes_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_changes
    ADD CONSTRAINT product_changes_pkey PRIMARY KEY (change_id);

--
-- Name: product_claims product_claims_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_claims
    ADD CONSTRAINT product_claims_pkey PRIMARY KEY (claim_id);

--
-- Name: product_embeddings product_embeddings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_embeddings
    ADD CONSTRAINT product_embeddings_pkey PRIMARY KEY (product_id);

--
-- Name: product_failures product_failures_key; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_failures
    ADD CONSTRAINT product_failures_key PRIMARY KEY (product_id, model_id);

--
-- Name: product_map product_map_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_map
    ADD CONSTRAINT product_map_pkey PRIMARY KEY (product_id);

--
-- Name: product_pairs product_pairs_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_pairs
    ADD CONSTRAINT product_pairs_pkey PRIMARY KEY (product_id, other_id);

--
-- Name: product_queue product_queue_key; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_queue
    ADD CONSTRAINT product_queue_key PRIMARY KEY (model_id, queue_id);

--
-- Name: product_words product_words_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_words
    ADD CONSTRAINT product_words_pkey PRIMARY KEY (product_id);

--
-- Name: query_embeddings query_embeddings_key; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.query_embeddings
    ADD CONSTRAINT query_embeddings_key PRIMARY KEY (query, model_id);

--
-- Name: related_tables related_tables_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.related_tables
    ADD CONSTRAINT related_tables_pkey PRIMARY KEY (relation_schema, relation_name, key_column, product_column);

--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);

--
-- Name: source_connection source_connection_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.source_connection
    ADD CONSTRAINT source_connection_pkey PRIMARY KEY (singleton);

--
-- Name: source_expressions source_expressions_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.source_expressions
    ADD CONSTRAINT source_expressions_pkey PRIMARY KEY (singleton);

--
-- Name: source_log source_log_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.source_log
    ADD CONSTRAINT source_log_pkey PRIMARY KEY (log_id);

--
-- Name: synonyms synonyms_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.synonyms
    ADD CONSTRAINT synonyms_pkey PRIMARY KEY (phrase, same_as);

--
-- Name: text_embeddings text_embeddings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.text_embeddings
    ADD CONSTRAINT text_embeddings_pkey PRIMARY KEY (model_id, text_hash);

--
-- Name: word_statistics word_statistics_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.word_statistics
    ADD CONSTRAINT word_statistics_pkey PRIMARY KEY (word);

--
-- Name: word_totals word_totals_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.word_totals
    ADD CONSTRAINT word_totals_pkey PRIMARY KEY (singleton);

--
-- Name: embedding_models_active_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE UNIQUE INDEX embedding_models_active_idx ON analytics_features.embedding_models USING btree (is_active) WHERE is_active;

--
-- Name: product_embeddings_document_hash_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_embeddings_document_hash_idx ON analytics_features.product_embeddings USING btree (document_hash);

--
-- Name: product_embeddings_tokens_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_embeddings_tokens_idx ON analytics_features.product_embeddings USING btree (tokens) WHERE (tokens IS NOT NULL);

--
-- Name: product_embeddings_vanished_at_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_embeddings_vanished_at_idx ON analytics_features.product_embeddings USING btree (vanished_at) WHERE (vanished_at IS NOT NULL);

--
-- Name: product_queue_claim_id_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_queue_claim_id_idx ON analytics_features.product_queue USING btree (claim_id) WHERE (claim_id IS NOT NULL);

--
-- Name: product_queue_product_id_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_queue_product_id_idx ON analytics_features.product_queue USING btree (product_id, model_id);

--
-- Name: product_queue_urgent_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_queue_urgent_idx ON analytics_features.product_queue USING btree (model_id, queue_id) WHERE (NOT is_bulk);

--
-- Name: product_words_indexed_at_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_words_indexed_at_idx ON analytics_features.product_words USING btree (indexed_at);

--
-- Name: product_words_words_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_words_words_idx ON analytics_features.product_words USING gin (words) WITH (fastupdate=off);

--
-- Name: synonyms_phrase_key_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX synonyms_phrase_key_idx ON analytics_features.synonyms USING btree (phrase_key);

--
-- Name: synonyms_same_as_key_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX synonyms_same_as_key_idx ON analytics_features.synonyms USING btree (same_as_key);

--
-- Name: word_statistics_deletions_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX word_statistics_deletions_idx ON analytics_features.word_statistics USING gin (deletions) WITH (fastupdate=off);

--
-- Name: word_statistics_sound_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX word_statistics_sound_idx ON analytics_features.word_statistics USING btree (sound);

--
-- Name: word_statistics_trigram_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX word_statistics_trigram_idx ON analytics_features.word_statistics USING gin (sound public.gin_trgm_ops) WITH (fastupdate=off);

--
-- Name: synonyms _100_key; Type: TRIGGER; Schema: analytics_features; Owner: -
--

CREATE TRIGGER _100_key BEFORE INSERT OR UPDATE ON analytics_features.synonyms FOR EACH ROW EXECUTE FUNCTION analytics_features.tg__synonym_key();

--
-- Name: product_embeddings _100_provenance; Type: TRIGGER; Schema: analytics_features; Owner: -
--

CREATE TRIGGER _100_provenance BEFORE UPDATE ON analytics_features.product_embeddings FOR EACH ROW EXECUTE FUNCTION analytics_features.tg__embedding_provenance();

--
-- Name: SCHEMA analytics_features; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_reader;
GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_operator;
GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_attacher;
GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_worker;

--
-- Name: FUNCTION activate_model(model text, force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.activate_model(model text, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.activate_model(model text, force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION active_model_id(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.active_model_id() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.active_model_id() TO product_embeddings_worker;

--
-- Name: FUNCTION announce_changes(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.announce_changes() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.announce_changes() TO product_embeddings_operator;
GRANT ALL ON FUNCTION analytics_features.announce_changes() TO product_embeddings_worker;

--
-- Name: FUNCTION attach(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach() TO product_embeddings_worker;

--
-- Name: FUNCTION attach_after_build(relation_schema text, relation_name text, strict boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION attach_related(relation text, key_column text, product_column text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach_related(relation text, key_column text, product_column text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach_related(relation text, key_column text, product_column text) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach_related(relation text, key_column text, product_column text) TO product_embeddings_worker;

--
-- Name: FUNCTION attach_related_triggers(relation_schema text, relation_name text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach_related_triggers(relation_schema text, relation_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach_related_triggers(relation_schema text, relation_name text) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach_related_triggers(relation_schema text, relation_name text) TO product_embeddings_worker;

--
-- Name: FUNCTION attach_triggers(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach_triggers() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach_triggers() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach_triggers() TO product_embeddings_worker;

--
-- Name: FUNCTION begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.begin_preparation(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) TO product_embeddings_worker;

--
-- Name: FUNCTION bookkeeping_columns(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.bookkeeping_columns() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.bookkeeping_columns() TO product_embeddings_worker;

--
-- Name: FUNCTION build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.cache_texts(model_id integer, texts text[], embeddings public.vector[], tokens integer[]) TO product_embeddings_worker;

--
-- Name: FUNCTION cached_texts(model_id integer, texts text[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.cached_texts(model_id integer, texts text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.cached_texts(model_id integer, texts text[]) TO product_embeddings_worker;

--
-- Name: FUNCTION call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.call_document_hook(hook oid, product jsonb, OUT facts jsonb, OUT error text) TO product_embeddings_worker;

--
-- Name: FUNCTION change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION check_index(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.check_index() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.check_index() TO product_embeddings_worker;

--
-- Name: FUNCTION claim_products(worker text, max_products integer, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION code_terms(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.code_terms(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.code_terms(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION columns_changed(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.columns_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.columns_changed() TO product_embeddings_worker;

--
-- Name: FUNCTION compare_models(k integer, model text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.compare_models(k integer, model text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.compare_models(k integer, model text) TO product_embeddings_worker;

--
-- Name: FUNCTION compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.compose_document(plain text, groups text[], group_weights double precision[], facts jsonb, error text, OUT document text, OUT document_hash bytea, OUT texts text[], OUT weights double precision[], OUT fact_texts text[]) TO product_embeddings_worker;

--
-- Name: FUNCTION compute_model_status(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.compute_model_status() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.compute_model_status() TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.compute_model_status() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.compute_model_status() TO product_embeddings_worker;

--
-- Name: FUNCTION compute_status(exact boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.compute_status(exact boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_operator;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION connect_source(host text, port integer, database text, user_name text, password text, source_schema text, source_table text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.connect_source(host text, port integer, database text, user_name text, password text, source_schema text, source_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.connect_source(host text, port integer, database text, user_name text, password text, source_schema text, source_table text) TO product_embeddings_worker;

--
-- Name: FUNCTION copy_failure(state text, message text, detail text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.copy_failure(state text, message text, detail text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.copy_failure(state text, message text, detail text) TO product_embeddings_worker;

--
-- Name: FUNCTION copy_grants(from_table text, to_table text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.copy_grants(from_table text, to_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.copy_grants(from_table text, to_table text) TO product_embeddings_worker;

--
-- Name: FUNCTION copy_notes(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.copy_notes() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.copy_notes() TO product_embeddings_worker;

--
-- Name: FUNCTION copy_upstream(is_full boolean, release boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.copy_upstream(is_full boolean, release boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.copy_upstream(is_full boolean, release boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION copy_window(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.copy_window() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.copy_window() TO product_embeddings_worker;

--
-- Name: FUNCTION create_product_embeddings(dimension integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.create_product_embeddings(dimension integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.create_product_embeddings(dimension integer) TO product_embeddings_worker;

--
-- Name: FUNCTION create_vector_table(table_name text, dimension integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.create_vector_table(table_name text, dimension integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.create_vector_table(table_name text, dimension integer) TO product_embeddings_worker;

--
-- Name: TABLE source_expressions; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_expressions TO product_embeddings_worker;

--
-- Name: FUNCTION current_expressions(source regclass); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.current_expressions(source regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.current_expressions(source regclass) TO product_embeddings_worker;

--
-- Name: FUNCTION cut_text(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.cut_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.cut_text(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION deletions_of(sound text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.deletions_of(sound text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.deletions_of(sound text) TO product_embeddings_worker;

--
-- Name: FUNCTION detach(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.detach() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.detach() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.detach() TO product_embeddings_worker;

--
-- Name: FUNCTION detach_related(relation text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.detach_related(relation text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.detach_related(relation text) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.detach_related(relation text) TO product_embeddings_worker;

--
-- Name: FUNCTION disconnect_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.disconnect_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.disconnect_source() TO product_embeddings_worker;

--
-- Name: FUNCTION doctor(client jsonb, role_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor(client jsonb, role_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor(client jsonb, role_name name) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.doctor(client jsonb, role_name name) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.doctor(client jsonb, role_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION doctor_jobs(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor_jobs() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor_jobs() TO product_embeddings_worker;

--
-- Name: FUNCTION doctor_migrations(client jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor_migrations(client jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor_migrations(client jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION doctor_rights(role_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor_rights(role_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor_rights(role_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION doctor_server(client jsonb, role_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor_server(client jsonb, role_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor_server(client jsonb, role_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION doctor_status(client jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.doctor_status(client jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.doctor_status(client jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION document_groups_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_groups_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_groups_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION document_hook(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_hook() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_hook() TO product_embeddings_worker;

--
-- Name: FUNCTION document_hook_problem(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_hook_problem() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_hook_problem() TO product_embeddings_worker;

--
-- Name: FUNCTION document_query(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_query() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_query() TO product_embeddings_worker;

--
-- Name: FUNCTION document_sql(alias text, weight double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_sql(alias text, weight double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_sql(alias text, weight double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION document_texts_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_texts_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_texts_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION document_weights(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_weights() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_weights() TO product_embeddings_worker;

--
-- Name: FUNCTION drop_model(model text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.drop_model(model text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.drop_model(model text) TO product_embeddings_worker;

--
-- Name: FUNCTION drop_vanished(only_if_due boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.drop_vanished(only_if_due boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.drop_vanished(only_if_due boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION drop_vanished_elsewhere(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.drop_vanished_elsewhere() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.drop_vanished_elsewhere() TO product_embeddings_worker;

--
-- Name: FUNCTION duplicate_products(threshold double precision, max_results integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.duplicate_products(threshold double precision, max_results integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.duplicate_products(threshold double precision, max_results integer) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.duplicate_products(threshold double precision, max_results integer) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.duplicate_products(threshold double precision, max_results integer) TO product_embeddings_worker;

--
-- Name: PROCEDURE embed_query(IN query text, IN max_wait interval); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval) FROM PUBLIC;
GRANT ALL ON PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval) TO product_embeddings_reader;
GRANT ALL ON PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval) TO product_embeddings_worker;

--
-- Name: FUNCTION embedding_difference(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.embedding_difference(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.embedding_difference(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION embeddings_dependents(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.embeddings_dependents(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.embeddings_dependents(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION embeddings_table(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.embeddings_table(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.embeddings_table(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION evaluate_search(k integer, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.evaluate_search(k integer, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.evaluate_search(k integer, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION extend_claim(claim_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.extend_claim(claim_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.extend_claim(claim_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_model(model_id integer, error text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_model(model_id integer, error text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_model(model_id integer, error text) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_preparation(error text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_preparation(error text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_preparation(error text) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_products(claim_id bigint, product_ids bigint[], errors text[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_query(query text, error text, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_query(query text, error text, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_query(query text, error text, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION filter_sql(alias text, filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION find_model(model text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.find_model(model text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.find_model(model text) TO product_embeddings_worker;

--
-- Name: FUNCTION first_claimable(model_id integer, max_products integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.first_claimable(model_id integer, max_products integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.first_claimable(model_id integer, max_products integer) TO product_embeddings_worker;

--
-- Name: FUNCTION first_row_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.first_row_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.first_row_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION fold_text(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fold_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fold_text(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION follow_upstream(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.follow_upstream() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.follow_upstream() TO product_embeddings_worker;

--
-- Name: FUNCTION full_pass(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.full_pass() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.full_pass() TO product_embeddings_worker;

--
-- Name: FUNCTION generate_expressions(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.generate_expressions() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.generate_expressions() TO product_embeddings_worker;

--
-- Name: FUNCTION grant_read(relation regclass); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.grant_read(relation regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.grant_read(relation regclass) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.grant_read(relation regclass) TO product_embeddings_worker;

--
-- Name: FUNCTION grant_roles(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.grant_roles() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.grant_roles() TO product_embeddings_worker;

--
-- Name: FUNCTION grant_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.grant_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.grant_source() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.grant_source() TO product_embeddings_worker;

--
-- Name: FUNCTION has_index(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.has_index(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.has_index(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION has_vectors(model_id integer, at_least bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.has_vectors(model_id integer, at_least bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.has_vectors(model_id integer, at_least bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION hidden_from(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.hidden_from() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.hidden_from() TO product_embeddings_worker;

--
-- Name: FUNCTION hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION idf(products bigint, all_products double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.idf(products bigint, all_products double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.idf(products bigint, all_products double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION import_embeddings(relation text, model text, id_column text, embedding_column text, document_column text, same_text boolean, force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.import_embeddings(relation text, model text, id_column text, embedding_column text, document_column text, same_text boolean, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.import_embeddings(relation text, model text, id_column text, embedding_column text, document_column text, same_text boolean, force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION import_pgai(vectorizer integer, model text, force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.import_pgai(vectorizer integer, model text, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.import_pgai(vectorizer integer, model text, force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION import_vectorize(job text, model text, same_text boolean, force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.import_vectorize(job text, model text, same_text boolean, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.import_vectorize(job text, model text, same_text boolean, force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION incoming_sql(condition text, among_copied boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.incoming_sql(condition text, among_copied boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.incoming_sql(condition text, among_copied boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION index_due(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_due() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_due() TO product_embeddings_worker;

--
-- Name: FUNCTION index_memory(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_memory(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_memory(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION index_name(kind text, as_halfvec boolean, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION index_words(product_ids bigint[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_words(product_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_words(product_ids bigint[]) TO product_embeddings_worker;

--
-- Name: FUNCTION interactions_relation(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.interactions_relation() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.interactions_relation() TO product_embeddings_worker;

--
-- Name: FUNCTION keep_queries(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.keep_queries() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.keep_queries() TO product_embeddings_worker;

--
-- Name: FUNCTION keep_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.keep_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.keep_vanished() TO product_embeddings_worker;

--
-- Name: TABLE source_log; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_log TO product_embeddings_operator;
GRANT SELECT,INSERT ON TABLE analytics_features.source_log TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_log TO product_embeddings_worker;

--
-- Name: FUNCTION last_comparison(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.last_comparison() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.last_comparison() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.last_comparison() TO product_embeddings_worker;

--
-- Name: FUNCTION live_products(product_ids bigint[], filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.live_products(product_ids bigint[], filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.live_products(product_ids bigint[], filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION live_products_query(filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.live_products_query(filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.live_products_query(filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION load_golden_queries(judgments jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.load_golden_queries(judgments jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.load_golden_queries(judgments jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION lock_copy(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_copy() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_copy() TO product_embeddings_worker;

--
-- Name: FUNCTION lock_embeddings(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_embeddings() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_embeddings() TO product_embeddings_worker;

--
-- Name: FUNCTION lock_interactions(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_interactions() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_interactions() TO product_embeddings_worker;

--
-- Name: FUNCTION lock_models(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_models() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_models() TO product_embeddings_worker;

--
-- Name: FUNCTION lock_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_source() TO product_embeddings_worker;

--
-- Name: FUNCTION lock_words(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_words() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_words() TO product_embeddings_worker;

--
-- Name: FUNCTION look_for_work(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.look_for_work() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.look_for_work() TO product_embeddings_worker;

--
-- Name: FUNCTION maintain(worker text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.maintain(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.maintain(worker text) TO product_embeddings_worker;

--
-- Name: FUNCTION map_due(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.map_due() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.map_due() TO product_embeddings_worker;

--
-- Name: FUNCTION map_sample(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.map_sample() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.map_sample() TO product_embeddings_worker;

--
-- Name: FUNCTION mapped_products(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.mapped_products() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.mapped_products() TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.mapped_products() TO product_embeddings_worker;

--
-- Name: FUNCTION may_read_source(role_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.may_read_source(role_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.may_read_source(role_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION measure_hook(name text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.measure_hook(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.measure_hook(name text) TO product_embeddings_worker;

--
-- Name: FUNCTION measure_recall(k integer, sample integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_worker;

--
-- Name: FUNCTION mend_timetable(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.mend_timetable() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.mend_timetable() TO product_embeddings_worker;

--
-- Name: FUNCTION min_max(value double precision, lowest double precision, highest double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION model_gaps(model_id integer, OUT missing bigint, OUT stale bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.model_gaps(model_id integer, OUT missing bigint, OUT stale bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.model_gaps(model_id integer, OUT missing bigint, OUT stale bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION model_notes(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.model_notes() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.model_notes() TO product_embeddings_worker;

--
-- Name: FUNCTION more_urgent_waits(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.more_urgent_waits(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.more_urgent_waits(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[], model_id integer, for_fusion boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[], model_id integer, for_fusion boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[], model_id integer, for_fusion boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION newest_row_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.newest_row_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.newest_row_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION note_activity(claim_id bigint, stored bigint, failed bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_activity(claim_id bigint, stored bigint, failed bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_activity(claim_id bigint, stored bigint, failed bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION note_changes(operation text, table_schema name, table_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_changes(operation text, table_schema name, table_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_changes(operation text, table_schema name, table_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION note_copy_failure(reason text, took interval); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_copy_failure(reason text, took interval) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_copy_failure(reason text, took interval) TO product_embeddings_worker;

--
-- Name: FUNCTION note_expressions(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_expressions() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_expressions() TO product_embeddings_worker;

--
-- Name: FUNCTION note_fit(model_id integer, spelled_out double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_fit(model_id integer, spelled_out double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_fit(model_id integer, spelled_out double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) TO product_embeddings_worker;

--
-- Name: FUNCTION note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_update(product_id bigint, table_schema name, table_name name, new_row record, old_row record) TO product_embeddings_worker;

--
-- Name: FUNCTION notes_unseen(operation text, table_schema name, table_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.notes_unseen(operation text, table_schema name, table_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.notes_unseen(operation text, table_schema name, table_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION operator_report(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.operator_report() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.operator_report() TO product_embeddings_operator;
GRANT ALL ON FUNCTION analytics_features.operator_report() TO product_embeddings_worker;

--
-- Name: FUNCTION passing_products(filter jsonb, bound integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.passing_products(filter jsonb, bound integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.passing_products(filter jsonb, bound integer) TO product_embeddings_worker;

--
-- Name: FUNCTION phrase_key(phrase text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.phrase_key(phrase text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.phrase_key(phrase text) TO product_embeddings_worker;

--
-- Name: FUNCTION planned_index(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.planned_index() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.planned_index() TO product_embeddings_worker;

--
-- Name: FUNCTION planned_signature(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.planned_signature() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.planned_signature() TO product_embeddings_worker;

--
-- Name: FUNCTION prepare_model(model text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.prepare_model(model text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.prepare_model(model text) TO product_embeddings_worker;

--
-- Name: FUNCTION product_document(product_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_document(product_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_document(product_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION product_documents(product_ids bigint[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_documents(product_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_documents(product_ids bigint[]) TO product_embeddings_worker;

--
-- Name: FUNCTION product_id_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_id_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_id_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION product_ids_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_ids_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_ids_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION product_is_live_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_is_live_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_is_live_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION products_with(term tsquery, most integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.products_with(term tsquery, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.products_with(term tsquery, most integer) TO product_embeddings_worker;

--
-- Name: FUNCTION query_embedding(query text, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.query_embedding(query text, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.query_embedding(query text, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION query_key(query text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.query_key(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.query_key(query text) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.query_key(query text) TO product_embeddings_worker;

--
-- Name: FUNCTION query_terms(query text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.query_terms(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.query_terms(query text) TO product_embeddings_worker;

--
-- Name: FUNCTION queue_changes_sql(changed text, model_id text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.queue_changes_sql(changed text, model_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.queue_changes_sql(changed text, model_id text) TO product_embeddings_worker;

--
-- Name: FUNCTION queue_difference(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.queue_difference(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.queue_difference(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION queue_summary(exact boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.queue_summary(exact boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.queue_summary(exact boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION rank_words(query text, wanted integer, others bigint[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[]) TO product_embeddings_worker;

--
-- Name: FUNCTION ranked_products(query text, k integer, mode text, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.ranked_products(query text, k integer, mode text, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.ranked_products(query text, k integer, mode text, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION rebuild_copy(release boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.rebuild_copy(release boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.rebuild_copy(release boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION recommended_products(product_ids bigint[], max_results integer, filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION reconcile(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.reconcile() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.reconcile() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.reconcile() TO product_embeddings_worker;

--
-- Name: FUNCTION reconcile_later(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.reconcile_later() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.reconcile_later() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.reconcile_later() TO product_embeddings_worker;

--
-- Name: FUNCTION refresh_copy(is_full boolean, only_if_due boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.refresh_copy(is_full boolean, only_if_due boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.refresh_copy(is_full boolean, only_if_due boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION refresh_pairs(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.refresh_pairs() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.refresh_pairs() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.refresh_pairs() TO product_embeddings_worker;

--
-- Name: FUNCTION refresh_word_statistics(only_if_due boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.refresh_word_statistics(only_if_due boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.refresh_word_statistics(only_if_due boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer, query_prefix text, passage_prefix text, path text) TO product_embeddings_worker;

--
-- Name: FUNCTION related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.related_key_sql(relation oid, key_column text, product_column text, OUT key text, OUT product_key text) TO product_embeddings_worker;

--
-- Name: FUNCTION related_relation(relation text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.related_relation(relation text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.related_relation(relation text) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.related_relation(relation text) TO product_embeddings_worker;

--
-- Name: FUNCTION release_claim(claim_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.release_claim(claim_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.release_claim(claim_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION release_copy(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.release_copy() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.release_copy() TO product_embeddings_worker;

--
-- Name: FUNCTION release_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.release_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.release_vanished() TO product_embeddings_worker;

--
-- Name: FUNCTION remember_order(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.remember_order() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.remember_order() TO product_embeddings_worker;

--
-- Name: FUNCTION rename_indexes(of_table text, former_name text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.rename_indexes(of_table text, former_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.rename_indexes(of_table text, former_name text) TO product_embeddings_worker;

--
-- Name: FUNCTION rename_schema(new_name text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.rename_schema(new_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.rename_schema(new_name text) TO product_embeddings_worker;

--
-- Name: FUNCTION request_query(query text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.request_query(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.request_query(query text) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.request_query(query text) TO product_embeddings_worker;

--
-- Name: FUNCTION require_embeddings(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_embeddings() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_embeddings() TO product_embeddings_worker;

--
-- Name: FUNCTION require_fdw(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_fdw() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_fdw() TO product_embeddings_worker;

--
-- Name: FUNCTION require_hook(name text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_hook(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_hook(name text) TO product_embeddings_worker;

--
-- Name: FUNCTION require_limit(max_results integer, greatest_limit integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer) TO product_embeddings_worker;

--
-- Name: FUNCTION require_query(query public.vector, metric text, max_results integer, dimension integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer, dimension integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer, dimension integer) TO product_embeddings_worker;

--
-- Name: FUNCTION require_sound_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_sound_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_sound_source() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.require_sound_source() TO product_embeddings_worker;

--
-- Name: FUNCTION require_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_source() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.require_source() TO product_embeddings_worker;

--
-- Name: FUNCTION reset_embeddings(dimension integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.reset_embeddings(dimension integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.reset_embeddings(dimension integer) TO product_embeddings_worker;

--
-- Name: FUNCTION retry_failed(product_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.retry_failed(product_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.retry_failed(product_id bigint) TO product_embeddings_operator;
GRANT ALL ON FUNCTION analytics_features.retry_failed(product_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION rollback_model(force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.rollback_model(force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.rollback_model(force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION row_is_valid_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.row_is_valid_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.row_is_valid_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION sample_documents(sample integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sample_documents(sample integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sample_documents(sample integer) TO product_embeddings_worker;

--
-- Name: FUNCTION search_index(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.search_index() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.search_index() TO product_embeddings_worker;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_worker;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer, filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer, filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION search_products_text(query text, max_results integer, filter jsonb, mode text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) TO product_embeddings_worker;

--
-- Name: FUNCTION set_document_hook(hook text, dry_run boolean, force boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_document_hook(hook text, dry_run boolean, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_document_hook(hook text, dry_run boolean, force boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION set_fields(fields jsonb, dry_run boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_fields(fields jsonb, dry_run boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_fields(fields jsonb, dry_run boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION set_interactions(relation text, group_column text, product_column text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_interactions(relation text, group_column text, product_column text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_interactions(relation text, group_column text, product_column text) TO product_embeddings_worker;

--
-- Name: FUNCTION set_source(source_schema text, source_table text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_source(source_schema text, source_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_source(source_schema text, source_table text) TO product_embeddings_worker;

--
-- Name: FUNCTION set_windows(windows boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_windows(windows boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_windows(windows boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION shown_document(document text, texts text[], weights double precision[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.shown_document(document text, texts text[], weights double precision[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.shown_document(document text, texts text[], weights double precision[]) TO product_embeddings_worker;

--
-- Name: FUNCTION signal_weights(query text, coverage double precision, has_vector boolean, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.signal_weights(query text, coverage double precision, has_vector boolean, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.signal_weights(query text, coverage double precision, has_vector boolean, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION sound_of(word text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sound_of(word text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sound_of(word text) TO product_embeddings_worker;

--
-- Name: FUNCTION source_column_sql(alias text, column_name text, type text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_column_sql(alias text, column_name text, type text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_column_sql(alias text, column_name text, type text) TO product_embeddings_worker;

--
-- Name: FUNCTION source_is_replicated(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_is_replicated() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_is_replicated() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.source_is_replicated() TO product_embeddings_worker;

--
-- Name: FUNCTION source_problems(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_problems() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_problems() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.source_problems() TO product_embeddings_worker;

--
-- Name: FUNCTION source_relation(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_relation() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_relation() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.source_relation() TO product_embeddings_worker;

--
-- Name: FUNCTION source_rows(product_ids bigint[], signature text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_rows(product_ids bigint[], signature text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_rows(product_ids bigint[], signature text) TO product_embeddings_worker;

--
-- Name: FUNCTION source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_rows_sql(source regclass, expressions analytics_features.source_expressions, among text, passes text, has_duplicates boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION source_shape(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_shape() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_shape() TO product_embeddings_worker;

--
-- Name: FUNCTION source_signature(source regclass); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_signature(source regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_signature(source regclass) TO product_embeddings_worker;

--
-- Name: FUNCTION spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.spread_order(query public.vector, candidates public.vector[], max_results integer, spread double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION squash_text(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.squash_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.squash_text(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION status_notes(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.status_notes() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.status_notes() TO product_embeddings_worker;

--
-- Name: FUNCTION stems_words(config text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.stems_words(config text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.stems_words(config text) TO product_embeddings_worker;

--
-- Name: FUNCTION store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[], tokens integer[]) TO product_embeddings_worker;

--
-- Name: FUNCTION store_fields(fields jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_fields(fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_fields(fields jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION store_map(product_ids bigint[], xs real[], ys real[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_map(product_ids bigint[], xs real[], ys real[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_map(product_ids bigint[], xs real[], ys real[]) TO product_embeddings_worker;

--
-- Name: FUNCTION store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector, spelled_out double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION sweep_texts(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sweep_texts() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sweep_texts() TO product_embeddings_worker;

--
-- Name: FUNCTION sweep_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sweep_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sweep_vanished() TO product_embeddings_worker;

--
-- Name: FUNCTION take_changes(max_products integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.take_changes(max_products integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.take_changes(max_products integer) TO product_embeddings_worker;

--
-- Name: FUNCTION take_queries(max_queries integer, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.take_queries(max_queries integer, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.take_queries(max_queries integer, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION take_up_changes(max_products integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.take_up_changes(max_products integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.take_up_changes(max_products integer, OUT products bigint, OUT is_bulk boolean, OUT is_full boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION tg__embedding_provenance(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__embedding_provenance() FROM PUBLIC;

--
-- Name: FUNCTION tg__product_changed(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__product_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__product_changed() TO product_embeddings_attacher;

--
-- Name: FUNCTION tg__product_replicated(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__product_replicated() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__product_replicated() TO product_embeddings_attacher;

--
-- Name: FUNCTION tg__related_changed(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__related_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__related_changed() TO product_embeddings_attacher;

--
-- Name: FUNCTION tg__synonym_key(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__synonym_key() FROM PUBLIC;

--
-- Name: FUNCTION throughput(model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.throughput(model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.throughput(model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION unmark_returned(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.unmark_returned() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.unmark_returned() TO product_embeddings_worker;

--
-- Name: FUNCTION unmix_text(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.unmix_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.unmix_text(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION upstream_columns(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.upstream_columns() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.upstream_columns() TO product_embeddings_worker;

--
-- Name: FUNCTION usual_throughput(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.usual_throughput() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.usual_throughput() TO product_embeddings_worker;

--
-- Name: FUNCTION vanished_products(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.vanished_products() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.vanished_products() TO product_embeddings_worker;

--
-- Name: FUNCTION vector_distance(product_id bigint, query public.vector, model_id integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.vector_distance(product_id bigint, query public.vector, model_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.vector_distance(product_id bigint, query public.vector, model_id integer) TO product_embeddings_worker;

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone, task text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) TO product_embeddings_worker;

--
-- Name: FUNCTION whole_number(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.whole_number(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.whole_number(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION whole_number_sql(expression text, type regtype); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.whole_number_sql(expression text, type regtype) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.whole_number_sql(expression text, type regtype) TO product_embeddings_worker;

--
-- Name: FUNCTION word_classes(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.word_classes() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.word_classes() TO product_embeddings_worker;

--
-- Name: FUNCTION word_score(words tsvector, term tsquery, idf double precision, relative_length double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION words_of(config regconfig, value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.words_of(config regconfig, value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.words_of(config regconfig, value text) TO product_embeddings_worker;

--
-- Name: FUNCTION words_recipe(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.words_recipe() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.words_recipe() TO product_embeddings_worker;

--
-- Name: FUNCTION words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], classes text[], OUT words tsvector, OUT tokens integer, OUT label text) TO product_embeddings_worker;

--
-- Name: FUNCTION work_waits(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.work_waits() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.work_waits() TO product_embeddings_worker;

--
-- Name: FUNCTION worker_ended(worker text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.worker_ended(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.worker_ended(worker text) TO product_embeddings_worker;

--
-- Name: FUNCTION worker_is_alive(host text, within interval); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.worker_is_alive(host text, within interval) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.worker_is_alive(host text, within interval) TO product_embeddings_worker;

--
-- Name: FUNCTION worker_seen(worker text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.worker_seen(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.worker_seen(worker text) TO product_embeddings_worker;

--
-- Name: TABLE product_claims; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_claims TO product_embeddings_worker;

--
-- Name: TABLE product_queue; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT ON TABLE analytics_features.product_queue TO product_embeddings_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_queue TO product_embeddings_worker;

--
-- Name: COLUMN product_queue.available_at; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(available_at) ON TABLE analytics_features.product_queue TO product_embeddings_operator;

--
-- Name: COLUMN product_queue.attempts; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(attempts) ON TABLE analytics_features.product_queue TO product_embeddings_operator;

--
-- Name: TABLE claimable_queue; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.claimable_queue TO product_embeddings_worker;

--
-- Name: TABLE document_fields; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.document_fields TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.document_fields TO product_embeddings_worker;

--
-- Name: TABLE document_order; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.document_order TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.document_order TO product_embeddings_worker;

--
-- Name: TABLE embedding_activity; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_activity TO product_embeddings_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_activity TO product_embeddings_worker;

--
-- Name: TABLE embedding_models; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_models TO product_embeddings_operator;
GRANT SELECT ON TABLE analytics_features.embedding_models TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_models TO product_embeddings_worker;

--
-- Name: TABLE embedding_status; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_status TO product_embeddings_reader;
GRANT SELECT ON TABLE analytics_features.embedding_status TO product_embeddings_operator;
GRANT SELECT ON TABLE analytics_features.embedding_status TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_status TO product_embeddings_worker;

--
-- Name: TABLE embedding_workers; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_workers TO product_embeddings_operator;
GRANT SELECT ON TABLE analytics_features.embedding_workers TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_workers TO product_embeddings_worker;

--
-- Name: TABLE golden_queries; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE analytics_features.golden_queries TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.golden_queries TO product_embeddings_worker;

--
-- Name: TABLE kept_models; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.kept_models TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.kept_models TO product_embeddings_worker;

--
-- Name: TABLE model_preparation; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.model_preparation TO product_embeddings_worker;

--
-- Name: TABLE model_status; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.model_status TO product_embeddings_reader;
GRANT SELECT ON TABLE analytics_features.model_status TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.model_status TO product_embeddings_worker;

--
-- Name: TABLE product_changes; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_changes TO product_embeddings_worker;

--
-- Name: TABLE product_embeddings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.product_embeddings TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_embeddings TO product_embeddings_worker;

--
-- Name: TABLE product_failures; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,DELETE ON TABLE analytics_features.product_failures TO product_embeddings_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_failures TO product_embeddings_worker;

--
-- Name: TABLE product_map; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_map TO product_embeddings_worker;

--
-- Name: TABLE product_pairs; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_pairs TO product_embeddings_worker;

--
-- Name: TABLE product_words; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_words TO product_embeddings_worker;

--
-- Name: TABLE query_embeddings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.query_embeddings TO product_embeddings_worker;

--
-- Name: TABLE queued_products; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.queued_products TO product_embeddings_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.queued_products TO product_embeddings_worker;

--
-- Name: TABLE related_tables; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE analytics_features.related_tables TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.related_tables TO product_embeddings_worker;

--
-- Name: TABLE related_triggers; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.related_triggers TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.related_triggers TO product_embeddings_worker;

--
-- Name: TABLE settings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.settings TO product_embeddings_attacher;
GRANT SELECT ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.lease; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(lease) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.max_attempts; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(max_attempts) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.retry_after; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(retry_after) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.vanished_grace; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(vanished_grace) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.max_document_characters; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(max_document_characters) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.vanished_hold_share; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(vanished_hold_share) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.words_config; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(words_config) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.word_weight; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(word_weight) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.trigram_weight; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(trigram_weight) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.vector_weight; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(vector_weight) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.query_cache_size; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(query_cache_size) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.hnsw_ef_search; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(hnsw_ef_search) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.ivfflat_probes; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(ivfflat_probes) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.index_from_products; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(index_from_products) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.max_group_products; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(max_group_products) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.min_together; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(min_together) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.pair_weight; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(pair_weight) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.windows; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(windows) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.map_products; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(map_products) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.map_column; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(map_column) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: COLUMN settings.max_hook_ms; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT UPDATE(max_hook_ms) ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: TABLE sized_changes; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.sized_changes TO product_embeddings_worker;

--
-- Name: TABLE source_columns; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_columns TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_columns TO product_embeddings_worker;

--
-- Name: TABLE source_connection; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_connection TO product_embeddings_worker;

--
-- Name: TABLE source_copy_status; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_copy_status TO product_embeddings_reader;
GRANT SELECT ON TABLE analytics_features.source_copy_status TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_copy_status TO product_embeddings_worker;

--
-- Name: TABLE source_triggers; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_triggers TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_triggers TO product_embeddings_worker;

--
-- Name: TABLE synonyms; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE analytics_features.synonyms TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.synonyms TO product_embeddings_worker;

--
-- Name: TABLE text_embeddings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.text_embeddings TO product_embeddings_worker;

--
-- Name: TABLE vector_indexes; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.vector_indexes TO product_embeddings_reader;
GRANT SELECT ON TABLE analytics_features.vector_indexes TO product_embeddings_operator;
GRANT SELECT ON TABLE analytics_features.vector_indexes TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.vector_indexes TO product_embeddings_worker;

--
-- Name: TABLE word_statistics; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.word_statistics TO product_embeddings_worker;

--
-- Name: TABLE word_totals; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.word_totals TO product_embeddings_worker;

--
-- PostgreSQL database dump complete
--
