/*
 * Also of a product that is gone from the source while its vector is kept: what is there instead of
 * it is a good question then. Candidates for a spread are ten times what is asked, at most 1000: from
 * fewer there is nothing to choose, and further away is nothing alike.
 */
create or replace function :PGVECTOR_SCHEMA.similar_products(
  of_product bigint, max_results integer default 10, filter jsonb default null, spread double precision default 0
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_embedding :VECTOR_SCHEMA.vector;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if spread is null or spread not between 0 and 1 then
    raise exception 'The spread must be from 0 to 1, not %.', coalesce(spread::text, 'null')
      using errcode = 'PE018', hint = 'Leave it out for the nearest; 0.3 to 0.5 keeps near-doubles apart.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results, case when spread > 0 then 200 else 10000 end);

  select e.embedding into v_embedding
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.product_id = of_product;
  if v_embedding is null then
    raise exception 'The product % has no vector.', coalesce(of_product::text, 'null')
      using errcode = 'PE017',
        hint = 'It is unknown, or not encoded yet: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  if spread = 0 then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from :PGVECTOR_SCHEMA.nearest_products(v_embedding, max_results, filter, array[of_product]) n
      join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      order by n.distance, n.product_id;
  else
    return query
      with candidates as materialized (
        select n.*, e.embedding, row_number() over (order by n.distance, n.product_id) as place
        from :PGVECTOR_SCHEMA.nearest_products(v_embedding, least(max_results * 10, 1000), filter, array[of_product]) n
        join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      ),
      picks as materialized (
        select :PGVECTOR_SCHEMA.spread_order(v_embedding, array_agg(c.embedding order by c.place), max_results, spread) as places
        from candidates c
      )
      select c.product_id, c.name, c.vendor_code, c.price, c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from picks p
      cross join unnest(p.places) with ordinality o (place, pick)
      join candidates c on c.place = o.place
      order by o.pick;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision) is
  'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014 to PE018.';
