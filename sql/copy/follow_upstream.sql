/*
 * dbt's rebuild there needs nothing here, since a foreign table goes by name; only its columns matter.
 */
create or replace function :PGVECTOR_SCHEMA.follow_upstream() returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_columns text;
  v_copied text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  select
    string_agg(format('%I %s', u.column_name, u.type), ', ' order by u.ordinal),
    string_agg(format('%I %s', u.column_name, case u.column_name when 'product_id' then 'bigint' else u.type::text end), ', ' order by u.column_name)
  into v_columns, v_copied
  from :PGVECTOR_SCHEMA.upstream_columns() u
  having bool_or(u.column_name = 'product_id') and count(*) > 1;
  if v_columns is null then
    raise exception 'The products, %.%, have no column product_id in the other database, or nothing else.',
      quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Let the dbt model there select the product''s number as product_id.';
  end if;

  if (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attnum > 0 and not a.attisdropped
  ) is distinct from v_columns then
    drop foreign table if exists :PGVECTOR_SCHEMA.source_upstream;
    execute format(
      'create foreign table :PGVECTOR_SCHEMA.source_upstream (%s) server product_embeddings_source options (schema_name %L, table_name %L)',
      v_columns, v_connection.source_schema, v_connection.source_table
    );
    comment on foreign table :PGVECTOR_SCHEMA.source_upstream is 'The products in the other database; made by connect_source(), as they are now.';
  end if;
  return (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attname)
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.attnum > 0 and not a.attisdropped
  ) is not distinct from v_copied;
end
$$;

comment on function :PGVECTOR_SCHEMA.follow_upstream() is
  'Makes the foreign table anew if the columns in the other database changed; returns whether the copy has these columns. Raises PE152.';
