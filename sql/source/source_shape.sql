create or replace function :PGVECTOR_SCHEMA.source_shape()
returns table (unusable_ids bigint, duplicate_ids bigint, document_columns text[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
begin
  execute format(
    $sql$
      select coalesce(sum(i.rows) filter (where i.id is null), 0), count(*) filter (where i.id is not null and i.valid_rows > 1)
      from (select %s as id, count(*) as rows, count(*) filter (where %s) as valid_rows from %s s group by 1) i
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.row_is_valid_sql('s'),
    v_source
  ) into unusable_ids, duplicate_ids;
  select array_agg(c.column_name order by c.position) into document_columns
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_shape() is
  'Rows without a usable product_id, product_ids that stand in several rows that are valid now (see row_is_valid_sql), and the columns that are in the document. Reads every id. Raises PE001, PE002, PE005.';
