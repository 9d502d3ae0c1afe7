/*
 * By every time column that there is, since each tells something else: a load sets ingested_at, the
 * shop updated_at. The watermarks are read from the copy itself, so that they cannot say more than
 * it holds. A time that lies ahead is none, or one odd row would hide all later ones; of a time
 * without a zone, as far ahead as a zone can be. A load sets one time in all rows, which would then be
 * fetched at each refresh: hence a sign for each column, which the other server computes, and while that
 * is the same nothing is fetched for it.
 */
create or replace function :PGVECTOR_SCHEMA.copy_window()
returns table (column_name text, mark text, condition text, sign text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_column record;
  v_names text[];
  v_marks text[];
  v_conditions text[];
  v_counts text[];
  v_signs text[];
  v_mark text;
  v_from text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  for v_column in
    select a.attname as name, a.atttypid::regtype as type
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.attnum > 0 and not a.attisdropped
      and a.attname = any (coalesce(v_connection.time_columns, array['updated_at', 'ingested_at', 'dbt_valid_from']))
      and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
    order by a.attname
  loop
    execute format(
      'select max(c.%1$I)::text, format(''%%L::%3$s'', (max(c.%1$I) - %2$L::interval)::%3$s) from :PGVECTOR_SCHEMA.source_copy c where c.%1$I <= %4$s and isfinite(c.%1$I)',
      v_column.name, v_connection.overlap, v_column.type,
      case when v_column.type = 'timestamptz'::regtype then 'now()' else 'now() at time zone ''UTC'' + interval ''14 hours''' end
    ) into v_mark, v_from;
    v_names := v_names || v_column.name::text;
    v_marks := v_marks || v_mark;
    v_conditions := v_conditions || format(case when v_mark is null then 's.%I is not null' else 's.%I >= %s' end, v_column.name, v_from);
    v_counts := v_counts || format(
      case when v_mark is null then 'count(s.%I)::text'
        else 'concat(count(*) filter (where s.%1$I >= %2$s), '' '', sum(s.%1$I - %2$s) filter (where s.%1$I >= %2$s and isfinite(s.%1$I)))'
      end,
      v_column.name, v_from
    );
  end loop;
  if v_names is null or v_marks = array_fill(null::text, array[cardinality(v_names)]) then
    -- No time column, or none that says anything.
    return;
  end if;
  execute format('select array[%s] from :PGVECTOR_SCHEMA.source_upstream s where %s', array_to_string(v_counts, ', '), array_to_string(v_conditions, ' or '))
  into v_signs;
  return query
    select w.name, w.mark, w.condition, format('%s %s: %s', w.name, w.mark, w.sign)
    from unnest(v_names, v_marks, v_conditions, v_signs) w (name, mark, condition, sign);
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_window() is
  'For each time column how far the copy is, by which condition rows of the other database may be later, and a sign of what these are; no row when no column tells.';
