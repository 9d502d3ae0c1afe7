/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once. Security definer, so that a reader needs no right on tables.
 *
 * The filter has no default, or a call with three arguments would be ambiguous. No overload that takes
 * text may have this name: an untyped literal would resolve to it.
 */
create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text, max_results integer, filter jsonb
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text;
  v_direction :VECTOR_SCHEMA.vector := query;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_operator := :PGVECTOR_SCHEMA.require_query(query, metric, max_results);
  -- Beside one that is much longer or shorter the differences between products are lost in rounding.
  if :VECTOR_SCHEMA.vector_norm(query) not between 1e-3 and 1e3 then
    v_direction := :VECTOR_SCHEMA.l2_normalize(query);
  elsif v_operator = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n;
    return;
  end if;
  return query
    select n.product_id, n.name, n.vendor_code, n.price,
      case v_operator
        when '<->' then e.embedding operator(:VECTOR_SCHEMA.<->) query
        when '<=>' then e.embedding operator(:VECTOR_SCHEMA.<=>) v_direction
        else e.embedding operator(:VECTOR_SCHEMA.<#>) query
      end
    from :PGVECTOR_SCHEMA.nearest_products(v_direction, max_results, filter) n
    join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
    order by case when v_direction operator(:VECTOR_SCHEMA.<>) query then n.distance end, 5, 1;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) is
  'The products nearest to a vector of those that pass a filter (see filter_sql), nearest first; otherwise as with three arguments. Raises PE015 and PE016 too.';

create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer rows 10
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The usual case spares itself what is felt at this speed. The statement that looks for vectors takes its lock before
  -- its snapshot, as each does here, and pgvector compares dimensions.
  if metric in ('l2', '<->', 'cosine', '<=>') and max_results between 1 and 10000 and :VECTOR_SCHEMA.vector_norm(query) between 1e-3 and 1e3
    and to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null and current_setting('transaction_isolation') = 'read committed'
  then
    begin
      if metric in ('l2', '<->') then
        return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n;
      else
        return query
          select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) query
          from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n
          join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
          order by 5, 1;
      end if;
      if found then
        return;
      end if;
    exception when data_exception then
      -- What is wrong with it is said below.
      null;
    end;
  end if;
  return query select s.* from :PGVECTOR_SCHEMA.search_products(query, metric, max_results, null::jsonb) s;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
