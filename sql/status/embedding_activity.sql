/*
 * One row a worker and minute, so that no two workers wait for each other: what the throughput and
 * the time to go are computed from, and what a night's run did.
 */
create table if not exists :PGVECTOR_SCHEMA.embedding_activity (
  minute timestamptz not null,
  worker text not null,
  stored bigint not null default 0,
  failed bigint not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  primary key (minute, worker)
);

alter table :PGVECTOR_SCHEMA.embedding_activity
  add column if not exists model_id integer not null default 0,
  drop constraint if exists embedding_activity_pkey,
  add constraint embedding_activity_pkey primary key (minute, worker, model_id);

comment on table  :PGVECTOR_SCHEMA.embedding_activity is 'What each worker did in each minute of the last week.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.minute is 'Start of the minute.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.worker is 'Who.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.model_id is 'With which model; 0 before models were told apart.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.stored is 'Vectors stored: how many products were encoded.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.failed is 'Attempts that failed.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.started_at is 'When the first of them was claimed, or the minute began if that was earlier.';
