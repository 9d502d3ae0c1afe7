/*
 * A claim is a committed lease and never a row lock held: an open transaction that has read the
 * source would make dbt's rename wait for an encoder. One row a claim, so that a sign of life is
 * one update and a release one delete.
 */
create table if not exists :PGVECTOR_SCHEMA.product_claims (
  claim_id bigint generated always as identity primary key,
  worker text not null,
  claimed_at timestamptz not null default now(),
  lease_until timestamptz not null
);

alter table :PGVECTOR_SCHEMA.product_claims add column if not exists model_id integer not null default 0;

comment on table  :PGVECTOR_SCHEMA.product_claims is 'What workers hold at the moment.';
comment on column :PGVECTOR_SCHEMA.product_claims.claim_id is 'Named by the rows of product_queue that it holds.';
comment on column :PGVECTOR_SCHEMA.product_claims.worker is 'Who holds it.';
comment on column :PGVECTOR_SCHEMA.product_claims.model_id is 'The model that it is encoded with.';
comment on column :PGVECTOR_SCHEMA.product_claims.claimed_at is 'Since when.';
comment on column :PGVECTOR_SCHEMA.product_claims.lease_until is 'When others may take it over; moved on with every batch that is stored.';
