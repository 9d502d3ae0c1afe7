create or replace function :PGVECTOR_SCHEMA.set_source(source_schema text, source_table text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if source_schema is null or source_table is null then
    raise exception 'No source is named: schema or table is null.'
      using errcode = 'PE001', hint = 'Name both: select :PGVECTOR_SCHEMA.set_source(''staging_staging'', ''stg_product'');';
  end if;
  update :PGVECTOR_SCHEMA.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_source(text, text) is
  'Names the relation that the products are read from; it need not exist yet. Follow it with attach(). Raises PE001 when a name is null.';
