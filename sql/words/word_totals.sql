create table if not exists :PGVECTOR_SCHEMA.word_totals (
  singleton boolean primary key default true check (singleton),
  products bigint not null default 0,
  average_tokens double precision not null default 1,
  refreshed_at timestamptz not null default '-infinity'
);

insert into :PGVECTOR_SCHEMA.word_totals default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.word_totals is 'The size of the catalogue as BM25 needs it, in one row; see refresh_word_statistics().';
comment on column :PGVECTOR_SCHEMA.word_totals.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.word_totals.products is 'Products counted last.';
comment on column :PGVECTOR_SCHEMA.word_totals.average_tokens is 'Words a product on average.';
comment on column :PGVECTOR_SCHEMA.word_totals.refreshed_at is 'When it was counted last; -infinity before the first time.';
