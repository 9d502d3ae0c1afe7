/*
 * Security definer: the user mapping, which has the password, is our owner's, and so is the copy, whose
 * columns may change. A failure is kept and returned and not raised, which would undo that: search goes
 * on with the copy as it is.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_copy(is_full boolean default false, only_if_due boolean default false)
returns table (outcome text, inserted bigint, updated bigint, deleted bigint, error text, is_news boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_started timestamptz := clock_timestamp();
  v_state text;
  v_message text;
  v_detail text;
begin
  is_news := false;
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  if not found then
    if not only_if_due then
      raise exception 'The products are not in another database.'
        using errcode = 'PE153', hint = 'Set STAGING_DB_* and: npm run migrate; or select :PGVECTOR_SCHEMA.connect_source(…);';
    end if;
    outcome := 'not connected';
    return next;
    return;
  end if;
  if only_if_due and v_connection.next_at > v_started then
    outcome := 'not due';
    return next;
    return;
  end if;
  if not only_if_due then
    perform :PGVECTOR_SCHEMA.lock_copy();
  elsif not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_copy'), 1) then
    outcome := 'busy';
    return next;
    return;
  end if;

  begin
    select u.outcome, u.inserted, u.updated, u.deleted
    into outcome, inserted, updated, deleted
    from :PGVECTOR_SCHEMA.copy_upstream(
      is_full or v_connection.full_at is null or v_connection.full_at + v_connection.full_every <= v_started
        or v_connection.held > 0
    ) u;
    update :PGVECTOR_SCHEMA.source_connection c
    set
      error = null,
      failing_since = null,
      next_at = greatest(v_started + c.refresh_every - interval '5 seconds', clock_timestamp() + 9 * (clock_timestamp() - v_started));
    is_news := v_connection.error is not null;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    outcome := 'failed';
    error := :PGVECTOR_SCHEMA.copy_failure(v_state, v_message, v_detail);
    is_news := :PGVECTOR_SCHEMA.note_copy_failure(error, clock_timestamp() - v_started);
  end;
  return next;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.refresh_copy(boolean, boolean) from public;

comment on function :PGVECTOR_SCHEMA.refresh_copy(boolean, boolean) is
  'Takes up what changed in the other database: what is newer, or all of it when full or due; the worker does it every minute. outcome: incremental, full, rebuilt (the columns changed), failed (with the error), busy, not due. Raises PE153.';
