create or replace function :PGVECTOR_SCHEMA.sample_documents(sample integer default 200) returns table (document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return query
    select left(d.document, 2000)
    from :PGVECTOR_SCHEMA.product_documents(array(
      select w.product_id from :PGVECTOR_SCHEMA.product_words w order by hashint8(w.product_id), w.product_id limit sample
    )) d;
end
$$;

comment on function :PGVECTOR_SCHEMA.sample_documents(integer) is
  'Documents of so many of the products whose words are known, the same each time as long as these are there: for the worker to see whether a tokenizer suits them. Raises PE001, PE002, PE005, PE029.';
