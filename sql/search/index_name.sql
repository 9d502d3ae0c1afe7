create or replace function :PGVECTOR_SCHEMA.index_name(kind text, as_halfvec boolean, model_id integer default null) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- A name ends at 63 characters.
  select concat_ws('_', left(:PGVECTOR_SCHEMA.embeddings_table(model_id), 40), kind, case when as_halfvec then 'halfvec' end, 'idx')
$$;

comment on function :PGVECTOR_SCHEMA.index_name(text, boolean, integer) is 'What an index for search of this kind is called when we build it.';
