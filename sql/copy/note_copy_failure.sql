/*
 * After a failure that took long, a server that hangs, as long passes before the next attempt: the
 * worker has other things to do.
 */
create or replace function :PGVECTOR_SCHEMA.note_copy_failure(reason text, took interval) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before text := (select c.error from :PGVECTOR_SCHEMA.source_connection c);
begin
  update :PGVECTOR_SCHEMA.source_connection c
  set
    error = note_copy_failure.reason,
    failing_since = coalesce(c.failing_since, clock_timestamp()),
    next_at = clock_timestamp() + greatest(c.refresh_every - interval '5 seconds' - note_copy_failure.took, note_copy_failure.took);
  return v_before is distinct from note_copy_failure.reason;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.note_copy_failure(text, interval) from public;

comment on function :PGVECTOR_SCHEMA.note_copy_failure(text, interval) is 'Keeps why a refresh failed; returns whether that is news.';
