/*
 * By name, because a function is dropped and made again. Looked at whenever it is used and not only when it
 * is set: settings can be written by the workers, and the hook runs with our owner's rights.
 */
create or replace function :PGVECTOR_SCHEMA.document_hook() returns oid
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text := (select s.document_hook from :PGVECTOR_SCHEMA.settings s);
begin
  return case when v_name is not null then :PGVECTOR_SCHEMA.require_hook(v_name) end;
end
$$;

comment on function :PGVECTOR_SCHEMA.document_hook() is
  'The function that adds fields to the documents, as it is now; null when there is none. Raises PE029 when it cannot be used any more.';
