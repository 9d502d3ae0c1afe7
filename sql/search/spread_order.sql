/*
 * Maximal marginal relevance (Carbonell and Goldstein 1998): each pick is near to the query and far
 * from what was picked before. How near each candidate is to the nearest pick is carried along, so
 * that a pick costs one distance a candidate: 10 of 100 candidates take some milliseconds.
 */
create or replace function :PGVECTOR_SCHEMA.spread_order(
  query :VECTOR_SCHEMA.vector, candidates :VECTOR_SCHEMA.vector[], max_results integer, spread double precision
) returns integer[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_similarities double precision[] := (
    select array_agg(1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) query) order by c.place)
    from unnest(candidates) with ordinality c (embedding, place)
  );
  -- Of each candidate to the nearest pick; null for what is picked itself.
  v_repeated double precision[] := array_fill(0::double precision, array[coalesce(cardinality(candidates), 0)]);
  v_picks integer[] := '{}';
  v_pick integer;
  v_embedding :VECTOR_SCHEMA.vector;
begin
  while cardinality(v_picks) < least(max_results, cardinality(candidates)) loop
    select c.place into v_pick
    from unnest(v_similarities, v_repeated) with ordinality c (similarity, repeated, place)
    where c.repeated is not null
    order by (1 - spread) * c.similarity - spread * c.repeated desc, c.place
    limit 1;
    v_picks := v_picks || v_pick;
    v_embedding := candidates[v_pick];
    v_repeated := (
      select array_agg(
        case
          when c.place = v_pick or c.repeated is null then null
          -- What was never compared is 0, and a cosine may be less.
          when cardinality(v_picks) = 1 then 1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding)
          else greatest(c.repeated, 1 - (c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding))
        end
        order by c.place
      )
      from unnest(candidates, v_repeated) with ordinality c (embedding, repeated, place)
    );
  end loop;
  return v_picks;
end
$$;

comment on function :PGVECTOR_SCHEMA.spread_order(:VECTOR_SCHEMA.vector, :VECTOR_SCHEMA.vector[], integer, double precision) is
  'Which of the candidates, by place and in order, are near to the query and unlike each other: maximal marginal relevance with lambda = 1 - spread.';
