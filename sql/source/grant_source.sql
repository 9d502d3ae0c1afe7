create or replace function :PGVECTOR_SCHEMA.grant_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.grant_read(:PGVECTOR_SCHEMA.require_source());
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_source() is
  'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';
