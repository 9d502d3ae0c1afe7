/*
 * The words side of search in a table of our own, true without the encoder and fresh long before it
 * during a backfill. No foreign key: the source is dbt's.
 */
create table if not exists :PGVECTOR_SCHEMA.product_words (
  product_id bigint primary key,
  words tsvector not null,
  tokens integer not null,
  label text not null,
  document_hash bytea not null,
  config text not null,
  indexed_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.product_words add column if not exists recipe text not null default '';

-- Without a pending list, which every search would have to read through.
create index if not exists product_words_words_idx on :PGVECTOR_SCHEMA.product_words using gin (words) with (fastupdate = off);
create index if not exists product_words_indexed_at_idx on :PGVECTOR_SCHEMA.product_words (indexed_at);

comment on table  :PGVECTOR_SCHEMA.product_words is 'Each product''s words as they are searched; kept by the worker, see index_words().';
comment on column :PGVECTOR_SCHEMA.product_words.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_words.words is 'Stemmed words (with the class of their column: A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';
comment on column :PGVECTOR_SCHEMA.product_words.tokens is 'Number of words: the length of the document for BM25.';
comment on column :PGVECTOR_SCHEMA.product_words.label is 'Name, codes and what else fits into a hundred characters, folded: what trigrams are compared with.';
comment on column :PGVECTOR_SCHEMA.product_words.document_hash is 'sha256 of the document that the words are from; the words are current while it is that of the product''s document.';
comment on column :PGVECTOR_SCHEMA.product_words.config is 'The text search configuration they were stemmed by (settings.words_config).';
comment on column :PGVECTOR_SCHEMA.product_words.indexed_at is 'When they were taken up.';
comment on column :PGVECTOR_SCHEMA.product_words.recipe is 'The columns whose words counted otherwise than by default (see words_recipe).';
