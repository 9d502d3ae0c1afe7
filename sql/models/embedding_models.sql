create table if not exists :PGVECTOR_SCHEMA.embedding_models (
  model_id integer generated always as identity primary key,
  name text not null,
  revision text not null,
  precision text not null,
  dimension integer not null check (dimension > 0),
  pooling text not null,
  max_tokens integer not null check (max_tokens > 0),
  is_active boolean not null default false,
  registered_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.embedding_models
  add column if not exists query_prefix text not null default '',
  add column if not exists passage_prefix text not null default '',
  add column if not exists path text,
  add column if not exists is_kept boolean not null default false,
  add column if not exists activated_at timestamptz,
  add column if not exists spelled_out double precision check (spelled_out between 0 and 1),
  add column if not exists error text,
  drop constraint if exists embedding_models_name_revision_precision_pooling_max_tokens_key,
  drop constraint if exists embedding_models_identity_key,
  add constraint embedding_models_identity_key
    unique (name, revision, precision, pooling, max_tokens, query_prefix, passage_prefix);

create unique index if not exists embedding_models_active_idx on :PGVECTOR_SCHEMA.embedding_models (is_active) where is_active;

comment on table  :PGVECTOR_SCHEMA.embedding_models is 'The models that vectors came from, each with all that makes its vectors comparable; a worker registers what it loaded.';
comment on column :PGVECTOR_SCHEMA.embedding_models.model_id is 'Named by each vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.name is 'Model id as on the hub (EMBEDDING_MODEL).';
comment on column :PGVECTOR_SCHEMA.embedding_models.revision is 'Start of the sha256 of the model''s ONNX file: other weights are another model.';
comment on column :PGVECTOR_SCHEMA.embedding_models.precision is 'How the weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.embedding_models.dimension is 'Components of a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.pooling is 'How the vectors of a text''s tokens become one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.max_tokens is 'Tokens that are read of a text; the rest is cut off.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_active is 'True for the one that is searched.';
comment on column :PGVECTOR_SCHEMA.embedding_models.registered_at is 'When a worker first came with it.';
comment on column :PGVECTOR_SCHEMA.embedding_models.query_prefix is 'What the model wants in front of a query, such as "query: " of the e5 models.';
comment on column :PGVECTOR_SCHEMA.embedding_models.passage_prefix is 'What it wants in front of a document.';
comment on column :PGVECTOR_SCHEMA.embedding_models.path is 'The folder that it was last loaded from, if it was one that the settings or prepare_model() named; null where its name is enough.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_kept is 'Whether it is not the active one and its vectors are kept true all the same, in a table of its own (see embeddings_table): one that is prepared, or the former one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.activated_at is 'When it last became the active one; null for one that never was.';
comment on column :PGVECTOR_SCHEMA.embedding_models.spelled_out is 'Of the letters of a sample of documents, the share that its tokenizer spells out one by one or does not know: from a half on it is the wrong model for this language.';
comment on column :PGVECTOR_SCHEMA.embedding_models.error is 'Why no worker could load it when it was last tried; null when one did.';
