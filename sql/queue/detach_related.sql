create or replace function :PGVECTOR_SCHEMA.detach_related(relation text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_trigger record;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    -- It is none of ours either.
    null;
  end;
  if not exists (select from :PGVECTOR_SCHEMA.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2])) then
    raise exception '% is no related table.', coalesce(relation, 'null')
      using errcode = 'PE028',
        hint = coalesce(
          (select 'There are ' || string_agg(distinct format('%I.%I', r.relation_schema, r.relation_name), ', ') || '.' from :PGVECTOR_SCHEMA.related_tables r),
          'There is none.'
        );
  end if;
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name
    from :PGVECTOR_SCHEMA.related_triggers t
    where t.attached and (t.relation_schema, t.relation_name) = (v_parts[1], v_parts[2])
  loop
    execute format('drop trigger %I on %s', v_trigger.trigger_name, v_trigger.relation);
  end loop;
  delete from :PGVECTOR_SCHEMA.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2]);
end
$$;

comment on function :PGVECTOR_SCHEMA.detach_related(text) is
  'Takes our triggers off a related table and forgets it; what changes there is still found by comparing. Raises PE028, and 42501.';
