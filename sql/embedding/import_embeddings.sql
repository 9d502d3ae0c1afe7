/*
 * Vectors that were made elsewhere, taken over instead of made again: of products whose text was the
 * document that they have now as current ones, of others only where there is none yet, to serve until the
 * product is encoded. That they are of the model that is named is not believed but checked, against some
 * that we encoded ourselves. Security invoker: who imports has to be able to read the relation.
 */
create or replace function :PGVECTOR_SCHEMA.import_embeddings(
  relation text,
  model text,
  id_column text default 'product_id',
  embedding_column text default 'embedding',
  document_column text default null,
  same_text boolean default false,
  force boolean default false
)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
set client_min_messages = warning
as $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_dimension integer;
  v_relation regclass;
  v_table text;
  v_column text;
  v_checked bigint;
  v_nearest double precision;
  v_rows bigint;
begin
  begin
    v_relation := import_embeddings.relation::regclass;
  exception when others then
    v_relation := null;
  end;
  if v_relation is null then
    raise exception 'There is no relation %.', coalesce(quote_literal(left(import_embeddings.relation, 100)), 'null')
      using errcode = 'PE035', hint = 'Name it with its schema: schema.table.';
  end if;
  foreach v_column in array array[id_column, embedding_column] || array_remove(array[document_column], null) loop
    if not exists (
      select from pg_attribute a where a.attrelid = v_relation and a.attname = v_column and a.attnum > 0 and not a.attisdropped
    ) then
      raise exception 'The relation % has no column %.', v_relation, coalesce(quote_ident(v_column), 'null')
        using errcode = 'PE035', hint = 'Pass id_column, embedding_column and, if it is there, document_column.';
    end if;
  end loop;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id := :PGVECTOR_SCHEMA.find_model(import_embeddings.model);
  select m.dimension into v_dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id;
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_model_id);

  drop table if exists pg_temp.product_embeddings_import;
  -- The columns are as the table's, so that nothing of theirs is run: what is read is cast here and now.
  begin
    execute format(
      $sql$
        create temp table product_embeddings_import on commit drop as
        select i.product_id, :VECTOR_SCHEMA.l2_normalize(i.embedding) as embedding,
          case when d.document_hash = i.document_hash or %5$L then d.document_hash end as document_hash
        from (
          select r.%2$I::bigint as product_id, (array_agg(translate(r.%3$I::text, '{}', '[]')))[1]::%6$s as embedding,
            sha256(convert_to(pg_catalog.normalize(max(%4$s), 'NFC'), 'UTF8')) as document_hash
          from %1$s r
          where r.%3$I is not null and r.%2$I is not null and :VECTOR_SCHEMA.vector_dims(translate(r.%3$I::text, '{}', '[]')::%6$s) = %7$s
          group by r.%2$I::bigint
          -- Of a text in several pieces no piece is the product's.
          having count(*) = 1
        ) i
        join (%8$s) d on d.product_id = i.product_id
        where :VECTOR_SCHEMA.vector_norm(i.embedding) > 0
      $sql$,
      v_relation, id_column, embedding_column,
      case when document_column is not null then format('r.%I::text', document_column) else 'null::text' end,
      same_text and document_column is null,
      ':VECTOR_SCHEMA.vector', v_dimension, :PGVECTOR_SCHEMA.document_query()
    );
  exception when data_exception then
    raise exception 'The relation % has a value that is no product''s number or no vector.', v_relation
      using errcode = 'PE035', detail = left(sqlerrm, 200), hint = 'Import a view that leaves such rows out. A vector may be a text or an array, too.';
  end;

  execute format(
    $sql$
      select count(*), min(1 - (e.embedding operator(:VECTOR_SCHEMA.<=>) i.embedding))
      from pg_temp.product_embeddings_import i
      join :PGVECTOR_SCHEMA.%I e on e.product_id = i.product_id and e.model_id = $1 and e.document_hash = i.document_hash
    $sql$,
    v_table
  ) into v_checked, v_nearest using v_model_id;
  if v_nearest < 0.99 then
    raise exception 'The vectors of % are not of the model %: of % products with the same text, the least alike has cosine %.',
      v_relation, import_embeddings.model, v_checked, round(v_nearest::numeric, 3)
      using errcode = 'PE035', hint = 'Name the model that they are of; another revision, pooling or prefix is another model.';
  end if;
  if v_checked < 3 and force is not true and exists (select from pg_temp.product_embeddings_import i where i.document_hash is not null) then
    raise exception 'Whether the vectors of % are of the model % cannot be checked: only % of them are of a product that we encoded from the same text.',
      v_relation, import_embeddings.model, v_checked
      using errcode = 'PE035', hint = 'Encode some first: npm run embed -- --limit 20  or import them unchecked: force => true.';
  end if;

  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%1$I as e (product_id, embedding, model_id, document_hash)
      select i.product_id, i.embedding, $1, i.document_hash
      from pg_temp.product_embeddings_import i
      where i.document_hash is not null
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = null, updated_at = now(), vanished_at = null
      where (e.model_id, e.document_hash) is distinct from (excluded.model_id, excluded.document_hash)
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics imported = row_count;
  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id)
      select i.product_id, i.embedding, $1
      from pg_temp.product_embeddings_import i
      where i.document_hash is null
      on conflict (product_id) do nothing
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics serving = row_count;
  execute format('select count(*) from %s', v_relation) into v_rows;
  skipped := v_rows - imported - serving;
  drop table pg_temp.product_embeddings_import;
  perform :PGVECTOR_SCHEMA.reconcile();
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_embeddings(text, text, text, text, text, boolean, boolean) is
  'Takes over vectors made elsewhere, of a model whose vectors are kept: from a relation with a column of product ids, one of vectors and, best, one of the texts that they are of (same_text: they are of the documents, without such a column). imported: current, not to be encoded; serving: of another text, for products that had none, until they are encoded; skipped: rows of no live product, of several vectors a product, of another dimension, or current already. force: without the check against vectors of our own. Raises PE001, PE002, PE003, PE005, PE029, PE031, PE035.';
