-- Every product with its vector, null while it has none.
{% set source_model = ref(var('product_embeddings_source_project', project_name), var('product_embeddings_source_model', 'stg_product')) %}
{% set columns = product_embeddings.product_columns(source_model) %}

with

products as (
    select * from {{ source_model }}
),

embeddings as (
    select * from {{ source('product_embeddings', 'product_embeddings') }}
)

select
    p.product_id,
    {% for column in ['name', 'vendor_code', 'price', 'category_id'] if column in columns %}
    p.{{ column }},
    {% endfor %}
    e.embedding,
    e.updated_at as embedding_updated_at
from products p
left join embeddings e
    on {{ product_embeddings.product_number(source_model, 'p') }} = e.product_id
