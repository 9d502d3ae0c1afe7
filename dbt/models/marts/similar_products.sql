-- In a larger catalogue most of an index scan's hits may be filtered away: without this it would end early.
{{ config(pre_hook = "set local hnsw.iterative_scan = 'strict_order'") }}

{% set source_model = ref(var('product_embeddings_source_project', project_name), var('product_embeddings_source_model', 'stg_product')) %}

-- Of every live product that has a vector, the nearest other ones.
with

products as materialized (
    {{ product_embeddings.live_products(source_model) | indent(4) }}
),

-- Read twice, and the second time through the index, if there is one.
embeddings as not materialized (
    select * from {{ source('product_embeddings', 'product_embeddings') }}
),

-- Materialized, or the planner looks the names up within the loop.
neighbours as materialized (
    select
        p.product_id,
        p.name,
        n.product_id as similar_product_id,
        n.distance,
        1 - (n.embedding <=> e.embedding) as similarity
    from products p
    join embeddings e on e.product_id = p.product_id
    cross join lateral (
        select
            o.product_id,
            o.embedding,
            o.embedding <-> e.embedding as distance
        from embeddings o
        where o.product_id <> e.product_id
            -- "is true" makes it a look-up in a hash; as a join it would read all products at every hit.
            and (o.product_id in (select live.product_id from products live)) is true
        -- Vectors have unit length: L2 gives the order of cosine, and the l2 index serves it.
        order by o.embedding <-> e.embedding
        limit {{ var('product_embeddings_neighbours', 10) }}
    ) n
)

select
    n.product_id,
    n.name,
    row_number() over (partition by n.product_id order by n.distance, n.similar_product_id)::integer as rank,
    n.similar_product_id,
    s.name as similar_name,
    round(n.similarity::numeric, 4) as similarity
from neighbours n
join products s on s.product_id = n.similar_product_id
