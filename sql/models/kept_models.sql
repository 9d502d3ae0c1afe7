/*
 * Before the first worker came there is no model, and what changes is noted for whichever comes: the
 * model 0.
 */
create or replace view :PGVECTOR_SCHEMA.kept_models as
  select m.model_id, m.is_active
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active or m.is_kept
  union all
  select 0, true
  where not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active);

comment on view   :PGVECTOR_SCHEMA.kept_models is 'The models whose vectors are kept true: the active one, one that is prepared, and the former one until it is dropped.';
comment on column :PGVECTOR_SCHEMA.kept_models.model_id is 'The model; 0 before any was registered.';
comment on column :PGVECTOR_SCHEMA.kept_models.is_active is 'Whether it is the one that is searched.';
