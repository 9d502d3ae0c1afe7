create or replace function :PGVECTOR_SCHEMA.sweep_texts() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  if not exists (select from :PGVECTOR_SCHEMA.text_embeddings) then
    return 0;
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  delete from :PGVECTOR_SCHEMA.text_embeddings c
  where not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = c.model_id)
    or c.text_hash not in (
      select sha256(convert_to(left(t, s.max_document_characters), 'UTF8'))
      from :PGVECTOR_SCHEMA.product_documents() d
      cross join unnest(d.texts) t
      cross join :PGVECTOR_SCHEMA.settings s
      where cardinality(d.texts) > 1
    );
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_texts() is
  'Forgets vectors of texts that no product has any more, and of models that are not kept; returns how many. Part of full_pass(). Raises PE001, PE002, PE005.';
