/*
 * What is wrong is asked when something is, so no check may take the others along: each part fails by
 * itself and becomes a finding. What only the caller knows (its migrations, its clock) it hands over.
 * Security definer, so that a reader and a worker get the same answers as the owner; the default of
 * role_name is read before that, and is the caller.
 */
create or replace function :PGVECTOR_SCHEMA.doctor(client jsonb default '{}', role_name name default current_user)
returns table (check_name text, state text, finding text, fix text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hint text;
begin
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_server(doctor.client, doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'server', 'error', sqlerrm, nullif(v_hint, '');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_migrations(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'migrations', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_rights(doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'rights', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_jobs();
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'jobs', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_status(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select case sqlstate when 'PE003' then 'vectors' else 'source' end, 'error', sqlerrm, nullif(v_hint, '');
  end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.doctor(jsonb, name) from public;

comment on function :PGVECTOR_SCHEMA.doctor(jsonb, name) is
  'What is as it should be, what is not (state ok, warning or error) and what to do about it, a row a finding; npm run doctor adds what the database cannot see. client: what who asks has of migrations (file to hash), jobs_version, dimension, model, revision, source, connections and now, each optional. role_name: whose rights. Raises nothing.';
