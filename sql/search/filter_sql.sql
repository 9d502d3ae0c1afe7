/*
 * A filter is data, never SQL: columns have to be the source's and go through %I, operators are from a
 * list, values are literals of the column's own type. Each value is cast here, so that one that does
 * not fit is told by its column and not by a failing search. Operators are pg_catalog's, because a
 * security definer function runs what comes of this; of a type from elsewhere also its own, as citext has them, if a
 * superuser owns operator and function, which an extension's are.
 */
create or replace function :PGVECTOR_SCHEMA.filter_sql(alias text, filter jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_conditions text[] := array[]::text[];
  v_key text;
  v_value jsonb;
  v_operator text;
  v_operand jsonb;
  v_type_oid oid;
  v_type text;
  v_is_array boolean;
  v_symbol text;
  v_schema text;
  v_plain text[];
  v_comparisons text[];
begin
  if filter is null or jsonb_typeof(filter) = 'null' then
    return 'true';
  end if;
  if jsonb_typeof(filter) <> 'object' then
    raise exception 'A filter is an object of columns, not %.', jsonb_typeof(filter)
      using errcode = 'PE016', hint = 'Such as {"vendor_code": "X", "category_id": [1, 2], "price": {">=": 10, "<": 100}}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(filter) e loop
    -- A value need not be one that a domain allows.
    with recursive named as (
      select c.type::oid as oid from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_key
      union all
      select t.typbasetype from named n join pg_type t on t.oid = n.oid where t.typtype = 'd'
    )
    -- With -1 and not null: character and bit without a length mean a length of 1.
    select t.oid, format_type(t.oid, -1), t.typcategory = 'A' into v_type_oid, v_type, v_is_array
    from named n
    join pg_type t on t.oid = n.oid
    where t.typtype <> 'd';
    if v_type is null then
      perform :PGVECTOR_SCHEMA.require_source();
      raise exception 'The source has no column %.', quote_literal(left(v_key, 100))
        using errcode = 'PE015',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
    end if;
    if jsonb_typeof(v_value) <> 'object' then
      v_value := jsonb_build_object('=', v_value);
    end if;

    for v_operator, v_operand in select e.key, e.value from jsonb_each(v_value) e loop
      if v_operator not in ('=', '<>', '<', '<=', '>', '>=', 'like') then
        raise exception 'The filter on % has an unknown operator: %.', v_key, quote_literal(left(v_operator, 100))
          using errcode = 'PE016', hint = 'Use =, <>, <, <=, >, >= or like.';
      end if;
      if jsonb_typeof(v_operand) = 'object'
        or jsonb_typeof(v_operand) in ('array', 'null') and v_operator not in ('=', '<>')
        or jsonb_path_exists(v_operand, 'strict $[*] ? (@.type() == "object" || @.type() == "array")', silent => true)
      then
        raise exception 'The filter on % has % for %.', v_key, jsonb_typeof(v_operand), v_operator
          using errcode = 'PE016', hint = '= and <> take a value, null or an array of these; the other operators take a value.';
      end if;

      v_plain := array(
        select
          -- A client whose numbers are all floats writes 10.0.
          case when jsonb_typeof(v.value) = 'number' and v_type_oid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
            then trim_scale((v.value #>> '{}')::numeric)::text
            else v.value #>> '{}'
          end
        from jsonb_array_elements(case jsonb_typeof(v_operand) when 'array' then v_operand else jsonb_build_array(v_operand) end) v
        where v.value <> 'null'
      );
      v_symbol := case v_operator when 'like' then '~~' else v_operator end;
      v_schema := coalesce(
        (
          select n.nspname
          from pg_operator o
          join pg_proc f on f.oid = o.oprcode
          join pg_namespace n on n.oid = o.oprnamespace
          join pg_type t on t.oid = o.oprleft and t.typnamespace <> 'pg_catalog'::regnamespace
          where o.oprname = v_symbol and o.oprleft = v_type_oid and o.oprright = v_type_oid
            and (select bool_and(r.rolsuper) from pg_roles r where r.oid in (o.oprowner, f.proowner))
          order by n.oid = t.typnamespace desc, n.nspname
          limit 1
        ),
        'pg_catalog'
      );
      v_comparisons := array(
        -- Any array of arrays is of the arrays' own type, so each is compared by itself.
        select format(' operator(%I.%s) %L::%s', v_schema, v_symbol, u.value, v_type)
        from unnest(v_plain) u (value)
        where v_is_array or jsonb_typeof(v_operand) <> 'array'
        union all
        select format(' operator(%I.%s) %s (%L::%s[])', v_schema, v_symbol, case v_operator when '<>' then 'all' else 'any' end, v_plain, v_type)
        where not v_is_array and jsonb_typeof(v_operand) = 'array' and v_plain <> '{}'
      );
      begin
        if v_operator = 'like' and v_plain[1] ~ E'(^|[^\\\\])(\\\\\\\\)*\\\\$' then
          raise exception 'The pattern ends with the escape character.';
        end if;
        for i in 1 .. cardinality(v_comparisons) loop
          execute format('select pg_catalog.count(null::%s%s)', v_type, v_comparisons[i]);
        end loop;
      exception when others then
        raise exception 'The filter on % has a value that a column of type % cannot be compared with by %.', v_key, v_type, v_operator
          using errcode = 'PE016', detail = sqlerrm, hint = 'Give a value of the column''s type: a string is read as psql reads a literal.';
      end;

      v_conditions := v_conditions || (
        select format(case when count(*) > 1 then '(%s)' else '%s' end, string_agg(c.condition, case v_operator when '<>' then ' and ' else ' or ' end))
        from (
          select format('%I.%I%s', alias, v_key, u.comparison) as condition from unnest(v_comparisons) u (comparison)
          union all
          select format('%I.%I is %s', alias, v_key, case v_operator when '<>' then 'not null' else 'null' end) where v_operand @> 'null'
          union all
          -- None of no values is equal, and all are other.
          select (v_operator = '<>')::text where v_operand = '[]'
        ) c
      );
    end loop;
  end loop;
  return coalesce(nullif(array_to_string(v_conditions, ' and '), ''), 'true');
end
$$;

comment on function :PGVECTOR_SCHEMA.filter_sql(text, jsonb) is
  'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE001, PE002, PE015, PE016.';
