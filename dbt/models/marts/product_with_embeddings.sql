-- Every product with its vector, null while it has none.
select
    p.product_id,
    p.name,
    p.vendor_code,
    p.price,
    p.category_id,
    e.embedding,
    e.updated_at as embedding_updated_at
from {{ ref(var('product_embeddings_source_model', 'stg_product')) }} p
left join {{ source('product_embeddings', 'product_embeddings') }} e
    on p.product_id = e.product_id
