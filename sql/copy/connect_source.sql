/*
 * Security invoker: a server and a login are made by who may make them. The copy is made in the same
 * transaction, so that the source is the old one or the new one, filled. What the server's options
 * say besides the address is only a start: what was altered since stays. A connection is not kept
 * between refreshes, or an idle session would stand on the other server for each worker.
 */
create or replace function :PGVECTOR_SCHEMA.connect_source(
  host text,
  port integer,
  database text,
  user_name text,
  password text,
  source_schema text default 'staging_staging',
  source_table text default 'stg_product'
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
#variable_conflict use_variable
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_options text[];
  v_state text;
  v_message text;
  v_detail text;
begin
  if host is null or port is null or database is null or user_name is null or source_schema is null or source_table is null then
    raise exception 'The address of the products is incomplete: of all arguments only the password may be null.'
      using errcode = 'PE154', hint = 'select :PGVECTOR_SCHEMA.connect_source(''host'', 5432, ''database'', ''user'', ''password'', ''schema'', ''table'');';
  end if;
  if current_user <> v_owner then
    raise exception 'Only %, whom our functions belong to, can connect them to the products of another database.', v_owner
      using errcode = 'PE154', hint = format('set role %I;  and call it again; or as that role: npm run migrate', v_owner);
  end if;
  perform :PGVECTOR_SCHEMA.require_fdw();
  perform :PGVECTOR_SCHEMA.lock_copy();

  if exists (select from pg_foreign_server s where s.srvname = 'product_embeddings_source') then
    execute format('alter server product_embeddings_source options (set host %L, set port %L, set dbname %L)', host, port, database);
  else
    execute format(
      $sql$
        create server product_embeddings_source foreign data wrapper postgres_fdw options (
          host %L, port %L, dbname %L,
          fetch_size '10000', use_remote_estimate 'false', updatable 'false', truncatable 'false', keep_connections 'off',
          connect_timeout '10', keepalives_idle '30', keepalives_interval '10', keepalives_count '3', tcp_user_timeout '60000',
          options '-c statement_timeout=600000 -c lock_timeout=60000'
        )
      $sql$,
      host, port, database
    );
    comment on server product_embeddings_source is 'The database that products are copied from; made by connect_source().';
  end if;

  select m.umoptions into v_options from pg_user_mappings m where m.srvname = 'product_embeddings_source' and m.usename = current_user;
  begin
    if not found then
      execute format('create user mapping for current_user server product_embeddings_source options (user %L)', user_name);
    else
      execute format('alter user mapping for current_user server product_embeddings_source options (set user %L)', user_name);
    end if;
    if password is not null then
      execute format(
        'alter user mapping for current_user server product_embeddings_source options (%s password %L)',
        case when exists (select from unnest(v_options) o where starts_with(o, 'password=')) then 'set' else 'add' end,
        password
      );
    end if;
  exception when others then
    -- Raised anew, as the statement in the context of the old one holds the password.
    raise exception 'The login of % could not be kept: %.', user_name, rtrim(sqlerrm, '.')
      using errcode = 'PE151', hint = 'See the message; the statement is: alter user mapping for current_user server product_embeddings_source options (…)';
  end;

  -- Made anew, so that they are what this version asks for.
  drop foreign table if exists :PGVECTOR_SCHEMA.upstream_namespaces, :PGVECTOR_SCHEMA.upstream_classes,
    :PGVECTOR_SCHEMA.upstream_attributes, :PGVECTOR_SCHEMA.upstream_types, :PGVECTOR_SCHEMA.source_upstream;
  create foreign table :PGVECTOR_SCHEMA.upstream_namespaces (oid oid, nspname name)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_namespace');
  create foreign table :PGVECTOR_SCHEMA.upstream_classes (oid oid, relname name, relnamespace oid, relkind "char")
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_class');
  create foreign table :PGVECTOR_SCHEMA.upstream_attributes (attrelid oid, attname name, atttypid oid, attnum smallint, attisdropped boolean)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_attribute');
  create foreign table :PGVECTOR_SCHEMA.upstream_types (oid oid, typname name, typnamespace oid, typtype "char", typcategory "char", typbasetype oid)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_type');

  insert into :PGVECTOR_SCHEMA.source_connection as c (source_schema, source_table)
  values (source_schema, source_table)
  on conflict (singleton) do update
  set source_schema = excluded.source_schema, source_table = excluded.source_table, connected_at = now(), next_at = null, error = null, failing_since = null;

  begin
    perform from :PGVECTOR_SCHEMA.upstream_columns();
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    if v_state = 'PE152' then
      raise;
    end if;
    raise exception 'The database of the products, %:%/%, cannot be reached as %: %.',
      host, port, database, user_name, :PGVECTOR_SCHEMA.copy_failure(v_state, v_message, v_detail)
      using errcode = 'PE151',
        hint = case
          when v_detail like '%password%' or v_message like '%password%'
            then 'Check STAGING_DB_USER and STAGING_DB_PASSWORD. Who is no superuser here needs a password there, and that server has to ask for it (scram-sha-256 in its pg_hba.conf).'
          else 'Check STAGING_DB_HOST, STAGING_DB_PORT and STAGING_DB_NAME: they are used from the database server, not from here. Then: npm run migrate'
        end;
  end;
  perform :PGVECTOR_SCHEMA.set_source(':PGVECTOR_SCHEMA', 'source_copy');
  begin
    perform from :PGVECTOR_SCHEMA.copy_upstream(true);
  exception when insufficient_privilege then
    raise exception '% may not read the products in the other database: %.', user_name, sqlerrm
      using errcode = 'PE152',
        hint = format('There, as their owner: grant usage on schema %I to %I; grant select on %1$I.%3$I to %2$I;', source_schema, user_name, source_table);
  end;
  perform :PGVECTOR_SCHEMA.attach_triggers();
  return (select c.rows from :PGVECTOR_SCHEMA.source_connection c);
end
$$;

comment on function :PGVECTOR_SCHEMA.connect_source(text, integer, text, text, text, text, text) is
  'Takes the products from another PostgreSQL database: makes server, login, foreign table and a copy that is the source from then on, and fills it; returns how many products. Again for another address, login or table; a null password keeps the one there is. npm run migrate calls it with STAGING_DB_*. Raises PE150 to PE152, PE154.';
