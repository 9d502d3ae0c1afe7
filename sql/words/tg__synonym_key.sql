/*
 * Security definer: who may write synonyms need know nothing of how words are stemmed.
 */
create or replace function :PGVECTOR_SCHEMA.tg__synonym_key() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.phrase_key := coalesce(:PGVECTOR_SCHEMA.phrase_key(new.phrase), '');
  new.same_as_key := coalesce(:PGVECTOR_SCHEMA.phrase_key(new.same_as), '');
  return new;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__synonym_key() from public;

comment on function :PGVECTOR_SCHEMA.tg__synonym_key() is
  'Stems both sides of a synonym; after a change of settings.words_config: update synonyms set phrase = phrase.';
