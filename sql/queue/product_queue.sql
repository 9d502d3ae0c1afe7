/*
 * Between the workers: writers leave product_changes, whose products stand here from when a worker took them up
 * until they are done. What a row means is decided when it is claimed, from the source as it is then.
 */
create table if not exists :PGVECTOR_SCHEMA.product_queue (
  queue_id bigint not null generated always as identity,
  product_id bigint not null,
  queued_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  attempts integer not null default 0,
  claim_id bigint,
  document_hash bytea
) with (
  -- Rows live for seconds; without this the dead ones of a backfill are scanned at every claim.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05
);

alter table :PGVECTOR_SCHEMA.product_queue
  add column if not exists model_id integer not null default 0,
  add column if not exists is_bulk boolean not null default false,
  -- For who queues a product by hand.
  alter column model_id set default coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
  -- A worker goes along one model's rows, however many wait for another.
  drop constraint if exists product_queue_pkey,
  drop constraint if exists product_queue_key,
  add constraint product_queue_key primary key (model_id, queue_id);

-- Both columns: of a queue that nobody analyzed yet, the planner would look a product up among all of its model.
drop index if exists :PGVECTOR_SCHEMA.product_queue_product_id_idx;
create index product_queue_product_id_idx on :PGVECTOR_SCHEMA.product_queue (product_id, model_id);
-- The short way to what overtakes the rest.
create index if not exists product_queue_urgent_idx on :PGVECTOR_SCHEMA.product_queue (model_id, queue_id) where not is_bulk;
create index if not exists product_queue_claim_id_idx on :PGVECTOR_SCHEMA.product_queue (claim_id) where claim_id is not null;

comment on table  :PGVECTOR_SCHEMA.product_queue is 'Products that changed, that a worker took up from product_changes, and that have not been looked at since.';
comment on column :PGVECTOR_SCHEMA.product_queue.queue_id is 'Order in which changes are taken up.';
comment on column :PGVECTOR_SCHEMA.product_queue.product_id is 'The product; it may stand here several times, and is encoded once.';
comment on column :PGVECTOR_SCHEMA.product_queue.model_id is 'The model whose vector of it is to be looked at: a row for each of kept_models; 0 before the first worker came.';
comment on column :PGVECTOR_SCHEMA.product_queue.is_bulk is 'Whether it is part of a large change, which the changes of a few products overtake.';
comment on column :PGVECTOR_SCHEMA.product_queue.queued_at is 'Start of the transaction that changed the product.';
comment on column :PGVECTOR_SCHEMA.product_queue.available_at is 'Not before this moment: later than queued_at while a failed attempt waits for the next one.';
comment on column :PGVECTOR_SCHEMA.product_queue.attempts is 'How often the product was claimed for encoding without a result.';
comment on column :PGVECTOR_SCHEMA.product_queue.claim_id is 'The claim that holds it (see product_claims); free when that claim is gone or its lease has run out.';
comment on column :PGVECTOR_SCHEMA.product_queue.document_hash is 'sha256 of the document that the claim handed out.';
