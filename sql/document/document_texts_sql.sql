/*
 * What is said in words: numbers, dates and yes or no are found by filters, and among the words a price
 * would be taken for a code.
 */
create or replace function :PGVECTOR_SCHEMA.document_texts_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select format('array[%s]::pg_catalog.text[]', string_agg(format('%I.%I::pg_catalog.text', alias, c.column_name), ', ' order by c.position))
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.in_document and c.column_name <> 'name'
      and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_texts_sql(text) is
  'SQL expression for the texts of a source row but its name, as text[]: the columns of text, arrays, enums and json that are in the document; alias names the row.';
