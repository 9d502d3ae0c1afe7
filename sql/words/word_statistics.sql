/*
 * How rare a word is moves slowly, so it is counted now and then and not at every change, which would
 * make all writers queue for the row of the commonest word. Also where a mistyped word is looked for.
 */
create table if not exists :PGVECTOR_SCHEMA.word_statistics (
  word text collate "C" primary key,
  products bigint not null,
  sound text collate "C" generated always as (case when word !~ '[#0-9]' then :PGVECTOR_SCHEMA.sound_of(word) end) stored,
  deletions text[] generated always as (case when word !~ '[#0-9]' then :PGVECTOR_SCHEMA.deletions_of(:PGVECTOR_SCHEMA.sound_of(word)) end) stored
);

create index if not exists word_statistics_sound_idx on :PGVECTOR_SCHEMA.word_statistics (sound);
create index if not exists word_statistics_deletions_idx on :PGVECTOR_SCHEMA.word_statistics using gin (deletions) with (fastupdate = off);
create index if not exists word_statistics_trigram_idx on :PGVECTOR_SCHEMA.word_statistics using gin (sound :TRGM_SCHEMA.gin_trgm_ops) with (fastupdate = off);

comment on table  :PGVECTOR_SCHEMA.word_statistics is 'The words of all products and how many products have each; counted by refresh_word_statistics().';
comment on column :PGVECTOR_SCHEMA.word_statistics.word is 'A stemmed word, or a term of a code with a leading #; of those with a digit only what several products have (see products_with).';
comment on column :PGVECTOR_SCHEMA.word_statistics.products is 'Number of products that have it: the document frequency for BM25.';
comment on column :PGVECTOR_SCHEMA.word_statistics.sound is 'How it sounds (see sound_of); null for numbers and codes.';
comment on column :PGVECTOR_SCHEMA.word_statistics.deletions is 'For typing errors (see deletions_of); null for numbers and codes.';
