/*
 * Asked of the other server's catalogs each time, so that a column that dbt adds, drops or retypes
 * there is taken up. import foreign schema would do it too, but fails on a type that is unknown here:
 * an enum, a domain, an extension's type arrive as text, which is what they are in a document. In steps,
 * because each then fetches no more than it needs.
 */
create or replace function :PGVECTOR_SCHEMA.upstream_columns()
returns table (column_name text, type regtype, ordinal smallint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_relation oid;
  v_kind text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  execute format(
    'select c.oid, c.relkind from :PGVECTOR_SCHEMA.upstream_classes c join :PGVECTOR_SCHEMA.upstream_namespaces n on n.oid = c.relnamespace where c.relname = %L and n.nspname = %L',
    v_connection.source_table, v_connection.source_schema
  ) into v_relation, v_kind;
  if v_relation is null or v_kind not in ('r', 'p', 'v', 'm', 'f') then
    raise exception 'The products, %.%, do not exist in the other database.', quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Run dbt there, or name another with STAGING_DB_SCHEMA and STAGING_DB_TABLE and: npm run migrate';
  end if;

  return query execute format(
    $sql$
      select a.attname::text, coalesce(
        -- A domain is what it is of.
        (
          select l.oid::regtype
          from pg_catalog.pg_type l
          where n.nspname = 'pg_catalog' and l.oid = to_regtype(format('pg_catalog.%%I', t.typname)) and l.typtype in ('b', 'r', 'm')
        ),
        case when t.typcategory = 'A' then 'pg_catalog.text[]'::regtype else 'pg_catalog.text'::regtype end
      ), a.attnum
      from :PGVECTOR_SCHEMA.upstream_attributes a
      left join :PGVECTOR_SCHEMA.upstream_types d on d.oid = a.atttypid
      left join :PGVECTOR_SCHEMA.upstream_types t on t.oid = case when d.typtype = 'd' then d.typbasetype else d.oid end
      left join :PGVECTOR_SCHEMA.upstream_namespaces n on n.oid = t.typnamespace
      where a.attrelid = %L and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    $sql$,
    v_relation
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.upstream_columns() is
  'The columns of the products in the other database as they are now, with the types that they get here: text where a type is not one of PostgreSQL''s own. Raises PE152.';
