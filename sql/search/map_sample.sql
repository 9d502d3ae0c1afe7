create or replace function :PGVECTOR_SCHEMA.map_sample() returns table (product_id bigint, embedding :VECTOR_SCHEMA.vector)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- By a hash of the id: of a large catalogue the same products stay on the map.
  select e.product_id, e.embedding
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at is null
  order by hashint8(e.product_id), e.product_id
  limit (select s.map_products from :PGVECTOR_SCHEMA.settings s)
$$;

comment on function :PGVECTOR_SCHEMA.map_sample() is 'The products that a map is made of, and their vectors: all, or settings.map_products of them.';
