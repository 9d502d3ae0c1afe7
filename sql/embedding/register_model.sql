/*
 * Two models' vectors in one table would be compared with each other and mean nothing, so another
 * model is let in only while the table holds no vector of the active one.
 */
create or replace function :PGVECTOR_SCHEMA.register_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_active :PGVECTOR_SCHEMA.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);

  insert into :PGVECTOR_SCHEMA.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens)
  values (register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling, register_model.max_tokens)
  on conflict on constraint embedding_models_name_revision_precision_pooling_max_tokens_key do nothing;

  select m.model_id into strict v_model_id
  from :PGVECTOR_SCHEMA.embedding_models m
  where (m.name, m.revision, m.precision, m.pooling, m.max_tokens)
    = (register_model.name, register_model.revision, register_model.precision, register_model.pooling, register_model.max_tokens);

  select * into v_active from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_active.model_id = v_model_id then
    return v_model_id;
  end if;

  if exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Set EMBEDDING_MODEL=%s, or start over with the new model (search is empty until it is through): select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_active.name, register_model.dimension
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false where m.is_active;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true where m.model_id = v_model_id;
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer) is
  'Makes a model known and returns its id; it becomes the active one if no vector of another is stored. Raises PE021 otherwise.';
