/*
 * Does not wait for a transaction that has just asked for the same query, since it may stay open: the row stays without a vector, and is taken again.
 */
create or replace function :PGVECTOR_SCHEMA.store_query_embedding(
  query text, model_id integer, embedding :VECTOR_SCHEMA.vector, spelled_out double precision default null
) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(store_query_embedding.query);
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform :PGVECTOR_SCHEMA.require_query(
    store_query_embedding.embedding, 'l2', 1,
    (select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = store_query_embedding.model_id)
  );
  if v_query is null or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = store_query_embedding.model_id) then
    return null;
  end if;
  perform from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query and q.model_id = store_query_embedding.model_id
  for update skip locked;
  if not found and (
    exists (select from :PGVECTOR_SCHEMA.query_embeddings q where q.query = v_query and q.model_id = store_query_embedding.model_id)
    or not pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings'))
  ) then
    return null;
  end if;
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, embedding, spelled_out)
  values (v_query, store_query_embedding.model_id, :VECTOR_SCHEMA.l2_normalize(store_query_embedding.embedding), store_query_embedding.spelled_out)
  on conflict on constraint query_embeddings_key do update
  set embedding = excluded.embedding, spelled_out = excluded.spelled_out, attempts = 0, error = null;
  return true;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector, double precision) is
  'Stores the vector of a query, at unit length, and how much of the query the model''s tokenizer spells out, 0 to 1; null and nothing stored when the query is empty, no vectors of the model are kept any more, or another transaction is just asking for it. Raises PE003, PE011 to PE013.';
