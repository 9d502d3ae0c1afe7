/*
 * Stored as names, as the source is: dbt makes the table anew and may not have made it yet. The name
 * is taken apart here, so that nothing else has to read one.
 */
create or replace function :PGVECTOR_SCHEMA.set_interactions(
  relation text, group_column text default 'order_id', product_column text default 'product_id'
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text[];
begin
  begin
    v_name := parse_ident(relation);
  exception when invalid_parameter_value then
    v_name := '{}';
  end;
  if relation is not null and (cardinality(v_name) <> 2 or group_column is null or product_column is null) then
    raise exception '% is no relation with a group column and a product column.', quote_literal(left(relation, 200))
      using errcode = 'PE023',
        hint = 'Name its schema too: select :PGVECTOR_SCHEMA.set_interactions(''marts.order_lines'', ''order_id'', ''product_id'');';
  end if;
  update :PGVECTOR_SCHEMA.settings s
  set interactions_schema = v_name[1],
    interactions_table = v_name[2],
    interactions_group = case when relation is not null then group_column end,
    interactions_product = case when relation is not null then product_column end;
end
$$;

comment on function :PGVECTOR_SCHEMA.set_interactions(text, text, text) is
  'Names the relation of orders or sessions (schema.name), its column of the order or session and that of the product; it need not exist yet. Null for none. Follow it with refresh_pairs(). Raises PE023.';
