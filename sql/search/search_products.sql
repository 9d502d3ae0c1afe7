/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once. Security definer, so that a reader needs no right on tables.
 *
 * Where the last comparison found ids in several rows, the newest row of each is looked for first,
 * which costs a sort of the source; otherwise a double that just came is one hit all the same.
 *
 * No overload that takes text may have this name: an untyped literal would resolve to it.
 */
create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_dimension integer;
  v_operator text;
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding';

  v_operator := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
  end if;
  if :VECTOR_SCHEMA.vector_dims(query) <> v_dimension then
    raise exception 'The query vector has % components, the products'' vectors have %.', :VECTOR_SCHEMA.vector_dims(query), v_dimension
      using errcode = 'PE012', hint = 'Encode the query with the model that encoded the products: select model from :PGVECTOR_SCHEMA.embedding_status;';
  end if;
  if :VECTOR_SCHEMA.vector_norm(query) = 0 then
    raise exception 'The query vector is zero and has no direction.'
      using errcode = 'PE013', hint = 'Pass the vector of a text; no model gives zero.';
  end if;
  if max_results is null or max_results not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;

  return query execute format(
    $sql$
      select distinct on (5, 1) h.product_id, h.name, h.vendor_code, h.price, h.embedding operator(:VECTOR_SCHEMA.%1$s) $1
      from (
        select e.product_id, p.name, p.vendor_code, p.price, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        join (
          select %2$s %3$s as product_id, %4$s as is_live, %5$s as name, %6$s as vendor_code, %7$s as price
          from %8$s s
          %9$s
        ) p on p.product_id = e.product_id
        where p.is_live
        order by e.embedding operator(:VECTOR_SCHEMA.<->) $1
        limit $2
      ) h
      order by 5, 1
    $sql$,
    v_operator,
    case when v_last.duplicate_ids > 0 then 'distinct on (1)' else '' end,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric'),
    v_source,
    case when v_last.duplicate_ids > 0 then 'order by 1, ' || :PGVECTOR_SCHEMA.newest_row_sql('s') || ', 3, 4, 5' else '' end
  ) using query, max_results;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
