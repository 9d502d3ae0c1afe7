/*
 * Through the same function that everybody searches with, so that what is measured is what they get.
 * Measures as trec_eval has them: linear gain and a discount of log2 for nDCG, anything above 0 for the
 * others, with its ranking cut off at k. A query whose vector nobody made yet is searched by words alone:
 * a mode with vectors would be charged with what the worker has not done.
 *
 * Judgments of products that are not there are left out, or the figures would sink as a catalogue ages.
 */
create or replace function :PGVECTOR_SCHEMA.evaluate_search(k integer default 10, model_id integer default null)
returns table (
  model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
  v_model record;
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_other_id := nullif(evaluate_search.model_id, :PGVECTOR_SCHEMA.active_model_id());
  select s.name, s.products, greatest(s.products - s.embedded, s.queued) as waiting into v_model
  from :PGVECTOR_SCHEMA.model_status s
  where s.model_id = coalesce(v_other_id, :PGVECTOR_SCHEMA.active_model_id());
  if v_model.waiting > 0 then
    raise warning '% of % products have no vector of % yet, or one of a former text: figures with vectors are not what they will be.',
      v_model.waiting, v_model.products, v_model.name;
  end if;

  return query
    with
      judged as materialized (
        select g.query, g.product_id, g.grade
        from :PGVECTOR_SCHEMA.golden_queries g
        join :PGVECTOR_SCHEMA.product_documents((
          select array_agg(distinct r.product_id) from :PGVECTOR_SCHEMA.golden_queries r where r.grade > 0
        )) d on d.product_id = g.product_id
        where g.grade > 0
      ),
      asked as materialized (
        select g.query, min(g.kind) as kind, :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null as is_embedded
        from :PGVECTOR_SCHEMA.golden_queries g
        where g.query in (select j.query from judged j)
        group by g.query
      ),
      best as materialized (
        select i.query, count(*) as relevant, sum(i.grade * ln(2) / ln(i.place + 1)) filter (where i.place <= evaluate_search.k) as ideal
        from (
          select j.query, j.grade, row_number() over (partition by j.query order by j.grade desc) as place
          from judged j
        ) i
        group by i.query
      ),
      run as materialized (
        select a.query, a.kind, m.mode, m.place, m.mode = 'words' or a.is_embedded as is_searched
        from asked a
        cross join (values ('words', 1), ('vectors', 2), ('hybrid', 3)) m (mode, place)
      ),
      hit as materialized (
        select r.query, r.mode, h.product_id, h.ordinality as place
        from (select * from run r where r.is_searched offset 0) r
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(r.query, evaluate_search.k, r.mode, v_other_id) with ordinality h
      ),
      gained as materialized (
        select h.query, h.mode, sum(j.grade * ln(2) / ln(h.place + 1)) as gain, min(h.place) as first_place, count(*) as found
        from hit h
        join judged j on j.query = h.query and j.product_id = h.product_id
        group by h.query, h.mode
      ),
      scored as materialized (
        select
          r.kind,
          r.mode,
          r.place,
          r.is_searched,
          coalesce(g.gain / b.ideal, 0) as ndcg,
          coalesce(1.0 / g.first_place, 0)::double precision as rr,
          coalesce(g.found, 0)::double precision / b.relevant as recall
        from run r
        join best b on b.query = r.query
        left join gained g on g.query = r.query and g.mode = r.mode
      )
    select
      (select m.name from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = coalesce(v_other_id, :PGVECTOR_SCHEMA.active_model_id())),
      s.kind,
      s.mode,
      count(*) filter (where s.is_searched),
      avg(s.ndcg) filter (where s.is_searched),
      avg(s.rr) filter (where s.is_searched),
      avg(s.recall) filter (where s.is_searched),
      count(*) filter (where not s.is_searched)
    from scored s
    group by grouping sets ((s.kind, s.mode, s.place), (s.mode, s.place))
    order by grouping(s.kind), s.kind, s.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.evaluate_search(integer, integer) is
  'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. Warns while products wait to be encoded. model_id: another model whose vectors are kept, null for the active one. Raises PE001 to PE003, PE005, PE014, PE029 and PE031.';
