create or replace function :PGVECTOR_SCHEMA.disconnect_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  if not found then
    raise exception 'The products are not in another database.'
      using errcode = 'PE153', hint = 'Nothing is to be done; select source from :PGVECTOR_SCHEMA.embedding_status says where they are.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_copy();
  perform :PGVECTOR_SCHEMA.set_source(v_connection.source_schema, v_connection.source_table);
  drop foreign table if exists :PGVECTOR_SCHEMA.upstream_namespaces, :PGVECTOR_SCHEMA.upstream_classes,
    :PGVECTOR_SCHEMA.upstream_attributes, :PGVECTOR_SCHEMA.upstream_types, :PGVECTOR_SCHEMA.source_upstream;
  drop table if exists :PGVECTOR_SCHEMA.source_copy;
  -- Without cascade: it fails while a foreign table of somebody else's uses the server.
  drop user mapping if exists for current_user server product_embeddings_source;
  drop server if exists product_embeddings_source;
  delete from :PGVECTOR_SCHEMA.source_connection;
  raise notice 'The copy, its foreign table, server and login are gone. Left are the vectors, which go after their grace unless the products are in %.% here by then, and the extension postgres_fdw.',
    quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table);
end
$$;

comment on function :PGVECTOR_SCHEMA.disconnect_source() is
  'Takes back what connect_source() made: copy, foreign tables, login, server; the source is the table of the same name in this database then. Vectors and the extension stay. Raises PE153.';
