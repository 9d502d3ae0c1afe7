/*
 * Of what word_statistics does not keep: a number or a code that hardly any product has. Along the index over
 * the words.
 */
create or replace function :PGVECTOR_SCHEMA.products_with(term tsquery, most integer default 1000) returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- An unseen term is taken for a common one, and then reading all for cheaper than the index.
set enable_seqscan = off
set jit = off
as $$
begin
  return (
    select count(*)
    from (select from :PGVECTOR_SCHEMA.product_words w where w.words @@ term limit most) w
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.products_with(tsquery, integer) is
  'Number of products that have a term, counted up to most.';
