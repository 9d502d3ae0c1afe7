/*
 * Of each product its ten nearest, through the index where there is one, so that the work grows with
 * the products and not with their pairs; a pair is missed only where both have ten others that are
 * nearer. Products of one text are found by its hash and need no neighbours: there may be hundreds
 * of them, and an index is free to miss some. Those come first and fill the limit before anything is
 * compared.
 */
create or replace function :PGVECTOR_SCHEMA.duplicate_products(
  threshold double precision default 0.05, max_results integer default 1000
)
returns table (product_id bigint, name text, duplicate_id bigint, duplicate_name text, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'relaxed_order'
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 100000);
  if threshold is null or threshold not between 0 and 2 then
    raise exception 'The threshold must be from 0 to 2, not %.', coalesce(threshold::text, 'null')
      using errcode = 'PE018', hint = 'It is a cosine distance: 0 is the same text, 0.02 hardly a word''s difference. Leave it out for 0.05.';
  end if;

  return query execute format(
    $sql$
      with
        products as materialized (%1$s),
        embedded as not materialized (
          select e.product_id, e.embedding, e.model_id, e.document_hash
          from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
          where (e.product_id in (select p.product_id from products p)) is true
        ),
        groups as materialized (
          select array_agg(e.product_id order by e.product_id) as ids
          from embedded e
          where e.document_hash is not null
          group by e.model_id, e.document_hash
          having count(*) > 1
          order by min(e.product_id)
        ),
        -- The limit ends it within a group: of thousands of one text there are millions of pairs.
        same as materialized (
          select a.id as product_id, b.id as duplicate_id, 0::double precision as distance
          from groups g
          cross join unnest(g.ids) with ordinality a (id, place)
          join unnest(g.ids) with ordinality b (id, place) on b.place > a.place
          limit $2
        ),
        near as (
          select distinct
            least(e.product_id, n.product_id) as product_id,
            greatest(e.product_id, n.product_id) as duplicate_id,
            n.distance
          from embedded e
          cross join lateral (
            select o.product_id, o.document_hash, o.model_id, o.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE o
            where o.product_id <> e.product_id
              -- "is true" makes it a look-up in a hash; as a join it would read all products at every hit.
              and (o.product_id in (select p.product_id from products p)) is true
            -- Vectors have unit length: L2 gives the order of cosine, and the l2 index serves it.
            order by o.embedding%2$s operator(:VECTOR_SCHEMA.<->) e.embedding%2$s
            limit 10
          ) n
          where n.distance <= $1
            and (n.document_hash = e.document_hash and n.model_id = e.model_id) is not true
            and (select count(*) from same) < $2
        ),
        pairs as (
          select * from same
          union all
          select * from near
          order by 3, 1, 2
          limit $2
        )
      select p.product_id, p.name, d.product_id, d.name, pairs.distance
      from pairs
      join products p on p.product_id = pairs.product_id
      join products d on d.product_id = pairs.duplicate_id
      order by 5, 1, 3
    $sql$,
    :PGVECTOR_SCHEMA.live_products_query(),
    -- An index over halves serves only an order by halves.
    '::' || nullif(:PGVECTOR_SCHEMA.search_index(), 'vector')
  ) using threshold, max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.duplicate_products(double precision, integer) is
  'Pairs of live products that may be one product entered twice, nearest first, each pair once: cosine distance at most threshold (0 to 2), among the ten nearest of either; and all of one text, at distance 0. max_results: 1 to 100000. Raises PE001 to PE003, PE005, PE014, PE018.';
