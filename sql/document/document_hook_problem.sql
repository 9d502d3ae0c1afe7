create or replace function :PGVECTOR_SCHEMA.document_hook_problem() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.document_hook();
  return null;
exception when sqlstate 'PE029' then
  return sqlerrm;
end
$$;

comment on function :PGVECTOR_SCHEMA.document_hook_problem() is 'Why the hook cannot be used any more; null when it can, or when there is none.';
