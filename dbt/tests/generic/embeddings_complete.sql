{# Put on the source embedding_status: fails when more than max_missing products have no vector. #}
{% test embeddings_complete(model, max_missing=0) %}
select missing, products from {{ model }} where missing > {{ max_missing }}
{% endtest %}
