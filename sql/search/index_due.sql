/*
 * What the worker runs, a statement at a time, when there are so many vectors that reading all of them
 * is felt: none while an index serves, or while somebody builds one (both hold this lock; so does a
 * vacuum, and then the next round comes). What a failed build left goes first: it costs every writer
 * and serves nobody. Only the owner of the table can build; the status tells others.
 */
create or replace function :PGVECTOR_SCHEMA.index_due() returns table (statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := :PGVECTOR_SCHEMA.require_embeddings();
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null
    or :PGVECTOR_SCHEMA.search_index() is not null
    or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage')
    or exists (
      select from pg_locks l
      where l.relation = v_table and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    )
    or (select count(*) from (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE limit v_from) e) < v_from
  then
    return;
  end if;
  return query
    select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', i.index_name)
    from :PGVECTOR_SCHEMA.vector_indexes i
    where not i.valid;
  return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory());
  return query select :PGVECTOR_SCHEMA.index_sql();
  return query select 'reset maintenance_work_mem';
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
