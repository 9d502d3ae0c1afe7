/*
 * The server cannot load a model, so this leaves the wish and wakes the worker, which makes a second
 * table beside the first and fills it between changes of the first.
 */
create or replace function :PGVECTOR_SCHEMA.prepare_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_running :PGVECTOR_SCHEMA.model_preparation;
  v_bound text;
begin
  if coalesce(btrim(prepare_model.model), '') = '' then
    raise exception 'The model has no name.'
      using errcode = 'PE031', hint = 'Such as: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');';
  end if;
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  select * into v_running from :PGVECTOR_SCHEMA.model_preparation;
  if found then
    raise exception 'The model % is being prepared.', v_running.model
      using errcode = 'PE030',
        hint = format('See how far: select * from :PGVECTOR_SCHEMA.model_status;  Give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', v_running.model);
  end if;

  insert into :PGVECTOR_SCHEMA.model_preparation (model) values (btrim(prepare_model.model));
  select string_agg(format('%s %s', d.kind, d.relation), ', ') into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null then
    raise warning 'Bound to the table of vectors and not able to follow a change of model: %.', v_bound
      using hint = 'Drop them before activate_model() and make them again after it, as dbt run does.';
  end if;
  perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
end
$$;

comment on function :PGVECTOR_SCHEMA.prepare_model(text) is
  'Has the worker load a model and encode all products with it beside the active one: a name as on the hub, or a folder on the worker''s machine. Search is not touched; model_status shows how far it is. Raises PE030 while another is prepared, PE031.';
