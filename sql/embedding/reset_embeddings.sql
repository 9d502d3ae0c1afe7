/*
 * TRUNCATE and ALTER rather than DROP: grants stay. Where the dimension changes, a view over the
 * column makes ALTER fail, and then nothing is lost.
 */
create or replace function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if dimension is null or dimension not between 1 and 16000 then
    raise exception 'Vectors of % dimensions there are not.', coalesce(dimension::text, 'null')
      using errcode = 'PE020', hint = 'Pass what the model gives, from 1 to 16000.';
  end if;
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    if (
      select a.atttypmod from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'::regclass and a.attname = 'embedding'
    ) is distinct from reset_embeddings.dimension then
      execute format(
        'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
        reset_embeddings.dimension
      );
    end if;
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(':PGVECTOR_TABLE', reset_embeddings.dimension);
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  -- For the model that comes next, whichever it is; what is kept of others is left alone.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = 0, claim_id = null
  where q.model_id = :PGVECTOR_SCHEMA.active_model_id();
  update :PGVECTOR_SCHEMA.product_changes c set model_id = 0 where c.model_id = :PGVECTOR_SCHEMA.active_model_id();
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return 0;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.reset_embeddings(integer) is
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded. Raises PE020 for a dimension that vectors cannot have, PE002, PE005, PE029.';
