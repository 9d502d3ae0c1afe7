create or replace function :PGVECTOR_SCHEMA.note_fit(model_id integer, spelled_out double precision) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_models m
  set spelled_out = note_fit.spelled_out
  where m.model_id = note_fit.model_id and m.spelled_out is distinct from note_fit.spelled_out
$$;

comment on function :PGVECTOR_SCHEMA.note_fit(integer, double precision) is
  'Notes which share of the letters of sample_documents() a model''s tokenizer spells out one by one.';
