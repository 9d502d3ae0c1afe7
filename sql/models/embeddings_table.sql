/*
 * By name and not by number: activating a model renames the tables, so that everybody's queries go on
 * under the name that they know. Who writes calls lock_models() first.
 */
create or replace function :PGVECTOR_SCHEMA.embeddings_table(model_id integer default null) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(embeddings_table.model_id, 0) = 0 or embeddings_table.model_id = :PGVECTOR_SCHEMA.active_model_id() then
    return ':PGVECTOR_TABLE';
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = embeddings_table.model_id and m.is_kept) then
    raise exception 'No vectors are kept of a model %.', embeddings_table.model_id
      using errcode = 'PE031', hint = 'select model_id, name, state from :PGVECTOR_SCHEMA.model_status;';
  end if;
  return ':PGVECTOR_TABLE' || '_' || embeddings_table.model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.embeddings_table(integer) is
  'Name of the table in our schema that holds a model''s vectors: :PGVECTOR_TABLE for the active one, for null and for 0, else that with the model''s number behind it. Raises PE031 for a model of which none are kept.';
