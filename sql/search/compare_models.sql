/*
 * The figures that decide a change of model, on one's own golden queries, before anybody searches with it.
 */
create or replace function :PGVECTOR_SCHEMA.compare_models(k integer default 10, model text default null)
returns table (
  kind text, mode text, queries bigint, active_ndcg double precision, other_ndcg double precision,
  active_mrr double precision, other_mrr double precision, active_recall double precision, other_recall double precision,
  overlap double precision
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
begin
  perform :PGVECTOR_SCHEMA.require_limit(k);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if compare_models.model is not null then
    v_other_id := :PGVECTOR_SCHEMA.find_model(compare_models.model);
  else
    select m.model_id into v_other_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_kept
    order by m.activated_at is null desc, m.activated_at desc
    limit 1;
    if not found then
      raise exception 'There is no other model to compare with.'
        using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');';
    end if;
  end if;

  return query
    with
      hit as materialized (
        select g.query, g.kind, m.mode, m.place, o.is_other, r.product_id
        from (
          select g.query, min(g.kind) as kind
          from :PGVECTOR_SCHEMA.golden_queries g
          where :PGVECTOR_SCHEMA.query_embedding(g.query) is not null and :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null
          group by g.query
          offset 0
        ) g
        cross join (values ('vectors', 2), ('hybrid', 3)) m (mode, place)
        cross join (values (false), (true)) o (is_other)
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(g.query, k, m.mode, case when o.is_other then v_other_id end) r
      ),
      common as materialized (
        select h.query, min(h.kind) as kind, h.mode, count(*) filter (where h.is_other and h.in_both)::double precision
          / greatest(count(*) filter (where h.is_other), 1) as overlap
        from (
          select h.*, count(*) over (partition by h.query, h.mode, h.product_id) = 2 as in_both
          from hit h
        ) h
        group by h.query, h.mode
      ),
      shared as materialized (
        select c.kind, c.mode, avg(c.overlap) as overlap
        from common c
        group by grouping sets ((c.kind, c.mode), (c.mode))
      )
    select a.kind, a.mode, o.queries, a.ndcg, o.ndcg, a.mrr, o.mrr, a.recall, o.recall, s.overlap
    from :PGVECTOR_SCHEMA.evaluate_search(k) with ordinality a (model, kind, mode, queries, ndcg, mrr, recall, unembedded, place)
    join :PGVECTOR_SCHEMA.evaluate_search(k, v_other_id) o on o.kind is not distinct from a.kind and o.mode = a.mode
    left join shared s on s.kind is not distinct from a.kind and s.mode = a.mode
    where a.mode <> 'words'
    order by a.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.compare_models(integer, text) is
  'The active model and another whose vectors are kept (the prepared one when null), side by side on the golden queries, for each kind (null: all kinds) and for vectors and hybrid: nDCG@k, MRR, recall@k, and overlap@k, the share of the other''s first k that the active one has there too. Raises PE014, PE031, and what evaluate_search() raises, and warns as it does.';
