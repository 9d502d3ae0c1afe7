/*
 * Renames two tables, so that every query, grant and dbt model goes on under the name it knows. All
 * that takes time is done before the locks; what waits behind them waits for a second or two at the most,
 * since a lock that is not to be had is given up and asked for again.
 */
create or replace function :PGVECTOR_SCHEMA.activate_model(model text default null, force boolean default false) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
#variable_conflict use_column
declare
  v_to :PGVECTOR_SCHEMA.embedding_models;
  v_from :PGVECTOR_SCHEMA.embedding_models;
  v_table text;
  v_former text;
  v_gaps record;
  v_from_products bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
  v_bound text;
  v_views text[];
  v_statement text;
  v_forced text;
begin
  if activate_model.model is null and not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null) then
    raise exception 'No model is prepared.'
      using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');  and then see: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  select m.* into strict v_to
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.model_id = case
    when activate_model.model is null then (select p.model_id from :PGVECTOR_SCHEMA.model_preparation p)
    else :PGVECTOR_SCHEMA.find_model(activate_model.model)
  end;
  if v_to.is_active then
    return format('%s is the active model already.', v_to.name);
  end if;
  v_forced := format('select :PGVECTOR_SCHEMA.activate_model(%L, force => true);', v_to.model_id::text);
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_to.model_id);

  if force is not true then
    if v_to.error is not null then
      raise exception 'The model % cannot be loaded, so nothing would be encoded any more: %', v_to.name, v_to.error
        using errcode = 'PE032',
          hint = 'The worker tries again every minute. To have it all the same: ' || v_forced;
    end if;
    select * into v_gaps from :PGVECTOR_SCHEMA.model_gaps(v_to.model_id);
    if v_gaps.missing + v_gaps.stale > 0 then
      raise exception 'The model % is not complete: % products have no vector of it and % an outdated one.', v_to.name, v_gaps.missing, v_gaps.stale
        using errcode = 'PE032',
          hint = 'The worker is at it: select * from :PGVECTOR_SCHEMA.model_status;  To have it all the same, with these products missing from search: ' || v_forced;
    end if;
    if not :PGVECTOR_SCHEMA.has_index(v_to.model_id)
      and (:PGVECTOR_SCHEMA.search_index() is not null or :PGVECTOR_SCHEMA.has_vectors(v_to.model_id, v_from_products))
    then
      raise exception 'The vectors of % have no index for search yet.', v_to.name
        using errcode = 'PE032',
          hint = format(
            E'%s in psql: select :PGVECTOR_SCHEMA.index_sql(model_id => %s) \\gexec  Without it each search reads all vectors: %s',
            case when v_from_products is null then 'The worker builds none while settings.index_from_products is null: build it'
              else 'The worker builds it within the hour if its role owns the table; or at once,' end,
            v_to.model_id, v_forced
          );
    end if;
  end if;
  select string_agg(format('%s %s', d.kind, d.relation), ', ' order by d.relation) into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents(v_to.model_id) d
  where not d.can_follow;
  if v_bound is not null and force is not true then
    raise exception 'Bound to the table of vectors and not able to follow the change of model: %.', v_bound
      using errcode = 'PE033',
        hint = 'Drop them, activate, and make them again (dbt run does), or leave them on the former model: ' || v_forced;
  end if;
  -- As they are written now: after the change their text would name the table that they are bound to.
  select array_agg(
    format(
      'create or replace view %s%s as %s',
      d.relation, ' with (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', pg_get_viewdef(c.oid)
    )
  ) into v_views
  from :PGVECTOR_SCHEMA.embeddings_dependents(v_to.model_id) d
  join pg_class c on c.oid = d.relation::regclass
  where d.can_follow;
  execute format('analyze :PGVECTOR_SCHEMA.%I', v_table);

  for v_try in 1 .. 5 loop
    begin
      perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
      execute format('lock table :PGVECTOR_SCHEMA.%I in access exclusive mode', v_table);
      -- Longer than deadlock_timeout, after which an autovacuum gives way.
      perform set_config('lock_timeout', '1500ms', true);
      lock table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE in access exclusive mode;
      exit;
    exception when lock_not_available then
      if v_try = 5 then
        raise exception 'Somebody is using the table of vectors for longer than a search takes.'
          using errcode = 'PE034',
            hint = 'Call it again. Who it is: select pid, state, xact_start, query from pg_stat_activity where pid in (select pid from pg_locks where relation = '':PGVECTOR_SCHEMA.:PGVECTOR_TABLE''::regclass);';
      end if;
      perform pg_sleep(0.2 + 0.3 * random());
    end;
  end loop;

  select m.* into v_from from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_from.model_id = v_to.model_id or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_to.model_id) then
    raise exception 'The models were changed meanwhile.'
      using errcode = 'PE034', hint = 'See how they stand: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  v_former := ':PGVECTOR_TABLE' || '_' || coalesce(v_from.model_id, 0);
  execute format('alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE rename to %I', v_former);
  perform :PGVECTOR_SCHEMA.rename_indexes(v_former, ':PGVECTOR_TABLE');
  execute format('alter table :PGVECTOR_SCHEMA.%I rename to :PGVECTOR_TABLE', v_table);
  perform :PGVECTOR_SCHEMA.rename_indexes(':PGVECTOR_TABLE', v_table);
  -- What was granted on the one after the other was made.
  perform :PGVECTOR_SCHEMA.copy_grants(v_former, ':PGVECTOR_TABLE');

  update :PGVECTOR_SCHEMA.embedding_models m
  set is_active = false, is_kept = true, activated_at = coalesce(m.activated_at, m.registered_at)
  where m.model_id = v_from.model_id;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true, is_kept = false, activated_at = clock_timestamp() where m.model_id = v_to.model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_to.model_id;
  foreach v_statement in array coalesce(v_views, '{}') loop
    execute v_statement;
  end loop;
  perform :PGVECTOR_SCHEMA.announce_changes();
  if v_from.model_id is null then
    -- reset_embeddings() emptied it for a model that did not come, and what waits for that one waits for this one too.
    execute format('drop table :PGVECTOR_SCHEMA.%I', v_former);
    delete from :PGVECTOR_SCHEMA.product_queue q where q.model_id = 0;
    delete from :PGVECTOR_SCHEMA.product_changes c where c.model_id = 0;
    return format('%s is active.', v_to.name);
  end if;
  return format('%s is active. %s is kept true: select :PGVECTOR_SCHEMA.rollback_model(); or, when it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);',
    v_to.name, v_from.name, v_from.model_id::text);
end
$$;

comment on function :PGVECTOR_SCHEMA.activate_model(text, boolean) is
  'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete, cannot be loaded or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use; and PE001 to PE003, PE005, PE029, as it compares the products.';
