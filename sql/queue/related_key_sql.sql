/*
 * Columns of one type are compared as they are, so that an index on the product's serves; two numbers as
 * numbers, so that 12 and 12.00 are one key; anything else as text.
 */
create or replace function :PGVECTOR_SCHEMA.related_key_sql(relation oid, key_column text, product_column text, out key text, out product_key text)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_type oid := (select a.atttypid from pg_attribute a where a.attrelid = relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped);
  v_product_type oid := (select c.type from :PGVECTOR_SCHEMA.source_columns c where c.column_name = product_column);
  v_cast text := case
    when v_type = v_product_type then ''
    when (select bool_and(t.typcategory = 'N') from pg_type t where t.oid in (v_type, v_product_type)) then '::pg_catalog.numeric'
    else '::pg_catalog.text'
  end;
begin
  if v_type is null or v_product_type is null then
    return;
  end if;
  key := format('r.%I%s', key_column, v_cast);
  product_key := format('s.%I%s', product_column, case when v_cast = '::pg_catalog.numeric' then '' else v_cast end);
end
$$;

comment on function :PGVECTOR_SCHEMA.related_key_sql(oid, text, text) is
  'SQL for the key of a row r of a related table and for what a source row s has of it; null when either has no such column.';
