create or replace function :PGVECTOR_SCHEMA.more_urgent_waits(model_id integer) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- As take_changes().
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_active_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
begin
  -- Apart, so that each has an index: of a backfill's queue, as one condition, every batch read all.
  if more_urgent_waits.model_id = v_active_id then
    return exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_active_id and not q.is_bulk)
      or exists (
        select from :PGVECTOR_SCHEMA.sized_changes c where coalesce(c.model_id, v_active_id) = v_active_id and not c.is_bulk
      );
  end if;
  return exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_active_id)
    or exists (select from :PGVECTOR_SCHEMA.product_changes c where coalesce(c.model_id, v_active_id) = v_active_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.more_urgent_waits(integer) is
  'Whether something waits that goes before the bulk of this model: a small change of the active model, or anything of that where this is another.';
