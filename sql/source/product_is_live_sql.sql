/*
 * CDC feeds spell a soft delete as boolean, number or text. Anything but a clear yes is a live
 * product: showing one too many is a smaller harm than losing a catalogue to an odd value.
 */
create function :PGVECTOR_SCHEMA.product_is_live_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select case
        when c.type = 'boolean'::regtype then format('%I.deleted is not true', alias)
        else format(
          $sql$coalesce(pg_catalog.lower(pg_catalog.btrim(%I.deleted::pg_catalog.text)) not in ('true', 't', 'yes', 'y', '1'), true)$sql$,
          alias
        )
      end
      from :PGVECTOR_SCHEMA.source_columns c
      where c.column_name = 'deleted'
    ),
    'true'
  )
$$;

comment on function :PGVECTOR_SCHEMA.product_is_live_sql(text) is
  'SQL condition that a source row is not soft-deleted, by its column deleted; true where there is no such column.';
