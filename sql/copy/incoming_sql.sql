/*
 * The copy holds one row a product, the one that counts by newest_row_sql(): then it has a primary key,
 * a change is an update, and search has no rows to choose among. Where only what is newer was fetched,
 * the row of the copy takes part in the choice: a late version of a product must not replace a later one.
 * Rows alike in every time are told apart by what they are, so that it is the same one each time.
 */
create or replace function :PGVECTOR_SCHEMA.incoming_sql(condition text, among_copied boolean) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      fetched as materialized (
        select %1$s as product_id, %2$s from :PGVECTOR_SCHEMA.source_upstream s where %3$s
      ),
      incoming as materialized (
        select distinct on (s.product_id) s.*
        from (
          select true as _is_fetched, s.product_id, %2$s from fetched s where s.product_id is not null
          %4$s
        ) s
        order by s.product_id, %5$s, s._is_fetched desc, row(%2$s) using operator(pg_catalog.*<)
      ),
      odd as (
        select
          (select count(*) from fetched f where f.product_id is null) as unusable_ids,
          (
            select count(*)
            from (select from fetched f where f.product_id is not null and %6$s group by f.product_id having count(*) > 1) d
          ) as duplicate_ids
      )
    $sql$,
    (
      select :PGVECTOR_SCHEMA.whole_number_sql('s.product_id', a.atttypid)
      from pg_attribute a
      where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attname = 'product_id'
    ),
    c.columns,
    condition,
    case when among_copied then format(
      'union all select false, s.product_id, %s from :PGVECTOR_SCHEMA.source_copy s where s.product_id in (select f.product_id from fetched f)',
      c.columns
    ) end,
    :PGVECTOR_SCHEMA.newest_row_sql('s'),
    :PGVECTOR_SCHEMA.row_is_valid_sql('f')
  )
  from (
    select string_agg(format('s.%I', a.attname), ', ' order by a.attnum) as columns
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id'
  ) c
$$;

comment on function :PGVECTOR_SCHEMA.incoming_sql(text, boolean) is
  'SQL: the common table expressions fetched (rows of the other database that meet the condition), incoming (of these one a product, and whether it is newer than the copy''s) and odd (how many have no usable id, and how many products stand in several rows that are valid now).';
