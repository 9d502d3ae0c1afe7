create or replace function :PGVECTOR_SCHEMA.require_hook(name text) returns oid
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_hook record;
  v_hint text := 'Make it again, name another, or do without: select :PGVECTOR_SCHEMA.set_document_hook(null);';
begin
  begin
    v_parts := parse_ident(require_hook.name);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a function with its schema.', coalesce(quote_literal(require_hook.name), 'null')
      using errcode = 'PE029', hint = 'select :PGVECTOR_SCHEMA.set_document_hook(''schema.function'');';
  end if;

  select p.oid, p.prorettype, p.provolatile, p.prokind, p.proretset, pg_get_userbyid(p.proowner) as owner,
    p.proowner = n.nspowner or r.rolsuper as is_trusted, pg_get_userbyid(n.nspowner) as our_owner
  into v_hook
  from pg_proc p
  join pg_roles r on r.oid = p.proowner
  cross join (select s.nspowner from pg_namespace s where s.nspname = ':PGVECTOR_SCHEMA') n
  where p.pronamespace = (select h.oid from pg_namespace h where h.nspname = v_parts[1])
    and p.proname = v_parts[2]
    and p.proargtypes[0] = 'jsonb'::regtype and p.pronargs = 1;
  if v_hook.oid is null then
    raise exception 'There is no function %(jsonb).', require_hook.name using errcode = 'PE029', hint = v_hint;
  end if;
  if v_hook.prorettype <> 'jsonb'::regtype or v_hook.prokind <> 'f' or v_hook.proretset then
    raise exception 'The function %(jsonb) does not return one jsonb.', require_hook.name
      using errcode = 'PE029', hint = 'It is given the product and returns an object with the fields to add, or null.';
  end if;
  if v_hook.provolatile = 'v' then
    raise exception 'The function %(jsonb) is volatile: it may write, and give one product two texts.', require_hook.name
      using errcode = 'PE029', hint = format('If it only reads: alter function %s(jsonb) stable;', require_hook.name);
  end if;
  if not v_hook.is_trusted then
    raise exception 'The function %(jsonb) belongs to %, who could run anything as % by it.', require_hook.name, v_hook.owner, v_hook.our_owner
      using errcode = 'PE029',
        detail = 'Workers and dbt compare products with the rights of the owner of our schema, and so the hook runs with these.',
        hint = format('alter function %s(jsonb) owner to %I;', require_hook.name, v_hook.our_owner);
  end if;
  return v_hook.oid;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_hook(text) is
  'The function of this name, checked: it takes a jsonb, returns one, does not write, and belongs to our owner or a superuser. Raises PE029.';
