{{
  config(
    materialized = var('materialized'),
    incremental_strategy = var('strategy') if var('materialized') == 'incremental' else none,
    unique_key = 'product_id' if var('strategy') != 'append' else none,
    on_schema_change = 'sync_all_columns' if var('materialized') == 'incremental' else none,
    post_hook = "{{ product_embeddings.attach() }}"
  )
}}

-- A subquery, because dbt build --empty puts an alias of its own behind a source.
select b.*
from (select * from {{ source('bronze', 'product') }}) b
{% if var('fail') %}
-- A run that fails in the middle of the build.
where 1 / (b.product_id - b.product_id) = 1
{% elif is_incremental() %}
where b.loaded_at > (select coalesce(max(t.loaded_at), '-infinity') from {{ this }} t)
{% endif %}
