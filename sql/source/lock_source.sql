/*
 * A statement that meets dbt's swap waits for it and then reads the new table with a snapshot from
 * before, in which the new table's rows do not exist yet: search would find nothing, and a claim
 * would take every product for vanished. So who reads the source first takes this lock, the same
 * that any select takes, and only then a snapshot; which is why those functions are volatile. In a
 * transaction that keeps one snapshot throughout, that is too late, and an error better than a hole.
 */
create or replace function :PGVECTOR_SCHEMA.lock_source() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text;
  v_statement text;
  v_source regclass;
  v_problem text;
begin
  select format('%I.%I', s.source_schema, s.source_table) into strict v_name from :PGVECTOR_SCHEMA.settings s;
  -- The second where the first is not possible: a materialized view, a foreign table. To look into the catalogs first
  -- would cost every search more than the lock does.
  foreach v_statement in array array['lock table %s in access share mode', 'select from %s limit 0'] loop
    begin
      execute format(v_statement, v_name);
      v_source := to_regclass(v_name);
      -- Fails where there is none.
      perform has_column_privilege(v_source, 'product_id', 'select');
      exit;
    exception when undefined_table or invalid_schema_name or undefined_column or insufficient_privilege or wrong_object_type then
      v_source := null;
      v_problem := sqlerrm;
    end;
  end loop;
  if v_source is null or not has_table_privilege(v_source, 'select') then
    raise exception 'The role % may not read the source of the products, %.', current_user, :PGVECTOR_SCHEMA.require_source()
      using errcode = 'PE005',
        -- Of a view it may be its owner who may not read what is below it, which attach() cannot mend.
        detail = coalesce(case when v_source is null then v_problem end, 'It may not read all of its columns.'),
        hint = 'Who owns it grants that, with everything else, by: select :PGVECTOR_SCHEMA.attach();';
  end if;
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if current_setting('transaction_isolation') <> 'read committed' and v_source is distinct from :PGVECTOR_SCHEMA.require_source() then
    raise exception 'The source was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return v_source;
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_source() is
  'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005, and 40001 in a transaction whose one snapshot is from before a swap.';
