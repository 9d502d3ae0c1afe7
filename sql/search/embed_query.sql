/*
 * A procedure, because the worker sees the request only when it is committed. So it can have no SET
 * clause and no rights but the caller's; everything that it names is named in full.
 */
create or replace procedure :PGVECTOR_SCHEMA.embed_query(query text, max_wait interval default '10 seconds')
language plpgsql
as $$
declare
  v_deadline timestamptz := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(max_wait, '10 seconds');
begin
  if :PGVECTOR_SCHEMA.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if :PGVECTOR_SCHEMA.request_query(query) then
    return;
  end if;
  if pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool then
    raise exception 'The vector of a query cannot be asked for where nothing can be written.'
      using errcode = 'PE036',
        hint = 'On a standby: call it on the primary, and the vector comes along; elsewhere: set default_transaction_read_only = off; Meanwhile search_products_text() answers from words alone.';
  end if;
  commit;
  -- The embedded database has one session for all: while this waits, the worker cannot come.
  if pg_catalog.strpos(pg_catalog.version(), 'emscripten') operator(pg_catalog.>) 0 then
    raise notice 'The worker will encode it when this call is over.';
    return;
  end if;
  while not :PGVECTOR_SCHEMA.request_query(query) loop
    if pg_catalog.clock_timestamp() operator(pg_catalog.>) v_deadline then
      raise exception 'No worker encoded the query within %.', coalesce(max_wait, '10 seconds')
        using errcode = 'PE026', hint = 'Start one: npm run worker. Meanwhile search_products_text() answers from words alone.';
    end if;
    -- Ends the transaction, so that waiting holds nothing back.
    commit;
    perform pg_catalog.pg_sleep(0.02);
  end loop;
end
$$;

comment on procedure :PGVECTOR_SCHEMA.embed_query(text, interval) is
  'Has the worker encode a query and waits until it is done, max_wait at the most (null for 10 seconds): call embed_query(''тормозные колодки''); Not inside a transaction. Raises PE019, PE026, and PE036 at once on a standby and where a transaction is read-only.';
