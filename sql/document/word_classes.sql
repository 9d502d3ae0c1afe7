create or replace function :PGVECTOR_SCHEMA.word_classes() returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select array_prepend(
      coalesce(min(c.word_class) filter (where c.column_name = 'name'), 'A'),
      array_agg(c.word_class order by c.position) filter (
        where c.in_document and c.column_name <> 'name'
          and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
      )
    )
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.word_classes() is
  'What the words of a product count: the class of its name, then those of the texts of document_texts_sql().';
