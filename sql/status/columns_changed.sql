/*
 * To alter a table fires no trigger, and each document may be another after it. The columns and what makes a product a live one are
 * those of the last comparison, or changes have gone by unseen.
 */
create or replace function :PGVECTOR_SCHEMA.columns_changed() returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (:PGVECTOR_SCHEMA.last_comparison()).document_columns is distinct from (
      select array_agg(c.column_name order by c.position)
      from :PGVECTOR_SCHEMA.source_columns c
      where c.in_document
    )
    or exists (
      select from :PGVECTOR_SCHEMA.source_expressions e where e.is_live <> :PGVECTOR_SCHEMA.product_is_live_sql('s')
    );
end
$$;

comment on function :PGVECTOR_SCHEMA.columns_changed() is
  'Whether the columns in the documents, or those that say whether a product is live, are others than at the last comparison.';
