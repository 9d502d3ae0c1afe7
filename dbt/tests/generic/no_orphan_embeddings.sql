{#
  Fails when more vectors have no product than both allow: max_orphans, and max_percent of all products. Compares every
  product with its vector (compute_status()), whatever it is put on: the model that the products come
  from, or the source embedding_status. A build with --empty takes every product away, and is no reason
  to fail.
#}
{% test no_orphan_embeddings(model, max_orphans=0, max_percent=0) %}
select s.orphans, s.products, s.notes
from {{ var('product_embeddings_schema', 'analytics_features') }}.compute_status() s
where {{ 'false' if flags.EMPTY else 'true' }}
    and s.orphans > greatest({{ max_orphans }}, s.products * {{ max_percent }} / 100.0)
{% endtest %}
