/*
 * On the target of a subscription, whose apply worker fires no statement triggers: a row at a time, so
 * it must be cheap. No SQL is generated, the claim finds what did not change, and a transaction wakes
 * the worker once.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_replicated() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_old text;
  v_new text;
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
    v_new := btrim(new.product_id::text);
  end if;
  if tg_op <> 'INSERT' then
    v_old := btrim(old.product_id::text);
  end if;

  if v_new ~ '^-?[0-9]{1,18}([.]0*)?$' then
    insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
    select split_part(v_new, '.', 1)::bigint, k.model_id from :PGVECTOR_SCHEMA.kept_models k;
  end if;
  if v_old is distinct from v_new and v_old ~ '^-?[0-9]{1,18}([.]0*)?$' then
    insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
    select split_part(v_old, '.', 1)::bigint, k.model_id from :PGVECTOR_SCHEMA.kept_models k;
  end if;
  if current_setting('product_embeddings.woken', true) is distinct from pg_current_xact_id()::text then
    perform :PGVECTOR_SCHEMA.wake_worker();
    perform set_config('product_embeddings.woken', pg_current_xact_id()::text, true);
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_replicated() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_replicated() is
  'Queues the product of a row that a subscription wrote; attached by attach() to a subscription''s target.';
