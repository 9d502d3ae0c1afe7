/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it.
 */
create or replace function :PGVECTOR_SCHEMA.store_embeddings(
  claim_id bigint, model_id integer, product_ids bigint[], embeddings :VECTOR_SCHEMA.vector[]
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  if store_embeddings.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'Vectors of another model than the active one are not stored.'
      using errcode = 'PE021',
        hint = 'The model was changed while this worker ran: start the worker again.';
  end if;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = store_embeddings.claim_id and q.product_id = any (store_embeddings.product_ids)
      for update
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.claim_id is distinct from store_embeddings.claim_id
      )
      group by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.:PGVECTOR_TABLE as e (product_id, embedding, model_id, document_hash)
      select f.product_id, g.embedding, store_embeddings.model_id, decode(f.document_hash, 'hex')
      from unnest(store_embeddings.product_ids, store_embeddings.embeddings) g (product_id, embedding)
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from :PGVECTOR_SCHEMA.product_failures f using stored s where f.product_id = s.product_id
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q using held h where q.queue_id = h.queue_id
    )
  select count(*) into v_stored from stored;

  if v_stored > 0 then
    perform :PGVECTOR_SCHEMA.note_activity(claim_id, v_stored, 0);
  end if;
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_stored;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[]) is
  'Stores the vectors of claimed products and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
