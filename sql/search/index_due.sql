/*
 * What the worker runs, a statement at a time, when there are so many vectors that reading all of them
 * is felt: none while an index serves, or while somebody builds one (both hold this lock; so does a
 * vacuum, and then the next round comes). What a failed build left goes first: it costs every writer
 * and serves nobody. Only the owner of the table can build; the status tells others. Likewise for the
 * other models that are kept, once nothing waits to be encoded for them: it is quicker than while they grow.
 */
create or replace function :PGVECTOR_SCHEMA.index_due() returns table (statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id integer;
  v_dimension integer;
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage') then
    return;
  end if;
  for v_model_id in
    select k.model_id
    from :PGVECTOR_SCHEMA.kept_models k
    where not :PGVECTOR_SCHEMA.has_index(k.model_id)
      -- Of fewer where somebody gave the active model one by hand: activate_model() asks for it then.
      and :PGVECTOR_SCHEMA.has_vectors(k.model_id, case when k.is_active or :PGVECTOR_SCHEMA.search_index() is null then v_from else 1 end)
      and (k.is_active or not exists (select from :PGVECTOR_SCHEMA.queued_products q where q.model_id = k.model_id offset 1000))
      and not exists (
        select from pg_locks l
        where l.relation = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(k.model_id)))
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )
    order by k.is_active desc
  loop
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and a.attname = 'embedding';
    -- Beyond 2,000 components pgvector indexes halves alone, and beyond 4,000 nothing.
    continue when v_dimension > 4000;
    return query
      select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and not i.indisvalid;
    return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory(v_model_id));
    return query select :PGVECTOR_SCHEMA.index_sql(as_halfvec => v_dimension > 2000, model_id => v_model_id);
    return query select 'reset maintenance_work_mem';
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on, of another model than the active one also where that has one; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
