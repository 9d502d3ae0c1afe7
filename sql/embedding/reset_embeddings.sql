/*
 * TRUNCATE and ALTER rather than DROP: grants stay. A view over the column makes ALTER fail, and
 * then nothing is lost.
 */
create or replace function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    execute format(
      'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
      reset_embeddings.dimension
    );
  end if;
  perform :PGVECTOR_SCHEMA.create_product_embeddings(reset_embeddings.dimension);
  truncate :PGVECTOR_SCHEMA.product_failures;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false where m.is_active;
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return 0;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.reset_embeddings(integer) is
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded.';
