/*
 * What a search would lose if this model were the active one now. A product that no model has encoded yet
 * is no loss, and neither is a change of the last minute, which is on its way to both.
 */
create or replace function :PGVECTOR_SCHEMA.model_gaps(model_id integer, out missing bigint, out stale bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select
    count(*) filter (where m.state = 'missing'),
    count(*) filter (
      where m.state = 'stale' and a.state = 'current'
        and not exists (
          select
          from :PGVECTOR_SCHEMA.queued_products q
          where q.product_id = m.product_id and q.model_id = model_gaps.model_id and q.queued_at > now() - interval '1 minute'
        )
    )
  into missing, stale
  from :PGVECTOR_SCHEMA.embedding_difference(model_gaps.model_id) m
  join :PGVECTOR_SCHEMA.embedding_difference() a on a.product_id = m.product_id
  where a.state in ('current', 'stale');
end
$$;

comment on function :PGVECTOR_SCHEMA.model_gaps(integer) is
  'Live products that have a vector of the active model but none of this one (missing), or only an outdated one where the active model''s is current (stale; changes of the last minute not counted). Raises PE001 to PE003, PE005, PE029.';
