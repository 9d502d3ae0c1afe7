create or replace function :PGVECTOR_SCHEMA.related_relation(relation text) returns regclass
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_relation regclass;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a table with its schema.', coalesce(quote_literal(relation), 'null')
      using errcode = 'PE028', hint = 'select :PGVECTOR_SCHEMA.attach_related(''schema.table'', ''key_column'', ''product_column'');';
  end if;
  select c.oid::regclass into v_relation
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = v_parts[1] and c.relname = v_parts[2] and c.relkind in ('r', 'p', 'v', 'm', 'f');
  if v_relation is null then
    raise exception 'There is no table %.', relation using errcode = 'PE028', hint = 'Build it first: dbt''s hook attaches it again whenever it is made anew.';
  end if;
  if (select c.relkind from pg_class c where c.oid = v_relation) not in ('r', 'p') then
    raise exception '% is no table and cannot have triggers.', v_relation
      using errcode = 'PE028', hint = 'Attach the tables that it reads; what else changes is found by comparing, every few minutes.';
  end if;
  return v_relation;
end
$$;

comment on function :PGVECTOR_SCHEMA.related_relation(text) is 'The table of this name that triggers can be put on. Raises PE028.';
