/*
 * All that can be wrong is found before anything is written. A key that is not named keeps what it has.
 */
create or replace function :PGVECTOR_SCHEMA.store_fields(fields jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_column text;
  v_change jsonb;
  v_key text;
  v_value jsonb;
  v_problem text;
  v_hint text := 'Such as: {"name": {"weight": 3, "position": 1}, "price": {"included": false}, "description": {"label": "about", "word_class": "C"}, "code": null}';
begin
  if jsonb_typeof(fields) is distinct from 'object' then
    raise exception 'The fields must be an object with the names of columns as its keys.' using errcode = 'PE024', hint = v_hint;
  end if;
  for v_column, v_change in select f.key, f.value from jsonb_each(fields) f loop
    if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_column)
      -- What is there no more may still be forgotten.
      and not (v_change = 'null' and exists (select from :PGVECTOR_SCHEMA.document_fields d where d.column_name = v_column))
    then
      raise exception 'The source has no column %.', quote_ident(v_column)
        using errcode = 'PE024',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
    end if;
    continue when v_change = 'null';
    if jsonb_typeof(v_change) <> 'object' then
      raise exception 'What is said of % must be an object, or null for the default.', quote_ident(v_column) using errcode = 'PE024', hint = v_hint;
    end if;
    for v_key, v_value in select k.key, k.value from jsonb_each(v_change) k loop
      v_problem := case
        when v_key not in ('included', 'label', 'position', 'word_class', 'weight')
          then format('%I is nothing that can be said of a field.', v_key)
        when v_value = 'null' then null
        when v_key = 'included' and jsonb_typeof(v_value) <> 'boolean' then 'included must be true or false.'
        when v_key = 'label' and jsonb_typeof(v_value) <> 'string' then 'label must be a string.'
        when v_key = 'word_class' and coalesce(v_value #>> '{}', '') not in ('A', 'B', 'C', 'D') then 'word_class must be "A", "B", "C" or "D".'
        when v_key in ('position', 'weight') and jsonb_typeof(v_value) <> 'number' then format('%s must be a number.', v_key)
        when v_key = 'position' and (v_value::numeric <> trunc(v_value::numeric) or abs(v_value::numeric) > 1000000)
          then 'position must be a whole number.'
        when v_key = 'weight' and v_value::numeric not between 0.001 and 1000 then 'weight must be from 0.001 to 1000.'
      end;
      if v_problem is not null then
        raise exception 'Field %: %', quote_ident(v_column), v_problem
          using errcode = 'PE024', hint = 'included, label, position, word_class and weight can be said of a field. ' || v_hint;
      end if;
    end loop;
  end loop;

  delete from :PGVECTOR_SCHEMA.document_fields d using jsonb_each(fields) f where d.column_name = f.key and f.value = 'null';
  insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
  select f.key, not (f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(f.key, '_'))
  from jsonb_each(fields) f
  where f.value <> 'null' or f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns())
  on conflict do nothing;
  update :PGVECTOR_SCHEMA.document_fields d
  set
    included = case
      when f.value -> 'included' = 'null' then not (f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(f.key, '_'))
      else coalesce((f.value ->> 'included')::boolean, d.included)
    end,
    label = case when f.value ? 'label' then f.value ->> 'label' else d.label end,
    position = case when f.value ? 'position' then (f.value ->> 'position')::numeric::integer else d.position end,
    word_class = case when f.value ? 'word_class' then f.value ->> 'word_class' else d.word_class end,
    weight = case when f.value ? 'weight' then (f.value ->> 'weight')::double precision else d.weight end
  from jsonb_each(fields) f
  where d.column_name = f.key and f.value <> 'null';

  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.in_document) then
    raise exception 'No column would be left in the document.'
      using errcode = 'PE024', hint = 'Leave one in, or say {"name": null} for the default.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_fields(jsonb) is 'Writes what set_fields() was given to document_fields. Raises PE024.';
