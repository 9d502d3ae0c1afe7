{#
  The names of the columns that a relation has: a mart selects those that the user's model has. Without
  a connection, while dbt parses, none; and a model that is not built yet has none either.
#}
{% macro product_columns(relation) %}
  {{ return(adapter.dispatch('product_columns', 'product_embeddings')(relation)) }}
{% endmacro %}

{% macro default__product_columns(relation) %}
  {% if not execute %}
    {{ return([]) }}
  {% endif %}
  {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{% endmacro %}
