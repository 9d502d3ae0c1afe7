/*
 * The setting is a name, which functions look up without anybody's search_path: so is it when it is set.
 */
create or replace function :PGVECTOR_SCHEMA.stems_words(config text) returns boolean
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select config::regconfig is not null
$$;

comment on function :PGVECTOR_SCHEMA.stems_words(text) is
  'Whether that is a text search configuration, with its schema unless it is one of PostgreSQL''s own; an error if there is none. For settings.words_config.';
