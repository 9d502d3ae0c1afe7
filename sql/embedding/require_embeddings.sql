create or replace function :PGVECTOR_SCHEMA.require_embeddings() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := (
    select c.oid::regclass
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE'
  );
begin
  if v_table is null then
    raise exception 'The table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE does not exist.'
      using errcode = 'PE003',
        hint = 'npm run migrate makes it again, with the dimension in PGVECTOR_EMBEDDING_DIM; npm run embed fills it.';
  end if;
  return v_table;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_embeddings() is 'The table of vectors; raises PE003 when somebody dropped it.';
