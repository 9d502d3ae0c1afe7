/*
 * What writers leave: a row a statement, whatever number of products and models, in a table that nothing
 * but its key has to be kept for. Append-only: a change adds a row and never touches another, so two writers
 * cannot wait for each other, deadlock, or wait for a worker, whatever order they write in. (A row a
 * product, upserted, made a reconcile wait for an open writer while holding what the next one needed.)
 */
create table if not exists :PGVECTOR_SCHEMA.product_changes (
  change_id bigint generated always as identity primary key,
  queued_at timestamptz not null default now(),
  model_id integer,
  product_ids bigint[] not null
) with (
  -- As product_queue: rows live for milliseconds.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05
);

comment on table  :PGVECTOR_SCHEMA.product_changes is 'Products that changed, as writers noted them; a worker takes them up into product_queue (see take_up_changes). queued_products shows both.';
comment on column :PGVECTOR_SCHEMA.product_changes.change_id is 'Order in which they were noted.';
comment on column :PGVECTOR_SCHEMA.product_changes.queued_at is 'Start of the transaction that changed them; rows of one transaction belong together.';
comment on column :PGVECTOR_SCHEMA.product_changes.model_id is 'The model that has to look at them; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.product_changes.product_ids is 'The products, up to 200 of them.';
