/*
 * Where the fields of a product are encoded in groups, a changed price would encode the description again:
 * so the vector of each group's text is kept. By the text and not by the product, since groups are alike in
 * many. Nothing is here while there is one group.
 */
create table if not exists :PGVECTOR_SCHEMA.text_embeddings (
  model_id integer not null,
  text_hash bytea not null,
  embedding :VECTOR_SCHEMA.vector not null,
  tokens integer not null,
  primary key (model_id, text_hash)
);

comment on table  :PGVECTOR_SCHEMA.text_embeddings is 'Vectors of the texts of groups of fields, so that none is encoded twice; what no product has any more goes in the full pass.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.text_hash is 'sha256 of the text as it was encoded.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.embedding is 'Its vector, of unit length.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.tokens is 'Its tokens, before anything is cut off.';
