/*
 * Rows are compared as they are stored (*<>), and only those that differ are written: the triggers queue
 * what changed and nothing else, and a full comparison of an unchanged table writes nothing. The
 * other server's transaction has one snapshot, like ours, and an upstream table that is swapped while
 * we wait for it looks empty in it, as one that a load has just emptied does: so what vanishes is
 * held by the same share as vectors are, and the next refresh, which is full then, sees whether it was true.
 */
create or replace function :PGVECTOR_SCHEMA.copy_upstream(is_full boolean, release boolean default false)
returns table (outcome text, inserted bigint, updated bigint, deleted bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_started timestamptz := clock_timestamp();
  v_condition text;
  v_columns bigint;
  v_held bigint;
  v_unusable bigint;
  v_duplicate bigint;
  v_names text;
  v_copied text;
  v_incoming text;
begin
  if not :PGVECTOR_SCHEMA.follow_upstream() then
    select r.inserted, r.updated, r.deleted, r.held, r.unusable_ids, r.duplicate_ids
    into inserted, updated, deleted, v_held, v_unusable, v_duplicate
    from :PGVECTOR_SCHEMA.rebuild_copy(release) r;
    outcome := 'rebuilt';
    perform :PGVECTOR_SCHEMA.attach();
  else
    if not is_full then
      select count(*), string_agg(w.condition, ' or ') filter (where w.sign <> all (coalesce(c.seen, '{}')))
      into v_columns, v_condition
      from :PGVECTOR_SCHEMA.copy_window() w
      cross join :PGVECTOR_SCHEMA.source_connection c;
      is_full := v_columns = 0;
    end if;
    outcome := case when is_full then 'full' else 'incremental' end;
    if not is_full and v_condition is null then
      inserted := 0;
      updated := 0;
      deleted := 0;
      update :PGVECTOR_SCHEMA.source_connection c set copied_at = v_started;
      return next;
      return;
    end if;
    select
      string_agg(format('%I', a.attname), ', ' order by a.attnum),
      string_agg(format('c.%I', a.attname), ', ' order by a.attnum),
      string_agg(format('i.%I', a.attname), ', ' order by a.attnum)
    into v_names, v_copied, v_incoming
    from pg_attribute a
    where a.attrelid = ':PGVECTOR_SCHEMA.source_copy'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id';
    execute format(
      $sql$
        with %1$s,
          updated as (
            update :PGVECTOR_SCHEMA.source_copy c
            set (%2$s) = row(%3$s)
            from incoming i
            where i._is_fetched and c.product_id = i.product_id and row(%4$s)::record operator(pg_catalog.*<>) row(%3$s)::record
            returning c.product_id
          ),
          inserted as (
            insert into :PGVECTOR_SCHEMA.source_copy (product_id, %2$s)
            select i.product_id, %3$s
            from incoming i
            where i._is_fetched and not exists (select from :PGVECTOR_SCHEMA.source_copy c where c.product_id = i.product_id)
            returning product_id
          ),
          gone as materialized (
            select c.product_id
            from :PGVECTOR_SCHEMA.source_copy c
            where %5$L and not exists (select from incoming i where i.product_id = c.product_id)
          ),
          hold as materialized (
            select count(*) as gone, not %6$L and count(*) > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.source_copy) as held
            from gone cross join :PGVECTOR_SCHEMA.settings s
            group by s.vanished_hold_share
          ),
          deleted as (
            delete from :PGVECTOR_SCHEMA.source_copy c
            using gone g
            where c.product_id = g.product_id and not (select h.held from hold h)
            returning c.product_id
          )
        select
          (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted),
          coalesce((select h.gone from hold h where h.held), 0),
          (select o.unusable_ids from odd o),
          (select o.duplicate_ids from odd o)
      $sql$,
      :PGVECTOR_SCHEMA.incoming_sql(coalesce(v_condition, 'true'), not is_full),
      v_names, v_incoming, v_copied, is_full, release
    ) into inserted, updated, deleted, v_held, v_unusable, v_duplicate;
  end if;

  update :PGVECTOR_SCHEMA.source_connection c
  set
    copied_at = v_started,
    (watermark, seen) = (select string_agg(format('%s %s', w.column_name, w.mark), ', '), array_agg(w.sign) from :PGVECTOR_SCHEMA.copy_window() w),
    rows = case when outcome = 'incremental' then c.rows + inserted else (select count(*) from :PGVECTOR_SCHEMA.source_copy) end,
    full_at = case when outcome = 'incremental' then c.full_at else v_started end,
    held = case when outcome = 'incremental' then c.held else v_held end,
    unusable_ids = case when outcome = 'incremental' then c.unusable_ids else v_unusable end,
    duplicate_ids = case when outcome = 'incremental' then c.duplicate_ids else v_duplicate end;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_upstream(boolean, boolean) is
  'Brings the copy up to the products in the other database: what is newer, or, full, all of it with deletes, which are held when they are too many, unless released. outcome: incremental, full, or rebuilt when the columns changed.';
