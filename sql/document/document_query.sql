create function :PGVECTOR_SCHEMA.document_query() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    'select d.product_id, d.document, pg_catalog.sha256(pg_catalog.convert_to(d.document, ''UTF8'')) as document_hash from (select %s as product_id, %s as document from %s s where %s) d where d.product_id is not null',
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.document_sql('s'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.product_is_live_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea). Raises PE001, PE002.';
