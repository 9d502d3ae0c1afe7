{# Put on the source embedding_status: fails when more than max_stale vectors are of an earlier text. #}
{% test embeddings_fresh(model, max_stale=0) %}
select stale, products from {{ model }} where stale > {{ max_stale }}
{% endtest %}
