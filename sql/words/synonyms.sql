/*
 * Applied to the query and not to the products, so that a row counts from the next search on.
 */
create table if not exists :PGVECTOR_SCHEMA.synonyms (
  phrase text not null check (phrase ~ '[[:alnum:]]'),
  same_as text not null check (same_as ~ '[[:alnum:]]'),
  phrase_key text not null,
  same_as_key text not null,
  primary key (phrase, same_as)
);

create index if not exists synonyms_phrase_key_idx on :PGVECTOR_SCHEMA.synonyms (phrase_key);
create index if not exists synonyms_same_as_key_idx on :PGVECTOR_SCHEMA.synonyms (same_as_key);

create or replace trigger _100_key
  before insert or update on :PGVECTOR_SCHEMA.synonyms
  for each row
  execute procedure :PGVECTOR_SCHEMA.tg__synonym_key();

comment on table  :PGVECTOR_SCHEMA.synonyms is 'Words that mean the same, for data teams to fill: insert into synonyms (phrase, same_as) values (''дворники'', ''щётка стеклоочистителя''). Works both ways, at once.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase is 'One word or up to eight, in any inflection.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as is 'What is searched for as well; one word or a few.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase_key is 'The phrase stemmed; filled by the trigger.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as_key is 'The other phrase stemmed; filled by the trigger.';
