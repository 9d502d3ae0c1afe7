{# Put on the source embedding_status: fails when the source lacks a trigger or one is disabled. #}
{% test embedding_triggers_attached(model) %}
select source from {{ model }} where not triggers_attached
{% endtest %}
