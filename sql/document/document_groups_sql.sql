create or replace function :PGVECTOR_SCHEMA.document_groups_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(:PGVECTOR_SCHEMA.document_sql(alias, w.weight), ', ' order by w.weight desc))
    from unnest(:PGVECTOR_SCHEMA.document_weights()) w (weight)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_groups_sql(text) is
  'SQL expression for the text of each group of fields of a source row as text[], in the order of document_weights(), empty ones too; alias names the row.';
