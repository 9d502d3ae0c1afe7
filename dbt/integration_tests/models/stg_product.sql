{% set microbatch = var('strategy') == 'microbatch' %}
{% set incremental = var('materialized') == 'incremental' %}
{{
  config(
    materialized = var('materialized'),
    incremental_strategy = var('strategy') if incremental else none,
    unique_key = 'product_id' if var('strategy') != 'append' else none,
    on_schema_change = var('on_schema_change') if incremental else 'ignore',
    event_time = 'ingested_at' if microbatch else none,
    begin = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') if microbatch else none,
    batch_size = 'day' if microbatch else none,
    contract = {'enforced': var('contract')},
    persist_docs = {'relation': true, 'columns': true} if var('persist_docs') else {},
    grants = var('grants'),
    post_hook = "{{ product_embeddings.attach(strict=var('strict')) if var('hook') }}"
  )
}}

-- A subquery, because dbt build --empty puts an alias of its own behind a source.
select b.*
from (select * from {{ source('bronze', 'product') }}) b
{% if var('fail') %}
-- A run that fails in the middle of the build.
where 1 / (b.product_id - b.product_id) = 1
{% elif is_incremental() and not microbatch %}
where b.ingested_at > (select coalesce(max(t.ingested_at), '-infinity') from {{ this }} t)
{% endif %}
