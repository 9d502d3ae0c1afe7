/*
 * Only the documents that are longer than a model reads have another vector then: these lose their hash and
 * are encoded again, and all others are left alone. The old vectors serve until then.
 */
create or replace function :PGVECTOR_SCHEMA.set_windows(windows boolean) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model record;
  v_rows bigint;
  v_all bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  perform :PGVECTOR_SCHEMA.require_embeddings();
  update :PGVECTOR_SCHEMA.settings s set windows = set_windows.windows where s.windows <> set_windows.windows;
  if not found then
    return 0;
  end if;
  delete from :PGVECTOR_SCHEMA.text_embeddings t
  using :PGVECTOR_SCHEMA.embedding_models m
  where m.model_id = t.model_id and t.tokens > m.max_tokens;
  for v_model in
    select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_active or m.is_kept
  loop
    execute format(
      $sql$
        with changed as (
          update :PGVECTOR_SCHEMA.%I e set document_hash = null where e.tokens is not null returning e.product_id
        ),
        queued as (%s)
        select count(*) from changed
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id),
      :PGVECTOR_SCHEMA.queue_changes_sql('select c.product_id from changed c', '$1')
    ) into v_rows using v_model.model_id;
    v_all := v_all + v_rows;
  end loop;
  if v_all > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return v_all;
end
$$;

comment on function :PGVECTOR_SCHEMA.set_windows(boolean) is
  'Has documents that are longer than the model reads read in windows, whose vectors are averaged, or cut off again; returns how many products were queued to be encoded anew. Raises PE003.';
