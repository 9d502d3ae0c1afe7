/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values. No column is a regconfig or another
 * number of the catalogs that pg_upgrade gives anew: it refuses the whole server then.
 */
create table if not exists :PGVECTOR_SCHEMA.settings (
  singleton boolean primary key default true check (singleton),
  source_schema text not null default 'staging_staging',
  source_table text not null default 'stg_product',
  lease interval not null default '2 minutes' check (lease > '0'),
  max_attempts integer not null default 5 check (max_attempts > 0),
  retry_after interval not null default '5 seconds' check (retry_after > '0'),
  vanished_grace interval not null default '7 days' check (vanished_grace >= '0'),
  max_document_characters integer not null default 32768 check (max_document_characters > 0)
);

alter table :PGVECTOR_SCHEMA.settings
  add column if not exists vanished_hold_share numeric not null default 0.3 check (vanished_hold_share between 0 and 1),
  add column if not exists words_config text not null default 'russian' check (:PGVECTOR_SCHEMA.stems_words(words_config)),
  add column if not exists word_weight double precision not null default 0.7 check (word_weight > 0),
  add column if not exists trigram_weight double precision not null default 0.15 check (trigram_weight >= 0),
  add column if not exists vector_weight double precision not null default 0.25 check (vector_weight between 0 and 1),
  add column if not exists query_cache_size integer not null default 10000 check (query_cache_size >= 0),
  add column if not exists hnsw_ef_search integer not null default 200 check (hnsw_ef_search between 1 and 1000),
  add column if not exists ivfflat_probes integer not null default 20 check (ivfflat_probes between 1 and 32768),
  add column if not exists windows boolean not null default false,
  add column if not exists index_from_products integer default 20000 check (index_from_products >= 0),
  add column if not exists map_products integer not null default 2000 check (map_products >= 0),
  add column if not exists map_column text default 'category_id',
  add column if not exists interactions_schema text,
  add column if not exists interactions_table text,
  add column if not exists interactions_group text,
  add column if not exists interactions_product text,
  add column if not exists max_group_products integer not null default 50 check (max_group_products between 2 and 1000),
  add column if not exists min_together integer not null default 3 check (min_together > 0),
  add column if not exists pair_weight double precision not null default 0.6 check (pair_weight between 0 and 1),
  add column if not exists document_hook text,
  add column if not exists max_hook_ms double precision not null default 5 check (max_hook_ms > 0),
  alter column vector_weight set default 0.25,
  drop column if exists prose_vector_weight;

insert into :PGVECTOR_SCHEMA.settings default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.settings is 'What an operator may change, in one row: update it in place.';
comment on column :PGVECTOR_SCHEMA.settings.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.settings.source_schema is 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';
comment on column :PGVECTOR_SCHEMA.settings.source_table is 'Name of that relation (STAGING_DB_TABLE).';
comment on column :PGVECTOR_SCHEMA.settings.lease is 'How long a worker keeps what it claimed without a sign of life; then another may take it.';
comment on column :PGVECTOR_SCHEMA.settings.max_attempts is 'After so many attempts a product is set aside in product_failures.';
comment on column :PGVECTOR_SCHEMA.settings.retry_after is 'Wait before the second attempt; doubled for each further one.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_grace is 'How long the vector of a vanished product is kept; search does not show it meanwhile.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_hold_share is 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';
comment on column :PGVECTOR_SCHEMA.settings.max_document_characters is 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';
comment on column :PGVECTOR_SCHEMA.settings.words_config is 'Text search configuration that products and queries are stemmed by; russian stems English words too. After a change: select reconcile(); and update synonyms set phrase = phrase;';
comment on column :PGVECTOR_SCHEMA.settings.word_weight is 'How much words (BM25) count in search_products_text(), against trigram_weight; together they have what the vectors leave.';
comment on column :PGVECTOR_SCHEMA.settings.trigram_weight is 'How much the trigrams of name and codes count there.';
comment on column :PGVECTOR_SCHEMA.settings.vector_weight is 'How much the vectors count there, of 1, for a query whose words the products have: more, the fewer of its words they have, and up to half less for a model that spells their language out letter by letter.';
comment on column :PGVECTOR_SCHEMA.settings.query_cache_size is 'Queries whose vectors are kept in query_embeddings; golden queries come on top.';
comment on column :PGVECTOR_SCHEMA.settings.hnsw_ef_search is 'How many candidates an HNSW index keeps while a search goes through it: more find more of the nearest and take longer.';
comment on column :PGVECTOR_SCHEMA.settings.ivfflat_probes is 'How many lists of an IVFFlat index a search looks into at first: likewise.';
comment on column :PGVECTOR_SCHEMA.settings.windows is 'Whether a document that is longer than the model reads is read in windows, whose vectors are averaged; see set_windows().';
comment on column :PGVECTOR_SCHEMA.settings.index_from_products is 'From so many vectors on the worker builds an index if there is none; null is never.';
comment on column :PGVECTOR_SCHEMA.settings.map_products is 'How many products the map of the catalogue has at the most; 0 is no map.';
comment on column :PGVECTOR_SCHEMA.settings.map_column is 'The column of the source that the map is coloured by; whoever may search sees it there.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_schema is 'Schema of the relation that says which products were bought or looked at together; null without one (set_interactions).';
comment on column :PGVECTOR_SCHEMA.settings.interactions_table is 'Name of that relation.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_group is 'Its column of what makes products belong together: an order, a session.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_product is 'Its column of the product''s number.';
comment on column :PGVECTOR_SCHEMA.settings.max_group_products is 'So many products of an order or session make pairs at the most; of a larger one a sample does.';
comment on column :PGVECTOR_SCHEMA.settings.min_together is 'In so many orders or sessions two products have to be together before they make a pair.';
comment on column :PGVECTOR_SCHEMA.settings.pair_weight is 'What being together counts in recommended_products(), 0 to 1; the rest is similarity.';
comment on column :PGVECTOR_SCHEMA.settings.document_hook is 'Function that is given a product and returns more fields for its document; null without one (set_document_hook).';
comment on column :PGVECTOR_SCHEMA.settings.max_hook_ms is 'Milliseconds a product that such a function may take, measured when it is set.';
