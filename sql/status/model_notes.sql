/*
 * What is odd about the models, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.model_notes() returns table (note text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_long record;
begin
  select * into v_model from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_model.spelled_out >= 0.5 then
    return query select format(
      '%s spells %s %% of the letters of the documents out one by one: it was not made for this language, and its vectors find little. %s',
      v_model.name,
      round((v_model.spelled_out * 100)::numeric),
      coalesce(
        (
          select format('%s was, and is kept beside it: select :PGVECTOR_SCHEMA.activate_model(%L);', m.name, m.model_id::text)
          from :PGVECTOR_SCHEMA.embedding_models m
          where m.is_kept and m.spelled_out < 0.5
          order by m.spelled_out, m.model_id
          limit 1
        ),
        'Prepare one that was: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');'
      )
    );
  end if;
  select count(*) as documents, max(e.tokens) as longest, percentile_disc(0.5) within group (order by e.tokens) as usual
  into v_long
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.tokens is not null;
  if v_long.documents > 0 then
    return query select format(
      '%s documents are longer than the %s tokens that the model reads (median %s, longest %s). Put what matters first (set_fields), or have them read in windows: select :PGVECTOR_SCHEMA.set_windows(true);',
      v_long.documents, v_model.max_tokens, v_long.usual, v_long.longest
    )
    where not (select s.windows from :PGVECTOR_SCHEMA.settings s);
  end if;
  return query
    select case p.error is null
      when true then format('The model %s was asked for and waits for a worker to load it: npm run worker', p.model)
      else format('The model %s cannot be prepared: %s It is tried again every minute; to give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', p.model, p.error, p.model)
    end
    from :PGVECTOR_SCHEMA.model_preparation p
    where p.model_id is null;
  return query
    select case m.is_active
      when true then format('The model %s cannot be loaded by a worker, which so encodes nothing: %s Bring its files back to where that worker runs, and see there: npm run doctor', m.name, m.error)
      else format('The model %s cannot be loaded, so its vectors are not kept true: %s If it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);', m.name, m.error, m.model_id::text)
    end
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.error is not null and (m.is_kept or m.is_active);
end
$$;

comment on function :PGVECTOR_SCHEMA.model_notes() is 'What is out of the ordinary about the models, a sentence each; part of embedding_status.notes.';
