/*
 * Generating and planning SQL for one row would take longer than its update. So its columns are compared as JSON, which needs no SQL
 * of its own for the columns that there are and keeps each as it is written, the blanks of a json and 2.50 for 2.5 among it; in a
 * statement of many rows the stored image is (see note_changes), which is quicker for each row and sees the same.
 */
create or replace function :PGVECTOR_SCHEMA.note_update(
  product_id bigint, table_schema name, table_name name, new_row record, old_row record
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_differs boolean := true;
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
  where s.source_schema = note_update.table_schema and s.source_table = note_update.table_name;
  if not found then
    return;
  end if;

  -- A hook may look at any column.
  if not v_hooked then
    begin
      v_differs := exists (
        select
        from json_each(row_to_json(new_row)) n
        join json_each(row_to_json(old_row)) o on o.key = n.key and o.value::text <> n.value::text
        where n.key <> all (v_left_out)
          and not (starts_with(n.key, '_') and not exists (select from :PGVECTOR_SCHEMA.document_fields f where f.column_name = n.key and f.included))
      );
    exception when others then
      -- Not everything of type json can be read. The claim tells whether it changed.
      null;
    end;
    -- Of a product in several rows a column that is left out may say which of them counts.
    if not v_differs and coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids, 0) = 0 then
      return;
    end if;
  end if;
  insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[note_update.product_id]);
  perform :PGVECTOR_SCHEMA.announce_changes();
end
$$;

comment on function :PGVECTOR_SCHEMA.note_update(bigint, name, name, record, record) is
  'Notes the product of an update of one row in product_changes, if its document may have changed. For tg__product_changed().';
