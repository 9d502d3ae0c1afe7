create table if not exists :PGVECTOR_SCHEMA.embedding_workers (
  worker text primary key,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.embedding_workers add column if not exists ended_at timestamptz;

comment on table  :PGVECTOR_SCHEMA.embedding_workers is 'Who encodes, and when it last gave a sign of life; gone a day after the last.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.worker is 'Host, process and start of the worker.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.started_at is 'When it was first seen.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.last_seen_at is 'When it last claimed or was on duty.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.ended_at is 'When it ended in order; null while it works, and of one that was killed.';
