create or replace function :PGVECTOR_SCHEMA.source_is_replicated() returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
begin
  return exists (
    select
    from pg_subscription_rel r
    where r.srrelid = v_source or r.srrelid in (select t.relid from pg_partition_tree(v_source) t)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_is_replicated() is 'Whether a subscription writes to the source, or to a partition of it.';
