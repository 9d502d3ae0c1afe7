/*
 * UPDATE compares just the columns that make the document (rendering both texts made a merge four times slower); everything
 * else is decided when the product is claimed. Only the trigger sees the rows, so it is given the SQL.
 */
create or replace function :PGVECTOR_SCHEMA.note_changes(operation text, table_schema name, table_name name) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hooked boolean;
  v_changed text;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select s.document_hook is not null into v_hooked
  from :PGVECTOR_SCHEMA.settings s
  where s.source_schema = note_changes.table_schema and s.source_table = note_changes.table_name;
  if not found then
    return null;
  end if;

  if operation = 'TRUNCATE' then
    -- Somebody who starts over drops it, which must not stop who writes.
    if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is null then
      return null;
    end if;
    v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
  elsif operation = 'UPDATE' then
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
    where c.in_document or c.decides_life or v_hooked
      -- What says which of two rows of a product counts; where there are no two, each load moves it for nothing.
      or c.decides_order and (select (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids) > 0;
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case operation when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;
  return format(
    'with noted as (%s returning 1) select :PGVECTOR_SCHEMA.announce_changes() where exists (select from noted)',
    :PGVECTOR_SCHEMA.queue_changes_sql(v_changed)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_changes(text, name, name) is
  'SQL that notes the products of a statement in product_changes whose document may have changed, to be run where new_rows and old_rows are; null if the table is not the source, or there is nothing to note. For tg__product_changed().';
