/*
 * The whole set at once, so that the table is what the file says: a judgment that was taken out of the
 * file would otherwise count for ever.
 */
create or replace function :PGVECTOR_SCHEMA.load_golden_queries(judgments jsonb) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queries bigint;
begin
  delete from :PGVECTOR_SCHEMA.golden_queries g;

  -- Public collections have one text under two numbers, and then judge a document twice.
  insert into :PGVECTOR_SCHEMA.golden_queries as g (query, product_id, grade, kind)
  select j.query, j.product_id, max(greatest(j.grade, 0)), min(coalesce(j.kind, ''))
  from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
  group by j.query, j.product_id;

  select count(distinct g.query) into v_queries from :PGVECTOR_SCHEMA.golden_queries g;
  return v_queries;
end
$$;

comment on function :PGVECTOR_SCHEMA.load_golden_queries(jsonb) is
  'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now.';
