create or replace view :PGVECTOR_SCHEMA.related_triggers as
  select
    r.relation_schema,
    r.relation_name,
    c.oid as relation_oid,
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled in ('O', 'A') as enabled
  from (select distinct a.relation_schema, a.relation_name from :PGVECTOR_SCHEMA.related_tables a) r
  cross join (
    values
      ('_510_related_insert', 'insert'),
      ('_510_related_update', 'update'),
      ('_510_related_delete', 'delete'),
      ('_510_related_truncate', 'truncate')
  ) w (trigger_name, event)
  left join pg_catalog.pg_class c
    on c.relname = r.relation_name
    and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = r.relation_schema)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = c.oid
    and t.tgname = w.trigger_name
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = 'tg__related_changed'
    );

comment on view :PGVECTOR_SCHEMA.related_triggers is 'The triggers that the related tables should have, and whether they have them now.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_schema is 'Schema of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_name is 'Name of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_oid is 'The table as it is now; null while it does not exist.';
comment on column :PGVECTOR_SCHEMA.related_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.related_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.related_triggers.attached is 'Whether the table has it.';
comment on column :PGVECTOR_SCHEMA.related_triggers.enabled is 'Whether it fires; null when it is not attached.';
