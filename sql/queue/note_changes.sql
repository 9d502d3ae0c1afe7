/*
 * UPDATE compares just the columns that make the document (rendering both texts made a merge four times slower); everything
 * else is decided when the product is claimed.
 *
 * A statement of one row is nearly all that an application writes, and generating and planning SQL for it would
 * take longer than the update. So its columns are compared as JSON, which needs no SQL of its own for
 * the columns that there are; in a statement of many rows the stored image is, which is quicker for each row and
 * sees the same, 2.5 become 2.50 among it. Their rows only the trigger sees, so it is given the SQL.
 */
create or replace function :PGVECTOR_SCHEMA.note_changes(
  operation text, table_schema name, table_name name, row_count bigint default null, new_id text default null, old_id text default null,
  new_row record default null, old_row record default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_old_image jsonb;
  v_new_image jsonb;
  v_ids bigint[];
  v_changed text;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select
    s.document_hook is not null,
    array(
      select f.column_name
      from :PGVECTOR_SCHEMA.document_fields f
      where not f.included and f.column_name not in ('deleted', 'dbt_valid_to', 'dbt_is_deleted')
    )
  into v_hooked, v_left_out
  from :PGVECTOR_SCHEMA.settings s
  where s.source_schema = note_changes.table_schema and s.source_table = note_changes.table_name;
  if not found or row_count = 0 then
    return null;
  end if;

  if row_count = 1 then
    -- A hook may look at any column.
    if operation = 'UPDATE' and not v_hooked and new_id = old_id then
      begin
        v_old_image := to_jsonb(old_row) - v_left_out;
        v_new_image := to_jsonb(new_row) - v_left_out;
        if strpos(v_new_image::text, '"_') > 0 then
          v_left_out := array(
            select k.name
            from jsonb_object_keys(v_new_image) k (name)
            left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = k.name
            where starts_with(k.name, '_') and f.included is not true
          );
          v_old_image := v_old_image - v_left_out;
          v_new_image := v_new_image - v_left_out;
        end if;
        -- Of a product in several rows a column that is left out may say which of them counts.
        if v_old_image::text = v_new_image::text and coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids, 0) = 0 then
          return null;
        end if;
      exception when others then
        -- Not everything of type json is jsonb too. The claim tells whether it changed.
        null;
      end;
    end if;
    v_ids := array_remove(
      array[
        :PGVECTOR_SCHEMA.whole_number(new_id),
        case when old_id is distinct from new_id then :PGVECTOR_SCHEMA.whole_number(old_id) end
      ],
      null
    );
    if v_ids <> '{}' then
      insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (v_ids);
      perform :PGVECTOR_SCHEMA.announce_changes();
    end if;
    return null;
  end if;

  if operation = 'TRUNCATE' then
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

comment on function :PGVECTOR_SCHEMA.note_changes(text, name, name, bigint, text, text, record, record) is
  'Notes the product of a statement of one row in product_changes if its document may have changed, and returns null; for a statement of more rows (row_count 2, or null: all), the SQL that does so, to be run where new_rows and old_rows are. For tg__product_changed().';
