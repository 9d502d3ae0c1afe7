/*
 * The Python pipeline's upsert still works, but a vector that somebody else wrote must not pass for
 * one of ours: without this an update would leave the old hash beside the new vector and the status
 * would call it current for ever.
 */
create or replace function :PGVECTOR_SCHEMA.tg__embedding_provenance() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.embedding operator(:VECTOR_SCHEMA.<>) old.embedding
    and (new.model_id, new.document_hash) is not distinct from (old.model_id, old.document_hash)
  then
    new.model_id := null;
    new.document_hash := null;
  end if;
  return new;
end
$$;

comment on function :PGVECTOR_SCHEMA.tg__embedding_provenance() is
  'Forgets model and document of a vector that is overwritten without naming them.';
