create or replace view :PGVECTOR_SCHEMA.model_status as
  select * from :PGVECTOR_SCHEMA.compute_model_status();

comment on view   :PGVECTOR_SCHEMA.model_status is 'The models whose vectors are kept, the active one first: how far each is, and what is odd about it.';
comment on column :PGVECTOR_SCHEMA.model_status.model_id is 'Its number; null until a worker has loaded it.';
comment on column :PGVECTOR_SCHEMA.model_status.name is 'Its name as on the hub, or the folder that was asked for.';
comment on column :PGVECTOR_SCHEMA.model_status.state is 'active; requested (no worker has loaded it yet), failed (see error; it is tried again every minute), preparing, indexing, ready (to be activated); former (kept true until it is dropped).';
comment on column :PGVECTOR_SCHEMA.model_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.model_status.revision is 'Start of the sha256 of its ONNX file.';
comment on column :PGVECTOR_SCHEMA.model_status.precision is 'How its weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.model_status.max_tokens is 'Tokens that it reads of a text.';
comment on column :PGVECTOR_SCHEMA.model_status.products is 'Live products, as embedding_status has them.';
comment on column :PGVECTOR_SCHEMA.model_status.embedded is 'Products that have a vector of it, as of now or of an earlier text.';
comment on column :PGVECTOR_SCHEMA.model_status.coverage is 'embedded in percent of products, cut off and not rounded.';
comment on column :PGVECTOR_SCHEMA.model_status.queued is 'Products that wait for it.';
comment on column :PGVECTOR_SCHEMA.model_status.failed is 'Products that could not be encoded with it and were set aside (see product_failures).';
comment on column :PGVECTOR_SCHEMA.model_status.throughput is 'While products wait: how many are encoded with it a second, over the last five minutes.';
comment on column :PGVECTOR_SCHEMA.model_status.time_to_go is 'queued at that throughput; null while nothing is encoded.';
comment on column :PGVECTOR_SCHEMA.model_status.has_index is 'Whether its vectors have an index for search.';
comment on column :PGVECTOR_SCHEMA.model_status.long_documents is 'Documents that have more tokens than it reads.';
comment on column :PGVECTOR_SCHEMA.model_status.longest_document is 'Tokens of the longest of these; null without one.';
comment on column :PGVECTOR_SCHEMA.model_status.spelled_out is 'Share of the letters of the documents that its tokenizer spells out one by one: from a half on it is the wrong model for this language.';
comment on column :PGVECTOR_SCHEMA.model_status.activated_at is 'When it was activated; null for the first model and for one that never was.';
comment on column :PGVECTOR_SCHEMA.model_status.error is 'Why no worker could load it.';
