create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select :PGVECTOR_SCHEMA.drop_vanished(only_if_due => false)
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE003, PE005.';
