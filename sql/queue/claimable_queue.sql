create or replace view :PGVECTOR_SCHEMA.claimable_queue as
  select q.queue_id, q.product_id, q.queued_at, q.model_id, q.is_bulk
  from :PGVECTOR_SCHEMA.product_queue q
  where q.available_at <= now()
    -- Not a product of which another row is held: two workers must never have one product at once.
    and not exists (
      select
      from :PGVECTOR_SCHEMA.product_queue held
      join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = held.claim_id
      where held.product_id = q.product_id and held.model_id = q.model_id and c.lease_until > pg_catalog.clock_timestamp()
    );

comment on view :PGVECTOR_SCHEMA.claimable_queue is 'The rows of product_queue that a worker could take up now.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queue_id is 'Order in which they are taken up.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queued_at is 'Since when it waits.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.model_id is 'For which model.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.is_bulk is 'Whether it is part of a large change.';
