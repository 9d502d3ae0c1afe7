/*
 * Where each product is on a map of the catalogue: vectors brought down to two dimensions, which no SQL
 * does. Made anew as a whole by the worker, since a projection has no place for one product more.
 */
create table if not exists :PGVECTOR_SCHEMA.product_map (
  product_id bigint primary key,
  x real not null,
  y real not null,
  mapped_at timestamptz not null default now()
);

comment on table  :PGVECTOR_SCHEMA.product_map is 'A map of the catalogue: products whose vectors are near are near on it. At most settings.map_products of them, made by the worker.';
comment on column :PGVECTOR_SCHEMA.product_map.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_map.x is 'Its place; only distances mean something, and the near ones more than the far ones.';
comment on column :PGVECTOR_SCHEMA.product_map.y is 'Likewise.';
comment on column :PGVECTOR_SCHEMA.product_map.mapped_at is 'When the map was made.';
