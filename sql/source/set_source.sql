create or replace function :PGVECTOR_SCHEMA.set_source(source_schema text, source_table text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table)
$$;

comment on function :PGVECTOR_SCHEMA.set_source(text, text) is
  'Names the relation that the products are read from; it need not exist yet. Follow it with attach().';
