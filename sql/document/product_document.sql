create or replace function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return (select d.document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d);
end
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005.';
