create or replace function :PGVECTOR_SCHEMA.has_vectors(model_id integer, at_least bigint) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_enough boolean;
begin
  -- Counts no further than it must.
  execute format(
    'select count(*) >= $1 from (select from :PGVECTOR_SCHEMA.%I limit $1) e',
    :PGVECTOR_SCHEMA.embeddings_table(has_vectors.model_id)
  ) into v_enough using at_least;
  return v_enough;
end
$$;

comment on function :PGVECTOR_SCHEMA.has_vectors(integer, bigint) is 'Whether so many vectors of a model are stored; null when at_least is null.';
