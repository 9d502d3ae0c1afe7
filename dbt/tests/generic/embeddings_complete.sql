{#
  Fails when more products have no vector than both allow: max_missing, and max_percent of all products. Compares every
  product with its vector (compute_status()), whatever it is put on: the model that the products come
  from, or the source embedding_status.
#}
{% test embeddings_complete(model, max_missing=0, max_percent=0) %}
select s.missing, s.products, s.notes
from {{ var('product_embeddings_schema', 'analytics_features') }}.compute_status() s
where s.missing > greatest({{ max_missing }}, s.products * {{ max_percent }} / 100.0)
{% endtest %}
