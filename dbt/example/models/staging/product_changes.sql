{{ config(materialized = 'view') }}

-- Every change of a product, typed. A view: only what a run reads is decoded.
with

messages as (
    select * from {{ source('bronze', 'product_events') }}
),

changes as (
    select
        m.value ->> 'op' as op,
        m.value -> 'source' as source,
        -- A delete has the last values in before; everything else has the new ones in after.
        case when m.value ->> 'op' = 'd' then m.value -> 'before' else m.value -> 'after' end as product,
        m.topic,
        m.partition,
        m."offset",
        m.landed_at
    from messages m
    -- Read, create, update, delete. A tombstone has no value: the delete before it said all.
    where m.value ->> 'op' in ('r', 'c', 'u', 'd')
)

select
    (c.product ->> 'ProductId')::bigint as product_id,
    nullif(btrim(c.product ->> 'Name'), '') as name,
    nullif(btrim(c.product ->> 'VendorCode'), '') as vendor_code,
    trim_scale({{ debezium_decimal("c.product ->> 'WeightKg'", 3) }}) as weight,
    (c.product ->> 'LengthMm')::numeric as length,
    (c.product ->> 'WidthMm')::numeric as width,
    (c.product ->> 'HeightMm')::numeric as height,
    {{ debezium_decimal("c.product ->> 'Price'", 2) }}::numeric(12, 2) as price,
    (c.product ->> 'IsActive')::boolean as is_active,
    (c.product ->> 'CategoryId')::bigint as category_id,
    {{ debezium_date("c.product ->> 'OnSaleSince'") }} as on_sale_since,
    {{ debezium_timestamp("c.product ->> 'CreatedAt'", 'milliseconds') }} as created_at,
    {{ debezium_timestamp("c.product ->> 'UpdatedAt'", 'nanoseconds') }} as updated_at,
    c.op,
    {{ cdc_position('c.source') }} as cdc_position,
    c.topic,
    c.partition,
    c."offset",
    c.landed_at
from changes c
