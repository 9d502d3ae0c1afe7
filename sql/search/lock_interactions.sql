/*
 * As lock_source() does and for the same reason: read through a swap of dbt's, all orders would be
 * gone, and with them all pairs.
 */
create or replace function :PGVECTOR_SCHEMA.lock_interactions() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_name text;
  v_relation regclass := :PGVECTOR_SCHEMA.interactions_relation();
  v_missing text;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  if v_settings.interactions_table is null then
    return null;
  end if;
  v_name := format('%I.%I', v_settings.interactions_schema, v_settings.interactions_table);
  if v_relation is null then
    raise exception 'The relation of the interactions, %, does not exist.', v_name
      using errcode = 'PE023',
        hint = 'Run dbt so that it is built, or name another: select :PGVECTOR_SCHEMA.set_interactions(''schema.name'', ''order_id'', ''product_id'');';
  end if;
  select string_agg(quote_ident(w.name), ' and no column ') into v_missing
  from unnest(array[v_settings.interactions_group, v_settings.interactions_product]) w (name)
  where not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = w.name and a.attnum > 0 and not a.attisdropped
  );
  if v_missing is not null then
    raise exception 'The relation of the interactions, %, has no column %.', v_name, v_missing
      using errcode = 'PE023',
        hint = format('Name its columns: select :PGVECTOR_SCHEMA.set_interactions(%L, ''order_id'', ''product_id'');', v_name);
  end if;
  if not (
    has_schema_privilege((select c.relnamespace from pg_class c where c.oid = v_relation), 'usage')
    and has_column_privilege(v_relation, v_settings.interactions_group, 'select')
    and has_column_privilege(v_relation, v_settings.interactions_product, 'select')
  ) then
    raise exception 'The role % may not read the relation of the interactions, %.', current_user, v_name
      using errcode = 'PE023',
        hint = format(
          'Who owns it runs: grant usage on schema %I to %I; grant select on %s to %I; In dbt the config grants does it at every run.',
          v_settings.interactions_schema, current_user, v_name, current_user
        );
  end if;
  execute format('select %I, %I from %s limit 0', v_settings.interactions_group, v_settings.interactions_product, v_name);
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if to_regclass(v_name) is distinct from :PGVECTOR_SCHEMA.interactions_relation() then
    raise exception 'The relation of the interactions was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return to_regclass(v_name);
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_interactions() is
  'Keeps the relation that set_interactions() named from being swapped until the transaction ends, and returns it; null without one. Raises PE023, and 40001 in a transaction whose one snapshot is from before a swap.';
