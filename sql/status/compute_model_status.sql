/*
 * From what is stored and what waits, so that a dashboard can look every few seconds; activate_model()
 * compares every product. Security definer, so that a reader needs no right on tables.
 */
create or replace function :PGVECTOR_SCHEMA.compute_model_status()
returns table (
  model_id integer, name text, state text, dimension integer, revision text, "precision" text, max_tokens integer,
  products bigint, embedded bigint, coverage numeric, queued bigint, failed bigint, throughput numeric, time_to_go interval,
  has_index boolean, long_documents bigint, longest_document integer, spelled_out double precision, activated_at timestamptz, error text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_preparation :PGVECTOR_SCHEMA.model_preparation;
  v_source_products bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  select * into v_preparation from :PGVECTOR_SCHEMA.model_preparation;
  select s.products into v_source_products from :PGVECTOR_SCHEMA.embedding_status s;
  for v_model in
    select m.*
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_active or m.is_kept
    order by m.is_active desc, m.activated_at is null desc, m.activated_at desc
  loop
    model_id := v_model.model_id;
    name := v_model.name;
    dimension := v_model.dimension;
    revision := v_model.revision;
    "precision" := v_model.precision;
    max_tokens := v_model.max_tokens;
    spelled_out := v_model.spelled_out;
    activated_at := v_model.activated_at;
    error := v_model.error;
    products := v_source_products;
    -- Each from an index of its own.
    execute format(
      $sql$
        select
          (select count(*) from :PGVECTOR_SCHEMA.%1$I) - (select count(*) from :PGVECTOR_SCHEMA.%1$I e where e.vanished_at is not null),
          count(*), max(e.tokens)
        from :PGVECTOR_SCHEMA.%1$I e
        where e.tokens is not null
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id)
    ) into embedded, long_documents, longest_document;
    coverage := trunc(100.0 * least(embedded, products) / nullif(products, 0), 2);
    select count(distinct q.product_id) into queued from :PGVECTOR_SCHEMA.queued_products q where q.model_id = v_model.model_id;
    select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model.model_id and f.set_aside;
    throughput := null;
    time_to_go := null;
    if queued > 0 then
      throughput := :PGVECTOR_SCHEMA.throughput(v_model.model_id);
      time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
    end if;
    has_index := :PGVECTOR_SCHEMA.has_index(v_model.model_id);
    state := case
      when v_model.is_active then 'active'
      when v_model.activated_at is not null then 'former'
      when v_model.error is not null then 'failed'
      when queued > 0 or embedded < products then 'preparing'
      when not has_index and (
        :PGVECTOR_SCHEMA.search_index() is not null
        or :PGVECTOR_SCHEMA.has_vectors(v_model.model_id, (select s.index_from_products from :PGVECTOR_SCHEMA.settings s))
      ) then 'indexing'
      else 'ready'
    end;
    return next;
  end loop;

  if v_preparation.model is not null and v_preparation.model_id is null then
    return query
      select null::integer, v_preparation.model, case when v_preparation.error is null then 'requested' else 'failed' end, null::integer, null, null, null::integer,
        v_source_products, 0::bigint, 0::numeric, null::bigint, null::bigint, null::numeric, null::interval,
        null::boolean, null::bigint, null::integer, null::double precision, null::timestamptz, v_preparation.error;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_model_status() from public;

comment on function :PGVECTOR_SCHEMA.compute_model_status() is 'The rows of model_status. Raises PE002, PE003.';
