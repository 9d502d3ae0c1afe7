/*
 * What is odd about the source has a defined behaviour and stops nobody; it is said here, for the
 * status and for who is strict.
 */
create or replace function :PGVECTOR_SCHEMA.source_problems() returns table (problem text, is_error boolean)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_before text[];
begin
  if v_last.unusable_ids > 0 then
    return query select format('%s rows have no usable product_id and are no products here.', v_last.unusable_ids), true;
  end if;
  if v_last.duplicate_ids > 0 then
    return query select format('%s product_ids stand in several rows; the newest row counts.', v_last.duplicate_ids), true;
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = 'name') then
    return query select 'The source has no column name; search shows null for it.', true;
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.decides_life) then
    return query select 'The source has no column deleted; every row is a live product.', false;
  end if;

  select l.document_columns into v_before
  from :PGVECTOR_SCHEMA.source_log l
  where l.event = 'reconcile' and l.error is null
    and l.document_columns is distinct from v_last.document_columns
    and l.logged_at > v_last.logged_at - interval '1 day'
  order by l.log_id desc
  limit 1;
  if v_before is not null then
    return query
      select format(
        'The columns in the documents changed in the last day: %s.',
        string_agg(format('%s %s', c.sign, c.column_name), ', ' order by c.sign, c.column_name)
      ), false
      from (
        select '+' as sign, n.column_name from unnest(v_last.document_columns) n (column_name) where n.column_name <> all (v_before)
        union all
        select '-', o.column_name from unnest(v_before) o (column_name) where o.column_name <> all (v_last.document_columns)
      ) c
      having count(*) > 0;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_problems() is
  'What is odd about the source, by the last comparison and its columns: one sentence each, and whether a strict dbt hook fails on it.';
