/*
 * pgvector before 0.8.4 has faults in building HNSW indexes and in vacuuming them; search needs the
 * iterative scans of 0.8.0. The extensions' schemas stand in the bodies of our functions, so an extension
 * that was moved is as bad as none.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_server(client jsonb, role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_extension record;
  v_needed integer := coalesce((client ->> 'connections')::integer, 0);
  v_free bigint;
  v_off text;
  v_seconds numeric;
begin
  return query
    select
      'server',
      case when current_setting('server_version_num')::integer < 150000 then 'error' else 'ok' end,
      format('PostgreSQL %s%s.', current_setting('server_version'), case when pg_is_in_recovery() then ', a standby: it answers searches, and workers need the primary' end),
      case when current_setting('server_version_num')::integer < 150000 then 'Upgrade to PostgreSQL 15 or newer: docs/deploy.md' end;

  -- Of who runs worker, embed or migrate; a search may well have a limit.
  return query
    select 'server', 'warning', l.finding, l.fix
    from (values (
      current_setting('transaction_read_only')::boolean and not pg_is_in_recovery(),
      format('%s can only read here, and this is no standby: default_transaction_read_only is on.', doctor_server.role_name),
      format('alter role %I set default_transaction_read_only = off;  or likewise for the database, or the server', doctor_server.role_name)
    ), (
      current_setting('statement_timeout')::interval between interval '1 microsecond' and interval '5 minutes',
      format('What %s asks for is ended after %s (statement_timeout), and a comparison, a migration or an index may take longer.', doctor_server.role_name, current_setting('statement_timeout')),
      format('alter role %I set statement_timeout = 0;', doctor_server.role_name)
    ), (
      current_setting('default_transaction_isolation') <> 'read committed',
      format('What %s asks for runs at isolation level %s (default_transaction_isolation): workers and writers fail by each other (40001), and what failed is done again.', doctor_server.role_name, current_setting('default_transaction_isolation')),
      format('alter role %I set default_transaction_isolation = ''read committed'';  or likewise for the database, or the server', doctor_server.role_name)
    )) l (holds, finding, fix)
    where l.holds and exists (
      select from pg_namespace n
      left join pg_roles r on r.rolname = 'product_embeddings_worker'
      where n.nspname = ':PGVECTOR_SCHEMA' and (pg_has_role(doctor_server.role_name, n.nspowner, 'usage') or pg_has_role(doctor_server.role_name, r.oid, 'usage'))
    );

  for v_extension in
    select w.extname, w.schema_name, e.extversion as version, n.nspname as found_in,
      string_to_array(substring(e.extversion from '^[0-9]+(?:[.][0-9]+)*'), '.')::integer[] as numbers
    from (values ('vector', ':VECTOR_SCHEMA'), ('pg_trgm', ':TRGM_SCHEMA')) w (extname, schema_name)
    left join pg_extension e on e.extname = w.extname
    left join pg_namespace n on n.oid = e.extnamespace
  loop
    check_name := case v_extension.extname when 'vector' then 'pgvector' else v_extension.extname end;
    state := 'ok';
    finding := format('%s %s.', check_name, v_extension.version);
    fix := null;
    if v_extension.version is null then
      state := 'error';
      finding := format('extension "%s" does not exist in this database.', v_extension.extname);
      fix := format('As a superuser: create extension %I schema %I;', v_extension.extname, v_extension.schema_name);
    elsif v_extension.found_in <> v_extension.schema_name then
      state := 'error';
      finding := format('extension "%s" is in the schema %s, and our functions look for it in %s.', v_extension.extname, v_extension.found_in, v_extension.schema_name);
      fix := format('As a superuser: alter extension %I set schema %I;', v_extension.extname, v_extension.schema_name);
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 0] then
      state := 'error';
      finding := format('pgvector %s has no iterative index scans, which search needs: 0.8.0 has.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 4] then
      state := 'warning';
      finding := format('pgvector %s has faults in building HNSW indexes and in vacuuming them, which 0.8.4 has not.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    end if;
    return next;
  end loop;

  -- Neither lower() nor text search finds a letter then, and nothing raises.
  return query
    select
      'locale',
      'warning',
      format('The database''s locale, %s, knows no letters but those of ASCII: words of other scripts are neither taken up nor found.', d.datctype),
      'It cannot be changed: create database … lc_ctype ''C.UTF-8'' template template0;  and restore a dump into that one'
    from pg_database d
    where d.datname = current_database() and (lower('Я') <> 'я' or to_tsvector('pg_catalog.simple', 'я') = '');

  -- What is free by the tightest of the limits; who asks is among those connected.
  select min(l.allowed - l.used) into v_free
  from (
    select current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
      (select count(*) from pg_stat_activity a where a.backend_type = 'client backend')
    union all
    select nullif(d.datconnlimit, -1), (select count(*) from pg_stat_activity a where a.datid = d.oid)
    from pg_database d
    where d.datname = current_database()
    union all
    select nullif(r.rolconnlimit, -1), (select count(*) from pg_stat_activity a where a.usesysid = r.oid)
    from pg_roles r
    where r.rolname = doctor_server.role_name
  ) l (allowed, used);
  return query
    select
      'connections',
      case when v_free < v_needed then 'warning' else 'ok' end,
      format('%s more connections are free for %s%s.', v_free, doctor_server.role_name, case when v_needed > 0 then format(', and a worker opens up to %s', v_needed) end),
      case when v_free < v_needed then
        'Raise what is the least of max_connections (and restart), alter database … connection limit, alter role … connection limit; or let searches go through a pooler'
      end;

  -- Whoever may connect can take an advisory lock, also one of ours: of the changes it is only tried, so nobody is seen to wait for it.
  return query
    select
      'locks',
      'warning',
      format('Session %s of %s holds a lock that keeps the worker waiting.', a.pid, a.usename),
      format('See what it is, and end it if nobody needs it: select * from pg_stat_activity where pid = %1$s;  select pg_terminate_backend(%1$s);', a.pid)
    from pg_stat_activity a
    where a.pid in (
        select unnest(pg_blocking_pids(l.pid))
        from pg_locks l
        join pg_stat_activity w on w.pid = l.pid
        where w.datname = current_database() and w.application_name like 'product-embeddings %' and l.waitstart < clock_timestamp() - interval '10 seconds'
      )
      or not pg_has_role(a.usesysid, current_user, 'usage')
        and not exists (select from pg_roles r where r.rolname = 'product_embeddings_worker' and pg_has_role(a.usesysid, r.oid, 'usage'))
        and exists (
          select from pg_locks l
          where l.pid = a.pid and l.locktype = 'advisory' and l.granted and a.datname = current_database()
            and (l.classid, l.objid, l.objsubid) = (hashtext(':PGVECTOR_SCHEMA.product_changes')::oid, 2::oid, 2)
        )
    order by a.pid;

  select string_agg(o.what, ', ') into v_off
  from (
    select c.oid::regclass::text || ' (autovacuum_enabled)'
    from pg_class c
    where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
    union all
    select s.name from pg_settings s where s.name in ('autovacuum', 'track_counts') and s.setting = 'off'
  ) o (what);
  return query
    select
      'autovacuum',
      case when v_off is null then 'ok' else 'warning' end,
      case when v_off is null then 'On, also for the queue.' else format('Off for %s: the queue and the index grow with every change.', v_off) end,
      case when v_off is not null then 'alter table … reset (autovacuum_enabled);  or: alter system set autovacuum = on; select pg_reload_conf();' end;

  if client ? 'now' then
    -- Leases are by the server's clock alone; cron patterns are by the worker's.
    v_seconds := round(abs(extract(epoch from clock_timestamp() - (client ->> 'now')::timestamptz)), 1);
    return query
      select
        'clock',
        case when v_seconds > 5 then 'warning' else 'ok' end,
        case
          when v_seconds > 5 then format('The clocks of the server and of this machine are %s s apart: the schedules and the log are by this machine''s.', v_seconds)
          else 'The clocks of the server and of this machine agree.'
        end,
        case when v_seconds > 5 then 'Set the clock that is wrong, by NTP: timedatectl set-ntp true' end;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_server(jsonb, name) is 'The part of doctor() about the server: version, extensions, connections, locks, autovacuum, clock.';
