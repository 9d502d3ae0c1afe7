/*
 * What every search by a vector asks of it, in the order in which a person would mend it.
 */
create or replace function :PGVECTOR_SCHEMA.require_query(
  query :VECTOR_SCHEMA.vector, metric text, max_results integer, dimension integer default null
) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  v_dimension integer := require_query.dimension;
begin
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
  end if;
  if v_dimension is null then
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and a.attname = 'embedding';
    if v_dimension is null then
      perform :PGVECTOR_SCHEMA.require_embeddings();
    end if;
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
  return v_operator;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_query(:VECTOR_SCHEMA.vector, text, integer, integer) is
  'The operator of a metric, when query and limit are sound too; dimension: what the vector has to have, null for that of the table. Raises PE003 and PE010 to PE014.';
