{#
  A decimal or money column as Debezium sends it with decimal.handling.mode=precise (the default): the
  unscaled integer, big-endian two's complement, in base64. The scale is the column's and not in the
  message: decimal(12, 2) has scale 2, money 4. Sixteen bytes, the halves below, hold every decimal
  that SQL Server has.
#}
{% macro debezium_decimal(value, scale) -%}
(
    select
        (
            h.high::numeric * 18446744073709551616
            + h.low::numeric
            + case when h.low < 0 then 18446744073709551616 else 0 end
        ) * 1e-{{ scale }}
    from (select decode({{ value }}, 'base64') as bytes) b
    cross join lateral (
        select lpad(encode(b.bytes, 'hex'), 32, case when get_byte(b.bytes, 0) > 127 then 'f' else '0' end) as hex
    ) x
    cross join lateral (
        select ('x' || left(x.hex, 16))::bit(64)::bigint as high, ('x' || right(x.hex, 16))::bit(64)::bigint as low
    ) h
)
{%- endmacro %}
