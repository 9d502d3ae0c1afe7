create table if not exists :PGVECTOR_SCHEMA.embedding_models (
  model_id integer generated always as identity primary key,
  name text not null,
  revision text not null,
  precision text not null,
  dimension integer not null check (dimension > 0),
  pooling text not null,
  max_tokens integer not null check (max_tokens > 0),
  is_active boolean not null default false,
  registered_at timestamptz not null default now(),
  unique (name, revision, precision, pooling, max_tokens)
);

create unique index if not exists embedding_models_active_idx on :PGVECTOR_SCHEMA.embedding_models (is_active) where is_active;

comment on table  :PGVECTOR_SCHEMA.embedding_models is 'The models that vectors came from; a worker registers the one it loaded.';
comment on column :PGVECTOR_SCHEMA.embedding_models.model_id is 'Named by each vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.name is 'Model id as on the hub (EMBEDDING_MODEL).';
comment on column :PGVECTOR_SCHEMA.embedding_models.revision is 'Start of the sha256 of the model''s ONNX file: other weights are another model.';
comment on column :PGVECTOR_SCHEMA.embedding_models.precision is 'How the weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.embedding_models.dimension is 'Components of a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.pooling is 'How the vectors of a text''s tokens become one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.max_tokens is 'Tokens that are read of a text; the rest is cut off.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_active is 'True for the one whose vectors are current.';
comment on column :PGVECTOR_SCHEMA.embedding_models.registered_at is 'When a worker first came with it.';
