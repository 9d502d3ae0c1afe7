create view :PGVECTOR_SCHEMA.embedding_status as
  select * from :PGVECTOR_SCHEMA.compute_status();

comment on view :PGVECTOR_SCHEMA.embedding_status is 'How things stand, in one row, computed from products and vectors at each look.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source is 'Where the products are read from.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source_exists is 'Whether that relation is there now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.products is 'Live products in the source; null while it does not exist.';
comment on column :PGVECTOR_SCHEMA.embedding_status.embedded is 'Live products that have a vector, current or stale: what search can find.';
comment on column :PGVECTOR_SCHEMA.embedding_status.coverage is 'embedded in percent of products; null when there is none.';
comment on column :PGVECTOR_SCHEMA.embedding_status.missing is 'Live products without a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_status.stale is 'Live products whose vector is of an earlier text or another model; it serves until the new one lands.';
comment on column :PGVECTOR_SCHEMA.embedding_status.orphans is 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';
comment on column :PGVECTOR_SCHEMA.embedding_status.held is 'Orphans that are not deleted although their grace may be over, because too many vanished at once: release_vanished() lets them go, keep_vanished() starts the grace over.';
comment on column :PGVECTOR_SCHEMA.embedding_status.queued is 'Products in product_queue, claimed ones among them; not each of them needs encoding.';
comment on column :PGVECTOR_SCHEMA.embedding_status.claimed is 'Products that a worker holds now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.failed is 'Products set aside after settings.max_attempts (see product_failures).';
comment on column :PGVECTOR_SCHEMA.embedding_status.oldest_wait is 'Age of the oldest change that is not done; null when none waits.';
comment on column :PGVECTOR_SCHEMA.embedding_status.triggers_attached is 'Whether all four triggers are on the source and enabled (see source_triggers).';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker; one that runs gives it every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
