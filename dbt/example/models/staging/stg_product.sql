{{
  config(
    materialized = 'incremental',
    incremental_strategy = 'merge',
    unique_key = 'product_id',
    on_schema_change = 'append_new_columns',
    post_hook = "{{ product_embeddings.attach() }}"
  )
}}

-- The products as they are now: of each, the newest change by its place in SQL Server's log.
with

changes as (
    select * from {{ ref('product_changes') }}
    {% if is_incremental() %}
    where landed_at > (
        select coalesce(max(t.ingested_at), '-infinity') at time zone 'UTC' - interval '{{ var("lookback") }}' from {{ this }} t
    )
    {% endif %}
),

newest as (
    select distinct on (c.product_id) c.*
    from changes c
    -- Delivered twice, the first delivery counts: ingested_at does not move.
    order by c.product_id, c.cdc_position desc, c.landed_at, c."offset"
)

select
    n.product_id,
    n.name,
    n.vendor_code,
    n.weight,
    n.length,
    n.width,
    n.height,
    n.price,
    n.is_active,
    n.category_id,
    n.created_at,
    n.updated_at,
    n.landed_at at time zone 'UTC' as ingested_at,
    n.op = 'd' as deleted,
    n.cdc_position as _cdc_position
from newest n
{% if is_incremental() %}
-- A change that is late must not undo a newer one of an earlier run.
left join {{ this }} t on t.product_id = n.product_id
where t.product_id is null or n.cdc_position > t._cdc_position
{% endif %}
