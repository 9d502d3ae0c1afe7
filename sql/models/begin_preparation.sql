/*
 * Security definer: the table is to belong to who owns the first one, which the worker's role need not.
 */
create or replace function :PGVECTOR_SCHEMA.begin_preparation(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    return null;
  end if;
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    begin_preparation.name, begin_preparation.revision, begin_preparation.precision, begin_preparation.dimension,
    begin_preparation.pooling, begin_preparation.max_tokens, begin_preparation.query_prefix, begin_preparation.passage_prefix,
    begin_preparation.path
  );
  if exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_model_id) then
    raise exception 'Vectors of the model % (revision %) are kept already.', begin_preparation.name, begin_preparation.revision
      using errcode = 'PE030',
        hint = format(
          'select * from :PGVECTOR_SCHEMA.model_status;  If it is the former one: select :PGVECTOR_SCHEMA.rollback_model();  This request is taken back by: select :PGVECTOR_SCHEMA.drop_model(%L);',
          (select p.model from :PGVECTOR_SCHEMA.model_preparation p)
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = true, activated_at = null where m.model_id = v_model_id;
  update :PGVECTOR_SCHEMA.model_preparation p set model_id = v_model_id, error = null;
  perform :PGVECTOR_SCHEMA.create_vector_table(:PGVECTOR_SCHEMA.embeddings_table(v_model_id), begin_preparation.dimension);
  perform :PGVECTOR_SCHEMA.copy_grants(':PGVECTOR_TABLE', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  return v_model_id;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) from public;

comment on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) is
  'For the worker that loaded the model of model_preparation: registers it and makes its table; returns its id, null when there is nothing to begin. Then reconcile() queues its products. Raises PE003, and PE030 for a model whose vectors are kept already.';
