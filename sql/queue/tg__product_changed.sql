/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares the
 * stored image of just the columns that make the document (rendering both texts made a merge four
 * times slower); everything else is decided when the product is claimed.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_changed text;
  v_rows bigint;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  if tg_relid is distinct from :PGVECTOR_SCHEMA.source_relation()::oid then
    return null;
  end if;

  if tg_op = 'TRUNCATE' then
    v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
  elsif tg_op = 'UPDATE' then
    select format(
      $sql$
        select coalesce(n.id, o.id)
        from (select %1$s as id, row(%2$s) as image from new_rows s) n
        full join (select %1$s as id, row(%2$s) as image from old_rows s) o on o.id = n.id
        where n.id is null or o.id is null or n.image operator(pg_catalog.*<>) o.image
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      string_agg(format('s.%I', c.column_name), ', ' order by c.position)
    ) into v_changed
    from :PGVECTOR_SCHEMA.source_columns c
    -- A hook may look at any column.
    where c.in_document or c.decides_life or exists (select from :PGVECTOR_SCHEMA.settings h where h.document_hook is not null);
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;

  execute format(
    'insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
      select c.id, m.model_id from (%s) c (id) cross join unnest($1) m (model_id) where c.id is not null',
    v_changed
  ) using array(select k.model_id from :PGVECTOR_SCHEMA.kept_models k);
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Queues the products of a statement whose document may have changed; attached by attach().';
