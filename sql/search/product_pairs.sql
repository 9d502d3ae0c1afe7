/*
 * Derived, and made anew from the orders by refresh_pairs(): counting pairs at each question would
 * read all orders. A pair stands in both directions, so that one index finds it from either side.
 */
create table if not exists :PGVECTOR_SCHEMA.product_pairs (
  product_id bigint not null,
  other_id bigint not null check (other_id <> product_id),
  together bigint not null check (together > 0),
  score double precision not null check (score > 0 and score <= 1),
  log_likelihood_ratio double precision not null,
  primary key (product_id, other_id)
);

comment on table  :PGVECTOR_SCHEMA.product_pairs is 'Products that are together in orders or sessions more often than by chance, up to 50 others of each; refresh_pairs() makes it.';
comment on column :PGVECTOR_SCHEMA.product_pairs.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_pairs.other_id is 'What it is together with.';
comment on column :PGVECTOR_SCHEMA.product_pairs.together is 'Orders or sessions with both.';
comment on column :PGVECTOR_SCHEMA.product_pairs.score is 'Cosine of the two: together / sqrt(orders with the one * orders with the other), up to 1.';
comment on column :PGVECTOR_SCHEMA.product_pairs.log_likelihood_ratio is 'How sure it is that this is no chance; from 10.83, one in a thousand.';
