create or replace function :PGVECTOR_SCHEMA.set_fields(fields jsonb, dry_run boolean default false)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A null would change nothing and say so of every product.
  return query select * from :PGVECTOR_SCHEMA.change_document(coalesce(set_fields.fields, 'null'), null, false, set_fields.dry_run);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_fields(jsonb, boolean) is
  'Changes what is in the document, and how: an object of columns with included, label, position, word_class and weight, null for the default. Queues the products whose text changed; dry_run only says what would change. Raises PE001, PE002, PE005, PE024, PE029.';
