/*
 * The roles are the cluster's and made by a DBA (sql/dba.sql), so they may be absent: then only our
 * owner has access, which is all that a single login needs. Called after every migration, because new
 * functions are everybody's until told otherwise. graphile-worker's tables have row-level security
 * without a policy, so that its owner alone could work on them: hence a policy for the workers.
 */
create or replace function :PGVECTOR_SCHEMA.grant_roles() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  revoke all on all routines in schema :PGVECTOR_SCHEMA from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_reader;
    grant select on :PGVECTOR_SCHEMA.embedding_status, :PGVECTOR_SCHEMA.model_status, :PGVECTOR_SCHEMA.source_copy_status, :PGVECTOR_SCHEMA.vector_indexes to product_embeddings_reader;
    grant execute on function
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.mapped_products(),
      :PGVECTOR_SCHEMA.query_key(text),
      :PGVECTOR_SCHEMA.request_query(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer)
    to product_embeddings_reader;
    grant execute on procedure :PGVECTOR_SCHEMA.embed_query(text, interval) to product_embeddings_reader;
  end if;

  -- On top of a reader's: what somebody on call looks at, and another attempt.
  if exists (select from pg_roles r where r.rolname = 'product_embeddings_operator') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_operator;
    grant select on
      :PGVECTOR_SCHEMA.embedding_activity,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.product_failures,
      :PGVECTOR_SCHEMA.product_queue,
      :PGVECTOR_SCHEMA.queued_products,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.vector_indexes
    to product_embeddings_operator;
    grant delete on :PGVECTOR_SCHEMA.product_failures to product_embeddings_operator;
    grant insert, update (available_at, attempts) on :PGVECTOR_SCHEMA.product_queue to product_embeddings_operator;
    grant execute on function
      :PGVECTOR_SCHEMA.announce_changes(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.operator_report(),
      :PGVECTOR_SCHEMA.retry_failed(bigint)
    to product_embeddings_operator;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_attacher;
    grant select on
      :PGVECTOR_SCHEMA.:PGVECTOR_TABLE,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.kept_models,
      :PGVECTOR_SCHEMA.model_status,
      :PGVECTOR_SCHEMA.settings,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.source_columns,
      :PGVECTOR_SCHEMA.source_copy_status,
      :PGVECTOR_SCHEMA.source_triggers,
      :PGVECTOR_SCHEMA.vector_indexes,
      :PGVECTOR_SCHEMA.document_fields,
      :PGVECTOR_SCHEMA.document_order,
      :PGVECTOR_SCHEMA.related_triggers
    to product_embeddings_attacher;
    grant insert on :PGVECTOR_SCHEMA.source_log to product_embeddings_attacher;
    -- Only the owner of a table can put triggers on it, and so attach it.
    grant select, insert, delete on :PGVECTOR_SCHEMA.related_tables to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed, which truncates first.
    grant select, insert, update, delete, truncate on :PGVECTOR_SCHEMA.synonyms, :PGVECTOR_SCHEMA.golden_queries to product_embeddings_attacher;
    grant execute on function
      :PGVECTOR_SCHEMA.attach(),
      :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean),
      :PGVECTOR_SCHEMA.attach_related(text, text, text),
      :PGVECTOR_SCHEMA.attach_related_triggers(text, text),
      :PGVECTOR_SCHEMA.attach_triggers(),
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.detach(),
      :PGVECTOR_SCHEMA.detach_related(text),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.grant_read(regclass),
      :PGVECTOR_SCHEMA.grant_source(),
      :PGVECTOR_SCHEMA.last_comparison(),
      :PGVECTOR_SCHEMA.reconcile(),
      :PGVECTOR_SCHEMA.reconcile_later(),
      :PGVECTOR_SCHEMA.require_sound_source(),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.refresh_pairs(),
      :PGVECTOR_SCHEMA.related_relation(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer),
      :PGVECTOR_SCHEMA.source_problems(),
      :PGVECTOR_SCHEMA.source_is_replicated(),
      :PGVECTOR_SCHEMA.source_relation(),
      :PGVECTOR_SCHEMA.tg__product_changed(),
      :PGVECTOR_SCHEMA.tg__product_replicated(),
      :PGVECTOR_SCHEMA.tg__related_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    -- Security definer functions run what stands there, and read what it names: of a view or a type of one's own, what comes with it.
    revoke insert, update, delete on :PGVECTOR_SCHEMA.source_expressions, :PGVECTOR_SCHEMA.source_connection, :PGVECTOR_SCHEMA.settings
      from product_embeddings_worker;
    execute (
      select format('grant update (%s) on :PGVECTOR_SCHEMA.settings to product_embeddings_worker', string_agg(quote_ident(a.attname), ', '))
      from pg_attribute a
      where a.attrelid = ':PGVECTOR_SCHEMA.settings'::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('singleton', 'source_schema', 'source_table', 'document_hook') and not starts_with(a.attname, 'interactions_')
    );
    grant execute on all routines in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    revoke execute on function
      :PGVECTOR_SCHEMA.tg__embedding_provenance(),
      :PGVECTOR_SCHEMA.tg__product_changed(),
      :PGVECTOR_SCHEMA.tg__product_replicated(),
      :PGVECTOR_SCHEMA.tg__related_changed(),
      :PGVECTOR_SCHEMA.tg__synonym_key()
    from product_embeddings_worker;
    grant usage on schema graphile_worker to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema graphile_worker to product_embeddings_worker;
    grant execute on all functions in schema graphile_worker to product_embeddings_worker;
    for v_table in
      select c.oid
      from pg_class c
      where c.relnamespace = 'graphile_worker'::regnamespace and c.relrowsecurity
        and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
    loop
      execute format('create policy product_embeddings_worker on %s to product_embeddings_worker using (true) with check (true)', v_table);
    end loop;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_roles() is
  'Gives the groups product_embeddings_reader, _operator, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';
