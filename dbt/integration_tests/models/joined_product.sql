{{ config(enabled = var('related'), materialized = var('materialized'), post_hook = "{{ product_embeddings.attach() }}") }}

-- The other way: a source that has the names joined.
select b.product_id, b.name, c.title as category, b.deleted
from {{ source('bronze', 'product') }} b
left join {{ ref('category') }} c on c.category_id = b.category_id
