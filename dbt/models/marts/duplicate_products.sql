{% set source_model = ref(var('product_embeddings_source_project', project_name), var('product_embeddings_source_model', 'stg_product')) %}

-- Pairs of products that may be one product entered twice, each pair once.
with

products as (
    {{ product_embeddings.live_products(source_model) | indent(4) }}
),

-- Each pair stands there from both sides, or from one only where the other has nearer neighbours.
pairs as (
    select distinct
        least(s.product_id, s.similar_product_id) as product_id,
        greatest(s.product_id, s.similar_product_id) as duplicate_product_id,
        s.similarity
    -- A subquery, because dbt build --empty puts an alias of its own behind a model.
    from (select * from {{ ref('similar_products') }}) s
    where s.similarity >= {{ var('product_embeddings_duplicate_similarity', 0.98) }}
)

select
    p.product_id,
    p.name,
    p.vendor_code,
    d.product_id as duplicate_product_id,
    d.name as duplicate_name,
    d.vendor_code as duplicate_vendor_code,
    pairs.similarity
from pairs
join products p on p.product_id = pairs.product_id
join products d on d.product_id = pairs.duplicate_product_id
