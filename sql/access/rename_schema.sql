/*
 * Functions name everything in full, so that no search_path can lead them astray; a renamed schema
 * is therefore a rewrite of their bodies. It also mends a schema that somebody renamed by hand. What
 * refers to a function by its number (triggers, checks) follows by itself.
 */
create or replace function :PGVECTOR_SCHEMA.rename_schema(new_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The name that is written in the bodies, and the one that the schema has now.
  v_written text := ':PGVECTOR_SCHEMA';
  v_now text := (
    select n.nspname
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'rename_schema' and p.prosrc like '%v_written text := ''' || v_written || '''%'
  );
  v_pattern text := format(E'\\m%s\\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name
    or rename_schema.new_name ~ '^(pg_.*|information_schema|graphile_worker|graphile_migrate)$'
  then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, no reserved word, and no schema of PostgreSQL''s or graphile''s.';
  end if;
  if v_now <> rename_schema.new_name then
    execute format('alter schema %I rename to %I', v_now, rename_schema.new_name);
  end if;
  -- The copy of another database's products is a source of ours.
  execute format('update %I.settings set source_schema = %1$L where source_schema = %L', rename_schema.new_name, v_written);
  for v_object in
    select
      pg_get_functiondef(p.oid) as definition,
      format('comment on routine %s is %L', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) as comment
    from pg_proc p
    where p.pronamespace = rename_schema.new_name::regnamespace
    union all
    select
      format('create or replace view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid)),
      format('comment on view %s is %L', c.oid::regclass, obj_description(c.oid, 'pg_class'))
    from pg_class c
    where c.relnamespace = rename_schema.new_name::regnamespace and c.relkind = 'v'
  loop
    execute regexp_replace(v_object.definition, v_pattern, rename_schema.new_name, 'g');
    execute regexp_replace(v_object.comment, v_pattern, rename_schema.new_name, 'g');
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_schema(text) is
  'Renames our schema and everything that names it; also mends one that was renamed by hand. Then set PGVECTOR_SCHEMA, and the dbt variable product_embeddings_schema. Raises PE007.';
