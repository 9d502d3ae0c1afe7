create or replace function :PGVECTOR_SCHEMA.note_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  -- In two steps, or each start of a worker would use up a number.
  for i in 1 .. 2 loop
    select m.model_id into v_model_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where (m.name, m.revision, m.precision, m.pooling, m.max_tokens, m.query_prefix, m.passage_prefix)
      = (note_model.name, note_model.revision, note_model.precision, note_model.pooling, note_model.max_tokens,
        note_model.query_prefix, note_model.passage_prefix);
    exit when found;
    insert into :PGVECTOR_SCHEMA.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens, query_prefix, passage_prefix, path)
    values (
      note_model.name, note_model.revision, note_model.precision, note_model.dimension, note_model.pooling, note_model.max_tokens,
      note_model.query_prefix, note_model.passage_prefix, note_model.path
    )
    on conflict on constraint embedding_models_identity_key do nothing;
  end loop;
  update :PGVECTOR_SCHEMA.embedding_models m
  set error = null, path = coalesce(note_model.path, m.path)
  where m.model_id = v_model_id and (m.error is not null or m.path is distinct from coalesce(note_model.path, m.path));
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.note_model(text, text, text, integer, text, integer, text, text, text) is
  'Makes a loaded model known and returns its id.';
