create or replace view :PGVECTOR_SCHEMA.queued_products as
  select q.product_id, q.model_id, q.queued_at, q.claim_id, q.document_hash
  from :PGVECTOR_SCHEMA.product_queue q
  union all
  select i.product_id, k.model_id, c.queued_at, null, null
  from :PGVECTOR_SCHEMA.product_changes c
  join :PGVECTOR_SCHEMA.kept_models k on k.model_id = coalesce(c.model_id, k.model_id)
  cross join lateral pg_catalog.unnest(c.product_ids) i (product_id);

comment on view   :PGVECTOR_SCHEMA.queued_products is 'All that waits, taken up by a worker yet (product_queue) or not (product_changes): a row a change, product and model.';
comment on column :PGVECTOR_SCHEMA.queued_products.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.queued_products.model_id is 'The model whose vector of it is to be looked at.';
comment on column :PGVECTOR_SCHEMA.queued_products.queued_at is 'Since when it waits.';
comment on column :PGVECTOR_SCHEMA.queued_products.claim_id is 'The claim that holds it (see product_claims).';
comment on column :PGVECTOR_SCHEMA.queued_products.document_hash is 'sha256 of the document that the claim handed out.';
