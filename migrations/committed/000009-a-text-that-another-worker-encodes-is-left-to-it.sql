--! Previous: sha1:67b9364b852784fc317bbfa057212dd6c3bfa5ee
--! Hash: sha1:5ca953b16856fe2d760f62068d7c6fa0a7734866
--! Message: A text that another worker encodes is left to it

-- One object a file below sql/, included here; see CONVENTIONS.md.

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- What a view or a check calls is settled when it is made: nothing that somebody put into public may suit it better than pg_catalog's own.
set local search_path = pg_catalog, pg_temp;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

--! Included queue/announce_changes.sql
/*
 * NOTIFY has all who commit wait for each other's disk, so a writer says something only to a worker that
 * rests. A resting one holds this lock (see look_for_work), so who cannot share it has to wake; who shares it,
 * until the end of his transaction, keeps workers from going to rest before they have seen what he commits.
 * The lock is only tried: no writer waits. Without a SET clause and with everything in full, so that it is inlined into the trigger:
 * a call of its own was a twelfth of what an update of one row took.
 */
create or replace function :PGVECTOR_SCHEMA.announce_changes() returns void
language sql volatile
as $$
  select case when not pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtext(':PGVECTOR_SCHEMA.product_changes'), 1)
    then pg_catalog.pg_notify(':PGVECTOR_SCHEMA', '')
  end
$$;

comment on function :PGVECTOR_SCHEMA.announce_changes() is
  'Wakes the workers that rest, when this transaction commits; for who wrote product_changes or product_queue.';
--! EndIncluded queue/announce_changes.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement. One row, nearly all that an application writes, is noted at once and in the least of steps where
 * notes_unseen() says so; whether its text changed is found when it is claimed. Otherwise note_update() looks at it. What many rows take
 * note_changes() says. A session compiles this anew for each trigger and never forgets it, so that each swap of dbt's table
 * costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled: 0.4 s of an update of 61,000 rows.
set jit = off
as $$
declare
  v_id bigint;
  v_is_same boolean;
  v_statement text;
begin
  -- Nothing is written in here, which would take a transaction id of its own.
  begin
    if tg_op = 'UPDATE' then
      select n.product_id::bigint, n.product_id::bigint = o.product_id::bigint into strict v_id, v_is_same from new_rows n cross join old_rows o;
    elsif tg_op = 'INSERT' then
      select n.product_id::bigint, n.product_id is not null into strict v_id, v_is_same from new_rows n;
    elsif tg_op = 'DELETE' then
      select o.product_id::bigint, o.product_id is not null into strict v_id, v_is_same from old_rows o;
    end if;
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
      perform :PGVECTOR_SCHEMA.note_update(v_id, tg_table_schema, tg_table_name, n, o) from new_rows n cross join old_rows o;
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
--! Included embedding/claim_products.sql
/*
 * Decides from the source as it is now what each queued product needs, in one statement and so in
 * one snapshot: a queue row and the change it stands for were committed together, so what is
 * deleted here has been seen. Unchanged and vanished products are settled on the spot, in chunks
 * that grow, because a source without an index on product_id is read once for each chunk.
 *
 * Nor is a text encoded whose vector stands with another product: a new product is often a copy, and an
 * encoder takes a thousand times as long as copying. (By a subquery with a limit and not by a join: how often
 * a hash stands there is what statistics of a table that fills know least about.) Nor one that another worker is
 * encoding for another product: its queue rows ride along with that claim, and end with its store or its release.
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
  v_others bigint[];
  v_recipe text;
  v_found boolean;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  v_model_id := coalesce(claim_products.model_id, v_active_id);
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  -- Not before the locks: who waited for his turn would judge by what the fields were.
  v_recipe := :PGVECTOR_SCHEMA.words_recipe();
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, model_id, lease_until)
  values (claim_products.worker, v_model_id, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;
  v_others := array(
    select c.claim_id
    from :PGVECTOR_SCHEMA.product_claims c
    where c.model_id = v_model_id and c.claim_id <> v_claim_id and c.lease_until > clock_timestamp()
  );

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
      -- By text what other workers hold, the urgent first.
      elsewhere as materialized (
        select distinct on (q.document_hash, q.is_bulk) q.document_hash, q.is_bulk, q.claim_id
        from :PGVECTOR_SCHEMA.product_queue q
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
        where q.model_id = $2 and q.queue_id = i.queue_id and j.verdict not in ('to encode', 'rides along')
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
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
    $claim$, :PGVECTOR_SCHEMA.embeddings_table(v_model_id))
    using v_ids, v_model_id, v_settings.max_attempts, v_most, v_claim_id, v_settings.max_document_characters, v_others;

    v_found := found;
    -- After the claim, so that the words are no older than what was judged. Mostly they are there already, and to look for that takes
    -- less than to render the documents once more.
    if v_model_id = v_active_id and exists (
      select
      from unnest(v_ids) i (product_id)
      left join :PGVECTOR_SCHEMA.product_queue q on q.product_id = i.product_id and q.model_id = v_model_id and q.claim_id = v_claim_id
      left join :PGVECTOR_SCHEMA.product_words w on w.product_id = i.product_id
      where q.queue_id is null or q.document_hash is distinct from w.document_hash or w.config is distinct from v_settings.words_config or w.recipe is distinct from v_recipe
    ) then
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
  'Claims up to max_products products that are queued for a model, the active one when null, and whose document really changed, for settings.lease, and returns their documents, the texts that are encoded apart with what each counts (of one text: the document and 1), and whether the change was a large one, which come last; settles the others, giving those whose text another product has a copy of its vector, leaves those whose text another worker is encoding to that worker, and sets those aside that the hook failed for. No rows: nothing is left to do now. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded embedding/claim_products.sql
--! Included embedding/store_embeddings.sql
/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it. All products of the claim that have one of these texts get its vector, also those that
 * another worker's claim let ride along.
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
    given as materialized (
      select distinct on (q.document_hash) q.document_hash, g.embedding, g.tokens
      from unnest($3, $4, $5) g (product_id, embedding, tokens)
      join :PGVECTOR_SCHEMA.product_queue q on q.product_id = g.product_id and q.claim_id = $1
      order by q.document_hash
    ),
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = $1 and q.document_hash in (select g.document_hash from given g)
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
      select distinct on (h.product_id) h.product_id, h.document_hash
      from held h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.model_id = $2 and newer.claim_id is distinct from $1
      )
      and not exists (select from noted n where n.product_id = h.product_id)
      order by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id, document_hash, tokens)
      select f.product_id, g.embedding, $2, f.document_hash, case when g.tokens > m.max_tokens then g.tokens end
      from given g
      join :PGVECTOR_SCHEMA.embedding_models m on m.model_id = $2
      join fresh f on f.document_hash = g.document_hash
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
  'Stores the vectors of claimed products, and of those that the claim holds with the same text, noting the tokens of documents that are longer than the model reads, and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
--! EndIncluded embedding/store_embeddings.sql
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
  v_pool integer := greatest(max_results, 30);
  v_wanted integer := 2 * v_pool;
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
    -- Mostly the best are live, and fill the pool when a few are gone. Where many are, or do not pass, all that were found are looked up.
    v_lookup := case
      when filter is null and not v_complete and v_wanted = 2 * v_pool then v_ids[1 : v_pool + v_pool / 2]
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
      -- As the product writes it, where it can be found there: the stem is nothing to show.
      array(
        select coalesce(
          substring(b.label from t.pattern),
          -- Of megabytes, which feeds have in a name too, folding takes seconds.
          substring(:PGVECTOR_SCHEMA.fold_text(left(concat_ws(' ', b.name, b.vendor_code), 2000)) from t.pattern),
          t.stem
        )
        from unnest(string_to_array(b.terms, ' ')) with ordinality u (term, place)
        cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem offset 0) s
        cross join lateral (select s.stem, E'\\m' || s.stem || '[[:alnum:]]*' as pattern) t
        order by u.place
      )
    from best b
    order by b.score desc, b.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code; matched_words: looked for in the first 2000 characters of name and code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
--! Included search/rank_words.sql
/*
 * Words that half the catalogue has would make candidates of half the catalogue, so these are chosen
 * strictest first: products that have all groups of the query, then all but one, and so on, until there
 * are enough; what was found is scored by all words. The rarest six groups choose. Of too many that
 * match alike those are taken that have the words in their name, and then the shortest, which is what BM25 would do.
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
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.group_no > 0), v_complete
    from (
      -- The best way to say each group counts, and all that only adds.
      select distinct on (a.product_id, a.group_no, a.added) a.product_id, a.group_no, a.score, a.term, a.added is not distinct from 0 as is_exact
      from (
        select o.product_id, o.group_no, o.alternative, case when o.group_no = 0 then o.alternative end as added,
          sum(o.score) as score, string_agg(o.term, ' ') as term
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
      order by a.product_id, a.group_no, a.added, a.score desc
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; is_complete: the words find no more. Dead products are among them.';
--! EndIncluded search/rank_words.sql
