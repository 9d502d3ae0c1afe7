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
  if jsonb_typeof(judgments) is distinct from 'array' then
    raise exception 'Golden queries are an array of objects, not %.', coalesce(jsonb_typeof(judgments), 'null')
      using errcode = 'PE040', hint = 'Such as [{"query": "brake pads", "product_id": 7807552, "grade": 3}]; [] for none.';
  end if;
  delete from :PGVECTOR_SCHEMA.golden_queries g;

  begin
    -- Public collections have one text under two numbers, and then judge a document twice.
    insert into :PGVECTOR_SCHEMA.golden_queries as g (query, product_id, grade, kind)
    select j.query, j.product_id, max(case when j.grade < 0 then 0 else j.grade end), min(coalesce(j.kind, ''))
    from jsonb_to_recordset(load_golden_queries.judgments) j (query text, product_id bigint, grade smallint, kind text)
    group by j.query, j.product_id;
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    raise exception 'A golden query is not as it has to be.'
      using errcode = 'PE040', detail = sqlerrm, hint = 'Each is an object of query, product_id, grade (0 or more) and, if you like, kind.';
  end;

  select count(distinct g.query) into v_queries from :PGVECTOR_SCHEMA.golden_queries g;
  return v_queries;
end
$$;

comment on function :PGVECTOR_SCHEMA.load_golden_queries(jsonb) is
  'Puts these in place of all golden queries: an array of objects of query, product_id, grade and kind. A negative grade, as TREC has them, is 0. Returns how many queries there are now. Raises PE040, and leaves everything as it was.';
