/*
 * What a subscription writes fires triggers only if they fire always, and only those for each row:
 * statement triggers come with its first copy and never again (but truncate, which has no others).
 */
create or replace view :PGVECTOR_SCHEMA.source_triggers as
  select
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled = 'A' or t.tgenabled = 'O' and not r.is_replicated as enabled,
    case when w.for_each_row then 'row' else 'statement' end as level,
    r.is_replicated as must_be_always
  from (select :PGVECTOR_SCHEMA.source_is_replicated()) r (is_replicated)
  cross join lateral (
    values
      ('_500_embed_insert', 'insert', r.is_replicated),
      ('_500_embed_update', 'update', r.is_replicated),
      ('_500_embed_delete', 'delete', r.is_replicated),
      ('_500_embed_truncate', 'truncate', false)
  ) w (trigger_name, event, for_each_row)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = :PGVECTOR_SCHEMA.source_relation()
    and t.tgname = w.trigger_name
    -- The bit of tgtype that says for each row.
    and (t.tgtype & 1 = 1) = w.for_each_row
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = case when w.for_each_row then 'tg__product_replicated' else 'tg__product_changed' end
    );

comment on view :PGVECTOR_SCHEMA.source_triggers is 'The triggers that the source should have, and whether it has them now.';
comment on column :PGVECTOR_SCHEMA.source_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.source_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.source_triggers.attached is 'Whether the source has it.';
comment on column :PGVECTOR_SCHEMA.source_triggers.enabled is 'Whether it fires, on the target of a subscription also for what that writes; null when it is not attached.';
comment on column :PGVECTOR_SCHEMA.source_triggers.level is 'Whether it fires for each statement, or, on the target of a subscription, for each row.';
comment on column :PGVECTOR_SCHEMA.source_triggers.must_be_always is 'Whether it has to be enabled always, as on the target of a subscription.';
