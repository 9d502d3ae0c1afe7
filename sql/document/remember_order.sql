create or replace function :PGVECTOR_SCHEMA.remember_order() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.document_order (column_name)
  select c.column_name
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document and not exists (select from :PGVECTOR_SCHEMA.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing
$$;

comment on function :PGVECTOR_SCHEMA.remember_order() is 'Gives the columns of the document that have no place in document_order one, behind all others.';
