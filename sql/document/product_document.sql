create function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select d.document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002.';
