/*
 * By the row of its catalog as json, since its columns moved from one version to another.
 */
create or replace function :PGVECTOR_SCHEMA.import_pgai(vectorizer integer, model text default null, force boolean default false)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_target jsonb;
begin
  if to_regclass('ai.vectorizer') is not null then
    execute 'select to_jsonb(v) from ai.vectorizer v where v.id = $1' into v_row using vectorizer;
  end if;
  if v_row is null then
    raise exception 'There is no vectorizer %.', coalesce(vectorizer::text, 'null')
      using errcode = 'PE035', hint = 'select id, source_schema, source_table from ai.vectorizer;';
  end if;
  v_target := v_row || coalesce(v_row #> '{config,destination}', '{}');
  if jsonb_array_length(v_row -> 'source_pk') <> 1 then
    raise exception 'The vectorizer % is of a table with a key of % columns.', vectorizer, jsonb_array_length(v_row -> 'source_pk')
      using errcode = 'PE035', hint = 'Import a view of it with the product''s number in one column: import_embeddings().';
  end if;
  return query
    select i.*
    from :PGVECTOR_SCHEMA.import_embeddings(
      format('%I.%I', v_target ->> 'target_schema', v_target ->> 'target_table'),
      coalesce(import_pgai.model, v_row #>> '{config,embedding,model}'),
      id_column => v_row #>> '{source_pk,0,attname}',
      document_column => 'chunk',
      force => import_pgai.force
    ) i;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_pgai(integer, text, boolean) is
  'import_embeddings() from the store of a pgai vectorizer, by its id: key, table and text are read from its configuration, and the model unless it is named. Products in several chunks are skipped. Raises PE031, PE035.';
