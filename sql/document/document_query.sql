create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      select q.product_id, q.document, q.document_hash, q.name, q.texts
      from (
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash,
          %6$s as name, %7$s as texts
        from %4$s s
        order by 1, %5$s, 4
      ) q
      where q.is_live and q.product_id is not null
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.document_sql('s'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.newest_row_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.document_texts_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, texts text[]), one row each. Raises PE001, PE002.';
