create or replace view :PGVECTOR_SCHEMA.source_triggers as
  select
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled in ('O', 'A') as enabled
  from (
    values
      ('_500_embed_insert', 'insert'),
      ('_500_embed_update', 'update'),
      ('_500_embed_delete', 'delete'),
      ('_500_embed_truncate', 'truncate')
  ) w (trigger_name, event)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = :PGVECTOR_SCHEMA.source_relation()
    and t.tgname = w.trigger_name
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = 'tg__product_changed'
    );

comment on view :PGVECTOR_SCHEMA.source_triggers is 'The triggers that the source should have, and whether it has them now.';
comment on column :PGVECTOR_SCHEMA.source_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.source_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.source_triggers.attached is 'Whether the source has it.';
comment on column :PGVECTOR_SCHEMA.source_triggers.enabled is 'Whether it fires; null when it is not attached.';
