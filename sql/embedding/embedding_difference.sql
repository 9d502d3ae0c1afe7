/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create or replace function :PGVECTOR_SCHEMA.embedding_difference()
returns table (product_id bigint, state text, document_hash bytea, has_words boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  return query execute format(
    $sql$
      select
        coalesce(d.product_id, e.product_id),
        case
          when e.product_id is null then 'missing'
          when d.product_id is null then 'orphan'
          when e.model_id is distinct from $1 or e.document_hash is distinct from d.document_hash then 'stale'
          else 'current'
        end,
        d.document_hash,
        w.document_hash is not distinct from d.document_hash and w.config = $2
      from (%s) d
      full join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_words w on w.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query()
  ) using :PGVECTOR_SCHEMA.active_model_id(), (select s.words_config from :PGVECTOR_SCHEMA.settings s);
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference() is
  'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005.';
