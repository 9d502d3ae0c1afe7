/*
 * graphile-worker runs a task again only after the time at which it last ran, as the worker's machine saw it: one
 * clock that was days ahead, and everybody's timetable stands still for days after it was put right.
 */
create or replace function :PGVECTOR_SCHEMA.mend_timetable() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update graphile_worker._private_known_crontabs c set last_execution = now() where c.last_execution > now() + interval '1 minute'
$$;

comment on function :PGVECTOR_SCHEMA.mend_timetable() is
  'Has tasks run again that are noted as run at a time to come, by a worker whose clock was ahead; each worker calls it when it starts.';
