/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place.
 */
create function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  insert into :PGVECTOR_SCHEMA.product_queue (product_id)
  select d.product_id
  from :PGVECTOR_SCHEMA.embedding_difference() d
  left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
  left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id
  where d.state <> 'current'
    -- A vanished product that is already marked waits for its grace period, not for a worker.
    and not (d.state = 'orphan' and e.vanished_at is not null)
    and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
    -- Not what waits already, nor what is being encoded from the text that it has now.
    and not exists (
      select
      from :PGVECTOR_SCHEMA.product_queue q
      where q.product_id = d.product_id and (q.claim_id is null or q.document_hash = d.document_hash)
    );
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  insert into :PGVECTOR_SCHEMA.source_log (event, queued) values ('reconcile', v_rows);
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. Raises PE001, PE002, PE003.';
