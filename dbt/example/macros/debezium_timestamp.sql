{#
  A time as Debezium sends it with time.precision.mode=adaptive (the default): an integer since 1970,
  in milliseconds for datetime, smalldatetime and datetime2(0..3), microseconds for datetime2(4..6),
  nanoseconds for datetime2(7). Without a zone, as the column is. What PostgreSQL cannot hold of it,
  below a microsecond, is cut off.
#}
{% macro debezium_timestamp(value, unit) -%}
{%- set per_microsecond = {'milliseconds': '0.001', 'microseconds': '1', 'nanoseconds': '1000'}[unit] -%}
(timestamp 'epoch' + floor(({{ value }})::numeric / {{ per_microsecond }})::double precision * interval '1 microsecond')
{%- endmacro %}
