create or replace view :PGVECTOR_SCHEMA.source_columns as
  select
    (row_number() over (order by f.position nulls last, o.position nulls last, a.attnum))::smallint as position,
    a.attname::text as column_name,
    a.atttypid::regtype as type,
    coalesce(f.included, not starts_with(a.attname::text, '_')) as in_document,
    -- A soft delete, and what makes a row of a dbt snapshot the present one.
    a.attname in ('deleted', 'dbt_valid_to', 'dbt_is_deleted') as decides_life,
    coalesce(f.label, a.attname::text) as label,
    coalesce(f.word_class, case when a.attname = 'name' then 'A' else 'D' end) as word_class,
    coalesce(f.weight, 1) as weight,
    a.attname in ('dbt_valid_from', 'updated_at', 'ingested_at') as decides_order
  from pg_catalog.pg_attribute a
  left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = a.attname
  left join :PGVECTOR_SCHEMA.document_order o on o.column_name = a.attname
  where a.attrelid = :PGVECTOR_SCHEMA.source_relation()
    and a.attnum > 0
    and not a.attisdropped;

comment on view :PGVECTOR_SCHEMA.source_columns is 'The columns of the source as it is now, and which of them are in a product''s document.';
comment on column :PGVECTOR_SCHEMA.source_columns.position is 'Order in the document (see document_fields and document_order).';
comment on column :PGVECTOR_SCHEMA.source_columns.column_name is 'Name of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.type is 'Type of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.in_document is 'Whether the column is part of the document (see document_fields).';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_life is 'Whether the column says if the product is live: deleted, and dbt_valid_to and dbt_is_deleted of a snapshot.';
comment on column :PGVECTOR_SCHEMA.source_columns.label is 'What stands before its value in the document.';
comment on column :PGVECTOR_SCHEMA.source_columns.word_class is 'What its words count: A, B, C or D.';
comment on column :PGVECTOR_SCHEMA.source_columns.weight is 'What it counts in the vector; columns of one weight are encoded together.';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_order is 'Whether the column says which row counts of a product that stands in several (see newest_row_sql).';
