/*
 * Stable, so that a claim reads documents and queue in one snapshot; who calls it has the lock of
 * lock_source(). The settings pin what would make one value two texts in two sessions.
 */
create or replace function :PGVECTOR_SCHEMA.product_documents(product_ids bigint[] default null)
returns table (product_id bigint, document text, document_hash bytea, texts text[], weights double precision[], error text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
begin
  return query execute format(
    'select d.product_id, d.document, d.document_hash, d.texts, d.weights, d.error from (%s) d %s',
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is not null then 'where d.product_id = any ($1)' else '' end
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.product_documents(bigint[]) is
  'The documents of these products, of all live ones when null, with the hash of each (the sha256 of a text that is encoded as one), the texts that are encoded apart, and what each counts. Where a hook failed, error says why and the others are null. Raises PE001, PE002, PE029.';
