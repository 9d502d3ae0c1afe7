/*
 * postgres_fdw is no trusted extension, and its wrapper is nobody's until it is granted: often as not
 * this needs a DBA once, who is told exactly what to run.
 */
create or replace function :PGVECTOR_SCHEMA.require_fdw() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
begin
  if not exists (select from pg_available_extensions e where e.name = 'postgres_fdw') then
    raise exception 'This PostgreSQL has no postgres_fdw, through which products of another database are read.'
      using errcode = 'PE150',
        hint = 'It is in PostgreSQL''s contrib package; the embedded database has none. Use a server: DATABASE_URL=postgres://… npm run migrate';
  end if;
  begin
    create extension if not exists postgres_fdw;
  exception when others then
    v_reason := sqlerrm;
  end;
  if v_reason is null and not has_foreign_data_wrapper_privilege('postgres_fdw', 'usage') then
    v_reason := format('%s may not use it', current_user);
  end if;
  if v_reason is not null then
    raise exception 'postgres_fdw, through which products of another database are read, cannot be used: %.', rtrim(v_reason, '.')
      using errcode = 'PE150',
        hint = format(
          'As a superuser, once, in this database: create extension if not exists postgres_fdw; grant usage on foreign data wrapper postgres_fdw to %I;',
          current_user
        );
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_fdw() is 'Makes the extension postgres_fdw where the role may; raises PE150, with what a DBA has to run, where it may not.';
