create or replace function :PGVECTOR_SCHEMA.has_index(model_id integer) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(has_index.model_id)))
      and i.indisvalid and i.indpred is null and o.opcname in ('vector_l2_ops', 'halfvec_l2_ops')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.has_index(integer) is 'Whether the vectors of a model have an index for search.';
