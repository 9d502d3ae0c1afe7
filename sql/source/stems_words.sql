/*
 * The setting is a name, which functions look up without anybody's search_path: so is it when it is set.
 */
create or replace function :PGVECTOR_SCHEMA.stems_words(config text) returns boolean
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from pg_ts_config c
    join pg_namespace n on n.oid = c.cfgnamespace
    where config = format('%I.%I', n.nspname, c.cfgname) or n.nspname = 'pg_catalog' and config = quote_ident(c.cfgname)
  )
$$;

comment on function :PGVECTOR_SCHEMA.stems_words(text) is
  'Whether there is a text search configuration of that name, with its schema unless it is one of PostgreSQL''s own: what settings.words_config may be.';
