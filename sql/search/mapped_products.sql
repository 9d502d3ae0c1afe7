/*
 * Security definer, so that a reader needs no right on tables; which column it shows beside what search
 * shows is therefore a setting of the database and no parameter.
 */
create or replace function :PGVECTOR_SCHEMA.mapped_products()
returns table (product_id bigint, name text, vendor_code text, price numeric, x real, y real, label text, mapped_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_ids bigint[] := array(select m.product_id from :PGVECTOR_SCHEMA.product_map m);
  v_column text := (
    select format('s.%I::pg_catalog.text', c.column_name)
    from :PGVECTOR_SCHEMA.source_columns c
    join :PGVECTOR_SCHEMA.settings s on s.map_column = c.column_name
  );
begin
  return query execute format(
    $sql$
      select p.product_id, p.name, p.vendor_code, p.price, m.x, m.y, l.label, m.mapped_at
      from :PGVECTOR_SCHEMA.live_products($1) p
      join :PGVECTOR_SCHEMA.product_map m on m.product_id = p.product_id
      join (
        select distinct on (1) %1$s as product_id, %2$s as label from %3$s s where %4$s order by 1, %5$s, 2
      ) l on l.product_id = p.product_id
      order by m.product_id
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'), coalesce(v_column, 'null::pg_catalog.text'), v_source,
    :PGVECTOR_SCHEMA.product_ids_sql('s'), :PGVECTOR_SCHEMA.first_row_sql('s')
  ) using v_ids;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.mapped_products() from public;

comment on function :PGVECTOR_SCHEMA.mapped_products() is
  'The live products of the map with their places; label is the column settings.map_column as text, null where the source has no such column. Raises PE001, PE002, PE005.';
