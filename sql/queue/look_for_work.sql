/*
 * What a worker asks between two passes, on a connection that it keeps. Looking once more with the lock in hand
 * is what makes it safe to rest: who shared it has committed and is seen, and who comes now finds it
 * taken and wakes us. One worker holds it for all, since all are woken.
 */
create or replace function :PGVECTOR_SCHEMA.look_for_work() returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key integer := hashtext(':PGVECTOR_SCHEMA.product_changes');
  v_resting integer := (
    select l.pid
    from pg_locks l
    where l.locktype = 'advisory' and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (l.classid, l.objid, l.objsubid) = (v_key::oid, 1::oid, 2) and l.mode = 'ExclusiveLock' and l.granted
  );
begin
  if v_resting = pg_backend_pid() then
    perform pg_advisory_unlock(v_key, 1);
  end if;
  if :PGVECTOR_SCHEMA.work_waits() then
    return 'work';
  elsif v_resting <> pg_backend_pid() then
    return 'rest';
  elsif not pg_try_advisory_lock(v_key, 1) then
    return 'look again';
  elsif :PGVECTOR_SCHEMA.work_waits() then
    perform pg_advisory_unlock(v_key, 1);
    return 'work';
  end if;
  return 'rest';
end
$$;

comment on function :PGVECTOR_SCHEMA.look_for_work() is
  'What a worker has to do now: work; rest, until it is notified on the channel named as this schema; or look again in a moment, because a writer has not committed yet. The session that rests holds a lock by which writers know.';
