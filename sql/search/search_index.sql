/*
 * An index by L2 of the whole table, over the vectors as they are or as halves; the former where both
 * are, since it needs no second look.
 */
create or replace function :PGVECTOR_SCHEMA.search_index() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
-- The catalogs are small, and yet reading one through costs more than looking it up.
set enable_seqscan = off
as $$
begin
  return (
    select case o.opcname when 'vector_l2_ops' then 'vector' else format_type(a.atttypid, a.atttypmod) end
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
    join pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE')
      -- An index by distance is never unique, and looking into those that are is half of the time.
      and not i.indisunique and i.indisvalid and i.indpred is null
      -- Not of a part of the vector, which is an expression too.
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod)
    order by o.opcname desc
    limit 1
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.search_index() is
  'What search orders by: vector, or the type of half precision that an index is over; null without an index by L2, where it computes all distances.';
