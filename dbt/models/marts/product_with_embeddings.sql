-- Every product with its vector, null while it has none.
with

products as (
    select * from {{ ref(var('product_embeddings_source_model', 'stg_product')) }}
),

embeddings as (
    select * from {{ source('product_embeddings', 'product_embeddings') }}
)

select
    p.product_id,
    p.name,
    p.vendor_code,
    p.price,
    p.category_id,
    e.embedding,
    e.updated_at as embedding_updated_at
from products p
left join embeddings e
    on p.product_id = e.product_id
