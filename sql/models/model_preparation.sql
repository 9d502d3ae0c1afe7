/*
 * A model that was asked for and that no worker has loaded yet has no number, dimension or revision: it is
 * a name. One at a time, since it costs encoding all products and one is enough to change to.
 */
create table if not exists :PGVECTOR_SCHEMA.model_preparation (
  singleton boolean primary key default true check (singleton),
  model text not null,
  requested_at timestamptz not null default now(),
  model_id integer,
  attempts integer not null default 0,
  error text
);

comment on table  :PGVECTOR_SCHEMA.model_preparation is 'The model that prepare_model() asked for, until it is activated or dropped; at most one row.';
comment on column :PGVECTOR_SCHEMA.model_preparation.singleton is 'Always true: there is one row at the most.';
comment on column :PGVECTOR_SCHEMA.model_preparation.model is 'Its name, or the folder with its files on the worker''s machine.';
comment on column :PGVECTOR_SCHEMA.model_preparation.requested_at is 'When it was asked for.';
comment on column :PGVECTOR_SCHEMA.model_preparation.model_id is 'Its number, once a worker has loaded it; null until then.';
comment on column :PGVECTOR_SCHEMA.model_preparation.attempts is 'How often a worker tried to load it; it tries again every minute.';
comment on column :PGVECTOR_SCHEMA.model_preparation.error is 'What the last attempt said.';
