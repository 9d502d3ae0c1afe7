{#
  The live products of a model, one row each, as search_products() sees them: of several rows of a
  product_id the newest counts; anything but a clear yes in the column deleted is live, and of a dbt
  snapshot what is valid now. product_id is a bigint, whatever it is in the model. A name or vendor code
  that the model has not is null.
#}
{% macro live_products(source_model) %}
  {{- return(adapter.dispatch('live_products', 'product_embeddings')(source_model)) -}}
{% endmacro %}

{% macro default__live_products(source_model) -%}
{%- set columns = product_embeddings.product_columns(source_model) -%}
{%- set product_number = product_embeddings.product_number(source_model, 'p') -%}
select q.product_id, q.name, q.vendor_code
from (
    select distinct on ({{ product_number }})
        {{ product_number }} as product_id,
        {{ 'p.name' if 'name' in columns else 'null' }}::text as name,
        {{ 'p.vendor_code' if 'vendor_code' in columns else 'null' }}::text as vendor_code,
        true
        {%- for column in ['deleted', 'dbt_is_deleted'] if column in columns %}
        and coalesce(lower(btrim(p.{{ column }}::text)), 'false') !~ '^(true|t|yes|y|1([.]0*)?)$'
        {%- endfor %}
        {%- if 'dbt_valid_to' in columns %}
        and coalesce(p.dbt_valid_to > now() + interval '26 hours', true)
        {%- endif %} as is_live
    -- A subquery, because dbt build --empty puts an alias of its own behind a model.
    from (select * from {{ source_model }}) p
    where {{ product_number }} is not null
    order by
        {{ product_number }}
        {%- for column in ['dbt_valid_from', 'updated_at', 'ingested_at'] if column in columns %},
        p.{{ column }} desc nulls last
        {%- endfor %},
        is_live desc
) q
where q.is_live
{%- endmacro %}
