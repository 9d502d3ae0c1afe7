{{ config(enabled = var('related'), materialized = 'table', post_hook = "{{ product_embeddings.attach() }}") }}

-- A related table: products are found by the name of their category (see docs/sql.md).
select category_id, title from {{ source('bronze', 'category') }}
