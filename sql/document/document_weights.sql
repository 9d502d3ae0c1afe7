create or replace function :PGVECTOR_SCHEMA.document_weights() returns double precision[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(w.weight order by w.weight desc), '{1}')
    from (
      select c.weight from :PGVECTOR_SCHEMA.source_columns c where c.in_document
      union
      -- What a hook adds has no weight of its own.
      select 1 from :PGVECTOR_SCHEMA.settings s where s.document_hook is not null
    ) w
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_weights() is
  'The weights that fields of the document have, the heaviest first: a group of fields that are encoded together each.';
