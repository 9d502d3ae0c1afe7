create or replace function :PGVECTOR_SCHEMA.vector_distance(product_id bigint, query :VECTOR_SCHEMA.vector, model_id integer)
returns double precision
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_distance double precision;
begin
  execute format(
    'select e.embedding operator(:VECTOR_SCHEMA.<=>) $2 from :PGVECTOR_SCHEMA.%I e where e.product_id = $1',
    :PGVECTOR_SCHEMA.embeddings_table(vector_distance.model_id)
  ) into v_distance using vector_distance.product_id, query;
  return v_distance;
end
$$;

comment on function :PGVECTOR_SCHEMA.vector_distance(bigint, :VECTOR_SCHEMA.vector, integer) is
  'Cosine distance of a product''s vector by a model to a query''s; null without a vector.';
