/*
 * Somebody who changed a few products waits to find them; who changed thousands knows that it takes a while.
 * A few are a hundred in one transaction, which is two or three seconds of encoding.
 *
 * Of the oldest and the newest 500 rows, which the next ones to be taken up are among, however many wait: of a million (a
 * worker that was away, a subscription that copies row by row) each look would take seconds. A transaction that reaches
 * beyond them is a large one. Counted before they are sorted by transaction, so that the ids are not sorted along.
 */
create or replace view :PGVECTOR_SCHEMA.sized_changes as
  select
    c.change_id,
    c.model_id,
    c.products,
    pg_catalog.sum(c.products) over w > 100 or pg_catalog.bool_or(c.is_cut) over w as is_bulk
  from (
    -- Where both ends have a row, nothing is cut off there.
    select e.change_id, e.model_id, e.queued_at, e.products, pg_catalog.bool_and(e.is_last) as is_cut
    from (
      (
        select
          c.change_id, c.model_id, c.queued_at, pg_catalog.cardinality(c.product_ids) as products,
          pg_catalog.row_number() over (order by c.change_id) = 500 as is_last
        from :PGVECTOR_SCHEMA.product_changes c
        order by c.change_id
        limit 500
      )
      union all
      (
        select
          c.change_id, c.model_id, c.queued_at, pg_catalog.cardinality(c.product_ids) as products,
          pg_catalog.row_number() over (order by c.change_id desc) = 500 as is_last
        from :PGVECTOR_SCHEMA.product_changes c
        order by c.change_id desc
        limit 500
      )
    ) e
    group by e.change_id, e.model_id, e.queued_at, e.products
  ) c
  window w as (partition by c.queued_at);

comment on view   :PGVECTOR_SCHEMA.sized_changes is 'The rows of product_changes, or the oldest and newest 500, and whether each is part of a large change.';
comment on column :PGVECTOR_SCHEMA.sized_changes.change_id is 'The row.';
comment on column :PGVECTOR_SCHEMA.sized_changes.model_id is 'The model that has to look at it; null is all of kept_models.';
comment on column :PGVECTOR_SCHEMA.sized_changes.products is 'How many products it names.';
comment on column :PGVECTOR_SCHEMA.sized_changes.is_bulk is 'Whether its transaction changed more than 100 products, and so comes after what changed a few.';
