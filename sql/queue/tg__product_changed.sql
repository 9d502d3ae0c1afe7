/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares just the columns
 * that make the document (rendering both texts made a merge four times slower); everything else is decided
 * when the product is claimed.
 *
 * A statement of one row is nearly all that an application writes, and generating and planning SQL for it would
 * take longer than the update. So its columns are compared as JSON, which needs no SQL of its own for
 * the columns that there are; in a statement of many rows the stored image is, which is quicker for each row and
 * sees the same, 2.5 become 2.50 among it.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_old record;
  v_new record;
  v_old_image jsonb;
  v_new_image jsonb;
  v_ids bigint[];
  v_rows bigint;
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
  where s.source_schema = tg_table_schema and s.source_table = tg_table_name;
  if not found then
    return null;
  end if;

  if tg_op = 'DELETE' then
    v_rows := (select count(*) from (select from old_rows limit 2) o);
  elsif tg_op <> 'TRUNCATE' then
    v_rows := (select count(*) from (select from new_rows limit 2) n);
  end if;

  if v_rows = 0 then
    return null;
  elsif v_rows = 1 then
    if tg_op <> 'DELETE' then
      select * into v_new from new_rows;
      v_ids := array[:PGVECTOR_SCHEMA.whole_number(v_new.product_id::text)];
    end if;
    if tg_op <> 'INSERT' then
      select * into v_old from old_rows;
      v_ids := v_ids || :PGVECTOR_SCHEMA.whole_number(v_old.product_id::text);
    end if;
    -- A hook may look at any column.
    if tg_op = 'UPDATE' and not v_hooked and v_ids[1] = v_ids[2] then
      begin
        v_old_image := to_jsonb(v_old) - v_left_out;
        v_new_image := to_jsonb(v_new) - v_left_out;
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
    insert into :PGVECTOR_SCHEMA.product_changes (product_ids)
    select array_agg(distinct i.id)
    from unnest(v_ids) i (id)
    where i.id is not null
    having count(*) > 0;
  else
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
      where c.in_document or c.decides_life or v_hooked
        -- What says which of two rows of a product counts; where there are no two, each load moves it for nothing.
        or c.decides_order and (select (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids) > 0;
    else
      v_changed := format(
        'select %s from %s s',
        :PGVECTOR_SCHEMA.product_id_sql('s'),
        case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
      );
    end if;
    execute :PGVECTOR_SCHEMA.queue_changes_sql(v_changed);
  end if;

  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
