/*
 * Without a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.min_max(value double precision, lowest double precision, highest double precision)
returns double precision
language sql immutable parallel safe
as $$
  select case
    when value is null or highest is null then 0
    -- Where all are alike each of them is the best, unless none has anything.
    when highest <= lowest then case when value > 0 then 1 else 0 end
    else (value - lowest) / (highest - lowest)
  end
$$;

comment on function :PGVECTOR_SCHEMA.min_max(double precision, double precision, double precision) is
  'Where a value is between the least and the greatest of the candidates, from 0 to 1; 0 for null.';
