/*
 * The words depend on more than the text: another class is another tsvector of the same document, which
 * is not to be encoded for that. By default it is empty, as it is of rows from before there were classes.
 */
create or replace function :PGVECTOR_SCHEMA.words_recipe() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(string_agg(format('%s %s', c.column_name, c.word_class), ', ' order by c.column_name), '')
    from :PGVECTOR_SCHEMA.source_columns c
    where c.word_class <> case when c.column_name = 'name' then 'A' else 'D' end
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.words_recipe() is 'The columns whose words count otherwise than by default; words are current only by the recipe they were made by.';
