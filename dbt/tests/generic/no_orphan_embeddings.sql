{#
  Fails when more vectors have no product than both allow: max_orphans, and max_percent of all products. Those that a worker
  has marked count when their grace (settings.vanished_grace) is over, or when so many are gone at once that they are held.
  Compares every product with its vector (compute_status()), whatever it is put on: the model that the
  products come from, or the source embedding_status. A build with --empty takes every product away, and is
  no reason to fail.
#}
{% test no_orphan_embeddings(model, max_orphans=0, max_percent=0) %}
{% set schema = var('product_embeddings_schema', 'analytics_features') %}
select s.orphans, s.held, g.orphans as in_grace, s.products, s.notes
from {{ schema }}.compute_status() s
cross join (
    select count(*) as orphans
    from {{ schema }}.{{ var('product_embeddings_table', 'product_embeddings') }} e
    cross join {{ schema }}.settings c
    where e.vanished_at + c.vanished_grace > now()
) g
where {{ 'false' if flags.EMPTY else 'true' }}
    and s.orphans - case when s.held > 0 then 0 else g.orphans end > greatest({{ max_orphans }}, s.products * {{ max_percent }} / 100.0)
{% endtest %}
