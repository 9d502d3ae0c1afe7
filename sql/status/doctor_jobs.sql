/*
 * A killed worker's job is given out again after four hours, and a job that failed too often never. Neither
 * stops the queue, which the worker looks at every minute; an hour is longer than any task takes, index
 * builds among them.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_jobs()
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_stuck text;
  v_failed text;
begin
  select string_agg(format('%s since %s', t.identifier, to_char(j.locked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), ', ' order by j.locked_at) into v_stuck
  from graphile_worker._private_jobs j
  join graphile_worker._private_tasks t on t.id = j.task_id
  where j.locked_at < now() - interval '1 hour';
  select string_agg(f.task, ', ' order by f.task) into v_failed
  from (
    select format('%s (%s)', t.identifier, count(*))
    from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id
    where j.attempts >= j.max_attempts and j.locked_at is null
    group by t.identifier
  ) f (task);
  return query
    select
      'jobs',
      'warning',
      format('Jobs are held by a worker that does not end them: %s (UTC).', v_stuck),
      'If those workers are gone: select graphile_worker.force_unlock_workers(array(select distinct locked_by from graphile_worker.jobs where locked_at < now() - interval ''1 hour''));'
    where v_stuck is not null;
  return query
    select
      'jobs',
      'warning',
      format('Jobs failed and are not tried again: %s.', v_failed),
      'See why: select task_identifier, last_error from graphile_worker.jobs where attempts >= max_attempts;  then away with them: select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where attempts >= max_attempts));'
    where v_failed is not null;
  return query select 'jobs', 'ok', 'None is stuck, none has failed for good.', null where v_stuck is null and v_failed is null;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_jobs() is 'The part of doctor() about graphile-worker''s jobs: held too long, or failed for good.';
