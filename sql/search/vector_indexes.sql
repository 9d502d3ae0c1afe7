/*
 * By name, so that it does not forbid to drop the table. An index that a failed concurrent build left
 * is not valid and is not searched; one that is being built is not valid either, and has a phase. Who
 * may not see other sessions' work (pg_read_all_stats) sees no phase.
 */
create or replace view :PGVECTOR_SCHEMA.vector_indexes as
  select
    c.relname::text as index_name,
    m.amname::text as method,
    regexp_replace(o.opcname::text, '_.*$', '') as type,
    case regexp_replace(o.opcname::text, '^[^_]*_(.*)_ops$', '\1') when 'l2' then 'l2' when 'cosine' then 'cosine' when 'ip' then 'inner_product' end as metric,
    c.reloptions as options,
    pg_catalog.pg_relation_size(c.oid) as bytes,
    i.indisvalid as valid,
    -- As search_index() has it, which has no time for the rest.
    i.indisvalid and i.indpred is null
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod) as serves_search,
    pg_catalog.pg_stat_get_numscans(c.oid) as scans,
    c.reltuples::bigint as rows,
    p.phase,
    round(100.0 * case when p.blocks_total > 0 then p.blocks_done::numeric / p.blocks_total when p.tuples_total > 0 then p.tuples_done::numeric / p.tuples_total end, 1) as percent
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_am m on m.oid = c.relam
  join pg_catalog.pg_opclass o on o.oid = i.indclass[0]
  join pg_catalog.pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
  join pg_catalog.pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
  left join pg_catalog.pg_stat_progress_create_index p on p.index_relid = i.indexrelid
  where i.indrelid = pg_catalog.to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and m.amname in ('hnsw', 'ivfflat');

comment on view   :PGVECTOR_SCHEMA.vector_indexes is 'The indexes over the vectors, whether search can use them, and how far a build is.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.index_name is 'Name of the index.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.method is 'hnsw or ivfflat.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.type is 'vector, or halfvec: half the size, and search computes the distances of what it finds anew.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.metric is 'What it orders by: l2 serves search in every metric.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.options is 'What it was built with, where that is not the default.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.bytes is 'Its size on disk.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.valid is 'False while it is built, and after a build that failed.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.serves_search is 'Whether search goes along it: valid, over all vectors, by l2.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.scans is 'How often it was used since statistics were reset.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.rows is 'Vectors in it when it was last counted; -1 before.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.phase is 'While it is built: what the build is at.';
comment on column :PGVECTOR_SCHEMA.vector_indexes.percent is 'While it is built: how far that phase is.';
