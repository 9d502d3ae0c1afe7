create or replace function :PGVECTOR_SCHEMA.drop_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_bound text;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model = drop_model.model and p.model_id is null;
  if found then
    return;
  end if;
  v_model_id := :PGVECTOR_SCHEMA.find_model(drop_model.model);
  if v_model_id = :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'The model % is the active one.', drop_model.model
      using errcode = 'PE031', hint = 'Only one that is prepared, or the former one, can be dropped: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  begin
    execute format('drop table if exists :PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  exception when dependent_objects_still_exist then
    get stacked diagnostics v_bound = pg_exception_detail;
    raise exception 'Something is bound to the vectors of %, and would go with them.', drop_model.model
      using errcode = 'PE033', detail = v_bound, hint = 'Drop it, or make it anew over the active model''s vectors, as dbt run does, and call this again.';
  end;
  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = false, activated_at = null where m.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_changes c where c.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_queue q where q.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.text_embeddings t where t.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_model(text) is
  'Gives up a model that is prepared, or the former one, with its vectors: by name, folder or number. Raises PE031 for the active one and for one that is not kept, PE033 for views that are bound to its vectors.';
