create or replace function :PGVECTOR_SCHEMA.set_document_hook(hook text, dry_run boolean default false, force boolean default false)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if set_document_hook.hook is not null then
    perform :PGVECTOR_SCHEMA.require_hook(set_document_hook.hook);
    if not coalesce(set_document_hook.force, false) then
      perform :PGVECTOR_SCHEMA.measure_hook(set_document_hook.hook);
    end if;
  end if;
  return query
    select * from :PGVECTOR_SCHEMA.change_document(null, set_document_hook.hook, true, set_document_hook.dry_run);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_document_hook(text, boolean, boolean) is
  'Names the function (product jsonb) returns jsonb whose fields are added to the documents; null is none. Queues the products whose text changed; dry_run only says what would change; force also takes a slow one. Raises PE001, PE002, PE005, PE029.';
