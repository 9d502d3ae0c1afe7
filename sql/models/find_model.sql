create or replace function :PGVECTOR_SCHEMA.find_model(model text) returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids integer[];
begin
  select array_agg(m.model_id order by m.model_id) into v_ids
  from :PGVECTOR_SCHEMA.embedding_models m
  where (m.is_active or m.is_kept)
    and find_model.model in (m.model_id::text, m.name, regexp_replace(m.name, '^.*/', ''), m.path);
  if cardinality(v_ids) = 1 then
    return v_ids[1];
  end if;
  raise exception '%', case
      when v_ids is null then format('No vectors are kept of a model %s.', coalesce(quote_literal(left(find_model.model, 100)), 'null'))
      else format('Vectors are kept of %s models named %s.', cardinality(v_ids), quote_literal(find_model.model))
    end
    using errcode = 'PE031',
      hint = 'Pass a name or model_id of select model_id, name, state from :PGVECTOR_SCHEMA.model_status;  To prepare another: select :PGVECTOR_SCHEMA.prepare_model(''name'');';
end
$$;

comment on function :PGVECTOR_SCHEMA.find_model(text) is
  'The model_id of a model whose vectors are kept, by its name, with or without the organisation, its folder or its number. Raises PE031.';
