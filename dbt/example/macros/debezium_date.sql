{# A date as Debezium sends it: days since 1970-01-01. #}
{% macro debezium_date(value) -%}
(date '1970-01-01' + ({{ value }})::integer)
{%- endmacro %}
