create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.drop_vanished(only_if_due => true)
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE003, PE005.';
