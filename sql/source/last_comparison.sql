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
