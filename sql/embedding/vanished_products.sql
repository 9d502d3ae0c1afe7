/*
 * A source that is suddenly half empty is a bad load far more often than a clear-out. The share is of
 * all that are marked and not only of those that are due: marks are set over minutes, and taken
 * minute by minute each lot would look small. A function and not a view, which would forbid to drop
 * the table.
 */
create or replace function :PGVECTOR_SCHEMA.vanished_products()
returns table (product_id bigint, vanished_at timestamptz, due_at timestamptz, held boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  return query
    select
      e.product_id,
      e.vanished_at,
      e.vanished_at + s.vanished_grace,
      count(*) over () > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE)
    from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
    cross join :PGVECTOR_SCHEMA.settings s
    where e.vanished_at is not null;
end
$$;

comment on function :PGVECTOR_SCHEMA.vanished_products() is
  'Vectors whose product is gone from the source: since when, when the vector may go, and whether it is held because more than settings.vanished_hold_share of all vectors are marked. Raises PE003.';
