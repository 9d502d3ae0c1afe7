create or replace function :PGVECTOR_SCHEMA.copy_notes() returns table (note text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  if not found then
    return;
  end if;
  if v_connection.error is not null then
    return query select format(
      'The products cannot be copied from the other database since %s: %s. Search goes on with the copy of %s. select * from :PGVECTOR_SCHEMA.source_copy_status;',
      date_trunc('second', v_connection.failing_since), v_connection.error, date_trunc('second', v_connection.copied_at)
    );
  elsif greatest(v_connection.copied_at, v_connection.next_at) < clock_timestamp() - 5 * v_connection.refresh_every then
    return query select format('The copy of the products is of %s; the worker refreshes it: npm run worker', date_trunc('second', v_connection.copied_at));
  end if;
  if v_connection.held > 0 then
    return query select format(
      '%s of %s products are gone in the other database, which is more than a clear-out looks like: they stay in the copy. Mend it there, or let them go: select :PGVECTOR_SCHEMA.release_copy();',
      v_connection.held, v_connection.rows
    );
  end if;
  if v_connection.unusable_ids > 0 then
    return query select format('%s rows in the other database have no usable product_id and are not copied.', v_connection.unusable_ids);
  end if;
  if v_connection.duplicate_ids > 0 then
    return query select format('%s product_ids stand in several rows in the other database; the newest row is copied.', v_connection.duplicate_ids);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_notes() is 'What is out of the ordinary about the copy of another database''s products, a sentence each; part of embedding_status.notes.';
