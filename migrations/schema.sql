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

COMMENT ON FUNCTION analytics_features.attach() IS 'Puts the triggers on the source that it lacks and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002.';

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
  return v_queued;
end
$$;

--
-- Name: FUNCTION attach_after_build(relation_schema text, relation_name text, strict boolean); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_after_build(relation_schema text, relation_name text, strict boolean) IS 'For a dbt post-hook: attach() if this relation is the source, in the same transaction; returns how many products were queued, null if it is not the source or failed. Fails only when strict.';

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
begin
  if (select c.relkind from pg_class c where c.oid = v_source) not in ('r', 'p') then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
    return;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached
    from analytics_features.source_triggers t
    where t.enabled is not true
  loop
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
  insert into analytics_features.source_log (event) values ('attach');
end
$$;

--
-- Name: FUNCTION attach_triggers(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.attach_triggers() IS 'Puts the triggers on the source that it lacks. Raises PE001, PE002, and 42501 for who does not own the source.';

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

COMMENT ON FUNCTION analytics_features.claim_products(worker text, max_products integer) IS 'Claims up to max_products queued products whose document really changed, for settings.lease, and returns their documents; settles the others. No rows: nothing is left to do now. Raises PE001, PE002.';

--
-- Name: compute_status(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.compute_status() RETURNS TABLE(source text, source_exists boolean, products bigint, embedded bigint, coverage numeric, missing bigint, stale bigint, orphans bigint, held bigint, queued bigint, claimed bigint, failed bigint, oldest_wait interval, triggers_attached boolean, worker_last_seen timestamp with time zone, model text, dimension integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  select format('%I.%I', s.source_schema, s.source_table) into source from analytics_features.settings s;
  source_exists := analytics_features.source_relation() is not null;

  if source_exists then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan')
    into products, embedded, missing, stale, orphans
    from analytics_features.embedding_difference() d;
    -- Cut and not rounded: one product missing of a million is not 100 percent.
    coverage := trunc(100.0 * embedded / nullif(products, 0), 2);
  end if;

  select count(*) filter (where v.held) into held from analytics_features.vanished_products() v;

  select count(distinct q.product_id), clock_timestamp() - min(q.queued_at)
  into queued, oldest_wait
  from analytics_features.product_queue q;

  select count(distinct q.product_id) into claimed
  from analytics_features.product_queue q
  join analytics_features.product_claims c on c.claim_id = q.claim_id
  where c.lease_until > clock_timestamp();

  select count(*) into failed from analytics_features.product_failures f where f.set_aside;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from analytics_features.source_triggers t;
  select max(w.last_seen_at) into worker_last_seen from analytics_features.embedding_workers w;
  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from analytics_features.embedding_models m
  where m.is_active;
  return next;
end
$$;

--
-- Name: FUNCTION compute_status(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.compute_status() IS 'What embedding_status shows. Raises PE002, PE003.';

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

COMMENT ON FUNCTION analytics_features.detach() IS 'Takes our triggers off the source; vectors, queue and search stay. Safe to repeat.';

--
-- Name: document_query(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_query() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format(
    'select d.product_id, d.document, pg_catalog.sha256(pg_catalog.convert_to(d.document, ''UTF8'')) as document_hash from (select %s as product_id, %s as document from %s s where %s) d where d.product_id is not null',
    analytics_features.product_id_sql('s'),
    analytics_features.document_sql('s'),
    analytics_features.require_source(),
    analytics_features.product_is_live_sql('s')
  )
$$;

--
-- Name: FUNCTION document_query(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_query() IS 'The query that renders every live product: (product_id bigint, document text, document_hash bytea). Raises PE001, PE002.';

--
-- Name: document_sql(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.document_sql(alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select coalesce(
    format(
      $sql$pg_catalog.rtrim(pg_catalog.concat(%s), ' ')$sql$,
      string_agg(
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
        end,
        ', ' order by c.position
      )
    ),
    $sql$''$sql$
  )
  from analytics_features.source_columns c
  join pg_type t on t.oid = c.type
  where c.in_document
$_$;

--
-- Name: FUNCTION document_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.document_sql(alias text) IS 'SQL expression for the document of a source row: `field: value. ` for each column in table order, booleans yes/no, nulls and blanks skipped; alias names the row.';

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
      from (
        select distinct on (q.product_id) q.product_id, q.document_hash
        from (%s) q
        order by q.product_id, q.document_hash
      ) d
      full join analytics_features.product_embeddings e on e.product_id = d.product_id
    $sql$,
    analytics_features.document_query()
  ) using analytics_features.active_model_id();
end
$_$;

--
-- Name: FUNCTION embedding_difference(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.embedding_difference() IS 'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003.';

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
  perform analytics_features.extend_claim(claim_id);
  return v_set_aside;
end
$$;

--
-- Name: FUNCTION fail_products(claim_id bigint, product_ids bigint[], errors text[]); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.fail_products(claim_id bigint, product_ids bigint[], errors text[]) IS 'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';

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

COMMENT ON FUNCTION analytics_features.keep_vanished() IS 'Starts the grace period of all vanished products over, for time to mend the source; returns how many. Raises PE001, PE002.';

--
-- Name: lock_source(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.lock_source() RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_settings analytics_features.settings;
begin
  perform analytics_features.require_source();
  select * into strict v_settings from analytics_features.settings s;
  execute format('select from %I.%I limit 0', v_settings.source_schema, v_settings.source_table);
  return analytics_features.require_source();
end
$$;

--
-- Name: FUNCTION lock_source(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.lock_source() IS 'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002.';

--
-- Name: maintain(text); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.maintain(worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform analytics_features.worker_seen(maintain.worker);
  delete from analytics_features.source_log l where l.logged_at < now() - interval '7 days';
  if analytics_features.source_relation() is null then
    return;
  end if;
  perform analytics_features.sweep_vanished();
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

COMMENT ON FUNCTION analytics_features.product_document(product_id bigint) IS 'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002.';

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
    'select distinct on (q.product_id) q.product_id, q.document, q.document_hash from (%s) q %s order by q.product_id, q.document_hash',
    analytics_features.document_query(),
    case when product_ids is not null then 'where q.product_id = any ($1)' else '' end
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
    (
      select case
        when c.type = 'boolean'::regtype then format('%I.deleted is not true', alias)
        else format(
          $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.deleted::pg_catalog.text)) not in ('true', 't', 'yes', 'y', '1'), true)$sql$,
          alias
        )
      end
      from analytics_features.source_columns c
      where c.column_name = 'deleted'
    ),
    'true'
  )
$_$;

--
-- Name: FUNCTION product_is_live_sql(alias text); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.product_is_live_sql(alias text) IS 'SQL condition that a source row is not soft-deleted, by its column deleted; true where there is no such column.';

--
-- Name: reconcile(); Type: FUNCTION; Schema: analytics_features; Owner: -
--

CREATE FUNCTION analytics_features.reconcile() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_rows bigint;
begin
  insert into analytics_features.product_queue (product_id)
  select d.product_id
  from analytics_features.embedding_difference() d
  left join analytics_features.product_embeddings e on e.product_id = d.product_id
  left join analytics_features.product_failures f on f.product_id = d.product_id
  where d.state <> 'current'
    -- A vanished product that is already marked waits for its grace period, not for a worker.
    and not (d.state = 'orphan' and e.vanished_at is not null)
    and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
    -- Not what waits already, nor what is being encoded from the text that it has now.
    and not exists (
      select
      from analytics_features.product_queue q
      where q.product_id = d.product_id and (q.claim_id is null or q.document_hash = d.document_hash)
    );
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform analytics_features.wake_worker();
  end if;
  insert into analytics_features.source_log (event, queued) values ('reconcile', v_rows);
  return v_rows;
end
$$;

--
-- Name: FUNCTION reconcile(); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.reconcile() IS 'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. Raises PE001, PE002, PE003.';

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

COMMENT ON FUNCTION analytics_features.release_vanished() IS 'Lets a mass disappearance through: deletes the vectors of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002.';

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
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'strict_order'
    AS $_$
declare
  v_source regclass := analytics_features.lock_source();
  v_dimension integer;
  v_operator text;
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
      select h.product_id, h.name, h.vendor_code, h.price, h.embedding operator(public.%s) $1
      from (
        select e.product_id, %s as name, %s as vendor_code, %s as price, e.embedding
        from analytics_features.product_embeddings e
        join %s s on %s = e.product_id
        where %s
        order by e.embedding operator(public.<->) $1
        limit $2
      ) h
      order by 5, h.product_id
    $sql$,
    v_operator,
    analytics_features.source_column_sql('s', 'name', 'text'),
    analytics_features.source_column_sql('s', 'vendor_code', 'text'),
    analytics_features.source_column_sql('s', 'price', 'numeric'),
    v_source,
    analytics_features.product_id_sql('s'),
    analytics_features.product_is_live_sql('s')
  ) using query, max_results;
end
$_$;

--
-- Name: FUNCTION search_products(query public.vector, metric text, max_results integer); Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON FUNCTION analytics_features.search_products(query public.vector, metric text, max_results integer) IS 'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003 and PE010 to PE014.';

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

COMMENT ON FUNCTION analytics_features.sweep_vanished() IS 'Deletes the vectors of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002.';

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
    where c.in_document or c.column_name = 'deleted';
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

COMMENT ON FUNCTION analytics_features.unmark_returned() IS 'Takes the mark off vectors whose product is in the source again. Raises PE001, PE002.';

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

SET default_tablespace = '';

SET default_table_access_method = heap;

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

COMMENT ON TABLE analytics_features.document_fields IS 'Columns of the source that are treated otherwise than by default; the default is to be in the document.';

--
-- Name: COLUMN document_fields.column_name; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.column_name IS 'Name of a column of the source; it need not exist.';

--
-- Name: COLUMN document_fields.included; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.document_fields.included IS 'Whether the column is part of the document.';

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
    compute_status.source_exists,
    compute_status.products,
    compute_status.embedded,
    compute_status.coverage,
    compute_status.missing,
    compute_status.stale,
    compute_status.orphans,
    compute_status.held,
    compute_status.queued,
    compute_status.claimed,
    compute_status.failed,
    compute_status.oldest_wait,
    compute_status.triggers_attached,
    compute_status.worker_last_seen,
    compute_status.model,
    compute_status.dimension
   FROM analytics_features.compute_status() compute_status(source, source_exists, products, embedded, coverage, missing, stale, orphans, held, queued, claimed, failed, oldest_wait, triggers_attached, worker_last_seen, model, dimension);

--
-- Name: VIEW embedding_status; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.embedding_status IS 'How things stand, in one row, computed from products and vectors at each look.';

--
-- Name: COLUMN embedding_status.source; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.source IS 'Where the products are read from.';

--
-- Name: COLUMN embedding_status.source_exists; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.source_exists IS 'Whether that relation is there now.';

--
-- Name: COLUMN embedding_status.products; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.products IS 'Live products in the source; null while it does not exist.';

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

COMMENT ON COLUMN analytics_features.embedding_status.missing IS 'Live products without a vector.';

--
-- Name: COLUMN embedding_status.stale; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.stale IS 'Live products whose vector is of an earlier text or another model; it serves until the new one lands.';

--
-- Name: COLUMN embedding_status.orphans; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.orphans IS 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';

--
-- Name: COLUMN embedding_status.held; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.held IS 'Orphans that are not deleted although their grace may be over, because too many vanished at once: release_vanished() lets them go, keep_vanished() starts the grace over.';

--
-- Name: COLUMN embedding_status.queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.queued IS 'Products in product_queue, claimed ones among them; not each of them needs encoding.';

--
-- Name: COLUMN embedding_status.claimed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.claimed IS 'Products that a worker holds now.';

--
-- Name: COLUMN embedding_status.failed; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.failed IS 'Products set aside after settings.max_attempts (see product_failures).';

--
-- Name: COLUMN embedding_status.oldest_wait; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.oldest_wait IS 'Age of the oldest change that is not done; null when none waits.';

--
-- Name: COLUMN embedding_status.triggers_attached; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.triggers_attached IS 'Whether all four triggers are on the source and enabled (see source_triggers).';

--
-- Name: COLUMN embedding_status.worker_last_seen; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.worker_last_seen IS 'Last sign of life of any worker; one that runs gives it every minute.';

--
-- Name: COLUMN embedding_status.model; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.model IS 'The active model, with revision and precision.';

--
-- Name: COLUMN embedding_status.dimension; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.embedding_status.dimension IS 'Components of its vectors.';

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
    vanished_hold_share numeric DEFAULT 0.3 NOT NULL,
    max_document_characters integer DEFAULT 32768 NOT NULL,
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
-- Name: COLUMN settings.vanished_hold_share; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.vanished_hold_share IS 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';

--
-- Name: COLUMN settings.max_document_characters; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.settings.max_document_characters IS 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';

--
-- Name: source_columns; Type: VIEW; Schema: analytics_features; Owner: -
--

CREATE VIEW analytics_features.source_columns AS
 SELECT a.attnum AS "position",
    (a.attname)::text AS column_name,
    (a.atttypid)::regtype AS type,
    COALESCE(f.included, true) AS in_document
   FROM (pg_attribute a
     LEFT JOIN analytics_features.document_fields f ON ((f.column_name = a.attname)))
  WHERE ((a.attrelid = (analytics_features.source_relation())::oid) AND (a.attnum > 0) AND (NOT a.attisdropped));

--
-- Name: VIEW source_columns; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON VIEW analytics_features.source_columns IS 'The columns of the source as it is now, and which of them are in a product''s document.';

--
-- Name: COLUMN source_columns."position"; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_columns."position" IS 'Order in the table, which is the order in the document.';

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
-- Name: source_log; Type: TABLE; Schema: analytics_features; Owner: -
--

CREATE TABLE analytics_features.source_log (
    log_id bigint NOT NULL,
    logged_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    event text NOT NULL,
    queued bigint,
    error text,
    CONSTRAINT source_log_event_check CHECK ((event = ANY (ARRAY['attach'::text, 'reconcile'::text])))
);

--
-- Name: TABLE source_log; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON TABLE analytics_features.source_log IS 'What attaching and reconciling did in the last week.';

--
-- Name: COLUMN source_log.log_id; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.log_id IS 'Order.';

--
-- Name: COLUMN source_log.logged_at; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.logged_at IS 'When.';

--
-- Name: COLUMN source_log.event; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.event IS 'attach (triggers) or reconcile (comparison).';

--
-- Name: COLUMN source_log.queued; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.queued IS 'Products that were queued by a reconcile.';

--
-- Name: COLUMN source_log.error; Type: COMMENT; Schema: analytics_features; Owner: -
--

COMMENT ON COLUMN analytics_features.source_log.error IS 'Why it failed; null when it did not.';

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
-- Name: FUNCTION tg__product_changed(); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.tg__product_changed() FROM PUBLIC;

--
-- Name: FUNCTION wake_worker(run_at timestamp with time zone); Type: ACL; Schema: analytics_features; Owner: -
--

REVOKE ALL ON FUNCTION analytics_features.wake_worker(run_at timestamp with time zone) FROM PUBLIC;

--
-- PostgreSQL database dump complete
--
