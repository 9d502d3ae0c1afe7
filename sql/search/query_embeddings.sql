/*
 * The server cannot encode a text, so a query's vector is asked for here and made by the worker. One row
 * a query and model, the column of any dimension: the vectors of a model that is prepared are here before
 * it is activated, so that no search has to do without.
 */
create table if not exists :PGVECTOR_SCHEMA.query_embeddings (
  query text not null,
  model_id integer not null,
  embedding :VECTOR_SCHEMA.vector,
  kept boolean not null default false,
  uses bigint not null default 0,
  used_at timestamptz not null default now(),
  attempts integer not null default 0,
  error text
);

delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id is null;
alter table :PGVECTOR_SCHEMA.query_embeddings
  drop constraint if exists query_embeddings_pkey,
  drop constraint if exists query_embeddings_key,
  alter column model_id set not null,
  add constraint query_embeddings_key primary key (query, model_id),
  add column if not exists spelled_out double precision check (spelled_out between 0 and 1);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.spelled_out is 'Share of its letters that the model''s tokenizer spells out one by one, 0 to 1: a language that the model does not read; null without letters, or where nobody said.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once an hour at the most (once a minute while there is no vector).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
