/*
 * On the target of a subscription, whose apply worker fires no statement triggers: a row at a time, so
 * it must be cheap. No SQL is generated, and the claim finds what did not change.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_replicated() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_old bigint;
  v_new bigint;
begin
  -- A partition fires for its table.
  if tg_relid is distinct from v_source
    and not exists (select from pg_partition_ancestors(tg_relid) a where a.relid = v_source)
  then
    return null;
  end if;
  if tg_op = 'UPDATE' and not old operator(pg_catalog.*<>) new then
    return null;
  end if;
  if tg_op <> 'DELETE' then
    v_new := :PGVECTOR_SCHEMA.whole_number(new.product_id::text);
  end if;
  if tg_op <> 'INSERT' then
    v_old := :PGVECTOR_SCHEMA.whole_number(old.product_id::text);
  end if;

  if v_new is not null then
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_new]);
  end if;
  if v_old <> v_new or v_old is not null and v_new is null then
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_old]);
  end if;
  perform :PGVECTOR_SCHEMA.announce_changes();
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_replicated() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_replicated() is
  'Queues the product of a row that a subscription wrote; attached by attach() to a subscription''s target.';
