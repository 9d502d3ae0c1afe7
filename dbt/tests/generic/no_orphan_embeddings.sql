{# Put on the source embedding_status: fails when more than max_orphans vectors have no product. #}
{% test no_orphan_embeddings(model, max_orphans=0) %}
select orphans from {{ model }} where orphans > {{ max_orphans }}
{% endtest %}
