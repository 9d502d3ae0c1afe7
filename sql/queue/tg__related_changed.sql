/*
 * Security definer, as tg__product_changed is. Whatever goes wrong (no source, a column that is gone) must not
 * cost the writer its statement: the comparison asks the hook about every product and finds the same.
 *
 * A row counts as changed by what a person would see in it; columns of bookkeeping move at every load. A table
 * whose key is the product's own id says itself which products it is about, also of rows that are gone.
 */
create or replace function :PGVECTOR_SCHEMA.tg__related_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
  v_key record;
  v_changed text;
  v_images text;
  v_rows bigint;
  v_queued bigint := 0;
begin
  for v_related in
    select r.key_column, r.product_column
    from :PGVECTOR_SCHEMA.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where c.oid = tg_relid
  loop
    if tg_op = 'TRUNCATE' then
      execute :PGVECTOR_SCHEMA.queue_changes_sql('select w.product_id from :PGVECTOR_SCHEMA.product_words w');
      get diagnostics v_rows = row_count;
      v_queued := v_queued + v_rows;
      exit;
    end if;

    perform :PGVECTOR_SCHEMA.lock_source();
    v_key := :PGVECTOR_SCHEMA.related_key_sql(tg_relid, v_related.key_column, v_related.product_column);
    continue when v_key.key is null;
    if tg_op = 'UPDATE' then
      select format('row(%s)', string_agg(format('r.%I', a.attname), ', ' order by a.attnum)) into v_images
      from pg_attribute a
      where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
        and (a.attname = v_related.key_column or not (a.attname = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(a.attname, '_')));
      v_changed := format(
        $sql$
          with
            o as materialized (select %1$s as key, %2$s as image from old_rows r),
            n as materialized (select %1$s as key, %2$s as image from new_rows r)
          select o.key from o where not exists (select from n where n.key = o.key and n.image operator(pg_catalog.*=) o.image)
          union
          select n.key from n where not exists (select from o where o.key = n.key and o.image operator(pg_catalog.*=) n.image)
        $sql$,
        v_key.key, v_images
      );
    else
      v_changed := format('select distinct %s from %s r', v_key.key, case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end);
    end if;
    execute format('with changed (key) as materialized (%s) ', v_changed) || :PGVECTOR_SCHEMA.queue_changes_sql(
      format(
        'select distinct q.id from (select %s as id from %s s where %s in (select k.key from changed k) %s) q',
        :PGVECTOR_SCHEMA.product_id_sql('s'),
        :PGVECTOR_SCHEMA.require_source(),
        v_key.product_key,
        case
          when v_related.product_column = 'product_id'
            then format('union all select %s from (select k.key as product_id from changed k) s', :PGVECTOR_SCHEMA.product_id_sql('s'))
        end
      )
    );
    get diagnostics v_rows = row_count;
    v_queued := v_queued + v_rows;
  end loop;
  if v_queued > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return null;
exception when others then
  raise warning 'The products of the changed rows of % could not be queued: %', tg_relid::regclass, sqlerrm
    using hint = 'The worker compares every few minutes by itself and finds them.';
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__related_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__related_changed() is
  'Queues the products whose related rows a statement changed; attached by attach_related().';
