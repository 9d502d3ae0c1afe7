create or replace function :PGVECTOR_SCHEMA.attach_related(relation text, key_column text, product_column text default null) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_relation regclass := :PGVECTOR_SCHEMA.related_relation(relation);
  v_schema text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_relation);
  v_name text := (select c.relname from pg_class c where c.oid = v_relation);
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_product_column text := coalesce(product_column, key_column);
begin
  if not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped
  ) then
    raise exception '% has no column %.', v_relation, coalesce(quote_ident(key_column), 'null')
      using errcode = 'PE028',
        hint = (
          select 'It has ' || string_agg(a.attname, ', ' order by a.attnum) || '.'
          from pg_attribute a
          where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped
        );
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_product_column) then
    raise exception 'The source of the products, %, has no column %.', v_source, quote_ident(v_product_column)
      using errcode = 'PE028',
        hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
  end if;
  insert into :PGVECTOR_SCHEMA.related_tables values (v_schema, v_name, key_column, v_product_column) on conflict do nothing;
  perform :PGVECTOR_SCHEMA.attach_related_triggers(v_schema, v_name);
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_related(text, text, text) is
  'From now on a changed row of this table queues the products whose product_column (the same name by default) has the row''s key_column. Run by the table''s owner; safe to repeat. Raises PE001, PE002, PE028, and 42501.';
