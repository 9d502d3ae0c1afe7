/*
 * Of up to a hundred products. Every comparison calls the hook for every product, in dbt's run too, so what
 * it costs there is said in minutes.
 */
create or replace function :PGVECTOR_SCHEMA.measure_hook(name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_hook oid := :PGVECTOR_SCHEMA.require_hook(measure_hook.name);
  v_limit double precision := (select s.max_hook_ms from :PGVECTOR_SCHEMA.settings s);
  v_started timestamptz;
  v_called bigint;
  v_failed bigint;
  v_error text;
  v_ms double precision;
  v_products bigint;
begin
  -- The first call plans what it reads.
  execute format(
    'select f.error from (select to_jsonb(s.*) as product from %s s limit 1) p cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f',
    v_source
  ) into v_error using v_hook;
  v_started := clock_timestamp();
  execute format(
    $sql$
      select count(*), count(f.error), min(f.error)
      from (select to_jsonb(s.*) as product from %s s limit 100) p
      cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f
    $sql$,
    v_source
  ) into v_called, v_failed, v_error using v_hook;
  v_ms := extract(epoch from clock_timestamp() - v_started) * 1000 / nullif(v_called, 0);

  if v_called > 0 and v_failed = v_called then
    raise exception 'The hook % fails for each of the % products that it was tried on.', measure_hook.name, v_called
      using errcode = 'PE029', detail = v_error, hint = 'Mend it, or set it all the same with force => true: no vector changes while it fails.';
  end if;
  if v_ms > v_limit then
    execute format('select count(*) from %s', v_source) into v_products;
    raise exception 'The hook % takes % ms a product, more than the % of settings.max_hook_ms: % for all % products, at each comparison and in each dbt run.',
      measure_hook.name, round(v_ms::numeric, 1), v_limit, make_interval(secs => round((v_ms * v_products / 1000)::numeric)::double precision), v_products
      using errcode = 'PE029',
        hint = 'Make it faster (an index on what it looks up, a table made by dbt), or set it all the same with force => true.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.measure_hook(text) is
  'Tries a hook on up to a hundred products. Raises PE029 when it fails for all of them, or takes longer than settings.max_hook_ms a product.';
