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
  perform :PGVECTOR_SCHEMA.require_embeddings();
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
  'Claims up to max_products products that are queued for a model, the active one when null, and whose document really changed, for settings.lease, and returns their documents, the texts that are encoded apart with what each counts (of one text: the document and 1), and whether the change was a large one, which come last; settles the others, giving those whose text another product has a copy of its vector, leaves those whose text another worker is encoding to that worker, and sets those aside that the hook failed for. No rows: nothing is left to do now. Raises PE001, PE002, PE003, PE005, PE029.';
