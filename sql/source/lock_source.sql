/*
 * A statement that meets dbt's swap waits for it and then reads the new table with a snapshot from
 * before, in which the new table's rows do not exist yet: search would find nothing, and a claim
 * would take every product for vanished. So who reads the source first takes this lock, the same
 * that any select takes, and only then a snapshot; which is why those functions are volatile.
 */
create or replace function :PGVECTOR_SCHEMA.lock_source() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings :PGVECTOR_SCHEMA.settings;
begin
  if not :PGVECTOR_SCHEMA.may_read_source() then
    raise exception 'The role % may not read the source of the products, %.', current_user, :PGVECTOR_SCHEMA.require_source()
      using errcode = 'PE005',
        hint = 'Who owns it grants that, with everything else, by: select :PGVECTOR_SCHEMA.attach();';
  end if;
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  execute format('select from %I.%I limit 0', v_settings.source_schema, v_settings.source_table);
  return :PGVECTOR_SCHEMA.require_source();
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_source() is
  'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005.';
