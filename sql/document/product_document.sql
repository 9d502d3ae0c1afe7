create or replace function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_document record;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  select d.document, d.error into v_document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d;
  if v_document.error is not null then
    raise exception '%', regexp_replace(v_document.error, '^PE025: ', '')
      using errcode = 'PE025', hint = 'Mend the hook, or do without: select :PGVECTOR_SCHEMA.set_document_hook(null);';
  end if;
  return v_document.document;
end
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005, PE025, PE029.';
