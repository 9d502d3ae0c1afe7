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
begin
  perform pg_advisory_xact_lock(hashtext('analytics_features.product_queue'), 1);
  perform analytics_features.lock_source();
  select * into strict v_settings from analytics_features.settings s;
  perform analytics_features.worker_seen(worker);

  insert into analytics_features.product_claims as c (worker, lease_until)
  values (claim_products.worker, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    return query with
      free as materialized (
        select q.product_id
        from analytics_features.claimable_queue q
        order by q.queue_id
        limit v_chunk
      ),
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from analytics_features.product_queue q
        where q.product_id in (select f.product_id from free f)
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

    exit when found or not exists (select from analytics_features.claimable_queue);
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
      count(*) filter (where d.state = 'orphan')
    into products, embedded, missing, stale, orphans
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
      select q.product_id, q.document, q.document_hash
      from (
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash
        from %4$s s
        order by 1, %5$s, 4
      ) q
      where q.is_live and q.product_id is not null
    $sql$,
    analytics_features.product_id_sql('s'),
    analytics_features.product_is_live_sql('s'),
    analytics_features.document_sql('s'),
    analytics_features.require_source(),
    analytics_features.newest_row_sql('s')
  )
$_$;

--
-- Name: FUNCTION document_query(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_query() IS 'The query that renders every live product: (product_id bigint, document text, document_hash bytea), one row each. Raises PE001, PE002.';

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
-- Name: embedding_difference(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.embedding_difference() RETURNS TABLE(product_id bigint, state text, document_hash bytea)
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
        d.document_hash
      from (%s) d
      full join analytics_features.product_embeddings e on e.product_id = d.product_id
    $sql$,
    analytics_features.document_query()
  ) using analytics_features.active_model_id();
end
$_$;

--
-- Name: FUNCTION embedding_difference(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embedding_difference() IS 'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005.';

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
  return v_retried + analytics_features.reconcile();
end
$$;

--
-- Name: FUNCTION full_pass(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.full_pass() IS 'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';

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
  revoke all on all functions in schema analytics_features from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema analytics_features to product_embeddings_reader;
    grant select on analytics_features.embedding_status to product_embeddings_reader;
    grant execute on function
      analytics_features.search_products(public.vector, text, integer),
      analytics_features.compute_status(boolean)
    to product_embeddings_reader;
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
      analytics_features.document_fields,
      analytics_features.document_order
    to product_embeddings_attacher;
    grant insert on analytics_features.source_log to product_embeddings_attacher;
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
      analytics_features.source_problems(),
      analytics_features.source_relation(),
      analytics_features.tg__product_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema analytics_features to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema analytics_features to product_embeddings_worker;
    grant execute on all functions in schema analytics_features to product_embeddings_worker;
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

SET default_tablespace = '';

SET default_table_access_method = heap;

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
-- Name: lock_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_source() RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source text;
begin
  if not analytics_features.may_read_source() then
    raise exception 'The role % may not read the source of the products, %.', current_user, analytics_features.require_source()
      using errcode = 'PE005',
        hint = 'Who owns it grants that, with everything else, by: select analytics_features.attach();';
  end if;
  select format('%I.%I', s.source_schema, s.source_table) into strict v_source from analytics_features.settings s;
  execute format('select from %s limit 0', v_source);
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if to_regclass(v_source) is distinct from analytics_features.require_source() then
    raise exception 'The source was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return to_regclass(v_source);
end
$$;

--
-- Name: FUNCTION lock_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_source() IS 'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005, and 40001 in a transaction whose one snapshot is from before a swap.';

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
  if exists (select from analytics_features.claimable_queue) then
    perform analytics_features.wake_worker();
  end if;
end
$$;

--
-- Name: FUNCTION maintain(worker text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.maintain(worker text) IS 'The worker''s round every minute: sign of life, vectors past their grace, old log rows, wake-up if anything waits.';

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

  with
    difference as materialized (
      select d.product_id, d.state, d.document_hash from analytics_features.embedding_difference() d
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
          -- One that came back still has to lose its mark.
          when 'current' then e.vanished_at is not null
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
  delete from analytics_features.product_embeddings e where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

--
-- Name: FUNCTION release_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.release_vanished() IS 'Lets a mass disappearance through: deletes the vectors of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';

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
      format('comment on function %s is %L', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) as comment
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
-- Name: search_products(public.vector, text, integer); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.search_products(query public.vector, metric text DEFAULT 'l2'::text, max_results integer DEFAULT 10) RETURNS TABLE(product_id bigint, name text, vendor_code text, price numeric, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'strict_order'
    AS $_$
declare
  v_source regclass := analytics_features.lock_source();
  v_dimension integer;
  v_operator text;
  v_last analytics_features.source_log := analytics_features.last_comparison();
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = analytics_features.require_embeddings() and a.attname = 'embedding';

  v_operator := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
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

  return query execute format(
    $sql$
      select distinct on (5, 1) h.product_id, h.name, h.vendor_code, h.price, h.embedding operator(public.%1$s) $1
      from (
        select e.product_id, p.name, p.vendor_code, p.price, e.embedding
        from analytics_features.product_embeddings e
        join (
          select %2$s %3$s as product_id, %4$s as is_live, %5$s as name, %6$s as vendor_code, %7$s as price
          from %8$s s
          %9$s
        ) p on p.product_id = e.product_id
        where p.is_live
        order by e.embedding operator(public.<->) $1
        limit $2
      ) h
      order by 5, 1
    $sql$,
    v_operator,
    case when v_last.duplicate_ids > 0 then 'distinct on (1)' else '' end,
    analytics_features.product_id_sql('s'),
    analytics_features.product_is_live_sql('s'),
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.source_column_sql('s', 'vendor_code', 'text'),
    analytics_features.source_column_sql('s', 'price', 'numeric'),
    v_source,
    case when v_last.duplicate_ids > 0 then 'order by 1, ' || analytics_features.newest_row_sql('s') || ', 3, 4, 5' else '' end
  ) using query, max_results;
end
$_$;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) IS 'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';

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
-- Name: status_notes(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.status_notes() RETURNS TABLE(note text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source regclass := analytics_features.source_relation();
  v_last analytics_features.source_log := analytics_features.last_comparison();
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
  delete from analytics_features.product_embeddings e
  using analytics_features.vanished_products() v
  where e.product_id = v.product_id and v.due_at <= now() and not v.held;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

--
-- Name: FUNCTION sweep_vanished(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.sweep_vanished() IS 'Deletes the vectors of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';

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
-- Name: wake_worker(timestamp with time zone); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.wake_worker(run_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform graphile_worker.add_job(
    'embed_products',
    run_at => wake_worker.run_at,
    max_attempts => 5,
    job_key => 'embed_products:' || pg_current_xact_id()::text
  );
exception when others then
  raise warning 'The embedding worker could not be woken: %', sqlerrm
    using hint = 'The change is queued and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone) IS 'Leaves one wake-up a transaction for the worker, at once or at run_at. Never fails.';

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
    CONSTRAINT settings_lease_check CHECK ((lease > '00:00:00'::interval)),
    CONSTRAINT settings_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT settings_max_document_characters_check CHECK ((max_document_characters > 0)),
    CONSTRAINT settings_retry_after_check CHECK ((retry_after > '00:00:00'::interval)),
    CONSTRAINT settings_singleton_check CHECK (singleton),
    CONSTRAINT settings_vanished_grace_check CHECK ((vanished_grace >= '00:00:00'::interval)),
    CONSTRAINT settings_vanished_hold_share_check CHECK (((vanished_hold_share >= (0)::numeric) AND (vanished_hold_share <= (1)::numeric)))
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
-- Name: product_queue product_queue_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.product_queue
    ADD CONSTRAINT product_queue_pkey PRIMARY KEY (queue_id);

--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);

--
-- Name: source_log source_log_pkey; Type: CONSTRAINT; Schema: analytics_features; Owner: -
--

ALTER TABLE ONLY analytics_features.source_log
    ADD CONSTRAINT source_log_pkey PRIMARY KEY (log_id);

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
-- Name: FUNCTION claim_products(worker text, max_products integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.claim_products(worker text, max_products integer) TO product_embeddings_worker;

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
-- Name: FUNCTION embedding_difference(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.embedding_difference() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.embedding_difference() TO product_embeddings_worker;

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
-- Name: FUNCTION full_pass(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.full_pass() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.full_pass() TO product_embeddings_worker;

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
-- Name: FUNCTION lock_source(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.lock_source() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.lock_source() TO product_embeddings_worker;

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
-- Name: FUNCTION product_is_live_sql(alias text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.product_is_live_sql(alias text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.product_is_live_sql(alias text) TO product_embeddings_worker;

--
-- Name: FUNCTION queue_summary(exact boolean); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.queue_summary(exact boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.queue_summary(exact boolean) TO product_embeddings_worker;

--
-- Name: FUNCTION reconcile(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.reconcile() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.reconcile() TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.reconcile() TO product_embeddings_worker;

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
-- Name: FUNCTION require_embeddings(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.require_embeddings() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.require_embeddings() TO product_embeddings_worker;

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
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_reader;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_attacher;
GRANT ALL ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) TO product_embeddings_worker;

--
-- Name: FUNCTION set_source(source_schema text, source_table text); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.set_source(source_schema text, source_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.set_source(source_schema text, source_table text) TO product_embeddings_worker;

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
-- Name: FUNCTION source_shape(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.source_shape() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.source_shape() TO product_embeddings_worker;

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
-- Name: FUNCTION sweep_vanished(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.sweep_vanished() FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.sweep_vanished() TO product_embeddings_worker;

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
-- Name: FUNCTION wake_worker(run_at timestamp with time zone); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone) TO product_embeddings_worker;

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
-- Name: TABLE product_embeddings; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT ON TABLE analytics_features.product_embeddings TO product_embeddings_attacher;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_embeddings TO product_embeddings_worker;

--
-- Name: TABLE product_failures; Type: ACL; Schema: analytics_features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics_features.product_failures TO product_embeddings_worker;

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
-- PostgreSQL database dump complete
--
