{#
  Where a change stands in SQL Server's log, as one text that sorts as the changes happened: commit LSN,
  change LSN, number within it. LSNs are hexadecimal of fixed width. A row of a snapshot has a commit
  LSN only: the newest one when it was read, so it comes after the changes of that commit.
#}
{% macro cdc_position(source) -%}
(
    ({{ source }} ->> 'commit_lsn')
    || '/' || coalesce({{ source }} ->> 'change_lsn', 'ffffffff:ffffffff:ffff')
    || '/' || lpad(coalesce({{ source }} ->> 'event_serial_no', '0'), 10, '0')
) collate "C"
{%- endmacro %}
