create or replace function :PGVECTOR_SCHEMA.release_copy() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from :PGVECTOR_SCHEMA.source_connection) then
    raise exception 'The products are not in another database.'
      using errcode = 'PE153', hint = 'For vectors of vanished products: select :PGVECTOR_SCHEMA.release_vanished();';
  end if;
  perform :PGVECTOR_SCHEMA.lock_copy();
  return (select u.deleted from :PGVECTOR_SCHEMA.copy_upstream(true, true) u);
end
$$;

comment on function :PGVECTOR_SCHEMA.release_copy() is
  'Lets a mass disappearance through: deletes from the copy what is gone in the other database, however much; returns how many products. Their vectors wait for their own grace, and for release_vanished(). Raises PE152, PE153.';
