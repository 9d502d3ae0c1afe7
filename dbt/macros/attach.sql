{#
  A post-hook for the model that the products come from. It puts the triggers on the table that dbt
  has just built and queues what changed, in dbt's own transaction. Only the relation that is the
  source is touched: the same model in a development schema is left alone. A failure of ours is a
  warning and a row in source_log, unless strict.

      {{ config(post_hook = "{{ product_embeddings.attach() }}") }}
#}
{% macro attach(strict=false) %}
  {{ return(adapter.dispatch('attach', 'product_embeddings')(strict)) }}
{% endmacro %}

{% macro default__attach(strict) %}
  {% if execute %}
    select {{ var('product_embeddings_schema', 'analytics_features') }}.attach_after_build(
      {{ dbt.string_literal(this.schema) }}, {{ dbt.string_literal(this.identifier) }}, {{ 'true' if strict else 'false' }}
    )
  {% endif %}
{% endmacro %}
