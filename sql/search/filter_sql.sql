/*
 * A filter is data, never SQL: columns have to be the source's and go through %I, operators are from a
 * list, values are literals of the column's own type. Each value is cast here, so that one that does
 * not fit is told by its column and not by a failing search. Operators are pg_catalog's, because a
 * security definer function runs what comes of this.
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
  v_type text;
  v_plain text[];
begin
  if filter is null or jsonb_typeof(filter) = 'null' then
    return 'true';
  end if;
  if jsonb_typeof(filter) <> 'object' then
    raise exception 'A filter is an object of columns, not %.', jsonb_typeof(filter)
      using errcode = 'PE016', hint = 'Such as {"vendor_code": "X", "category_id": [1, 2], "price": {">=": 10, "<": 100}}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(filter) e loop
    -- With -1 and not null: character and bit without a length mean a length of 1.
    select format_type(c.type, -1) into v_type from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_key;
    if v_type is null then
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
        select v.value from jsonb_array_elements_text(case jsonb_typeof(v_operand) when 'array' then v_operand else jsonb_build_array(v_operand) end) v
        where v.value is not null
      );
      begin
        execute format(
          'select pg_catalog.count(null::%1$s operator(pg_catalog.%2$s) any (%3$L::%1$s[]))',
          v_type, case v_operator when 'like' then '~~' else v_operator end, v_plain
        );
      exception when others then
        raise exception 'The filter on % has a value that a column of type % cannot be compared with by %.', v_key, v_type, v_operator
          using errcode = 'PE016', detail = sqlerrm, hint = 'Give a value of the column''s type: a string is read as psql reads a literal.';
      end;

      v_conditions := v_conditions || case
        when jsonb_typeof(v_operand) = 'null'
          then format('%I.%I is %s', alias, v_key, case v_operator when '=' then 'null' else 'not null' end)
        when jsonb_typeof(v_operand) <> 'array'
          then format('%I.%I operator(pg_catalog.%s) %L::%s', alias, v_key, case v_operator when 'like' then '~~' else v_operator end, v_plain[1], v_type)
        when v_operator = '='
          then format('(%1$I.%2$I operator(pg_catalog.=) any (%3$L::%4$s[])%5$s)', alias, v_key, v_plain, v_type,
            case when v_operand @> 'null' then format(' or %I.%I is null', alias, v_key) end)
        else format('(%1$I.%2$I operator(pg_catalog.<>) all (%3$L::%4$s[])%5$s)', alias, v_key, v_plain, v_type,
            case when v_operand @> 'null' then format(' and %I.%I is not null', alias, v_key) end)
      end;
    end loop;
  end loop;
  return coalesce(nullif(array_to_string(v_conditions, ' and '), ''), 'true');
end
$$;

comment on function :PGVECTOR_SCHEMA.filter_sql(text, jsonb) is
  'SQL condition that a source row passes a filter; alias names the row. A key is a column; its value is a value (equal), null, an array (any of these), or an object of operators (=, <>, <, <=, >, >=, like), all of which have to hold; true for null. Raises PE015, PE016.';
