--! Previous: sha1:1a66e0d2561c87b68c56c02350de4b556e482a68
--! Hash: sha1:61fd1054103fe26b8af4178126bbccd093d1a89c
--! Message: what is embedded

/*
 * What is embedded, and with which model, is data: fields, weights and facts of a document; a change of
 * model beside the one that is searched.
 */

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- Their arguments or columns are others now.
drop function :PGVECTOR_SCHEMA.build_index(text, boolean, integer, integer, integer);
drop function :PGVECTOR_SCHEMA.claim_products(text, integer);
drop function :PGVECTOR_SCHEMA.document_sql(text);
drop function :PGVECTOR_SCHEMA.embedding_difference();
drop function :PGVECTOR_SCHEMA.evaluate_search(integer);
drop function :PGVECTOR_SCHEMA.fail_query(text, text);
drop function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb);
drop function :PGVECTOR_SCHEMA.index_memory();
drop function :PGVECTOR_SCHEMA.index_name(text, boolean);
drop function :PGVECTOR_SCHEMA.index_sql(text, boolean, integer, integer, integer, boolean);
drop function :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[]);
drop function :PGVECTOR_SCHEMA.product_documents(bigint[]);
drop function :PGVECTOR_SCHEMA.query_embedding(text);
drop function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer);
drop function :PGVECTOR_SCHEMA.require_query(:VECTOR_SCHEMA.vector, text, integer);
drop function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[]);
drop function :PGVECTOR_SCHEMA.take_queries(integer);
drop function :PGVECTOR_SCHEMA.throughput();
drop function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[]);
drop index if exists :PGVECTOR_SCHEMA.embeddings_vanished_at_idx;

-- source
--! Included source/settings.sql
/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values.
 */
create table if not exists :PGVECTOR_SCHEMA.settings (
  singleton boolean primary key default true check (singleton),
  source_schema text not null default 'staging_staging',
  source_table text not null default 'stg_product',
  lease interval not null default '2 minutes' check (lease > '0'),
  max_attempts integer not null default 5 check (max_attempts > 0),
  retry_after interval not null default '5 seconds' check (retry_after > '0'),
  vanished_grace interval not null default '7 days' check (vanished_grace >= '0'),
  max_document_characters integer not null default 32768 check (max_document_characters > 0)
);

alter table :PGVECTOR_SCHEMA.settings
  add column if not exists vanished_hold_share numeric not null default 0.3 check (vanished_hold_share between 0 and 1),
  add column if not exists words_config regconfig not null default 'pg_catalog.russian',
  add column if not exists word_weight double precision not null default 0.7 check (word_weight > 0),
  add column if not exists trigram_weight double precision not null default 0.15 check (trigram_weight >= 0),
  add column if not exists vector_weight double precision not null default 0.15 check (vector_weight between 0 and 1),
  add column if not exists prose_vector_weight double precision not null default 0.4 check (prose_vector_weight between 0 and 1),
  add column if not exists query_cache_size integer not null default 10000 check (query_cache_size >= 0),
  add column if not exists hnsw_ef_search integer not null default 200 check (hnsw_ef_search between 1 and 1000),
  add column if not exists ivfflat_probes integer not null default 20 check (ivfflat_probes between 1 and 32768),
  add column if not exists windows boolean not null default false,
  add column if not exists index_from_products integer default 20000 check (index_from_products >= 0),
  add column if not exists map_products integer not null default 2000 check (map_products >= 0),
  add column if not exists map_column text default 'category_id',
  add column if not exists interactions_schema text,
  add column if not exists interactions_table text,
  add column if not exists interactions_group text,
  add column if not exists interactions_product text,
  add column if not exists max_group_products integer not null default 50 check (max_group_products between 2 and 1000),
  add column if not exists min_together integer not null default 3 check (min_together > 0),
  add column if not exists pair_weight double precision not null default 0.6 check (pair_weight between 0 and 1),
  add column if not exists document_hook text,
  add column if not exists max_hook_ms double precision not null default 5 check (max_hook_ms > 0);

insert into :PGVECTOR_SCHEMA.settings default values on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.settings is 'What an operator may change, in one row: update it in place.';
comment on column :PGVECTOR_SCHEMA.settings.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.settings.source_schema is 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';
comment on column :PGVECTOR_SCHEMA.settings.source_table is 'Name of that relation (STAGING_DB_TABLE).';
comment on column :PGVECTOR_SCHEMA.settings.lease is 'How long a worker keeps what it claimed without a sign of life; then another may take it.';
comment on column :PGVECTOR_SCHEMA.settings.max_attempts is 'After so many attempts a product is set aside in product_failures.';
comment on column :PGVECTOR_SCHEMA.settings.retry_after is 'Wait before the second attempt; doubled for each further one.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_grace is 'How long the vector of a vanished product is kept; search does not show it meanwhile.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_hold_share is 'When more than this share of all vectors is of vanished products, none is deleted until release_vanished(); 1 switches it off.';
comment on column :PGVECTOR_SCHEMA.settings.max_document_characters is 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';
comment on column :PGVECTOR_SCHEMA.settings.words_config is 'Text search configuration that products and queries are stemmed by; russian stems English words too. After a change: select reconcile(); and update synonyms set phrase = phrase;';
comment on column :PGVECTOR_SCHEMA.settings.word_weight is 'How much words (BM25) count in search_products_text(), against trigram_weight; together they have what the vectors leave.';
comment on column :PGVECTOR_SCHEMA.settings.trigram_weight is 'How much the trigrams of name and codes count there.';
comment on column :PGVECTOR_SCHEMA.settings.vector_weight is 'How much the vectors count there, of 1, for a query of up to four words.';
comment on column :PGVECTOR_SCHEMA.settings.prose_vector_weight is 'The same for a query of twelve words and more; in between it is a share of both.';
comment on column :PGVECTOR_SCHEMA.settings.query_cache_size is 'Queries whose vectors are kept in query_embeddings; golden queries come on top.';
comment on column :PGVECTOR_SCHEMA.settings.hnsw_ef_search is 'How many candidates an HNSW index keeps while a search goes through it: more find more of the nearest and take longer.';
comment on column :PGVECTOR_SCHEMA.settings.ivfflat_probes is 'How many lists of an IVFFlat index a search looks into at first: likewise.';
comment on column :PGVECTOR_SCHEMA.settings.windows is 'Whether a document that is longer than the model reads is read in windows, whose vectors are averaged; see set_windows().';
comment on column :PGVECTOR_SCHEMA.settings.index_from_products is 'From so many vectors on the worker builds an index if there is none; null is never.';
comment on column :PGVECTOR_SCHEMA.settings.map_products is 'How many products the map of the catalogue has at the most; 0 is no map.';
comment on column :PGVECTOR_SCHEMA.settings.map_column is 'The column of the source that the map is coloured by; whoever may search sees it there.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_schema is 'Schema of the relation that says which products were bought or looked at together; null without one (set_interactions).';
comment on column :PGVECTOR_SCHEMA.settings.interactions_table is 'Name of that relation.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_group is 'Its column of what makes products belong together: an order, a session.';
comment on column :PGVECTOR_SCHEMA.settings.interactions_product is 'Its column of the product''s number.';
comment on column :PGVECTOR_SCHEMA.settings.max_group_products is 'So many products of an order or session make pairs at the most; of a larger one a sample does.';
comment on column :PGVECTOR_SCHEMA.settings.min_together is 'In so many orders or sessions two products have to be together before they make a pair.';
comment on column :PGVECTOR_SCHEMA.settings.pair_weight is 'What being together counts in recommended_products(), 0 to 1; the rest is similarity.';
comment on column :PGVECTOR_SCHEMA.settings.document_hook is 'Function that is given a product and returns more fields for its document; null without one (set_document_hook).';
comment on column :PGVECTOR_SCHEMA.settings.max_hook_ms is 'Milliseconds a product that such a function may take, measured when it is set.';
--! EndIncluded source/settings.sql
--! Included source/grant_read.sql
/*
 * Security invoker: run by who owns the relation. dbt makes a table anew and with it its grants, so this is part
 * of attaching. Grants only what is missing, and in turns: of two grants on one schema at once the second
 * fails.
 */
create or replace function :PGVECTOR_SCHEMA.grant_read(relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = relation);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, relation, 'select');
    perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), 1);
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    if not has_table_privilege(v_role, relation, 'select') then
      execute format('grant select on %s to %I', relation, v_role);
    end if;
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_read(regclass) is
  'Lets our owner and the workers read a relation, as far as they may not yet. Raises 42501 for who may not grant it.';
--! EndIncluded source/grant_read.sql
--! Included source/grant_source.sql
create or replace function :PGVECTOR_SCHEMA.grant_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.grant_read(:PGVECTOR_SCHEMA.require_source());
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_source() is
  'Lets our owner and the workers read the source, as far as they may not yet. Raises PE001, PE002, and 42501 for who may not grant it.';
--! EndIncluded source/grant_source.sql
--! Included source/whole_number_sql.sql
/*
 * Whoever made the column, what is not a whole number is no product here, rather than an error in the
 * middle of somebody's statement. plpgsql keeps the plan between a writer's statements.
 */
create or replace function :PGVECTOR_SCHEMA.whole_number_sql(expression text, type regtype) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) then format('%s::pg_catalog.int8', expression)
    else format(
      $sql$case when pg_catalog.btrim(%1$s::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$s::pg_catalog.text), '.', 1)::pg_catalog.int8 end$sql$,
      expression
    )
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.whole_number_sql(text, regtype) is
  'SQL expression for an expression of some type as bigint, null where it is not a whole number.';
--! EndIncluded source/whole_number_sql.sql
--! Included source/product_id_sql.sql
/*
 * The source's product_id is whatever dbt made of it. plpgsql keeps the plan between a writer's
 * statements.
 */
create or replace function :PGVECTOR_SCHEMA.product_id_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select :PGVECTOR_SCHEMA.whole_number_sql(format('%I.product_id', alias), c.type)
    from :PGVECTOR_SCHEMA.source_columns c
    where c.column_name = 'product_id'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_id_sql(text) is
  'SQL expression for a source row''s product_id as bigint, null where it is not a whole number; alias names the row.';
--! EndIncluded source/product_id_sql.sql
--! Included source/source_is_replicated.sql
create or replace function :PGVECTOR_SCHEMA.source_is_replicated() returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
begin
  return exists (
    select
    from pg_subscription_rel r
    where r.srrelid = v_source or r.srrelid in (select t.relid from pg_partition_tree(v_source) t)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_is_replicated() is 'Whether a subscription writes to the source, or to a partition of it.';
--! EndIncluded source/source_is_replicated.sql
--! Included document/bookkeeping_columns.sql
create or replace function :PGVECTOR_SCHEMA.bookkeeping_columns() returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array[
    'product_id', 'created_at', 'updated_at', 'ingested_at', 'deleted',
    'dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to', 'dbt_is_deleted'
  ]
$$;

comment on function :PGVECTOR_SCHEMA.bookkeeping_columns() is 'Columns that are left out of the document unless somebody puts them in.';
--! EndIncluded document/bookkeeping_columns.sql
--! Included document/document_fields.sql
/*
 * Every column is in the document unless a row here says otherwise, so that a new column is found
 * without anybody's doing. Left out are the bookkeeping columns: of the feed (ingested_at moves at
 * every load, and with it in the text every load would encode everything again), of a dbt snapshot,
 * and whatever a loader marks as its own with a leading underscore (_fivetran_synced, _dlt_load_id).
 */
create table if not exists :PGVECTOR_SCHEMA.document_fields (
  column_name text primary key,
  included boolean not null default true
);

alter table :PGVECTOR_SCHEMA.document_fields
  add column if not exists label text,
  add column if not exists position integer,
  add column if not exists word_class text check (word_class in ('A', 'B', 'C', 'D')),
  add column if not exists weight double precision check (weight between 0.001 and 1000);

-- Only into an empty table: a row that somebody deleted does not come back with an upgrade.
insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
select c.column_name, false
from unnest(:PGVECTOR_SCHEMA.bookkeeping_columns()) c (column_name)
where not exists (select from :PGVECTOR_SCHEMA.document_fields);

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore. set_fields() changes it.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
comment on column :PGVECTOR_SCHEMA.document_fields.label is 'What stands before the value; null is the column''s name, an empty one is nothing.';
comment on column :PGVECTOR_SCHEMA.document_fields.position is 'Place in the document; columns without one follow in the order of document_order.';
comment on column :PGVECTOR_SCHEMA.document_fields.word_class is 'What its words count: A as those of a name (1), B (0.7), C (0.55) or D (0.4); null is A for name and D for others.';
comment on column :PGVECTOR_SCHEMA.document_fields.weight is 'What the column counts in the vector: columns of one weight are encoded together, and the vectors are added by weight; null is 1.';
--! EndIncluded document/document_fields.sql
--! Included source/source_columns.sql
create or replace view :PGVECTOR_SCHEMA.source_columns as
  select
    (row_number() over (order by f.position nulls last, o.position nulls last, a.attnum))::smallint as position,
    a.attname::text as column_name,
    a.atttypid::regtype as type,
    coalesce(f.included, not starts_with(a.attname::text, '_')) as in_document,
    -- A soft delete, and what makes a row of a dbt snapshot the present one.
    a.attname in ('deleted', 'dbt_valid_to', 'dbt_is_deleted') as decides_life,
    coalesce(f.label, a.attname::text) as label,
    coalesce(f.word_class, case when a.attname = 'name' then 'A' else 'D' end) as word_class,
    coalesce(f.weight, 1) as weight
  from pg_catalog.pg_attribute a
  left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = a.attname
  left join :PGVECTOR_SCHEMA.document_order o on o.column_name = a.attname
  where a.attrelid = :PGVECTOR_SCHEMA.source_relation()
    and a.attnum > 0
    and not a.attisdropped;

comment on view :PGVECTOR_SCHEMA.source_columns is 'The columns of the source as it is now, and which of them are in a product''s document.';
comment on column :PGVECTOR_SCHEMA.source_columns.position is 'Order in the document (see document_fields and document_order).';
comment on column :PGVECTOR_SCHEMA.source_columns.column_name is 'Name of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.type is 'Type of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.in_document is 'Whether the column is part of the document (see document_fields).';
comment on column :PGVECTOR_SCHEMA.source_columns.decides_life is 'Whether the column says if the product is live: deleted, and dbt_valid_to and dbt_is_deleted of a snapshot.';
comment on column :PGVECTOR_SCHEMA.source_columns.label is 'What stands before its value in the document.';
comment on column :PGVECTOR_SCHEMA.source_columns.word_class is 'What its words count: A, B, C or D.';
comment on column :PGVECTOR_SCHEMA.source_columns.weight is 'What it counts in the vector; columns of one weight are encoded together.';
--! EndIncluded source/source_columns.sql

-- copy
--! Included copy/source_connection.sql
/*
 * Where the products come from when they are in another database, how often they are copied, and how
 * the last copying went. The address is the foreign server's and the login its user mapping's, which a
 * reader of this table does not see.
 */
create table if not exists :PGVECTOR_SCHEMA.source_connection (
  singleton boolean primary key default true check (singleton),
  source_schema text not null,
  source_table text not null,
  refresh_every interval not null default '1 minute' check (refresh_every > '0'),
  full_every interval not null default '1 hour' check (full_every > '0'),
  time_columns text[],
  overlap interval not null default '10 minutes' check (overlap >= '0'),
  time_limit interval not null default '10 minutes' check (time_limit > '0'),
  connected_at timestamptz not null default now(),
  copied_at timestamptz,
  full_at timestamptz,
  next_at timestamptz,
  watermark text,
  seen text[],
  rows bigint,
  held bigint not null default 0,
  unusable_ids bigint,
  duplicate_ids bigint,
  error text,
  failing_since timestamptz
);

comment on table  :PGVECTOR_SCHEMA.source_connection is 'Where products of another database come from, in one row; empty when the source is in this one. The first settings may be updated in place.';
comment on column :PGVECTOR_SCHEMA.source_connection.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.source_connection.source_schema is 'Schema of the products there.';
comment on column :PGVECTOR_SCHEMA.source_connection.source_table is 'Their table or view there.';
comment on column :PGVECTOR_SCHEMA.source_connection.refresh_every is 'How often the worker takes up changes; less often when that would take more than a tenth of the time.';
comment on column :PGVECTOR_SCHEMA.source_connection.full_every is 'How often it compares all rows, which finds deletes and what no time column tells.';
comment on column :PGVECTOR_SCHEMA.source_connection.time_columns is 'Columns of times that tell what changed; null for whichever of updated_at, ingested_at and dbt_valid_from are times. Without any, each refresh compares all rows.';
comment on column :PGVECTOR_SCHEMA.source_connection.overlap is 'So far before the newest time it looks again, for what was committed late.';
comment on column :PGVECTOR_SCHEMA.source_connection.time_limit is 'A worker gives a refresh up after that.';
comment on column :PGVECTOR_SCHEMA.source_connection.connected_at is 'When connect_source() was last called.';
comment on column :PGVECTOR_SCHEMA.source_connection.copied_at is 'As of when the copy is: the start of the last refresh that came through.';
comment on column :PGVECTOR_SCHEMA.source_connection.full_at is 'Start of the last one that compared all rows.';
comment on column :PGVECTOR_SCHEMA.source_connection.next_at is 'When the worker tries again at the earliest.';
comment on column :PGVECTOR_SCHEMA.source_connection.watermark is 'The newest times in the copy; null where no column tells.';
comment on column :PGVECTOR_SCHEMA.source_connection.seen is 'For each time column, what is there from the overlap before that on, as count and sum; while it is the same nothing is fetched for it.';
comment on column :PGVECTOR_SCHEMA.source_connection.rows is 'Products in the copy.';
comment on column :PGVECTOR_SCHEMA.source_connection.held is 'Products that are gone there and stay in the copy, because too many vanished at once.';
comment on column :PGVECTOR_SCHEMA.source_connection.unusable_ids is 'Rows there without a usable product_id, by the last comparison of all rows; not copied.';
comment on column :PGVECTOR_SCHEMA.source_connection.duplicate_ids is 'product_ids that stand in several rows there, likewise; the newest is copied.';
comment on column :PGVECTOR_SCHEMA.source_connection.error is 'Why the last refresh failed; null when it did not.';
comment on column :PGVECTOR_SCHEMA.source_connection.failing_since is 'Since when none came through.';
--! EndIncluded copy/source_connection.sql
--! Included copy/require_fdw.sql
/*
 * postgres_fdw is no trusted extension, and its wrapper is nobody's until it is granted: often as not
 * this needs a DBA once, who is told exactly what to run.
 */
create or replace function :PGVECTOR_SCHEMA.require_fdw() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
begin
  if not exists (select from pg_available_extensions e where e.name = 'postgres_fdw') then
    raise exception 'This PostgreSQL has no postgres_fdw, through which products of another database are read.'
      using errcode = 'PE150',
        hint = 'It is in PostgreSQL''s contrib package; the embedded database has none. Use a server: DATABASE_URL=postgres://… npm run migrate';
  end if;
  begin
    create extension if not exists postgres_fdw;
  exception when others then
    v_reason := sqlerrm;
  end;
  if v_reason is null and not has_foreign_data_wrapper_privilege('postgres_fdw', 'usage') then
    v_reason := format('%s may not use it', current_user);
  end if;
  if v_reason is not null then
    raise exception 'postgres_fdw, through which products of another database are read, cannot be used: %.', rtrim(v_reason, '.')
      using errcode = 'PE150',
        hint = format(
          'As a superuser, once, in this database: create extension if not exists postgres_fdw; grant usage on foreign data wrapper postgres_fdw to %I;',
          current_user
        );
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_fdw() is 'Makes the extension postgres_fdw where the role may; raises PE150, with what a DBA has to run, where it may not.';
--! EndIncluded copy/require_fdw.sql
--! Included copy/lock_copy.sql
create or replace function :PGVECTOR_SCHEMA.lock_copy() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_copy'), 1)
$$;

comment on function :PGVECTOR_SCHEMA.lock_copy() is 'One at a time changes the copy of the products or where it comes from, until the transaction ends.';
--! EndIncluded copy/lock_copy.sql
--! Included copy/upstream_columns.sql
/*
 * Asked of the other server's catalogs each time, so that a column that dbt adds, drops or retypes
 * there is taken up. import foreign schema would do it too, but fails on a type that is unknown here:
 * an enum, a domain, an extension's type arrive as text, which is what they are in a document. In steps,
 * because each then fetches no more than it needs.
 */
create or replace function :PGVECTOR_SCHEMA.upstream_columns()
returns table (column_name text, type regtype, ordinal smallint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_relation oid;
  v_kind text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  execute format(
    'select c.oid, c.relkind from :PGVECTOR_SCHEMA.upstream_classes c join :PGVECTOR_SCHEMA.upstream_namespaces n on n.oid = c.relnamespace where c.relname = %L and n.nspname = %L',
    v_connection.source_table, v_connection.source_schema
  ) into v_relation, v_kind;
  if v_relation is null or v_kind not in ('r', 'p', 'v', 'm', 'f') then
    raise exception 'The products, %.%, do not exist in the other database.', quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Run dbt there, or name another with STAGING_DB_SCHEMA and STAGING_DB_TABLE and: npm run migrate';
  end if;

  return query execute format(
    $sql$
      select a.attname::text, coalesce(
        -- A domain is what it is of.
        (
          select l.oid::regtype
          from pg_catalog.pg_type l
          where n.nspname = 'pg_catalog' and l.oid = to_regtype(format('pg_catalog.%%I', t.typname)) and l.typtype in ('b', 'r', 'm')
        ),
        case when t.typcategory = 'A' then 'pg_catalog.text[]'::regtype else 'pg_catalog.text'::regtype end
      ), a.attnum
      from :PGVECTOR_SCHEMA.upstream_attributes a
      left join :PGVECTOR_SCHEMA.upstream_types d on d.oid = a.atttypid
      left join :PGVECTOR_SCHEMA.upstream_types t on t.oid = case when d.typtype = 'd' then d.typbasetype else d.oid end
      left join :PGVECTOR_SCHEMA.upstream_namespaces n on n.oid = t.typnamespace
      where a.attrelid = %L and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    $sql$,
    v_relation
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.upstream_columns() is
  'The columns of the products in the other database as they are now, with the types that they get here: text where a type is not one of PostgreSQL''s own. Raises PE152.';
--! EndIncluded copy/upstream_columns.sql
--! Included copy/follow_upstream.sql
/*
 * dbt's rebuild there needs nothing here, since a foreign table goes by name; only its columns matter.
 */
create or replace function :PGVECTOR_SCHEMA.follow_upstream() returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_columns text;
  v_copied text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  select
    string_agg(format('%I %s', u.column_name, u.type), ', ' order by u.ordinal),
    string_agg(format('%I %s', u.column_name, case u.column_name when 'product_id' then 'bigint' else u.type::text end), ', ' order by u.column_name)
  into v_columns, v_copied
  from :PGVECTOR_SCHEMA.upstream_columns() u
  having bool_or(u.column_name = 'product_id') and count(*) > 1;
  if v_columns is null then
    raise exception 'The products, %.%, have no column product_id in the other database, or nothing else.',
      quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table)
      using errcode = 'PE152', hint = 'Let the dbt model there select the product''s number as product_id.';
  end if;

  if (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attnum > 0 and not a.attisdropped
  ) is distinct from v_columns then
    drop foreign table if exists :PGVECTOR_SCHEMA.source_upstream;
    execute format(
      'create foreign table :PGVECTOR_SCHEMA.source_upstream (%s) server product_embeddings_source options (schema_name %L, table_name %L)',
      v_columns, v_connection.source_schema, v_connection.source_table
    );
    comment on foreign table :PGVECTOR_SCHEMA.source_upstream is 'The products in the other database; made by connect_source(), as they are now.';
  end if;
  return (
    select string_agg(format('%I %s', a.attname, a.atttypid::regtype), ', ' order by a.attname)
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.attnum > 0 and not a.attisdropped
  ) is not distinct from v_copied;
end
$$;

comment on function :PGVECTOR_SCHEMA.follow_upstream() is
  'Makes the foreign table anew if the columns in the other database changed; returns whether the copy has these columns. Raises PE152.';
--! EndIncluded copy/follow_upstream.sql
--! Included copy/incoming_sql.sql
/*
 * The copy holds one row a product, the one that counts by newest_row_sql(): then it has a primary key,
 * a change is an update, and search has no rows to choose among. Where only what is newer was fetched,
 * the row of the copy takes part in the choice: a late version of a product must not replace a later one.
 * Rows alike in every time are told apart by what they are, so that it is the same one each time.
 */
create or replace function :PGVECTOR_SCHEMA.incoming_sql(condition text, among_copied boolean) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      fetched as materialized (
        select %1$s as product_id, %2$s from :PGVECTOR_SCHEMA.source_upstream s where %3$s
      ),
      incoming as materialized (
        select distinct on (s.product_id) s.*
        from (
          select true as _is_fetched, s.product_id, %2$s from fetched s where s.product_id is not null
          %4$s
        ) s
        order by s.product_id, %5$s, s._is_fetched desc, row(%2$s) using operator(pg_catalog.*<)
      )
    $sql$,
    (
      select :PGVECTOR_SCHEMA.whole_number_sql('s.product_id', a.atttypid)
      from pg_attribute a
      where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attname = 'product_id'
    ),
    c.columns,
    condition,
    case when among_copied then format(
      'union all select false, s.product_id, %s from :PGVECTOR_SCHEMA.source_copy s where s.product_id in (select f.product_id from fetched f)',
      c.columns
    ) end,
    :PGVECTOR_SCHEMA.newest_row_sql('s')
  )
  from (
    select string_agg(format('s.%I', a.attname), ', ' order by a.attnum) as columns
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_upstream') and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id'
  ) c
$$;

comment on function :PGVECTOR_SCHEMA.incoming_sql(text, boolean) is
  'SQL: the common table expressions fetched (rows of the other database that meet the condition) and incoming (of these one a product, and whether it is newer than the copy''s).';
--! EndIncluded copy/incoming_sql.sql
--! Included copy/rebuild_copy.sql
/*
 * Beside the old copy, which serves until the new one is full: search waits for the swap and no longer.
 * Indexes and grants that somebody gave the copy come along, as far as the columns do.
 * The lock timeout is for who reads the copy for minutes; the next refresh tries again. What vanished
 * too much at once comes along from the old copy, in the columns that both have.
 */
create or replace function :PGVECTOR_SCHEMA.rebuild_copy(release boolean default false)
returns table (inserted bigint, updated bigint, deleted bigint, held bigint, unusable_ids bigint, duplicate_ids bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
set lock_timeout = '10s'
as $$
#variable_conflict use_variable
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_columns text;
  v_common text;
  v_before bigint := 0;
  v_kept text[];
  v_statement text;
begin
  select * into v_settings from :PGVECTOR_SCHEMA.settings;
  drop table if exists :PGVECTOR_SCHEMA.source_copy_new;
  select
    string_agg(format('%I %s%s', a.attname, case a.attname when 'product_id' then 'bigint' else a.atttypid::regtype::text end, case a.attname when 'product_id' then ' not null' end), ', ' order by a.attnum),
    string_agg(format('%I', a.attname), ', ') filter (where o.attname is not null)
  into v_columns, v_common
  from pg_attribute a
  left join pg_attribute o
    on o.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and o.attname = a.attname and not o.attisdropped
    and (o.atttypid = a.atttypid or a.attname = 'product_id')
  where a.attrelid = ':PGVECTOR_SCHEMA.source_upstream'::regclass and a.attnum > 0 and not a.attisdropped;
  execute format('create table :PGVECTOR_SCHEMA.source_copy_new (%s)', v_columns);
  comment on table :PGVECTOR_SCHEMA.source_copy_new is 'The products of the other database, one row each; made by connect_source() and kept by refresh_copy().';

  -- What is generated from the source's columns is, for these statements, about the new copy's.
  perform :PGVECTOR_SCHEMA.set_source(':PGVECTOR_SCHEMA', 'source_copy_new');
  execute format(
    $sql$
      with %s,
        inserted as (
          insert into :PGVECTOR_SCHEMA.source_copy_new (product_id, %2$s) select i.product_id, %3$s from incoming i returning product_id
        )
      select
        (select count(*) from inserted),
        (select count(*) from fetched f where f.product_id is null),
        (select count(*) from (select from fetched f where f.product_id is not null group by f.product_id having count(*) > 1) d)
    $sql$,
    :PGVECTOR_SCHEMA.incoming_sql('true', false),
    (select string_agg(format('%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id'),
    (select string_agg(format('i.%I', a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = ':PGVECTOR_SCHEMA.source_copy_new'::regclass and a.attnum > 0 and a.attname <> 'product_id')
  ) into inserted, unusable_ids, duplicate_ids;
  perform :PGVECTOR_SCHEMA.set_source(v_settings.source_schema, v_settings.source_table);
  alter table :PGVECTOR_SCHEMA.source_copy_new add primary key (product_id);

  updated := 0;
  deleted := 0;
  held := 0;
  if to_regclass(':PGVECTOR_SCHEMA.source_copy') is not null then
    select count(*), count(*) filter (where not exists (select from :PGVECTOR_SCHEMA.source_copy_new n where n.product_id = c.product_id))
    into v_before, deleted
    from :PGVECTOR_SCHEMA.source_copy c;
    if not release and deleted > v_settings.vanished_hold_share * v_before then
      execute format(
        'insert into :PGVECTOR_SCHEMA.source_copy_new (%1$s) select %1$s from :PGVECTOR_SCHEMA.source_copy on conflict (product_id) do nothing',
        v_common
      );
      held := deleted;
      deleted := 0;
    end if;
  end if;
  select array_agg(k.statement) into v_kept
  from (
    select pg_get_indexdef(i.indexrelid) as statement
    from pg_index i
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and not i.indisprimary
    union all
    select format(
      'grant %s on :PGVECTOR_SCHEMA.source_copy to %s',
      a.privilege_type, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
    from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.grantee <> c.relowner
  ) k;
  drop table if exists :PGVECTOR_SCHEMA.source_copy;
  alter table :PGVECTOR_SCHEMA.source_copy_new rename to source_copy;
  alter index :PGVECTOR_SCHEMA.source_copy_new_pkey rename to source_copy_pkey;
  foreach v_statement in array coalesce(v_kept, '{}') loop
    begin
      execute v_statement;
    exception when undefined_column or undefined_function or datatype_mismatch or undefined_object then
      raise warning 'Not kept when the copy of the products was made anew: %', v_statement;
    end;
  end loop;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.rebuild_copy(boolean) is
  'Makes the copy of the products anew, with the columns that they have now; released, without those that are gone, however many. Triggers and comparison follow by attach().';
--! EndIncluded copy/rebuild_copy.sql
--! Included copy/copy_window.sql
/*
 * By every time column that there is, since each tells something else: a load sets ingested_at, the
 * shop updated_at. The watermarks are read from the copy itself, so that they cannot say more than
 * it holds. A time that lies ahead is none, or one odd row would hide all later ones; of a time
 * without a zone, as far ahead as a zone can be. A load sets one time in all rows, which would then be
 * fetched at each refresh: hence a sign for each column, which the other server computes, and while that
 * is the same nothing is fetched for it.
 */
create or replace function :PGVECTOR_SCHEMA.copy_window()
returns table (column_name text, mark text, condition text, sign text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_column record;
  v_names text[];
  v_marks text[];
  v_conditions text[];
  v_counts text[];
  v_signs text[];
  v_mark text;
  v_from text;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  for v_column in
    select a.attname as name, a.atttypid::regtype as type
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.source_copy') and a.attnum > 0 and not a.attisdropped
      and a.attname = any (coalesce(v_connection.time_columns, array['updated_at', 'ingested_at', 'dbt_valid_from']))
      and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
    order by a.attname
  loop
    execute format(
      'select max(c.%1$I)::text, format(''%%L::%3$s'', (max(c.%1$I) - %2$L::interval)::%3$s) from :PGVECTOR_SCHEMA.source_copy c where c.%1$I <= %4$s and isfinite(c.%1$I)',
      v_column.name, v_connection.overlap, v_column.type,
      case when v_column.type = 'timestamptz'::regtype then 'now()' else 'now() at time zone ''UTC'' + interval ''14 hours''' end
    ) into v_mark, v_from;
    v_names := v_names || v_column.name::text;
    v_marks := v_marks || v_mark;
    v_conditions := v_conditions || format(case when v_mark is null then 's.%I is not null' else 's.%I >= %s' end, v_column.name, v_from);
    v_counts := v_counts || format(
      case when v_mark is null then 'count(s.%I)::text'
        else 'concat(count(*) filter (where s.%1$I >= %2$s), '' '', sum(s.%1$I - %2$s) filter (where s.%1$I >= %2$s and isfinite(s.%1$I)))'
      end,
      v_column.name, v_from
    );
  end loop;
  if v_names is null or v_marks = array_fill(null::text, array[cardinality(v_names)]) then
    -- No time column, or none that says anything.
    return;
  end if;
  execute format('select array[%s] from :PGVECTOR_SCHEMA.source_upstream s where %s', array_to_string(v_counts, ', '), array_to_string(v_conditions, ' or '))
  into v_signs;
  return query
    select w.name, w.mark, w.condition, format('%s %s: %s', w.name, w.mark, w.sign)
    from unnest(v_names, v_marks, v_conditions, v_signs) w (name, mark, condition, sign);
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_window() is
  'For each time column how far the copy is, by which condition rows of the other database may be later, and a sign of what these are; no row when no column tells.';
--! EndIncluded copy/copy_window.sql
--! Included copy/copy_upstream.sql
/*
 * Rows are compared as they are stored (*<>), and only those that differ are written: the triggers queue
 * what changed and nothing else, and a full comparison of an unchanged table writes nothing. The
 * other server's transaction has one snapshot, like ours, and an upstream table that is swapped while
 * we wait for it looks empty in it, as one that a load has just emptied does: so what vanishes is
 * held by the same share as vectors are, and the next refresh, which is full then, sees whether it was true.
 */
create or replace function :PGVECTOR_SCHEMA.copy_upstream(is_full boolean, release boolean default false)
returns table (outcome text, inserted bigint, updated bigint, deleted bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_started timestamptz := clock_timestamp();
  v_condition text;
  v_columns bigint;
  v_held bigint;
  v_unusable bigint;
  v_duplicate bigint;
  v_names text;
  v_copied text;
  v_incoming text;
begin
  if not :PGVECTOR_SCHEMA.follow_upstream() then
    select r.inserted, r.updated, r.deleted, r.held, r.unusable_ids, r.duplicate_ids
    into inserted, updated, deleted, v_held, v_unusable, v_duplicate
    from :PGVECTOR_SCHEMA.rebuild_copy(release) r;
    outcome := 'rebuilt';
    perform :PGVECTOR_SCHEMA.attach();
  else
    if not is_full then
      select count(*), string_agg(w.condition, ' or ') filter (where w.sign <> all (coalesce(c.seen, '{}')))
      into v_columns, v_condition
      from :PGVECTOR_SCHEMA.copy_window() w
      cross join :PGVECTOR_SCHEMA.source_connection c;
      is_full := v_columns = 0;
    end if;
    outcome := case when is_full then 'full' else 'incremental' end;
    if not is_full and v_condition is null then
      inserted := 0;
      updated := 0;
      deleted := 0;
      update :PGVECTOR_SCHEMA.source_connection c set copied_at = v_started;
      return next;
      return;
    end if;
    select
      string_agg(format('%I', a.attname), ', ' order by a.attnum),
      string_agg(format('c.%I', a.attname), ', ' order by a.attnum),
      string_agg(format('i.%I', a.attname), ', ' order by a.attnum)
    into v_names, v_copied, v_incoming
    from pg_attribute a
    where a.attrelid = ':PGVECTOR_SCHEMA.source_copy'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'product_id';
    execute format(
      $sql$
        with %1$s,
          updated as (
            update :PGVECTOR_SCHEMA.source_copy c
            set (%2$s) = row(%3$s)
            from incoming i
            where i._is_fetched and c.product_id = i.product_id and row(%4$s)::record operator(pg_catalog.*<>) row(%3$s)::record
            returning c.product_id
          ),
          inserted as (
            insert into :PGVECTOR_SCHEMA.source_copy (product_id, %2$s)
            select i.product_id, %3$s
            from incoming i
            where i._is_fetched and not exists (select from :PGVECTOR_SCHEMA.source_copy c where c.product_id = i.product_id)
            returning product_id
          ),
          gone as materialized (
            select c.product_id
            from :PGVECTOR_SCHEMA.source_copy c
            where %5$L and not exists (select from incoming i where i.product_id = c.product_id)
          ),
          hold as materialized (
            select count(*) as gone, not %6$L and count(*) > s.vanished_hold_share * (select count(*) from :PGVECTOR_SCHEMA.source_copy) as held
            from gone cross join :PGVECTOR_SCHEMA.settings s
            group by s.vanished_hold_share
          ),
          deleted as (
            delete from :PGVECTOR_SCHEMA.source_copy c
            using gone g
            where c.product_id = g.product_id and not (select h.held from hold h)
            returning c.product_id
          )
        select
          (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted),
          coalesce((select h.gone from hold h where h.held), 0),
          (select count(*) from fetched f where f.product_id is null),
          (select count(*) from (select from fetched f where f.product_id is not null group by f.product_id having count(*) > 1) d)
      $sql$,
      :PGVECTOR_SCHEMA.incoming_sql(coalesce(v_condition, 'true'), not is_full),
      v_names, v_incoming, v_copied, is_full, release
    ) into inserted, updated, deleted, v_held, v_unusable, v_duplicate;
  end if;

  update :PGVECTOR_SCHEMA.source_connection c
  set
    copied_at = v_started,
    (watermark, seen) = (select string_agg(format('%s %s', w.column_name, w.mark), ', '), array_agg(w.sign) from :PGVECTOR_SCHEMA.copy_window() w),
    rows = case when outcome = 'incremental' then c.rows + inserted else (select count(*) from :PGVECTOR_SCHEMA.source_copy) end,
    full_at = case when outcome = 'incremental' then c.full_at else v_started end,
    held = case when outcome = 'incremental' then c.held else v_held end,
    unusable_ids = case when outcome = 'incremental' then c.unusable_ids else v_unusable end,
    duplicate_ids = case when outcome = 'incremental' then c.duplicate_ids else v_duplicate end;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_upstream(boolean, boolean) is
  'Brings the copy up to the products in the other database: what is newer, or, full, all of it with deletes, which are held when they are too many, unless released. outcome: incremental, full, or rebuilt when the columns changed.';
--! EndIncluded copy/copy_upstream.sql
--! Included copy/copy_failure.sql
/*
 * What the other server says, in one sentence. Of a value that a type cannot take nothing is quoted: it
 * is a product's. A login's password is in none of these.
 */
create or replace function :PGVECTOR_SCHEMA.copy_failure(state text, message text, detail text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when starts_with(state, '22') then 'A column there has values that its type cannot take here'
    when detail is null or detail = '' or not starts_with(state, '08') and state not like '2F%' then rtrim(message, '.')
    -- libpq's sentences come a line each and repeat the address.
    else rtrim(regexp_replace(btrim(detail), '\s*\n.*', ''), '.')
  end
$$;

comment on function :PGVECTOR_SCHEMA.copy_failure(text, text, text) is 'Why the other database could not be read, from the error''s SQLSTATE, message and detail, without any product''s values.';
--! EndIncluded copy/copy_failure.sql
--! Included copy/note_copy_failure.sql
/*
 * After a failure that took long, a server that hangs, as long passes before the next attempt: the
 * worker has other things to do.
 */
create or replace function :PGVECTOR_SCHEMA.note_copy_failure(reason text, took interval) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before text := (select c.error from :PGVECTOR_SCHEMA.source_connection c);
begin
  update :PGVECTOR_SCHEMA.source_connection c
  set
    error = note_copy_failure.reason,
    failing_since = coalesce(c.failing_since, clock_timestamp()),
    next_at = clock_timestamp() + greatest(c.refresh_every - interval '5 seconds' - note_copy_failure.took, note_copy_failure.took);
  return v_before is distinct from note_copy_failure.reason;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.note_copy_failure(text, interval) from public;

comment on function :PGVECTOR_SCHEMA.note_copy_failure(text, interval) is 'Keeps why a refresh failed; returns whether that is news.';
--! EndIncluded copy/note_copy_failure.sql
--! Included copy/refresh_copy.sql
/*
 * Security definer: the user mapping, which has the password, is our owner's, and so is the copy, whose
 * columns may change. A failure is kept and returned and not raised, which would undo that: search goes
 * on with the copy as it is.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_copy(is_full boolean default false, only_if_due boolean default false)
returns table (outcome text, inserted bigint, updated bigint, deleted bigint, error text, is_news boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
  v_started timestamptz := clock_timestamp();
  v_state text;
  v_message text;
  v_detail text;
begin
  is_news := false;
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  if not found then
    if not only_if_due then
      raise exception 'The products are not in another database.'
        using errcode = 'PE153', hint = 'Set STAGING_DB_* and: npm run migrate; or select :PGVECTOR_SCHEMA.connect_source(…);';
    end if;
    outcome := 'not connected';
    return next;
    return;
  end if;
  if only_if_due and v_connection.next_at > v_started then
    outcome := 'not due';
    return next;
    return;
  end if;
  if not only_if_due then
    perform :PGVECTOR_SCHEMA.lock_copy();
  elsif not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_copy'), 1) then
    outcome := 'busy';
    return next;
    return;
  end if;

  begin
    select u.outcome, u.inserted, u.updated, u.deleted
    into outcome, inserted, updated, deleted
    from :PGVECTOR_SCHEMA.copy_upstream(
      is_full or v_connection.full_at is null or v_connection.full_at + v_connection.full_every <= v_started
        or v_connection.held > 0
    ) u;
    update :PGVECTOR_SCHEMA.source_connection c
    set
      error = null,
      failing_since = null,
      next_at = greatest(v_started + c.refresh_every - interval '5 seconds', clock_timestamp() + 9 * (clock_timestamp() - v_started));
    is_news := v_connection.error is not null;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    outcome := 'failed';
    error := :PGVECTOR_SCHEMA.copy_failure(v_state, v_message, v_detail);
    is_news := :PGVECTOR_SCHEMA.note_copy_failure(error, clock_timestamp() - v_started);
  end;
  return next;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.refresh_copy(boolean, boolean) from public;

comment on function :PGVECTOR_SCHEMA.refresh_copy(boolean, boolean) is
  'Takes up what changed in the other database: what is newer, or all of it when full or due; the worker does it every minute. outcome: incremental, full, rebuilt (the columns changed), failed (with the error), busy, not due. Raises PE153.';
--! EndIncluded copy/refresh_copy.sql
--! Included copy/release_copy.sql
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
--! EndIncluded copy/release_copy.sql
--! Included copy/connect_source.sql
/*
 * Security invoker: a server and a login are made by who may make them. The copy is made in the same
 * transaction, so that the source is the old one or the new one, filled. What the server's options
 * say besides the address is only a start: what was altered since stays. A connection is not kept
 * between refreshes, or an idle session would stand on the other server for each worker.
 */
create or replace function :PGVECTOR_SCHEMA.connect_source(
  host text,
  port integer,
  database text,
  user_name text,
  password text,
  source_schema text default 'staging_staging',
  source_table text default 'stg_product'
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
#variable_conflict use_variable
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_options text[];
  v_state text;
  v_message text;
  v_detail text;
begin
  if host is null or port is null or database is null or user_name is null or source_schema is null or source_table is null then
    raise exception 'The address of the products is incomplete: of all arguments only the password may be null.'
      using errcode = 'PE154', hint = 'select :PGVECTOR_SCHEMA.connect_source(''host'', 5432, ''database'', ''user'', ''password'', ''schema'', ''table'');';
  end if;
  if current_user <> v_owner then
    raise exception 'Only %, whom our functions belong to, can connect them to the products of another database.', v_owner
      using errcode = 'PE154', hint = format('set role %I;  and call it again; or as that role: npm run migrate', v_owner);
  end if;
  perform :PGVECTOR_SCHEMA.require_fdw();
  perform :PGVECTOR_SCHEMA.lock_copy();

  if exists (select from pg_foreign_server s where s.srvname = 'product_embeddings_source') then
    execute format('alter server product_embeddings_source options (set host %L, set port %L, set dbname %L)', host, port, database);
  else
    execute format(
      $sql$
        create server product_embeddings_source foreign data wrapper postgres_fdw options (
          host %L, port %L, dbname %L,
          fetch_size '10000', use_remote_estimate 'false', updatable 'false', truncatable 'false', keep_connections 'off',
          connect_timeout '10', keepalives_idle '30', keepalives_interval '10', keepalives_count '3', tcp_user_timeout '60000',
          options '-c statement_timeout=600000 -c lock_timeout=60000'
        )
      $sql$,
      host, port, database
    );
    comment on server product_embeddings_source is 'The database that products are copied from; made by connect_source().';
  end if;

  select m.umoptions into v_options from pg_user_mappings m where m.srvname = 'product_embeddings_source' and m.usename = current_user;
  begin
    if not found then
      execute format('create user mapping for current_user server product_embeddings_source options (user %L)', user_name);
    else
      execute format('alter user mapping for current_user server product_embeddings_source options (set user %L)', user_name);
    end if;
    if password is not null then
      execute format(
        'alter user mapping for current_user server product_embeddings_source options (%s password %L)',
        case when exists (select from unnest(v_options) o where starts_with(o, 'password=')) then 'set' else 'add' end,
        password
      );
    end if;
  exception when others then
    -- Raised anew, as the statement in the context of the old one holds the password.
    raise exception 'The login of % could not be kept: %.', user_name, rtrim(sqlerrm, '.')
      using errcode = 'PE151', hint = 'See the message; the statement is: alter user mapping for current_user server product_embeddings_source options (…)';
  end;

  -- Made anew, so that they are what this version asks for.
  drop foreign table if exists :PGVECTOR_SCHEMA.upstream_namespaces, :PGVECTOR_SCHEMA.upstream_classes,
    :PGVECTOR_SCHEMA.upstream_attributes, :PGVECTOR_SCHEMA.upstream_types, :PGVECTOR_SCHEMA.source_upstream;
  create foreign table :PGVECTOR_SCHEMA.upstream_namespaces (oid oid, nspname name)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_namespace');
  create foreign table :PGVECTOR_SCHEMA.upstream_classes (oid oid, relname name, relnamespace oid, relkind "char")
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_class');
  create foreign table :PGVECTOR_SCHEMA.upstream_attributes (attrelid oid, attname name, atttypid oid, attnum smallint, attisdropped boolean)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_attribute');
  create foreign table :PGVECTOR_SCHEMA.upstream_types (oid oid, typname name, typnamespace oid, typtype "char", typcategory "char", typbasetype oid)
    server product_embeddings_source options (schema_name 'pg_catalog', table_name 'pg_type');

  insert into :PGVECTOR_SCHEMA.source_connection as c (source_schema, source_table)
  values (source_schema, source_table)
  on conflict (singleton) do update
  set source_schema = excluded.source_schema, source_table = excluded.source_table, connected_at = now(), next_at = null, error = null, failing_since = null;

  begin
    perform from :PGVECTOR_SCHEMA.upstream_columns();
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    if v_state = 'PE152' then
      raise;
    end if;
    raise exception 'The database of the products, %:%/%, cannot be reached as %: %.',
      host, port, database, user_name, :PGVECTOR_SCHEMA.copy_failure(v_state, v_message, v_detail)
      using errcode = 'PE151',
        hint = case
          when v_detail like '%password%' or v_message like '%password%'
            then 'Check STAGING_DB_USER and STAGING_DB_PASSWORD. Who is no superuser here needs a password there, and that server has to ask for it (scram-sha-256 in its pg_hba.conf).'
          else 'Check STAGING_DB_HOST, STAGING_DB_PORT and STAGING_DB_NAME: they are used from the database server, not from here. Then: npm run migrate'
        end;
  end;
  perform :PGVECTOR_SCHEMA.set_source(':PGVECTOR_SCHEMA', 'source_copy');
  begin
    perform from :PGVECTOR_SCHEMA.copy_upstream(true);
  exception when insufficient_privilege then
    raise exception '% may not read the products in the other database: %.', user_name, sqlerrm
      using errcode = 'PE152',
        hint = format('There, as their owner: grant usage on schema %I to %I; grant select on %1$I.%3$I to %2$I;', source_schema, user_name, source_table);
  end;
  perform :PGVECTOR_SCHEMA.attach_triggers();
  return (select c.rows from :PGVECTOR_SCHEMA.source_connection c);
end
$$;

comment on function :PGVECTOR_SCHEMA.connect_source(text, integer, text, text, text, text, text) is
  'Takes the products from another PostgreSQL database: makes server, login, foreign table and a copy that is the source from then on, and fills it; returns how many products. Again for another address, login or table; a null password keeps the one there is. npm run migrate calls it with STAGING_DB_*. Raises PE150 to PE152, PE154.';
--! EndIncluded copy/connect_source.sql
--! Included copy/disconnect_source.sql
create or replace function :PGVECTOR_SCHEMA.disconnect_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_connection :PGVECTOR_SCHEMA.source_connection;
begin
  select * into v_connection from :PGVECTOR_SCHEMA.source_connection;
  if not found then
    raise exception 'The products are not in another database.'
      using errcode = 'PE153', hint = 'Nothing is to be done; select source from :PGVECTOR_SCHEMA.embedding_status says where they are.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_copy();
  perform :PGVECTOR_SCHEMA.set_source(v_connection.source_schema, v_connection.source_table);
  drop foreign table if exists :PGVECTOR_SCHEMA.upstream_namespaces, :PGVECTOR_SCHEMA.upstream_classes,
    :PGVECTOR_SCHEMA.upstream_attributes, :PGVECTOR_SCHEMA.upstream_types, :PGVECTOR_SCHEMA.source_upstream;
  drop table if exists :PGVECTOR_SCHEMA.source_copy;
  -- Without cascade: it fails while a foreign table of somebody else's uses the server.
  drop user mapping if exists for current_user server product_embeddings_source;
  drop server if exists product_embeddings_source;
  delete from :PGVECTOR_SCHEMA.source_connection;
  raise notice 'The copy, its foreign table, server and login are gone. Left are the vectors, which go after their grace unless the products are in %.% here by then, and the extension postgres_fdw.',
    quote_ident(v_connection.source_schema), quote_ident(v_connection.source_table);
end
$$;

comment on function :PGVECTOR_SCHEMA.disconnect_source() is
  'Takes back what connect_source() made: copy, foreign tables, login, server; the source is the table of the same name in this database then. Vectors and the extension stay. Raises PE153.';
--! EndIncluded copy/disconnect_source.sql

-- document
--! Included document/remember_order.sql
create or replace function :PGVECTOR_SCHEMA.remember_order() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.document_order (column_name)
  select c.column_name
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document and not exists (select from :PGVECTOR_SCHEMA.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing
$$;

comment on function :PGVECTOR_SCHEMA.remember_order() is 'Gives the columns of the document that have no place in document_order one, behind all others.';
--! EndIncluded document/remember_order.sql
--! Included document/document_sql.sql
/*
 * Generated from the columns that exist at each call and never stored: a column that dbt adds,
 * drops or retypes cannot leave a stale expression behind. One expression over the row is four to
 * ten times faster than rendering through json.
 */
create or replace function :PGVECTOR_SCHEMA.document_sql(alias text, weight double precision default null) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$pg_catalog.rtrim(%s, ' ')$sql$,
    -- A chain and not concat(), which takes a hundred arguments at the most.
    coalesce(string_agg(format($sql$coalesce(%s, '')$sql$, f.field), ' || ' order by f.position), $sql$''$sql$)
  )
  from (
    select
      c.position,
      case
        when t.typcategory = 'B'
          then format($sql$%1$L || case when %2$I.%3$I then 'yes. ' when not %2$I.%3$I then 'no. ' end$sql$, p.prefix, alias, c.column_name)
        -- The server stores text as it came; NFC makes й one character however it was typed.
        when t.typcategory = 'S'
          then format(
            $sql$%1$L || nullif(pg_catalog.btrim(pg_catalog.normalize(%2$I.%3$I::pg_catalog.text, 'NFC'), E' \t\r\n\u00a0'), '') || '. '$sql$,
            p.prefix, alias, c.column_name
          )
        else format($sql$%1$L || nullif(%2$I.%3$I::pg_catalog.text, '') || '. '$sql$, p.prefix, alias, c.column_name)
      end as field
    from :PGVECTOR_SCHEMA.source_columns c
    join pg_type t on t.oid = c.type
    cross join lateral (select case when c.label = '' then '' else c.label || ': ' end as prefix) p
    where c.in_document and (document_sql.weight is null or c.weight = document_sql.weight)
  ) f
$$;

comment on function :PGVECTOR_SCHEMA.document_sql(text, double precision) is
  'SQL expression for the document of a source row, or for its fields of one weight: `label: value. ` for each column in the order of source_columns, booleans yes/no, nulls and blanks skipped; alias names the row.';
--! EndIncluded document/document_sql.sql
--! Included document/document_weights.sql
create or replace function :PGVECTOR_SCHEMA.document_weights() returns double precision[]
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(w.weight order by w.weight desc), '{1}')
  from (
    select c.weight from :PGVECTOR_SCHEMA.source_columns c where c.in_document
    union
    -- What a hook adds has no weight of its own.
    select 1 from :PGVECTOR_SCHEMA.settings s where s.document_hook is not null
  ) w
$$;

comment on function :PGVECTOR_SCHEMA.document_weights() is
  'The weights that fields of the document have, the heaviest first: a group of fields that are encoded together each.';
--! EndIncluded document/document_weights.sql
--! Included document/document_groups_sql.sql
create or replace function :PGVECTOR_SCHEMA.document_groups_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format('array[%s]::pg_catalog.text[]', string_agg(:PGVECTOR_SCHEMA.document_sql(alias, w.weight), ', ' order by w.weight desc))
  from unnest(:PGVECTOR_SCHEMA.document_weights()) w (weight)
$$;

comment on function :PGVECTOR_SCHEMA.document_groups_sql(text) is
  'SQL expression for the text of each group of fields of a source row as text[], in the order of document_weights(), empty ones too; alias names the row.';
--! EndIncluded document/document_groups_sql.sql
--! Included document/require_hook.sql
create or replace function :PGVECTOR_SCHEMA.require_hook(name text) returns oid
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_hook record;
  v_hint text := 'Make it again, name another, or do without: select :PGVECTOR_SCHEMA.set_document_hook(null);';
begin
  begin
    v_parts := parse_ident(require_hook.name);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a function with its schema.', coalesce(quote_literal(require_hook.name), 'null')
      using errcode = 'PE029', hint = 'select :PGVECTOR_SCHEMA.set_document_hook(''schema.function'');';
  end if;

  select p.oid, p.prorettype, p.provolatile, p.prokind, p.proretset, pg_get_userbyid(p.proowner) as owner,
    p.proowner = n.nspowner or r.rolsuper as is_trusted, pg_get_userbyid(n.nspowner) as our_owner
  into v_hook
  from pg_proc p
  join pg_roles r on r.oid = p.proowner
  cross join (select s.nspowner from pg_namespace s where s.nspname = ':PGVECTOR_SCHEMA') n
  where p.pronamespace = (select h.oid from pg_namespace h where h.nspname = v_parts[1])
    and p.proname = v_parts[2]
    and p.proargtypes[0] = 'jsonb'::regtype and p.pronargs = 1;
  if v_hook.oid is null then
    raise exception 'There is no function %(jsonb).', require_hook.name using errcode = 'PE029', hint = v_hint;
  end if;
  if v_hook.prorettype <> 'jsonb'::regtype or v_hook.prokind <> 'f' or v_hook.proretset then
    raise exception 'The function %(jsonb) does not return one jsonb.', require_hook.name
      using errcode = 'PE029', hint = 'It is given the product and returns an object with the fields to add, or null.';
  end if;
  if v_hook.provolatile = 'v' then
    raise exception 'The function %(jsonb) is volatile: it may write, and give one product two texts.', require_hook.name
      using errcode = 'PE029', hint = format('If it only reads: alter function %s(jsonb) stable;', require_hook.name);
  end if;
  if not v_hook.is_trusted then
    raise exception 'The function %(jsonb) belongs to %, who could run anything as % by it.', require_hook.name, v_hook.owner, v_hook.our_owner
      using errcode = 'PE029',
        detail = 'Workers and dbt compare products with the rights of the owner of our schema, and so the hook runs with these.',
        hint = format('alter function %s(jsonb) owner to %I;', require_hook.name, v_hook.our_owner);
  end if;
  return v_hook.oid;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_hook(text) is
  'The function of this name, checked: it takes a jsonb, returns one, does not write, and belongs to our owner or a superuser. Raises PE029.';
--! EndIncluded document/require_hook.sql
--! Included document/document_hook.sql
/*
 * By name, because a function is dropped and made again. Looked at whenever it is used and not only when it
 * is set: settings can be written by the workers, and the hook runs with our owner's rights.
 */
create or replace function :PGVECTOR_SCHEMA.document_hook() returns oid
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text := (select s.document_hook from :PGVECTOR_SCHEMA.settings s);
begin
  return case when v_name is not null then :PGVECTOR_SCHEMA.require_hook(v_name) end;
end
$$;

comment on function :PGVECTOR_SCHEMA.document_hook() is
  'The function that adds fields to the documents, as it is now; null when there is none. Raises PE029 when it cannot be used any more.';
--! EndIncluded document/document_hook.sql
--! Included document/call_document_hook.sql
/*
 * One product that the hook stumbles over must not stop the others, so each call is a subtransaction of its
 * own. Security definer, so that a product has one text whoever renders it; hence the look at whose function
 * it is. What the hook says is kept, but for what is the product's: its values, and what the server quotes of
 * a value that it cannot read.
 */
create or replace function :PGVECTOR_SCHEMA.call_document_hook(hook oid, product jsonb, out facts jsonb, out error text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
  v_message text;
  v_value text;
begin
  if not exists (
    select
    from pg_proc p
    where p.oid = call_document_hook.hook and p.provolatile <> 'v'
      and (
        p.proowner = (select n.nspowner from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA')
        or (select r.rolsuper from pg_roles r where r.oid = p.proowner)
      )
  ) then
    error := 'PE029: The hook is not a function that may be used.';
    return;
  end if;
  begin
    execute format('select %s($1)', call_document_hook.hook::regproc) into facts using product;
    if jsonb_typeof(facts) <> 'object' then
      if jsonb_typeof(facts) <> 'null' then
        raise exception 'It returned no object, but: %', jsonb_typeof(facts) using errcode = 'PE025';
      end if;
      facts := null;
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    -- A lock that is not to be had, a full disk: no product's fault, and waited for once and not for each of them.
    if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    facts := null;
    if left(v_state, 2) in ('22', '23') then
      v_message := regexp_replace(v_message, '"[^"]*"', '"…"', 'g');
    end if;
    for v_value in
      select v.value
      from jsonb_each_text(case when jsonb_typeof(product) = 'object' then product end) v
      where length(v.value) > 2
      order by length(v.value) desc
    loop
      v_message := replace(v_message, v_value, '…');
    end loop;
    error := format('PE025: The hook %s failed (%s): %s', call_document_hook.hook::regproc, v_state, v_message);
  end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) is
  'What the hook adds to a product, or why it failed, without the product''s text. What is no product''s fault, such as a lock that is not to be had, it raises.';
--! EndIncluded document/call_document_hook.sql
--! Included document/compose_document.sql
/*
 * With one group, which is the default, texts and hash are those of the plain document. With more, the hash
 * is of each group and of what it counts against the heaviest, so that doubling all weights changes nothing.
 * Loops and not queries: it runs for every product at each comparison, and starting a query costs more.
 */
create or replace function :PGVECTOR_SCHEMA.compose_document(
  plain text, groups text[], group_weights double precision[], facts jsonb, error text,
  out document text, out document_hash bytea, out texts text[], out weights double precision[], out fact_texts text[]
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text;
  v_fact jsonb;
  v_type text;
  v_value text;
  v_facts text := '';
  v_of_facts integer;
  v_place integer;
  v_hashed text := '';
begin
  if error is not null then
    return;
  end if;
  document := plain;
  if facts is not null then
    for v_key, v_fact in select e.key, e.value from jsonb_each(facts) e loop
      v_type := jsonb_typeof(v_fact);
      v_value := case v_type
        when 'boolean' then case when v_fact = 'true' then 'yes' else 'no' end
        when 'array' then (
          select string_agg(nullif(btrim(a.value), ''), ', ' order by a.place)
          from jsonb_array_elements_text(v_fact) with ordinality a (value, place)
        )
        else v_fact #>> '{}'
      end;
      v_value := nullif(btrim(pg_catalog.normalize(v_value, 'NFC'), E' \t\r\n\u00a0'), '');
      continue when v_value is null;
      v_facts := v_facts || ' ' || pg_catalog.normalize(v_key, 'NFC') || ': ' || v_value || '.';
      if v_type in ('string', 'array', 'object') then
        fact_texts := fact_texts || v_value;
      end if;
    end loop;
    if v_facts <> '' then
      document := ltrim(document || v_facts);
      v_of_facts := array_position(group_weights, 1);
      groups[v_of_facts] := ltrim(groups[v_of_facts] || v_facts);
    end if;
  end if;

  for v_place in 1 .. cardinality(groups) loop
    continue when groups[v_place] = '';
    texts := texts || groups[v_place];
    weights := weights || group_weights[v_place];
    v_hashed := v_hashed || (group_weights[v_place] / weights[1]) || ' ' || length(groups[v_place]) || ' ' || groups[v_place];
  end loop;
  if cardinality(texts) > 1 then
    document_hash := sha256(convert_to(v_hashed, 'UTF8'));
  else
    document_hash := sha256(convert_to(document, 'UTF8'));
    texts := array[document];
    weights := '{1}';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.compose_document(text, text[], double precision[], jsonb, text) is
  'A product''s document with the fields that a hook added: whole, its hash, the texts that are encoded apart with their weights (empty ones left out), and what the added fields say in words. All null after an error.';
--! EndIncluded document/compose_document.sql
--! Included document/document_query.sql
/*
 * A hook is asked only of the rows that count. By default the query is the plain one: composing costs a
 * third more.
 */
create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook oid := :PGVECTOR_SCHEMA.document_hook();
  v_weights double precision[] := :PGVECTOR_SCHEMA.document_weights();
  v_composed boolean := v_hook is not null or cardinality(v_weights) > 1;
begin
  return format(
    case
      when v_composed then $sql$
        select q.product_id, c.document, c.document_hash, q.name, q.texts || c.fact_texts as word_texts, c.texts, c.weights, f.error
        from (%s) q
        cross join lateral %s f
        cross join lateral :PGVECTOR_SCHEMA.compose_document(q.document, q.groups, %L, f.facts, f.error) c
        where q.is_live and q.product_id is not null
      $sql$
      else $sql$
        select q.product_id, q.document, q.document_hash, q.name, q.texts as word_texts,
          array[q.document] as texts, '{1}'::pg_catalog.float8[] as weights, null::pg_catalog.text as error
        from (%s) q
        where q.is_live and q.product_id is not null
      $sql$
    end,
    format(
      $sql$
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash,
          %6$s as name, %7$s as texts%8$s%9$s
        from %4$s s
        order by 1, %5$s, 4
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      :PGVECTOR_SCHEMA.product_is_live_sql('s'),
      :PGVECTOR_SCHEMA.document_sql('s'),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.newest_row_sql('s'),
      :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
      :PGVECTOR_SCHEMA.document_texts_sql('s'),
      case when v_composed then format(', %s as groups', :PGVECTOR_SCHEMA.document_groups_sql('s')) end,
      case when v_hook is not null then ', pg_catalog.to_jsonb(s) as product' end
    ),
    case
      when v_hook is null then '(select null::pg_catalog.jsonb as facts, null::pg_catalog.text as error)'
      else format(':PGVECTOR_SCHEMA.call_document_hook(%s, q.product)', v_hook)
    end,
    v_weights
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, word_texts text[], texts text[], weights double precision[], error text), one row each. texts are what is encoded apart and weights what each counts; where a hook failed, error says why, and document, hash, texts and weights are null. Raises PE001, PE002, PE029.';
--! EndIncluded document/document_query.sql
--! Included document/product_documents.sql
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
--! EndIncluded document/product_documents.sql
--! Included document/product_document.sql
create or replace function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_document record;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  select d.document, d.error into v_document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d;
  if v_document.error is not null then
    raise exception '%', regexp_replace(v_document.error, '^PE025: ', '')
      using errcode = 'PE025', hint = 'Mend the hook, or do without: select :PGVECTOR_SCHEMA.set_document_hook(null);';
  end if;
  return v_document.document;
end
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002, PE005, PE025, PE029.';
--! EndIncluded document/product_document.sql
--! Included document/word_classes.sql
create or replace function :PGVECTOR_SCHEMA.word_classes() returns text[]
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array_prepend(
    coalesce(min(c.word_class) filter (where c.column_name = 'name'), 'A'),
    array_agg(c.word_class order by c.position) filter (
      where c.in_document and c.column_name <> 'name'
        and (t.typcategory in ('S', 'A', 'E') or c.type in ('json'::regtype, 'jsonb'::regtype))
    )
  )
  from :PGVECTOR_SCHEMA.source_columns c
  join pg_type t on t.oid = c.type
$$;

comment on function :PGVECTOR_SCHEMA.word_classes() is
  'What the words of a product count: the class of its name, then those of the texts of document_texts_sql().';
--! EndIncluded document/word_classes.sql
--! Included document/shown_document.sql
create or replace function :PGVECTOR_SCHEMA.shown_document(document text, texts text[], weights double precision[]) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select left(
    case
      when cardinality(texts) > 1 then (
        select string_agg(format('%s × %s', t.weight, t.text), E'\n' order by t.place)
        from unnest(texts, weights) with ordinality t (text, weight, place)
      )
      else document
    end,
    1000
  )
$$;

comment on function :PGVECTOR_SCHEMA.shown_document(text, text[], double precision[]) is
  'A document for people to look at: of several groups each with its weight on a line of its own; the first 1,000 characters.';
--! EndIncluded document/shown_document.sql
--! Included document/usual_throughput.sql
/*
 * The mean over products and not over minutes: a minute in which a single price changed says nothing about
 * how long a thousand texts take.
 */
create or replace function :PGVECTOR_SCHEMA.usual_throughput() returns double precision
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select sum(m.stored * m.stored) / nullif(sum(m.stored), 0) / 60
  from (
    select sum(a.stored)::double precision as stored
    from :PGVECTOR_SCHEMA.embedding_activity a
    where a.minute > now() - interval '7 days'
    group by a.minute
  ) m
$$;

comment on function :PGVECTOR_SCHEMA.usual_throughput() is
  'Texts a second that the workers encoded in the last week, in the minute of the average text; null when there was none.';
--! EndIncluded document/usual_throughput.sql
--! Included document/store_fields.sql
/*
 * All that can be wrong is found before anything is written. A key that is not named keeps what it has.
 */
create or replace function :PGVECTOR_SCHEMA.store_fields(fields jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_column text;
  v_change jsonb;
  v_key text;
  v_value jsonb;
  v_problem text;
  v_hint text := 'Such as: {"name": {"weight": 3, "position": 1}, "price": {"included": false}, "description": {"label": "about", "word_class": "C"}, "code": null}';
begin
  if jsonb_typeof(fields) is distinct from 'object' then
    raise exception 'The fields must be an object with the names of columns as its keys.' using errcode = 'PE024', hint = v_hint;
  end if;
  for v_column, v_change in select f.key, f.value from jsonb_each(fields) f loop
    if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_column)
      -- What is there no more may still be forgotten.
      and not (v_change = 'null' and exists (select from :PGVECTOR_SCHEMA.document_fields d where d.column_name = v_column))
    then
      raise exception 'The source has no column %.', quote_ident(v_column)
        using errcode = 'PE024',
          hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
    end if;
    continue when v_change = 'null';
    if jsonb_typeof(v_change) <> 'object' then
      raise exception 'What is said of % must be an object, or null for the default.', quote_ident(v_column) using errcode = 'PE024', hint = v_hint;
    end if;
    for v_key, v_value in select k.key, k.value from jsonb_each(v_change) k loop
      v_problem := case
        when v_key not in ('included', 'label', 'position', 'word_class', 'weight')
          then format('%I is nothing that can be said of a field.', v_key)
        when v_value = 'null' then null
        when v_key = 'included' and jsonb_typeof(v_value) <> 'boolean' then 'included must be true or false.'
        when v_key = 'label' and jsonb_typeof(v_value) <> 'string' then 'label must be a string.'
        when v_key = 'word_class' and coalesce(v_value #>> '{}', '') not in ('A', 'B', 'C', 'D') then 'word_class must be "A", "B", "C" or "D".'
        when v_key in ('position', 'weight') and jsonb_typeof(v_value) <> 'number' then format('%s must be a number.', v_key)
        when v_key = 'position' and (v_value::numeric <> trunc(v_value::numeric) or abs(v_value::numeric) > 1000000)
          then 'position must be a whole number.'
        when v_key = 'weight' and v_value::numeric not between 0.001 and 1000 then 'weight must be from 0.001 to 1000.'
      end;
      if v_problem is not null then
        raise exception 'Field %: %', quote_ident(v_column), v_problem
          using errcode = 'PE024', hint = 'included, label, position, word_class and weight can be said of a field. ' || v_hint;
      end if;
    end loop;
  end loop;

  delete from :PGVECTOR_SCHEMA.document_fields d using jsonb_each(fields) f where d.column_name = f.key and f.value = 'null';
  insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
  select f.key, not (f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(f.key, '_'))
  from jsonb_each(fields) f
  where f.value <> 'null' or f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns())
  on conflict do nothing;
  update :PGVECTOR_SCHEMA.document_fields d
  set
    included = case
      when f.value -> 'included' = 'null' then not (f.key = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(f.key, '_'))
      else coalesce((f.value ->> 'included')::boolean, d.included)
    end,
    label = case when f.value ? 'label' then f.value ->> 'label' else d.label end,
    position = case when f.value ? 'position' then (f.value ->> 'position')::numeric::integer else d.position end,
    word_class = case when f.value ? 'word_class' then f.value ->> 'word_class' else d.word_class end,
    weight = case when f.value ? 'weight' then (f.value ->> 'weight')::double precision else d.weight end
  from jsonb_each(fields) f
  where d.column_name = f.key and f.value <> 'null';

  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.in_document) then
    raise exception 'No column would be left in the document.'
      using errcode = 'PE024', hint = 'Leave one in, or say {"name": null} for the default.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_fields(jsonb) is 'Writes what set_fields() was given to document_fields. Raises PE024.';
--! EndIncluded document/store_fields.sql
--! Included document/change_document.sql
/*
 * One place for every change of what a document is: both texts of each product are rendered in one statement,
 * before and after, and a dry run ends in a subtransaction that is rolled back. A change that is meant leaves
 * queueing to the comparison, so that exactly the products whose text changed are queued.
 */
create or replace function :PGVECTOR_SCHEMA.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
  v_before text;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.document_fields'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  begin
    -- With their places from before, so that the way back leads to the same text.
    perform :PGVECTOR_SCHEMA.remember_order();
    begin
      v_before := :PGVECTOR_SCHEMA.document_query();
    exception when sqlstate 'PE029' then
      -- A hook that is gone must not be in the way of doing without it; nothing can be compared then.
      if not changes_hook then
        raise;
      end if;
    end;
    if fields is not null then
      perform :PGVECTOR_SCHEMA.store_fields(fields);
    end if;
    if changes_hook then
      update :PGVECTOR_SCHEMA.settings s set document_hook = change_document.hook;
    end if;
    execute format(
      $sql$
        with
          changed as materialized (
            select
              a.product_id, a.error, a.texts,
              a.error is null and a.document_hash is distinct from b.document_hash as is_changed,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                :PGVECTOR_SCHEMA.shown_document(b.document, b.texts, b.weights)
              end as before,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                :PGVECTOR_SCHEMA.shown_document(a.document, a.texts, a.weights)
              end as after
            from (%s) a
            left join (%s) b on b.product_id = a.product_id
          )
        select
          count(*),
          count(*) filter (where c.is_changed),
          count(c.error),
          (
            select count(distinct hashtextextended(t.text, 0))
            from changed c
            cross join lateral unnest(c.texts) t (text)
            where c.is_changed and not exists (
              select
              from :PGVECTOR_SCHEMA.text_embeddings e
              where cardinality(c.texts) > 1 and e.model_id = :PGVECTOR_SCHEMA.active_model_id()
                and e.text_hash = sha256(convert_to(t.text, 'UTF8'))
            )
          ),
          (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('product_id', e.product_id, 'before', e.before, 'after', e.after, 'error', e.error)))
            from (
              (select * from changed c where c.is_changed order by c.product_id limit 3)
              union all
              (select * from changed c where c.error is not null order by c.product_id limit 1)
            ) e
          )
        from changed c
      $sql$,
      :PGVECTOR_SCHEMA.document_query(),
      coalesce(v_before, :PGVECTOR_SCHEMA.document_query())
    ) into products, changed_texts, failed, encodings, examples;
    if dry_run then
      raise exception using errcode = 'DRYRN';
    end if;
  exception when sqlstate 'DRYRN' then
    null;
  end;
  minutes := round((encodings / :PGVECTOR_SCHEMA.usual_throughput() / 60)::numeric, 1);
  if not coalesce(dry_run, false) then
    if changes_hook then
      -- What the former hook said of products; those that this one fails for as well are judged anew.
      delete from :PGVECTOR_SCHEMA.product_failures f where f.document_hash is null;
    end if;
    perform :PGVECTOR_SCHEMA.reconcile();
  end if;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.change_document(jsonb, text, boolean, boolean) is
  'Changes fields or hook, or only shows what that would do: live products, how many texts change, of how many the hook fails, distinct texts to encode, minutes that takes at the usual pace, and a few examples. Queues what changed. Raises PE001, PE002, PE005, PE024, PE029.';
--! EndIncluded document/change_document.sql
--! Included document/set_fields.sql
create or replace function :PGVECTOR_SCHEMA.set_fields(fields jsonb, dry_run boolean default false)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A null would change nothing and say so of every product.
  return query select * from :PGVECTOR_SCHEMA.change_document(coalesce(set_fields.fields, 'null'), null, false, set_fields.dry_run);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_fields(jsonb, boolean) is
  'Changes what is in the document, and how: an object of columns with included, label, position, word_class and weight, null for the default. Queues the products whose text changed; dry_run only says what would change. Raises PE001, PE002, PE005, PE024, PE029.';
--! EndIncluded document/set_fields.sql
--! Included document/measure_hook.sql
/*
 * Of up to a hundred products. Every comparison calls the hook for every product, in dbt's run too, so what
 * it costs there is said in minutes.
 */
create or replace function :PGVECTOR_SCHEMA.measure_hook(name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_hook oid := :PGVECTOR_SCHEMA.require_hook(measure_hook.name);
  v_limit double precision := (select s.max_hook_ms from :PGVECTOR_SCHEMA.settings s);
  v_started timestamptz;
  v_called bigint;
  v_failed bigint;
  v_error text;
  v_ms double precision;
  v_products bigint;
begin
  -- The first call plans what it reads.
  execute format(
    'select f.error from (select to_jsonb(s) as product from %s s limit 1) p cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f',
    v_source
  ) into v_error using v_hook;
  v_started := clock_timestamp();
  execute format(
    $sql$
      select count(*), count(f.error), min(f.error)
      from (select to_jsonb(s) as product from %s s limit 100) p
      cross join lateral :PGVECTOR_SCHEMA.call_document_hook($1, p.product) f
    $sql$,
    v_source
  ) into v_called, v_failed, v_error using v_hook;
  v_ms := extract(epoch from clock_timestamp() - v_started) * 1000 / nullif(v_called, 0);

  if v_called > 0 and v_failed = v_called then
    raise exception 'The hook % fails for each of the % products that it was tried on.', measure_hook.name, v_called
      using errcode = 'PE029', detail = v_error, hint = 'Mend it, or set it all the same with force => true: no vector changes while it fails.';
  end if;
  if v_ms > v_limit then
    execute format('select count(*) from %s', v_source) into v_products;
    raise exception 'The hook % takes % ms a product, more than the % of settings.max_hook_ms: % for all % products, at each comparison and in each dbt run.',
      measure_hook.name, round(v_ms::numeric, 1), v_limit, make_interval(secs => round((v_ms * v_products / 1000)::numeric)::double precision), v_products
      using errcode = 'PE029',
        hint = 'Make it faster (an index on what it looks up, a table made by dbt), or set it all the same with force => true.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.measure_hook(text) is
  'Tries a hook on up to a hundred products. Raises PE029 when it fails for all of them, or takes longer than settings.max_hook_ms a product.';
--! EndIncluded document/measure_hook.sql
--! Included document/set_document_hook.sql
create or replace function :PGVECTOR_SCHEMA.set_document_hook(hook text, dry_run boolean default false, force boolean default false)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if set_document_hook.hook is not null then
    perform :PGVECTOR_SCHEMA.require_hook(set_document_hook.hook);
    if not coalesce(set_document_hook.force, false) then
      perform :PGVECTOR_SCHEMA.measure_hook(set_document_hook.hook);
    end if;
  end if;
  return query
    select * from :PGVECTOR_SCHEMA.change_document(null, set_document_hook.hook, true, set_document_hook.dry_run);
end
$$;

comment on function :PGVECTOR_SCHEMA.set_document_hook(text, boolean, boolean) is
  'Names the function (product jsonb) returns jsonb whose fields are added to the documents; null is none. Queues the products whose text changed; dry_run only says what would change; force also takes a slow one. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded document/set_document_hook.sql
--! Included document/document_hook_problem.sql
create or replace function :PGVECTOR_SCHEMA.document_hook_problem() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.document_hook();
  return null;
exception when sqlstate 'PE029' then
  return sqlerrm;
end
$$;

comment on function :PGVECTOR_SCHEMA.document_hook_problem() is 'Why the hook cannot be used any more; null when it can, or when there is none.';
--! EndIncluded document/document_hook_problem.sql

-- words
--! Included words/product_words.sql
/*
 * The words side of search in a table of our own, true without the encoder and fresh long before it
 * during a backfill. No foreign key: the source is dbt's.
 */
create table if not exists :PGVECTOR_SCHEMA.product_words (
  product_id bigint primary key,
  words tsvector not null,
  tokens integer not null,
  label text not null,
  document_hash bytea not null,
  config regconfig not null,
  indexed_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.product_words add column if not exists recipe text not null default '';

-- Without a pending list, which every search would have to read through.
create index if not exists product_words_words_idx on :PGVECTOR_SCHEMA.product_words using gin (words) with (fastupdate = off);
create index if not exists product_words_indexed_at_idx on :PGVECTOR_SCHEMA.product_words (indexed_at);

comment on table  :PGVECTOR_SCHEMA.product_words is 'Each product''s words as they are searched; kept by the worker, see index_words().';
comment on column :PGVECTOR_SCHEMA.product_words.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_words.words is 'Stemmed words (with the class of their column: A those of the name), terms of codes (#…, see code_terms) and whole values (=…, see squash_text).';
comment on column :PGVECTOR_SCHEMA.product_words.tokens is 'Number of words: the length of the document for BM25.';
comment on column :PGVECTOR_SCHEMA.product_words.label is 'Name, codes and what else fits into a hundred characters, folded: what trigrams are compared with.';
comment on column :PGVECTOR_SCHEMA.product_words.document_hash is 'sha256 of the document that the words are from; the words are current while it is that of the product''s document.';
comment on column :PGVECTOR_SCHEMA.product_words.config is 'The text search configuration they were stemmed by (settings.words_config).';
comment on column :PGVECTOR_SCHEMA.product_words.indexed_at is 'When they were taken up.';
comment on column :PGVECTOR_SCHEMA.product_words.recipe is 'The columns whose words counted otherwise than by default (see words_recipe).';
--! EndIncluded words/product_words.sql
--! Included words/words_row.sql
/*
 * plpgsql, which keeps its plans: as one query in language sql it took four times as long.
 */
create or replace function :PGVECTOR_SCHEMA.words_row(
  config regconfig, name text, texts text[], classes text[], out words tsvector, out tokens integer, out label text
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_values text[] := array_prepend(name, texts);
  v_value text;
  v_class text;
  v_terms text[] := '{}';
begin
  words := '';
  foreach v_class in array array['A', 'B', 'C', 'D']
  loop
    v_value := (
      select string_agg(v.value, ' ' order by v.place)
      from unnest(v_values, classes) with ordinality v (value, class, place)
      where coalesce(v.class, 'D') = v_class
    );
    if v_value is not null then
      words := words || setweight(:PGVECTOR_SCHEMA.words_of(config, v_value), v_class::"char");
    end if;
  end loop;
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  label := '';

  foreach v_value in array v_values
  loop
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || :PGVECTOR_SCHEMA.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, '\s+', '-', 'g') else left(v_value, 32768) end
      );
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || :PGVECTOR_SCHEMA.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;

  words := words || array_to_tsvector(v_terms);
  label := :PGVECTOR_SCHEMA.fold_text(label);
end
$$;

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[], text[]) is
  'What product_words holds of a product with this name and these other texts, of which the first class is the name''s and the next ones the texts''; a text without one has D.';
--! EndIncluded words/words_row.sql
--! Included words/words_recipe.sql
/*
 * The words depend on more than the text: another class is another tsvector of the same document, which
 * is not to be encoded for that. By default it is empty, as it is of rows from before there were classes.
 */
create or replace function :PGVECTOR_SCHEMA.words_recipe() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(string_agg(format('%s %s', c.column_name, c.word_class), ', ' order by c.column_name), '')
  from :PGVECTOR_SCHEMA.source_columns c
  where c.word_class <> case when c.column_name = 'name' then 'A' else 'D' end
$$;

comment on function :PGVECTOR_SCHEMA.words_recipe() is 'The columns whose words count otherwise than by default; words are current only by the recipe they were made by.';
--! EndIncluded words/words_recipe.sql
--! Included words/index_words.sql
/*
 * What is current is left alone: a claim calls this for everything that it looks at. The words of
 * a product that is gone stay, as its vector does, and go with it (see sweep_vanished).
 */
create or replace function :PGVECTOR_SCHEMA.index_words(product_ids bigint[] default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_config regconfig := (select s.words_config from :PGVECTOR_SCHEMA.settings s);
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_words();
  execute format(
    $sql$
      with changed as materialized (
        select d.product_id, d.document_hash, d.name, d.word_texts
        from (%s) d
        left join :PGVECTOR_SCHEMA.product_words o
          on o.product_id = d.product_id and o.document_hash = d.document_hash and o.config = $2 and o.recipe = $3
        where %s and o.product_id is null and d.error is null
      )
      insert into :PGVECTOR_SCHEMA.product_words as w (product_id, words, tokens, label, document_hash, config, recipe)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2, $3
      from changed c
      cross join lateral :PGVECTOR_SCHEMA.words_row($2, c.name, c.word_texts, $4) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, recipe = excluded.recipe, indexed_at = now()
    $sql$,
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config, :PGVECTOR_SCHEMA.words_recipe(), :PGVECTOR_SCHEMA.word_classes();
  get diagnostics v_rows = row_count;
  if product_ids is null then
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_words(bigint[]) is
  'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded words/index_words.sql
--! Included words/word_score.sql
/*
 * BM25's form from what the server computes in C: for one word, ts_rank is its weight in the place
 * where it stands (a name counts more than a description) times 1 + 1/4 + 1/9 … over its occurrences,
 * divided by pi²/6. Written as 1 - k / (x + k), in one expression, without a SET clause and with everything
 * in full, so that it is inlined: it runs for every word of every candidate.
 */
create or replace function :PGVECTOR_SCHEMA.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision)
returns double precision
language sql immutable parallel safe
as $$
  select idf * 2.2 * (
    1 - 1.2 * (0.7 + 0.3 * relative_length)
      / (pg_catalog.ts_rank('{0.4, 0.55, 0.7, 1}', words, term) * 1.6449340668482264 + 1.2 * (0.7 + 0.3 * relative_length))
  )
$$;

comment on function :PGVECTOR_SCHEMA.word_score(tsvector, tsquery, double precision, double precision) is
  'What one word adds to the score of a product: BM25 with k1 = 1.2 and b = 0.3, idf being the word''s inverse document frequency and relative_length the product''s number of words by the average; 0 where the word is not.';
--! EndIncluded words/word_score.sql

-- queue
--! Included queue/related_tables.sql
/*
 * By name, as the source is: dbt makes these tables anew too.
 */
create table if not exists :PGVECTOR_SCHEMA.related_tables (
  relation_schema text not null,
  relation_name text not null,
  key_column text not null,
  product_column text not null,
  primary key (relation_schema, relation_name, key_column, product_column)
);

comment on table  :PGVECTOR_SCHEMA.related_tables is 'Tables whose rows are part of what products are: when a row changes, the products with its key are queued. attach_related() writes it.';
comment on column :PGVECTOR_SCHEMA.related_tables.relation_schema is 'Schema of the table.';
comment on column :PGVECTOR_SCHEMA.related_tables.relation_name is 'Name of the table.';
comment on column :PGVECTOR_SCHEMA.related_tables.key_column is 'Its column that products refer to.';
comment on column :PGVECTOR_SCHEMA.related_tables.product_column is 'The column of the source that refers to it.';
--! EndIncluded queue/related_tables.sql
--! Included queue/product_queue.sql
/*
 * Append-only for writers: a change adds a row and never touches another, so two writers cannot
 * wait for each other, deadlock, or wait for a worker, whatever order they write in. (A row a
 * product, upserted, made a reconcile wait for an open writer while holding what the next one
 * needed.) What a row means is decided when it is claimed, from the source as it is then.
 */
create table if not exists :PGVECTOR_SCHEMA.product_queue (
  queue_id bigint not null generated always as identity,
  product_id bigint not null,
  queued_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  attempts integer not null default 0,
  claim_id bigint,
  document_hash bytea
) with (
  -- Rows live for seconds; without this the dead ones of a backfill are scanned at every claim.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05
);

alter table :PGVECTOR_SCHEMA.product_queue
  add column if not exists model_id integer not null default 0,
  -- For who queues a product by hand.
  alter column model_id set default coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
  -- A worker goes along one model's rows, however many wait for another.
  drop constraint if exists product_queue_pkey,
  drop constraint if exists product_queue_key,
  add constraint product_queue_key primary key (model_id, queue_id);

-- Both columns: of a queue that nobody analyzed yet, the planner would look a product up among all of its model.
drop index if exists :PGVECTOR_SCHEMA.product_queue_product_id_idx;
create index product_queue_product_id_idx on :PGVECTOR_SCHEMA.product_queue (product_id, model_id);
create index if not exists product_queue_claim_id_idx on :PGVECTOR_SCHEMA.product_queue (claim_id) where claim_id is not null;

comment on table  :PGVECTOR_SCHEMA.product_queue is 'Products that changed and have not been looked at since; the truth about what is to do, a graphile-worker job is only a wake-up.';
comment on column :PGVECTOR_SCHEMA.product_queue.queue_id is 'Order in which changes are taken up.';
comment on column :PGVECTOR_SCHEMA.product_queue.product_id is 'The product; it may stand here several times, and is encoded once.';
comment on column :PGVECTOR_SCHEMA.product_queue.model_id is 'The model whose vector of it is to be looked at: a row for each of kept_models; 0 before the first worker came.';
comment on column :PGVECTOR_SCHEMA.product_queue.queued_at is 'Start of the transaction that changed the product.';
comment on column :PGVECTOR_SCHEMA.product_queue.available_at is 'Not before this moment: later than queued_at while a failed attempt waits for the next one.';
comment on column :PGVECTOR_SCHEMA.product_queue.attempts is 'How often the product was claimed for encoding without a result.';
comment on column :PGVECTOR_SCHEMA.product_queue.claim_id is 'The claim that holds it (see product_claims); free when that claim is gone or its lease has run out.';
comment on column :PGVECTOR_SCHEMA.product_queue.document_hash is 'sha256 of the document that the claim handed out.';
--! EndIncluded queue/product_queue.sql
--! Included queue/product_claims.sql
/*
 * A claim is a committed lease and never a row lock held: an open transaction that has read the
 * source would make dbt's rename wait for an encoder. One row a claim, so that a sign of life is
 * one update and a release one delete.
 */
create table if not exists :PGVECTOR_SCHEMA.product_claims (
  claim_id bigint generated always as identity primary key,
  worker text not null,
  claimed_at timestamptz not null default now(),
  lease_until timestamptz not null
);

alter table :PGVECTOR_SCHEMA.product_claims add column if not exists model_id integer not null default 0;

comment on table  :PGVECTOR_SCHEMA.product_claims is 'What workers hold at the moment.';
comment on column :PGVECTOR_SCHEMA.product_claims.claim_id is 'Named by the rows of product_queue that it holds.';
comment on column :PGVECTOR_SCHEMA.product_claims.worker is 'Who holds it.';
comment on column :PGVECTOR_SCHEMA.product_claims.model_id is 'The model that it is encoded with.';
comment on column :PGVECTOR_SCHEMA.product_claims.claimed_at is 'Since when.';
comment on column :PGVECTOR_SCHEMA.product_claims.lease_until is 'When others may take it over; moved on with every batch that is stored.';
--! EndIncluded queue/product_claims.sql
--! Included queue/product_failures.sql
create table if not exists :PGVECTOR_SCHEMA.product_failures (
  product_id bigint not null,
  document_hash bytea,
  attempts integer not null,
  error text not null,
  failed_at timestamptz not null default now(),
  set_aside boolean not null
);

alter table :PGVECTOR_SCHEMA.product_failures
  add column if not exists model_id integer not null default 0,
  alter column model_id set default coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0),
  drop constraint if exists product_failures_pkey,
  drop constraint if exists product_failures_key,
  add constraint product_failures_key primary key (product_id, model_id);

comment on table  :PGVECTOR_SCHEMA.product_failures is 'Products that could not be encoded; retry_failed() tries them again, and so does a change of the product.';
comment on column :PGVECTOR_SCHEMA.product_failures.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_failures.model_id is 'The model it was to be encoded with.';
comment on column :PGVECTOR_SCHEMA.product_failures.document_hash is 'sha256 of the document that failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.attempts is 'Attempts at this document so far.';
comment on column :PGVECTOR_SCHEMA.product_failures.error is 'What the last attempt said; never product text.';
comment on column :PGVECTOR_SCHEMA.product_failures.failed_at is 'When the last attempt failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.set_aside is 'True once settings.max_attempts was reached: it is not tried again by itself.';
--! EndIncluded queue/product_failures.sql
--! Included queue/related_relation.sql
create or replace function :PGVECTOR_SCHEMA.related_relation(relation text) returns regclass
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_relation regclass;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if v_parts is null or cardinality(v_parts) <> 2 then
    raise exception '% is not the name of a table with its schema.', coalesce(quote_literal(relation), 'null')
      using errcode = 'PE028', hint = 'select :PGVECTOR_SCHEMA.attach_related(''schema.table'', ''key_column'', ''product_column'');';
  end if;
  select c.oid::regclass into v_relation
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = v_parts[1] and c.relname = v_parts[2] and c.relkind in ('r', 'p', 'v', 'm', 'f');
  if v_relation is null then
    raise exception 'There is no table %.', relation using errcode = 'PE028', hint = 'Build it first: dbt''s hook attaches it again whenever it is made anew.';
  end if;
  if (select c.relkind from pg_class c where c.oid = v_relation) not in ('r', 'p') then
    raise exception '% is no table and cannot have triggers.', v_relation
      using errcode = 'PE028', hint = 'Attach the tables that it reads; what else changes is found by comparing, every few minutes.';
  end if;
  return v_relation;
end
$$;

comment on function :PGVECTOR_SCHEMA.related_relation(text) is 'The table of this name that triggers can be put on. Raises PE028.';
--! EndIncluded queue/related_relation.sql
--! Included queue/related_key_sql.sql
/*
 * Columns of one type are compared as they are, so that an index on the product's serves; two numbers as
 * numbers, so that 12 and 12.00 are one key; anything else as text.
 */
create or replace function :PGVECTOR_SCHEMA.related_key_sql(relation oid, key_column text, product_column text, out key text, out product_key text)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_type oid := (select a.atttypid from pg_attribute a where a.attrelid = relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped);
  v_product_type oid := (select c.type from :PGVECTOR_SCHEMA.source_columns c where c.column_name = product_column);
  v_cast text := case
    when v_type = v_product_type then ''
    when (select bool_and(t.typcategory = 'N') from pg_type t where t.oid in (v_type, v_product_type)) then '::pg_catalog.numeric'
    else '::pg_catalog.text'
  end;
begin
  if v_type is null or v_product_type is null then
    return;
  end if;
  key := format('r.%I%s', key_column, v_cast);
  product_key := format('s.%I%s', product_column, case when v_cast = '::pg_catalog.numeric' then '' else v_cast end);
end
$$;

comment on function :PGVECTOR_SCHEMA.related_key_sql(oid, text, text) is
  'SQL for the key of a row r of a related table and for what a source row s has of it; null when either has no such column.';
--! EndIncluded queue/related_key_sql.sql
--! Included queue/tg__related_changed.sql
/*
 * Security definer, as tg__product_changed is. Whatever goes wrong (no source, a column that is gone) must not
 * cost the writer its statement: the comparison asks the hook about every product and finds the same.
 *
 * A row counts as changed by what a person would see in it; columns of bookkeeping move at every load. A table
 * whose key is the product's own id says itself which products it is about, also of rows that are gone.
 */
create or replace function :PGVECTOR_SCHEMA.tg__related_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
  v_key record;
  v_changed text;
  v_images text;
  v_rows bigint;
  v_queued bigint := 0;
begin
  for v_related in
    select r.key_column, r.product_column
    from :PGVECTOR_SCHEMA.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where c.oid = tg_relid
  loop
    if tg_op = 'TRUNCATE' then
      insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
      select w.product_id, k.model_id from :PGVECTOR_SCHEMA.product_words w cross join :PGVECTOR_SCHEMA.kept_models k;
      get diagnostics v_rows = row_count;
      v_queued := v_queued + v_rows;
      exit;
    end if;

    perform :PGVECTOR_SCHEMA.lock_source();
    v_key := :PGVECTOR_SCHEMA.related_key_sql(tg_relid, v_related.key_column, v_related.product_column);
    continue when v_key.key is null;
    if tg_op = 'UPDATE' then
      select format('row(%s)', string_agg(format('r.%I', a.attname), ', ' order by a.attnum)) into v_images
      from pg_attribute a
      where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
        and (a.attname = v_related.key_column or not (a.attname = any (:PGVECTOR_SCHEMA.bookkeeping_columns()) or starts_with(a.attname, '_')));
      v_changed := format(
        $sql$
          with
            o as materialized (select %1$s as key, %2$s as image from old_rows r),
            n as materialized (select %1$s as key, %2$s as image from new_rows r)
          select o.key from o where not exists (select from n where n.key = o.key and n.image operator(pg_catalog.*=) o.image)
          union
          select n.key from n where not exists (select from o where o.key = n.key and o.image operator(pg_catalog.*=) n.image)
        $sql$,
        v_key.key, v_images
      );
    else
      v_changed := format('select distinct %s from %s r', v_key.key, case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end);
    end if;
    execute format(
      $sql$
        with c (key) as materialized (%s)
        insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
        select distinct q.id, k.model_id
        from :PGVECTOR_SCHEMA.kept_models k
        cross join (select %s as id from %s s where %s in (select c.key from c) %s) q
        where q.id is not null
      $sql$,
      v_changed,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      :PGVECTOR_SCHEMA.require_source(),
      v_key.product_key,
      case
        when v_related.product_column = 'product_id'
          then format('union all select %s from (select c.key as product_id from c) s', :PGVECTOR_SCHEMA.product_id_sql('s'))
      end
    );
    get diagnostics v_rows = row_count;
    v_queued := v_queued + v_rows;
  end loop;
  if v_queued > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return null;
exception when others then
  raise warning 'The products of the changed rows of % could not be queued: %', tg_relid::regclass, sqlerrm
    using hint = 'The worker compares every few minutes by itself and finds them.';
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__related_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__related_changed() is
  'Queues the products whose related rows a statement changed; attached by attach_related().';
--! EndIncluded queue/tg__related_changed.sql
--! Included queue/attach_related_triggers.sql
/*
 * As attach_triggers(): run by the owner of the table, and only what is missing is made.
 */
create or replace function :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema text, relation_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name, t.event, t.attached
    from :PGVECTOR_SCHEMA.related_triggers t
    where t.relation_schema = attach_related_triggers.relation_schema and t.relation_name = attach_related_triggers.relation_name
      and t.relation_oid is not null and t.enabled is not true
  loop
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_trigger.relation, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__related_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_trigger.relation,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  -- The hook reads it with our owner's rights.
  perform :PGVECTOR_SCHEMA.grant_read(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = attach_related_triggers.relation_schema and c.relname = attach_related_triggers.relation_name;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_related_triggers(text, text) is
  'Puts the triggers on a related table that it lacks, and lets us read it; no effect on one that does not exist. Raises 42501 for who does not own it.';
--! EndIncluded queue/attach_related_triggers.sql
--! Included queue/attach_related.sql
create or replace function :PGVECTOR_SCHEMA.attach_related(relation text, key_column text, product_column text default null) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  v_relation regclass := :PGVECTOR_SCHEMA.related_relation(relation);
  v_schema text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_relation);
  v_name text := (select c.relname from pg_class c where c.oid = v_relation);
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_product_column text := coalesce(product_column, key_column);
begin
  if not exists (
    select from pg_attribute a where a.attrelid = v_relation and a.attname = key_column and a.attnum > 0 and not a.attisdropped
  ) then
    raise exception '% has no column %.', v_relation, coalesce(quote_ident(key_column), 'null')
      using errcode = 'PE028',
        hint = (
          select 'It has ' || string_agg(a.attname, ', ' order by a.attnum) || '.'
          from pg_attribute a
          where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped
        );
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = v_product_column) then
    raise exception 'The source of the products, %, has no column %.', v_source, quote_ident(v_product_column)
      using errcode = 'PE028',
        hint = (select 'It has ' || string_agg(c.column_name, ', ' order by c.position) || '.' from :PGVECTOR_SCHEMA.source_columns c);
  end if;
  insert into :PGVECTOR_SCHEMA.related_tables values (v_schema, v_name, key_column, v_product_column) on conflict do nothing;
  perform :PGVECTOR_SCHEMA.attach_related_triggers(v_schema, v_name);
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_related(text, text, text) is
  'From now on a changed row of this table queues the products whose product_column (the same name by default) has the row''s key_column. Run by the table''s owner; safe to repeat. Raises PE001, PE002, PE028, and 42501.';
--! EndIncluded queue/attach_related.sql
--! Included queue/detach_related.sql
create or replace function :PGVECTOR_SCHEMA.detach_related(relation text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts text[];
  v_trigger record;
begin
  begin
    v_parts := parse_ident(relation);
  exception when invalid_parameter_value then
    -- It is none of ours either.
    null;
  end;
  if not exists (select from :PGVECTOR_SCHEMA.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2])) then
    raise exception '% is no related table.', coalesce(relation, 'null')
      using errcode = 'PE028',
        hint = coalesce(
          (select 'There are ' || string_agg(distinct format('%I.%I', r.relation_schema, r.relation_name), ', ') || '.' from :PGVECTOR_SCHEMA.related_tables r),
          'There is none.'
        );
  end if;
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name
    from :PGVECTOR_SCHEMA.related_triggers t
    where t.attached and (t.relation_schema, t.relation_name) = (v_parts[1], v_parts[2])
  loop
    execute format('drop trigger %I on %s', v_trigger.trigger_name, v_trigger.relation);
  end loop;
  delete from :PGVECTOR_SCHEMA.related_tables r where (r.relation_schema, r.relation_name) = (v_parts[1], v_parts[2]);
end
$$;

comment on function :PGVECTOR_SCHEMA.detach_related(text) is
  'Takes our triggers off a related table and forgets it; what changes there is still found by comparing. Raises PE028, and 42501.';
--! EndIncluded queue/detach_related.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares the
 * stored image of just the columns that make the document (rendering both texts made a merge four
 * times slower); everything else is decided when the product is claimed.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_changed text;
  v_rows bigint;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  if tg_relid is distinct from :PGVECTOR_SCHEMA.source_relation()::oid then
    return null;
  end if;

  if tg_op = 'TRUNCATE' then
    v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
  elsif tg_op = 'UPDATE' then
    select format(
      $sql$
        select coalesce(n.id, o.id)
        from (select %1$s as id, row(%2$s) as image from new_rows s) n
        full join (select %1$s as id, row(%2$s) as image from old_rows s) o on o.id = n.id
        where n.id is null or o.id is null or n.image operator(pg_catalog.*<>) o.image
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      string_agg(format('s.%I', c.column_name), ', ' order by c.position)
    ) into v_changed
    from :PGVECTOR_SCHEMA.source_columns c
    -- A hook may look at any column.
    where c.in_document or c.decides_life or exists (select from :PGVECTOR_SCHEMA.settings h where h.document_hook is not null);
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;

  execute format(
    'insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
      select c.id, m.model_id from (%s) c (id) cross join unnest($1) m (model_id) where c.id is not null',
    v_changed
  ) using array(select k.model_id from :PGVECTOR_SCHEMA.kept_models k);
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Queues the products of a statement whose document may have changed; attached by attach().';
--! EndIncluded queue/tg__product_changed.sql
--! Included queue/attach.sql
create or replace function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_related record;
begin
  perform :PGVECTOR_SCHEMA.attach_triggers();
  for v_related in
    select t.relation_schema, t.relation_name, pg_has_role(c.relowner, 'usage') as is_ours
    from :PGVECTOR_SCHEMA.related_triggers t
    join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, c.relowner
  loop
    if v_related.is_ours then
      perform :PGVECTOR_SCHEMA.attach_related_triggers(v_related.relation_schema, v_related.relation_name);
    else
      raise notice 'The related table %.% belongs to another role, which has to attach it: see embedding_status.notes.',
        v_related.relation_schema, v_related.relation_name;
    end if;
  end loop;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source and on related tables that they lack and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded queue/attach.sql
--! Included queue/attach_after_build.sql
/*
 * What dbt's post-hook calls, inside dbt's own transaction. A failure of ours is logged and must not
 * cost the dbt run, unless it is strict about it; triggers and comparison fail apart, so that a table
 * of another owner is compared all the same. A model of the same name in somebody's development
 * schema is not the source and is left alone.
 */
create or replace function :PGVECTOR_SCHEMA.attach_after_build(relation_schema text, relation_name text, strict boolean default false)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued bigint;
  v_is_source boolean := exists (
    select from :PGVECTOR_SCHEMA.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  );
begin
  if not v_is_source and not exists (
    select from :PGVECTOR_SCHEMA.related_tables r
    where r.relation_schema = attach_after_build.relation_schema and r.relation_name = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    if v_is_source then
      perform :PGVECTOR_SCHEMA.attach_triggers();
    end if;
    perform :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema, relation_name);
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see :PGVECTOR_SCHEMA.source_log.';
  end;

  begin
    v_queued := :PGVECTOR_SCHEMA.reconcile();
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('reconcile', sqlerrm);
    raise warning 'The changed products could not be queued: %', sqlerrm
      using hint = 'The worker compares every few minutes by itself; see :PGVECTOR_SCHEMA.source_log.';
  end;

  if strict and v_is_source then
    perform :PGVECTOR_SCHEMA.require_sound_source();
  end if;
  return v_queued;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean) is
  'For a dbt post-hook: attach() if this relation is the source, attach_related() again if it is a related table, in the same transaction; returns how many products were queued, null if it is neither or failed. Fails only when strict, and then also on PE006.';
--! EndIncluded queue/attach_after_build.sql
--! Included queue/reconcile.sql
/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place. Security definer, because dbt's role calls it
 * after a build and needs no right on our tables; what it found is kept for the status.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_log :PGVECTOR_SCHEMA.source_log;
  v_queued_otherwise bigint;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  perform :PGVECTOR_SCHEMA.remember_order();
  perform :PGVECTOR_SCHEMA.note_expressions();

  select q.products, q.missing, q.stale, q.orphans, q.queued
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from :PGVECTOR_SCHEMA.queue_difference(coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0)) q;
  select coalesce(sum(q.queued), 0) into v_queued_otherwise
  from (select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_kept offset 0) m
  cross join lateral :PGVECTOR_SCHEMA.queue_difference(m.model_id) q;

  if v_log.queued + v_queued_otherwise > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;

  select s.unusable_ids, s.duplicate_ids, s.document_columns
  into v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns
  from :PGVECTOR_SCHEMA.source_shape() s;
  select bool_and(t.enabled is true) into v_log.triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;

  insert into :PGVECTOR_SCHEMA.source_log (
    event, source_oid, triggers_attached, products, missing, stale, orphans, queued, unusable_ids, duplicate_ids, document_columns, seconds
  )
  values (
    'reconcile', v_log.source_oid, v_log.triggers_attached, v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued,
    v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns, round(extract(epoch from clock_timestamp() - v_started)::numeric, 3)
  );
  return v_log.queued;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile() from public;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors, of all models that are kept, and queues what differs; returns how many products it queued for the active one. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005, PE029.';
--! EndIncluded queue/reconcile.sql
--! Included queue/fail_products.sql
create or replace function :PGVECTOR_SCHEMA.fail_products(claim_id bigint, product_ids bigint[], errors text[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_set_aside bigint;
  v_next timestamptz;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.model_id, q.document_hash, q.attempts
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.model_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id, model_id) do update
      set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
        failed_at = now(), set_aside = excluded.set_aside
      returning f.product_id, f.attempts, f.set_aside
    ),
    waiting as (
      update :PGVECTOR_SCHEMA.product_queue q
      set claim_id = null,
        available_at = now() + v_settings.retry_after * power(2, least(f.attempts - 1, 20))
      from held h
      join failed f on f.product_id = h.product_id
      where q.model_id = h.model_id and q.queue_id = h.queue_id and not f.set_aside
      returning q.available_at
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q
      using held h, failed f
      where q.model_id = h.model_id and q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select (select count(*) from failed f where f.set_aside), (select min(w.available_at) from waiting w)
  into v_set_aside, v_next;

  if v_next is not null then
    perform :PGVECTOR_SCHEMA.wake_worker(v_next);
  end if;
  perform :PGVECTOR_SCHEMA.note_activity(claim_id, 0, cardinality(product_ids));
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_set_aside;
end
$$;

comment on function :PGVECTOR_SCHEMA.fail_products(bigint, bigint[], text[]) is
  'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';
--! EndIncluded queue/fail_products.sql
--! Included queue/index_queued_words.sql
/*
 * Ahead of the encoder, which is a hundred times slower: a product is found by its words within
 * seconds, however long the queue is. It may miss a row that is committed late; the claim that takes
 * that row up does its words as well.
 */
create or replace function :PGVECTOR_SCHEMA.index_queued_words(after bigint default 0, max_products integer default 3000)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_ids bigint[];
  v_model_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  v_last bigint;
begin
  select array_agg(distinct q.product_id), max(q.queue_id) into v_ids, v_last
  from (
    select q.product_id, q.queue_id
    from :PGVECTOR_SCHEMA.product_queue q
    -- Each change is there once more for every other model.
    where q.queue_id > index_queued_words.after and q.model_id = v_model_id
    order by q.queue_id
    limit max_products
  ) q;
  if v_last is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  else
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_last;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_queued_words(bigint, integer) is
  'Takes up the words of queued products from behind a queue_id on; returns the queue_id to go on from, null when there is none. Raises PE001, PE002, PE005.';
--! EndIncluded queue/index_queued_words.sql
--! Included queue/queue_difference.sql
create or replace function :PGVECTOR_SCHEMA.queue_difference(model_id integer)
returns table (products bigint, missing bigint, stale bigint, orphans bigint, queued bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  return query execute format(
    $sql$
      with
        difference as materialized (
          select d.product_id, d.state, d.document_hash, d.has_words from :PGVECTOR_SCHEMA.embedding_difference($1) d
        ),
        queued as (
          insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
          select d.product_id, $1
          from difference d
          left join :PGVECTOR_SCHEMA.%I e on e.product_id = d.product_id
          left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id and f.model_id = $1
          where
            case d.state
              -- A vanished product that is already marked waits for its grace period, not for a worker.
              when 'orphan' then e.vanished_at is null
              -- One that came back still has to lose its mark, one that a hook no longer fails its failure; the words
              -- of another may be missing.
              when 'current' then e.vanished_at is not null or d.has_words is not true and $2 or f.product_id is not null
              else true
            end
            and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
            -- Not what waits already, nor what is being encoded from the text that it has now.
            and not exists (
              select
              from :PGVECTOR_SCHEMA.product_queue q
              where q.product_id = d.product_id and q.model_id = $1
                and (q.claim_id is null or q.document_hash = d.document_hash)
            )
          returning product_id
        )
      select
        count(*) filter (where d.state <> 'orphan'),
        count(*) filter (where d.state = 'missing'),
        count(*) filter (where d.state = 'stale'),
        count(*) filter (where d.state = 'orphan'),
        (select count(*) from queued)
      from difference d
    $sql$,
    :PGVECTOR_SCHEMA.embeddings_table(queue_difference.model_id)
  ) using queue_difference.model_id, queue_difference.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_difference(integer) is
  'Compares the source with the vectors of a model (0: before there is one) and queues what differs; returns what it found and how many products it queued. Part of reconcile(). Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/queue_difference.sql
--! Included queue/queue_summary.sql
/*
 * A dashboard looks every few seconds, also while a million products wait. Looking each of them up
 * costs four microseconds, so past 20,000 rows of the queue it is rows that are counted, and how many
 * of them have a vector is left null unless it has to be exact.
 */
create or replace function :PGVECTOR_SCHEMA.queue_summary(exact boolean)
returns table (queued bigint, claimed bigint, failed bigint, oldest timestamptz, with_vector bigint, without_vector bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
begin
  select count(*), count(*) filter (where c.lease_until > clock_timestamp()), min(q.queued_at)
  into queued, claimed, oldest
  from :PGVECTOR_SCHEMA.product_queue q
  left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
  where q.model_id = v_model_id;
  select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.set_aside and f.model_id = v_model_id;

  if exact or queued + failed <= 20000 then
    select count(*) filter (where w.waits), count(*) filter (where w.claimed), count(e.product_id), count(*) - count(e.product_id)
    into queued, claimed, with_vector, without_vector
    from (
      select u.product_id, bool_or(u.waits) as waits, bool_or(u.claimed) as claimed
      from (
        select q.product_id, true as waits, c.lease_until > clock_timestamp() as claimed
        from :PGVECTOR_SCHEMA.product_queue q
        left join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
        where q.model_id = v_model_id
        union all
        select f.product_id, false, false from :PGVECTOR_SCHEMA.product_failures f where f.set_aside and f.model_id = v_model_id
      ) u
      group by u.product_id
    ) w
    left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = w.product_id;
  end if;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.queue_summary(boolean) is
  'What waits for the active model, is claimed and failed, since when, and how many of these products have a vector already. Not exact: rows instead of products, and no vectors looked up, past 20,000 rows.';
--! EndIncluded queue/queue_summary.sql
--! Included queue/retry_failed.sql
create or replace function :PGVECTOR_SCHEMA.retry_failed(product_id bigint default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_rows bigint;
begin
  with
    forgiven as (
      delete from :PGVECTOR_SCHEMA.product_failures f
      where retry_failed.product_id is null or f.product_id = retry_failed.product_id
      returning f.product_id, f.model_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update :PGVECTOR_SCHEMA.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.model_id = f.model_id and q.claim_id is null
    )
  insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
  select f.product_id, f.model_id from forgiven f;
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.retry_failed(bigint) is
  'Tries failed products again at once, all of them when null; returns how many.';
--! EndIncluded queue/retry_failed.sql
--! Included queue/full_pass.sql
/*
 * The Python pipeline's nightly run, for whoever wants one: also what was set aside gets another
 * chance, since the reason may have been the worker's and not the product's.
 */
create or replace function :PGVECTOR_SCHEMA.full_pass() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_retried bigint := :PGVECTOR_SCHEMA.retry_failed();
begin
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  perform :PGVECTOR_SCHEMA.lock_words();
  -- Of products that went before they had a vector.
  delete from :PGVECTOR_SCHEMA.product_words w
  where not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = w.product_id)
    and not exists (select from :PGVECTOR_SCHEMA.product_documents() d where d.product_id = w.product_id);
  perform :PGVECTOR_SCHEMA.sweep_texts();
  return v_retried + :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.full_pass() is
  'Tries failed products again, deletes vectors past their grace and queues what differs; returns how many products were queued. Raises PE001, PE002, PE003, PE005.';
--! EndIncluded queue/full_pass.sql
--! Included queue/tg__product_replicated.sql
/*
 * On the target of a subscription, whose apply worker fires no statement triggers: a row at a time, so
 * it must be cheap. No SQL is generated, the claim finds what did not change, and a transaction wakes
 * the worker once.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_replicated() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_old text;
  v_new text;
begin
  -- A partition fires for its table.
  if tg_relid is distinct from v_source
    and not exists (select from pg_partition_ancestors(tg_relid) a where a.relid = v_source)
  then
    return null;
  end if;
  if tg_op = 'UPDATE' and not old operator(pg_catalog.*<>) new then
    return null;
  end if;
  if tg_op <> 'DELETE' then
    v_new := btrim(new.product_id::text);
  end if;
  if tg_op <> 'INSERT' then
    v_old := btrim(old.product_id::text);
  end if;

  if v_new ~ '^-?[0-9]{1,18}([.]0*)?$' then
    insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
    select split_part(v_new, '.', 1)::bigint, k.model_id from :PGVECTOR_SCHEMA.kept_models k;
  end if;
  if v_old is distinct from v_new and v_old ~ '^-?[0-9]{1,18}([.]0*)?$' then
    insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
    select split_part(v_old, '.', 1)::bigint, k.model_id from :PGVECTOR_SCHEMA.kept_models k;
  end if;
  if current_setting('product_embeddings.woken', true) is distinct from pg_current_xact_id()::text then
    perform :PGVECTOR_SCHEMA.wake_worker();
    perform set_config('product_embeddings.woken', pg_current_xact_id()::text, true);
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_replicated() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_replicated() is
  'Queues the product of a row that a subscription wrote; attached by attach() to a subscription''s target.';
--! EndIncluded queue/tg__product_replicated.sql
--! Included queue/attach_triggers.sql
/*
 * Security invoker: only the owner of the table may put triggers on it. Creates just what is
 * missing, because every trigger made takes a lock that writers wait for.
 */
create or replace function :PGVECTOR_SCHEMA.attach_triggers() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_trigger record;
  v_changed boolean := false;
begin
  perform :PGVECTOR_SCHEMA.grant_source();
  if (select c.relkind from pg_class c where c.oid = v_source) not in ('r', 'p') then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
    return;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached, t.level, t.must_be_always
    from :PGVECTOR_SCHEMA.source_triggers t
    where t.enabled is not true
  loop
    v_changed := true;
    if not v_trigger.attached then
      execute format(
        'create or replace trigger %I after %s on %s %s for each %s execute function :PGVECTOR_SCHEMA.%I()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case
          when v_trigger.level = 'row' then ''
          when v_trigger.event = 'insert' then 'referencing new table as new_rows'
          when v_trigger.event = 'update' then 'referencing old table as old_rows new table as new_rows'
          when v_trigger.event = 'delete' then 'referencing old table as old_rows'
          else ''
        end,
        v_trigger.level,
        case v_trigger.level when 'row' then 'tg__product_replicated' else 'tg__product_changed' end
      );
    end if;
    if v_trigger.attached or v_trigger.must_be_always then
      execute format(
        'alter table %s enable %s trigger %I', v_source, case when v_trigger.must_be_always then 'always' else '' end, v_trigger.trigger_name
      );
    end if;
  end loop;
  if v_changed then
    insert into :PGVECTOR_SCHEMA.source_log (event, source_oid, triggers_attached) values ('attach', v_source, true);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_triggers() is
  'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';
--! EndIncluded queue/attach_triggers.sql
--! Included queue/detach.sql
create or replace function :PGVECTOR_SCHEMA.detach() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_trigger_name text;
begin
  -- Also those of the other level, from before the table was a subscription's or from then.
  for v_trigger_name in
    select g.tgname
    from pg_trigger g
    join pg_proc p on p.oid = g.tgfoid
    join pg_namespace n on n.oid = p.pronamespace
    where g.tgrelid = v_source and n.nspname = ':PGVECTOR_SCHEMA' and p.proname in ('tg__product_changed', 'tg__product_replicated')
  loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.detach() is
  'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';
--! EndIncluded queue/detach.sql
--! Included queue/claimable_queue.sql
create or replace view :PGVECTOR_SCHEMA.claimable_queue as
  select q.queue_id, q.product_id, q.queued_at, q.model_id
  from :PGVECTOR_SCHEMA.product_queue q
  where q.available_at <= now()
    -- Not a product of which another row is held: two workers must never have one product at once.
    and not exists (
      select
      from :PGVECTOR_SCHEMA.product_queue held
      join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = held.claim_id
      where held.product_id = q.product_id and held.model_id = q.model_id and c.lease_until > pg_catalog.clock_timestamp()
    );

comment on view :PGVECTOR_SCHEMA.claimable_queue is 'The rows of product_queue that a worker could take up now.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queue_id is 'Order in which they are taken up.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queued_at is 'Since when it waits.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.model_id is 'For which model.';
--! EndIncluded queue/claimable_queue.sql
--! Included queue/related_triggers.sql
create or replace view :PGVECTOR_SCHEMA.related_triggers as
  select
    r.relation_schema,
    r.relation_name,
    c.oid as relation_oid,
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled in ('O', 'A') as enabled
  from (select distinct a.relation_schema, a.relation_name from :PGVECTOR_SCHEMA.related_tables a) r
  cross join (
    values
      ('_510_related_insert', 'insert'),
      ('_510_related_update', 'update'),
      ('_510_related_delete', 'delete'),
      ('_510_related_truncate', 'truncate')
  ) w (trigger_name, event)
  left join pg_catalog.pg_class c
    on c.relname = r.relation_name
    and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = r.relation_schema)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = c.oid
    and t.tgname = w.trigger_name
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = 'tg__related_changed'
    );

comment on view :PGVECTOR_SCHEMA.related_triggers is 'The triggers that the related tables should have, and whether they have them now.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_schema is 'Schema of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_name is 'Name of the table.';
comment on column :PGVECTOR_SCHEMA.related_triggers.relation_oid is 'The table as it is now; null while it does not exist.';
comment on column :PGVECTOR_SCHEMA.related_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.related_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.related_triggers.attached is 'Whether the table has it.';
comment on column :PGVECTOR_SCHEMA.related_triggers.enabled is 'Whether it fires; null when it is not attached.';
--! EndIncluded queue/related_triggers.sql
--! Included queue/source_triggers.sql
/*
 * What a subscription writes fires triggers only if they fire always, and only those for each row:
 * statement triggers come with its first copy and never again (but truncate, which has no others).
 */
create or replace view :PGVECTOR_SCHEMA.source_triggers as
  select
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled = 'A' or t.tgenabled = 'O' and not r.is_replicated as enabled,
    case when w.for_each_row then 'row' else 'statement' end as level,
    r.is_replicated as must_be_always
  from (select :PGVECTOR_SCHEMA.source_is_replicated()) r (is_replicated)
  cross join lateral (
    values
      ('_500_embed_insert', 'insert', r.is_replicated),
      ('_500_embed_update', 'update', r.is_replicated),
      ('_500_embed_delete', 'delete', r.is_replicated),
      ('_500_embed_truncate', 'truncate', false)
  ) w (trigger_name, event, for_each_row)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = :PGVECTOR_SCHEMA.source_relation()
    and t.tgname = w.trigger_name
    -- The bit of tgtype that says for each row.
    and (t.tgtype & 1 = 1) = w.for_each_row
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = case when w.for_each_row then 'tg__product_replicated' else 'tg__product_changed' end
    );

comment on view :PGVECTOR_SCHEMA.source_triggers is 'The triggers that the source should have, and whether it has them now.';
comment on column :PGVECTOR_SCHEMA.source_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.source_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.source_triggers.attached is 'Whether the source has it.';
comment on column :PGVECTOR_SCHEMA.source_triggers.enabled is 'Whether it fires, on the target of a subscription also for what that writes; null when it is not attached.';
comment on column :PGVECTOR_SCHEMA.source_triggers.level is 'Whether it fires for each statement, or, on the target of a subscription, for each row.';
comment on column :PGVECTOR_SCHEMA.source_triggers.must_be_always is 'Whether it has to be enabled always, as on the target of a subscription.';
--! EndIncluded queue/source_triggers.sql

-- models
--! Included models/embedding_models.sql
create table if not exists :PGVECTOR_SCHEMA.embedding_models (
  model_id integer generated always as identity primary key,
  name text not null,
  revision text not null,
  precision text not null,
  dimension integer not null check (dimension > 0),
  pooling text not null,
  max_tokens integer not null check (max_tokens > 0),
  is_active boolean not null default false,
  registered_at timestamptz not null default now()
);

alter table :PGVECTOR_SCHEMA.embedding_models
  add column if not exists query_prefix text not null default '',
  add column if not exists passage_prefix text not null default '',
  add column if not exists path text,
  add column if not exists is_kept boolean not null default false,
  add column if not exists activated_at timestamptz,
  add column if not exists spelled_out double precision check (spelled_out between 0 and 1),
  add column if not exists error text,
  drop constraint if exists embedding_models_name_revision_precision_pooling_max_tokens_key,
  drop constraint if exists embedding_models_identity_key,
  add constraint embedding_models_identity_key
    unique (name, revision, precision, pooling, max_tokens, query_prefix, passage_prefix);

create unique index if not exists embedding_models_active_idx on :PGVECTOR_SCHEMA.embedding_models (is_active) where is_active;

comment on table  :PGVECTOR_SCHEMA.embedding_models is 'The models that vectors came from, each with all that makes its vectors comparable; a worker registers what it loaded.';
comment on column :PGVECTOR_SCHEMA.embedding_models.model_id is 'Named by each vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.name is 'Model id as on the hub (EMBEDDING_MODEL).';
comment on column :PGVECTOR_SCHEMA.embedding_models.revision is 'Start of the sha256 of the model''s ONNX file: other weights are another model.';
comment on column :PGVECTOR_SCHEMA.embedding_models.precision is 'How the weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.embedding_models.dimension is 'Components of a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.pooling is 'How the vectors of a text''s tokens become one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.max_tokens is 'Tokens that are read of a text; the rest is cut off.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_active is 'True for the one that is searched.';
comment on column :PGVECTOR_SCHEMA.embedding_models.registered_at is 'When a worker first came with it.';
comment on column :PGVECTOR_SCHEMA.embedding_models.query_prefix is 'What the model wants in front of a query, such as "query: " of the e5 models.';
comment on column :PGVECTOR_SCHEMA.embedding_models.passage_prefix is 'What it wants in front of a document.';
comment on column :PGVECTOR_SCHEMA.embedding_models.path is 'The folder that it was last loaded from, if it was one that the settings or prepare_model() named; null where its name is enough.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_kept is 'Whether it is not the active one and its vectors are kept true all the same, in a table of its own (see embeddings_table): one that is prepared, or the former one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.activated_at is 'When it last became the active one; null for one that never was.';
comment on column :PGVECTOR_SCHEMA.embedding_models.spelled_out is 'Of the letters of a sample of documents, the share that its tokenizer spells out one by one or does not know: from a half on it is the wrong model for this language.';
comment on column :PGVECTOR_SCHEMA.embedding_models.error is 'Why no worker could load it when it was last tried; null when one did.';
--! EndIncluded models/embedding_models.sql
--! Included models/model_preparation.sql
/*
 * A model that was asked for and that no worker has loaded yet has no number, dimension or revision: it is
 * a name. One at a time, since it costs encoding all products and one is enough to change to.
 */
create table if not exists :PGVECTOR_SCHEMA.model_preparation (
  singleton boolean primary key default true check (singleton),
  model text not null,
  requested_at timestamptz not null default now(),
  model_id integer,
  attempts integer not null default 0,
  error text
);

comment on table  :PGVECTOR_SCHEMA.model_preparation is 'The model that prepare_model() asked for, until it is activated or dropped; at most one row.';
comment on column :PGVECTOR_SCHEMA.model_preparation.singleton is 'Always true: there is one row at the most.';
comment on column :PGVECTOR_SCHEMA.model_preparation.model is 'Its name, or the folder with its files on the worker''s machine.';
comment on column :PGVECTOR_SCHEMA.model_preparation.requested_at is 'When it was asked for.';
comment on column :PGVECTOR_SCHEMA.model_preparation.model_id is 'Its number, once a worker has loaded it; null until then.';
comment on column :PGVECTOR_SCHEMA.model_preparation.attempts is 'How often a worker tried to load it; it tries again every minute.';
comment on column :PGVECTOR_SCHEMA.model_preparation.error is 'What the last attempt said.';
--! EndIncluded models/model_preparation.sql
--! Included models/activate_model.sql
/*
 * Renames two tables, so that every query, grant and dbt model goes on under the name it knows. All
 * that takes time is done before the locks; what waits behind them waits for a second or two at the most,
 * since a lock that is not to be had is given up and asked for again.
 */
create or replace function :PGVECTOR_SCHEMA.activate_model(model text default null, force boolean default false) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
#variable_conflict use_column
declare
  v_to :PGVECTOR_SCHEMA.embedding_models;
  v_from :PGVECTOR_SCHEMA.embedding_models;
  v_table text;
  v_former text;
  v_gaps record;
  v_from_products bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
  v_bound text;
  v_views text[];
  v_statement text;
begin
  if activate_model.model is null and not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null) then
    raise exception 'No model is prepared.'
      using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');  and then see: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  select m.* into strict v_to
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.model_id = case
    when activate_model.model is null then (select p.model_id from :PGVECTOR_SCHEMA.model_preparation p)
    else :PGVECTOR_SCHEMA.find_model(activate_model.model)
  end;
  if v_to.is_active then
    return format('%s is the active model already.', v_to.name);
  end if;
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_to.model_id);

  if force is not true then
    select * into v_gaps from :PGVECTOR_SCHEMA.model_gaps(v_to.model_id);
    if v_gaps.missing + v_gaps.stale > 0 then
      raise exception 'The model % is not complete: % products have no vector of it and % an outdated one.', v_to.name, v_gaps.missing, v_gaps.stale
        using errcode = 'PE032',
          hint = 'The worker is at it: select * from :PGVECTOR_SCHEMA.model_status;  To have it all the same, with these products missing from search: select :PGVECTOR_SCHEMA.activate_model(force => true);';
    end if;
    if not :PGVECTOR_SCHEMA.has_index(v_to.model_id)
      and (:PGVECTOR_SCHEMA.search_index() is not null or :PGVECTOR_SCHEMA.has_vectors(v_to.model_id, v_from_products))
    then
      raise exception 'The vectors of % have no index for search yet.', v_to.name
        using errcode = 'PE032',
          hint = format(
            'The worker builds it within the hour if its role owns the table; or at once, in psql: select :PGVECTOR_SCHEMA.index_sql(model_id => %s) \gexec  Without it each search reads all vectors: select :PGVECTOR_SCHEMA.activate_model(force => true);',
            v_to.model_id
          );
    end if;
  end if;
  select string_agg(format('%s %s', d.kind, d.relation), ', ' order by d.relation) into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null and force is not true then
    raise exception 'Bound to the table of vectors and not able to follow the change of model: %.', v_bound
      using errcode = 'PE033',
        hint = 'Drop them, activate, and make them again (dbt run does), or leave them on the former model: select :PGVECTOR_SCHEMA.activate_model(force => true);';
  end if;
  -- As they are written now: after the change their text would name the table that they are bound to.
  select array_agg(
    format(
      'create or replace view %s%s as %s',
      d.relation, ' with (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', pg_get_viewdef(c.oid)
    )
  ) into v_views
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  join pg_class c on c.oid = d.relation::regclass
  where d.can_follow;
  execute format('analyze :PGVECTOR_SCHEMA.%I', v_table);

  for v_try in 1 .. 5 loop
    begin
      perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
      execute format('lock table :PGVECTOR_SCHEMA.%I in access exclusive mode', v_table);
      -- Longer than deadlock_timeout, after which an autovacuum gives way.
      perform set_config('lock_timeout', '1500ms', true);
      lock table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE in access exclusive mode;
      exit;
    exception when lock_not_available then
      if v_try = 5 then
        raise exception 'Somebody is using the table of vectors for longer than a search takes.'
          using errcode = 'PE034',
            hint = 'Call it again. Who it is: select pid, state, xact_start, query from pg_stat_activity where pid in (select pid from pg_locks where relation = '':PGVECTOR_SCHEMA.:PGVECTOR_TABLE''::regclass);';
      end if;
      perform pg_sleep(0.2 + 0.3 * random());
    end;
  end loop;

  select m.* into v_from from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_from.model_id = v_to.model_id or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_to.model_id) then
    raise exception 'The models were changed meanwhile.'
      using errcode = 'PE034', hint = 'See how they stand: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  v_former := ':PGVECTOR_TABLE' || '_' || v_from.model_id;
  execute format('alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE rename to %I', v_former);
  perform :PGVECTOR_SCHEMA.rename_indexes(v_former, ':PGVECTOR_TABLE');
  execute format('alter table :PGVECTOR_SCHEMA.%I rename to :PGVECTOR_TABLE', v_table);
  perform :PGVECTOR_SCHEMA.rename_indexes(':PGVECTOR_TABLE', v_table);
  -- What was granted on the one after the other was made.
  perform :PGVECTOR_SCHEMA.copy_grants(v_former, ':PGVECTOR_TABLE');

  update :PGVECTOR_SCHEMA.embedding_models m
  set is_active = false, is_kept = true, activated_at = coalesce(m.activated_at, m.registered_at)
  where m.model_id = v_from.model_id;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true, is_kept = false, activated_at = clock_timestamp() where m.model_id = v_to.model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_to.model_id;
  foreach v_statement in array coalesce(v_views, '{}') loop
    execute v_statement;
  end loop;
  perform :PGVECTOR_SCHEMA.wake_worker();
  return format('%s is active. %s is kept true: select :PGVECTOR_SCHEMA.rollback_model(); or, when it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);',
    v_to.name, v_from.name, v_from.model_id::text);
end
$$;

comment on function :PGVECTOR_SCHEMA.activate_model(text, boolean) is
  'Makes the prepared model, or another whose vectors are kept, the one that is searched, in one step; the former one is kept true until drop_model(). Returns what was done. Only for the owner. Raises PE031, PE032 while it is not complete or has no index, PE033 for views that cannot follow (neither when forced), PE034 when the table is in use.';
--! EndIncluded models/activate_model.sql
--! Included models/begin_preparation.sql
/*
 * Security definer: the table is to belong to who owns the first one, which the worker's role need not.
 */
create or replace function :PGVECTOR_SCHEMA.begin_preparation(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if not exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    return null;
  end if;
  perform :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    begin_preparation.name, begin_preparation.revision, begin_preparation.precision, begin_preparation.dimension,
    begin_preparation.pooling, begin_preparation.max_tokens, begin_preparation.query_prefix, begin_preparation.passage_prefix,
    begin_preparation.path
  );
  if exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = v_model_id) then
    raise exception 'Vectors of the model % (revision %) are kept already.', begin_preparation.name, begin_preparation.revision
      using errcode = 'PE030',
        hint = format(
          'select * from :PGVECTOR_SCHEMA.model_status;  If it is the former one: select :PGVECTOR_SCHEMA.rollback_model();  This request is taken back by: select :PGVECTOR_SCHEMA.drop_model(%L);',
          begin_preparation.name
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = true, activated_at = null where m.model_id = v_model_id;
  update :PGVECTOR_SCHEMA.model_preparation p set model_id = v_model_id, error = null;
  perform :PGVECTOR_SCHEMA.create_vector_table(:PGVECTOR_SCHEMA.embeddings_table(v_model_id), begin_preparation.dimension);
  perform :PGVECTOR_SCHEMA.copy_grants(':PGVECTOR_TABLE', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  return v_model_id;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) from public;

comment on function :PGVECTOR_SCHEMA.begin_preparation(text, text, text, integer, text, integer, text, text, text) is
  'For the worker that loaded the model of model_preparation: registers it and makes its table; returns its id, null when there is nothing to begin. Then reconcile() queues its products. Raises PE003, and PE030 for a model whose vectors are kept already.';
--! EndIncluded models/begin_preparation.sql
--! Included models/copy_grants.sql
create or replace function :PGVECTOR_SCHEMA.copy_grants(from_table text, to_table text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant record;
begin
  for v_grant in
    select
      g.privilege_type,
      case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee,
      case when g.is_grantable then ' with grant option' else '' end as option
    from pg_class c
    cross join lateral aclexplode(c.relacl) g
    left join pg_roles r on r.oid = g.grantee
    where c.oid = to_regclass(format(':PGVECTOR_SCHEMA.%I', from_table)) and g.grantee <> c.relowner
  loop
    execute format('grant %s on :PGVECTOR_SCHEMA.%I to %s%s', v_grant.privilege_type, to_table, v_grant.grantee, v_grant.option);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_grants(text, text) is 'Grants on one table of our schema what is granted on another.';
--! EndIncluded models/copy_grants.sql
--! Included models/drop_model.sql
create or replace function :PGVECTOR_SCHEMA.drop_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model = drop_model.model and p.model_id is null;
  if found then
    return;
  end if;
  v_model_id := :PGVECTOR_SCHEMA.find_model(drop_model.model);
  if v_model_id = :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'The model % is the active one.', drop_model.model
      using errcode = 'PE031', hint = 'Only one that is prepared, or the former one, can be dropped: select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  execute format('drop table if exists :PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id));
  update :PGVECTOR_SCHEMA.embedding_models m set is_kept = false, activated_at = null where m.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.model_preparation p where p.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_queue q where q.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.text_embeddings t where t.model_id = v_model_id;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.drop_model(text) is
  'Gives up a model that is prepared, or the former one, with its vectors: by name, folder or number. Raises PE031 for the active one and for one that is not kept.';
--! EndIncluded models/drop_model.sql
--! Included models/embeddings_dependents.sql
/*
 * A view is bound to the table and not to its name: after a change of model it would go on showing the
 * former one. A plain view that we own is made anew by activate_model(); what cannot be is for its owner
 * to drop before and to make again, as dbt does at its next run.
 */
create or replace function :PGVECTOR_SCHEMA.embeddings_dependents()
returns table (relation text, kind text, can_follow boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct
    d.relation::regclass::text,
    case d.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'foreign key' end,
    d.relkind = 'v' and pg_has_role(d.relowner, 'usage')
      -- A column of another dimension is of another type, which a view cannot take over.
      and not exists (
        select
        from pg_attribute a
        where a.attrelid = d.relation and a.attnum > 0 and a.atttypid = ':VECTOR_SCHEMA.vector'::regtype and a.atttypmod <> -1
          and a.atttypmod is distinct from coalesce((
            select m.dimension
            from :PGVECTOR_SCHEMA.model_preparation p
            join :PGVECTOR_SCHEMA.embedding_models m on m.model_id = p.model_id
          ), a.atttypmod)
      )
  from (
    select c.oid as relation, c.relkind, c.relowner
    from pg_depend p
    join pg_rewrite r on r.oid = p.objid
    join pg_class c on c.oid = r.ev_class
    where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_class'::regclass
      and p.refobjid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and c.oid <> p.refobjid
    union all
    select f.conrelid, 'f', null
    from pg_constraint f
    where f.contype = 'f' and f.confrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE')
  ) d
  order by 1
$$;

comment on function :PGVECTOR_SCHEMA.embeddings_dependents() is
  'Views, materialized views and foreign keys that are bound to the table of vectors, and whether activate_model() takes them along; the others have to be dropped before it, and made again after.';
--! EndIncluded models/embeddings_dependents.sql
--! Included models/embeddings_table.sql
/*
 * By name and not by number: activating a model renames the tables, so that everybody's queries go on
 * under the name that they know. Who writes calls lock_models() first.
 */
create or replace function :PGVECTOR_SCHEMA.embeddings_table(model_id integer default null) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(embeddings_table.model_id, 0) = 0 or embeddings_table.model_id = :PGVECTOR_SCHEMA.active_model_id() then
    return ':PGVECTOR_TABLE';
  end if;
  if not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = embeddings_table.model_id and m.is_kept) then
    raise exception 'No vectors are kept of a model %.', embeddings_table.model_id
      using errcode = 'PE031', hint = 'select model_id, name, state from :PGVECTOR_SCHEMA.model_status;';
  end if;
  return ':PGVECTOR_TABLE' || '_' || embeddings_table.model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.embeddings_table(integer) is
  'Name of the table in our schema that holds a model''s vectors: :PGVECTOR_TABLE for the active one, for null and for 0, else that with the model''s number behind it. Raises PE031 for a model of which none are kept.';
--! EndIncluded models/embeddings_table.sql
--! Included models/fail_model.sql
create or replace function :PGVECTOR_SCHEMA.fail_model(model_id integer, error text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_models m
  set error = left(fail_model.error, 1000)
  where m.model_id = fail_model.model_id and m.error is distinct from left(fail_model.error, 1000)
$$;

comment on function :PGVECTOR_SCHEMA.fail_model(integer, text) is 'Notes why a worker could not load a model whose vectors are kept; null when it could.';
--! EndIncluded models/fail_model.sql
--! Included models/fail_preparation.sql
create or replace function :PGVECTOR_SCHEMA.fail_preparation(error text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.model_preparation p
  set attempts = p.attempts + 1, error = left(fail_preparation.error, 1000)
  where p.model_id is null
$$;

comment on function :PGVECTOR_SCHEMA.fail_preparation(text) is 'Notes that a worker could not load the model that is to be prepared, and why.';
--! EndIncluded models/fail_preparation.sql
--! Included models/find_model.sql
create or replace function :PGVECTOR_SCHEMA.find_model(model text) returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids integer[];
begin
  select array_agg(m.model_id order by m.model_id) into v_ids
  from :PGVECTOR_SCHEMA.embedding_models m
  where (m.is_active or m.is_kept)
    and find_model.model in (m.model_id::text, m.name, regexp_replace(m.name, '^.*/', ''), m.path);
  if cardinality(v_ids) = 1 then
    return v_ids[1];
  end if;
  raise exception '%', case
      when v_ids is null then format('No vectors are kept of a model %s.', coalesce(quote_literal(left(find_model.model, 100)), 'null'))
      else format('Vectors are kept of %s models named %s.', cardinality(v_ids), quote_literal(find_model.model))
    end
    using errcode = 'PE031',
      hint = 'Pass a name or model_id of select model_id, name, state from :PGVECTOR_SCHEMA.model_status;  To prepare another: select :PGVECTOR_SCHEMA.prepare_model(''name'');';
end
$$;

comment on function :PGVECTOR_SCHEMA.find_model(text) is
  'The model_id of a model whose vectors are kept, by its name, with or without the organisation, its folder or its number. Raises PE031.';
--! EndIncluded models/find_model.sql
--! Included models/lock_models.sql
/*
 * Which table holds a model's vectors changes when another model becomes active. Who writes to one takes
 * this lock before he asks, so that what he was told is true until he commits; those who write do not wait
 * for each other, and activate_model() waits for them.
 */
create or replace function :PGVECTOR_SCHEMA.lock_models() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_models() is
  'Keeps the active model from being changed until the transaction ends; for who writes vectors.';
--! EndIncluded models/lock_models.sql
--! Included models/model_gaps.sql
/*
 * What a search would lose if this model were the active one now. A product that no model has encoded yet
 * is no loss, and neither is a change of the last minute, which is on its way to both.
 */
create or replace function :PGVECTOR_SCHEMA.model_gaps(model_id integer, out missing bigint, out stale bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select
    count(*) filter (where m.state = 'missing'),
    count(*) filter (
      where m.state = 'stale' and a.state = 'current'
        and not exists (
          select
          from :PGVECTOR_SCHEMA.product_queue q
          where q.product_id = m.product_id and q.model_id = model_gaps.model_id and q.queued_at > now() - interval '1 minute'
        )
    )
  into missing, stale
  from :PGVECTOR_SCHEMA.embedding_difference(model_gaps.model_id) m
  join :PGVECTOR_SCHEMA.embedding_difference() a on a.product_id = m.product_id
  where a.state in ('current', 'stale');
end
$$;

comment on function :PGVECTOR_SCHEMA.model_gaps(integer) is
  'Live products that have a vector of the active model but none of this one (missing), or only an outdated one where the active model''s is current (stale; changes of the last minute not counted). Raises PE001 to PE003, PE005.';
--! EndIncluded models/model_gaps.sql
--! Included models/note_fit.sql
create or replace function :PGVECTOR_SCHEMA.note_fit(model_id integer, spelled_out double precision) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_models m
  set spelled_out = note_fit.spelled_out
  where m.model_id = note_fit.model_id and m.spelled_out is distinct from note_fit.spelled_out
$$;

comment on function :PGVECTOR_SCHEMA.note_fit(integer, double precision) is
  'Notes which share of the letters of sample_documents() a model''s tokenizer spells out one by one.';
--! EndIncluded models/note_fit.sql
--! Included models/note_model.sql
create or replace function :PGVECTOR_SCHEMA.note_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  -- In two steps, or each start of a worker would use up a number.
  for i in 1 .. 2 loop
    select m.model_id into v_model_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where (m.name, m.revision, m.precision, m.pooling, m.max_tokens, m.query_prefix, m.passage_prefix)
      = (note_model.name, note_model.revision, note_model.precision, note_model.pooling, note_model.max_tokens,
        note_model.query_prefix, note_model.passage_prefix);
    exit when found;
    insert into :PGVECTOR_SCHEMA.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens, query_prefix, passage_prefix, path)
    values (
      note_model.name, note_model.revision, note_model.precision, note_model.dimension, note_model.pooling, note_model.max_tokens,
      note_model.query_prefix, note_model.passage_prefix, note_model.path
    )
    on conflict on constraint embedding_models_identity_key do nothing;
  end loop;
  update :PGVECTOR_SCHEMA.embedding_models m
  set error = null, path = coalesce(note_model.path, m.path)
  where m.model_id = v_model_id and (m.error is not null or m.path is distinct from coalesce(note_model.path, m.path));
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.note_model(text, text, text, integer, text, integer, text, text, text) is
  'Makes a loaded model known and returns its id.';
--! EndIncluded models/note_model.sql
--! Included models/prepare_model.sql
/*
 * The server cannot load a model, so this leaves the wish and wakes the worker, which makes a second
 * table beside the first and fills it between changes of the first.
 */
create or replace function :PGVECTOR_SCHEMA.prepare_model(model text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_running :PGVECTOR_SCHEMA.model_preparation;
  v_there record;
  v_bound text;
begin
  if coalesce(btrim(prepare_model.model), '') = '' then
    raise exception 'The model has no name.'
      using errcode = 'PE031', hint = 'Such as: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');';
  end if;
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  select * into v_running from :PGVECTOR_SCHEMA.model_preparation;
  if found then
    raise exception 'The model % is being prepared.', v_running.model
      using errcode = 'PE030',
        hint = format('See how far: select * from :PGVECTOR_SCHEMA.model_status;  Give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', v_running.model);
  end if;

  insert into :PGVECTOR_SCHEMA.model_preparation (model) values (btrim(prepare_model.model));
  select string_agg(format('%s %s', d.kind, d.relation), ', ') into v_bound
  from :PGVECTOR_SCHEMA.embeddings_dependents() d
  where not d.can_follow;
  if v_bound is not null then
    raise warning 'Bound to the table of vectors and not able to follow a change of model: %.', v_bound
      using hint = 'Drop them before activate_model() and make them again after it, as dbt run does.';
  end if;
  perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
end
$$;

comment on function :PGVECTOR_SCHEMA.prepare_model(text) is
  'Has the worker load a model and encode all products with it beside the active one: a name as on the hub, or a folder on the worker''s machine. Search is not touched; model_status shows how far it is. Raises PE030 while another is prepared, PE031.';
--! EndIncluded models/prepare_model.sql
--! Included models/register_model.sql
/*
 * Two models' vectors in one table would be compared with each other and mean nothing, so another
 * model is let in only while the table holds no vector of the active one, or when it has a table of its
 * own.
 */
create or replace function :PGVECTOR_SCHEMA.register_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer,
  query_prefix text default '', passage_prefix text default '', path text default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_active :PGVECTOR_SCHEMA.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  v_model_id := :PGVECTOR_SCHEMA.note_model(
    register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling,
    register_model.max_tokens, register_model.query_prefix, register_model.passage_prefix, register_model.path
  );
  select * into v_active from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_active.model_id = v_model_id
    or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id and m.is_kept)
  then
    return v_model_id;
  end if;

  if exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Leave EMBEDDING_MODEL out, or set it to %s. To change the model without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(%L);  and when it is ready: select :PGVECTOR_SCHEMA.activate_model(); Or start over, with search empty meanwhile: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_active.name, register_model.name, register_model.dimension
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true where m.model_id = v_model_id;
  -- What waits was noted for the former one, or for whichever comes; so were the queries that people ask.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = v_model_id
  where q.model_id = 0 or q.model_id = v_active.model_id;
  insert into :PGVECTOR_SCHEMA.query_embeddings (query, model_id, kept, uses, used_at)
  select q.query, v_model_id, q.kept, q.uses, q.used_at
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = v_active.model_id
  on conflict do nothing;
  delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id = v_active.model_id;
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer, text, text, text) is
  'Makes a model known and returns its id; it becomes the active one if no vector of another is stored there. Raises PE021 otherwise, unless its vectors are kept in a table of their own.';
--! EndIncluded models/register_model.sql
--! Included models/rename_indexes.sql
/*
 * Index names are the schema's, and a table that takes another's name needs its indexes' names too.
 */
create or replace function :PGVECTOR_SCHEMA.rename_indexes(of_table text, former_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_index text;
begin
  for v_index in
    select c.relname
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', of_table)) and starts_with(c.relname, left(former_name, 40) || '_')
  loop
    execute format(
      'alter index :PGVECTOR_SCHEMA.%I rename to %I',
      v_index, left(of_table, 40) || substr(v_index, length(left(former_name, 40)) + 1)
    );
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_indexes(text, text) is 'Lets the names of a table''s indexes begin as the table is named now, where they began with its former name.';
--! EndIncluded models/rename_indexes.sql
--! Included models/rollback_model.sql
create or replace function :PGVECTOR_SCHEMA.rollback_model(force boolean default false) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_former integer := (
    select m.model_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_kept and m.activated_at is not null
    order by m.activated_at desc
    limit 1
  );
begin
  if v_former is null then
    raise exception 'There is no former model whose vectors are kept.'
      using errcode = 'PE031', hint = 'select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  return :PGVECTOR_SCHEMA.activate_model(v_former::text, rollback_model.force);
end
$$;

comment on function :PGVECTOR_SCHEMA.rollback_model(boolean) is
  'Makes the model active again that was so before; the present one is kept true. As activate_model(), which see for what it raises.';
--! EndIncluded models/rollback_model.sql
--! Included models/sample_documents.sql
create or replace function :PGVECTOR_SCHEMA.sample_documents(sample integer default 200) returns table (document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return query
    select left(d.document, 2000)
    from :PGVECTOR_SCHEMA.product_documents(array(
      select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e order by hashint8(e.product_id), e.product_id limit sample
    )) d;
end
$$;

comment on function :PGVECTOR_SCHEMA.sample_documents(integer) is
  'Documents of so many products, the same each time as long as these are there: for the worker to see whether a tokenizer suits them. Raises PE001, PE002, PE005.';
--! EndIncluded models/sample_documents.sql
--! Included models/kept_models.sql
/*
 * Before the first worker came there is no model, and what changes is noted for whichever comes: the
 * model 0.
 */
create or replace view :PGVECTOR_SCHEMA.kept_models as
  select m.model_id, m.is_active
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active or m.is_kept
  union all
  select 0, true
  where not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active);

comment on view   :PGVECTOR_SCHEMA.kept_models is 'The models whose vectors are kept true: the active one, one that is prepared, and the former one until it is dropped.';
comment on column :PGVECTOR_SCHEMA.kept_models.model_id is 'The model; 0 before any was registered.';
comment on column :PGVECTOR_SCHEMA.kept_models.is_active is 'Whether it is the one that is searched.';
--! EndIncluded models/kept_models.sql

-- embedding
--! Included embedding/text_embeddings.sql
/*
 * Where the fields of a product are encoded in groups, a changed price would encode the description again:
 * so the vector of each group's text is kept. By the text and not by the product, since groups are alike in
 * many. Nothing is here while there is one group.
 */
create table if not exists :PGVECTOR_SCHEMA.text_embeddings (
  model_id integer not null,
  text_hash bytea not null,
  embedding :VECTOR_SCHEMA.vector not null,
  tokens integer not null,
  primary key (model_id, text_hash)
);

comment on table  :PGVECTOR_SCHEMA.text_embeddings is 'Vectors of the texts of groups of fields, so that none is encoded twice; what no product has any more goes in the full pass.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.text_hash is 'sha256 of the text as it was encoded.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.embedding is 'Its vector, of unit length.';
comment on column :PGVECTOR_SCHEMA.text_embeddings.tokens is 'Its tokens, before anything is cut off.';
--! EndIncluded embedding/text_embeddings.sql
--! Included embedding/embedding_difference.sql
/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create or replace function :PGVECTOR_SCHEMA.embedding_difference(model_id integer default null)
returns table (product_id bigint, state text, document_hash bytea, has_words boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_model_id integer;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_model_id := coalesce(embedding_difference.model_id, :PGVECTOR_SCHEMA.active_model_id(), 0);
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
        w.document_hash is not distinct from d.document_hash and w.config = $2 and w.recipe = $3
      from (%s) d
      full join :PGVECTOR_SCHEMA.%I e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_words w on w.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query(), :PGVECTOR_SCHEMA.embeddings_table(v_model_id)
  ) using v_model_id, (select s.words_config from :PGVECTOR_SCHEMA.settings s), :PGVECTOR_SCHEMA.words_recipe();
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference(integer) is
  'Each product and vector of a model, the active one when null: missing (no vector), stale (of another text or model), orphan (no such live product) or current; has_words: its words are taken up as they are now. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003, PE005, PE029.';
--! EndIncluded embedding/embedding_difference.sql
--! Included embedding/claim_products.sql
/*
 * Decides from the source as it is now what each queued product needs, in one statement and so in
 * one snapshot: a queue row and the change it stands for were committed together, so what is
 * deleted here has been seen. Unchanged and vanished products are settled on the spot, in chunks
 * that grow, because a source without an index on product_id is read once for each chunk.
 *
 * Claimers take turns (the lock is the transaction's), so no product is ever claimed twice at once.
 * Who had a product claimed before and did not come back may have died of it: such a product is
 * handed out alone, and set aside after max_attempts.
 */
create or replace function :PGVECTOR_SCHEMA.claim_products(
  worker text, max_products integer default 320, model_id integer default null
)
returns table (claim_id bigint, product_id bigint, document text, texts text[], weights double precision[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_model_id integer;
  v_active_id integer;
  v_claim_id bigint;
  v_chunk integer := greatest(max_products, 1);
  v_ids bigint[];
  v_found boolean;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  v_model_id := coalesce(claim_products.model_id, v_active_id);
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, model_id, lease_until)
  values (claim_products.worker, v_model_id, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    v_ids := array(
      select q.product_id
      from :PGVECTOR_SCHEMA.claimable_queue q
      where q.model_id = v_model_id
      order by q.queue_id
      limit v_chunk
    );
    return query execute format($claim$
      with
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from :PGVECTOR_SCHEMA.product_queue q
        where q.product_id = any ($1) and q.model_id = $2
        group by q.product_id
      ),
      judged as materialized (
        select
          c.product_id,
          c.queue_id,
          c.queue_ids,
          d.document,
          d.document_hash,
          d.texts,
          d.weights,
          d.error,
          a.attempts,
          case
            when d.product_id is null then 'vanished'
            when d.error is not null then 'hook failed'
            when e.document_hash = d.document_hash and e.model_id = $2 then 'unchanged'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= $3 then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join :PGVECTOR_SCHEMA.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join :PGVECTOR_SCHEMA.%1$I e on e.product_id = c.product_id
        left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = c.product_id and f.model_id = $2
      ),
      picked as materialized (
        select p.*
        from (
          select
            j.*,
            row_number() over (order by j.queue_id) as place,
            first_value(j.attempts) over (order by j.queue_id) as first_attempts
          from judged j
          where j.verdict = 'to encode'
        ) p
        where p.place <= case when p.first_attempts > 0 then 1 else $4 end
          and (p.attempts = 0 or p.place = 1)
      ),
      vanished as (
        update :PGVECTOR_SCHEMA.%1$I e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update :PGVECTOR_SCHEMA.%1$I e
        set vanished_at = null
        from judged j
        where j.verdict <> 'vanished' and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
        select j.product_id, $2, j.document_hash, greatest(j.attempts, 1), coalesce(j.error, 'The worker that was encoding it did not come back.'), true
        from judged j
        where j.verdict in ('given up', 'hook failed')
        on conflict on constraint product_failures_key do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from :PGVECTOR_SCHEMA.product_failures f
        using judged j
        where f.product_id = j.product_id and f.model_id = $2 and j.verdict in ('vanished', 'unchanged')
      ),
      settled as (
        delete from :PGVECTOR_SCHEMA.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
        set claim_id = $5, attempts = p.attempts + 1, document_hash = p.document_hash
        from picked p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.model_id = $2 and q.queue_id = i.queue_id
      )
    select $5, p.product_id, left(p.document, $6), array(select left(t, $6) from unnest(p.texts) with ordinality u (t, place) order by place), p.weights
    from picked p
    order by p.queue_id
    $claim$, :PGVECTOR_SCHEMA.embeddings_table(v_model_id))
    using v_ids, v_model_id, v_settings.max_attempts, max_products, v_claim_id, v_settings.max_document_characters;

    v_found := found;
    -- After the claim, so that the words are no older than what was judged; mostly they are there already.
    if v_model_id = v_active_id then
      perform :PGVECTOR_SCHEMA.index_words(v_ids);
    end if;
    exit when v_found or not exists (select from :PGVECTOR_SCHEMA.claimable_queue q where q.model_id = v_model_id);
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from :PGVECTOR_SCHEMA.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = c.claim_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.claim_products(text, integer, integer) is
  'Claims up to max_products products that are queued for a model, the active one when null, and whose document really changed, for settings.lease, and returns their documents, and the texts that are encoded apart with what each counts (of one text: the document and 1); settles the others, and sets those aside that the hook failed for. No rows: nothing is left to do now. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded embedding/claim_products.sql
--! Included embedding/create_product_embeddings.sql
/*
 * A function, because the table may have to be made again: DROP TABLE and a rerun is what the
 * Python pipeline's users know for a change of dimension. The configured dimension is that of a new
 * table: once a model was made the active one, the table has the model's.
 */
create or replace function :PGVECTOR_SCHEMA.create_product_embeddings(dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_dimension integer;
  v_active_dimension integer := (
    select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null
  );
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension and v_dimension is distinct from v_active_dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s. For another model, prepare it beside this one, without a gap in search: select :PGVECTOR_SCHEMA.prepare_model(''name'');  or start the table over: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The last column that was added tells that the table is complete.
  if exists (
    select from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'tokens' and not a.attisdropped
  ) then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(':PGVECTOR_TABLE', coalesce(v_dimension, create_product_embeddings.dimension));
end
$$;

comment on function :PGVECTOR_SCHEMA.create_product_embeddings(integer) is
  'Makes the table of vectors, or completes the one that is there; no effect when it is whole. Raises PE020 when its dimension is another and no model of that dimension was activated.';
--! EndIncluded embedding/create_product_embeddings.sql
--! Included embedding/create_vector_table.sql
/*
 * An existing table of the Python pipeline is adopted with its vectors, which serve until each has been
 * encoded from the product as it is now.
 */
create or replace function :PGVECTOR_SCHEMA.create_vector_table(table_name text, dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  v_table text := format(':PGVECTOR_SCHEMA.%I', create_vector_table.table_name);
  v_column text;
  v_comment text;
begin
  execute format(
    $sql$
      create table if not exists %s (
        product_id bigint primary key,
        embedding :VECTOR_SCHEMA.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    v_table, create_vector_table.dimension
  );

  execute format('delete from %s e where e.embedding is null or :VECTOR_SCHEMA.vector_norm(e.embedding) = 0', v_table);
  execute format(
    $sql$
      update %s e
      set embedding = :VECTOR_SCHEMA.l2_normalize(e.embedding)
      where abs(:VECTOR_SCHEMA.vector_norm(e.embedding) - 1) >= 0.001
    $sql$,
    v_table
  );

  execute format(
    $sql$
      alter table %s
        alter column embedding set not null,
        add column if not exists model_id integer,
        add column if not exists document_hash bytea,
        add column if not exists vanished_at timestamptz,
        add column if not exists tokens integer,
        drop constraint if exists embedding_has_unit_length,
        -- With unit length the three metrics give one order, so one index serves them all. float4
        -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
        add constraint embedding_has_unit_length check (abs(:VECTOR_SCHEMA.vector_norm(embedding) - 1) < 0.001)
    $sql$,
    v_table
  );
  execute format(
    'create index if not exists %I on %s (vanished_at) where vanished_at is not null',
    left(create_vector_table.table_name, 40) || '_vanished_at_idx', v_table
  );
  execute format(
    'create index if not exists %I on %s (tokens) where tokens is not null',
    left(create_vector_table.table_name, 40) || '_tokens_idx', v_table
  );

  execute format('comment on table %s is %L', v_table, 'One vector a product. Join it on product_id; search_products() searches it.');
  for v_column, v_comment in
    values
      ('product_id', 'The product; no foreign key, because dbt drops and renames its table.'),
      ('embedding', 'The vector of the product''s document, of unit length.'),
      ('updated_at', 'When the vector was stored, in the storing session''s time zone.'),
      ('model_id', 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.'),
      ('document_hash', 'sha256 of the document that it came from; null when it was not stored by us.'),
      ('vanished_at', 'When the product was found gone from the source; the vector goes after settings.vanished_grace.'),
      ('tokens', 'Tokens of a document that has more than the model reads (see model_status.long_documents); null of all others.')
  loop
    execute format('comment on column %s.%I is %L', v_table, v_column, v_comment);
  end loop;

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  execute format(
    'create or replace trigger _100_provenance before update on %s for each row execute function :PGVECTOR_SCHEMA.tg__embedding_provenance()',
    v_table
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.create_vector_table(text, integer) is
  'Makes a table of vectors in our schema, or completes the one that is there. Safe to repeat.';
--! EndIncluded embedding/create_vector_table.sql
--! Included embedding/drop_vanished_elsewhere.sql
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
--! EndIncluded embedding/drop_vanished_elsewhere.sql
--! Included embedding/import_embeddings.sql
/*
 * Vectors that were made elsewhere, taken over instead of made again: of products whose text was the
 * document that they have now as current ones, of others only where there is none yet, to serve until the
 * product is encoded. That they are of the model that is named is not believed but checked, against some
 * that we encoded ourselves. Security invoker: who imports has to be able to read the relation.
 */
create or replace function :PGVECTOR_SCHEMA.import_embeddings(
  relation text,
  model text,
  id_column text default 'product_id',
  embedding_column text default 'embedding',
  document_column text default null,
  same_text boolean default false,
  force boolean default false
)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
  v_model_id integer;
  v_dimension integer;
  v_relation regclass;
  v_table text;
  v_column text;
  v_checked bigint;
  v_nearest double precision;
  v_rows bigint;
begin
  begin
    v_relation := import_embeddings.relation::regclass;
  exception when others then
    v_relation := null;
  end;
  if v_relation is null then
    raise exception 'There is no relation %.', coalesce(quote_literal(left(import_embeddings.relation, 100)), 'null')
      using errcode = 'PE035', hint = 'Name it with its schema: schema.table.';
  end if;
  foreach v_column in array array_remove(array[id_column, embedding_column, document_column], null) loop
    if not exists (
      select from pg_attribute a where a.attrelid = v_relation and a.attname = v_column and a.attnum > 0 and not a.attisdropped
    ) then
      raise exception 'The relation % has no column %.', v_relation, quote_ident(v_column)
        using errcode = 'PE035', hint = 'Pass id_column, embedding_column and, if it is there, document_column.';
    end if;
  end loop;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_models();
  v_model_id := :PGVECTOR_SCHEMA.find_model(import_embeddings.model);
  select m.dimension into v_dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = v_model_id;
  v_table := :PGVECTOR_SCHEMA.embeddings_table(v_model_id);

  drop table if exists pg_temp.product_embeddings_import;
  -- The columns are as the table's, so that nothing of theirs is run: what is read is cast here and now.
  execute format(
    $sql$
      create temp table product_embeddings_import on commit drop as
      select i.product_id, :VECTOR_SCHEMA.l2_normalize(i.embedding) as embedding,
        case when d.document_hash = i.document_hash or %5$L then d.document_hash end as document_hash
      from (
        select r.%2$I::bigint as product_id, (array_agg(r.%3$I::text))[1]::%6$s as embedding,
          sha256(convert_to(pg_catalog.normalize(max(%4$s), 'NFC'), 'UTF8')) as document_hash
        from %1$s r
        where r.%3$I is not null and r.%2$I is not null and :VECTOR_SCHEMA.vector_dims(r.%3$I::text::%6$s) = %7$s
        group by r.%2$I::bigint
        -- Of a text in several pieces no piece is the product's.
        having count(*) = 1
      ) i
      join (%8$s) d on d.product_id = i.product_id
      where :VECTOR_SCHEMA.vector_norm(i.embedding) > 0
    $sql$,
    v_relation, id_column, embedding_column,
    case when document_column is not null then format('r.%I::text', document_column) else 'null::text' end,
    same_text and document_column is null,
    ':VECTOR_SCHEMA.vector', v_dimension, :PGVECTOR_SCHEMA.document_query()
  );

  execute format(
    $sql$
      select count(*), min(1 - (e.embedding operator(:VECTOR_SCHEMA.<=>) i.embedding))
      from pg_temp.product_embeddings_import i
      join :PGVECTOR_SCHEMA.%I e on e.product_id = i.product_id and e.model_id = $1 and e.document_hash = i.document_hash
    $sql$,
    v_table
  ) into v_checked, v_nearest using v_model_id;
  if v_nearest < 0.99 then
    raise exception 'The vectors of % are not of the model %: of % products with the same text, the least alike has cosine %.',
      v_relation, import_embeddings.model, v_checked, round(v_nearest::numeric, 3)
      using errcode = 'PE035', hint = 'Name the model that they are of; another revision, pooling or prefix is another model.';
  end if;
  if v_checked < 3 and force is not true and exists (select from pg_temp.product_embeddings_import i where i.document_hash is not null) then
    raise exception 'Whether the vectors of % are of the model % cannot be checked: only % of them are of a product that we encoded from the same text.',
      v_relation, import_embeddings.model, v_checked
      using errcode = 'PE035', hint = 'Encode some first: npm run embed -- --limit 20  or import them unchecked: force => true.';
  end if;

  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%1$I as e (product_id, embedding, model_id, document_hash)
      select i.product_id, i.embedding, $1, i.document_hash
      from pg_temp.product_embeddings_import i
      where i.document_hash is not null
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = null, updated_at = now(), vanished_at = null
      where (e.model_id, e.document_hash) is distinct from (excluded.model_id, excluded.document_hash)
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics imported = row_count;
  execute format(
    $sql$
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id)
      select i.product_id, i.embedding, $1
      from pg_temp.product_embeddings_import i
      where i.document_hash is null
      on conflict (product_id) do nothing
    $sql$,
    v_table
  ) using v_model_id;
  get diagnostics serving = row_count;
  execute format('select count(*) from %s', v_relation) into v_rows;
  skipped := v_rows - imported - serving;
  drop table pg_temp.product_embeddings_import;
  perform :PGVECTOR_SCHEMA.reconcile();
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_embeddings(text, text, text, text, text, boolean, boolean) is
  'Takes over vectors made elsewhere, of a model whose vectors are kept: from a relation with a column of product ids, one of vectors and, best, one of the texts that they are of (same_text: they are of the documents, without such a column). imported: current, not to be encoded; serving: of another text, for products that had none, until they are encoded; skipped: rows of no live product, of several vectors a product, of another dimension, or current already. force: without the check against vectors of our own. Raises PE001, PE002, PE005, PE031, PE035.';
--! EndIncluded embedding/import_embeddings.sql
--! Included embedding/import_pgai.sql
/*
 * By the row of its catalog as json, since its columns moved from one version to another.
 */
create or replace function :PGVECTOR_SCHEMA.import_pgai(vectorizer integer, model text default null, force boolean default false)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_target jsonb;
begin
  if to_regclass('ai.vectorizer') is not null then
    execute 'select to_jsonb(v) from ai.vectorizer v where v.id = $1' into v_row using vectorizer;
  end if;
  if v_row is null then
    raise exception 'There is no vectorizer %.', coalesce(vectorizer::text, 'null')
      using errcode = 'PE035', hint = 'select id, source_schema, source_table from ai.vectorizer;';
  end if;
  v_target := v_row || coalesce(v_row #> '{config,destination}', '{}');
  if jsonb_array_length(v_row -> 'source_pk') <> 1 then
    raise exception 'The vectorizer % is of a table with a key of % columns.', vectorizer, jsonb_array_length(v_row -> 'source_pk')
      using errcode = 'PE035', hint = 'Import a view of it with the product''s number in one column: import_embeddings().';
  end if;
  return query
    select i.*
    from :PGVECTOR_SCHEMA.import_embeddings(
      format('%I.%I', v_target ->> 'target_schema', v_target ->> 'target_table'),
      coalesce(import_pgai.model, v_row #>> '{config,embedding,model}'),
      id_column => v_row #>> '{source_pk,0,attname}',
      document_column => 'chunk',
      force => import_pgai.force
    ) i;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_pgai(integer, text, boolean) is
  'import_embeddings() from the store of a pgai vectorizer, by its id: key, table and text are read from its configuration, and the model unless it is named. Products in several chunks are skipped. Raises PE031, PE035.';
--! EndIncluded embedding/import_pgai.sql
--! Included embedding/import_vectorize.sql
/*
 * It keeps the vectors without their texts, so that they serve until the products are encoded, unless the
 * caller knows that what it embedded is what our documents say.
 */
create or replace function :PGVECTOR_SCHEMA.import_vectorize(
  job text, model text default null, same_text boolean default false, force boolean default false
)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_params jsonb;
  v_is_apart boolean;
begin
  if to_regclass('vectorize.job') is not null then
    -- The column of the name was called job_name in some versions.
    execute 'select to_jsonb(j) from vectorize.job j where coalesce(to_jsonb(j) ->> ''name'', to_jsonb(j) ->> ''job_name'') = $1' into v_row using job;
  end if;
  if v_row is null then
    raise exception 'There is no job % of pg_vectorize.', coalesce(quote_literal(left(job, 100)), 'null')
      using errcode = 'PE035', hint = 'select * from vectorize.job;';
  end if;
  -- So were those of the parameters, which are columns of their own in later ones.
  v_params := v_row || coalesce(v_row -> 'params', '{}');
  v_is_apart := to_regclass(format('vectorize.%I', '_embeddings_' || job)) is not null;
  return query
    select i.*
    from :PGVECTOR_SCHEMA.import_embeddings(
      case when v_is_apart
        then format('vectorize.%I', '_embeddings_' || job)
        else format(
          '%I.%I', coalesce(v_params ->> 'schema', v_params ->> 'src_schema', 'public'),
          coalesce(v_params ->> 'relation', v_params ->> 'table', v_params ->> 'src_table')
        )
      end,
      coalesce(import_vectorize.model, v_params ->> 'transformer', v_params ->> 'model'),
      id_column => coalesce(v_params ->> 'primary_key', v_params ->> 'pkey'),
      embedding_column => case when v_is_apart then 'embeddings' else job || '_embeddings' end,
      same_text => import_vectorize.same_text,
      force => import_vectorize.force
    ) i;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_vectorize(text, text, boolean, boolean) is
  'import_embeddings() from a job of pg_vectorize, by its name: key, table and model are read from its row. It keeps no texts, so the vectors serve until the products are encoded; same_text: they are of the documents. Raises PE031, PE035.';
--! EndIncluded embedding/import_vectorize.sql
--! Included embedding/lock_embeddings.sql
/*
 * The same for who searches, through the lock on the table that any select takes: with it before the
 * first look at which model is active, a query's vector and the vectors it is compared with are of one
 * model throughout. A transaction that keeps one snapshot may have begun before the change; then an error
 * is better than a comparison of two models.
 */
create or replace function :PGVECTOR_SCHEMA.lock_embeddings() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is null then
    perform :PGVECTOR_SCHEMA.require_embeddings();
  end if;
  lock table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE in access share mode;
  if current_setting('transaction_isolation') <> 'read committed'
    and to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is distinct from :PGVECTOR_SCHEMA.require_embeddings()
  then
    raise exception 'The model was changed since this transaction began.'
      using errcode = 'serialization_failure', hint = 'Try the transaction again, or use isolation level read committed.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_embeddings() is
  'Keeps the active model from being changed until the transaction ends; for who searches. Raises PE003, and 40001 in a transaction whose one snapshot is from before a change.';
--! EndIncluded embedding/lock_embeddings.sql
--! Included embedding/release_vanished.sql
create or replace function :PGVECTOR_SCHEMA.release_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    released as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is not null returning e.product_id
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using released r where w.product_id = r.product_id
    )
  select count(*) into v_rows from released;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.release_vanished() is
  'Lets a mass disappearance through: deletes vectors and words of all vanished products now, held or not, grace or not; returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/release_vanished.sql
--! Included embedding/reset_embeddings.sql
/*
 * TRUNCATE and ALTER rather than DROP: grants stay. A view over the column makes ALTER fail, and
 * then nothing is lost.
 */
create or replace function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    execute format(
      'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
      reset_embeddings.dimension
    );
  end if;
  perform :PGVECTOR_SCHEMA.create_vector_table(':PGVECTOR_TABLE', reset_embeddings.dimension);
  delete from :PGVECTOR_SCHEMA.product_failures f where f.model_id = coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  -- For the model that comes next, whichever it is; what is kept of others is left alone.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = 0, claim_id = null
  where q.model_id = :PGVECTOR_SCHEMA.active_model_id();
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false, activated_at = null where m.is_active;
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return 0;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.reset_embeddings(integer) is
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded.';
--! EndIncluded embedding/reset_embeddings.sql
--! Included embedding/set_windows.sql
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
        )
        insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id) select c.product_id, $1 from changed c
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id)
    ) using v_model.model_id;
    get diagnostics v_rows = row_count;
    v_all := v_all + v_rows;
  end loop;
  if v_all > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return v_all;
end
$$;

comment on function :PGVECTOR_SCHEMA.set_windows(boolean) is
  'Has documents that are longer than the model reads read in windows, whose vectors are averaged, or cut off again; returns how many products were queued to be encoded anew.';
--! EndIncluded embedding/set_windows.sql
--! Included embedding/store_embeddings.sql
/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it.
 */
create or replace function :PGVECTOR_SCHEMA.store_embeddings(
  claim_id bigint, model_id integer, product_ids bigint[], embeddings :VECTOR_SCHEMA.vector[], tokens integer[] default null
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  if not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = store_embeddings.model_id) then
    raise exception 'Vectors of a model that is neither active nor kept are not stored.'
      using errcode = 'PE021',
        hint = 'It was dropped, or the table was started over for another, while this worker ran: start the worker again.';
  end if;

  execute format($store$
  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = $1 and q.product_id = any ($3)
      for update
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.model_id = $2 and newer.claim_id is distinct from $1
      )
      group by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.%I as e (product_id, embedding, model_id, document_hash, tokens)
      select f.product_id, g.embedding, $2, decode(f.document_hash, 'hex'), case when g.tokens > m.max_tokens then g.tokens end
      from unnest($3, $4, $5) g (product_id, embedding, tokens)
      join :PGVECTOR_SCHEMA.embedding_models m on m.model_id = $2
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        tokens = excluded.tokens, updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from :PGVECTOR_SCHEMA.product_failures f using stored s where f.product_id = s.product_id and f.model_id = $2
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q using held h where q.model_id = $2 and q.queue_id = h.queue_id
    )
  select count(*) from stored
  $store$, :PGVECTOR_SCHEMA.embeddings_table(store_embeddings.model_id))
  into v_stored
  using store_embeddings.claim_id, store_embeddings.model_id, store_embeddings.product_ids, store_embeddings.embeddings, store_embeddings.tokens;

  if v_stored > 0 then
    perform :PGVECTOR_SCHEMA.note_activity(claim_id, v_stored, 0);
  end if;
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_stored;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[], integer[]) is
  'Stores the vectors of claimed products, noting the tokens of documents that are longer than the model reads, and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
--! EndIncluded embedding/store_embeddings.sql
--! Included embedding/sweep_vanished.sql
create or replace function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.unmark_returned();
  perform :PGVECTOR_SCHEMA.lock_words();
  with
    swept as (
      delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      using :PGVECTOR_SCHEMA.vanished_products() v
      where e.product_id = v.product_id and v.due_at <= now() and not v.held
      returning e.product_id
    ),
    wordless as (
      delete from :PGVECTOR_SCHEMA.product_words w using swept s where w.product_id = s.product_id
    )
  select count(*) into v_rows from swept;
  perform :PGVECTOR_SCHEMA.drop_vanished_elsewhere();
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes vectors and words of products that have been gone for settings.vanished_grace, unless they are held (see vanished_products); returns how many. Raises PE001, PE002, PE005.';
--! EndIncluded embedding/sweep_vanished.sql
--! Included embedding/cached_texts.sql
create or replace function :PGVECTOR_SCHEMA.cached_texts(model_id integer, texts text[])
returns table (place bigint, embedding :VECTOR_SCHEMA.vector, tokens integer)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select t.place, c.embedding, c.tokens
  from unnest(texts) with ordinality t (text, place)
  join :PGVECTOR_SCHEMA.text_embeddings c
    on c.model_id = cached_texts.model_id and c.text_hash = sha256(convert_to(t.text, 'UTF8'))
$$;

comment on function :PGVECTOR_SCHEMA.cached_texts(integer, text[]) is
  'The vectors of those of these texts that were encoded before with a model; place: where in the array, from 1 on.';
--! EndIncluded embedding/cached_texts.sql
--! Included embedding/cache_texts.sql
create or replace function :PGVECTOR_SCHEMA.cache_texts(model_id integer, texts text[], embeddings :VECTOR_SCHEMA.vector[], tokens integer[]) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.text_embeddings (model_id, text_hash, embedding, tokens)
  select cache_texts.model_id, sha256(convert_to(t.text, 'UTF8')), t.embedding, t.tokens
  from unnest(texts, embeddings, tokens) t (text, embedding, tokens)
  order by 2
  on conflict do nothing
$$;

comment on function :PGVECTOR_SCHEMA.cache_texts(integer, text[], :VECTOR_SCHEMA.vector[], integer[]) is
  'Keeps the vectors of texts that a model encoded, for the next product that has one of them.';
--! EndIncluded embedding/cache_texts.sql
--! Included embedding/sweep_texts.sql
create or replace function :PGVECTOR_SCHEMA.sweep_texts() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  if not exists (select from :PGVECTOR_SCHEMA.text_embeddings) then
    return 0;
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  delete from :PGVECTOR_SCHEMA.text_embeddings c
  where not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = c.model_id)
    or c.text_hash not in (
      select sha256(convert_to(left(t, s.max_document_characters), 'UTF8'))
      from :PGVECTOR_SCHEMA.product_documents() d
      cross join unnest(d.texts) t
      cross join :PGVECTOR_SCHEMA.settings s
      where cardinality(d.texts) > 1
    );
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_texts() is
  'Forgets vectors of texts that no product has any more, and of models that are not kept; returns how many. Part of full_pass(). Raises PE001, PE002, PE005.';
--! EndIncluded embedding/sweep_texts.sql

-- search
--! Included search/query_embeddings.sql
/*
 * The server cannot encode a text, so a query's vector is asked for here and made by the worker. One row
 * a query and model, the column of any dimension: the vectors of a model that is prepared are here before
 * it is activated, so that no search has to do without.
 */
create table if not exists :PGVECTOR_SCHEMA.query_embeddings (
  query text not null,
  model_id integer not null,
  embedding :VECTOR_SCHEMA.vector,
  kept boolean not null default false,
  uses bigint not null default 0,
  used_at timestamptz not null default now(),
  attempts integer not null default 0,
  error text
);

delete from :PGVECTOR_SCHEMA.query_embeddings q where q.model_id is null;
alter table :PGVECTOR_SCHEMA.query_embeddings
  drop constraint if exists query_embeddings_pkey,
  drop constraint if exists query_embeddings_key,
  alter column model_id set not null,
  add constraint query_embeddings_key primary key (query, model_id);

comment on table  :PGVECTOR_SCHEMA.query_embeddings is 'Vectors of queries: asked for by searching, made by the worker, at most settings.query_cache_size of them.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.query is 'The query (see query_key).';
comment on column :PGVECTOR_SCHEMA.query_embeddings.model_id is 'The model of the vector.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.embedding is 'The vector, of unit length; null until the worker came.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.kept is 'Never forgotten: golden queries.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.uses is 'Searches with it, counted once a minute at the most.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.used_at is 'When it was last counted.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.attempts is 'Failed attempts to encode it; after three it waits until it is asked for again an hour later.';
comment on column :PGVECTOR_SCHEMA.query_embeddings.error is 'What the last attempt said; never the query.';
--! EndIncluded search/query_embeddings.sql
--! Included search/product_map.sql
/*
 * Where each product is on a map of the catalogue: vectors brought down to two dimensions, which no SQL
 * does. Made anew as a whole by the worker, since a projection has no place for one product more.
 */
create table if not exists :PGVECTOR_SCHEMA.product_map (
  product_id bigint primary key,
  x real not null,
  y real not null,
  mapped_at timestamptz not null default now()
);

comment on table  :PGVECTOR_SCHEMA.product_map is 'A map of the catalogue: products whose vectors are near are near on it. At most settings.map_products of them, made by the worker.';
comment on column :PGVECTOR_SCHEMA.product_map.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_map.x is 'Its place; only distances mean something, and the near ones more than the far ones.';
comment on column :PGVECTOR_SCHEMA.product_map.y is 'Likewise.';
comment on column :PGVECTOR_SCHEMA.product_map.mapped_at is 'When the map was made.';
--! EndIncluded search/product_map.sql
--! Included search/build_index.sql
/*
 * For who can have writers of vectors wait: a function cannot build concurrently. Security invoker,
 * since only the table's owner may build an index on it.
 */
create or replace function :PGVECTOR_SCHEMA.build_index(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  model_id integer default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- What is set below ends with the function because these stand here.
set maintenance_work_mem = '64MB'
set max_parallel_maintenance_workers = 2
as $$
declare
  v_statement text := :PGVECTOR_SCHEMA.index_sql(kind, as_halfvec, m, ef_construction, lists, is_concurrent => false, model_id => build_index.model_id);
  v_index text := :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, build_index.model_id);
begin
  perform set_config('maintenance_work_mem', :PGVECTOR_SCHEMA.index_memory(build_index.model_id), true);
  execute format('drop index if exists :PGVECTOR_SCHEMA.%I', v_index);
  execute v_statement;
  return v_index;
end
$$;

comment on function :PGVECTOR_SCHEMA.build_index(text, boolean, integer, integer, integer, integer) is
  'Builds the index of index_sql() at once, anew if it is there, while vectors cannot be stored; returns its name. Raises PE003, PE022, and 42501 for who does not own the table.';
--! EndIncluded search/build_index.sql
--! Included search/compare_models.sql
/*
 * The figures that decide a change of model, on one's own golden queries, before anybody searches with it.
 */
create or replace function :PGVECTOR_SCHEMA.compare_models(k integer default 10, model text default null)
returns table (
  kind text, mode text, queries bigint, active_ndcg double precision, other_ndcg double precision,
  active_mrr double precision, other_mrr double precision, active_recall double precision, other_recall double precision,
  overlap double precision
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
begin
  perform :PGVECTOR_SCHEMA.require_limit(k);
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if compare_models.model is not null then
    v_other_id := :PGVECTOR_SCHEMA.find_model(compare_models.model);
  else
    select m.model_id into v_other_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_kept
    order by m.activated_at is null desc, m.activated_at desc
    limit 1;
    if not found then
      raise exception 'There is no other model to compare with.'
        using errcode = 'PE031', hint = 'select :PGVECTOR_SCHEMA.prepare_model(''name'');';
    end if;
  end if;

  return query
    with
      hit as materialized (
        select g.query, g.kind, m.mode, m.place, o.is_other, r.product_id
        from (
          select g.query, min(g.kind) as kind
          from :PGVECTOR_SCHEMA.golden_queries g
          where :PGVECTOR_SCHEMA.query_embedding(g.query) is not null and :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null
          group by g.query
          offset 0
        ) g
        cross join (values ('vectors', 2), ('hybrid', 3)) m (mode, place)
        cross join (values (false), (true)) o (is_other)
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(g.query, k, m.mode, case when o.is_other then v_other_id end) r
      ),
      common as materialized (
        select h.query, min(h.kind) as kind, h.mode, count(*) filter (where h.is_other and h.in_both)::double precision
          / greatest(count(*) filter (where h.is_other), 1) as overlap
        from (
          select h.*, count(*) over (partition by h.query, h.mode, h.product_id) = 2 as in_both
          from hit h
        ) h
        group by h.query, h.mode
      ),
      shared as materialized (
        select c.kind, c.mode, avg(c.overlap) as overlap
        from common c
        group by grouping sets ((c.kind, c.mode), (c.mode))
      )
    select a.kind, a.mode, o.queries, a.ndcg, o.ndcg, a.mrr, o.mrr, a.recall, o.recall, s.overlap
    from :PGVECTOR_SCHEMA.evaluate_search(k) with ordinality a (model, kind, mode, queries, ndcg, mrr, recall, unembedded, place)
    join :PGVECTOR_SCHEMA.evaluate_search(k, v_other_id) o on o.kind is not distinct from a.kind and o.mode = a.mode
    left join shared s on s.kind is not distinct from a.kind and s.mode = a.mode
    where a.mode <> 'words'
    order by a.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.compare_models(integer, text) is
  'The active model and another whose vectors are kept (the prepared one when null), side by side on the golden queries, for each kind (null: all kinds) and for vectors and hybrid: nDCG@k, MRR, recall@k, and overlap@k, the share of the other''s first k that the active one has there too. Raises PE014, PE031, and what evaluate_search() raises.';
--! EndIncluded search/compare_models.sql
--! Included search/duplicate_products.sql
/*
 * Of each product its ten nearest, through the index where there is one, so that the work grows with
 * the products and not with their pairs; a pair is missed only where both have ten others that are
 * nearer. Products of one text are found by its hash and need no neighbours: there may be hundreds
 * of them, and an index is free to miss some. Those come first and fill the limit before anything is
 * compared.
 */
create or replace function :PGVECTOR_SCHEMA.duplicate_products(
  threshold double precision default 0.05, max_results integer default 1000
)
returns table (product_id bigint, name text, duplicate_id bigint, duplicate_name text, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 100000);
  if threshold is null or threshold not between 0 and 2 then
    raise exception 'The threshold must be from 0 to 2, not %.', coalesce(threshold::text, 'null')
      using errcode = 'PE018', hint = 'It is a cosine distance: 0 is the same text, 0.02 hardly a word''s difference. Leave it out for 0.05.';
  end if;

  return query execute format(
    $sql$
      with
        products as materialized (%1$s),
        embedded as not materialized (
          select e.product_id, e.embedding, e.model_id, e.document_hash
          from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
          where (e.product_id in (select p.product_id from products p)) is true
        ),
        groups as materialized (
          select array_agg(e.product_id order by e.product_id) as ids
          from embedded e
          where e.document_hash is not null
          group by e.model_id, e.document_hash
          having count(*) > 1
          order by min(e.product_id)
        ),
        -- The limit ends it within a group: of thousands of one text there are millions of pairs.
        same as materialized (
          select a.id as product_id, b.id as duplicate_id, 0::double precision as distance
          from groups g
          cross join unnest(g.ids) with ordinality a (id, place)
          join unnest(g.ids) with ordinality b (id, place) on b.place > a.place
          limit $2
        ),
        near as (
          select distinct
            least(e.product_id, n.product_id) as product_id,
            greatest(e.product_id, n.product_id) as duplicate_id,
            n.distance
          from embedded e
          cross join lateral (
            select o.product_id, o.document_hash, o.model_id, o.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE o
            where o.product_id <> e.product_id
              -- "is true" makes it a look-up in a hash; as a join it would read all products at every hit.
              and (o.product_id in (select p.product_id from products p)) is true
            -- Vectors have unit length: L2 gives the order of cosine, and the l2 index serves it.
            order by o.embedding%2$s operator(:VECTOR_SCHEMA.<->) e.embedding%2$s
            limit 10
          ) n
          where n.distance <= $1
            and (n.document_hash = e.document_hash and n.model_id = e.model_id) is not true
            and (select count(*) from same) < $2
        ),
        pairs as (
          select * from same
          union all
          select * from near
          order by 3, 1, 2
          limit $2
        )
      select p.product_id, p.name, d.product_id, d.name, pairs.distance
      from pairs
      join products p on p.product_id = pairs.product_id
      join products d on d.product_id = pairs.duplicate_id
      order by 5, 1, 3
    $sql$,
    :PGVECTOR_SCHEMA.live_products_query(),
    -- An index over halves serves only an order by halves.
    '::' || nullif(:PGVECTOR_SCHEMA.search_index(), 'vector')
  ) using threshold, max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.duplicate_products(double precision, integer) is
  'Pairs of live products that may be one product entered twice, nearest first, each pair once: cosine distance at most threshold (0 to 2), among the ten nearest of either; and all of one text, at distance 0. max_results: 1 to 100000. Raises PE001 to PE003, PE005, PE014, PE018.';
--! EndIncluded search/duplicate_products.sql
--! Included search/evaluate_search.sql
/*
 * Through the same function that everybody searches with, so that what is measured is what they get.
 * Measures as trec_eval has them: linear gain and a discount of log2 for nDCG, anything above 0 for the
 * others, with its ranking cut off at k. A query whose vector nobody made yet is searched by words alone:
 * a mode with vectors would be charged with what the worker has not done.
 *
 * Judgments of products that are not there are left out, or the figures would sink as a catalogue ages.
 */
create or replace function :PGVECTOR_SCHEMA.evaluate_search(k integer default 10, model_id integer default null)
returns table (
  model text, kind text, mode text, queries bigint, ndcg double precision, mrr double precision, recall double precision, unembedded bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_other_id integer;
begin
  if evaluate_search.k is null or evaluate_search.k not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(evaluate_search.k::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_other_id := nullif(evaluate_search.model_id, :PGVECTOR_SCHEMA.active_model_id());

  return query
    with
      judged as materialized (
        select g.query, g.product_id, g.grade
        from :PGVECTOR_SCHEMA.golden_queries g
        join :PGVECTOR_SCHEMA.product_documents((
          select array_agg(distinct r.product_id) from :PGVECTOR_SCHEMA.golden_queries r where r.grade > 0
        )) d on d.product_id = g.product_id
        where g.grade > 0
      ),
      asked as materialized (
        select g.query, min(g.kind) as kind, :PGVECTOR_SCHEMA.query_embedding(g.query, v_other_id) is not null as is_embedded
        from :PGVECTOR_SCHEMA.golden_queries g
        where g.query in (select j.query from judged j)
        group by g.query
      ),
      best as materialized (
        select i.query, count(*) as relevant, sum(i.grade * ln(2) / ln(i.place + 1)) filter (where i.place <= evaluate_search.k) as ideal
        from (
          select j.query, j.grade, row_number() over (partition by j.query order by j.grade desc) as place
          from judged j
        ) i
        group by i.query
      ),
      run as materialized (
        select a.query, a.kind, m.mode, m.place, m.mode = 'words' or a.is_embedded as is_searched
        from asked a
        cross join (values ('words', 1), ('vectors', 2), ('hybrid', 3)) m (mode, place)
      ),
      hit as materialized (
        select r.query, r.mode, h.product_id, h.ordinality as place
        from (select * from run r where r.is_searched offset 0) r
        cross join lateral :PGVECTOR_SCHEMA.ranked_products(r.query, evaluate_search.k, r.mode, v_other_id) with ordinality h
      ),
      gained as materialized (
        select h.query, h.mode, sum(j.grade * ln(2) / ln(h.place + 1)) as gain, min(h.place) as first_place, count(*) as found
        from hit h
        join judged j on j.query = h.query and j.product_id = h.product_id
        group by h.query, h.mode
      ),
      scored as materialized (
        select
          r.kind,
          r.mode,
          r.place,
          r.is_searched,
          coalesce(g.gain / b.ideal, 0) as ndcg,
          coalesce(1.0 / g.first_place, 0)::double precision as rr,
          coalesce(g.found, 0)::double precision / b.relevant as recall
        from run r
        join best b on b.query = r.query
        left join gained g on g.query = r.query and g.mode = r.mode
      )
    select
      (select m.name from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = coalesce(v_other_id, :PGVECTOR_SCHEMA.active_model_id())),
      s.kind,
      s.mode,
      count(*) filter (where s.is_searched),
      avg(s.ndcg) filter (where s.is_searched),
      avg(s.rr) filter (where s.is_searched),
      avg(s.recall) filter (where s.is_searched),
      count(*) filter (where not s.is_searched)
    from scored s
    group by grouping sets ((s.kind, s.mode, s.place), (s.mode, s.place))
    order by grouping(s.kind), s.kind, s.place;
end
$$;

comment on function :PGVECTOR_SCHEMA.evaluate_search(integer, integer) is
  'How well search answers the golden queries, for each kind (null: all kinds) and each mode: nDCG, mean reciprocal rank and recall of the first k, averaged over the queries; unembedded ones have no vector yet and are in the words'' rows alone. model_id: another model whose vectors are kept, null for the active one. Raises PE001 to PE003, PE005 and PE014.';
--! EndIncluded search/evaluate_search.sql
--! Included search/fail_query.sql
create or replace function :PGVECTOR_SCHEMA.fail_query(query text, error text, model_id integer default null) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.query_embeddings q
  set attempts = q.attempts + 1, error = left(fail_query.error, 1000)
  where q.query = :PGVECTOR_SCHEMA.query_key(fail_query.query)
    and q.model_id = coalesce(fail_query.model_id, :PGVECTOR_SCHEMA.active_model_id())
$$;

comment on function :PGVECTOR_SCHEMA.fail_query(text, text, integer) is 'Notes that a query could not be encoded with a model, the active one when null, and why.';
--! EndIncluded search/fail_query.sql
--! Included search/has_index.sql
create or replace function :PGVECTOR_SCHEMA.has_index(model_id integer) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(has_index.model_id)))
      and i.indisvalid and i.indpred is null and o.opcname in ('vector_l2_ops', 'halfvec_l2_ops')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.has_index(integer) is 'Whether the vectors of a model have an index for search.';
--! EndIncluded search/has_index.sql
--! Included search/has_vectors.sql
create or replace function :PGVECTOR_SCHEMA.has_vectors(model_id integer, at_least bigint) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_enough boolean;
begin
  -- Counts no further than it must.
  execute format(
    'select count(*) >= $1 from (select from :PGVECTOR_SCHEMA.%I limit $1) e',
    :PGVECTOR_SCHEMA.embeddings_table(has_vectors.model_id)
  ) into v_enough using at_least;
  return v_enough;
end
$$;

comment on function :PGVECTOR_SCHEMA.has_vectors(integer, bigint) is 'Whether so many vectors of a model are stored; null when at_least is null.';
--! EndIncluded search/has_vectors.sql
--! Included search/hybrid_products.sql
/*
 * Three signals, each on a scale of its own, brought to 0..1 among the candidates (min-max) and added
 * by the weights of settings: words (BM25), trigrams of name and codes, vectors. Adding reciprocal ranks
 * instead forgets by how much a product was ahead, and was worse than words alone (docs/evaluation.md).
 * Trigrams are dear, so only the twenty that lead without them are compared by them. The longer a query,
 * the more it is prose, and the more its meaning counts.
 *
 * A filter that few products pass is turned round: these few are scored. Otherwise candidates are taken
 * until enough of them are live and pass.
 */
create or replace function :PGVECTOR_SCHEMA.hybrid_products(
  query text, query_vector :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, model_id integer default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric, score double precision,
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, terms text[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_pool integer := greatest(max_results, 30);
  v_wanted integer := 2 * v_pool;
  v_passing bigint[];
  v_near bigint[];
  v_near_names text[];
  v_near_codes text[];
  v_near_prices numeric[];
  v_ids bigint[];
  v_scores double precision[];
  v_exact boolean[];
  v_terms text[];
  v_complete boolean;
  v_lookup bigint[];
  v_found bigint[];
  v_names text[];
  v_codes text[];
  v_prices numeric[];
  v_text text := :PGVECTOR_SCHEMA.fold_text(left(query, 200));
begin
  if query_vector is not null then
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price)
    into v_near, v_near_names, v_near_codes, v_near_prices
    from :PGVECTOR_SCHEMA.nearest_products(query_vector, v_pool, filter, null, hybrid_products.model_id) n;
  end if;
  if filter is not null then
    v_passing := :PGVECTOR_SCHEMA.passing_products(filter, 2000);
    v_wanted := case when v_passing is null then v_wanted else 0 end;
  end if;

  loop
    select
      array_agg(r.product_id), array_agg(r.word_score), array_agg(r.is_exact), array_agg(array_to_string(r.terms, ' ')),
      coalesce(bool_or(r.is_complete), true)
    into v_ids, v_scores, v_exact, v_terms, v_complete
    from (
      select r.*
      from :PGVECTOR_SCHEMA.rank_words(query, v_wanted, v_near || v_passing) r
      order by r.is_exact desc, r.word_score desc, r.product_id
    ) r;
    -- Enough to fill the pool when a few are gone; all of them where a filter takes its share.
    v_lookup := case when filter is null then v_ids[1 : v_pool + v_pool / 2] else v_ids end;
    select array_agg(l.product_id), array_agg(l.name), array_agg(l.vendor_code), array_agg(l.price)
    into v_found, v_names, v_codes, v_prices
    from :PGVECTOR_SCHEMA.live_products(array(select i from unnest(v_lookup) i where i <> all (coalesce(v_near, '{}'))), filter) l;
    exit when v_complete or v_wanted = 0 or cardinality(v_found) + coalesce(cardinality(v_near), 0) >= v_pool or v_wanted > 1000000;
    v_wanted := v_wanted * 10;
  end loop;

  return query
    with
      live as materialized (
        select l.product_id, l.name, l.vendor_code, l.price, w.word_score, w.is_exact, w.terms, n.place as vector_rank
        from unnest(v_found || v_near, v_names || v_near_names, v_codes || v_near_codes, v_prices || v_near_prices)
          l (product_id, name, vendor_code, price)
        left join unnest(v_ids, v_scores, v_exact, v_terms) w (product_id, word_score, is_exact, terms) on w.product_id = l.product_id
        left join unnest(v_near) with ordinality n (product_id, place) on n.product_id = l.product_id
      ),
      ranked as materialized (
        select l.*, case when l.word_score > 0 then row_number() over (order by l.is_exact desc nulls last, l.word_score desc nulls last, l.product_id) end as word_rank
        from live l
      ),
      candidate as materialized (
        select r.*,
          case
            when hybrid_products.model_id is not null
              then :PGVECTOR_SCHEMA.vector_distance(r.product_id, query_vector, hybrid_products.model_id)
            -- One by one: how many there are the planner cannot know, and would read the table through.
            else (
              select e.embedding operator(:VECTOR_SCHEMA.<=>) query_vector
              from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
              where e.product_id = r.product_id and query_vector is not null
            )
          end as distance,
          -- 1 is the best of the candidates, 0 who has no word.
          :PGVECTOR_SCHEMA.min_max(r.word_score, 0, max(r.word_score) over ()) as word_share
        from ranked r
        where r.word_rank <= v_pool or r.vector_rank is not null
      ),
      leader as materialized (
        select c.*, w.vector_weight, w.word_weight, w.trigram_weight,
          w.word_weight * c.word_share + w.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, :PGVECTOR_SCHEMA.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
        cross join :PGVECTOR_SCHEMA.signal_weights(query, query_vector is not null) w
        order by c.is_exact desc nulls last, lead desc, c.product_id
        limit greatest(20, max_results)
      ),
      compared as materialized (
        select l.*,
          (
            select :TRGM_SCHEMA.word_similarity(v_text, w.label) from :PGVECTOR_SCHEMA.product_words w where w.product_id = l.product_id
          ) as similarity
        from leader l
      )
    select
      c.product_id, c.name, c.vendor_code, c.price,
      (c.is_exact is true)::integer + c.lead
        + c.trigram_weight * :PGVECTOR_SCHEMA.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score,
      c.vector_rank::integer, c.distance, c.word_rank::integer, nullif(c.word_score, 0), string_to_array(c.terms, ' ')
    from compared c
    order by score desc, c.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
--! Included search/index_due.sql
/*
 * What the worker runs, a statement at a time, when there are so many vectors that reading all of them
 * is felt: none while an index serves, or while somebody builds one (both hold this lock; so does a
 * vacuum, and then the next round comes). What a failed build left goes first: it costs every writer
 * and serves nobody. Only the owner of the table can build; the status tells others. Likewise for the
 * other models that are kept, once nothing waits to be encoded for them: it is quicker than while they grow.
 */
create or replace function :PGVECTOR_SCHEMA.index_due() returns table (statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := :PGVECTOR_SCHEMA.require_embeddings();
  v_model_id integer;
  v_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
begin
  if v_from is null or not pg_has_role((select c.relowner from pg_class c where c.oid = v_table), 'usage') then
    return;
  end if;
  for v_model_id in
    select k.model_id
    from :PGVECTOR_SCHEMA.kept_models k
    where not :PGVECTOR_SCHEMA.has_index(k.model_id)
      and :PGVECTOR_SCHEMA.has_vectors(k.model_id, v_from)
      and (k.is_active or not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.model_id = k.model_id offset 1000))
      and not exists (
        select from pg_locks l
        where l.relation = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(k.model_id)))
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )
    order by k.is_active desc
  loop
    return query
      select format('drop index concurrently if exists :PGVECTOR_SCHEMA.%I', c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', :PGVECTOR_SCHEMA.embeddings_table(v_model_id))) and not i.indisvalid;
    return query select format('set maintenance_work_mem = %L', :PGVECTOR_SCHEMA.index_memory(v_model_id));
    return query select :PGVECTOR_SCHEMA.index_sql(model_id => v_model_id);
    return query select 'reset maintenance_work_mem';
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_due() is
  'The statements that build an index for search, in order and each by itself, from settings.index_from_products vectors on; none while there is one, somebody builds one, or this role does not own the table. Raises PE003.';
--! EndIncluded search/index_due.sql
--! Included search/index_memory.sql
/*
 * pgvector builds an HNSW graph several times faster while all of it fits into maintenance_work_mem;
 * the server's default of 64 MB holds some 25,000 products. Freed when the build is through.
 */
create or replace function :PGVECTOR_SCHEMA.index_memory(model_id integer default null) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_memory text;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  execute format(
    $sql$
      select greatest(64, least(2048, ceil((count(*) * (a.atttypmod * 4 + 700)) / 1048576.0 * 1.2)))::integer || 'MB'
      from pg_attribute a
      left join :PGVECTOR_SCHEMA.%1$I e on true
      where a.attrelid = ':PGVECTOR_SCHEMA.%1$I'::regclass and a.attname = 'embedding'
      group by a.atttypmod
    $sql$,
    :PGVECTOR_SCHEMA.embeddings_table(index_memory.model_id)
  ) into v_memory;
  return v_memory;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_memory(integer) is
  'maintenance_work_mem that holds an index over a model''s present vectors while it is built, from 64 MB to 2 GB. Raises PE003.';
--! EndIncluded search/index_memory.sql
--! Included search/index_name.sql
create or replace function :PGVECTOR_SCHEMA.index_name(kind text, as_halfvec boolean, model_id integer default null) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- A name ends at 63 characters.
  select concat_ws('_', left(:PGVECTOR_SCHEMA.embeddings_table(model_id), 40), kind, case when as_halfvec then 'halfvec' end, 'idx')
$$;

comment on function :PGVECTOR_SCHEMA.index_name(text, boolean, integer) is 'What an index for search of this kind is called when we build it.';
--! EndIncluded search/index_name.sql
--! Included search/index_sql.sql
/*
 * The statement and not the index: create index concurrently runs in no function and no transaction,
 * so psql's \gexec or the worker runs it. One index by L2 serves the three metrics of search, since
 * vectors have unit length, and a query of one's own that orders by <->. Its name tells what it is.
 */
create or replace function :PGVECTOR_SCHEMA.index_sql(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  is_concurrent boolean default true,
  model_id integer default null
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
  v_table text := :PGVECTOR_SCHEMA.embeddings_table(index_sql.model_id);
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = format(':PGVECTOR_SCHEMA.%I', v_table)::regclass and a.attname = 'embedding';
  if kind is null or kind not in ('hnsw', 'ivfflat') then
    raise exception 'An index is hnsw or ivfflat, not %.', coalesce(quote_literal(left(kind, 100)), 'null')
      using errcode = 'PE022', hint = 'select :PGVECTOR_SCHEMA.index_sql(); is an HNSW index, which is right up to a million products.';
  end if;
  if as_halfvec is null then
    raise exception 'as_halfvec must be true or false, not null.'
      using errcode = 'PE022', hint = 'Leave it out for false.';
  end if;
  if kind = 'hnsw' and (m is null or m not between 2 and 100) then
    raise exception 'm must be from 2 to 100, not %.', coalesce(m::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 16.';
  end if;
  if kind = 'hnsw' and (ef_construction is null or ef_construction not between 4 and 1000 or ef_construction < 2 * m) then
    raise exception 'ef_construction must be from twice m, %, to 1000, not %.', 2 * m, coalesce(ef_construction::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 64.';
  end if;
  if v_lists not between 1 and 32768 then
    raise exception 'lists must be from 1 to 32768, not %.', v_lists
      using errcode = 'PE022', hint = 'Leave it out for a thousandth of the rows, and beyond a million their square root.';
  end if;
  if v_dimension > (case when as_halfvec then 4000 else 2000 end) then
    raise exception 'An index over vectors of % components does not exist.', v_dimension
      using errcode = 'PE022', hint = 'Halves reach to 4000: select :PGVECTOR_SCHEMA.index_sql(as_halfvec => true);';
  end if;

  if kind = 'ivfflat' and v_lists is null then
    execute format('select count(*) from :PGVECTOR_SCHEMA.%I', v_table) into v_rows;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on :PGVECTOR_SCHEMA.%I using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, index_sql.model_id),
    v_table,
    kind,
    case when as_halfvec
      then format('(embedding:::VECTOR_SCHEMA.halfvec(%s)) :VECTOR_SCHEMA.halfvec_l2_ops', v_dimension)
      else 'embedding :VECTOR_SCHEMA.vector_l2_ops'
    end,
    case kind
      when 'hnsw' then format('m = %s, ef_construction = %s', m, ef_construction)
      else format('lists = %s', v_lists)
    end
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.index_sql(text, boolean, integer, integer, integer, boolean, integer) is
  'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them, of the active model or another whose vectors are kept; for psql: select :PGVECTOR_SCHEMA.index_sql() \gexec. Raises PE003, PE022.';
--! EndIncluded search/index_sql.sql
--! Included search/keep_queries.sql
/*
 * Of the active model, and for every other that is kept the same queries, so that it can be compared and
 * activated at any time. Each use is worth an hour, a month at the most, so that what was popular once goes in the end.
 */
create or replace function :PGVECTOR_SCHEMA.keep_queries() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_waiting bigint;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
begin
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept)
  select distinct :PGVECTOR_SCHEMA.query_key(g.query), v_model_id, true
  from :PGVECTOR_SCHEMA.golden_queries g
  where :PGVECTOR_SCHEMA.query_key(g.query) is not null and v_model_id is not null
  on conflict on constraint query_embeddings_key do update set kept = true where not q.kept;

  delete from :PGVECTOR_SCHEMA.query_embeddings q
  using (
    select k.query
    from :PGVECTOR_SCHEMA.query_embeddings k
    where k.model_id = v_model_id
    order by k.kept desc, k.used_at + least(k.uses, 720) * interval '1 hour' desc, k.query
    offset (select s.query_cache_size from :PGVECTOR_SCHEMA.settings s)
  ) least_used
  where q.query = least_used.query and q.model_id = v_model_id and not q.kept;

  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, kept, uses, used_at)
  select a.query, m.model_id, a.kept, a.uses, a.used_at
  from :PGVECTOR_SCHEMA.query_embeddings a
  cross join :PGVECTOR_SCHEMA.embedding_models m
  where a.model_id = v_model_id and m.is_kept
  on conflict on constraint query_embeddings_key do update
  set kept = excluded.kept, uses = excluded.uses, used_at = excluded.used_at
  where (q.kept, q.uses, q.used_at) is distinct from (excluded.kept, excluded.uses, excluded.used_at);
  -- Also of models that are not kept any more.
  delete from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id <> v_model_id
    and (
      not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = q.model_id and m.is_kept)
      or not exists (select from :PGVECTOR_SCHEMA.query_embeddings a where a.query = q.query and a.model_id = v_model_id)
    );

  select count(*) into v_waiting
  from :PGVECTOR_SCHEMA.query_embeddings q
  join :PGVECTOR_SCHEMA.kept_models k on k.model_id = q.model_id
  where q.embedding is null and q.attempts < 3;
  if v_waiting > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return v_waiting;
end
$$;

comment on function :PGVECTOR_SCHEMA.keep_queries() is
  'Keeps the cache of query vectors: golden queries in, the least used out beyond settings.query_cache_size, the worker woken for what has no vector. Part of maintain().';
--! EndIncluded search/keep_queries.sql
--! Included search/measure_recall.sql
/*
 * What an approximate index costs in truth and saves in time, on one's own vectors: the same search
 * along the index, with what the settings say, and over everything. A hit is a vector as near as the
 * k-th exact one, so that equal vectors count for each other. The sample is the same each time.
 * Security definer, so that a reader may ask; it returns no vector.
 */
create or replace function :PGVECTOR_SCHEMA.measure_recall(k integer default 10, sample integer default 100)
returns table (
  queries integer,
  recall numeric,
  index_mean_ms numeric,
  index_p99_ms numeric,
  exact_mean_ms numeric,
  exact_p99_ms numeric
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set hnsw.iterative_scan = 'strict_order'
set ivfflat.iterative_scan = 'relaxed_order'
set hnsw.ef_search = 40
set ivfflat.probes = 1
set jit = off
as $$
declare
  v_type text;
  v_order text;
  v_candidates integer;
  v_query :VECTOR_SCHEMA.vector;
  v_started timestamptz;
  v_near double precision[];
  v_exact double precision[];
  v_index_ms double precision[];
  v_exact_ms double precision[];
  v_hits bigint := 0;
  v_wanted bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_type := :PGVECTOR_SCHEMA.search_index();
  v_order := case when v_type is null or v_type = 'vector' then 'e.embedding operator(:VECTOR_SCHEMA.<->) $1'
    else format('e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s', v_type) end;
  -- Halves put some out of order: as many more are taken as nearest_products() does.
  v_candidates := case when v_type is null or v_type = 'vector' then k else 2 * k + 10 end;
  if k is null or k not between 1 and 1000 or sample is null or sample not between 1 and 10000 then
    raise exception 'Recall is measured of 1 to 1000 hits on 1 to 10000 vectors, not of % on %.', coalesce(k::text, 'null'), coalesce(sample::text, 'null')
      using errcode = 'PE014', hint = 'Leave both out for 10 and 100.';
  end if;
  perform set_config('hnsw.ef_search', s.hnsw_ef_search::text, true), set_config('ivfflat.probes', s.ivfflat_probes::text, true)
  from :PGVECTOR_SCHEMA.settings s;
  for v_query in
    select e.embedding from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e order by hashint8(e.product_id), e.product_id limit sample
  loop
    v_started := clock_timestamp();
    execute format(
      $sql$
        select array(
          select n.distance
          from (
            select e.embedding operator(:VECTOR_SCHEMA.<->) $1 as distance
            from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
            order by %s
            limit %s
          ) n
          order by n.distance
          limit %s
        )
      $sql$,
      v_order, v_candidates, k
    ) into v_near using v_query;
    v_index_ms := v_index_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_started := clock_timestamp();
    v_exact := array(
      select (e.embedding operator(:VECTOR_SCHEMA.<->) v_query) + 0::double precision
      from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
      order by 1
      limit k
    );
    v_exact_ms := v_exact_ms || extract(epoch from clock_timestamp() - v_started)::double precision * 1000;

    v_wanted := v_wanted + cardinality(v_exact);
    v_hits := v_hits + (select count(*) from unnest(v_near) n where n <= v_exact[cardinality(v_exact)]);
  end loop;

  return query
    select
      cardinality(v_index_ms),
      round(v_hits::numeric / nullif(v_wanted, 0), 4),
      (select round(avg(u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_index_ms) u),
      (select round(avg(u)::numeric, 2) from unnest(v_exact_ms) u),
      (select round(percentile_cont(0.99) within group (order by u)::numeric, 2) from unnest(v_exact_ms) u);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) from public;

comment on function :PGVECTOR_SCHEMA.measure_recall(integer, integer) is
  'Of the k exactly nearest, the share that the index finds, with stored vectors as queries, and the mean and 99th percentile of milliseconds along the index and without. Reads everything for each query. Raises PE003, PE014.';
--! EndIncluded search/measure_recall.sql
--! Included search/nearest_products.sql
/*
 * Two ways to the same answer. Along the index, nearest first, through a cursor: as many vectors are
 * taken as it needs until enough of their products are live and pass, in one scan, whose plan plpgsql
 * keeps (with a limit that is a parameter it would plan a sort, or plan at every call). Or exactly:
 * without an index, where the scan ends early, and where so few products pass that the scan would
 * wander. It begins along the index, since most filters let through enough of the nearest; when they
 * do not, the source is asked which products pass, up to a bound, which is cheap where it has an index
 * on the filter's column.
 *
 * Of another model than the active one all vectors are compared: it is being judged, not used.
 *
 * Internal: who may not read our tables comes through a function that checks the query.
 */
create or replace function :PGVECTOR_SCHEMA.nearest_products(
  query :VECTOR_SCHEMA.vector, max_results integer, filter jsonb default null, excluded bigint[] default null,
  model_id integer default null
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- Without it an index scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
set ivfflat.iterative_scan = 'relaxed_order'
-- What the settings say instead is set below, and ends with the function because these stand here.
set hnsw.ef_search = 40
set ivfflat.probes = 1
-- A scan is planned for its first rows, and not compiled for all of them.
set cursor_tuple_fraction = 0
set jit = off
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_state record;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
  v_index text;
  v_duplicates boolean;
  v_passes text;
  v_excluded bigint[] := coalesce(nearest_products.excluded, array[]::bigint[]);
  v_lookup text;
  v_vectors refcursor;
  v_id bigint;
  v_distance double precision;
  v_ids bigint[];
  v_distances double precision[];
  v_passing bigint[];
  v_row record;
  v_hits integer := 0;
  v_taken integer := 0;
  v_batch integer;
  v_wanted double precision;
  v_exact boolean := true;
  v_among text;
  v_position integer;
  -- A product that came twice, which the last comparison cannot know yet: then all rows are looked through.
  v_double boolean := false;
  v_hit_ids bigint[] := array[]::bigint[];
  v_names text[] := array[]::text[];
  v_codes text[] := array[]::text[];
  v_prices numeric[] := array[]::numeric[];
  v_hit_distances double precision[] := array[]::double precision[];
begin
  -- One statement, because each costs as much as what it looks up.
  select
    s.hnsw_ef_search::text, s.ivfflat_probes::text, e as expressions, :PGVECTOR_SCHEMA.search_index() as index,
    (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0 as duplicates
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s
  -- In a subquery, or the planner calls it besides.
  left join :PGVECTOR_SCHEMA.source_expressions e on e.columns = (select :PGVECTOR_SCHEMA.source_signature(v_source));
  v_expressions := v_state.expressions;
  if v_expressions.columns is null then
    v_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  end if;
  v_duplicates := coalesce(v_state.duplicates, false);
  v_passes := v_expressions.is_live;
  if nearest_products.filter is not null then
    v_passes := v_passes || ' and ' || :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter);
  end if;
  v_index := case when nearest_products.model_id is null then v_state.index end;

  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
    v_lookup := :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, v_duplicates);
    if v_index = 'vector' then
      open v_vectors for
        select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query;
    else
      open v_vectors for execute format(
        $sql$
          select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) $1
          from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
          where e.product_id operator(pg_catalog.<>) all ($2)
          order by e.embedding::%1$s operator(:VECTOR_SCHEMA.<->) $1::%1$s
        $sql$,
        v_index
      ) using nearest_products.query, v_excluded;
    end if;

    -- A few more than asked: for one that is gone, for those that do not pass, and for what halves put out of order.
    v_batch := least(max_results + case when nearest_products.filter is null and v_index = 'vector' then 2 else max_results + 10 end, 2000);
    loop
      v_ids := array[]::bigint[];
      v_distances := array[]::double precision[];
      for i in 1 .. v_batch loop
        fetch v_vectors into v_id, v_distance;
        exit when not found;
        v_ids := v_ids || v_id;
        v_distances := v_distances || v_distance;
      end loop;
      exit when cardinality(v_ids) = 0;
      v_taken := v_taken + cardinality(v_ids);

      for v_row in execute v_lookup using v_ids loop
        v_position := array_position(v_ids, v_row.product_id);
        v_double := v_position is null;
        exit when v_double;
        v_ids[v_position] := null;
        continue when not v_row.passes;
        v_hit_ids := v_hit_ids || v_row.product_id;
        v_names := v_names || v_row.name;
        v_codes := v_codes || v_row.vendor_code;
        v_prices := v_prices || v_row.price;
        v_hit_distances := v_hit_distances || v_distances[v_position];
      end loop;
      exit when v_double;
      v_hits := cardinality(v_hit_ids);
      v_exact := v_hits < max_results;
      exit when not v_exact;

      -- As many again as it takes if the next ones pass as often as these did.
      v_wanted := (max_results - v_hits) * v_taken / greatest(v_hits, 0.5);
      if v_passing is null and v_wanted > 200 then
        execute format(
          'select array(select %s from %s s where %s limit 2001)', v_expressions.product_id, v_source, v_passes
        ) into v_passing;
        exit when cardinality(v_passing) <= 2000;
      end if;
      v_batch := least(v_wanted * 1.2 + 10, 2000);
    end loop;
    close v_vectors;
    v_id := null;
  end if;

  while v_exact loop
    v_duplicates := v_duplicates or v_double;
    v_double := false;
    v_hit_ids := array[]::bigint[];
    v_names := array[]::text[];
    v_codes := array[]::text[];
    v_prices := array[]::numeric[];
    v_hit_distances := array[]::double precision[];
    v_among := case when cardinality(v_passing) <= 2000 then v_expressions.among else 'true' end;
    for v_row in execute format(
      -- The sum keeps the planner from taking the index, which need not know all.
      $sql$
        select p.product_id, p.name, p.vendor_code, p.price,
          (e.embedding operator(:VECTOR_SCHEMA.<->) $2) operator(pg_catalog.+) 0::pg_catalog.float8 as distance
        from (%s) p
        join :PGVECTOR_SCHEMA.%I e on e.product_id operator(pg_catalog.=) p.product_id
        where p.passes and e.product_id operator(pg_catalog.<>) all ($3) and %s
        order by 5, 1
        limit $4
      $sql$,
      :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_among, v_passes, v_duplicates),
      :PGVECTOR_SCHEMA.embeddings_table(nearest_products.model_id),
      case when v_among = 'true' then 'true' else 'e.product_id operator(pg_catalog.=) any ($1)' end
    ) using v_passing, nearest_products.query, v_excluded, max_results loop
      v_double := v_row.product_id is not distinct from v_id;
      exit when v_double;
      v_id := v_row.product_id;
      v_hit_ids := v_hit_ids || v_row.product_id;
      v_names := v_names || v_row.name;
      v_codes := v_codes || v_row.vendor_code;
      v_prices := v_prices || v_row.price;
      v_hit_distances := v_hit_distances || v_row.distance;
    end loop;
    v_id := null;
    v_exact := v_double;
  end loop;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.distance
    from unnest(v_hit_ids, v_names, v_codes, v_prices, v_hit_distances) h (product_id, name, vendor_code, price, distance)
    order by h.distance, h.product_id
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.nearest_products(:VECTOR_SCHEMA.vector, integer, jsonb, bigint[], integer) is
  'The live products nearest to a vector of unit length by L2, nearest first, that pass filter_sql() and are not excluded: as many as asked, if there are so many. model_id: null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/nearest_products.sql
--! Included search/query_embedding.sql
create or replace function :PGVECTOR_SCHEMA.query_embedding(query text, model_id integer default null) returns :VECTOR_SCHEMA.vector
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select q.embedding
    from :PGVECTOR_SCHEMA.query_embeddings q
    where q.query = :PGVECTOR_SCHEMA.query_key(query_embedding.query)
      and q.model_id = coalesce(query_embedding.model_id, :PGVECTOR_SCHEMA.active_model_id())
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.query_embedding(text, integer) is
  'The cached vector of a query by a model, the active one when null; null when there is none (see embed_query).';
--! EndIncluded search/query_embedding.sql
--! Included search/ranked_products.sql
/*
 * The active model's through the function that everybody searches with; another's in the same way, but
 * compared exactly and without asking for vectors.
 */
create or replace function :PGVECTOR_SCHEMA.ranked_products(query text, k integer, mode text, model_id integer default null)
returns table (product_id bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_vector :VECTOR_SCHEMA.vector;
begin
  if ranked_products.model_id is null or mode = 'words' then
    return query select s.product_id from :PGVECTOR_SCHEMA.search_products_text(query, k, null, mode) s;
    return;
  end if;
  v_vector := :PGVECTOR_SCHEMA.query_embedding(query, ranked_products.model_id);
  if mode = 'vectors' then
    return query select n.product_id from :PGVECTOR_SCHEMA.nearest_products(v_vector, k, null, null, ranked_products.model_id) n;
  else
    return query select h.product_id from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, k, null, ranked_products.model_id) h;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.ranked_products(text, integer, text, integer) is
  'The products that a search in this mode gives, best first; with the vectors of another model than the active one when model_id is not null.';
--! EndIncluded search/ranked_products.sql
--! Included search/recommended_products.sql
/*
 * Similarity is to the nearest of the given products and not to their mean: the mean of brake pads
 * and motor oil is near to neither. Being together is the noisy or of the pairs' scores, so that
 * several of the given products add up and one is enough, and it is taken relative to the strongest,
 * because scores of pairs are small numbers where a cosine of two texts is not.
 *
 * Each of the given products costs a search, so the first 10 do it; their pairs cost little, so those
 * of the first 100 count. A pair needs no vector: what is sold already and not yet encoded is
 * recommended, and recommended for.
 */
create or replace function :PGVECTOR_SCHEMA.recommended_products(
  product_ids bigint[], max_results integer default 10, filter jsonb default null
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric,
  score double precision, similarity double precision, together bigint, reason text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_given bigint[];
  v_left_out bigint[] := array_remove(product_ids, null);
  v_has_pairs boolean;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  perform :PGVECTOR_SCHEMA.require_limit(max_results, 1000);
  v_has_pairs := exists (select from :PGVECTOR_SCHEMA.product_pairs);

  select array_agg(k.product_id order by k.place) into v_given
  from (
    select g.product_id, min(g.place) as place
    from unnest(product_ids) with ordinality g (product_id, place)
    where exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.product_id = g.product_id)
      or exists (select from :PGVECTOR_SCHEMA.product_pairs p where p.product_id = g.product_id)
    group by g.product_id
    order by 2
    limit 100
  ) k;
  if v_given is null then
    raise exception 'None of the given products is known here.'
      using errcode = 'PE017',
        hint = 'Pass products that have a vector, or pairs: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  return query
    with
      given as materialized (
        select e.product_id, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id = any (v_given)
        order by array_position(v_given, e.product_id)
        limit 10
      ),
      near as materialized (
        select distinct n.product_id
        from given g
        cross join lateral :PGVECTOR_SCHEMA.nearest_products(g.embedding, greatest(max_results, 10), filter, v_left_out) n
      ),
      paired as materialized (
        select p.other_id as product_id, max(p.together) as together,
          1 - exp(sum(ln(greatest(1 - p.score, 1e-9)))) as affinity
        from :PGVECTOR_SCHEMA.product_pairs p
        where p.product_id = any (v_given) and p.other_id <> all (v_left_out)
        group by p.other_id
      ),
      candidates as materialized (
        select product_id, n.product_id is not null as is_near, p.together, p.affinity
        from near n
        full join paired p using (product_id)
      ),
      alive as materialized (
        select l.product_id, l.name, l.vendor_code, l.price
        from :PGVECTOR_SCHEMA.live_products((select array_agg(c.product_id) from candidates c), filter) l
      ),
      judged as materialized (
        select
          a.product_id, a.name, a.vendor_code, a.price, c.is_near, c.together,
          coalesce(c.affinity / max(c.affinity) over (), 0) as affinity,
          (
            select max(1 - (g.embedding operator(:VECTOR_SCHEMA.<=>) e.embedding))
            from given g
            join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = a.product_id
          ) as similarity
        from alive a
        join candidates c on c.product_id = a.product_id
      )
    select
      j.product_id, j.name, j.vendor_code, j.price,
      case when v_has_pairs then s.pair_weight * j.affinity + (1 - s.pair_weight) * greatest(coalesce(j.similarity, 0), 0) else greatest(j.similarity, 0) end,
      j.similarity, j.together,
      case
        when not v_has_pairs then 'similar (no pairs known)'
        when j.together is null then 'similar'
        when j.is_near then 'both'
        else 'bought together'
      end
    from judged j
    cross join :PGVECTOR_SCHEMA.settings s
    order by 5 desc, 1
    limit max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb) is
  'What goes with the products of a basket or a history: similar to any of the first 10 that have a vector and, as far as set_interactions() and refresh_pairs() know it, bought together with the first 100; none of the given. score: 0 to 1; similarity: cosine to the nearest given one; together: orders with the one it is most together with; reason: similar, bought together, both, or similar (no pairs known). max_results: 1 to 1000. Raises PE001 to PE003, PE005, PE014, PE017.';
--! EndIncluded search/recommended_products.sql
--! Included search/request_query.sql
/*
 * Called by each search, so it must cost next to nothing and never wait: a use is counted once a
 * minute, and not at all while another search is at the same row. On a standby nothing can be asked
 * for. Security definer for the readers who call embed_query().
 */
create or replace function :PGVECTOR_SCHEMA.request_query(query text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(request_query.query);
  v_row record;
  v_model_id integer := :PGVECTOR_SCHEMA.active_model_id();
  v_noted boolean := false;
begin
  -- Without a model there is nobody to ask.
  if v_query is null or v_model_id is null then
    return false;
  end if;
  select q.query, q.embedding is not null as is_embedded, q.used_at
  into v_row
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.query = v_query and q.model_id = v_model_id;

  if current_setting('transaction_read_only')::boolean then
    return coalesce(v_row.is_embedded, false);
  end if;
  -- Another transaction that is just noting the same query does it for both.
  if v_row.query is null and pg_try_advisory_xact_lock(hashtext(v_query), hashtext(':PGVECTOR_SCHEMA.query_embeddings')) then
    insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, uses) values (v_query, v_model_id, 1)
    on conflict on constraint query_embeddings_key do nothing;
    v_noted := true;
  elsif v_row.used_at < now() - interval '1 minute' then
    update :PGVECTOR_SCHEMA.query_embeddings q
    set uses = q.uses + 1, used_at = now(),
      attempts = case when q.used_at < now() - interval '1 hour' then 0 else q.attempts end
    from (select u.query from :PGVECTOR_SCHEMA.query_embeddings u where u.query = v_query and u.model_id = v_model_id for update skip locked) u
    where q.query = u.query and q.model_id = v_model_id;
    v_noted := found;
  end if;
  if v_noted and not coalesce(v_row.is_embedded, false) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'embed_queries');
  end if;
  return coalesce(v_row.is_embedded, false);
end
$$;

revoke all on function :PGVECTOR_SCHEMA.request_query(text) from public;

comment on function :PGVECTOR_SCHEMA.request_query(text) is
  'Notes that a query is used and asks the worker for its vector if it has none; returns whether it has one. Takes effect when the transaction commits.';
--! EndIncluded search/request_query.sql
--! Included search/require_query.sql
/*
 * What every search by a vector asks of it, in the order in which a person would mend it.
 */
create or replace function :PGVECTOR_SCHEMA.require_query(
  query :VECTOR_SCHEMA.vector, metric text, max_results integer, dimension integer default null
) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  v_dimension integer := require_query.dimension;
begin
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
  end if;
  if v_dimension is null then
    select a.atttypmod into v_dimension
    from pg_attribute a
    where a.attrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') and a.attname = 'embedding';
    if v_dimension is null then
      perform :PGVECTOR_SCHEMA.require_embeddings();
    end if;
  end if;
  if :VECTOR_SCHEMA.vector_dims(query) <> v_dimension then
    raise exception 'The query vector has % components, the products'' vectors have %.', :VECTOR_SCHEMA.vector_dims(query), v_dimension
      using errcode = 'PE012', hint = 'Encode the query with the model that encoded the products: select model from :PGVECTOR_SCHEMA.embedding_status;';
  end if;
  if :VECTOR_SCHEMA.vector_norm(query) = 0 then
    raise exception 'The query vector is zero and has no direction.'
      using errcode = 'PE013', hint = 'Pass the vector of a text; no model gives zero.';
  end if;
  if max_results is null or max_results not between 1 and 10000 then
    raise exception 'The limit must be from 1 to 10000, not %.', coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for 10.';
  end if;
  return v_operator;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_query(:VECTOR_SCHEMA.vector, text, integer, integer) is
  'The operator of a metric, when query and limit are sound too; dimension: what the vector has to have, null for that of the table. Raises PE003 and PE010 to PE014.';
--! EndIncluded search/require_query.sql
--! Included search/search_products.sql
/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once. Security definer, so that a reader needs no right on tables.
 *
 * The filter has no default, or a call with three arguments would be ambiguous. No overload that takes
 * text may have this name: an untyped literal would resolve to it.
 */
create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text, max_results integer, filter jsonb
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator text;
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  v_operator := :PGVECTOR_SCHEMA.require_query(query, metric, max_results);
  if v_operator = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n;
  else
    return query
      select n.product_id, n.name, n.vendor_code, n.price,
        case v_operator
          when '<=>' then e.embedding operator(:VECTOR_SCHEMA.<=>) query
          else e.embedding operator(:VECTOR_SCHEMA.<#>) query
        end
      from :PGVECTOR_SCHEMA.nearest_products(query, max_results, filter) n
      join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      order by 5, 1;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb) is
  'The products nearest to a vector of those that pass a filter (see filter_sql), nearest first; otherwise as with three arguments. Raises PE015 and PE016 too.';

create or replace function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  -- The usual case spares itself a function between, which is felt at this speed.
  if :PGVECTOR_SCHEMA.require_query(query, metric, max_results) = '<->' then
    return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n;
  else
    return query select s.* from :PGVECTOR_SCHEMA.search_products(query, metric, max_results, null::jsonb) s;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
--! EndIncluded search/search_products.sql
--! Included search/search_products_text.sql
/*
 * Not an overload of search_products(): an untyped literal there would resolve to text.
 *
 * The server cannot encode the query, so its vector comes from query_embeddings. When it is not there
 * yet the answer is from words alone, says so, and asks for the vector, so that the next search has
 * both; call embed_query() waits for it. Security definer, so that a reader needs no right on tables.
 */
create or replace function :PGVECTOR_SCHEMA.search_products_text(
  query text, max_results integer default 10, filter jsonb default null, mode text default 'hybrid'
)
returns table (
  product_id bigint, name text, vendor_code text, price numeric, score double precision,
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[],
  used_vectors boolean
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_mode text := lower(btrim(mode));
  v_vector :VECTOR_SCHEMA.vector;
begin
  if :PGVECTOR_SCHEMA.query_key(query) is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results);

  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if v_mode <> 'words' and :PGVECTOR_SCHEMA.request_query(query) then
    v_vector := :PGVECTOR_SCHEMA.query_embedding(query);
  end if;

  if v_mode = 'vectors' and v_vector is not null then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, 1 - d.distance, n.place::integer, d.distance, null::integer, null::double precision, null::text[], true
      from :PGVECTOR_SCHEMA.nearest_products(v_vector, max_results, filter)
        with ordinality n (product_id, name, vendor_code, price, l2_distance, place)
      -- Of unit length, so that the one distance gives the other.
      cross join lateral (select n.l2_distance * n.l2_distance / 2 as distance) d;
    return;
  end if;

  return query
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score,
      :PGVECTOR_SCHEMA.shown_words(h.terms, concat_ws(' ', h.name, h.vendor_code)), v_vector is not null
    from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) from public;

comment on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) is
  'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';
--! EndIncluded search/search_products_text.sql
--! Included search/similar_products.sql
/*
 * Also of a product that is gone from the source while its vector is kept: what is there instead of
 * it is a good question then. Candidates for a spread are ten times what is asked, at most 1000: from
 * fewer there is nothing to choose, and further away is nothing alike.
 */
create or replace function :PGVECTOR_SCHEMA.similar_products(
  of_product bigint, max_results integer default 10, filter jsonb default null, spread double precision default 0
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_embedding :VECTOR_SCHEMA.vector;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if spread is null or spread not between 0 and 1 then
    raise exception 'The spread must be from 0 to 1, not %.', coalesce(spread::text, 'null')
      using errcode = 'PE018', hint = 'Leave it out for the nearest; 0.3 to 0.5 keeps near-doubles apart.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results, case when spread > 0 then 200 else 10000 end);

  select e.embedding into v_embedding
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.product_id = of_product;
  if v_embedding is null then
    raise exception 'The product % has no vector.', coalesce(of_product::text, 'null')
      using errcode = 'PE017',
        hint = 'It is unknown, or not encoded yet: select state, missing, notes from :PGVECTOR_SCHEMA.embedding_status;';
  end if;

  if spread = 0 then
    return query
      select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from :PGVECTOR_SCHEMA.nearest_products(v_embedding, max_results, filter, array[of_product]) n
      join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      order by n.distance, n.product_id;
  else
    return query
      with candidates as materialized (
        select n.*, e.embedding, row_number() over (order by n.distance, n.product_id) as place
        from :PGVECTOR_SCHEMA.nearest_products(v_embedding, least(max_results * 10, 1000), filter, array[of_product]) n
        join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
      ),
      picks as materialized (
        select :PGVECTOR_SCHEMA.spread_order(v_embedding, array_agg(c.embedding order by c.place), max_results, spread) as places
        from candidates c
      )
      select c.product_id, c.name, c.vendor_code, c.price, c.embedding operator(:VECTOR_SCHEMA.<=>) v_embedding
      from picks p
      cross join unnest(p.places) with ordinality o (place, pick)
      join candidates c on c.place = o.place
      order by o.pick;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision) is
  'The products nearest to a product, itself left out, by cosine distance. max_results: 1 to 10000; spread: 0 for the nearest, up to 1 for those least like each other (maximal marginal relevance, lambda = 1 - spread, at most 200 results), then in the order they were chosen. Raises PE001 to PE003, PE005, PE014, PE017, PE018.';
--! EndIncluded search/similar_products.sql
--! Included search/store_query_embedding.sql
create or replace function :PGVECTOR_SCHEMA.store_query_embedding(query text, model_id integer, embedding :VECTOR_SCHEMA.vector) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_query text := :PGVECTOR_SCHEMA.query_key(store_query_embedding.query);
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  -- Every later search for the text would fail of a vector that cannot be searched with.
  perform :PGVECTOR_SCHEMA.require_query(
    store_query_embedding.embedding, 'l2', 1,
    (select m.dimension from :PGVECTOR_SCHEMA.embedding_models m where m.model_id = store_query_embedding.model_id)
  );
  if v_query is null or not exists (select from :PGVECTOR_SCHEMA.kept_models k where k.model_id = store_query_embedding.model_id) then
    return null;
  end if;
  insert into :PGVECTOR_SCHEMA.query_embeddings as q (query, model_id, embedding)
  values (v_query, store_query_embedding.model_id, :VECTOR_SCHEMA.l2_normalize(store_query_embedding.embedding))
  on conflict on constraint query_embeddings_key do update
  set embedding = excluded.embedding, attempts = 0, error = null;
  return true;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_query_embedding(text, integer, :VECTOR_SCHEMA.vector) is
  'Stores the vector of a query, at unit length; null and nothing stored when the query is empty or no vectors of the model are kept any more. Raises PE003, PE011 to PE013.';
--! EndIncluded search/store_query_embedding.sql
--! Included search/take_queries.sql
create or replace function :PGVECTOR_SCHEMA.take_queries(max_queries integer default 32, model_id integer default null)
returns table (query text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- Who waits comes before what is only kept warm.
  select q.query
  from :PGVECTOR_SCHEMA.query_embeddings q
  where q.model_id = coalesce(take_queries.model_id, :PGVECTOR_SCHEMA.active_model_id()) and q.embedding is null and q.attempts < 3
  order by q.used_at desc
  limit max_queries
$$;

comment on function :PGVECTOR_SCHEMA.take_queries(integer, integer) is
  'Queries that have no vector of a model, the active one when null, those asked for last first. Two workers may take the same; that costs an encoding and nothing else.';
--! EndIncluded search/take_queries.sql
--! Included search/vector_distance.sql
create or replace function :PGVECTOR_SCHEMA.vector_distance(product_id bigint, query :VECTOR_SCHEMA.vector, model_id integer)
returns double precision
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_distance double precision;
begin
  execute format(
    'select e.embedding operator(:VECTOR_SCHEMA.<=>) $2 from :PGVECTOR_SCHEMA.%I e where e.product_id = $1',
    :PGVECTOR_SCHEMA.embeddings_table(vector_distance.model_id)
  ) into v_distance using vector_distance.product_id, query;
  return v_distance;
end
$$;

comment on function :PGVECTOR_SCHEMA.vector_distance(bigint, :VECTOR_SCHEMA.vector, integer) is
  'Cosine distance of a product''s vector by a model to a query''s; null without a vector.';
--! EndIncluded search/vector_distance.sql
--! Included search/map_due.sql
/*
 * A map costs a minute of a core, so it is made anew when it shows another catalogue and not at every
 * change: a twentieth of it changed or is gone. An hour between two, or a backfill would draw all the time.
 */
create or replace function :PGVECTOR_SCHEMA.map_due() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wanted integer := (select s.map_products from :PGVECTOR_SCHEMA.settings s);
  v_vectors bigint := (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is null);
  v_mapped bigint;
  v_mapped_at timestamptz;
  v_changed bigint;
begin
  select count(*), min(m.mapped_at) into v_mapped, v_mapped_at from :PGVECTOR_SCHEMA.product_map m;
  if v_wanted = 0 or v_vectors < 3 then
    return v_mapped > 0;
  end if;
  if v_mapped = 0 then
    return true;
  end if;
  -- updated_at is a timestamp in the session's time zone, as the Python pipeline's users read it.
  select count(*) into v_changed
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.updated_at > v_mapped_at::timestamp or e.vanished_at > v_mapped_at;
  return v_mapped_at < now() - interval '1 hour'
    and (v_changed * 20 > v_vectors or abs(v_mapped - least(v_wanted, v_vectors)) * 20 > v_wanted);
end
$$;

comment on function :PGVECTOR_SCHEMA.map_due() is
  'Whether product_map should be made anew: there is none, or a twentieth of the catalogue changed since and the map is an hour old.';
--! EndIncluded search/map_due.sql
--! Included search/map_sample.sql
create or replace function :PGVECTOR_SCHEMA.map_sample() returns table (product_id bigint, embedding :VECTOR_SCHEMA.vector)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- By a hash of the id: of a large catalogue the same products stay on the map.
  select e.product_id, e.embedding
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at is null
  order by hashint8(e.product_id), e.product_id
  limit (select s.map_products from :PGVECTOR_SCHEMA.settings s)
$$;

comment on function :PGVECTOR_SCHEMA.map_sample() is 'The products that a map is made of, and their vectors: all, or settings.map_products of them.';
--! EndIncluded search/map_sample.sql
--! Included search/store_map.sql
create or replace function :PGVECTOR_SCHEMA.store_map(product_ids bigint[], xs real[], ys real[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  -- Two workers may have drawn one; whoever comes second replaces what the first one stored.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_map'));
  delete from :PGVECTOR_SCHEMA.product_map;
  insert into :PGVECTOR_SCHEMA.product_map (product_id, x, y)
  select p.product_id, p.x, p.y
  from unnest(product_ids, xs, ys) p (product_id, x, y);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_map(bigint[], real[], real[]) is
  'Puts a new map in the place of the old one: places of products, in one order; returns how many.';
--! EndIncluded search/store_map.sql
--! Included search/mapped_products.sql
/*
 * Security definer, so that a reader needs no right on tables; which column it shows beside what search
 * shows is therefore a setting of the database and no parameter.
 */
create or replace function :PGVECTOR_SCHEMA.mapped_products()
returns table (product_id bigint, name text, vendor_code text, price numeric, x real, y real, label text, mapped_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_ids bigint[] := array(select m.product_id from :PGVECTOR_SCHEMA.product_map m);
  v_column text := (
    select format('s.%I::pg_catalog.text', c.column_name)
    from :PGVECTOR_SCHEMA.source_columns c
    join :PGVECTOR_SCHEMA.settings s on s.map_column = c.column_name
  );
begin
  return query execute format(
    $sql$
      select p.product_id, p.name, p.vendor_code, p.price, m.x, m.y, l.label, m.mapped_at
      from :PGVECTOR_SCHEMA.live_products($1) p
      join :PGVECTOR_SCHEMA.product_map m on m.product_id = p.product_id
      join (
        select distinct on (1) %1$s as product_id, %2$s as label from %3$s s where %4$s order by 1, %5$s, 2
      ) l on l.product_id = p.product_id
      order by m.product_id
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'), coalesce(v_column, 'null::pg_catalog.text'), v_source,
    :PGVECTOR_SCHEMA.product_ids_sql('s'), :PGVECTOR_SCHEMA.newest_row_sql('s')
  ) using v_ids;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.mapped_products() from public;

comment on function :PGVECTOR_SCHEMA.mapped_products() is
  'The live products of the map with their places; label is the column settings.map_column as text, null where the source has no such column. Raises PE001, PE002, PE005.';
--! EndIncluded search/mapped_products.sql

-- status
--! Included status/embedding_activity.sql
/*
 * One row a worker and minute, so that no two workers wait for each other: what the throughput and
 * the time to go are computed from, and what a night's run did.
 */
create table if not exists :PGVECTOR_SCHEMA.embedding_activity (
  minute timestamptz not null,
  worker text not null,
  stored bigint not null default 0,
  failed bigint not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  primary key (minute, worker)
);

alter table :PGVECTOR_SCHEMA.embedding_activity
  add column if not exists model_id integer not null default 0,
  drop constraint if exists embedding_activity_pkey,
  add constraint embedding_activity_pkey primary key (minute, worker, model_id);

comment on table  :PGVECTOR_SCHEMA.embedding_activity is 'What each worker did in each minute of the last week.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.minute is 'Start of the minute.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.worker is 'Who.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.model_id is 'With which model; 0 before models were told apart.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.stored is 'Vectors stored: how many products were encoded.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.failed is 'Attempts that failed.';
comment on column :PGVECTOR_SCHEMA.embedding_activity.started_at is 'When the first of them was claimed, or the minute began if that was earlier.';
--! EndIncluded status/embedding_activity.sql
--! Included status/status_notes.sql
/*
 * Why the numbers are what they are, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.status_notes() returns table (note text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_index_from bigint := (select s.index_from_products from :PGVECTOR_SCHEMA.settings s);
  v_kind text := (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_class c
    where c.oid = v_source
  );
begin
  return query select n.note from :PGVECTOR_SCHEMA.copy_notes() n;
  if v_source is null then
    return query select 'The source does not exist: run dbt, or name another: select :PGVECTOR_SCHEMA.set_source(''schema'', ''table'');';
    return;
  end if;
  if not :PGVECTOR_SCHEMA.may_read_source() then
    return query select format('%s may not read the source. Its owner grants that: select :PGVECTOR_SCHEMA.attach();', current_user);
    return;
  end if;

  if v_kind is not null then
    return query select format('The source is a %s and cannot have triggers: changes are found by comparing.', v_kind);
  else
    return query
      select format(
        'The source lacks the triggers for %s: it was rebuilt without the dbt hook, or never attached. As its owner: select :PGVECTOR_SCHEMA.attach();',
        string_agg(t.event, ', ')
      )
      from :PGVECTOR_SCHEMA.source_triggers t
      where not t.attached
      having count(*) > 0;
    return query
      select format(
        'The triggers for %s %s. As the owner: select :PGVECTOR_SCHEMA.attach();',
        string_agg(t.event, ', '),
        case when :PGVECTOR_SCHEMA.source_is_replicated() then 'do not fire for what a subscription writes' else 'are disabled' end
      )
      from :PGVECTOR_SCHEMA.source_triggers t
      where t.enabled is false
      having count(*) > 0;
  end if;

  return query
    select case
      when t.relation_oid is null then format('The related table %I.%I does not exist: build it, or: select :PGVECTOR_SCHEMA.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      else format('The related table %I.%I lacks the triggers for %s: it was rebuilt without the dbt hook. As its owner: select :PGVECTOR_SCHEMA.attach_related(%L, %L, %L);',
        t.relation_schema, t.relation_name, string_agg(t.event, ', '), format('%I.%I', t.relation_schema, t.relation_name), min(r.key_column), min(r.product_column))
    end
    from :PGVECTOR_SCHEMA.related_triggers t
    join (
      select distinct on (a.relation_schema, a.relation_name) a.*
      from :PGVECTOR_SCHEMA.related_tables a
      order by a.relation_schema, a.relation_name
    ) r on r.relation_schema = t.relation_schema and r.relation_name = t.relation_name
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, t.relation_oid;
  return query
    select format('The source has no column %I, by which the related table %I.%I was attached.', r.product_column, r.relation_schema, r.relation_name)
    from :PGVECTOR_SCHEMA.related_tables r
    where not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = r.product_column);
  return query
    select format('Nothing can be encoded: %s Make it again, or: select :PGVECTOR_SCHEMA.set_document_hook(null);', p.problem)
    from :PGVECTOR_SCHEMA.document_hook_problem() p (problem)
    where p.problem is not null;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
  end if;
  return query
    select format('The last %s failed: %s', l.event, l.error)
    from (select distinct on (l.event) l.event, l.error, l.log_id from :PGVECTOR_SCHEMA.source_log l order by l.event, l.log_id desc) l
    where l.error is not null
    order by l.log_id;
  return query select p.problem from :PGVECTOR_SCHEMA.source_problems() p;

  -- Felt from here on; of a view the index would be on what is below it.
  if v_kind is null and v_last.products >= 10000 and not exists (
    select
    from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = v_source and i.indisvalid and a.attname = 'product_id'
  ) then
    return query select 'The source has no index on product_id, so that each search reads all of it. In the dbt model: {{ config(indexes=[{''columns'': [''product_id'']}]) }}';
  end if;
  if v_index_from is not null and :PGVECTOR_SCHEMA.search_index() is null
    and (select count(*) from (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE limit v_index_from) e) >= v_index_from
  then
    return query select format('%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select :PGVECTOR_SCHEMA.index_sql() \gexec', v_index_from);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.status_notes() is 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';
--! EndIncluded status/status_notes.sql
--! Included status/compute_model_status.sql
/*
 * From what is stored and what waits, so that a dashboard can look every few seconds; activate_model()
 * compares every product. Security definer, so that a reader needs no right on tables.
 */
create or replace function :PGVECTOR_SCHEMA.compute_model_status()
returns table (
  model_id integer, name text, state text, dimension integer, revision text, "precision" text, max_tokens integer,
  products bigint, embedded bigint, coverage numeric, queued bigint, failed bigint, throughput numeric, time_to_go interval,
  has_index boolean, long_documents bigint, longest_document integer, spelled_out double precision, activated_at timestamptz, error text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_preparation :PGVECTOR_SCHEMA.model_preparation;
  v_source_products bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_models();
  select * into v_preparation from :PGVECTOR_SCHEMA.model_preparation;
  select s.products into v_source_products from :PGVECTOR_SCHEMA.embedding_status s;
  for v_model in
    select m.*
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_active or m.is_kept
    order by m.is_active desc, m.activated_at is null desc, m.activated_at desc
  loop
    model_id := v_model.model_id;
    name := v_model.name;
    dimension := v_model.dimension;
    revision := v_model.revision;
    "precision" := v_model.precision;
    max_tokens := v_model.max_tokens;
    spelled_out := v_model.spelled_out;
    activated_at := v_model.activated_at;
    error := v_model.error;
    products := v_source_products;
    -- Each from an index of its own.
    execute format(
      $sql$
        select
          (select count(*) from :PGVECTOR_SCHEMA.%1$I) - (select count(*) from :PGVECTOR_SCHEMA.%1$I e where e.vanished_at is not null),
          count(*), max(e.tokens)
        from :PGVECTOR_SCHEMA.%1$I e
        where e.tokens is not null
      $sql$,
      :PGVECTOR_SCHEMA.embeddings_table(v_model.model_id)
    ) into embedded, long_documents, longest_document;
    coverage := trunc(100.0 * least(embedded, products) / nullif(products, 0), 2);
    select count(distinct q.product_id) into queued from :PGVECTOR_SCHEMA.product_queue q where q.model_id = v_model.model_id;
    select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.model_id = v_model.model_id and f.set_aside;
    throughput := null;
    time_to_go := null;
    if queued > 0 then
      throughput := :PGVECTOR_SCHEMA.throughput(v_model.model_id);
      time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
    end if;
    has_index := :PGVECTOR_SCHEMA.has_index(v_model.model_id);
    state := case
      when v_model.is_active then 'active'
      when v_model.activated_at is not null then 'former'
      when v_model.error is not null then 'failed'
      when queued > 0 or embedded < products then 'preparing'
      when not has_index and :PGVECTOR_SCHEMA.has_vectors(v_model.model_id, (select s.index_from_products from :PGVECTOR_SCHEMA.settings s)) then 'indexing'
      else 'ready'
    end;
    return next;
  end loop;

  if v_preparation.model is not null and v_preparation.model_id is null then
    return query
      select null::integer, v_preparation.model, case when v_preparation.error is null then 'requested' else 'failed' end, null::integer, null, null, null::integer,
        v_source_products, 0::bigint, 0::numeric, null::bigint, null::bigint, null::numeric, null::interval,
        null::boolean, null::bigint, null::integer, null::double precision, null::timestamptz, v_preparation.error;
  end if;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_model_status() from public;

comment on function :PGVECTOR_SCHEMA.compute_model_status() is 'The rows of model_status.';
--! EndIncluded status/compute_model_status.sql
--! Included status/compute_status.sql
/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. Exact means comparing every product with its
 * vector. The quick way starts from the last comparison and is right as long as nothing can have
 * escaped since: it is the same relation, and it has not lost its triggers. If it may have, the
 * numbers are null and the state is unknown, rather than a comforting zero. What waits counts as
 * missing or stale although some of it may turn out unchanged.
 *
 * Security definer, so that a reader needs no right on tables. It answers also while the source is
 * missing.
 */
create or replace function :PGVECTOR_SCHEMA.compute_status(exact boolean default true) returns table (
  source text,
  state text,
  products bigint,
  embedded bigint,
  coverage numeric,
  missing bigint,
  stale bigint,
  orphans bigint,
  held bigint,
  failed bigint,
  queued bigint,
  claimed bigint,
  oldest_wait interval,
  throughput numeric,
  time_to_go interval,
  source_exists boolean,
  triggers_attached boolean,
  compared_at timestamptz,
  compared_queued bigint,
  unusable_ids bigint,
  duplicate_ids bigint,
  workers_alive bigint,
  worker_last_seen timestamptz,
  model text,
  dimension integer,
  notes text[]
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_last :PGVECTOR_SCHEMA.source_log := :PGVECTOR_SCHEMA.last_comparison();
  v_source oid := :PGVECTOR_SCHEMA.source_relation();
  v_vectors bigint;
  v_queue record;
  v_wordless bigint := 0;
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select format('%I.%I', s.source_schema, s.source_table) into source from :PGVECTOR_SCHEMA.settings s;
  source_exists := v_source is not null;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;
  select count(*) into v_vectors from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
  select count(*), count(*) filter (where v.held) into orphans, held from :PGVECTOR_SCHEMA.vanished_products() v;

  select * into v_queue from :PGVECTOR_SCHEMA.queue_summary(exact);
  queued := v_queue.queued;
  claimed := v_queue.claimed;
  failed := v_queue.failed;
  oldest_wait := clock_timestamp() - v_queue.oldest;

  select count(*) filter (where w.last_seen_at > clock_timestamp() - interval '2 minutes'), max(w.last_seen_at)
  into workers_alive, worker_last_seen
  from :PGVECTOR_SCHEMA.embedding_workers w;

  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active;

  compared_at := v_last.logged_at;
  compared_queued := v_last.queued;
  unusable_ids := v_last.unusable_ids;
  duplicate_ids := v_last.duplicate_ids;

  if exact and source_exists and :PGVECTOR_SCHEMA.may_read_source() and :PGVECTOR_SCHEMA.document_hook_problem() is null then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan'),
      count(*) filter (where d.state <> 'orphan' and d.has_words is not true)
    into products, embedded, missing, stale, orphans, v_wordless
    from :PGVECTOR_SCHEMA.embedding_difference() d;
    select s.unusable_ids, s.duplicate_ids into unusable_ids, duplicate_ids from :PGVECTOR_SCHEMA.source_shape() s;
  elsif v_last.source_oid = v_source and (triggers_attached or not v_last.triggers_attached) then
    embedded := v_vectors - orphans;
    -- A vector that somebody deleted is missing too, and nothing is queued for it yet.
    products := greatest(
      embedded + coalesce(v_queue.without_vector, 0),
      v_last.products - (
        select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at > v_last.logged_at
      )
    );
    missing := products - embedded;
    stale := coalesce(v_queue.with_vector, greatest(queued + failed - missing, 0));
  end if;
  -- Cut and not rounded: one product missing of a million is not 100 percent.
  coverage := trunc(100.0 * embedded / nullif(products, 0), 2);

  if queued > 0 then
    throughput := :PGVECTOR_SCHEMA.throughput(:PGVECTOR_SCHEMA.active_model_id());
    time_to_go := make_interval(secs => round(queued / nullif(throughput, 0))::double precision);
  end if;

  state := case
    when not source_exists then 'no source'
    when products is null then 'unknown'
    when queued > 0 and workers_alive = 0 then 'waiting'
    when queued > 0 then 'working'
    when missing + stale > 0 then 'incomplete'
    else 'complete'
  end;
  notes := array(
    select s.note from :PGVECTOR_SCHEMA.status_notes() s
    union all
    select m.note from :PGVECTOR_SCHEMA.model_notes() m
    union all
    select format('%s of %s vectors are of vanished products, which is more than a clear-out looks like: none is deleted. Mend the source, or let them go: select :PGVECTOR_SCHEMA.release_vanished();', held, v_vectors)
    where held > 0
    union all
    select format('No worker was seen for two minutes, and %s products wait: npm run worker', queued)
    where queued > 0 and workers_alive = 0
    union all
    select format('The words of %s products are not as they are now; a worker takes them up, or: select :PGVECTOR_SCHEMA.index_words();', v_wordless)
    where v_wordless > 0
    union all
    select format('%s products could not be encoded: select * from :PGVECTOR_SCHEMA.product_failures;', failed)
    where failed > 0
  );
  return next;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.compute_status(boolean) from public;

comment on function :PGVECTOR_SCHEMA.compute_status(boolean) is
  'How things stand, in the columns of embedding_status. Exact: compares every product with its vector, about 0.1 s for 10,000; otherwise from the last comparison on. Raises PE002, PE003.';
--! EndIncluded status/compute_status.sql
--! Included status/maintain.sql
/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (:PGVECTOR_SCHEMA.last_comparison()).log_id;
  delete from :PGVECTOR_SCHEMA.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform :PGVECTOR_SCHEMA.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' or sqlstate 'PE029' then
    -- No source to look into, or no hook to ask: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  -- Noted by writers who did not see the first model yet.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = :PGVECTOR_SCHEMA.active_model_id()
  where q.model_id = 0 and :PGVECTOR_SCHEMA.active_model_id() is not null;
  perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  perform :PGVECTOR_SCHEMA.keep_queries();
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
  end if;
  -- A prepared model need not wait for the hour.
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null)
    and exists (select from :PGVECTOR_SCHEMA.index_due())
  then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'build_index');
  end if;
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
--! EndIncluded status/maintain.sql
--! Included status/model_notes.sql
/*
 * What is odd about the models, in sentences that end with what to do.
 */
create or replace function :PGVECTOR_SCHEMA.model_notes() returns table (note text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model :PGVECTOR_SCHEMA.embedding_models;
  v_long record;
begin
  select * into v_model from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_model.spelled_out >= 0.5 then
    return query select format(
      '%s spells %s %% of the letters of the documents out one by one: it was not made for this language, and its vectors find little. %s',
      v_model.name,
      round((v_model.spelled_out * 100)::numeric),
      coalesce(
        (
          select format('%s was, and is kept beside it: select :PGVECTOR_SCHEMA.activate_model(%L);', m.name, m.model_id::text)
          from :PGVECTOR_SCHEMA.embedding_models m
          where m.is_kept and m.spelled_out < 0.5
          order by m.spelled_out, m.model_id
          limit 1
        ),
        'Prepare one that was: select :PGVECTOR_SCHEMA.prepare_model(''intfloat/multilingual-e5-small-ru-en'');'
      )
    );
  end if;
  select count(*) as documents, max(e.tokens) as longest, percentile_disc(0.5) within group (order by e.tokens) as usual
  into v_long
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.tokens is not null;
  if v_long.documents > 0 then
    return query select format(
      '%s documents are longer than the %s tokens that the model reads (median %s, longest %s). Put what matters first (set_fields), or have them read in windows: select :PGVECTOR_SCHEMA.set_windows(true);',
      v_long.documents, v_model.max_tokens, v_long.usual, v_long.longest
    )
    where not (select s.windows from :PGVECTOR_SCHEMA.settings s);
  end if;
  return query
    select case p.error is null
      when true then format('The model %s was asked for and waits for a worker to load it: npm run worker', p.model)
      else format('The model %s cannot be prepared: %s It is tried again every minute; to give it up: select :PGVECTOR_SCHEMA.drop_model(%L);', p.model, p.error, p.model)
    end
    from :PGVECTOR_SCHEMA.model_preparation p
    where p.model_id is null;
  return query
    select format('The model %s cannot be loaded, so its vectors are not kept true: %s If it is not needed any more: select :PGVECTOR_SCHEMA.drop_model(%L);', m.name, m.error, m.model_id::text)
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.error is not null and m.is_kept;
end
$$;

comment on function :PGVECTOR_SCHEMA.model_notes() is 'What is out of the ordinary about the models, a sentence each; part of embedding_status.notes.';
--! EndIncluded status/model_notes.sql
--! Included status/note_activity.sql
create or replace function :PGVECTOR_SCHEMA.note_activity(claim_id bigint, stored bigint, failed bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_activity as a (minute, worker, model_id, stored, failed, started_at)
  select
    date_trunc('minute', clock_timestamp()), c.worker, c.model_id, note_activity.stored, note_activity.failed,
    greatest(c.claimed_at, date_trunc('minute', clock_timestamp()))
  from :PGVECTOR_SCHEMA.product_claims c
  where c.claim_id = note_activity.claim_id
  on conflict (minute, worker, model_id) do update set stored = a.stored + excluded.stored, failed = a.failed + excluded.failed
$$;

comment on function :PGVECTOR_SCHEMA.note_activity(bigint, bigint, bigint) is 'Counts what a claim stored and failed in this minute.';
--! EndIncluded status/note_activity.sql
--! Included status/throughput.sql
create or replace function :PGVECTOR_SCHEMA.throughput(model_id integer) returns numeric
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select round((sum(a.stored) / greatest(extract(epoch from clock_timestamp() - min(a.started_at)), 1))::numeric, 1)
    from :PGVECTOR_SCHEMA.embedding_activity a
    where a.minute >= date_trunc('minute', clock_timestamp()) - interval '5 minutes' and a.model_id = coalesce(throughput.model_id, 0)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.throughput(integer) is 'Products encoded with a model a second by all workers over the last five minutes; null when none was.';
--! EndIncluded status/throughput.sql
--! Included status/copy_notes.sql
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
--! EndIncluded status/copy_notes.sql
--! Included status/operator_report.sql
/*
 * With the caller's rights: failures and the log are an operator's to see and not every reader's.
 */
create or replace function :PGVECTOR_SCHEMA.operator_report() returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'failures', coalesce((
      select jsonb_agg(to_jsonb(f) order by f.failed_at desc, f.product_id)
      from (
        select f.product_id::text, f.attempts, f.error, f.failed_at, f.set_aside
        from :PGVECTOR_SCHEMA.product_failures f
        order by f.failed_at desc, f.product_id
        limit 100
      ) f
    ), '[]'),
    'failures_in_all', (select count(*) from :PGVECTOR_SCHEMA.product_failures),
    'log', coalesce((
      select jsonb_agg(to_jsonb(l) order by l.log_id desc)
      from (
        select l.log_id, l.logged_at, l.event, l.error, l.products, l.missing, l.stale, l.orphans, l.queued, l.seconds
        from :PGVECTOR_SCHEMA.source_log l
        order by l.log_id desc
        limit 20
      ) l
    ), '[]'),
    'activity', coalesce((
      select jsonb_agg(to_jsonb(a) order by a.minute)
      from (
        select a.minute, sum(a.stored) as stored, sum(a.failed) as failed
        from :PGVECTOR_SCHEMA.embedding_activity a
        where a.minute > now() - interval '1 hour'
        group by a.minute
      ) a
    ), '[]'),
    'workers', coalesce((
      select jsonb_agg(to_jsonb(w) order by w.last_seen_at desc)
      from (
        select w.worker, w.started_at, w.last_seen_at, w.last_seen_at > now() - interval '2 minutes' as alive
        from :PGVECTOR_SCHEMA.embedding_workers w
        order by w.last_seen_at desc
        limit 20
      ) w
    ), '[]'),
    'models', coalesce((
      select jsonb_agg(to_jsonb(m) order by m.state = 'active' desc, m.model_id)
      from (
        select m.model_id, m.name, m.revision, m.precision, m.dimension, m.state, m.coverage, m.queued, m.time_to_go, m.error
        from :PGVECTOR_SCHEMA.model_status m
      ) m
    ), '[]'),
    'indexes', coalesce((
      select jsonb_agg(to_jsonb(i) order by i.index_name)
      from (
        select i.index_name, i.method, i.type, i.valid, i.serves_search, i.phase, i.percent, pg_size_pretty(i.bytes) as size
        from :PGVECTOR_SCHEMA.vector_indexes i
      ) i
    ), '[]')
  )
$$;

comment on function :PGVECTOR_SCHEMA.operator_report() is
  'What an operator looks at beside embedding_status, as one object: the last failures, comparisons, workers, models, indexes, and what was encoded each minute of the last hour.';
--! EndIncluded status/operator_report.sql
--! Included status/worker_is_alive.sql
/*
 * For the probe of a container or a unit, which knows its host and not the worker's name. A task that
 * takes long, as building an index does, is no sign of death: hence half an hour, where the status, which
 * kills nobody, takes two minutes.
 */
create or replace function :PGVECTOR_SCHEMA.worker_is_alive(host text, within interval default '30 minutes') returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from :PGVECTOR_SCHEMA.embedding_workers w
    where starts_with(w.worker, worker_is_alive.host || ':') and w.last_seen_at > now() - worker_is_alive.within
  )
$$;

comment on function :PGVECTOR_SCHEMA.worker_is_alive(text, interval) is 'Whether a worker on this host gave a sign of life within this time; npm run alive asks it.';
--! EndIncluded status/worker_is_alive.sql
--! Included status/doctor_server.sql
/*
 * pgvector before 0.8.4 has faults in building HNSW indexes and in vacuuming them; search needs the
 * iterative scans of 0.8.0. The extensions' schemas stand in the bodies of our functions, so an extension
 * that was moved is as bad as none.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_server(client jsonb, role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_extension record;
  v_needed integer := coalesce((client ->> 'connections')::integer, 0);
  v_free bigint;
  v_off text;
  v_seconds numeric;
begin
  return query
    select
      'server',
      case when current_setting('server_version_num')::integer < 150000 then 'error' else 'ok' end,
      format('PostgreSQL %s%s.', current_setting('server_version'), case when pg_is_in_recovery() then ', a standby: it answers searches, and workers need the primary' end),
      case when current_setting('server_version_num')::integer < 150000 then 'Upgrade to PostgreSQL 15 or newer: docs/deploy.md' end;

  for v_extension in
    select w.extname, w.schema_name, e.extversion as version, n.nspname as found_in,
      string_to_array(substring(e.extversion from '^[0-9]+(?:[.][0-9]+)*'), '.')::integer[] as numbers
    from (values ('vector', ':VECTOR_SCHEMA'), ('pg_trgm', ':TRGM_SCHEMA')) w (extname, schema_name)
    left join pg_extension e on e.extname = w.extname
    left join pg_namespace n on n.oid = e.extnamespace
  loop
    check_name := case v_extension.extname when 'vector' then 'pgvector' else v_extension.extname end;
    state := 'ok';
    finding := format('%s %s.', check_name, v_extension.version);
    fix := null;
    if v_extension.version is null then
      state := 'error';
      finding := format('extension "%s" does not exist in this database.', v_extension.extname);
      fix := format('As a superuser: create extension %I schema %I;', v_extension.extname, v_extension.schema_name);
    elsif v_extension.found_in <> v_extension.schema_name then
      state := 'error';
      finding := format('extension "%s" is in the schema %s, and our functions look for it in %s.', v_extension.extname, v_extension.found_in, v_extension.schema_name);
      fix := format('As a superuser: alter extension %I set schema %I;', v_extension.extname, v_extension.schema_name);
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 0] then
      state := 'error';
      finding := format('pgvector %s has no iterative index scans, which search needs: 0.8.0 has.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    elsif check_name = 'pgvector' and v_extension.numbers < array[0, 8, 4] then
      state := 'warning';
      finding := format('pgvector %s has faults in building HNSW indexes and in vacuuming them, which 0.8.4 has not.', v_extension.version);
      fix := 'Install pgvector 0.8.4 or newer on the server, then as a superuser: alter extension vector update;';
    end if;
    return next;
  end loop;

  -- What is free by the tightest of the limits; who asks is among those connected.
  select min(l.allowed - l.used) into v_free
  from (
    select current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
      (select count(*) from pg_stat_activity a where a.backend_type = 'client backend')
    union all
    select nullif(d.datconnlimit, -1), (select count(*) from pg_stat_activity a where a.datid = d.oid)
    from pg_database d
    where d.datname = current_database()
    union all
    select nullif(r.rolconnlimit, -1), (select count(*) from pg_stat_activity a where a.usesysid = r.oid)
    from pg_roles r
    where r.rolname = doctor_server.role_name
  ) l (allowed, used);
  return query
    select
      'connections',
      case when v_free < v_needed then 'warning' else 'ok' end,
      format('%s more connections are free for %s%s.', v_free, doctor_server.role_name, case when v_needed > 0 then format(', and a worker opens up to %s', v_needed) end),
      case when v_free < v_needed then
        'Raise what is the least of max_connections (and restart), alter database … connection limit, alter role … connection limit; or let searches go through a pooler'
      end;

  select string_agg(o.what, ', ') into v_off
  from (
    select c.oid::regclass::text || ' (autovacuum_enabled)'
    from pg_class c
    where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
    union all
    select s.name from pg_settings s where s.name in ('autovacuum', 'track_counts') and s.setting = 'off'
  ) o (what);
  return query
    select
      'autovacuum',
      case when v_off is null then 'ok' else 'warning' end,
      case when v_off is null then 'On, also for the queue.' else format('Off for %s: the queue and the index grow with every change.', v_off) end,
      case when v_off is not null then 'alter table … reset (autovacuum_enabled);  or: alter system set autovacuum = on; select pg_reload_conf();' end;

  if client ? 'now' then
    -- Leases are by the server's clock alone; cron patterns are by the worker's.
    v_seconds := round(abs(extract(epoch from clock_timestamp() - (client ->> 'now')::timestamptz)), 1);
    return query
      select
        'clock',
        case when v_seconds > 5 then 'warning' else 'ok' end,
        case
          when v_seconds > 5 then format('The clocks of the server and of this machine are %s s apart: the schedules and the log are by this machine''s.', v_seconds)
          else 'The clocks of the server and of this machine agree.'
        end,
        case when v_seconds > 5 then 'Set the clock that is wrong, by NTP: timedatectl set-ntp true' end;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_server(jsonb, name) is 'The part of doctor() about the server: version, extensions, connections, autovacuum, clock.';
--! EndIncluded status/doctor_server.sql
--! Included status/doctor_migrations.sql
create or replace function :PGVECTOR_SCHEMA.doctor_migrations(client jsonb)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known jsonb := client -> 'migrations';
  v_pending text;
  v_newer text;
  v_other text;
  v_last text;
  v_jobs integer;
  v_jobs_known integer := (client ->> 'jobs_version')::integer;
begin
  select
    max(m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where not v_known ? m.filename),
    string_agg(m.filename, ', ' order by m.filename) filter (where v_known ->> m.filename <> m.hash)
  into v_last, v_newer, v_other
  from graphile_migrate.migrations m;
  select string_agg(k.filename, ', ' order by k.filename) into v_pending
  from jsonb_object_keys(v_known) k (filename)
  where not exists (select from graphile_migrate.migrations m where m.filename = k.filename);
  return query
    select
      'migrations',
      case when v_other is null and v_pending is null and v_newer is null then 'ok' else 'error' end,
      case
        when v_other is not null then format('Another migration ran here than this checkout has under that name: %s.', v_other)
        when v_newer is not null then format('The database is newer than this checkout, which lacks %s.', v_newer)
        when v_pending is not null then format('Not migrated yet: %s.', v_pending)
        else format('Up to date: the last is %s.', v_last)
      end,
      case
        when v_other is not null or v_newer is not null then 'Deploy the version that migrated it; going back: docs/upgrade.md'
        when v_pending is not null then 'npm run migrate'
      end;

  select max(m.id) into v_jobs from graphile_worker.migrations m;
  return query
    select
      'worker schema',
      case when v_jobs = v_jobs_known or v_jobs_known is null and v_jobs is not null then 'ok' else 'error' end,
      case
        when v_jobs is null then 'The schema graphile_worker is empty.'
        when v_jobs > v_jobs_known then format('The schema graphile_worker is at %s, and this checkout''s version of it is older: %s.', v_jobs, v_jobs_known)
        when v_jobs < v_jobs_known then format('The schema graphile_worker is at %s, and this checkout needs %s.', v_jobs, v_jobs_known)
        else format('graphile_worker is at %s.', v_jobs)
      end,
      case
        when v_jobs > v_jobs_known then 'npm ci in the version that the other workers run'
        when v_jobs is null or v_jobs < v_jobs_known then 'npm run migrate'
      end;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_migrations(jsonb) is 'The part of doctor() about migrations, ours and the job queue''s, against those that the client has.';
--! EndIncluded status/doctor_migrations.sql
--! Included status/doctor_jobs.sql
/*
 * A killed worker's job is given out again after four hours, and a job that failed too often never. Neither
 * stops the queue, which the worker looks at every minute; an hour is longer than any task takes, index
 * builds among them.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_jobs()
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_stuck text;
  v_failed text;
begin
  select string_agg(format('%s since %s', t.identifier, to_char(j.locked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), ', ' order by j.locked_at) into v_stuck
  from graphile_worker._private_jobs j
  join graphile_worker._private_tasks t on t.id = j.task_id
  where j.locked_at < now() - interval '1 hour';
  select string_agg(f.task, ', ' order by f.task) into v_failed
  from (
    select format('%s (%s)', t.identifier, count(*))
    from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id
    where j.attempts >= j.max_attempts and j.locked_at is null
    group by t.identifier
  ) f (task);
  return query
    select
      'jobs',
      'warning',
      format('Jobs are held by a worker that does not end them: %s (UTC).', v_stuck),
      'If those workers are gone: select graphile_worker.force_unlock_workers(array(select distinct locked_by from graphile_worker.jobs where locked_at < now() - interval ''1 hour''));'
    where v_stuck is not null;
  return query
    select
      'jobs',
      'warning',
      format('Jobs failed and are not tried again: %s.', v_failed),
      'See why: select task_identifier, last_error from graphile_worker.jobs where attempts >= max_attempts;  then away with them: select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where attempts >= max_attempts));'
    where v_failed is not null;
  return query select 'jobs', 'ok', 'None is stuck, none has failed for good.', null where v_stuck is null and v_failed is null;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_jobs() is 'The part of doctor() about graphile-worker''s jobs: held too long, or failed for good.';
--! EndIncluded status/doctor_jobs.sql
--! Included status/doctor_rights.sql
/*
 * Against what grant_roles() gives, as far as a group is there: a schema that was restored before
 * sql/dba.sql ran, or a revoke by hand, is found here and not at the next search.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_rights(role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_owns boolean := pg_has_role(doctor_rights.role_name, v_owner, 'usage');
  v_groups text[] := array(
    select substr(r.rolname, length('product_embeddings_') + 1)
    from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
      and pg_has_role(doctor_rights.role_name, r.oid, 'usage')
    order by r.rolname
  );
  v_group name;
  v_lacks text;
begin
  return query
    select
      'role',
      case
        when not v_owns and v_groups = '{}' then 'error'
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'warning'
        else 'ok'
      end,
      case
        when not v_owns and v_groups = '{}' then format('%s may do nothing here: it is no member of a group of ours.', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then format('Our functions run with the rights of %s, a superuser, which nothing of ours needs.', v_owner)
        when v_owns then format('%s owns our schema: it may do everything here.', doctor_rights.role_name)
        else format('%s is in the groups: %s.', doctor_rights.role_name, array_to_string(v_groups, ', '))
      end,
      case
        when not v_owns and v_groups = '{}' then format('As a superuser: grant product_embeddings_reader to %I;  (or …_worker, …_attacher: docs/security.md)', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'Give it to a role of its own: docs/security.md, «Away from a superuser»'
      end;

  for v_group in
    select r.rolname from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
    order by 1
  loop
    -- Some of them: after a restore without the groups it is all.
    select concat(string_agg(l.what, ', ' order by l.what) filter (where l.number <= 5), case when count(*) > 5 then format(' and %s more', count(*) - 5) end)
    into v_lacks
    from (select w.what, row_number() over (order by w.what) as number from (
      select 'usage of :PGVECTOR_SCHEMA' where not has_schema_privilege(v_group, ':PGVECTOR_SCHEMA', 'usage')
      union all
      select c.relname::text
      from pg_class c
      where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.relkind in ('r', 'v')
        and case v_group
          when 'product_embeddings_worker' then not has_table_privilege(v_group, c.oid, 'select')
            or c.relkind = 'r' and c.relname not in ('source_expressions', 'source_connection')
              and not (has_table_privilege(v_group, c.oid, 'insert') and has_table_privilege(v_group, c.oid, 'update') and has_table_privilege(v_group, c.oid, 'delete'))
          when 'product_embeddings_attacher' then c.relname in (':PGVECTOR_TABLE', 'embedding_status', 'settings', 'source_triggers') and not has_table_privilege(v_group, c.oid, 'select')
          else c.relname = 'embedding_status' and not has_table_privilege(v_group, c.oid, 'select')
        end
      union all
      select distinct p.proname || '()'
      from pg_proc p
      where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and not has_function_privilege(v_group, p.oid, 'execute')
        and case v_group
          when 'product_embeddings_worker' then true
          when 'product_embeddings_attacher' then p.proname in ('attach', 'attach_after_build', 'reconcile', 'compute_status', 'doctor')
          else p.proname in ('search_products', 'search_products_text', 'similar_products', 'recommended_products', 'compute_status', 'doctor')
        end
      union all
      select 'usage of graphile_worker'
      where v_group = 'product_embeddings_worker' and not has_schema_privilege(v_group, 'graphile_worker', 'usage')
      union all
      select format('graphile_worker.%s', c.relname)
      from pg_class c
      where v_group = 'product_embeddings_worker' and c.relnamespace = 'graphile_worker'::regnamespace and c.relkind = 'r'
        and (
          not has_table_privilege(v_group, c.oid, 'update')
          or c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
        )
    ) w (what)) l;
    v_lacks := nullif(v_lacks, '');
    return query
      select
        'rights',
        case when v_lacks is null then 'ok' else 'error' end,
        case when v_lacks is null then format('%s has what it needs.', v_group) else format('%s lacks rights: %s.', v_group, v_lacks) end,
        case when v_lacks is not null then format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner) end;
  end loop;

  return query
    select 'rights', 'error', format('Everybody may call %s, with our owner''s rights.', string_agg(p.proname || '()', ', ' order by p.proname)),
      format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner)
    from pg_proc p
    where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
    having count(*) > 0;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_rights(name) is 'The part of doctor() about rights: the role''s, each group''s, and nobody else''s.';
--! EndIncluded status/doctor_rights.sql
--! Included status/doctor_status.sql
/*
 * The status says in sentences what is out of the ordinary; here each becomes a finding, so that no two
 * places can differ. A note that no check below knows is a finding all the same.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_status(client jsonb)
returns table (check_name text, state text, finding text, fix text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_status record;
  v_dimension integer;
  v_named text := client ->> 'source';
  v_index text;
begin
  select * into v_status from :PGVECTOR_SCHEMA.compute_status(exact => false);

  return query
    with
      known (check_name, pattern, state, fix) as (
        values
          ('source', 'The source does not exist%', 'error', ''),
          ('source', '% may not read the source%', 'error', ''),
          ('source', '%rows have no usable product_id%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', '%product_ids stand in several rows%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', 'The source has no column%', 'warning', 'Let the dbt model select it, if there is one'),
          ('source', 'The source has no index on product_id%', 'warning', ''),
          ('triggers', 'The source is a%cannot have triggers%', 'ok', ''),
          ('triggers', 'The source lacks the triggers%', 'warning', ''),
          ('triggers', 'The triggers for%are disabled%', 'warning', ''),
          ('comparison', 'The source was not compared%', 'warning', ''),
          ('comparison', 'The last % failed%', 'error', 'select * from :PGVECTOR_SCHEMA.source_log order by log_id desc limit 10;'),
          ('workers', 'No worker was seen%', 'error', ''),
          ('products', '%could not be encoded%', 'warning', ''),
          ('products', '%vectors are of vanished products%', 'warning', ''),
          ('index', '%have no index for search%', 'warning', '')
      ),
      notes as (
        select
          coalesce(k.check_name, 'status') as check_name,
          coalesce(k.state, 'warning') as state,
          n.note,
          coalesce(k.fix, '') as fix,
          -- What to do stands at the end: after the last full stop, or else after the first colon.
          case when n.note ~ '(select |npm run |run dbt|config[(])' then
            coalesce(substring(n.note from '^(.*[.]) [^.]*:'), substring(n.note from '^([^:]*:)'))
          end as head,
          n.position
        from unnest(v_status.notes) with ordinality n (note, position)
        left join known k on n.note like k.pattern
      ),
      findings as (
        select
          n.check_name, n.state,
          case when n.head is null or n.fix <> '' then n.note else regexp_replace(n.head, '(, or)?[:.]$', '.') end as finding,
          case when n.fix <> '' then n.fix when n.head is not null then btrim(substr(n.note, length(n.head) + 1)) end as fix,
          n.position
        from notes n
        union all
        select o.check_name, o.state, o.finding, o.fix, 0
        from (
          values
            ('source', 'ok', format('%s, %s products.', v_status.source, coalesce(v_status.products::text, 'nobody counted yet how many')), null),
            ('triggers', 'ok', 'All four are attached and enabled.', null),
            ('comparison', 'ok', format('Source and vectors were last compared at %s; %s products were queued.', date_trunc('second', v_status.compared_at), v_status.compared_queued), null),
            (
              'workers',
              case when v_status.workers_alive = 0 then 'warning' else 'ok' end,
              case when v_status.workers_alive = 0 then 'No worker was seen for two minutes; nothing waits now, and the next change would.' else format('%s alive.', v_status.workers_alive) end,
              case when v_status.workers_alive = 0 then 'npm run worker, or npm run embed from cron' end
            ),
            ('products', 'ok', format('%s %% have a vector, %s wait, none is set aside.', coalesce(v_status.coverage::text, '–'), v_status.queued), null),
            (
              'index', 'ok',
              case when :PGVECTOR_SCHEMA.search_index() is null then 'None, and none is needed for so few vectors.' else 'Search can go along an index.' end,
              null
            )
        ) o (check_name, state, finding, fix)
        where not exists (select from notes n where n.check_name = o.check_name)
          and (v_status.source_exists or o.check_name not in ('triggers', 'comparison'))
          and (v_status.compared_at is not null or o.check_name <> 'comparison')
          and (v_status.triggers_attached or o.check_name <> 'triggers')
      )
    select f.check_name, f.state, f.finding, f.fix
    from findings f
    order by array_position(array['source', 'triggers', 'comparison', 'workers', 'products', 'index', 'status'], f.check_name), f.position;

  select string_agg(i.index_name, ', ') into v_index from :PGVECTOR_SCHEMA.vector_indexes i where not i.valid and i.phase is null;
  return query
    select 'index', 'warning', format('Left by a build that failed: %s. It costs every writer and serves no search.', v_index),
      format('drop index concurrently :PGVECTOR_SCHEMA.%s;', replace(v_index, ', ', ', :PGVECTOR_SCHEMA.'))
    where v_index is not null;

  select a.atttypmod into v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding' and not a.attisdropped;
  return query
    select 'vectors', 'error', format('The configured dimension (%s) is not that of the stored vectors (%s).', client ->> 'dimension', v_dimension),
      format('PGVECTOR_EMBEDDING_DIM=%s, or another model: docs/changing-the-model.md', v_dimension)
    where (client ->> 'dimension')::integer <> v_dimension
      -- What the variable says of a table whose model was changed since is of the past.
      and not exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null);
  return query
    select 'vectors', 'warning', format('The model here is %s (%s), and the stored vectors are of %s.', client ->> 'model', client ->> 'revision', v_status.model),
      'Leave EMBEDDING_MODEL out, or let it name that one; to change the model: docs/changing-the-model.md'
    where client ? 'revision' and not exists (
        select from :PGVECTOR_SCHEMA.embedding_models m
        where m.is_kept and (m.name, m.revision) = (client ->> 'model', client ->> 'revision')
      )
      and strpos(v_status.model, format('%s (%s', client ->> 'model', client ->> 'revision')) = 0;
  return query
    select 'vectors', 'ok', format('%s components; the model is %s.', v_dimension, coalesce(v_status.model, 'none yet: no worker came')), null
    where (client ->> 'dimension')::integer is not distinct from v_dimension or not client ? 'dimension'
      or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at is not null);

  return query
    select 'source', 'warning', format('The settings here name the source %s, and the database reads %s.', v_named, v_status.source),
      'Correct STAGING_DB_SCHEMA and STAGING_DB_TABLE here, or write them to the database: npm run migrate'
    where v_named <> v_status.source;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_status(jsonb) is 'The part of doctor() about source, triggers, comparison, workers, products, index and vectors: the status and its notes, a finding each. Raises PE002, PE003.';
--! EndIncluded status/doctor_status.sql
--! Included status/doctor.sql
/*
 * What is wrong is asked when something is, so no check may take the others along: each part fails by
 * itself and becomes a finding. What only the caller knows (its migrations, its clock) it hands over.
 * Security definer, so that a reader and a worker get the same answers as the owner; the default of
 * role_name is read before that, and is the caller.
 */
create or replace function :PGVECTOR_SCHEMA.doctor(client jsonb default '{}', role_name name default current_user)
returns table (check_name text, state text, finding text, fix text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hint text;
begin
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_server(doctor.client, doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'server', 'error', sqlerrm, nullif(v_hint, '');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_migrations(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'migrations', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_rights(doctor.role_name);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'rights', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_jobs();
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select 'jobs', 'error', sqlerrm, coalesce(nullif(v_hint, ''), 'npm run migrate');
  end;
  begin
    return query select * from :PGVECTOR_SCHEMA.doctor_status(doctor.client);
  exception when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return query select case sqlstate when 'PE003' then 'vectors' else 'source' end, 'error', sqlerrm, nullif(v_hint, '');
  end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.doctor(jsonb, name) from public;

comment on function :PGVECTOR_SCHEMA.doctor(jsonb, name) is
  'What is as it should be, what is not (state ok, warning or error) and what to do about it, a row a finding; npm run doctor adds what the database cannot see. client: what who asks has of migrations (file to hash), jobs_version, dimension, model, revision, source, connections and now, each optional. role_name: whose rights. Raises nothing.';
--! EndIncluded status/doctor.sql
--! Included status/model_status.sql
create or replace view :PGVECTOR_SCHEMA.model_status as
  select * from :PGVECTOR_SCHEMA.compute_model_status();

comment on view   :PGVECTOR_SCHEMA.model_status is 'The models whose vectors are kept, the active one first: how far each is, and what is odd about it.';
comment on column :PGVECTOR_SCHEMA.model_status.model_id is 'Its number; null until a worker has loaded it.';
comment on column :PGVECTOR_SCHEMA.model_status.name is 'Its name as on the hub, or the folder that was asked for.';
comment on column :PGVECTOR_SCHEMA.model_status.state is 'active; requested (no worker has loaded it yet), failed (see error; it is tried again every minute), preparing, indexing, ready (to be activated); former (kept true until it is dropped).';
comment on column :PGVECTOR_SCHEMA.model_status.dimension is 'Components of its vectors.';
comment on column :PGVECTOR_SCHEMA.model_status.revision is 'Start of the sha256 of its ONNX file.';
comment on column :PGVECTOR_SCHEMA.model_status.precision is 'How its weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.model_status.max_tokens is 'Tokens that it reads of a text.';
comment on column :PGVECTOR_SCHEMA.model_status.products is 'Live products, as embedding_status has them.';
comment on column :PGVECTOR_SCHEMA.model_status.embedded is 'Products that have a vector of it, as of now or of an earlier text.';
comment on column :PGVECTOR_SCHEMA.model_status.coverage is 'embedded in percent of products, cut off and not rounded.';
comment on column :PGVECTOR_SCHEMA.model_status.queued is 'Products that wait for it.';
comment on column :PGVECTOR_SCHEMA.model_status.failed is 'Products that could not be encoded with it and were set aside (see product_failures).';
comment on column :PGVECTOR_SCHEMA.model_status.throughput is 'While products wait: how many are encoded with it a second, over the last five minutes.';
comment on column :PGVECTOR_SCHEMA.model_status.time_to_go is 'queued at that throughput; null while nothing is encoded.';
comment on column :PGVECTOR_SCHEMA.model_status.has_index is 'Whether its vectors have an index for search.';
comment on column :PGVECTOR_SCHEMA.model_status.long_documents is 'Documents that have more tokens than it reads.';
comment on column :PGVECTOR_SCHEMA.model_status.longest_document is 'Tokens of the longest of these; null without one.';
comment on column :PGVECTOR_SCHEMA.model_status.spelled_out is 'Share of the letters of the documents that its tokenizer spells out one by one: from a half on it is the wrong model for this language.';
comment on column :PGVECTOR_SCHEMA.model_status.activated_at is 'When it was activated; null for the first model and for one that never was.';
comment on column :PGVECTOR_SCHEMA.model_status.error is 'Why no worker could load it.';
--! EndIncluded status/model_status.sql
--! Included status/source_copy_status.sql
create or replace view :PGVECTOR_SCHEMA.source_copy_status as
  select
    o.host,
    o.port::integer as port,
    o.dbname as database,
    c.source_schema,
    c.source_table,
    c.copied_at,
    clock_timestamp() - c.copied_at as lag,
    c.watermark,
    c.rows,
    c.full_at,
    c.next_at,
    c.held,
    c.unusable_ids,
    c.duplicate_ids,
    c.error,
    c.failing_since
  from :PGVECTOR_SCHEMA.source_connection c
  left join (
    select
      max(v.option_value) filter (where v.option_name = 'host') as host,
      max(v.option_value) filter (where v.option_name = 'port') as port,
      max(v.option_value) filter (where v.option_name = 'dbname') as dbname
    from pg_catalog.pg_foreign_server s
    cross join lateral pg_catalog.pg_options_to_table(s.srvoptions) v
    where s.srvname = 'product_embeddings_source'
  ) o on true;

comment on view :PGVECTOR_SCHEMA.source_copy_status is 'How old the copy of the products of another database is, and what is wrong with it; no row when the source is in this one.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.host is 'Where they come from: the server, as this one reaches it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.port is 'Its port.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.database is 'The database there.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_schema is 'The schema in it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_table is 'The table or view.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.copied_at is 'As of when the copy is.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.lag is 'How long ago that is: what changed there since is not here yet.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.watermark is 'The newest times in the copy; null where no column tells, and every refresh compares all rows.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.rows is 'Products in the copy.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.full_at is 'When all rows were last compared, which finds deletes.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.next_at is 'When the worker looks again at the earliest.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.held is 'Products that are gone there and stay here, because too many vanished at once: release_copy() lets them go.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.unusable_ids is 'Rows there without a usable product_id; not copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.duplicate_ids is 'product_ids that stand in several rows there; the newest is copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.error is 'Why the last refresh failed; null when it did not.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.failing_since is 'Since when none came through.';
--! EndIncluded status/source_copy_status.sql

-- access
--! Included access/grant_roles.sql
/*
 * The roles are the cluster's and made by a DBA (sql/dba.sql), so they may be absent: then only our
 * owner has access, which is all that a single login needs. Called after every migration, because new
 * functions are everybody's until told otherwise. graphile-worker's tables have row-level security
 * without a policy, so that its owner alone could work on them: hence a policy for the workers.
 */
create or replace function :PGVECTOR_SCHEMA.grant_roles() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  revoke all on all routines in schema :PGVECTOR_SCHEMA from public;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_reader') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_reader;
    grant select on :PGVECTOR_SCHEMA.embedding_status, :PGVECTOR_SCHEMA.model_status, :PGVECTOR_SCHEMA.source_copy_status, :PGVECTOR_SCHEMA.vector_indexes to product_embeddings_reader;
    grant execute on function
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.mapped_products(),
      :PGVECTOR_SCHEMA.query_key(text),
      :PGVECTOR_SCHEMA.request_query(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer)
    to product_embeddings_reader;
    grant execute on procedure :PGVECTOR_SCHEMA.embed_query(text, interval) to product_embeddings_reader;
  end if;

  -- On top of a reader's: what somebody on call looks at, and another attempt.
  if exists (select from pg_roles r where r.rolname = 'product_embeddings_operator') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_operator;
    grant select on
      :PGVECTOR_SCHEMA.embedding_activity,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.product_failures,
      :PGVECTOR_SCHEMA.product_queue,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.vector_indexes
    to product_embeddings_operator;
    grant delete on :PGVECTOR_SCHEMA.product_failures to product_embeddings_operator;
    grant insert, update (available_at, attempts) on :PGVECTOR_SCHEMA.product_queue to product_embeddings_operator;
    grant execute on function
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.operator_report(),
      :PGVECTOR_SCHEMA.retry_failed(bigint),
      :PGVECTOR_SCHEMA.wake_worker(timestamptz, text)
    to product_embeddings_operator;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_attacher') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_attacher;
    grant select on
      :PGVECTOR_SCHEMA.:PGVECTOR_TABLE,
      :PGVECTOR_SCHEMA.embedding_models,
      :PGVECTOR_SCHEMA.embedding_status,
      :PGVECTOR_SCHEMA.embedding_workers,
      :PGVECTOR_SCHEMA.kept_models,
      :PGVECTOR_SCHEMA.model_status,
      :PGVECTOR_SCHEMA.settings,
      :PGVECTOR_SCHEMA.source_log,
      :PGVECTOR_SCHEMA.source_columns,
      :PGVECTOR_SCHEMA.source_copy_status,
      :PGVECTOR_SCHEMA.source_triggers,
      :PGVECTOR_SCHEMA.vector_indexes,
      :PGVECTOR_SCHEMA.document_fields,
      :PGVECTOR_SCHEMA.document_order,
      :PGVECTOR_SCHEMA.related_triggers
    to product_embeddings_attacher;
    grant insert on :PGVECTOR_SCHEMA.source_log to product_embeddings_attacher;
    -- Only the owner of a table can put triggers on it, and so attach it.
    grant select, insert, delete on :PGVECTOR_SCHEMA.related_tables to product_embeddings_attacher;
    -- What a data team fills, as often as not from a dbt seed.
    grant select, insert, update, delete on :PGVECTOR_SCHEMA.synonyms, :PGVECTOR_SCHEMA.golden_queries to product_embeddings_attacher;
    grant execute on function
      :PGVECTOR_SCHEMA.attach(),
      :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean),
      :PGVECTOR_SCHEMA.attach_related(text, text, text),
      :PGVECTOR_SCHEMA.attach_related_triggers(text, text),
      :PGVECTOR_SCHEMA.attach_triggers(),
      :PGVECTOR_SCHEMA.compute_model_status(),
      :PGVECTOR_SCHEMA.compute_status(boolean),
      :PGVECTOR_SCHEMA.detach(),
      :PGVECTOR_SCHEMA.detach_related(text),
      :PGVECTOR_SCHEMA.doctor(jsonb, name),
      :PGVECTOR_SCHEMA.grant_read(regclass),
      :PGVECTOR_SCHEMA.grant_source(),
      :PGVECTOR_SCHEMA.last_comparison(),
      :PGVECTOR_SCHEMA.reconcile(),
      :PGVECTOR_SCHEMA.require_sound_source(),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer),
      :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text),
      :PGVECTOR_SCHEMA.similar_products(bigint, integer, jsonb, double precision),
      :PGVECTOR_SCHEMA.duplicate_products(double precision, integer),
      :PGVECTOR_SCHEMA.recommended_products(bigint[], integer, jsonb),
      :PGVECTOR_SCHEMA.refresh_pairs(),
      :PGVECTOR_SCHEMA.related_relation(text),
      :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer, jsonb),
      :PGVECTOR_SCHEMA.measure_recall(integer, integer),
      :PGVECTOR_SCHEMA.source_problems(),
      :PGVECTOR_SCHEMA.source_is_replicated(),
      :PGVECTOR_SCHEMA.source_relation(),
      :PGVECTOR_SCHEMA.tg__product_changed(),
      :PGVECTOR_SCHEMA.tg__product_replicated(),
      :PGVECTOR_SCHEMA.tg__related_changed()
    to product_embeddings_attacher;
  end if;

  if exists (select from pg_roles r where r.rolname = 'product_embeddings_worker') then
    grant usage on schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    -- Security definer functions run what stands there, and read what it names.
    revoke insert, update, delete on :PGVECTOR_SCHEMA.source_expressions, :PGVECTOR_SCHEMA.source_connection from product_embeddings_worker;
    grant execute on all routines in schema :PGVECTOR_SCHEMA to product_embeddings_worker;
    grant usage on schema graphile_worker to product_embeddings_worker;
    grant select, insert, update, delete on all tables in schema graphile_worker to product_embeddings_worker;
    grant execute on all functions in schema graphile_worker to product_embeddings_worker;
    for v_table in
      select c.oid
      from pg_class c
      where c.relnamespace = 'graphile_worker'::regnamespace and c.relrowsecurity
        and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
    loop
      execute format('create policy product_embeddings_worker on %s to product_embeddings_worker using (true) with check (true)', v_table);
    end loop;
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_roles() is
  'Gives the groups product_embeddings_reader, _operator, _attacher and _worker their rights, as far as they exist (sql/dba.sql makes them); npm run migrate calls it. Safe to repeat.';
--! EndIncluded access/grant_roles.sql
--! Included access/rename_schema.sql
/*
 * Functions name everything in full, so that no search_path can lead them astray; a renamed schema
 * is therefore a rewrite of their bodies. It also mends a schema that somebody renamed by hand. What
 * refers to a function by its number (triggers, checks) follows by itself.
 */
create or replace function :PGVECTOR_SCHEMA.rename_schema(new_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The name that is written in the bodies, and the one that the schema has now.
  v_written text := ':PGVECTOR_SCHEMA';
  v_now text := (
    select n.nspname
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'rename_schema' and p.prosrc like '%v_written text := ''' || v_written || '''%'
  );
  v_pattern text := format('\m%s\M', v_written);
  v_object record;
begin
  if rename_schema.new_name is null or rename_schema.new_name !~ '^[a-z_][a-z0-9_]{0,47}$' or quote_ident(rename_schema.new_name) <> rename_schema.new_name then
    raise exception '% is no name for our schema.', coalesce(quote_literal(rename_schema.new_name), 'null')
      using errcode = 'PE007', hint = 'Take lower-case letters, digits and _, at most 48, and no reserved word.';
  end if;
  if v_now <> rename_schema.new_name then
    execute format('alter schema %I rename to %I', v_now, rename_schema.new_name);
  end if;
  -- The copy of another database's products is a source of ours.
  execute format('update %I.settings set source_schema = %1$L where source_schema = %L', rename_schema.new_name, v_written);
  for v_object in
    select
      pg_get_functiondef(p.oid) as definition,
      format('comment on routine %s is %L', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) as comment
    from pg_proc p
    where p.pronamespace = rename_schema.new_name::regnamespace
    union all
    select
      format('create or replace view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid)),
      format('comment on view %s is %L', c.oid::regclass, obj_description(c.oid, 'pg_class'))
    from pg_class c
    where c.relnamespace = rename_schema.new_name::regnamespace and c.relkind = 'v'
  loop
    execute regexp_replace(v_object.definition, v_pattern, rename_schema.new_name, 'g');
    execute regexp_replace(v_object.comment, v_pattern, rename_schema.new_name, 'g');
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_schema(text) is
  'Renames our schema and everything that names it; also mends one that was renamed by hand. Then set PGVECTOR_SCHEMA, and the dbt variable product_embeddings_schema. Raises PE007.';
--! EndIncluded access/rename_schema.sql

-- What waits, is held or failed is the active model's.
update :PGVECTOR_SCHEMA.product_queue q set model_id = m.model_id
from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and q.model_id = 0;
update :PGVECTOR_SCHEMA.product_claims c set model_id = m.model_id
from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and c.model_id = 0;
update :PGVECTOR_SCHEMA.product_failures f set model_id = m.model_id
from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and f.model_id = 0;
update :PGVECTOR_SCHEMA.embedding_activity a set model_id = m.model_id
from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and a.model_id = 0;
