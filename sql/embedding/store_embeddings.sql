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
