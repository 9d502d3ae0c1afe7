--! Previous: sha1:244c144faca6b8eb11aa8bda1bf0d84254780704
--! Hash: sha1:31ab5b53ec074b6ca3ae606f765488e94db8801f
--! Message: the source survives dbt

/*
 * The source survives dbt: attach and compare after a build, hold a mass disappearance, a status from
 * the last comparison, roles.
 */

-- Loads the library, without which hnsw.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- Its columns are others now. What a user built on the view makes this fail, and then nothing is lost.
drop view :PGVECTOR_SCHEMA.embedding_status;
drop function :PGVECTOR_SCHEMA.compute_status();

-- source
--! Included source/settings.sql
/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values.
 */
create table if not exists :PGVECTOR_SCHEMA.settings (
  singleton boolean primary key default true check (singleton),
  source_schema text not null default 'staging_staging',
  source_table text not null default 'stg_product',
  lease interval not null default '2 minutes' check (lease > '0'),
  max_attempts integer not null default 5 check (max_attempts > 0),
  retry_after interval not null default '5 seconds' check (retry_after > '0'),
  vanished_grace interval not null default '7 days' check (vanished_grace >= '0'),
  max_document_characters integer not null default 32768 check (max_document_characters > 0)
);

alter table :PGVECTOR_SCHEMA.settings
  add column if not exists vanished_hold_share numeric not null default 0.3 check (vanished_hold_share between 0 and 1);

insert into :PGVECTOR_SCHEMA.settings default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.settings is 'What an operator may change, in one row: update it in place.';
comment on column :PGVECTOR_SCHEMA.settings.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.settings.source_schema is 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';
comment on column :PGVECTOR_SCHEMA.settings.source_table is 'Name of that relation (STAGING_DB_TABLE).';
comment on column :PGVECTOR_SCHEMA.settings.lease is 'How long a worker keeps what it claimed without a sign of life; then another may take it.';
comment on column :PGVECTOR_SCHEMA.settings.max_attempts is 'After so many attempts a product is set aside in product_failures.';
comment on column :PGVECTOR_SCHEMA.settings.retry_after is 'Wait before the second attempt; doubled for each further one.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_grace is 'How long the vector of a vanished product is kept; search does not show it meanwhile.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_hold_share is 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';
comment on column :PGVECTOR_SCHEMA.settings.max_document_characters is 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';
--! EndIncluded source/settings.sql
--! Included source/source_log.sql
/*
 * Append-only, like the queue: the rows are written inside dbt's transaction, which may stay open for
 * long, and nobody must wait for it. The status reads the last comparison from here, so that a
 * dashboard need not compare a million products at every look.
 */
create table if not exists :PGVECTOR_SCHEMA.source_log (
  log_id bigint generated always as identity primary key,
  logged_at timestamptz not null default clock_timestamp(),
  event text not null check (event in ('attach', 'reconcile')),
  error text,
  source_oid oid,
  triggers_attached boolean,
  products bigint,
  missing bigint,
  stale bigint,
  orphans bigint,
  queued bigint,
  unusable_ids bigint,
  duplicate_ids bigint,
  document_columns text[],
  seconds numeric
);

comment on table  :PGVECTOR_SCHEMA.source_log is 'What attaching and reconciling did in the last week, and what the comparisons found.';
comment on column :PGVECTOR_SCHEMA.source_log.log_id is 'Order.';
comment on column :PGVECTOR_SCHEMA.source_log.logged_at is 'When it was through.';
comment on column :PGVECTOR_SCHEMA.source_log.event is 'attach (triggers put on) or reconcile (comparison).';
comment on column :PGVECTOR_SCHEMA.source_log.error is 'Why it failed; null when it did not. The columns below are null then.';
comment on column :PGVECTOR_SCHEMA.source_log.source_oid is 'The relation that it was: another one is there after dbt rebuilt the table.';
comment on column :PGVECTOR_SCHEMA.source_log.triggers_attached is 'Whether it had all triggers, enabled.';
comment on column :PGVECTOR_SCHEMA.source_log.products is 'Reconcile: live products.';
comment on column :PGVECTOR_SCHEMA.source_log.missing is 'Reconcile: of these, without a vector.';
comment on column :PGVECTOR_SCHEMA.source_log.stale is 'Reconcile: of these, with a vector of another text or model.';
comment on column :PGVECTOR_SCHEMA.source_log.orphans is 'Reconcile: vectors without a live product.';
comment on column :PGVECTOR_SCHEMA.source_log.queued is 'Reconcile: products that it queued; what waited already, or was set aside, is not queued again.';
comment on column :PGVECTOR_SCHEMA.source_log.unusable_ids is 'Reconcile: rows whose product_id is null or no whole number; they are no products here.';
comment on column :PGVECTOR_SCHEMA.source_log.duplicate_ids is 'Reconcile: product_ids that stand in several rows; the newest row counts.';
comment on column :PGVECTOR_SCHEMA.source_log.document_columns is 'Reconcile: the columns that were in the documents.';
comment on column :PGVECTOR_SCHEMA.source_log.seconds is 'Reconcile: how long it took.';
--! EndIncluded source/source_log.sql
--! Included document/document_fields.sql
/*
 * Every column is in the document unless a row here says otherwise, so that a new column is found
 * without anybody's doing. Left out are the bookkeeping columns: of the feed (ingested_at moves at
 * every load, and with it in the text every load would encode everything again), of a dbt snapshot,
 * and whatever a loader marks as its own with a leading underscore (_fivetran_synced, _dlt_load_id).
 */
create table if not exists :PGVECTOR_SCHEMA.document_fields (
  column_name text primary key,
  included boolean not null default true
);

insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
values
  ('product_id', false), ('created_at', false), ('updated_at', false), ('ingested_at', false), ('deleted', false),
  ('dbt_scd_id', false), ('dbt_updated_at', false), ('dbt_valid_from', false), ('dbt_valid_to', false), ('dbt_is_deleted', false)
on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
--! EndIncluded document/document_fields.sql
--! Included document/document_order.sql
/*
 * dbt retypes a column by making a new one at the end, and a rebuilt table has its columns in another
 * order than one that grew. Neither changes a product, so neither may change its text: columns stay
 * in the order in which they were first seen. Filled by comparing.
 */
create table if not exists :PGVECTOR_SCHEMA.document_order (
  column_name text primary key,
  position bigint not null generated always as identity
);

comment on table  :PGVECTOR_SCHEMA.document_order is 'In which order the columns of the source are in a document: that in which they were first seen.';
comment on column :PGVECTOR_SCHEMA.document_order.column_name is 'Name of a column; it may be gone by now, and has its place back when it returns.';
comment on column :PGVECTOR_SCHEMA.document_order.position is 'Its place; columns that have none yet follow in the order of the table.';
--! EndIncluded document/document_order.sql
--! Included source/source_columns.sql
create or replace view :PGVECTOR_SCHEMA.source_columns as
  select
    (row_number() over (order by o.position nulls last, a.attnum))::smallint as position,
    a.attname::text as column_name,
    a.atttypid::regtype as type,
    coalesce(f.included, not starts_with(a.attname::text, '_')) as in_document,
    -- A soft delete, and what makes a row of a dbt snapshot the present one.
    a.attname in ('deleted', 'dbt_valid_to', 'dbt_is_deleted') as decides_life
  from pg_catalog.pg_attribute a
  left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = a.attname
  left join :PGVECTOR_SCHEMA.document_order o on o.column_name = a.attname
  where a.attrelid = :PGVECTOR_SCHEMA.source_relation()
    and a.attnum > 0
    and not a.attisdropped;

comment on view :PGVECTOR_SCHEMA.source_columns is 'The columns of the source as it is now, and which of them are in a product''s document.';
comment on column :PGVECTOR_SCHEMA.source_columns.position is 'Order in the document (see document_order).';
comment on column :PGVECTOR_SCHEMA.source_columns.column_name is 'Name of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.type is 'Type of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.in_document is 'Whether the column is part of the document (see document_fields).';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_life is 'Whether the column says if the product is live: deleted, and dbt_valid_to and dbt_is_deleted of a snapshot.';
--! EndIncluded source/source_columns.sql
--! Included source/may_read_source.sql
create or replace function :PGVECTOR_SCHEMA.may_read_source(role_name name default current_user) returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
begin
  return (
    select has_schema_privilege(may_read_source.role_name, c.relnamespace, 'usage')
      and has_table_privilege(may_read_source.role_name, c.oid, 'select')
    from pg_class c
    where c.oid = v_source
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.may_read_source(name) is
  'Whether a role, the current one when none is named, may read the source. Raises PE001, PE002.';
--! EndIncluded source/may_read_source.sql
--! Included source/lock_source.sql
/*
 * A statement that meets dbt's swap waits for it and then reads the new table with a snapshot from
 * before, in which the new table's rows do not exist yet: search would find nothing, and a claim
 * would take every product for vanished. So who reads the source first takes this lock, the same
 * that any select takes, and only then a snapshot; which is why those functions are volatile. In a
 * transaction that keeps one snapshot throughout, that is too late, and an error better than a hole.
 */
create or replace function :PGVECTOR_SCHEMA.lock_source() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source text;
begin
  if not :PGVECTOR_SCHEMA.may_read_source() then
    raise exception 'The role % may not read the source of the products, %.', current_user, :PGVECTOR_SCHEMA.require_source()
      using errcode = 'PE005',
        hint = 'Who owns it grants that, with everything else, by: select :PGVECTOR_SCHEMA.attach();';
  end if;
  select format('%I.%I', s.source_schema, s.source_table) into strict v_source from :PGVECTOR_SCHEMA.settings s;
  execute format('select from %s limit 0', v_source);
  -- By name it is the one that is locked, by the catalog the one that this snapshot shows.
  if to_regclass(v_source) is distinct from :PGVECTOR_SCHEMA.require_source() then
    raise exception 'The source was rebuilt since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
  return to_regclass(v_source);
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_source() is
  'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002, PE005, and 40001 in a transaction whose one snapshot is from before a swap.';
--! EndIncluded source/lock_source.sql
--! Included source/grant_source.sql
/*
 * Security invoker: run by who owns the source. dbt makes the table anew and with it its grants, so
 * this is part of attaching. Grants only what is missing: two grants on one schema at once can fail.
 */
create or replace function :PGVECTOR_SCHEMA.grant_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = v_source);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    if not has_table_privilege(v_role, v_source, 'select') then
      execute format('grant select on %s to %I', v_source, v_role);
    end if;
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_source() is
  'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';
--! EndIncluded source/grant_source.sql
--! Included source/product_is_live_sql.sql
/*
 * CDC feeds spell a soft delete as boolean, number or text. Anything but a clear yes is a live
 * product: showing one too many is a smaller harm than losing a catalogue to an odd value. Of a dbt
 * snapshot only the rows that are valid now are products.
 */
create or replace function :PGVECTOR_SCHEMA.product_is_live_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    string_agg(
      case
        when c.column_name = 'dbt_valid_to' and t.typcategory = 'D'
          then format('coalesce(%I.%I operator(pg_catalog.>) pg_catalog.now(), true)', alias, c.column_name)
        when c.column_name = 'dbt_valid_to' then 'true'
        when c.type = 'boolean'::regtype then format('%I.%I is not true', alias, c.column_name)
        else format(
          $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.%I::pg_catalog.text)) not in ('true', 't', 'yes', 'y', '1'), true)$sql$,
          alias, c.column_name
        )
      end,
      ' and ' order by c.position
    ),
    'true'
  )
  from :PGVECTOR_SCHEMA.source_columns c
  join pg_type t on t.oid = c.type
  where c.decides_life
$$;

comment on function :PGVECTOR_SCHEMA.product_is_live_sql(text) is
  'SQL condition that a source row is a live product: not soft-deleted (column deleted), and of a dbt snapshot valid now; true where there is no such column. alias names the row.';
--! EndIncluded source/product_is_live_sql.sql
--! Included source/newest_row_sql.sql
/*
 * An append-only model has a row a version and a careless join has rows too many; a product is one
 * of them, the same each time: the newest by what the feed says of time, then a live one.
 */
create or replace function :PGVECTOR_SCHEMA.newest_row_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select concat(
    string_agg(
      format('%I.%I desc nulls last, ', alias, c.column_name),
      '' order by array_position(array['dbt_valid_from', 'updated_at', 'ingested_at'], c.column_name)
    ),
    format('(%s) is true desc', :PGVECTOR_SCHEMA.product_is_live_sql(alias))
  )
  from :PGVECTOR_SCHEMA.source_columns c
  join pg_type t on t.oid = c.type
  where c.column_name in ('dbt_valid_from', 'updated_at', 'ingested_at')
    -- What has an order: times, numbers, and times that came as text.
    and t.typcategory in ('D', 'N', 'S')
$$;

comment on function :PGVECTOR_SCHEMA.newest_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: the newest by dbt_valid_from, updated_at and ingested_at, as far as they exist, then a live one. alias names the row.';
--! EndIncluded source/newest_row_sql.sql
--! Included source/source_shape.sql
create or replace function :PGVECTOR_SCHEMA.source_shape()
returns table (unusable_ids bigint, duplicate_ids bigint, document_columns text[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
begin
  execute format(
    $sql$
      select coalesce(sum(i.rows) filter (where i.id is null), 0), count(*) filter (where i.id is not null and i.rows > 1)
      from (select %s as id, count(*) as rows from %s s group by 1) i
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    v_source
  ) into unusable_ids, duplicate_ids;
  select array_agg(c.column_name order by c.position) into document_columns
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_shape() is
  'Rows without a usable product_id, product_ids that stand in several rows, and the columns that are in the document. Reads every id. Raises PE001, PE002, PE005.';
--! EndIncluded source/source_shape.sql
--! Included source/last_comparison.sql
create or replace function :PGVECTOR_SCHEMA.last_comparison() returns :PGVECTOR_SCHEMA.source_log
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last :PGVECTOR_SCHEMA.source_log;
begin
  select * into v_last
  from :PGVECTOR_SCHEMA.source_log l
  where l.event = 'reconcile' and l.error is null
  order by l.log_id desc
  limit 1;
  return v_last;
end
$$;

comment on function :PGVECTOR_SCHEMA.last_comparison() is 'The last comparison of source and vectors that came through; null before the first.';
--! EndIncluded source/last_comparison.sql
--! Included source/source_problems.sql
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
--! EndIncluded source/source_problems.sql
--! Included source/require_sound_source.sql
create or replace function :PGVECTOR_SCHEMA.require_sound_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problems text;
begin
  select string_agg(p.problem, ' ') into v_problems from :PGVECTOR_SCHEMA.source_problems() p where p.is_error;
  if v_problems is not null then
    raise exception '%', v_problems
      using errcode = 'PE006',
        hint = 'Mend the dbt model, or leave strict out of the hook to go on with what is usable.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_sound_source() is
  'Raises PE006 when the last comparison found rows without a usable product_id, product_ids in several rows, or no column name.';
--! EndIncluded source/require_sound_source.sql

-- document
--! Included document/document_sql.sql
/*
 * Generated from the columns that exist at each call and never stored: a column that dbt adds,
 * drops or retypes cannot leave a stale expression behind. One expression over the row is four to
 * ten times faster than rendering through json.
 */
create or replace function :PGVECTOR_SCHEMA.document_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$pg_catalog.rtrim(%s, ' ')$sql$,
    -- A chain and not concat(), which takes a hundred arguments at the most.
    coalesce(string_agg(format($sql$coalesce(%s, '')$sql$, f.field), ' || ' order by f.position), $sql$''$sql$)
  )
  from (
    select
      c.position,
      case
        when t.typcategory = 'B'
          then format($sql$%1$L || case when %2$I.%3$I then 'yes. ' when not %2$I.%3$I then 'no. ' end$sql$, c.column_name || ': ', alias, c.column_name)
        -- The server stores text as it came; NFC makes й one character however it was typed.
        when t.typcategory = 'S'
          then format(
            $sql$%1$L || nullif(pg_catalog.btrim(pg_catalog.normalize(%2$I.%3$I::pg_catalog.text, 'NFC'), E' \t\r\n\u00a0'), '') || '. '$sql$,
            c.column_name || ': ', alias, c.column_name
          )
        else format($sql$%1$L || nullif(%2$I.%3$I::pg_catalog.text, '') || '. '$sql$, c.column_name || ': ', alias, c.column_name)
      end as field
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    where c.in_document
  ) f
$$;

comment on function :PGVECTOR_SCHEMA.document_sql(text) is
  'SQL expression for the document of a source row: `field: value. ` for each column in the order of source_columns, booleans yes/no, nulls and blanks skipped; alias names the row.';
--! EndIncluded document/document_sql.sql
--! Included document/document_query.sql
create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      select q.product_id, q.document, q.document_hash
      from (
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash
        from %4$s s
        order by 1, %5$s, 4
      ) q
      where q.is_live and q.product_id is not null
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.document_sql('s'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.newest_row_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea), one row each. Raises PE001, PE002.';
--! EndIncluded document/document_query.sql
--! Included document/product_documents.sql
/*
 * Stable, so that a claim reads documents and queue in one snapshot; who calls it has the lock of
 * lock_source(). The settings pin what would make one value two texts in two sessions.
 */
create or replace function :PGVECTOR_SCHEMA.product_documents(product_ids bigint[] default null)
returns table (product_id bigint, document text, document_hash bytea)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
begin
  return query execute format(
    'select d.product_id, d.document, d.document_hash from (%s) d %s',
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is not null then 'where d.product_id = any ($1)' else '' end
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.product_documents(bigint[]) is
  'The documents of these products, of all live ones when null, with the sha256 of each. Raises PE001, PE002.';
--! EndIncluded document/product_documents.sql
--! Included document/product_document.sql
create or replace function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return (select d.document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d);
end
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005.';
--! EndIncluded document/product_document.sql

-- status, as far as the stages before write to it
--! Included status/embedding_activity.sql
/*
 * One row a worker and minute, so that no two workers wait for each other: what the throughput and
 * the time to go are computed from, and what a night's run did.
 */
create table if not exists :PGVECTOR_SCHEMA.embedding_activity (
  minute timestamptz not null,
  worker text not null,
  stored bigint not null default 0,
  failed bigint not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  primary key (minute, worker)
);

comment on table  :PGVECTOR_SCHEMA.embedding_activity is 'What each worker did in each minute of the last week.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.minute is 'Start of the minute.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.worker is 'Who.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.stored is 'Vectors stored: how many products were encoded.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.failed is 'Attempts that failed.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.started_at is 'When the first of them was claimed, or the minute began if that was earlier.';
--! EndIncluded status/embedding_activity.sql
--! Included status/note_activity.sql
create or replace function :PGVECTOR_SCHEMA.note_activity(claim_id bigint, stored bigint, failed bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_activity as a (minute, worker, stored, failed, started_at)
  select
    date_trunc('minute', clock_timestamp()), c.worker, note_activity.stored, note_activity.failed,
    greatest(c.claimed_at, date_trunc('minute', clock_timestamp()))
  from :PGVECTOR_SCHEMA.product_claims c
  where c.claim_id = note_activity.claim_id
  on conflict (minute, worker) do update set stored = a.stored + excluded.stored, failed = a.failed + excluded.failed
$$;

comment on function :PGVECTOR_SCHEMA.note_activity(bigint, bigint, bigint) is 'Counts what a claim stored and failed in this minute.';
--! EndIncluded status/note_activity.sql

-- queue
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares the
 * stored image of just the columns that make the document (rendering both texts made a merge four
 * times slower); everything else is decided when the product is claimed.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_changed text;
  v_rows bigint;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  if tg_relid is distinct from :PGVECTOR_SCHEMA.source_relation()::oid then
    return null;
  end if;

  if tg_op = 'TRUNCATE' then
    v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
  elsif tg_op = 'UPDATE' then
    select format(
      $sql$
        select coalesce(n.id, o.id)
        from (select %1$s as id, row(%2$s) as image from new_rows s) n
        full join (select %1$s as id, row(%2$s) as image from old_rows s) o on o.id = n.id
        where n.id is null or o.id is null or n.image operator(pg_catalog.*<>) o.image
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      string_agg(format('s.%I', c.column_name), ', ' order by c.position)
    ) into v_changed
    from :PGVECTOR_SCHEMA.source_columns c
    where c.in_document or c.decides_life;
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;

  execute format(
    'insert into :PGVECTOR_SCHEMA.product_queue (product_id) select c.id from (%s) c (id) where c.id is not null',
    v_changed
  );
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Queues the products of a statement whose document may have changed; attached by attach().';
--! EndIncluded queue/tg__product_changed.sql
--! Included queue/attach_triggers.sql
/*
 * Security invoker: only the owner of the table may put triggers on it. Creates just what is
 * missing, because every trigger made takes a lock that writers wait for.
 */
create or replace function :PGVECTOR_SCHEMA.attach_triggers() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_trigger record;
  v_changed boolean := false;
begin
  perform :PGVECTOR_SCHEMA.grant_source();
  if (select c.relkind from pg_class c where c.oid = v_source) not in ('r', 'p') then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
    return;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached
    from :PGVECTOR_SCHEMA.source_triggers t
    where t.enabled is not true
  loop
    v_changed := true;
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_source, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__product_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  if v_changed then
    insert into :PGVECTOR_SCHEMA.source_log (event, source_oid, triggers_attached) values ('attach', v_source, true);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_triggers() is
  'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';
--! EndIncluded queue/attach_triggers.sql
--! Included queue/attach.sql
create or replace function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.attach_triggers();
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source that it lacks and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE005.';
--! EndIncluded queue/attach.sql
--! Included queue/attach_after_build.sql
/*
 * What dbt's post-hook calls, inside dbt's own transaction. A failure of ours is logged and must not
 * cost the dbt run, unless it is strict about it; triggers and comparison fail apart, so that a table
 * of another owner is compared all the same. A model of the same name in somebody's development
 * schema is not the source and is left alone.
 */
create or replace function :PGVECTOR_SCHEMA.attach_after_build(relation_schema text, relation_name text, strict boolean default false)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued bigint;
begin
  if not exists (
    select from :PGVECTOR_SCHEMA.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    perform :PGVECTOR_SCHEMA.attach_triggers();
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see :PGVECTOR_SCHEMA.source_log.';
  end;

  begin
    v_queued := :PGVECTOR_SCHEMA.reconcile();
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('reconcile', sqlerrm);
    raise warning 'The changed products could not be queued: %', sqlerrm
      using hint = 'The worker compares every few minutes by itself; see :PGVECTOR_SCHEMA.source_log.';
  end;

  if strict then
    perform :PGVECTOR_SCHEMA.require_sound_source();
  end if;
  return v_queued;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean) is
  'For a dbt post-hook: attach() if this relation is the source, in the same transaction; returns how many products were queued, null if it is not the source or failed. Fails only when strict, and then also on PE006.';
--! EndIncluded queue/attach_after_build.sql
--! Included queue/detach.sql
create or replace function :PGVECTOR_SCHEMA.detach() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_trigger_name text;
begin
  for v_trigger_name in select t.trigger_name from :PGVECTOR_SCHEMA.source_triggers t where t.attached loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.detach() is
  'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';
--! EndIncluded queue/detach.sql
--! Included queue/reconcile.sql
/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place. Security definer, because dbt's role calls it
 * after a build and needs no right on our tables; what it found is kept for the status.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_log :PGVECTOR_SCHEMA.source_log;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  insert into :PGVECTOR_SCHEMA.document_order (column_name)
  select c.column_name
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document and not exists (select from :PGVECTOR_SCHEMA.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing;

  with
    difference as materialized (
      select d.product_id, d.state, d.document_hash from :PGVECTOR_SCHEMA.embedding_difference() d
    ),
    queued as (
      insert into :PGVECTOR_SCHEMA.product_queue (product_id)
      select d.product_id
      from difference d
      left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id
      where
        case d.state
          -- A vanished product that is already marked waits for its grace period, not for a worker.
          when 'orphan' then e.vanished_at is null
          -- One that came back still has to lose its mark.
          when 'current' then e.vanished_at is not null
          else true
        end
        and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
        -- Not what waits already, nor what is being encoded from the text that it has now.
        and not exists (
          select
          from :PGVECTOR_SCHEMA.product_queue q
          where q.product_id = d.product_id and (q.claim_id is null or q.document_hash = d.document_hash)
        )
      returning product_id
    )
  select
    count(*) filter (where d.state <> 'orphan'),
    count(*) filter (where d.state = 'missing'),
    count(*) filter (where d.state = 'stale'),
    count(*) filter (where d.state = 'orphan'),
    (select count(*) from queued)
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from difference d;

  if v_log.queued > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;

  select s.unusable_ids, s.duplicate_ids, s.document_columns
  into v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns
  from :PGVECTOR_SCHEMA.source_shape() s;
  select bool_and(t.enabled is true) into v_log.triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;

  insert into :PGVECTOR_SCHEMA.source_log (
    event, source_oid, triggers_attached, products, missing, stale, orphans, queued, unusable_ids, duplicate_ids, document_columns, seconds
  )
  values (
    'reconcile', v_log.source_oid, v_log.triggers_attached, v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued,
    v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns, round(extract(epoch from clock_timestamp() - v_started)::numeric, 3)
  );
  return v_log.queued;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile() from public;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/reconcile.sql
--! Included queue/full_pass.sql
/*
 * The Python pipeline's nightly run, for whoever wants one: also what was set aside gets another
 * chance, since the reason may have been the worker's and not the product's.
 */
create or replace function :PGVECTOR_SCHEMA.full_pass() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_retried bigint := :PGVECTOR_SCHEMA.retry_failed();
begin
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  return v_retried + :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.full_pass() is
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/full_pass.sql
--! Included queue/fail_products.sql
create or replace function :PGVECTOR_SCHEMA.fail_products(claim_id bigint, product_ids bigint[], errors text[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_set_aside bigint;
  v_next timestamptz;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash, q.attempts
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id) do update
      set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
        failed_at = now(), set_aside = excluded.set_aside
      returning f.product_id, f.attempts, f.set_aside
    ),
    waiting as (
      update :PGVECTOR_SCHEMA.product_queue q
      set claim_id = null,
        available_at = now() + v_settings.retry_after * power(2, least(f.attempts - 1, 20))
      from held h
      join failed f on f.product_id = h.product_id
      where q.queue_id = h.queue_id and not f.set_aside
      returning q.available_at
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q
      using held h, failed f
      where q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select (select count(*) from failed f where f.set_aside), (select min(w.available_at) from waiting w)
  into v_set_aside, v_next;

  if v_next is not null then
    perform :PGVECTOR_SCHEMA.wake_worker(v_next);
  end if;
  perform :PGVECTOR_SCHEMA.note_activity(claim_id, 0, cardinality(product_ids));
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_set_aside;
end
$$;

comment on function :PGVECTOR_SCHEMA.fail_products(bigint, bigint[], text[]) is
  'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';
--! EndIncluded queue/fail_products.sql
--! Included queue/queue_summary.sql
/*
 * A dashboard looks every few seconds, also while a million products wait. Looking each of them up
 * costs four microseconds, so past 20,000 rows of the queue it is rows that are counted, and how many
 * of them have a vector is left null unless it has to be exact.
 */
create or replace function :PGVECTOR_SCHEMA.queue_summary(exact boolean)
returns table (queued bigint, claimed bigint, failed bigint, oldest timestamptz, with_vector bigint, without_vector bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select count(*), count(*) filter (where c.lease_until > clock_timestamp()), min(q.queued_at)
  into queued, claimed, oldest
  from :PGVECTOR_SCHEMA.product_queue q
  left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id;
  select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.set_aside;

  if exact or queued + failed <= 20000 then
    select count(*) filter (where w.waits), count(*) filter (where w.claimed), count(e.product_id), count(*) - count(e.product_id)
    into queued, claimed, with_vector, without_vector
    from (
      select u.product_id, bool_or(u.waits) as waits, bool_or(u.claimed) as claimed
      from (
        select q.product_id, true as waits, c.lease_until > clock_timestamp() as claimed
        from :PGVECTOR_SCHEMA.product_queue q
        left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
        union all
        select f.product_id, false, false from :PGVECTOR_SCHEMA.product_failures f where f.set_aside
      ) u
      group by u.product_id
    ) w
    left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = w.product_id;
  end if;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_summary(boolean) is
  'What waits, is claimed and failed, since when, and how many of these products have a vector already. Not exact: rows instead of products, and no vectors looked up, past 20,000 rows.';
--! EndIncluded queue/queue_summary.sql

-- embedding
--! Included embedding/embedding_difference.sql
/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create or replace function :PGVECTOR_SCHEMA.embedding_difference()
returns table (product_id bigint, state text, document_hash bytea)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  return query execute format(
    $sql$
      select
        coalesce(d.product_id, e.product_id),
        case
          when e.product_id is null then 'missing'
          when d.product_id is null then 'orphan'
          when e.model_id is distinct from $1 or e.document_hash is distinct from d.document_hash then 'stale'
          else 'current'
        end,
        d.document_hash
      from (%s) d
      full join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query()
  ) using :PGVECTOR_SCHEMA.active_model_id();
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference() is
  'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded embedding/embedding_difference.sql
--! Included embedding/claim_products.sql
/*
 * Decides from the source as it is now what each queued product needs, in one statement and so in
 * one snapshot: a queue row and the change it stands for were committed together, so what is
 * deleted here has been seen. Unchanged and vanished products are settled on the spot, in chunks
 * that grow, because a source without an index on product_id is read once for each chunk.
 *
 * Claimers take turns (the lock is the transaction's), so no product is ever claimed twice at once.
 * Who had a product claimed before and did not come back may have died of it: such a product is
 * handed out alone, and set aside after max_attempts.
 */
create or replace function :PGVECTOR_SCHEMA.claim_products(worker text, max_products integer default 320)
returns table (claim_id bigint, product_id bigint, document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_claim_id bigint;
  v_chunk integer := greatest(max_products, 1);
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, lease_until)
  values (claim_products.worker, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    return query with
      free as materialized (
        select q.product_id
        from :PGVECTOR_SCHEMA.claimable_queue q
        order by q.queue_id
        limit v_chunk
      ),
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from :PGVECTOR_SCHEMA.product_queue q
        where q.product_id in (select f.product_id from free f)
        group by q.product_id
      ),
      judged as materialized (
        select
          c.product_id,
          c.queue_id,
          c.queue_ids,
          d.document,
          d.document_hash,
          a.attempts,
          case
            when d.product_id is null then 'vanished'
            when e.document_hash = d.document_hash and e.model_id = :PGVECTOR_SCHEMA.active_model_id() then 'unchanged'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= v_settings.max_attempts then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join :PGVECTOR_SCHEMA.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = c.product_id
        left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = c.product_id
      ),
      picked as materialized (
        select p.*
        from (
          select
            j.*,
            row_number() over (order by j.queue_id) as place,
            first_value(j.attempts) over (order by j.queue_id) as first_attempts
          from judged j
          where j.verdict = 'to encode'
        ) p
        where p.place <= case when p.first_attempts > 0 then 1 else max_products end
          and (p.attempts = 0 or p.place = 1)
      ),
      vanished as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = null
        from judged j
        where j.verdict <> 'vanished' and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, document_hash, attempts, error, set_aside)
        select j.product_id, j.document_hash, j.attempts, 'The worker that was encoding it did not come back.', true
        from judged j
        where j.verdict = 'given up'
        on conflict on constraint product_failures_pkey do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from :PGVECTOR_SCHEMA.product_failures f
        using judged j
        where f.product_id = j.product_id and j.verdict in ('vanished', 'unchanged')
      ),
      settled as (
        delete from :PGVECTOR_SCHEMA.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
        set claim_id = v_claim_id, attempts = p.attempts + 1, document_hash = p.document_hash
        from picked p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id
      )
    select v_claim_id, p.product_id, left(p.document, v_settings.max_document_characters)
    from picked p
    order by p.queue_id;

    exit when found or not exists (select from :PGVECTOR_SCHEMA.claimable_queue);
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from :PGVECTOR_SCHEMA.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = c.claim_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.claim_products(text, integer) is
  'Claims up to max_products queued products whose document really changed, for settings.lease, and returns their documents; settles the others. No rows: nothing is left to do now. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/claim_products.sql
--! Included embedding/store_embeddings.sql
/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it.
 */
create or replace function :PGVECTOR_SCHEMA.store_embeddings(
  claim_id bigint, model_id integer, product_ids bigint[], embeddings :VECTOR_SCHEMA.vector[]
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  if store_embeddings.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'Vectors of another model than the active one are not stored.'
      using errcode = 'PE021',
        hint = 'The model was changed while this worker ran: start the worker again.';
  end if;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = store_embeddings.claim_id and q.product_id = any (store_embeddings.product_ids)
      for update
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.claim_id is distinct from store_embeddings.claim_id
      )
      group by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.:PGVECTOR_TABLE as e (product_id, embedding, model_id, document_hash)
      select f.product_id, g.embedding, store_embeddings.model_id, decode(f.document_hash, 'hex')
      from unnest(store_embeddings.product_ids, store_embeddings.embeddings) g (product_id, embedding)
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from :PGVECTOR_SCHEMA.product_failures f using stored s where f.product_id = s.product_id
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q using held h where q.queue_id = h.queue_id
    )
  select count(*) into v_stored from stored;

  if v_stored > 0 then
    perform :PGVECTOR_SCHEMA.note_activity(claim_id, v_stored, 0);
  end if;
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_stored;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[]) is
  'Stores the vectors of claimed products and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
--! EndIncluded embedding/store_embeddings.sql
--! Included embedding/vanished_products.sql
/*
 * A source that is suddenly half empty is a bad load far more often than a clear-out. The share is of
 * all that are marked and not only of those that are due: marks are set over minutes, and taken
 * minute by minute each lot would look small. A function and not a view, which would forbid to drop
 * the table.
 */
create or replace function :PGVECTOR_SCHEMA.vanished_products()
returns table (product_id bigint, vanished_at timestamptz, due_at timestamptz, held boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    select
      e.product_id,
      e.vanished_at,
      e.vanished_at + s.vanished_grace,
      count(*) over () > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE)
    from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
    cross join :PGVECTOR_SCHEMA.settings s
    where e.vanished_at is not null;
end
$$;

comment on function :PGVECTOR_SCHEMA.vanished_products() is
  'Vectors whose product is gone from the source: since when, when the vector may go, and whether it is held because more than settings.vanished_hold_share of all vectors are marked.';
--! EndIncluded embedding/vanished_products.sql
--! Included embedding/unmark_returned.sql
/*
 * A table that was swapped may have brought a product back that nobody queued.
 */
create or replace function :PGVECTOR_SCHEMA.unmark_returned() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_marked bigint[] := (
    select array_agg(e.product_id) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null
  );
begin
  -- Few are ever marked; without one the source is not read.
  if v_marked is null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  with alive as (
    select d.product_id from :PGVECTOR_SCHEMA.product_documents(v_marked) d
  )
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set vanished_at = null
  from alive a
  where e.product_id = a.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.unmark_returned() is
  'Takes the mark off vectors whose product is in the source again. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/unmark_returned.sql
--! Included embedding/sweep_vanished.sql
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  using :PGVECTOR_SCHEMA.vanished_products() v
  where e.product_id = v.product_id and v.due_at <= now() and not v.held;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes the vectors of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/sweep_vanished.sql
--! Included embedding/keep_vanished.sql
create or replace function :PGVECTOR_SCHEMA.keep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e set vanished_at = now() where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_vanished() is
  'Starts the grace period of all vanished products over, for time to mend the source; returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/keep_vanished.sql
--! Included embedding/release_vanished.sql
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes the vectors of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/release_vanished.sql

-- search
--! Included search/search_products.sql
/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once. Security definer, so that a reader needs no right on tables.
 *
 * Where the last comparison found ids in several rows, the newest row of each is looked for first,
 * which costs a sort of the source; otherwise a double that just came is one hit all the same.
 *
 * No overload that takes text may have this name: an untyped literal would resolve to it.
 */
create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_dimension integer;
  v_operator text;
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding';

  v_operator := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
  end if;
  if :VECTOR_SCHEMA.vector_dims(query) <> v_dimension then
    raise exception 'The query vector has % components, the products'' vectors have %.', :VECTOR_SCHEMA.vector_dims(query), v_dimension
      using errcode = 'PE012', hint = 'Encode the query with the model that encoded the products: select model from :PGVECTOR_SCHEMA.embedding_status;';
  end if;
  if :VECTOR_SCHEMA.vector_norm(query) = 0 then
    raise exception 'The query vector is zero and has no direction.'
      using errcode = 'PE013', hint = 'Pass the vector of a text; no model gives zero.';
  end if;
  if max_results is null or max_results not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;

  return query execute format(
    $sql$
      select distinct on (5, 1) h.product_id, h.name, h.vendor_code, h.price, h.embedding operator(:VECTOR_SCHEMA.%1$s) $1
      from (
        select e.product_id, p.name, p.vendor_code, p.price, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        join (
          select %2$s %3$s as product_id, %4$s as is_live, %5$s as name, %6$s as vendor_code, %7$s as price
          from %8$s s
          %9$s
        ) p on p.product_id = e.product_id
        where p.is_live
        order by e.embedding operator(:VECTOR_SCHEMA.<->) $1
        limit $2
      ) h
      order by 5, 1
    $sql$,
    v_operator,
    case when v_last.duplicate_ids > 0 then 'distinct on (1)' else '' end,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric'),
    v_source,
    case when v_last.duplicate_ids > 0 then 'order by 1, ' || :PGVECTOR_SCHEMA.newest_row_sql('s') || ', 3, 4, 5' else '' end
  ) using query, max_results;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
--! EndIncluded search/search_products.sql

-- status
--! Included status/maintain.sql
/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (:PGVECTOR_SCHEMA.last_comparison()).log_id;
  delete from :PGVECTOR_SCHEMA.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform :PGVECTOR_SCHEMA.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' then
    -- No source to look into: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, old log rows, wake-up if anything waits.';
--! EndIncluded status/maintain.sql
--! Included status/throughput.sql
create or replace function :PGVECTOR_SCHEMA.throughput() returns numeric
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select round((sum(a.stored) / greatest(extract(epoch from clock_timestamp() - min(a.started_at)), 1))::numeric, 1)
    from :PGVECTOR_SCHEMA.embedding_activity a
    where a.minute >= date_trunc('minute', clock_timestamp()) - interval '5 minutes'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.throughput() is 'Products encoded a second by all workers over the last five minutes; null when none was.';
--! EndIncluded status/throughput.sql
--! Included status/status_notes.sql
/*
 * Why the numbers are what they are, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.status_notes() returns table (note text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select :PGVECTOR_SCHEMA.set_source(''schema'', ''table'');';
    return;
  end if;
  if not :PGVECTOR_SCHEMA.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select :PGVECTOR_SCHEMA.attach();', current_user);
    return;
  end if;

  if v_kind is not null then
    return query select format('The source is a %s and cannot have triggers: changes are found by comparing.', v_kind);
  else
    return query
      select format(
        'The source lacks the triggers for %s: it was rebuilt without the dbt hook, or never attached. As its owner: select :PGVECTOR_SCHEMA.attach();',
        string_agg(t.event, ', ')
      )
      from :PGVECTOR_SCHEMA.source_triggers t
      where not t.attached
      having count(*) > 0;
    return query
      select format('The triggers for %s are disabled. As the owner: select :PGVECTOR_SCHEMA.attach();', string_agg(t.event, ', '))
      from :PGVECTOR_SCHEMA.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
  end if;
  return query
    select format('The last %s failed: %s', l.event, l.error)
    from (select distinct on (l.event) l.event, l.error, l.log_id from :PGVECTOR_SCHEMA.source_log l order by l.event, l.log_id desc) l
    where l.error is not null
    order by l.log_id;
  return query select p.problem from :PGVECTOR_SCHEMA.source_problems() p;
end
$$;

comment on function :PGVECTOR_SCHEMA.status_notes() is 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';
--! EndIncluded status/status_notes.sql
--! Included status/compute_status.sql
/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. Exact means comparing every product with its
 * vector. The quick way starts from the last comparison and is right as long as nothing can have
 * escaped since: it is the same relation, and it has not lost its triggers. If it may have, the
 * numbers are null and the state is unknown, rather than a comforting zero. What waits counts as
 * missing or stale although some of it may turn out unchanged.
 *
 * Security definer, so that a reader needs no right on tables. It answers also while the source is
 * missing.
 */
create or replace function :PGVECTOR_SCHEMA.compute_status(exact boolean default true) returns table (
  source text,
  state text,
  products bigint,
  embedded bigint,
  coverage numeric,
  missing bigint,
  stale bigint,
  orphans bigint,
  held bigint,
  failed bigint,
  queued bigint,
  claimed bigint,
  oldest_wait interval,
  throughput numeric,
  time_to_go interval,
  source_exists boolean,
  triggers_attached boolean,
  compared_at timestamptz,
  compared_queued bigint,
  unusable_ids bigint,
  duplicate_ids bigint,
  workers_alive bigint,
  worker_last_seen timestamptz,
  model text,
  dimension integer,
  notes text[]
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_vectors bigint;
  v_queue record;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select format('%I.%I', s.source_schema, s.source_table) into source from :PGVECTOR_SCHEMA.settings s;
  source_exists := v_source is not null;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;
  select count(*) into v_vectors from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
  select count(*), count(*) filter (where v.held) into orphans, held from :PGVECTOR_SCHEMA.vanished_products() v;

  select * into v_queue from :PGVECTOR_SCHEMA.queue_summary(exact);
  queued := v_queue.queued;
  claimed := v_queue.claimed;
  failed := v_queue.failed;
  oldest_wait := clock_timestamp() - v_queue.oldest;

  select count(*) filter (where w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
  into workers_alive, worker_last_seen
  from :PGVECTOR_SCHEMA.embedding_workers w;

  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active;

  compared_at := v_last.logged_at;
  compared_queued := v_last.queued;
  unusable_ids := v_last.unusable_ids;
  duplicate_ids := v_last.duplicate_ids;

  if exact and source_exists and :PGVECTOR_SCHEMA.may_read_source() then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan')
    into products, embedded, missing, stale, orphans
    from :PGVECTOR_SCHEMA.embedding_difference() d;
    select s.unusable_ids, s.duplicate_ids into unusable_ids, duplicate_ids from :PGVECTOR_SCHEMA.source_shape() s;
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached) then
    embedded := v_vectors - orphans;
    -- A vector that somebody deleted is missing too, and nothing is queued for it yet.
    products := greatest(
      embedded + coalesce(v_queue.without_vector, 0),
      v_last.products - (
        select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at > v_last.logged_at
      )
    );
    missing := products - embedded;
    stale := coalesce(v_queue.with_vector, greatest(queued + failed - missing, 0));
  end if;
  -- Cut and not rounded: one product missing of a million is not 100 percent.
  coverage := trunc(100.0 * embedded / nullif(products, 0), 2);

  if queued > 0 then
    throughput := :PGVECTOR_SCHEMA.throughput();
    time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
  end if;

  state := case
    when not source_exists then 'no source'
    when products is null then 'unknown'
    when queued > 0 and workers_alive = 0 then 'waiting'
    when queued > 0 then 'working'
    when missing + stale > 0 then 'incomplete'
    else 'complete'
  end;
  notes := array(
    select s.note from :PGVECTOR_SCHEMA.status_notes() s
    union all
    select format('%s of %s vectors are of vanished products, which is more than a clear-out looks like: none is deleted. Mend the source, or let them go: select :PGVECTOR_SCHEMA.release_vanished();', held, v_vectors)
    where held > 0
    union all
    select format('No worker was seen for two minutes, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
    union all
    select format('%s products could not be encoded: select * from :PGVECTOR_SCHEMA.product_failures;', failed)
    where failed > 0
  );
  return next;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_status(boolean) from public;

comment on function :PGVECTOR_SCHEMA.compute_status(boolean) is
  'How things stand, in the columns of embedding_status. Exact: compares every product with its vector, about 0.1 s for 10,000; otherwise from the last comparison on. Raises PE002, PE003.';
--! EndIncluded status/compute_status.sql
--! Included status/embedding_status.sql
create or replace view :PGVECTOR_SCHEMA.embedding_status as
  select * from :PGVECTOR_SCHEMA.compute_status(exact => false);

comment on view :PGVECTOR_SCHEMA.embedding_status is 'How things stand, in one row that a dashboard can read every few seconds: from the last comparison of products and vectors, and what happened since. compute_status() compares anew.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source is 'Where the products are read from.';
comment on column :PGVECTOR_SCHEMA.embedding_status.state is 'complete, working (a worker is at it), waiting (no worker is), incomplete (nothing waits, but some failed), unknown (the source was rebuilt and not compared yet), or no source.';
comment on column :PGVECTOR_SCHEMA.embedding_status.products is 'Live products in the source; null when unknown.';
comment on column :PGVECTOR_SCHEMA.embedding_status.embedded is 'Live products that have a vector, current or stale: what search can find.';
comment on column :PGVECTOR_SCHEMA.embedding_status.coverage is 'embedded in percent of products; null when there is none.';
comment on column :PGVECTOR_SCHEMA.embedding_status.missing is 'Live products without a vector, at the most.';
comment on column :PGVECTOR_SCHEMA.embedding_status.stale is 'Live products whose vector is of an earlier text or another model, at the most: what waits is counted before it is looked at. The old vector serves until the new one lands.';
comment on column :PGVECTOR_SCHEMA.embedding_status.orphans is 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';
comment on column :PGVECTOR_SCHEMA.embedding_status.held is 'Orphans that are not deleted although their grace may be over, because too many vanished at once: release_vanished() lets them go, keep_vanished() starts the grace over.';
comment on column :PGVECTOR_SCHEMA.embedding_status.failed is 'Products set aside after settings.max_attempts (see product_failures).';
comment on column :PGVECTOR_SCHEMA.embedding_status.queued is 'Products in product_queue, claimed ones among them; not each of them needs encoding.';
comment on column :PGVECTOR_SCHEMA.embedding_status.claimed is 'Products that a worker holds now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.oldest_wait is 'Age of the oldest change that is not done; null when none waits.';
comment on column :PGVECTOR_SCHEMA.embedding_status.throughput is 'While products wait: how many are encoded a second, over the last five minutes.';
comment on column :PGVECTOR_SCHEMA.embedding_status.time_to_go is 'queued at that throughput; null while nothing is encoded.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source_exists is 'Whether the source is there now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.triggers_attached is 'Whether all four triggers are on the source and enabled (see source_triggers); notes say why not.';
comment on column :PGVECTOR_SCHEMA.embedding_status.compared_at is 'When source and vectors were last compared (see source_log).';
comment on column :PGVECTOR_SCHEMA.embedding_status.compared_queued is 'How many products that comparison queued, because nothing else had.';
comment on column :PGVECTOR_SCHEMA.embedding_status.unusable_ids is 'Rows whose product_id is null or no whole number; they are no products here.';
comment on column :PGVECTOR_SCHEMA.embedding_status.duplicate_ids is 'product_ids that stand in several rows; the newest row counts.';
comment on column :PGVECTOR_SCHEMA.embedding_status.workers_alive is 'Workers seen in the last two minutes; one that runs gives a sign of life every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.embedding_status.notes is 'What is out of the ordinary and what to do about it; empty when nothing is.';
--! EndIncluded status/embedding_status.sql

-- access
--! Included access/rename_schema.sql
/*
 * Functions name everything in full, so that no search_path can lead them astray; a renamed schema
 * is therefore a rewrite of their bodies. It also mends a schema that somebody renamed by hand. What
 * refers to a function by its number (triggers, checks) follows by itself.
 */
create or replace function :PGVECTOR_SCHEMA.rename_schema(new_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The name that is written in the bodies, and the one that the schema has now.
  v_written text := ':PGVECTOR_SCHEMA';
  v_now text := (
    select n.nspname
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'rename_schema' and p.prosrc like '%v_written text := ''' || v_written || '''%'
  );
  v_pattern text := format('\m%s\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, and no reserved word.';
  end if;
  if v_now <> rename_schema.new_name then
    execute format('alter schema %I rename to %I', v_now, rename_schema.new_name);
  end if;
  for v_object in
    select
      pg_get_functiondef(p.oid) as definition,
      format('comment on function %s is %L', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) as comment
    from pg_proc p
    where p.pronamespace = rename_schema.new_name::regnamespace
    union all
    select
      format('create or replace view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid)),
      format('comment on view %s is %L', c.oid::regclass, obj_description(c.oid, 'pg_class'))
    from pg_class c
    where c.relnamespace = rename_schema.new_name::regnamespace and c.relkind = 'v'
  loop
    execute regexp_replace(v_object.definition, v_pattern, rename_schema.new_name, 'g');
    execute regexp_replace(v_object.comment, v_pattern, rename_schema.new_name, 'g');
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_schema(text) is
  'Renames our schema and everything that names it; also mends one that was renamed by hand. Then set PGVECTOR_SCHEMA, and the dbt variable product_embeddings_schema. Raises PE007.';
--! EndIncluded access/rename_schema.sql
--! Included access/grant_roles.sql
/*
 * The roles are the cluster's and made by a DBA (sql/dba.sql), so they may be absent: then only our
 * owner has access, which is all that a single login needs. Called after every migration, because new
 * functions are everybody's until told otherwise. graphile-worker's tables have row-level security
 * without a policy, so that its owner alone could work on them: hence a policy for the workers.
 */
create or replace function :PGVECTOR_SCHEMA.grant_roles() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  revoke all on all functions in schema :PGVECTOR_SCHEMA from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_reader;
    grant select on :PGVECTOR_SCHEMA.embedding_status to product_embeddings_reader;
    grant execute on function
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.compute_status(boolean)
    to product_embeddings_reader;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_attacher;
    grant select on
      :PGVECTOR_SCHEMA.:PGVECTOR_TABLE,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.settings,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.source_columns,
      :PGVECTOR_SCHEMA.source_triggers,
      :PGVECTOR_SCHEMA.document_fields,
      :PGVECTOR_SCHEMA.document_order
    to product_embeddings_attacher;
    grant insert on :PGVECTOR_SCHEMA.source_log to product_embeddings_attacher;
    grant execute on function
      :PGVECTOR_SCHEMA.attach(),
      :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean),
      :PGVECTOR_SCHEMA.attach_triggers(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.detach(),
      :PGVECTOR_SCHEMA.grant_source(),
      :PGVECTOR_SCHEMA.last_comparison(),
      :PGVECTOR_SCHEMA.reconcile(),
      :PGVECTOR_SCHEMA.require_sound_source(),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.source_problems(),
      :PGVECTOR_SCHEMA.source_relation(),
      :PGVECTOR_SCHEMA.tg__product_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant execute on all functions in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant usage on schema graphile_worker to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema graphile_worker to product_embeddings_worker;
    grant execute on all functions in schema graphile_worker to product_embeddings_worker;
    for v_table in
      select c.oid
      from pg_class c
      where c.relnamespace = 'graphile_worker'::regnamespace and c.relrowsecurity
        and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
    loop
      execute format('create policy product_embeddings_worker on %s to product_embeddings_worker using (true) with check (true)', v_table);
    end loop;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_roles() is
  'Gives the groups product_embeddings_reader, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';
--! EndIncluded access/grant_roles.sql
