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
-- Name: attach(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.attach_triggers();
  return analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION attach(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach() IS 'Puts the triggers on the source that it lacks and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE005.';

--
-- Name: attach_after_build(text, text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_queued bigint;
begin
  if not exists (
    select from analytics_features.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    perform analytics_features.attach_triggers();
  exception when others then
    if strict then
      raise;
    end if;
    insert into analytics_features.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see analytics_features.source_log.';
  end;

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

  if strict then
    perform analytics_features.require_sound_source();
  end if;
  return v_queued;
end
$$;

--
-- Name: FUNCTION attach_after_build(relation_schema text, relation_name text, strict boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) IS 'For a dbt post-hook: attach() if this relation is the source, in the same transaction; returns how many products were queued, null if it is not the source or failed. Fails only when strict, and then also on PE006.';

--
-- Name: attach_triggers(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.attach_triggers() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.require_source();
  v_trigger record;
  v_changed boolean := false;
begin
  perform analytics_features.grant_source();
  if (select c.relkind from pg_class c where c.oid = v_source) not in ('r', 'p') then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
    return;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached
    from analytics_features.source_triggers t
    where t.enabled is not true
  loop
    v_changed := true;
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_source, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function analytics_features.tg__product_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  if v_changed then
    insert into analytics_features.source_log (event, source_oid, triggers_attached) values ('attach', v_source, true);
  end if;
end
$$;

--
-- Name: FUNCTION attach_triggers(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_triggers() IS 'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';

--
-- Name: build_index(text, boolean, integer, integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.build_index(kind text DEFAULT 'hnsw'::text, as_halfvec boolean DEFAULT false, m integer DEFAULT 16, ef_construction integer DEFAULT 64, lists integer DEFAULT NULL::integer) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET maintenance_work_mem TO '64MB'
    SET max_parallel_maintenance_workers TO '2'
    AS $$
declare
  v_statement text := analytics_features.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false);
  v_index text := analytics_features.index_name(kind, as_halfvec);
begin
  perform set_config('maintenance_work_mem', analytics_features.index_memory(), true);
  execute format('drop index if exists analytics_features.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

--
-- Name: FUNCTION build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer) IS 'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, and 42501 for who does not own the table.';

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
    plan := concat_ws(e'\n', plan, regexp_replace(v_line, '\[[0-9.,-]{100,}\]', '[…]'));
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
-- Name: claim_products(text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.claim_products(worker text, max_products integer DEFAULT 320) RETURNS TABLE(claim_id bigint, product_id bigint, document text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_settings analytics_features.settings;
  v_claim_id bigint;
  v_chunk integer := greatest(max_products, 1);
  v_ids bigint[];
  v_found boolean;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_queue'), 1);
  perform analytics_features.lock_source();
  select * into strict v_settings from analytics_features.settings s;
  perform analytics_features.worker_seen(worker);

  insert into analytics_features.product_claims as c (worker, lease_until)
  values (claim_products.worker, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    v_ids := array(select q.product_id from analytics_features.claimable_queue q order by q.queue_id limit v_chunk);
    return query with
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from analytics_features.product_queue q
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
            when e.document_hash = d.document_hash and e.model_id = analytics_features.active_model_id() then 'unchanged'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= v_settings.max_attempts then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join analytics_features.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join analytics_features.product_embeddings e on e.product_id = c.product_id
        left join analytics_features.product_failures f on f.product_id = c.product_id
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
        update analytics_features.product_embeddings e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update analytics_features.product_embeddings e
        set vanished_at = null
        from judged j
        where j.verdict <> 'vanished' and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into analytics_features.product_failures as f (product_id, document_hash, attempts, error, set_aside)
        select j.product_id, j.document_hash, j.attempts, 'The worker that was encoding it did not come back.', true
        from judged j
        where j.verdict = 'given up'
        on conflict on constraint product_failures_pkey do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from analytics_features.product_failures f
        using judged j
        where f.product_id = j.product_id and j.verdict in ('vanished', 'unchanged')
      ),
      settled as (
        delete from analytics_features.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update analytics_features.product_queue q
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
    perform analytics_features.index_words(v_ids);
    exit when v_found or not exists (select from analytics_features.claimable_queue);
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from analytics_features.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from analytics_features.product_queue q where q.claim_id = c.claim_id);
end
$$;

--
-- Name: FUNCTION claim_products(worker text, max_products integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.claim_products(worker text, max_products integer) IS 'Claims up to max_products queued products whose document really changed, for settings.lease, and returns their documents; settles the others. No rows: nothing is left to do now. Raises PE001, PE002, PE005.';

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
      translate(analytics_features.fold_text(value), 'авекмнорстухі', 'abekmhopctyxi'),
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

COMMENT ON FUNCTION analytics_features.code_terms(value text) IS 'The terms under which the codes in a text are found, each with a leading #: whole without separators, and every stretch of neighbouring parts.';

--
-- Name: compute_status(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compute_status(exact boolean DEFAULT true) RETURNS TABLE(source text, state text, products bigint, embedded bigint, coverage numeric, missing bigint, stale bigint, orphans bigint, held bigint, failed bigint, queued bigint, claimed bigint, oldest_wait interval, throughput numeric, time_to_go interval, source_exists boolean, triggers_attached boolean, compared_at timestamp with time zone, compared_queued bigint, unusable_ids bigint, duplicate_ids bigint, workers_alive bigint, worker_last_seen timestamp with time zone, model text, dimension integer, notes text[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

  select count(*) filter (where w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
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

  if exact and source_exists and analytics_features.may_read_source() then
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
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached) then
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
    throughput := analytics_features.throughput();
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
    select s.note from analytics_features.status_notes() s
    union all
    select format('%s of %s vectors are of vanished products, which is more than a clear-out looks like: none is deleted. Mend the source, or let them go: select analytics_features.release_vanished();', held, v_vectors)
    where held > 0
    union all
    select format('No worker was seen for two minutes, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
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
-- Name: create_product_embeddings(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.create_product_embeddings(dimension integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $_$
declare
  v_dimension integer;
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_embeddings'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'analytics_features' and c.relname = 'product_embeddings' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s, or start the table over: select analytics_features.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The provenance trigger is made last: with it the table is complete, and there is nothing to do.
  if exists (
    select from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'analytics_features' and c.relname = 'product_embeddings' and t.tgname = '_100_provenance'
  ) then
    return;
  end if;

  execute format(
    $sql$
      create table if not exists analytics_features.product_embeddings (
        product_id bigint primary key,
        embedding public.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    create_product_embeddings.dimension
  );

  delete from analytics_features.product_embeddings e where e.embedding is null or public.vector_norm(e.embedding) = 0;
  update analytics_features.product_embeddings e
  set embedding = public.l2_normalize(e.embedding)
  where abs(public.vector_norm(e.embedding) - 1) >= 0.001;

  alter table analytics_features.product_embeddings
    alter column embedding set not null,
    add column if not exists model_id integer,
    add column if not exists document_hash bytea,
    add column if not exists vanished_at timestamptz,
    drop constraint if exists embedding_has_unit_length,
    -- With unit length the three metrics give one order, so one index serves them all. float4
    -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
    add constraint embedding_has_unit_length check (abs(public.vector_norm(embedding) - 1) < 0.001);

  create index if not exists embeddings_vanished_at_idx
    on analytics_features.product_embeddings (vanished_at) where vanished_at is not null;

  comment on table  analytics_features.product_embeddings is 'One vector a product. Join it on product_id; search_products() searches it.';
  comment on column analytics_features.product_embeddings.product_id is 'The product; no foreign key, because dbt drops and renames its table.';
  comment on column analytics_features.product_embeddings.embedding is 'The vector of the product''s document, of unit length.';
  comment on column analytics_features.product_embeddings.updated_at is 'When the vector was stored, in the storing session''s time zone.';
  comment on column analytics_features.product_embeddings.model_id is 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.';
  comment on column analytics_features.product_embeddings.document_hash is 'sha256 of the document it came from; null when it was not stored by us.';
  comment on column analytics_features.product_embeddings.vanished_at is 'When the product was found gone from the source; the vector goes after settings.vanished_grace.';

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  create or replace trigger _100_provenance
    before update on analytics_features.product_embeddings
    for each row execute function analytics_features.tg__embedding_provenance();
end
$_$;

--
-- Name: FUNCTION create_product_embeddings(dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.create_product_embeddings(dimension integer) IS 'Makes the table of vectors, or completes the one that is there; no effect when it is whole. Raises PE020 when its dimension is another.';

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
-- Name: deletions_of(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.deletions_of(sound text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case when length(sound) between 3 and 24 then
    array(
      select distinct left(sound, i - 1) || substr(sound, i + 1)
      from generate_series(1, length(sound)) i
    ) || sound
  end;
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
  for v_trigger_name in select t.trigger_name from analytics_features.source_triggers t where t.attached loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

--
-- Name: FUNCTION detach(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.detach() IS 'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';

--
-- Name: document_query(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_query() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
    analytics_features.product_id_sql('s'),
    analytics_features.product_is_live_sql('s'),
    analytics_features.document_sql('s'),
    analytics_features.require_source(),
    analytics_features.newest_row_sql('s'),
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.document_texts_sql('s')
  )
$_$;

--
-- Name: FUNCTION document_query(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_query() IS 'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, texts text[]), one row each. Raises PE001, PE002.';

--
-- Name: document_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_sql(alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
          then format($sql$%1$L || case when %2$I.%3$I then 'yes. ' when not %2$I.%3$I then 'no. ' end$sql$, c.column_name || ': ', alias, c.column_name)
        -- The server stores text as it came; NFC makes й one character however it was typed.
        when t.typcategory = 'S'
          then format(
            $sql$%1$L || nullif(pg_catalog.btrim(pg_catalog.normalize(%2$I.%3$I::pg_catalog.text, 'NFC'), E' \t\r\n\u00a0'), '') || '. '$sql$,
            c.column_name || ': ', alias, c.column_name
          )
        else format($sql$%1$L || nullif(%2$I.%3$I::pg_catalog.text, '') || '. '$sql$, c.column_name || ': ', alias, c.column_name)
      end as field
    from analytics_features.source_columns c
    join pg_type t on t.oid = c.type
    where c.in_document
  ) f
$_$;

--
-- Name: FUNCTION document_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_sql(alias text) IS 'SQL expression for the document of a source row: `field: value. ` for each column in the order of source_columns, booleans yes/no, nulls and blanks skipped; alias names the row.';

--
-- Name: document_texts_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_texts_sql(alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format('array[%s]::pg_catalog.text[]', string_agg(format('%I.%I::pg_catalog.text', alias, c.column_name), ', ' order by c.position))
  from analytics_features.source_columns c
  join pg_type t on t.oid = c.type
  where c.in_document and c.column_name <> 'name'
    and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
$$;

--
-- Name: FUNCTION document_texts_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_texts_sql(alias text) IS 'SQL expression for the texts of a source row but its name, as text[]: the columns of text, arrays, enums and json that are in the document; alias names the row.';

--
-- Name: duplicate_products(double precision, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.duplicate_products(threshold double precision DEFAULT 0.05, max_results integer DEFAULT 1000) RETURNS TABLE(product_id bigint, name text, duplicate_id bigint, duplicate_name text, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'strict_order'
    AS $_$
begin
  perform analytics_features.lock_source();
  perform analytics_features.require_embeddings();
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

COMMENT ON PROCEDURE analytics_features.embed_query(IN query text, IN max_wait interval) IS 'Has the worker encode a query and waits until it is done, max_wait at the most (null for 10 seconds): call embed_query(''тормозные колодки''); Not inside a transaction. Raises PE019, PE026.';

--
-- Name: embedding_difference(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.embedding_difference() RETURNS TABLE(product_id bigint, state text, document_hash bytea, has_words boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'iso_8601'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    AS $_$
begin
  perform analytics_features.require_embeddings();
  perform analytics_features.lock_source();
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
      full join analytics_features.product_embeddings e on e.product_id = d.product_id
      left join analytics_features.product_words w on w.product_id = d.product_id
    $sql$,
    analytics_features.document_query()
  ) using analytics_features.active_model_id(), (select s.words_config from analytics_features.settings s);
end
$_$;

--
-- Name: FUNCTION embedding_difference(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embedding_difference() IS 'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005.';

--
-- Name: evaluate_search(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.evaluate_search(k integer DEFAULT 10) RETURNS TABLE(model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform analytics_features.lock_source();

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
        select g.query, min(g.kind) as kind, analytics_features.query_embedding(g.query) is not null as is_embedded
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
        cross join lateral analytics_features.search_products_text(r.query, evaluate_search.k, null, r.mode) with ordinality h
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
      (select m.name from analytics_features.embedding_models m where m.is_active),
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
-- Name: FUNCTION evaluate_search(k integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.evaluate_search(k integer) IS 'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Raises PE001 to PE003, PE005 and PE014.';

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
  v_next timestamptz;
begin
  select * into strict v_settings from analytics_features.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash, q.attempts
      from analytics_features.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into analytics_features.product_failures as f (product_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id) do update
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
      where q.queue_id = h.queue_id and not f.set_aside
      returning q.available_at
    ),
    done as (
      delete from analytics_features.product_queue q
      using held h, failed f
      where q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select (select count(*) from failed f where f.set_aside), (select min(w.available_at) from waiting w)
  into v_set_aside, v_next;

  if v_next is not null then
    perform analytics_features.wake_worker(v_next);
  end if;
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
-- Name: fail_query(text, text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fail_query(query text, error text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  where q.query = analytics_features.query_key(fail_query.query)
$$;

--
-- Name: FUNCTION fail_query(query text, error text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_query(query text, error text) IS 'Notes that a query could not be encoded, and why.';

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
    select format_type(c.type, -1) into v_type from analytics_features.source_columns c where c.column_name = v_key;
    if v_type is null then
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
$_$;

--
-- Name: FUNCTION filter_sql(alias text, filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) IS 'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE015, PE016.';

--
-- Name: fold_text(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.fold_text(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION fold_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fold_text(value text) IS 'A text in lower case, without accents, ё as е: how words are compared.';

--
-- Name: full_pass(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.full_pass() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_retried bigint := analytics_features.retry_failed();
begin
  perform analytics_features.sweep_vanished();
  perform analytics_features.lock_words();
  -- Of products that went before they had a vector.
  delete from analytics_features.product_words w
  where not exists (select from analytics_features.product_embeddings e where e.product_id = w.product_id)
    and not exists (select from analytics_features.product_documents() d where d.product_id = w.product_id);
  return v_retried + analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION full_pass(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.full_pass() IS 'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';

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
    analytics_features.newest_row_sql('s'),
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.source_column_sql('s', 'vendor_code', 'text'),
    analytics_features.source_column_sql('s', 'price', 'numeric')
$$;

--
-- Name: FUNCTION generate_expressions(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.generate_expressions() IS 'The row of source_expressions for the source as it is now. Raises PE001, PE002.';

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
    grant select on analytics_features.embedding_status, analytics_features.vector_indexes to product_embeddings_reader;
    grant execute on function
      analytics_features.compute_status(boolean),
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

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema analytics_features to product_embeddings_attacher;
    grant select on
      analytics_features.product_embeddings,
      analytics_features.embedding_models,
      analytics_features.embedding_status,
      analytics_features.embedding_workers,
      analytics_features.settings,
      analytics_features.source_log,
      analytics_features.source_columns,
      analytics_features.source_triggers,
      analytics_features.vector_indexes,
      analytics_features.document_fields,
      analytics_features.document_order
    to product_embeddings_attacher;
    grant insert on analytics_features.source_log to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed.
    grant select, insert, update, delete on analytics_features.synonyms, analytics_features.golden_queries to product_embeddings_attacher;
    grant execute on function
      analytics_features.attach(),
      analytics_features.attach_after_build(text, text, boolean),
      analytics_features.attach_triggers(),
      analytics_features.compute_status(boolean),
      analytics_features.detach(),
      analytics_features.grant_source(),
      analytics_features.last_comparison(),
      analytics_features.reconcile(),
      analytics_features.require_sound_source(),
      analytics_features.require_source(),
      analytics_features.search_products(public.vector, text, integer),
      analytics_features.search_products_text(text, integer, jsonb, text),
      analytics_features.similar_products(bigint, integer, jsonb, double precision),
      analytics_features.duplicate_products(double precision, integer),
      analytics_features.recommended_products(bigint[], integer, jsonb),
      analytics_features.refresh_pairs(),
      analytics_features.search_products(public.vector, text, integer, jsonb),
      analytics_features.measure_recall(integer, integer),
      analytics_features.source_problems(),
      analytics_features.source_relation(),
      analytics_features.tg__product_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema analytics_features to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema analytics_features to product_embeddings_worker;
    -- Security definer functions run what stands there.
    revoke insert, update, delete on analytics_features.source_expressions from product_embeddings_worker;
    grant execute on all routines in schema analytics_features to product_embeddings_worker;
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

COMMENT ON FUNCTION analytics_features.grant_roles() IS 'Gives the groups product_embeddings_reader, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';

--
-- Name: grant_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.grant_source() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.require_source();
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = v_source);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'analytics_features'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, v_source, 'select');
    perform pg_advisory_xact_lock(hashtext('analytics_features.grant_source'), 1);
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    if not has_table_privilege(v_role, v_source, 'select') then
      execute format('grant select on %s to %I', v_source, v_role);
    end if;
  end loop;
end
$$;

--
-- Name: FUNCTION grant_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.grant_source() IS 'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';

--
-- Name: hybrid_products(text, public.vector, integer, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb DEFAULT NULL::jsonb) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, score double precision, vector_rank integer, distance double precision, word_rank integer, word_score double precision, terms text[])
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
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
  v_text text := analytics_features.fold_text(left(query, 200));
begin
  if query_vector is not null then
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price)
    into v_near, v_near_names, v_near_codes, v_near_prices
    from analytics_features.nearest_products(query_vector, v_pool, filter) n;
  end if;
  if filter is not null then
    v_passing := analytics_features.passing_products(filter, 2000);
    v_wanted := case when v_passing is null then v_wanted else 0 end;
  end if;

  loop
    select
      array_agg(r.product_id), array_agg(r.word_score), array_agg(r.is_exact), array_agg(array_to_string(r.terms, ' ')),
      coalesce(bool_or(r.is_complete), true)
    into v_ids, v_scores, v_exact, v_terms, v_complete
    from (
      select r.*
      from analytics_features.rank_words(query, v_wanted, v_near || v_passing) r
      order by r.is_exact desc, r.word_score desc, r.product_id
    ) r;
    -- Enough to fill the pool when a few are gone; all of them where a filter takes its share.
    v_lookup := case when filter is null then v_ids[1 : v_pool + v_pool / 2] else v_ids end;
    select array_agg(l.product_id), array_agg(l.name), array_agg(l.vendor_code), array_agg(l.price)
    into v_found, v_names, v_codes, v_prices
    from analytics_features.live_products(array(select i from unnest(v_lookup) i where i <> all (coalesce(v_near, '{}'))), filter) l;
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
            select e.embedding operator(public.<=>) query_vector
            from analytics_features.product_embeddings e
            where e.product_id = r.product_id and query_vector is not null
          ) as distance,
          -- 1 is the best of the candidates, 0 who has no word.
          analytics_features.min_max(r.word_score, 0, max(r.word_score) over ()) as word_share
        from ranked r
        where r.word_rank <= v_pool or r.vector_rank is not null
      ),
      leader as materialized (
        select c.*, w.vector_weight, w.word_weight, w.trigram_weight,
          w.word_weight * c.word_share + w.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, analytics_features.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
        cross join analytics_features.signal_weights(query, query_vector is not null) w
        order by c.is_exact desc nulls last, lead desc, c.product_id
        limit greatest(20, max_results)
      ),
      compared as materialized (
        select l.*,
          (
            select public.word_similarity(v_text, w.label) from analytics_features.product_words w where w.product_id = l.product_id
          ) as similarity
        from leader l
      )
    select
      c.product_id, c.name, c.vendor_code, c.price,
      (c.is_exact is true)::integer + c.lead
        + c.trigram_weight * analytics_features.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score,
      c.vector_rank::integer, c.distance, c.word_rank::integer, nullif(c.word_score, 0), string_to_array(c.terms, ' ')
    from compared c
    order by score desc, c.product_id
    limit max_results;
end
$$;

--
-- Name: FUNCTION hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb) IS 'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code. Raises PE001, PE002, PE005, PE015, PE016.';

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
-- Name: index_due(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_due() RETURNS TABLE(statement text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_table regclass := analytics_features.require_embeddings();
  v_from bigint := (select s.index_from_products from analytics_features.settings s);
begin
  if v_from is null
    or analytics_features.search_index() is not null
    or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage')
    or exists (
      select from pg_locks l
      where l.relation = v_table and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    )
    or (select count(*) from (select from analytics_features.product_embeddings limit v_from) e) < v_from
  then
    return;
  end if;
  return query
    select format('drop index concurrently if exists analytics_features.%I', i.index_name)
    from analytics_features.vector_indexes i
    where not i.valid;
  return query select format('set maintenance_work_mem = %L', analytics_features.index_memory());
  return query select analytics_features.index_sql();
  return query select 'reset maintenance_work_mem';
end
$$;

--
-- Name: FUNCTION index_due(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_due() IS 'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';

--
-- Name: index_memory(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_memory() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
    from pg_attribute a
    left join analytics_features.product_embeddings e on true
    where a.attrelid = analytics_features.require_embeddings() and a.attname = 'embedding'
    group by a.atttypmod
  );
end
$$;

--
-- Name: FUNCTION index_memory(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_memory() IS 'maintenance_work_mem that holds an index over the present vectors while it is built, from 64 MB to 2 GB. Raises PE003.';

--
-- Name: index_name(text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_name(kind text, as_halfvec boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- A name ends at 63 characters.
  select concat_ws('_', left('product_embeddings', 40), kind, case when as_halfvec then 'halfvec' end, 'idx')
$$;

--
-- Name: FUNCTION index_name(kind text, as_halfvec boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean) IS 'What an index for search of this kind is called when we build it.';

--
-- Name: index_queued_words(bigint, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_queued_words(after bigint DEFAULT 0, max_products integer DEFAULT 3000) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_ids bigint[];
  v_last bigint;
begin
  select array_agg(distinct q.product_id), max(q.queue_id) into v_ids, v_last
  from (
    select q.product_id, q.queue_id
    from analytics_features.product_queue q
    where q.queue_id > index_queued_words.after
    order by q.queue_id
    limit max_products
  ) q;
  if v_last is not null then
    perform analytics_features.index_words(v_ids);
  else
    perform analytics_features.refresh_word_statistics(only_if_due => true);
  end if;
  return v_last;
end
$$;

--
-- Name: FUNCTION index_queued_words(after bigint, max_products integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_queued_words(after bigint, max_products integer) IS 'Takes up the words of queued products from behind a queue_id on; returns the queue_id to go on from, null when there is none. Raises PE001, PE002, PE005.';

--
-- Name: index_sql(text, boolean, integer, integer, integer, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.index_sql(kind text DEFAULT 'hnsw'::text, as_halfvec boolean DEFAULT false, m integer DEFAULT 16, ef_construction integer DEFAULT 64, lists integer DEFAULT NULL::integer, is_concurrent boolean DEFAULT true) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = analytics_features.require_embeddings() and a.attname = 'embedding';
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
    select count(*) into v_rows from analytics_features.product_embeddings;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on analytics_features.product_embeddings using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    analytics_features.index_name(kind, as_halfvec),
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
-- Name: FUNCTION index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean) IS 'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them; for psql: select analytics_features.index_sql() \gexec. Raises PE003, PE022.';

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
  v_config regconfig := (select s.words_config from analytics_features.settings s);
  v_rows bigint;
begin
  perform analytics_features.lock_source();
  perform analytics_features.lock_words();
  execute format(
    $sql$
      with changed as materialized (
        select d.product_id, d.document_hash, d.name, d.texts
        from (%s) d
        left join analytics_features.product_words o
          on o.product_id = d.product_id and o.document_hash = d.document_hash and o.config = $2
        where %s and o.product_id is null
      )
      insert into analytics_features.product_words as w (product_id, words, tokens, label, document_hash, config)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2
      from changed c
      cross join lateral analytics_features.words_row($2, c.name, c.texts) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, indexed_at = now()
    $sql$,
    analytics_features.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config;
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

COMMENT ON FUNCTION analytics_features.index_words(product_ids bigint[]) IS 'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005.';

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
    AS $$
declare
  v_waiting bigint;
begin
  insert into analytics_features.query_embeddings as q (query, kept)
  select distinct analytics_features.query_key(g.query), true
  from analytics_features.golden_queries g
  where analytics_features.query_key(g.query) is not null
  on conflict on constraint query_embeddings_pkey do update set kept = true where not q.kept;

  delete from analytics_features.query_embeddings q
  using (
    select k.query
    from analytics_features.query_embeddings k
    order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
    offset (select s.query_cache_size from analytics_features.settings s)
  ) least_used
  where q.query = least_used.query and not q.kept;

  select count(*) into v_waiting from analytics_features.take_queries(1);
  if v_waiting > 0 then
    perform analytics_features.wake_worker(task => 'embed_queries');
  end if;
  return v_waiting;
end
$$;

--
-- Name: FUNCTION keep_queries(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.keep_queries() IS 'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector. Part of maintain().';

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

COMMENT ON FUNCTION analytics_features.keep_vanished() IS 'Starts the grace period of all vanished products over, for time to mend the source; returns how many. Raises PE001, PE002, PE005.';

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
    AS $$
declare
  v_source regclass := analytics_features.lock_source();
  v_expressions analytics_features.source_expressions := analytics_features.current_expressions(v_source);
begin
  return query execute format(
    'select distinct on (1) p.product_id, p.name, p.vendor_code, p.price from (%s) p where p.passes order by 1, 2, 3, 4',
    analytics_features.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, analytics_features.filter_sql('s', filter)),
      coalesce((analytics_features.last_comparison()).duplicate_ids > 0, false)
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
    analytics_features.newest_row_sql('s')
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
  delete from analytics_features.golden_queries g;

  -- Public collections have one text under two numbers, and then judge a document twice.
  insert into analytics_features.golden_queries as g (query, product_id, grade, kind)
  select j.query, j.product_id, max(greatest(j.grade, 0)), min(coalesce(j.kind, ''))
  from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
  group by j.query, j.product_id;

  select count(distinct g.query) into v_queries from analytics_features.golden_queries g;
  return v_queries;
end
$$;

--
-- Name: FUNCTION load_golden_queries(judgments jsonb); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.load_golden_queries(judgments jsonb) IS 'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now.';

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
-- Name: lock_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_source() RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_name text;
  v_source regclass;
begin
  select format('%I.%I', s.source_schema, s.source_table) into strict v_name from analytics_features.settings s;
  begin
    execute format('select product_id from %s limit 0', v_name);
    v_source := to_regclass(v_name);
  exception when undefined_table or invalid_schema_name or undefined_column or insufficient_privilege or wrong_object_type then
    -- To look into the catalogs first would cost every search twice what the lock does.
    v_source := null;
  end;
  if v_source is null or not has_table_privilege(v_source, 'select') then
    raise exception 'The role % may not read the source of the products, %.', current_user, analytics_features.require_source()
      using errcode = 'PE005',
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
-- Name: maintain(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.maintain(worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.worker_seen(maintain.worker);
  delete from analytics_features.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (analytics_features.last_comparison()).log_id;
  delete from analytics_features.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform analytics_features.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' then
    -- No source to look into: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  perform analytics_features.refresh_word_statistics(only_if_due => true);
  perform analytics_features.keep_queries();
  if exists (select from analytics_features.claimable_queue) then
    perform analytics_features.wake_worker();
  end if;
end
$$;

--
-- Name: FUNCTION maintain(worker text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.maintain(worker text) IS 'The worker''s round every minute: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';

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
-- Name: measure_recall(integer, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.measure_recall(k integer DEFAULT 10, sample integer DEFAULT 100) RETURNS TABLE(queries integer, recall numeric, index_mean_ms numeric, index_p99_ms numeric, exact_mean_ms numeric, exact_p99_ms numeric)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'strict_order'
    SET "ivfflat.iterative_scan" TO 'relaxed_order'
    SET "hnsw.ef_search" TO '40'
    SET "ivfflat.probes" TO '1'
    SET jit TO 'off'
    AS $_$
declare
  v_type text := analytics_features.search_index();
  v_order text := case when v_type is null or v_type = 'vector' then 'e.embedding operator(public.<->) $1'
    else format('e.embedding::%1$s operator(public.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates integer := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  v_query public.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform analytics_features.require_embeddings();
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
-- Name: nearest_products(public.vector, integer, jsonb, bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb DEFAULT NULL::jsonb, excluded bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET "hnsw.iterative_scan" TO 'strict_order'
    SET "ivfflat.iterative_scan" TO 'relaxed_order'
    SET "hnsw.ef_search" TO '40'
    SET "ivfflat.probes" TO '1'
    SET cursor_tuple_fraction TO '0'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_source regclass := analytics_features.lock_source();
  v_state record;
  v_expressions analytics_features.source_expressions;
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
    s.hnsw_ef_search::text, s.ivfflat_probes::text, e as expressions, analytics_features.search_index() as index,
    (analytics_features.last_comparison()).duplicate_ids > 0 as duplicates
  into strict v_state
  from analytics_features.settings s
  -- In a subquery, or the planner calls it besides.
  left join analytics_features.source_expressions e on e.columns = (select analytics_features.source_signature(v_source));
  v_expressions := v_state.expressions;
  if v_expressions.columns is null then
    v_expressions := analytics_features.generate_expressions();
  end if;
  v_duplicates := coalesce(v_state.duplicates, false);
  v_passes := v_expressions.is_live;
  if nearest_products.filter is not null then
    v_passes := v_passes || ' and ' || analytics_features.filter_sql('s', nearest_products.filter);
  end if;
  v_index := v_state.index;

  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
    v_lookup := analytics_features.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, v_duplicates);
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
          (e.embedding operator(public.<->) $2) operator(pg_catalog.+) 0::pg_catalog.float8 as distance
        from (%s) p
        join analytics_features.product_embeddings e on e.product_id operator(pg_catalog.=) p.product_id
        where p.passes and e.product_id operator(pg_catalog.<>) all ($3) and %s
        order by 5, 1
        limit $4
      $sql$,
      analytics_features.source_rows_sql(v_source, v_expressions, v_among, v_passes, v_duplicates),
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
$_$;

--
-- Name: FUNCTION nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[]) IS 'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. Raises PE001, PE002, PE005, PE015, PE016.';

--
-- Name: newest_row_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.newest_row_sql(alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select concat(
    string_agg(
      format('%I.%I desc nulls last, ', alias, c.column_name),
      '' order by array_position(array['dbt_valid_from', 'updated_at', 'ingested_at'], c.column_name)
    ),
    format('(%s) is true desc', analytics_features.product_is_live_sql(alias))
  )
  from analytics_features.source_columns c
  join pg_type t on t.oid = c.type
  where c.column_name in ('dbt_valid_from', 'updated_at', 'ingested_at')
    -- What has an order: times, numbers, and times that came as text.
    and t.typcategory in ('D', 'N', 'S')
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
  insert into analytics_features.embedding_activity as a (minute, worker, stored, failed, started_at)
  select
    date_trunc('minute', clock_timestamp()), c.worker, note_activity.stored, note_activity.failed,
    greatest(c.claimed_at, date_trunc('minute', clock_timestamp()))
  from analytics_features.product_claims c
  where c.claim_id = note_activity.claim_id
  on conflict (minute, worker) do update set stored = a.stored + excluded.stored, failed = a.failed + excluded.failed
$$;

--
-- Name: FUNCTION note_activity(claim_id bigint, stored bigint, failed bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_activity(claim_id bigint, stored bigint, failed bigint) IS 'Counts what a claim stored and failed in this minute.';

--
-- Name: note_expressions(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.note_expressions() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now analytics_features.source_expressions := analytics_features.generate_expressions();
begin
  if exists (select from analytics_features.source_expressions e where e = v_now)
    or not pg_try_advisory_xact_lock(hashtext('analytics_features.source_expressions'), 1)
  then
    return;
  end if;
  delete from analytics_features.source_expressions;
  insert into analytics_features.source_expressions values (v_now.*);
end
$$;

--
-- Name: FUNCTION note_expressions(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.note_expressions() IS 'Keeps source_expressions for the source as it is now; no effect while its columns are the same. Raises PE001, PE002.';

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
    select string_agg(coalesce((tsvector_to_array(analytics_features.words_of(s.words_config, t.token[1])))[1], t.token[1]), ' ' order by t.place)
    from analytics_features.settings s
    cross join regexp_matches(analytics_features.fold_text(phrase), '[[:alnum:]]+', 'g') with ordinality t (token, place)
  );
end
$$;

--
-- Name: FUNCTION phrase_key(phrase text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.phrase_key(phrase text) IS 'The stemmed words of a phrase in their order: how phrases are compared.';

--
-- Name: product_document(bigint); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_document(product_id bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.lock_source();
  return (select d.document from analytics_features.product_documents(array[product_document.product_id]) d);
end
$$;

--
-- Name: FUNCTION product_document(product_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_document(product_id bigint) IS 'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005.';

--
-- Name: product_documents(bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_documents(product_ids bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(product_id bigint, document text, document_hash bytea)
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
    'select d.product_id, d.document, d.document_hash from (%s) d %s',
    analytics_features.document_query(),
    case when product_ids is not null then 'where d.product_id = any ($1)' else '' end
  ) using product_ids;
end
$_$;

--
-- Name: FUNCTION product_documents(product_ids bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_documents(product_ids bigint[]) IS 'The documents of these products, of all live ones when null, with the sha256 of each. Raises PE001, PE002.';

--
-- Name: product_id_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.product_id_sql(alias text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return (
    select case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then format('%I.product_id::pg_catalog.int8', alias)
      else format(
        $sql$case when pg_catalog.btrim(%1$I.product_id::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$I.product_id::pg_catalog.text), '.', 1)::pg_catalog.int8 end$sql$,
        alias
      )
    end
    from analytics_features.source_columns c
    where c.column_name = 'product_id'
  );
end
$_$;

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
  select case
    when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      then format('%I.product_id operator(pg_catalog.=) any ($1)', alias)
    when c.type = 'numeric'::regtype
      then format('%I.product_id operator(pg_catalog.=) any ($1::pg_catalog.numeric[])', alias)
    else format('(%s) operator(pg_catalog.=) any ($1)', analytics_features.product_id_sql(alias))
  end
  from analytics_features.source_columns c
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
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
  from analytics_features.source_columns c
  join pg_type t on t.oid = c.type
  where c.decides_life
$_$;

--
-- Name: FUNCTION product_is_live_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_is_live_sql(alias text) IS 'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';

--
-- Name: query_embedding(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_embedding(query text) RETURNS public.vector
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select q.embedding
    from analytics_features.query_embeddings q
    where q.query = analytics_features.query_key(query_embedding.query) and q.model_id = analytics_features.active_model_id()
  );
end
$$;

--
-- Name: FUNCTION query_embedding(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_embedding(query text) IS 'The cached vector of a query by the active model; null when there is none (see embed_query).';

--
-- Name: query_key(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_key(query text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return nullif(btrim(left(btrim(regexp_replace(normalize(left(query, 4000), NFC), '\s+', ' ', 'g')), 1000)), '');
end
$$;

--
-- Name: FUNCTION query_key(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_key(query text) IS 'A query as it is cached and encoded: blanks squeezed, at most 1000 characters; null when nothing is left.';

--
-- Name: query_terms(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.query_terms(query text) RETURNS TABLE(group_no integer, alternative integer, term tsquery, weight double precision, idf double precision)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "pg_trgm.similarity_threshold" TO '0.4'
    AS $_$
#variable_conflict use_column
declare
  v_config regconfig := (select s.words_config from analytics_features.settings s);
  v_products double precision := (select greatest(t.products, 1) from analytics_features.word_totals t);
  v_query text := analytics_features.fold_text(left(query, 1000));
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
    v_lexemes[i] := (tsvector_to_array(analytics_features.words_of(v_config, v_tokens[i])))[1];
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
      select s.same_as_key as key from analytics_features.synonyms s where s.phrase_key = p.key
      union all
      select s.phrase_key from analytics_features.synonyms s where s.same_as_key = p.key
    ) s
    where exists (select from analytics_features.synonyms)
    group by p.first, p.last
    order by p.first, p.last desc
  loop
    continue when v_phrase.first = any (v_spoken);
    return query
      select v_phrase.first, k.alternative::integer, ('''' || k.word || '''')::tsquery, k.weight, analytics_features.idf(w.products, v_products)
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
      left join analytics_features.word_statistics w on w.word = k.word;
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
          case when t.token !~ '^[[:digit:]]' then analytics_features.deletions_of(s.sound) || analytics_features.deletions_of(s.spoken) end as deletions
        from unnest(v_tokens, v_lexemes) with ordinality t (token, lexeme, place)
        cross join lateral (select '#' || translate(t.token, 'авекмнорстухі', 'abekmhopctyxi') as code) c
        cross join lateral (select analytics_features.sound_of(t.lexeme) as sound, analytics_features.sound_of(t.token) as spoken) s
        left join analytics_features.word_statistics w on w.word = t.lexeme
        left join analytics_features.word_statistics n on n.word = c.code
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
                from analytics_features.word_statistics w
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
          from analytics_features.word_statistics w
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
    select 0, c.place::integer, ('''' || c.term || '''')::tsquery, 1.0, analytics_features.idf(w.products, v_products)
    from unnest(analytics_features.code_terms(left(regexp_replace(v_query, '\s+', '-', 'g'), 200))) with ordinality c (term, place)
    join analytics_features.word_statistics w on w.word = c.term
    where v_query ~ '[[:digit:]]' and length(c.term) > 4 and c.term ~ '[[:digit:]]' and w.products <= 100
    union all
    select 0, case c.kind when '=' then 0 else -1 end,
      (case c.kind when '=' then '''' || c.whole || '''' else '''#' || substr(c.whole, 2) || ''':*' end)::tsquery, 1.0,
      analytics_features.idf(case c.kind when '=' then 0 else 1 end, v_products)
    from (select analytics_features.squash_text(v_query) as whole, k.kind from (values ('='), ('#')) k (kind)) c
    where c.kind = '=' or c.whole ~ '[[:digit:]]' and length(c.whole) between 4 and 41;
end
$_$;

--
-- Name: FUNCTION query_terms(query text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.query_terms(query text) IS 'What is looked for with a query: groups, the alternatives of each, the term, its weight (1 as typed, less for a synonym or a guess) and its inverse document frequency. Reads the first 1000 characters.';

--
-- Name: queue_summary(boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.queue_summary(exact boolean) RETURNS TABLE(queued bigint, claimed bigint, failed bigint, oldest timestamp with time zone, with_vector bigint, without_vector bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  select count(*), count(*) filter (where c.lease_until > clock_timestamp()), min(q.queued_at)
  into queued, claimed, oldest
  from analytics_features.product_queue q
  left join analytics_features.product_claims c on c.claim_id = q.claim_id;
  select count(*) into failed from analytics_features.product_failures f where f.set_aside;

  if exact or queued + failed <= 20000 then
    select count(*) filter (where w.waits), count(*) filter (where w.claimed), count(e.product_id), count(*) - count(e.product_id)
    into queued, claimed, with_vector, without_vector
    from (
      select u.product_id, bool_or(u.waits) as waits, bool_or(u.claimed) as claimed
      from (
        select q.product_id, true as waits, c.lease_until > clock_timestamp() as claimed
        from analytics_features.product_queue q
        left join analytics_features.product_claims c on c.claim_id = q.claim_id
        union all
        select f.product_id, false, false from analytics_features.product_failures f where f.set_aside
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

COMMENT ON FUNCTION analytics_features.queue_summary(exact boolean) IS 'What waits, is claimed and failed, since when, and how many of these products have a vector already. Not exact: rows instead of products, and no vectors looked up, past 20,000 rows.';

--
-- Name: rank_words(text, integer, bigint[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(product_id bigint, word_score double precision, is_exact boolean, terms text[], is_complete boolean)
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
  v_ids bigint[] := coalesce(others, '{}');
  v_complete boolean := true;
  v_average double precision := (select t.average_tokens from analytics_features.word_totals t);
begin
  select array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text)
  into v_group, v_alternative, v_term, v_idf, v_label
  from analytics_features.query_terms(query) t;
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
          from analytics_features.product_words w
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
            analytics_features.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from analytics_features.product_words w
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

--
-- Name: FUNCTION rank_words(query text, wanted integer, others bigint[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.rank_words(query text, wanted integer, others bigint[]) IS 'Scores products by the words of a query: about so many that the words find as wanted, and the others; unordered. terms: what of the query they have, one a group; is_complete: the words find no more. Dead products are among them.';

--
-- Name: recommended_products(bigint[], integer, jsonb); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer DEFAULT 10, filter jsonb DEFAULT NULL::jsonb) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, score double precision, similarity double precision, together bigint, reason text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_given bigint[];
  v_left_out bigint[] := array_remove(product_ids, null);
  v_has_pairs boolean;
begin
  perform analytics_features.lock_source();
  perform analytics_features.require_embeddings();
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

COMMENT ON FUNCTION analytics_features.recommended_products(product_ids bigint[], max_results integer, filter jsonb) IS 'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014, PE017.';

--
-- Name: reconcile(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.reconcile() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_log analytics_features.source_log;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := analytics_features.lock_source();

  insert into analytics_features.document_order (column_name)
  select c.column_name
  from analytics_features.source_columns c
  where c.in_document and not exists (select from analytics_features.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing;
  perform analytics_features.note_expressions();

  with
    difference as materialized (
      select d.product_id, d.state, d.document_hash, d.has_words from analytics_features.embedding_difference() d
    ),
    queued as (
      insert into analytics_features.product_queue (product_id)
      select d.product_id
      from difference d
      left join analytics_features.product_embeddings e on e.product_id = d.product_id
      left join analytics_features.product_failures f on f.product_id = d.product_id
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
          from analytics_features.product_queue q
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
    perform analytics_features.wake_worker();
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

COMMENT ON FUNCTION analytics_features.reconcile() IS 'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005.';

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
  v_pairs bigint;
begin
  -- Two at once would write the same pairs.
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_pairs'), 3);
  v_relation := analytics_features.lock_interactions();
  if v_relation is null then
    delete from analytics_features.product_pairs;
    return 0;
  end if;
  select * into strict v_settings from analytics_features.settings s;

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
      select s.word, s.ndoc from ts_stat('select w.words from analytics_features.product_words w') s
      -- Whole values are in a product or two, and nobody mistypes them as a whole.
      where left(s.word, 1) <> '='
    ),
    gone as (
      delete from analytics_features.word_statistics w where not exists (select from counted c where c.word = w.word)
    ),
    kept as (
      insert into analytics_features.word_statistics as w (word, products)
      select c.word, c.ndoc from counted c
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
-- Name: register_model(text, text, text, integer, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_active analytics_features.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.embedding_models'), 2);

  insert into analytics_features.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens)
  values (register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling, register_model.max_tokens)
  on conflict on constraint embedding_models_name_revision_precision_pooling_max_tokens_key do nothing;

  select m.model_id into strict v_model_id
  from analytics_features.embedding_models m
  where (m.name, m.revision, m.precision, m.pooling, m.max_tokens)
    = (register_model.name, register_model.revision, register_model.precision, register_model.pooling, register_model.max_tokens);

  select * into v_active from analytics_features.embedding_models m where m.is_active;
  if v_active.model_id = v_model_id then
    return v_model_id;
  end if;

  if exists (select from analytics_features.product_embeddings e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Set EMBEDDING_MODEL=%s, or start over with the new model (search is empty until it is through): select analytics_features.reset_embeddings(%s);',
          v_active.name, register_model.dimension
        );
  end if;

  update analytics_features.embedding_models m set is_active = false where m.is_active;
  update analytics_features.embedding_models m set is_active = true where m.model_id = v_model_id;
  return v_model_id;
end
$$;

--
-- Name: FUNCTION register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer) IS 'Makes a model known and returns its id; it becomes the active one if no vector of another is stored. Raises PE021 otherwise.';

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
-- Name: release_vanished(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.release_vanished() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  perform analytics_features.unmark_returned();
  perform analytics_features.lock_words();
  with
    released as (
      delete from analytics_features.product_embeddings e where e.vanished_at is not null returning e.product_id
    ),
    wordless as (
      delete from analytics_features.product_words w using released r where w.product_id = r.product_id
    )
  select count(*) into v_rows from released;
  return v_rows;
end
$$;

--
-- Name: FUNCTION release_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.release_vanished() IS 'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';

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
  v_noted boolean := false;
begin
  if v_query is null then
    return false;
  end if;
  select q.query, q.model_id = analytics_features.active_model_id() as is_embedded, q.used_at
  into v_row
  from analytics_features.query_embeddings q
  where q.query = v_query;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  -- Another transaction that is just noting the same query does it for both.
  if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext('analytics_features.query_embeddings')) then
    insert into analytics_features.query_embeddings as q (query, uses) values (v_query, 1)
    on conflict on constraint query_embeddings_pkey do nothing;
    v_noted := true;
  elsif v_row.used_at < now() - interval '1 minute' then
    update analytics_features.query_embeddings q
    set uses = q.uses + 1, used_at = now(),
      attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
    from (select u.query from analytics_features.query_embeddings u where u.query = v_query for update skip locked) u
    where q.query = u.query;
    v_noted := found;
  end if;
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
-- Name: require_query(public.vector, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer) RETURNS text
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
  where a.attrelid = to_regclass('analytics_features.product_embeddings') and a.attname = 'embedding';
  if v_dimension is null then
    perform analytics_features.require_embeddings();
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
-- Name: FUNCTION require_query(query public.vector, metric text, max_results integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer) IS 'The operator of a metric, when query and limit are sound too. Raises PE003 and PE010 to PE014.';

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
  if to_regclass('analytics_features.product_embeddings') is not null then
    truncate analytics_features.product_embeddings;
    execute format(
      'alter table analytics_features.product_embeddings alter column embedding type public.vector(%s)',
      reset_embeddings.dimension
    );
  end if;
  perform analytics_features.create_product_embeddings(reset_embeddings.dimension);
  truncate analytics_features.product_failures;
  update analytics_features.embedding_models m set is_active = false where m.is_active;
  if analytics_features.source_relation() is null then
    return 0;
  end if;
  return analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION reset_embeddings(dimension integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.reset_embeddings(dimension integer) IS 'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded.';

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
      returning f.product_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update analytics_features.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.claim_id is null
    )
  insert into analytics_features.product_queue (product_id)
  select f.product_id from forgiven f;
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform analytics_features.wake_worker();
  end if;
  return v_rows;
end
$$;

--
-- Name: FUNCTION retry_failed(product_id bigint); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.retry_failed(product_id bigint) IS 'Tries failed products again at once, all of them when null; returns how many.';

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
      and i.indisvalid and i.indpred is null
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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- The usual case spares itself a function between, which is felt at this speed.
  if analytics_features.require_query(query, metric, max_results) = '<->' then
    return query select n.* from analytics_features.nearest_products(query, max_results) n;
  else
    return query select s.* from analytics_features.search_products(query, metric, max_results, null::jsonb) s;
  end if;
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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_operator text := analytics_features.require_query(query, metric, max_results);
begin
  if v_operator = '<->' then
    return query select n.* from analytics_features.nearest_products(query, max_results, filter) n;
  else
    return query
      select n.product_id, n.name, n.vendor_code, n.price,
        case v_operator
          when '<=>' then e.embedding operator(public.<=>) query
          else e.embedding operator(public.<#>) query
        end
      from analytics_features.nearest_products(query, max_results, filter) n
      join analytics_features.product_embeddings e on e.product_id = n.product_id
      order by 5, 1;
  end if;
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
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_mode text := lower(btrim(mode));
  v_vector public.vector;
begin
  if analytics_features.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform analytics_features.require_limit(max_results);

  perform analytics_features.require_embeddings();
  if v_mode <> 'words' and analytics_features.request_query(query) then
    v_vector := analytics_features.query_embedding(query);
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
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score,
      analytics_features.shown_words(h.terms, concat_ws(' ', h.name, h.vendor_code)), v_vector is not null
    from analytics_features.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

--
-- Name: FUNCTION search_products_text(query text, max_results integer, filter jsonb, mode text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text) IS 'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';

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
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update analytics_features.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table)
$$;

--
-- Name: FUNCTION set_source(source_schema text, source_table text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.set_source(source_schema text, source_table text) IS 'Names the relation that the products are read from; it need not exist yet. Follow it with attach().';

--
-- Name: shown_words(text[], text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.shown_words(terms text[], label text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- As the product writes it, where it can be found there: the stem is nothing to show.
  return array(
    select coalesce(substring(analytics_features.fold_text(label) from '\m' || t.stem || '[[:alnum:]]*'), t.stem)
    from unnest(terms) with ordinality u (term, place)
    cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem) t
    order by u.place
  );
end
$$;

--
-- Name: FUNCTION shown_words(terms text[], label text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.shown_words(terms text[], label text) IS 'The terms that a product was found by, as words that a person can read.';

--
-- Name: signal_weights(text, boolean); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.signal_weights(query text, has_vector boolean) RETURNS TABLE(word_weight double precision, trigram_weight double precision, vector_weight double precision)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.word_weight / (s.word_weight + s.trigram_weight) * (1 - v.weight),
    s.trigram_weight / (s.word_weight + s.trigram_weight) * (1 - v.weight),
    v.weight
  from analytics_features.settings s
  cross join lateral (
    -- Up to four words the one, from twelve on the other, and in between a share of both.
    select case when has_vector
      then s.vector_weight + (s.prose_vector_weight - s.vector_weight) * least(greatest((count(*) - 4) / 8.0, 0), 1)
      else 0
    end::double precision as weight
    from regexp_matches(left(query, 1000), '[[:alnum:]]{3,}', 'g')
  ) v
$$;

--
-- Name: FUNCTION signal_weights(query text, has_vector boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.signal_weights(query text, has_vector boolean) IS 'How much words, trigrams and vector count for a query, 1 together: from settings, by the number of words of three letters or more.';

--
-- Name: similar_products(bigint, integer, jsonb, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.similar_products(of_product bigint, max_results integer DEFAULT 10, filter jsonb DEFAULT NULL::jsonb, spread double precision DEFAULT 0) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_embedding public.vector;
begin
  perform analytics_features.lock_source();
  perform analytics_features.require_embeddings();
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

COMMENT ON FUNCTION analytics_features.similar_products(of_product bigint, max_results integer, filter jsonb, spread double precision) IS 'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014, PE017, PE018.';

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
        'abcdefghijklmnopqrstuvwyzэйыщьъ''', 'абкдефгхижклмнопкрстуввизеииш'
      ),
      'и(?=[аеиоу])', '', 'g'
    ),
    '(.)\1+', '\1', 'g'
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
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select coalesce(
    (
      select case
        when source_column_sql.type = 'numeric' and t.typcategory <> 'N' then format(
          $sql$case when %1$I.%2$I::pg_catalog.text operator(pg_catalog.~) '^\s*[-+]?[0-9]+([.][0-9]+)?\s*$' then %1$I.%2$I::pg_catalog.text::pg_catalog.numeric end$sql$,
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
$_$;

--
-- Name: FUNCTION source_column_sql(alias text, column_name text, type text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_column_sql(alias text, column_name text, type text) IS 'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';

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
      select coalesce(sum(i.rows) filter (where i.id is null), 0), count(*) filter (where i.id is not null and i.rows > 1)
      from (select %s as id, count(*) as rows from %s s group by 1) i
    $sql$,
    analytics_features.product_id_sql('s'),
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

COMMENT ON FUNCTION analytics_features.source_shape() IS 'Rows without a usable product_id, product_ids that stand in several rows, and the columns that are in the document. Reads every id. Raises PE001, PE002, PE005.';

--
-- Name: source_signature(oid); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.source_signature(source oid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: FUNCTION source_signature(source oid); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.source_signature(source oid) IS 'Names and types of a relation''s columns; expressions over its rows are right while it is the same.';

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
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return '=' || left(
    regexp_replace(translate(analytics_features.fold_text(value), 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  );
end
$$;

--
-- Name: FUNCTION squash_text(value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.squash_text(value text) IS 'A whole value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';

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
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select analytics_features.set_source(''schema'', ''table'');';
    return;
  end if;
  if not analytics_features.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select analytics_features.attach();', current_user);
    return;
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
      select format('The triggers for %s are disabled. As the owner: select analytics_features.attach();', string_agg(t.event, ', '))
      from analytics_features.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select analytics_features.reconcile();';
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
    return query select format('%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select analytics_features.index_sql() \gexec', v_index_from);
  end if;
end
$$;

--
-- Name: FUNCTION status_notes(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.status_notes() IS 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';

--
-- Name: store_embeddings(bigint, integer, bigint[], public.vector[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  if store_embeddings.model_id is distinct from analytics_features.active_model_id() then
    raise exception 'Vectors of another model than the active one are not stored.'
      using errcode = 'PE021',
        hint = 'The model was changed while this worker ran: start the worker again.';
  end if;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from analytics_features.product_queue q
      where q.claim_id = store_embeddings.claim_id and q.product_id = any (store_embeddings.product_ids)
      for update
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from analytics_features.product_queue newer
        where newer.product_id = h.product_id and newer.claim_id is distinct from store_embeddings.claim_id
      )
      group by h.product_id
    ),
    stored as (
      insert into analytics_features.product_embeddings as e (product_id, embedding, model_id, document_hash)
      select f.product_id, g.embedding, store_embeddings.model_id, decode(f.document_hash, 'hex')
      from unnest(store_embeddings.product_ids, store_embeddings.embeddings) g (product_id, embedding)
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from analytics_features.product_failures f using stored s where f.product_id = s.product_id
    ),
    done as (
      delete from analytics_features.product_queue q using held h where q.queue_id = h.queue_id
    )
  select count(*) into v_stored from stored;

  if v_stored > 0 then
    perform analytics_features.note_activity(claim_id, v_stored, 0);
  end if;
  perform analytics_features.extend_claim(claim_id);
  return v_stored;
end
$$;

--
-- Name: FUNCTION store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]) IS 'Stores the vectors of claimed products and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';

--
-- Name: store_query_embedding(text, integer, public.vector); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_query text := analytics_features.query_key(store_query_embedding.query);
begin
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform analytics_features.require_query(store_query_embedding.embedding, 'l2', 1);
  if v_query is null or store_query_embedding.model_id is distinct from analytics_features.active_model_id() then
    return null;
  end if;
  insert into analytics_features.query_embeddings as q (query, model_id, embedding)
  values (v_query, store_query_embedding.model_id, public.l2_normalize(store_query_embedding.embedding))
  on conflict on constraint query_embeddings_pkey do update
  set model_id = excluded.model_id, embedding = excluded.embedding, attempts = 0, error = null;
  return true;
end
$$;

--
-- Name: FUNCTION store_query_embedding(query text, model_id integer, embedding public.vector); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector) IS 'Stores the vector of a query, at unit length; null and nothing stored when the query is empty or the model not the active one any more. Raises PE003, PE011 to PE013.';

--
-- Name: sweep_vanished(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.sweep_vanished() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  perform analytics_features.unmark_returned();
  perform analytics_features.lock_words();
  with
    swept as (
      delete from analytics_features.product_embeddings e
      using analytics_features.vanished_products() v
      where e.product_id = v.product_id and v.due_at <= now() and not v.held
      returning e.product_id
    ),
    wordless as (
      delete from analytics_features.product_words w using swept s where w.product_id = s.product_id
    )
  select count(*) into v_rows from swept;
  return v_rows;
end
$$;

--
-- Name: FUNCTION sweep_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sweep_vanished() IS 'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';

--
-- Name: take_queries(integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.take_queries(max_queries integer DEFAULT 32) RETURNS TABLE(query text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from analytics_features.query_embeddings q
  where q.model_id is distinct from analytics_features.active_model_id() and q.attempts < 3
  order by q.used_at desc
  limit max_queries
$$;

--
-- Name: FUNCTION take_queries(max_queries integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.take_queries(max_queries integer) IS 'Queries that have no vector of the active model, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';

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
    AS $_$
declare
  v_changed text;
  v_rows bigint;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  if tg_relid is distinct from analytics_features.source_relation()::oid then
    return null;
  end if;

  if tg_op = 'TRUNCATE' then
    v_changed := 'select e.product_id from analytics_features.product_embeddings e';
  elsif tg_op = 'UPDATE' then
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
    where c.in_document or c.decides_life;
  else
    v_changed := format(
      'select %s from %s s',
      analytics_features.product_id_sql('s'),
      case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;

  execute format(
    'insert into analytics_features.product_queue (product_id) select c.id from (%s) c (id) where c.id is not null',
    v_changed
  );
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform analytics_features.wake_worker();
  end if;
  return null;
end
$_$;

--
-- Name: FUNCTION tg__product_changed(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.tg__product_changed() IS 'Queues the products of a statement whose document may have changed; attached by attach().';

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
-- Name: throughput(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.throughput() RETURNS numeric
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select round((sum(a.stored) / greatest(extract(epoch from clock_timestamp() - min(a.started_at)), 1))::numeric, 1)
    from analytics_features.embedding_activity a
    where a.minute >= date_trunc('minute', clock_timestamp()) - interval '5 minutes'
  );
end
$$;

--
-- Name: FUNCTION throughput(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.throughput() IS 'Products encoded a second by all workers over the last five minutes; null when none was.';

--
-- Name: unmark_returned(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.unmark_returned() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_marked bigint[] := (
    select array_agg(e.product_id) from analytics_features.product_embeddings e where e.vanished_at is not null
  );
begin
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

COMMENT ON FUNCTION analytics_features.unmark_returned() IS 'Takes the mark off vectors whose product is in the source again. Raises PE001, PE002, PE005.';

--
-- Name: vanished_products(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.vanished_products() RETURNS TABLE(product_id bigint, vanished_at timestamp with time zone, due_at timestamp with time zone, held boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
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

COMMENT ON FUNCTION analytics_features.vanished_products() IS 'Vectors whose product is gone from the source: since when, when the vector may go, and whether it is held because more than settings.vanished_hold_share of all vectors are marked.';

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
    using hint = 'The change is queued and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone, task text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) IS 'Leaves one wake-up a transaction and task for the worker, at once or at run_at. Never fails.';

--
-- Name: word_score(tsvector, tsquery, double precision, double precision); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select idf * 2.2 * (
    1 - 1.2 * (0.7 + 0.3 * relative_length)
      / (pg_catalog.ts_rank('{0.4, 0.4, 0.7, 1}', words, term) * 1.6449340668482264 + 1.2 * (0.7 + 0.3 * relative_length))
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
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return to_tsvector(config, regexp_replace(left(analytics_features.fold_text(left(value, 32768)), 32768), '[^[:alnum:]]+', ' ', 'g'));
end
$$;

--
-- Name: FUNCTION words_of(config regconfig, value text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.words_of(config regconfig, value text) IS 'The stemmed words of a text with their places, by a text search configuration; empty of stop words alone.';

--
-- Name: words_row(regconfig, text, text[]); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_value text;
  v_terms text[] := '{}';
begin
  words := setweight(analytics_features.words_of(config, coalesce(name, '')), 'A')
    || analytics_features.words_of(config, array_to_string(texts, ' '));
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  label := '';

  foreach v_value in array array_prepend(name, texts)
  loop
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || analytics_features.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, '\s+', '-', 'g') else left(v_value, 32768) end
      );
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || analytics_features.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;

  words := words || array_to_tsvector(v_terms);
  label := analytics_features.fold_text(label);
end
$$;

--
-- Name: FUNCTION words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text) IS 'What product_words holds of a product with this name and these other texts.';

--
-- Name: worker_seen(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.worker_seen(worker text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into analytics_features.embedding_workers as w (worker)
  values (worker_seen.worker)
  on conflict (worker) do update set last_seen_at = now();

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
    lease_until timestamp with time zone NOT NULL
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
-- Name: product_queue; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_queue (
    queue_id bigint NOT NULL,
    product_id bigint NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    claim_id bigint,
    document_hash bytea
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.05');

--
-- Name: TABLE product_queue; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.product_queue IS 'Products that changed and have not been looked at since; the truth about what is to do, a graphile-worker job is only a wake-up.';

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
-- Name: claimable_queue; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.claimable_queue AS
 SELECT q.queue_id,
    q.product_id,
    q.queued_at
   FROM analytics_features.product_queue q
  WHERE ((q.available_at <= now()) AND (NOT (EXISTS ( SELECT
           FROM (analytics_features.product_queue held
             JOIN analytics_features.product_claims c ON ((c.claim_id = held.claim_id)))
          WHERE ((held.product_id = q.product_id) AND (c.lease_until > clock_timestamp()))))));

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
-- Name: document_fields; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.document_fields (
    column_name text NOT NULL,
    included boolean DEFAULT true NOT NULL
);

--
-- Name: TABLE document_fields; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.document_fields IS 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore.';

--
-- Name: COLUMN document_fields.column_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.column_name IS 'Name of a column of the source; it need not exist.';

--
-- Name: COLUMN document_fields.included; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.included IS 'Whether the column is part of the document.';

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
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
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
    CONSTRAINT embedding_models_dimension_check CHECK ((dimension > 0)),
    CONSTRAINT embedding_models_max_tokens_check CHECK ((max_tokens > 0))
);

--
-- Name: TABLE embedding_models; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.embedding_models IS 'The models that vectors came from; a worker registers the one it loaded.';

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

COMMENT ON COLUMN analytics_features.embedding_models.is_active IS 'True for the one whose vectors are current.';

--
-- Name: COLUMN embedding_models.registered_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_models.registered_at IS 'When a worker first came with it.';

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

COMMENT ON COLUMN analytics_features.embedding_status.state IS 'complete, working (a worker is at it), waiting (no worker is), incomplete (nothing waits, but some failed), unknown (the source was rebuilt and not compared yet), or no source.';

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

COMMENT ON COLUMN analytics_features.embedding_status.queued IS 'Products in product_queue, claimed ones among them; not each of them needs encoding.';

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

COMMENT ON COLUMN analytics_features.embedding_status.duplicate_ids IS 'product_ids that stand in several rows; the newest row counts.';

--
-- Name: COLUMN embedding_status.workers_alive; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.workers_alive IS 'Workers seen in the last two minutes; one that runs gives a sign of life every minute.';

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
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL
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

COMMENT ON COLUMN analytics_features.product_embeddings.document_hash IS 'sha256 of the document it came from; null when it was not stored by us.';

--
-- Name: COLUMN product_embeddings.vanished_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_embeddings.vanished_at IS 'When the product was found gone from the source; the vector goes after settings.vanished_grace.';

--
-- Name: product_failures; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.product_failures (
    product_id bigint NOT NULL,
    document_hash bytea,
    attempts integer NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    set_aside boolean NOT NULL
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
    config regconfig NOT NULL,
    indexed_at timestamp with time zone DEFAULT now() NOT NULL
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

COMMENT ON COLUMN analytics_features.product_words.words IS 'Stemmed words (weight A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';

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
-- Name: COLUMN product_words.config; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.config IS 'The text search configuration they were stemmed by (settings.words_config).';

--
-- Name: COLUMN product_words.indexed_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.product_words.indexed_at IS 'When they were taken up.';

--
-- Name: query_embeddings; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.query_embeddings (
    query text NOT NULL,
    model_id integer,
    embedding public.vector,
    kept boolean DEFAULT false NOT NULL,
    uses bigint DEFAULT 0 NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text
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

COMMENT ON COLUMN analytics_features.query_embeddings.model_id IS 'The model of the vector; null or another than the active one: the worker has yet to encode it.';

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

COMMENT ON COLUMN analytics_features.query_embeddings.uses IS 'Searches with it, counted once a minute at the most.';

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
    words_config regconfig DEFAULT 'russian'::regconfig NOT NULL,
    word_weight double precision DEFAULT 0.7 NOT NULL,
    trigram_weight double precision DEFAULT 0.15 NOT NULL,
    vector_weight double precision DEFAULT 0.15 NOT NULL,
    prose_vector_weight double precision DEFAULT 0.4 NOT NULL,
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
    CONSTRAINT settings_hnsw_ef_search_check CHECK (((hnsw_ef_search >= 1) AND (hnsw_ef_search <= 1000))),
    CONSTRAINT settings_index_from_products_check CHECK ((index_from_products >= 0)),
    CONSTRAINT settings_ivfflat_probes_check CHECK (((ivfflat_probes >= 1) AND (ivfflat_probes <= 32768))),
    CONSTRAINT settings_lease_check CHECK ((lease > '00:00:00'::interval)),
    CONSTRAINT settings_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT settings_max_document_characters_check CHECK ((max_document_characters > 0)),
    CONSTRAINT settings_max_group_products_check CHECK (((max_group_products >= 2) AND (max_group_products <= 1000))),
    CONSTRAINT settings_min_together_check CHECK ((min_together > 0)),
    CONSTRAINT settings_pair_weight_check CHECK (((pair_weight >= (0)::double precision) AND (pair_weight <= (1)::double precision))),
    CONSTRAINT settings_prose_vector_weight_check CHECK (((prose_vector_weight >= (0)::double precision) AND (prose_vector_weight <= (1)::double precision))),
    CONSTRAINT settings_query_cache_size_check CHECK ((query_cache_size >= 0)),
    CONSTRAINT settings_retry_after_check CHECK ((retry_after > '00:00:00'::interval)),
    CONSTRAINT settings_singleton_check CHECK (singleton),
    CONSTRAINT settings_trigram_weight_check CHECK ((trigram_weight >= (0)::double precision)),
    CONSTRAINT settings_vanished_grace_check CHECK ((vanished_grace >= '00:00:00'::interval)),
    CONSTRAINT settings_vanished_hold_share_check CHECK (((vanished_hold_share >= (0)::numeric) AND (vanished_hold_share <= (1)::numeric))),
    CONSTRAINT settings_vector_weight_check CHECK (((vector_weight >= (0)::double precision) AND (vector_weight <= (1)::double precision))),
    CONSTRAINT settings_word_weight_check CHECK ((word_weight > (0)::double precision))
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

COMMENT ON COLUMN analytics_features.settings.vector_weight IS 'How much the vectors count there, of 1, for a query of up to four words.';

--
-- Name: COLUMN settings.prose_vector_weight; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.prose_vector_weight IS 'The same for a query of twelve words and more; in between it is a share of both.';

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
-- Name: source_columns; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.source_columns AS
 SELECT (row_number() OVER (ORDER BY o."position", a.attnum))::smallint AS "position",
    (a.attname)::text AS column_name,
    (a.atttypid)::regtype AS type,
    COALESCE(f.included, (NOT starts_with((a.attname)::text, '_'::text))) AS in_document,
    (a.attname = ANY (ARRAY['deleted'::name, 'dbt_valid_to'::name, 'dbt_is_deleted'::name])) AS decides_life
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

COMMENT ON COLUMN analytics_features.source_columns."position" IS 'Order in the document (see document_order).';

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
    (t.tgenabled = ANY (ARRAY['O'::"char", 'A'::"char"])) AS enabled
   FROM (( VALUES ('_500_embed_insert'::text,'insert'::text), ('_500_embed_update'::text,'update'::text), ('_500_embed_delete'::text,'delete'::text), ('_500_embed_truncate'::text,'truncate'::text)) w(trigger_name, event)
     LEFT JOIN pg_trigger t ON (((t.tgrelid = (analytics_features.source_relation())::oid) AND (t.tgname = w.trigger_name) AND (t.tgfoid = ( SELECT p.oid
           FROM (pg_proc p
             JOIN pg_namespace n ON ((n.oid = p.pronamespace)))
          WHERE ((n.nspname = 'analytics_features'::name) AND (p.proname = 'tg__product_changed'::name)))))));

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

COMMENT ON COLUMN analytics_features.source_triggers.enabled IS 'Whether it fires; null when it is not attached.';

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

COMMENT ON COLUMN analytics_features.synonyms.phrase IS 'One word or a few, in any inflection.';

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

COMMENT ON COLUMN analytics_features.word_statistics.word IS 'A stemmed word, or a term of a code with a leading #.';

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
    ADD CONSTRAINT embedding_activity_pkey PRIMARY KEY (minute, worker);

--
-- Name: embedding_models embedding_models_name_revision_precision_pooling_max_tokens_key; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.embedding_models
    ADD CONSTRAINT embedding_models_name_revision_precision_pooling_max_tokens_key UNIQUE (name, revision, "precision", pooling, max_tokens);

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
-- Name: product_failures product_failures_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_failures
    ADD CONSTRAINT product_failures_pkey PRIMARY KEY (product_id);

--
-- Name: product_pairs product_pairs_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_pairs
    ADD CONSTRAINT product_pairs_pkey PRIMARY KEY (product_id, other_id);

--
-- Name: product_queue product_queue_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_queue
    ADD CONSTRAINT product_queue_pkey PRIMARY KEY (queue_id);

--
-- Name: product_words product_words_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_words
    ADD CONSTRAINT product_words_pkey PRIMARY KEY (product_id);

--
-- Name: query_embeddings query_embeddings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.query_embeddings
    ADD CONSTRAINT query_embeddings_pkey PRIMARY KEY (query);

--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);

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
-- Name: embeddings_vanished_at_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX embeddings_vanished_at_idx ON analytics_features.product_embeddings USING btree (vanished_at) WHERE (vanished_at IS NOT NULL);

--
-- Name: product_queue_claim_id_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_queue_claim_id_idx ON analytics_features.product_queue USING btree (claim_id) WHERE (claim_id IS NOT NULL);

--
-- Name: product_queue_product_id_idx; Type: INDEX; Schema: analytics_features; Owner: -
--

CREATE INDEX product_queue_product_id_idx ON analytics_features.product_queue USING btree (product_id);

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
GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_attacher;
GRANT USAGE ON SCHEMA analytics_features TO product_embeddings_worker;

--
-- Name: FUNCTION active_model_id(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.active_model_id() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.active_model_id() TO product_embeddings_worker;

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
-- Name: FUNCTION attach_triggers(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.attach_triggers() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.attach_triggers() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.attach_triggers() TO product_embeddings_worker;

--
-- Name: FUNCTION build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.build_index(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer) TO product_embeddings_worker;

--
-- Name: FUNCTION check_index(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.check_index() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.check_index() TO product_embeddings_worker;

--
-- Name: FUNCTION claim_products(worker text, max_products integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer) TO product_embeddings_worker;

--
-- Name: FUNCTION code_terms(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.code_terms(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.code_terms(value text) TO product_embeddings_worker;

--
-- Name: FUNCTION compute_status(exact boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.compute_status(exact boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.compute_status(exact boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION create_product_embeddings(dimension integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.create_product_embeddings(dimension integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.create_product_embeddings(dimension integer) TO product_embeddings_worker;

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
-- Name: FUNCTION document_query(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_query() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_query() TO product_embeddings_worker;

--
-- Name: FUNCTION document_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION document_texts_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.document_texts_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.document_texts_sql(alias text) TO product_embeddings_worker;

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
-- Name: FUNCTION embedding_difference(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.embedding_difference() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.embedding_difference() TO product_embeddings_worker;

--
-- Name: FUNCTION evaluate_search(k integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.evaluate_search(k integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.evaluate_search(k integer) TO product_embeddings_worker;

--
-- Name: FUNCTION extend_claim(claim_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.extend_claim(claim_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.extend_claim(claim_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_products(claim_id bigint, product_ids bigint[], errors text[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) TO product_embeddings_worker;

--
-- Name: FUNCTION fail_query(query text, error text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fail_query(query text, error text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fail_query(query text, error text) TO product_embeddings_worker;

--
-- Name: FUNCTION filter_sql(alias text, filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.filter_sql(alias text, filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION fold_text(value text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.fold_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.fold_text(value text) TO product_embeddings_worker;

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
-- Name: FUNCTION hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.hybrid_products(query text, query_vector public.vector, max_results integer, filter jsonb) TO product_embeddings_worker;

--
-- Name: FUNCTION idf(products bigint, all_products double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.idf(products bigint, all_products double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.idf(products bigint, all_products double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION index_due(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_due() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_due() TO product_embeddings_worker;

--
-- Name: FUNCTION index_memory(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_memory() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_memory() TO product_embeddings_worker;

--
-- Name: FUNCTION index_name(kind text, as_halfvec boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_name(kind text, as_halfvec boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION index_queued_words(after bigint, max_products integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_queued_words(after bigint, max_products integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_queued_words(after bigint, max_products integer) TO product_embeddings_worker;

--
-- Name: FUNCTION index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.index_sql(kind text, as_halfvec boolean, m integer, ef_construction integer, lists integer, is_concurrent boolean) TO product_embeddings_worker;

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
-- Name: FUNCTION lock_interactions(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_interactions() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_interactions() TO product_embeddings_worker;

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
-- Name: FUNCTION maintain(worker text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.maintain(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.maintain(worker text) TO product_embeddings_worker;

--
-- Name: FUNCTION may_read_source(role_name name); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.may_read_source(role_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.may_read_source(role_name name) TO product_embeddings_worker;

--
-- Name: FUNCTION measure_recall(k integer, sample integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.measure_recall(k integer, sample integer) TO product_embeddings_worker;

--
-- Name: FUNCTION min_max(value double precision, lowest double precision, highest double precision); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.min_max(value double precision, lowest double precision, highest double precision) TO product_embeddings_worker;

--
-- Name: FUNCTION nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.nearest_products(query public.vector, max_results integer, filter jsonb, excluded bigint[]) TO product_embeddings_worker;

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
-- Name: FUNCTION note_expressions(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.note_expressions() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.note_expressions() TO product_embeddings_worker;

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
-- Name: FUNCTION query_embedding(query text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.query_embedding(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.query_embedding(query text) TO product_embeddings_worker;

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
-- Name: FUNCTION register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.register_model(name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer) TO product_embeddings_worker;

--
-- Name: FUNCTION release_claim(claim_id bigint); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.release_claim(claim_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.release_claim(claim_id bigint) TO product_embeddings_worker;

--
-- Name: FUNCTION release_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.release_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.release_vanished() TO product_embeddings_worker;

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
-- Name: FUNCTION require_limit(max_results integer, greatest_limit integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_limit(max_results integer, greatest_limit integer) TO product_embeddings_worker;

--
-- Name: FUNCTION require_query(query public.vector, metric text, max_results integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_query(query public.vector, metric text, max_results integer) TO product_embeddings_worker;

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
GRANT ALL ON FUNCTION analytics_features.retry_failed(product_id bigint) TO product_embeddings_worker;

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
-- Name: FUNCTION shown_words(terms text[], label text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.shown_words(terms text[], label text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.shown_words(terms text[], label text) TO product_embeddings_worker;

--
-- Name: FUNCTION signal_weights(query text, has_vector boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.signal_weights(query text, has_vector boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.signal_weights(query text, has_vector boolean) TO product_embeddings_worker;

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
-- Name: FUNCTION source_signature(source oid); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_signature(source oid) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_signature(source oid) TO product_embeddings_worker;

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
-- Name: FUNCTION store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_embeddings(claim_id bigint, model_id integer, product_ids bigint[], embeddings public.vector[]) TO product_embeddings_worker;

--
-- Name: FUNCTION store_query_embedding(query text, model_id integer, embedding public.vector); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.store_query_embedding(query text, model_id integer, embedding public.vector) TO product_embeddings_worker;

--
-- Name: FUNCTION sweep_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sweep_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sweep_vanished() TO product_embeddings_worker;

--
-- Name: FUNCTION take_queries(max_queries integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.take_queries(max_queries integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.take_queries(max_queries integer) TO product_embeddings_worker;

--
-- Name: FUNCTION tg__embedding_provenance(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__embedding_provenance() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__embedding_provenance() TO product_embeddings_worker;

--
-- Name: FUNCTION tg__product_changed(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__product_changed() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__product_changed() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.tg__product_changed() TO product_embeddings_worker;

--
-- Name: FUNCTION tg__synonym_key(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__synonym_key() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.tg__synonym_key() TO product_embeddings_worker;

--
-- Name: FUNCTION throughput(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.throughput() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.throughput() TO product_embeddings_worker;

--
-- Name: FUNCTION unmark_returned(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.unmark_returned() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.unmark_returned() TO product_embeddings_worker;

--
-- Name: FUNCTION vanished_products(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.vanished_products() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.vanished_products() TO product_embeddings_worker;

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone, task text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone, task text) TO product_embeddings_worker;

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
-- Name: FUNCTION words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.words_row(config regconfig, name text, texts text[], OUT words tsvector, OUT tokens integer, OUT label text) TO product_embeddings_worker;

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

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_queue TO product_embeddings_worker;

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

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_activity TO product_embeddings_worker;

--
-- Name: TABLE embedding_models; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_models TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_models TO product_embeddings_worker;

--
-- Name: TABLE embedding_status; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_status TO product_embeddings_reader;
GRANT SELECT ON TABLE analytics_features.embedding_status TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_status TO product_embeddings_worker;

--
-- Name: TABLE embedding_workers; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.embedding_workers TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.embedding_workers TO product_embeddings_worker;

--
-- Name: TABLE golden_queries; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.golden_queries TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.golden_queries TO product_embeddings_worker;

--
-- Name: TABLE product_embeddings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.product_embeddings TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_embeddings TO product_embeddings_worker;

--
-- Name: TABLE product_failures; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_failures TO product_embeddings_worker;

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
-- Name: TABLE settings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.settings TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.settings TO product_embeddings_worker;

--
-- Name: TABLE source_columns; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_columns TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_columns TO product_embeddings_worker;

--
-- Name: TABLE source_triggers; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.source_triggers TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.source_triggers TO product_embeddings_worker;

--
-- Name: TABLE synonyms; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.synonyms TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.synonyms TO product_embeddings_worker;

--
-- Name: TABLE vector_indexes; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.vector_indexes TO product_embeddings_reader;
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
