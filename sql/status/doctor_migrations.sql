/*
 * Security definer, since a worker asks before it writes anything, and the record of migrations is the owner's.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_migrations(client jsonb)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known jsonb := client -> 'migrations';
  v_pending text;
  v_newer text;
  v_other text;
  v_last text;
  v_jobs integer;
  v_jobs_known integer := (client ->> 'jobs_version')::integer;
begin
  select
    max(m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where not v_known ? m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where v_known ->> m.filename <> m.hash)
  into v_last, v_newer, v_other
  from graphile_migrate.migrations m;
  select string_agg(k.filename, ', ' order by k.filename) into v_pending
  from jsonb_object_keys(v_known) k (filename)
  where not exists (select from graphile_migrate.migrations m where m.filename = k.filename);
  return query
    select
      'migrations',
      case when v_other is null and v_pending is null and v_newer is null then 'ok' else 'error' end,
      case
        when v_other is not null then format('Another migration ran here than this checkout has under that name: %s.', v_other)
        when v_newer is not null then format('The database is newer than this checkout, which lacks %s.', v_newer)
        when v_pending is not null then format('Not migrated yet: %s.', v_pending)
        else format('Up to date: the last is %s.', v_last)
      end,
      case
        when v_other is not null or v_newer is not null then 'Deploy the version that migrated it; going back: docs/upgrade.md'
        when v_pending is not null then 'npm run migrate'
      end;

  select max(m.id) into v_jobs from graphile_worker.migrations m;
  return query
    select
      'worker schema',
      case when v_jobs = v_jobs_known or v_jobs_known is null and v_jobs is not null then 'ok' else 'error' end,
      case
        when v_jobs is null then 'The schema graphile_worker is empty.'
        when v_jobs > v_jobs_known then format('The schema graphile_worker is at %s, and this checkout''s version of it is older: %s.', v_jobs, v_jobs_known)
        when v_jobs < v_jobs_known then format('The schema graphile_worker is at %s, and this checkout needs %s.', v_jobs, v_jobs_known)
        else format('graphile_worker is at %s.', v_jobs)
      end,
      case
        when v_jobs > v_jobs_known then 'npm ci in the version that the other workers run'
        when v_jobs is null or v_jobs < v_jobs_known then 'npm run migrate'
      end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.doctor_migrations(jsonb) from public;

comment on function :PGVECTOR_SCHEMA.doctor_migrations(jsonb) is 'The part of doctor() about migrations, ours and the job queue''s, against those that the client has.';
