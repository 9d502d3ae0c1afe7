create table if not exists :PGVECTOR_SCHEMA.product_failures (
  product_id bigint primary key,
  document_hash bytea,
  attempts integer not null,
  error text not null,
  failed_at timestamptz not null default now(),
  set_aside boolean not null
);

comment on table  :PGVECTOR_SCHEMA.product_failures is 'Products that could not be encoded; retry_failed() tries them again, and so does a change of the product.';
comment on column :PGVECTOR_SCHEMA.product_failures.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_failures.document_hash is 'sha256 of the document that failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.attempts is 'Attempts at this document so far.';
comment on column :PGVECTOR_SCHEMA.product_failures.error is 'What the last attempt said; never product text.';
comment on column :PGVECTOR_SCHEMA.product_failures.failed_at is 'When the last attempt failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.set_aside is 'True once settings.max_attempts was reached: it is not tried again by itself.';
