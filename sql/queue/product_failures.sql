create table if not exists :PGVECTOR_SCHEMA.product_failures (
  product_id bigint not null,
  document_hash bytea,
  attempts integer not null,
  error text not null,
  failed_at timestamptz not null default now(),
  set_aside boolean not null
);

alter table :PGVECTOR_SCHEMA.product_failures
  add column if not exists model_id integer not null default 0,
  alter column model_id set default coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
  drop constraint if exists product_failures_pkey,
  drop constraint if exists product_failures_key,
  add constraint product_failures_key primary key (product_id, model_id);

comment on table  :PGVECTOR_SCHEMA.product_failures is 'Products that could not be encoded; retry_failed() tries them again, and so does a change of the product.';
comment on column :PGVECTOR_SCHEMA.product_failures.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_failures.model_id is 'The model it was to be encoded with.';
comment on column :PGVECTOR_SCHEMA.product_failures.document_hash is 'sha256 of the document that failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.attempts is 'Attempts at this document so far.';
comment on column :PGVECTOR_SCHEMA.product_failures.error is 'What the last attempt said; never product text.';
comment on column :PGVECTOR_SCHEMA.product_failures.failed_at is 'When the last attempt failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.set_aside is 'True once settings.max_attempts was reached: it is not tried again by itself.';
