create or replace function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
begin
  perform :PGVECTOR_SCHEMA.attach_triggers();
  for v_related in
    select t.relation_schema, t.relation_name, pg_has_role(c.relowner, 'usage') as is_ours
    from :PGVECTOR_SCHEMA.related_triggers t
    join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, c.relowner
  loop
    if v_related.is_ours then
      perform :PGVECTOR_SCHEMA.attach_related_triggers(v_related.relation_schema, v_related.relation_name);
    else
      raise notice 'The related table %.% belongs to another role, which has to attach it: see embedding_status.notes.',
        v_related.relation_schema, v_related.relation_name;
    end if;
  end loop;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source and on related tables that they lack and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE003, PE005, PE029.';
