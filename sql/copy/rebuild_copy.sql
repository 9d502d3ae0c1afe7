/*
 * Beside the old copy, which serves until the new one is full: search waits for the swap and no longer.
 * Indexes and grants that somebody gave the copy come along, as far as the columns do.
 * The lock timeout is for who reads the copy for minutes; the next refresh tries again. What vanished
 * too much at once comes along from the old copy, in the columns that both have.
 */
create or replace function :PGVECTOR_SCHEMA.rebuild_copy(release boolean default false)
returns table (inserted bigint, updated bigint, deleted bigint, held bigint, unusable_ids bigint, duplicate_ids bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
set lock_timeout = '10s'
as $$
#variable_conflict use_variable
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_columns text;
  v_common text;
  v_before bigint := 0;
  v_kept text[];
  v_statement text;
begin
  select * into v_settings from :PGVECTOR_SCHEMA.settings;
  drop table if exists :PGVECTOR_SCHEMA.source_copy_new;
  select
    string_agg(format('%I %s%s', a.attname, case a.attname when 'product_id' then 'bigint' else a.atttypid::regtype::text end, case a.attname when 'product_id' then ' not null' end), ', ' order by a.attnum),
    string_agg(format('%I', a.attname), ', ') filter (where o.attname is not null)
  into v_columns, v_common
  from pg_attribute a
  left join pg_attribute o
    on o.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and o.attname = a.attname and not o.attisdropped
    and (o.atttypid = a.atttypid or a.attname = 'product_id')
  where a.attrelid = ':PGVECTOR_SCHEMA.source_upstream'::regclass and a.attnum > 0 and not a.attisdropped;
  execute format('create table :PGVECTOR_SCHEMA.source_copy_new (%s)', v_columns);
  comment on table :PGVECTOR_SCHEMA.source_copy_new is 'The products of the other database, one row each; made by connect_source() and kept by refresh_copy().';

  -- What is generated from the source's columns is, for these statements, about the new copy's.
  perform :PGVECTOR_SCHEMA.set_source(':PGVECTOR_SCHEMA', 'source_copy_new');
  execute format(
    $sql$
      with %s,
        inserted as (
          insert into :PGVECTOR_SCHEMA.source_copy_new (product_id, %2$s) select i.product_id, %3$s from incoming i returning product_id
        )
      select
        (select count(*) from inserted),
        (select o.unusable_ids from odd o),
        (select o.duplicate_ids from odd o)
    $sql$,
    :PGVECTOR_SCHEMA.incoming_sql('true', false),
    (select string_agg(format('%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id'),
    (select string_agg(format('i.%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id')
  ) into inserted, unusable_ids, duplicate_ids;
  perform :PGVECTOR_SCHEMA.set_source(v_settings.source_schema, v_settings.source_table);
  alter table :PGVECTOR_SCHEMA.source_copy_new add primary key (product_id);

  updated := 0;
  deleted := 0;
  held := 0;
  if to_regclass(':PGVECTOR_SCHEMA.source_copy') is not null then
    select count(*), count(*) filter (where not exists (select from :PGVECTOR_SCHEMA.source_copy_new n where n.product_id = c.product_id))
    into v_before, deleted
    from :PGVECTOR_SCHEMA.source_copy c;
    if not release and deleted > v_settings.vanished_hold_share * v_before then
      execute format(
        'insert into :PGVECTOR_SCHEMA.source_copy_new (%1$s) select %1$s from :PGVECTOR_SCHEMA.source_copy on conflict (product_id) do nothing',
        v_common
      );
      held := deleted;
      deleted := 0;
    end if;
  end if;
  select array_agg(k.statement) into v_kept
  from (
    select pg_get_indexdef(i.indexrelid) as statement
    from pg_index i
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and not i.indisprimary
    union all
    select format(
      'grant %s on :PGVECTOR_SCHEMA.source_copy to %s',
      a.privilege_type, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
    from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.grantee <> c.relowner
  ) k;
  drop table if exists :PGVECTOR_SCHEMA.source_copy;
  alter table :PGVECTOR_SCHEMA.source_copy_new rename to source_copy;
  alter index :PGVECTOR_SCHEMA.source_copy_new_pkey rename to source_copy_pkey;
  foreach v_statement in array coalesce(v_kept, '{}') loop
    begin
      execute v_statement;
    exception when undefined_column or undefined_function or datatype_mismatch or undefined_object then
      raise warning 'Not kept when the copy of the products was made anew: %', v_statement;
    end;
  end loop;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.rebuild_copy(boolean) is
  'Makes the copy of the products anew, with the columns that they have now; released, without those that are gone, however many. Triggers and comparison follow by attach().';
