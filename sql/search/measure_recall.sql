/*
 * What an approximate index costs in truth and saves in time, on one's own vectors: the same search
 * along the index, with what the settings say, and over everything. A hit is a vector as near as the
 * k-th exact one, so that equal vectors count for each other. The sample is the same each time.
 * Security definer, so that a reader may ask; it returns no vector.
 */
create or replace function :PGVECTOR_SCHEMA.measure_recall(k integer default 10, sample integer default 100)
returns table (
  queries integer,
  recall numeric,
  index_mean_ms numeric,
  index_p99_ms numeric,
  exact_mean_ms numeric,
  exact_p99_ms numeric
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set hnsw.iterative_scan = 'relaxed_order'
set ivfflat.iterative_scan = 'relaxed_order'
set hnsw.ef_search = 40
set ivfflat.probes = 1
set jit = off
as $$
declare
  v_type text;
  v_order text;
  v_candidates integer;
  v_query :VECTOR_SCHEMA.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_type := :PGVECTOR_SCHEMA.search_index();
  v_order := case when v_type is null or v_type = 'vector' then 'e.embedding operator(:VECTOR_SCHEMA.<->) $1'
    else format('e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  if k is null or k not between 1 and 1000 or sample is null or sample not between 1 and 10000 then
    raise exception 'Recall is measured of 1 to 1000 hits on 1 to 10000 vectors, not of % on %.', coalesce(k::text, 'null'), coalesce(sample::text, 'null')
      using errcode = 'PE014', hint = 'Leave both out for 10 and 100.';
  end if;
  perform set_config('hnsw.ef_search', s.hnsw_ef_search::text, true), set_config('ivfflat.probes', s.ivfflat_probes::text, true)
  from :PGVECTOR_SCHEMA.settings s;
  for v_query in
    select e.embedding from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e order by hashint8(e.product_id), e.product_id limit sample
  loop
    v_started := clock_timestamp();
    execute format(
      $sql$
        select array(
          select n.distance
          from (
            select e.embedding operator(:VECTOR_SCHEMA.<->) $1 as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
            order by %s
            limit %s
          ) n
          order by n.distance
          limit %s
        )
      $sql$,
      v_order, v_candidates, k
    ) into v_near using v_query;
    v_index_ms := v_index_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_started := clock_timestamp();
    v_exact := array(
      select (e.embedding operator(:VECTOR_SCHEMA.<->) v_query) + 0::double precision
      from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      order by 1
      limit k
    );
    v_exact_ms := v_exact_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_wanted := v_wanted + cardinality(v_exact);
    v_hits := v_hits + (select count(*) from unnest(v_near) n where n <= v_exact[cardinality(v_exact)]);
  end loop;

  return query
    select
      cardinality(v_index_ms),
      round(v_hits::numeric / nullif(v_wanted, 0), 4),
      (select round(avg(u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(avg(u)::numeric, 2) from unnest(v_exact_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_exact_ms) u);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) from public;

comment on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) is
  'Of the k exactly nearest, the share that the index finds, with stored vectors as queries, and the mean and 99th percentile of milliseconds along the index and without. Reads everything for each query. Raises PE003, PE014.';
