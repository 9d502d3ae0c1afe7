create or replace function :PGVECTOR_SCHEMA.queue_difference(model_id integer)
returns table (products bigint, missing bigint, stale bigint, orphans bigint, queued bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  return query execute format(
    $sql$
      with
        difference as materialized (
          select d.product_id, d.state, d.document_hash, d.has_words from :PGVECTOR_SCHEMA.embedding_difference($1) d
        ),
        outdated as materialized (
          select q.product_id
          from :PGVECTOR_SCHEMA.product_queue q
          join difference d on d.product_id = q.product_id
          where q.model_id = $1 and q.claim_id is not null and q.document_hash is distinct from d.document_hash
        ),
        to_queue as materialized (
          select d.product_id
          from difference d
          left join :PGVECTOR_SCHEMA.%I e on e.product_id = d.product_id
          left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id and f.model_id = $1
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
              from :PGVECTOR_SCHEMA.queued_products q
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
    :PGVECTOR_SCHEMA.embeddings_table(queue_difference.model_id),
    :PGVECTOR_SCHEMA.queue_changes_sql('select t.product_id from to_queue t', '$1')
  ) using queue_difference.model_id, queue_difference.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
    pg_current_xact_id_if_assigned() is not null;
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_difference(integer) is
  'Compares the source with the vectors of a model (0: before there is one) and queues what differs; returns what it found and how many products it queued. Part of reconcile(). Raises PE001, PE002, PE003, PE005, PE029, PE031.';
