{#
  The product_id of a row of a relation as bigint, the type that it has beside its vector, and null where
  it is no whole number, as search_products() sees it. alias names the row.
#}
{% macro product_number(relation, alias) %}
  {{- return(adapter.dispatch('product_number', 'product_embeddings')(relation, alias)) -}}
{% endmacro %}

{% macro default__product_number(relation, alias) -%}
{%- set types = adapter.get_columns_in_relation(relation) | selectattr('name', 'equalto', 'product_id') | map(attribute='dtype') | list if execute else [] -%}
{%- set text = 'btrim(' ~ alias ~ '.product_id::text)' -%}
{%- if types and types[0] in ('bigint', 'integer', 'smallint') -%}
{{ alias }}.product_id::bigint
{%- else -%}
case when {{ text }} ~ '^-?[0-9]{1,19}([.]0*)?$' then
    case when split_part({{ text }}, '.', 1)::numeric between -9223372036854775808 and 9223372036854775807 then split_part({{ text }}, '.', 1)::bigint end
end
{%- endif -%}
{%- endmacro %}
