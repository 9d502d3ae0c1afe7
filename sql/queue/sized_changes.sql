/*
 * Somebody who changed a few products waits to find them; who changed thousands knows that it takes a while.
 * A few are a hundred in one transaction, which is two or three seconds of encoding. Counted before they are sorted by
 * transaction, so that the ids are not sorted along.
 */
create or replace view :PGVECTOR_SCHEMA.sized_changes as
  select
    c.change_id,
    c.model_id,
    c.products,
    pg_catalog.sum(c.products) over (partition by c.queued_at) > 100 as is_bulk
  from (
    select c.change_id, c.model_id, c.queued_at, pg_catalog.cardinality(c.product_ids) as products
    from :PGVECTOR_SCHEMA.product_changes c
    offset 0
  ) c;

comment on view   :PGVECTOR_SCHEMA.sized_changes is 'The rows of product_changes, and whether each is part of a large change.';
comment on column :PGVECTOR_SCHEMA.sized_changes.change_id is 'The row.';
comment on column :PGVECTOR_SCHEMA.sized_changes.model_id is 'The model that has to look at it; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.sized_changes.products is 'How many products it names.';
comment on column :PGVECTOR_SCHEMA.sized_changes.is_bulk is 'Whether its transaction changed more than 100 products, and so comes after what changed a few.';
