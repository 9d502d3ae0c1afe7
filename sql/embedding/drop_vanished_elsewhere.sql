/*
 * How long a vanished product is kept, and whether so many may go, is decided once, for the table that is
 * searched; the other models' vectors follow it.
 */
create or replace function :PGVECTOR_SCHEMA.drop_vanished_elsewhere() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  for v_table in
    select :PGVECTOR_SCHEMA.embeddings_table(m.model_id) from :PGVECTOR_SCHEMA.embedding_models m where m.is_kept
  loop
    execute format(
      $sql$
        delete from :PGVECTOR_SCHEMA.%I e
        where e.vanished_at is not null
          and not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE a where a.product_id = e.product_id)
      $sql$,
      v_table
    );
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_vanished_elsewhere() is
  'Deletes vectors of vanished products that the active model has none of any more, from the tables of the other models.';
