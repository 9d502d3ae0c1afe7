{#
  Fails when more vectors are of an earlier text than both allow: max_stale, and max_percent of all products. Compares every
  product with its vector (compute_status()), whatever it is put on: the model that the products come
  from, or the source embedding_status.
#}
{% test embeddings_fresh(model, max_stale=0, max_percent=0) %}
select s.stale, s.products, s.notes
from {{ var('product_embeddings_schema', 'analytics_features') }}.compute_status() s
where s.stale > greatest({{ max_stale }}, s.products * {{ max_percent }} / 100.0)
{% endtest %}
