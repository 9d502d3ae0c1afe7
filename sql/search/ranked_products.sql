/*
 * The active model's through the function that everybody searches with; another's in the same way, but
 * compared exactly and without asking for vectors.
 */
create or replace function :PGVECTOR_SCHEMA.ranked_products(query text, k integer, mode text, model_id integer default null)
returns table (product_id bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_vector :VECTOR_SCHEMA.vector;
begin
  if ranked_products.model_id is null or mode = 'words' then
    return query select s.product_id from :PGVECTOR_SCHEMA.search_products_text(query, k, null, mode) s;
    return;
  end if;
  v_vector := :PGVECTOR_SCHEMA.query_embedding(query, ranked_products.model_id);
  if mode = 'vectors' then
    return query select n.product_id from :PGVECTOR_SCHEMA.nearest_products(v_vector, k, null, null, ranked_products.model_id) n;
  else
    return query select h.product_id from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, k, null, ranked_products.model_id) h;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.ranked_products(text, integer, text, integer) is
  'The products that a search in this mode gives, best first; with the vectors of another model than the active one when model_id is not null.';
