/*
 * Two models' vectors in one table would be compared with each other and mean nothing, so another
 * model is let in only while the table holds no vector of the active one, or when it has a table of its
 * own.
 */
create or replace function :PGVECTOR_SCHEMA.register_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_active :PGVECTOR_SCHEMA.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling,
    register_model.max_tokens, register_model.query_prefix, register_model.passage_prefix, register_model.path
  );
  select * into v_active from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_active.model_id is null and exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id and m.is_kept) then
    raise exception 'No model is active, and vectors of % are kept.', register_model.name
      using errcode = 'PE021',
        hint = format(
          'Search by them again: select :PGVECTOR_SCHEMA.activate_model(%L);  or start over without them: select :PGVECTOR_SCHEMA.drop_model(%1$L);', v_model_id::text
        );
  end if;
  if v_active.model_id = v_model_id
    or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id and m.is_kept)
  then
    return v_model_id;
  end if;

  if exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Leave EMBEDDING_MODEL and EMBEDDING_PRECISION out, or set the model to %s. To change the model without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(%L);  and when it is ready: select :PGVECTOR_SCHEMA.activate_model(); Or start over, with search empty meanwhile: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          coalesce(v_active.path, v_active.name), coalesce(register_model.path, register_model.name), register_model.dimension
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true where m.model_id = v_model_id;
  -- What waits was noted for the former one, or for whichever comes; so were the queries that people ask.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = v_model_id
  where q.model_id = 0 or q.model_id = v_active.model_id;
  update :PGVECTOR_SCHEMA.product_changes c
  set model_id = v_model_id
  where c.model_id = 0 or c.model_id = v_active.model_id;
  insert into :PGVECTOR_SCHEMA.query_embeddings (query, model_id, kept, uses, used_at)
  select q.query, v_model_id, q.kept, q.uses, q.used_at
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = v_active.model_id
  on conflict do nothing;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_active.model_id;
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer, text, text, text) is
  'Makes a model known and returns its id; it becomes the active one if no vector of another is stored there. Raises PE021 otherwise, unless its vectors are kept in a table of their own.';
