{#
  A post-hook for the model that the products come from. It puts the triggers on the table that dbt
  has just built and queues what changed, in dbt's own transaction. Only the relation that is the
  source is touched: the same model in a development schema is left alone. On the model of a related
  table (attach_related) it does the same for that one.

      {{ config(post_hook = "{{ product_embeddings.attach() }}") }}

  Whatever fails on our side, even that we are not installed yet or that dbt's role may not call us,
  is a warning of the server and not the end of the run; the status shows what is missing. With
  strict = true it fails the model, and so do rows without a usable product_id, product_ids in several
  rows, and a model without a column name.
#}
{% macro attach(strict=false) %}
  {{ return(adapter.dispatch('attach', 'product_embeddings')(strict)) }}
{% endmacro %}

{% macro default__attach(strict) %}
  {% if execute %}
    {%- set call -%}
      {{ var('product_embeddings_schema', 'analytics_features') }}.attach_after_build(
        {{ dbt.string_literal(this.schema) }}, {{ dbt.string_literal(this.identifier) }}, {{ 'true' if strict else 'false' }}
      )
    {%- endset -%}
    {% if strict %}
      select {{ call }}
    {% else %}
      do $product_embeddings$
      begin
        perform {{ call }};
      exception when others then
        raise warning 'The products were not attached for embedding: %', sqlerrm;
      end
      $product_embeddings$
    {% endif %}
  {% endif %}
{% endmacro %}
