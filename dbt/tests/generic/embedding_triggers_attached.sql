{#
  Fails when the source lacks one of the triggers, or one is disabled; notes say which and why. Not for
  a view, which cannot have any. Put it on the model that the products come from, or on the source
  embedding_status.
#}
{% test embedding_triggers_attached(model) %}
select s.source, s.notes
from {{ var('product_embeddings_schema', 'analytics_features') }}.compute_status(exact => false) s
where not s.triggers_attached
{% endtest %}
