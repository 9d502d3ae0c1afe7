/*
 * Similarity is to the nearest of the given products and not to their mean: the mean of brake pads
 * and motor oil is near to neither. Being together is the noisy or of the pairs' scores, so that
 * several of the given products add up and one is enough, and it is taken relative to the strongest,
 * because scores of pairs are small numbers where a cosine of two texts is not.
 *
 * Each of the given products costs a search, so the first 10 do it; their pairs cost little, so those
 * of the first 100 count. A pair needs no vector: what is sold already and not yet encoded is
 * recommended, and recommended for.
 */
create or replace function :PGVECTOR_SCHEMA.recommended_products(
  product_ids bigint[], max_results integer default 10, filter jsonb default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric,
  score double precision, similarity double precision, together bigint, reason text
)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_given bigint[];
  v_left_out bigint[] := array(select g from unnest(product_ids) g where g is not null);
  v_has_pairs boolean;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 1000);
  v_has_pairs := exists (select from :PGVECTOR_SCHEMA.product_pairs);

  select array_agg(k.product_id order by k.place) into v_given
  from (
    select g.product_id, min(g.place) as place
    from unnest(product_ids) with ordinality g (product_id, place)
    where exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = g.product_id)
      or exists (select from :PGVECTOR_SCHEMA.product_pairs p where p.product_id = g.product_id)
    group by g.product_id
    order by 2
    limit 100
  ) k;
  if v_given is null then
    raise exception 'None of the given products is known here.'
      using errcode = 'PE017',
        hint = 'Pass products that have a vector, or pairs: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  return query
    with
      given as materialized (
        select e.product_id, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id = any (v_given)
        order by array_position(v_given, e.product_id)
        limit 10
      ),
      near as materialized (
        select distinct n.product_id
        from given g
        cross join lateral :PGVECTOR_SCHEMA.nearest_products(g.embedding, greatest(max_results, 10), filter, v_left_out) n
      ),
      paired as materialized (
        select p.other_id as product_id, max(p.together) as together,
          1 - exp(sum(ln(greatest(1 - p.score, 1e-9)))) as affinity
        from :PGVECTOR_SCHEMA.product_pairs p
        where p.product_id = any (v_given) and p.other_id <> all (v_left_out)
        group by p.other_id
      ),
      candidates as materialized (
        select product_id, n.product_id is not null as is_near, p.together, p.affinity
        from near n
        full join paired p using (product_id)
      ),
      alive as materialized (
        select l.product_id, l.name, l.vendor_code, l.price
        from :PGVECTOR_SCHEMA.live_products((select array_agg(c.product_id) from candidates c), filter) l
      ),
      judged as materialized (
        select
          a.product_id, a.name, a.vendor_code, a.price, c.is_near, c.together,
          coalesce(c.affinity / max(c.affinity) over (), 0) as affinity,
          (
            select max(1 - (g.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding))
            from given g
            join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = a.product_id
          ) as similarity
        from alive a
        join candidates c on c.product_id = a.product_id
      )
    select
      j.product_id, j.name, j.vendor_code, j.price,
      case when v_has_pairs then s.pair_weight * j.affinity + (1 - s.pair_weight) * greatest(coalesce(j.similarity, 0), 0) else greatest(j.similarity, 0) end,
      j.similarity, j.together,
      case
        when not v_has_pairs then 'similar (no pairs known)'
        when j.together is null then 'similar'
        when j.is_near then 'both'
        else 'bought together'
      end
    from judged j
    cross join :PGVECTOR_SCHEMA.settings s
    order by 5 desc, 1
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb) is
  'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014 to PE017.';
