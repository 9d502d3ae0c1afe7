/*
 * The server cannot encode a text, so a query's vector is asked for here and made by the worker. One
 * column of any dimension, since the model may change under it: a vector counts only while it is of
 * the active model.
 */
create table if not exists :PGVECTOR_SCHEMA.query_embeddings (
  query text primary key,
  model_id integer,
  embedding :VECTOR_SCHEMA.vector,
  kept boolean not null default false,
  uses bigint not null default 0,
  used_at timestamptz not null default now(),
  attempts integer not null default 0,
  error text
);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector; null or another than the active one: the worker has yet to encode it.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once a minute at the most.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
