/*
 * Claims, passes and sweeps write the words of many products at once and in any order; taking turns
 * keeps them from locking each other out. Taken before any row.
 */
create or replace function :PGVECTOR_SCHEMA.lock_words() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_words'), 1)
$$;

comment on function :PGVECTOR_SCHEMA.lock_words() is 'Lets one transaction at a time write product_words, until it ends.';
