--! Previous: -
--! Hash: sha1:244c144faca6b8eb11aa8bda1bf0d84254780704
--! Message: the flow from source to search

/*
 * One object a file, below sql/, in the order of the flow; graphile-migrate pulls them in here and
 * writes them out when the migration is committed.
 */

do $$
begin
  if not exists (select from pg_catalog.pg_extension where extname = 'vector') then
    raise exception 'extension "vector" does not exist in this database'
      using errcode = 'PE004',
        hint = 'As a superuser, once: create extension vector;  (from Debian or PGDG: apt install postgresql-15-pgvector; macOS: brew install pgvector)';
  end if;
end
$$;

-- Loads the library, without which hnsw.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector;

create schema if not exists :PGVECTOR_SCHEMA;
comment on schema :PGVECTOR_SCHEMA is 'Products as vectors, kept true by triggers, a queue and a worker; search_products() searches them.';

-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- source
--! Included source/settings.sql
/*
 * One row, so that whatever may differ between two installations is data: it is dumped and restored
 * with the rest, and psql, dbt and the worker see the same values.
 */
create table :PGVECTOR_SCHEMA.settings (
  singleton boolean primary key default true check (singleton),
  source_schema text not null default 'staging_staging',
  source_table text not null default 'stg_product',
  lease interval not null default '2 minutes' check (lease > '0'),
  max_attempts integer not null default 5 check (max_attempts > 0),
  retry_after interval not null default '5 seconds' check (retry_after > '0'),
  vanished_grace interval not null default '7 days' check (vanished_grace >= '0'),
  max_document_characters integer not null default 32768 check (max_document_characters > 0)
);

insert into :PGVECTOR_SCHEMA.settings default values;

comment on table  :PGVECTOR_SCHEMA.settings is 'What an operator may change, in one row: update it in place.';
comment on column :PGVECTOR_SCHEMA.settings.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.settings.source_schema is 'Schema of the relation that the products are read from (STAGING_DB_SCHEMA, written by npm run migrate).';
comment on column :PGVECTOR_SCHEMA.settings.source_table is 'Name of that relation (STAGING_DB_TABLE).';
comment on column :PGVECTOR_SCHEMA.settings.lease is 'How long a worker keeps what it claimed without a sign of life; then another may take it.';
comment on column :PGVECTOR_SCHEMA.settings.max_attempts is 'After so many attempts a product is set aside in product_failures.';
comment on column :PGVECTOR_SCHEMA.settings.retry_after is 'Wait before the second attempt; doubled for each further one.';
comment on column :PGVECTOR_SCHEMA.settings.vanished_grace is 'How long the vector of a vanished product is kept; search does not show it meanwhile.';
comment on column :PGVECTOR_SCHEMA.settings.max_document_characters is 'What a worker is handed of a document at the most; a model reads a few hundred tokens. The hash is of the whole.';
--! EndIncluded source/settings.sql
--! Included document/document_fields.sql
/*
 * Every column is in the document unless a row here says otherwise, so that a new column is found
 * without anybody's doing. The five rows are the bookkeeping columns of the feed: ingested_at moves
 * at every load, and with it in the text every load would encode everything again.
 */
create table :PGVECTOR_SCHEMA.document_fields (
  column_name text primary key,
  included boolean not null default true
);

insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
values ('product_id', false), ('created_at', false), ('updated_at', false), ('ingested_at', false), ('deleted', false);

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
--! EndIncluded document/document_fields.sql
--! Included source/source_relation.sql
/*
 * By name and anew each time: dbt drops and renames the table, so an OID kept is an OID gone.
 * Read from the catalog because to_regclass raises where the caller lacks USAGE on the schema,
 * and the status has to answer even then. plpgsql, though it is one statement: it keeps the plan,
 * where an SQL function with a search_path plans at every call of every writer.
 */
create function :PGVECTOR_SCHEMA.source_relation() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select c.oid::regclass
    from :PGVECTOR_SCHEMA.settings s
    join pg_namespace n on n.nspname = s.source_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.source_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_relation() is
  'The relation the products are read from, as it is now; null while it does not exist.';
--! EndIncluded source/source_relation.sql
--! Included source/require_source.sql
create function :PGVECTOR_SCHEMA.require_source() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_name text;
begin
  if v_source is null then
    select format('%I.%I', s.source_schema, s.source_table) into v_name from :PGVECTOR_SCHEMA.settings s;
    raise exception 'The source of the products, %, does not exist.', v_name
      using errcode = 'PE001',
        hint = 'Run dbt so that it is built, or name another: select :PGVECTOR_SCHEMA.set_source(''schema'', ''table'');';
  end if;
  if not exists (
    select from pg_attribute a
    where a.attrelid = v_source and a.attname = 'product_id' and a.attnum > 0 and not a.attisdropped
  ) then
    raise exception 'The source of the products, %, has no column product_id.', v_source
      using errcode = 'PE002',
        hint = 'Let the dbt model select the product''s number as product_id.';
  end if;
  return v_source;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_source() is
  'The source relation; raises PE001 when it does not exist and PE002 when it has no product_id.';
--! EndIncluded source/require_source.sql
--! Included source/lock_source.sql
/*
 * A statement that meets dbt's swap waits for it and then reads the new table with a snapshot from
 * before, in which the new table's rows do not exist yet: search would find nothing, and a claim
 * would take every product for vanished. So who reads the source first takes this lock, the same
 * that any select takes, and only then a snapshot; which is why those functions are volatile.
 */
create function :PGVECTOR_SCHEMA.lock_source() returns regclass
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings :PGVECTOR_SCHEMA.settings;
begin
  perform :PGVECTOR_SCHEMA.require_source();
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  execute format('select from %I.%I limit 0', v_settings.source_schema, v_settings.source_table);
  return :PGVECTOR_SCHEMA.require_source();
end
$$;

comment on function :PGVECTOR_SCHEMA.lock_source() is
  'Keeps the source from being swapped until the transaction ends, as reading it does, and returns it. Raises PE001, PE002.';
--! EndIncluded source/lock_source.sql
--! Included source/source_columns.sql
create view :PGVECTOR_SCHEMA.source_columns as
  select
    a.attnum as position,
    a.attname::text as column_name,
    a.atttypid::regtype as type,
    coalesce(f.included, true) as in_document
  from pg_catalog.pg_attribute a
  left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = a.attname
  where a.attrelid = :PGVECTOR_SCHEMA.source_relation()
    and a.attnum > 0
    and not a.attisdropped;

comment on view :PGVECTOR_SCHEMA.source_columns is 'The columns of the source as it is now, and which of them are in a product''s document.';
comment on column :PGVECTOR_SCHEMA.source_columns.position is 'Order in the table, which is the order in the document.';
comment on column :PGVECTOR_SCHEMA.source_columns.column_name is 'Name of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.type is 'Type of the column.';
comment on column :PGVECTOR_SCHEMA.source_columns.in_document is 'Whether the column is part of the document (see document_fields).';
--! EndIncluded source/source_columns.sql
--! Included source/source_column_sql.sql
/*
 * A feed without prices is still searchable. A price that came as text and is no number is shown as
 * null rather than failing everybody's search.
 */
create function :PGVECTOR_SCHEMA.source_column_sql(alias text, column_name text, type text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select case
        when source_column_sql.type = 'numeric' and t.typcategory <> 'N' then format(
          $sql$case when %1$I.%2$I::pg_catalog.text operator(pg_catalog.~) '^\s*[-+]?[0-9]+([.][0-9]+)?\s*$' then %1$I.%2$I::pg_catalog.text::pg_catalog.numeric end$sql$,
          alias, c.column_name
        )
        else format('%I.%I::pg_catalog.%I', alias, c.column_name, source_column_sql.type)
      end
      from :PGVECTOR_SCHEMA.source_columns c
      join pg_type t on t.oid = c.type
      where c.column_name = source_column_sql.column_name
    ),
    format('null::pg_catalog.%I', source_column_sql.type)
  )
$$;

comment on function :PGVECTOR_SCHEMA.source_column_sql(text, text, text) is
  'SQL expression for a column of a source row as text or numeric, null where there is no such column; alias names the row.';
--! EndIncluded source/source_column_sql.sql
--! Included source/product_id_sql.sql
/*
 * The source's product_id is whatever dbt made of it. What is not a whole number is no product
 * here, rather than an error in the middle of somebody's dbt run. plpgsql keeps the plan between a
 * writer's statements.
 */
create function :PGVECTOR_SCHEMA.product_id_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case
      when c.type in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
        then format('%I.product_id::pg_catalog.int8', alias)
      else format(
        $sql$case when pg_catalog.btrim(%1$I.product_id::pg_catalog.text) operator(pg_catalog.~) '^-?[0-9]{1,18}([.]0*)?$'
          then pg_catalog.split_part(pg_catalog.btrim(%1$I.product_id::pg_catalog.text), '.', 1)::pg_catalog.int8 end$sql$,
        alias
      )
    end
    from :PGVECTOR_SCHEMA.source_columns c
    where c.column_name = 'product_id'
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.product_id_sql(text) is
  'SQL expression for a source row''s product_id as bigint, null where it is not a whole number; alias names the row.';
--! EndIncluded source/product_id_sql.sql
--! Included source/product_is_live_sql.sql
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
--! EndIncluded source/product_is_live_sql.sql
--! Included source/set_source.sql
create function :PGVECTOR_SCHEMA.set_source(source_schema text, source_table text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.settings s
  set source_schema = set_source.source_schema, source_table = set_source.source_table
  where (s.source_schema, s.source_table) is distinct from (set_source.source_schema, set_source.source_table)
$$;

comment on function :PGVECTOR_SCHEMA.set_source(text, text) is
  'Names the relation that the products are read from; it need not exist yet. Follow it with attach().';
--! EndIncluded source/set_source.sql

-- document
--! Included document/document_sql.sql
/*
 * Generated from the columns that exist at each call and never stored: a column that dbt adds,
 * drops or retypes cannot leave a stale expression behind. One expression over the row is four to
 * ten times faster than rendering through json.
 */
create function :PGVECTOR_SCHEMA.document_sql(alias text) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    format(
      $sql$pg_catalog.rtrim(pg_catalog.concat(%s), ' ')$sql$,
      string_agg(
        case
          when t.typcategory = 'B'
            then format($sql$%1$L || case when %2$I.%3$I then 'yes. ' when not %2$I.%3$I then 'no. ' end$sql$, c.column_name || ': ', alias, c.column_name)
          -- The server stores text as it came; NFC makes й one character however it was typed.
          when t.typcategory = 'S'
            then format(
              $sql$%1$L || nullif(pg_catalog.btrim(pg_catalog.normalize(%2$I.%3$I::pg_catalog.text, 'NFC'), E' \t\r\n\u00a0'), '') || '. '$sql$,
              c.column_name || ': ', alias, c.column_name
            )
          else format($sql$%1$L || nullif(%2$I.%3$I::pg_catalog.text, '') || '. '$sql$, c.column_name || ': ', alias, c.column_name)
        end,
        ', ' order by c.position
      )
    ),
    $sql$''$sql$
  )
  from :PGVECTOR_SCHEMA.source_columns c
  join pg_type t on t.oid = c.type
  where c.in_document
$$;

comment on function :PGVECTOR_SCHEMA.document_sql(text) is
  'SQL expression for the document of a source row: `field: value. ` for each column in table order, booleans yes/no, nulls and blanks skipped; alias names the row.';
--! EndIncluded document/document_sql.sql
--! Included document/document_query.sql
create function :PGVECTOR_SCHEMA.document_query() returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    'select d.product_id, d.document, pg_catalog.sha256(pg_catalog.convert_to(d.document, ''UTF8'')) as document_hash from (select %s as product_id, %s as document from %s s where %s) d where d.product_id is not null',
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.document_sql('s'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.product_is_live_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea). Raises PE001, PE002.';
--! EndIncluded document/document_query.sql
--! Included document/product_documents.sql
/*
 * Stable, so that a claim reads documents and queue in one snapshot; who calls it has the lock of
 * lock_source(). The settings pin what would make one value two texts in two sessions. Where an id stands in
 * several rows, the same one is taken each time: the one of the smallest hash.
 */
create function :PGVECTOR_SCHEMA.product_documents(product_ids bigint[] default null)
returns table (product_id bigint, document text, document_hash bytea)
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
    'select distinct on (q.product_id) q.product_id, q.document, q.document_hash from (%s) q %s order by q.product_id, q.document_hash',
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is not null then 'where q.product_id = any ($1)' else '' end
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.product_documents(bigint[]) is
  'The documents of these products, of all live ones when null, with the sha256 of each. Raises PE001, PE002.';
--! EndIncluded document/product_documents.sql
--! Included document/product_document.sql
create function :PGVECTOR_SCHEMA.product_document(product_id bigint) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  return (select d.document from :PGVECTOR_SCHEMA.product_documents(array[product_document.product_id]) d);
end
$$;

comment on function :PGVECTOR_SCHEMA.product_document(bigint) is
  'The text of one product as it is handed to the model; null when there is no such live product. Raises PE001, PE002.';
--! EndIncluded document/product_document.sql

-- queue
--! Included queue/product_queue.sql
/*
 * Append-only for writers: a change adds a row and never touches another, so two writers cannot
 * wait for each other, deadlock, or wait for a worker, whatever order they write in. (A row a
 * product, upserted, made a reconcile wait for an open writer while holding what the next one
 * needed.) What a row means is decided when it is claimed, from the source as it is then.
 */
create table :PGVECTOR_SCHEMA.product_queue (
  queue_id bigint generated always as identity primary key,
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

create index product_queue_product_id_idx on :PGVECTOR_SCHEMA.product_queue (product_id);
create index product_queue_claim_id_idx on :PGVECTOR_SCHEMA.product_queue (claim_id) where claim_id is not null;

comment on table  :PGVECTOR_SCHEMA.product_queue is 'Products that changed and have not been looked at since; the truth about what is to do, a graphile-worker job is only a wake-up.';
comment on column :PGVECTOR_SCHEMA.product_queue.queue_id is 'Order in which changes are taken up.';
comment on column :PGVECTOR_SCHEMA.product_queue.product_id is 'The product; it may stand here several times, and is encoded once.';
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
create table :PGVECTOR_SCHEMA.product_claims (
  claim_id bigint generated always as identity primary key,
  worker text not null,
  claimed_at timestamptz not null default now(),
  lease_until timestamptz not null
);

comment on table  :PGVECTOR_SCHEMA.product_claims is 'What workers hold at the moment.';
comment on column :PGVECTOR_SCHEMA.product_claims.claim_id is 'Named by the rows of product_queue that it holds.';
comment on column :PGVECTOR_SCHEMA.product_claims.worker is 'Who holds it.';
comment on column :PGVECTOR_SCHEMA.product_claims.claimed_at is 'Since when.';
comment on column :PGVECTOR_SCHEMA.product_claims.lease_until is 'When others may take it over; moved on with every batch that is stored.';
--! EndIncluded queue/product_claims.sql
--! Included queue/product_failures.sql
create table :PGVECTOR_SCHEMA.product_failures (
  product_id bigint primary key,
  document_hash bytea,
  attempts integer not null,
  error text not null,
  failed_at timestamptz not null default now(),
  set_aside boolean not null
);

comment on table  :PGVECTOR_SCHEMA.product_failures is 'Products that could not be encoded; retry_failed() tries them again, and so does a change of the product.';
comment on column :PGVECTOR_SCHEMA.product_failures.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.product_failures.document_hash is 'sha256 of the document that failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.attempts is 'Attempts at this document so far.';
comment on column :PGVECTOR_SCHEMA.product_failures.error is 'What the last attempt said; never product text.';
comment on column :PGVECTOR_SCHEMA.product_failures.failed_at is 'When the last attempt failed.';
comment on column :PGVECTOR_SCHEMA.product_failures.set_aside is 'True once settings.max_attempts was reached: it is not tried again by itself.';
--! EndIncluded queue/product_failures.sql
--! Included queue/claimable_queue.sql
create view :PGVECTOR_SCHEMA.claimable_queue as
  select q.queue_id, q.product_id, q.queued_at
  from :PGVECTOR_SCHEMA.product_queue q
  where q.available_at <= now()
    -- Not a product of which another row is held: two workers must never have one product at once.
    and not exists (
      select
      from :PGVECTOR_SCHEMA.product_queue held
      join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = held.claim_id
      where held.product_id = q.product_id and c.lease_until > pg_catalog.clock_timestamp()
    );

comment on view :PGVECTOR_SCHEMA.claimable_queue is 'The rows of product_queue that a worker could take up now.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queue_id is 'Order in which they are taken up.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.product_id is 'The product.';
comment on column :PGVECTOR_SCHEMA.claimable_queue.queued_at is 'Since when it waits.';
--! EndIncluded queue/claimable_queue.sql
--! Included queue/wake_worker.sql
/*
 * The key is the transaction's: with one key for all, the second writer would wait for the first
 * one's commit, and finishing a job for an open writer. A wake-up that cannot be left (no worker
 * schema, a broken one) must not cost the writer its statement: the row in the queue is what counts,
 * and the worker looks at the queue every minute by itself.
 */
create function :PGVECTOR_SCHEMA.wake_worker(run_at timestamptz default null) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform graphile_worker.add_job(
    'embed_products',
    run_at => wake_worker.run_at,
    max_attempts => 5,
    job_key => 'embed_products:' || pg_current_xact_id()::text
  );
exception when others then
  raise warning 'The embedding worker could not be woken: %', sqlerrm
    using hint = 'The change is queued and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

revoke all on function :PGVECTOR_SCHEMA.wake_worker(timestamptz) from public;

comment on function :PGVECTOR_SCHEMA.wake_worker(timestamptz) is
  'Leaves one wake-up a transaction for the worker, at once or at run_at. Never fails.';
--! EndIncluded queue/wake_worker.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. UPDATE compares the
 * stored image of just the columns that make the document (rendering both texts made a merge four
 * times slower); everything else is decided when the product is claimed.
 */
create function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
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
    where c.in_document or c.column_name = 'deleted';
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;

  execute format(
    'insert into :PGVECTOR_SCHEMA.product_queue (product_id) select c.id from (%s) c (id) where c.id is not null',
    v_changed
  );
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
--! Included queue/source_triggers.sql
create view :PGVECTOR_SCHEMA.source_triggers as
  select
    w.trigger_name,
    w.event,
    t.oid is not null as attached,
    t.tgenabled in ('O', 'A') as enabled
  from (
    values
      ('_500_embed_insert', 'insert'),
      ('_500_embed_update', 'update'),
      ('_500_embed_delete', 'delete'),
      ('_500_embed_truncate', 'truncate')
  ) w (trigger_name, event)
  left join pg_catalog.pg_trigger t
    on t.tgrelid = :PGVECTOR_SCHEMA.source_relation()
    and t.tgname = w.trigger_name
    and t.tgfoid = (
      select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ':PGVECTOR_SCHEMA' and p.proname = 'tg__product_changed'
    );

comment on view :PGVECTOR_SCHEMA.source_triggers is 'The triggers that the source should have, and whether it has them now.';
comment on column :PGVECTOR_SCHEMA.source_triggers.trigger_name is 'Name of the trigger.';
comment on column :PGVECTOR_SCHEMA.source_triggers.event is 'The statement it fires after.';
comment on column :PGVECTOR_SCHEMA.source_triggers.attached is 'Whether the source has it.';
comment on column :PGVECTOR_SCHEMA.source_triggers.enabled is 'Whether it fires; null when it is not attached.';
--! EndIncluded queue/source_triggers.sql
--! Included queue/attach.sql
/*
 * Security invoker: only the owner of the table may put triggers on it. Creates just what is
 * missing, because every trigger made takes a lock that writers wait for.
 */
create function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_trigger record;
begin
  if (select c.relkind from pg_class c where c.oid = v_source) in ('r', 'p') then
    for v_trigger in
      select t.trigger_name, t.event, t.attached
      from :PGVECTOR_SCHEMA.source_triggers t
      where t.enabled is not true
    loop
      if v_trigger.attached then
        execute format('alter table %s enable trigger %I', v_source, v_trigger.trigger_name);
      else
        execute format(
          'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__product_changed()',
          v_trigger.trigger_name,
          v_trigger.event,
          v_source,
          case v_trigger.event
            when 'insert' then 'referencing new table as new_rows'
            when 'update' then 'referencing old table as old_rows new table as new_rows'
            when 'delete' then 'referencing old table as old_rows'
            else ''
          end
        );
      end if;
    end loop;
  else
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source that it lacks and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002.';
--! EndIncluded queue/attach.sql
--! Included queue/detach.sql
create function :PGVECTOR_SCHEMA.detach() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_trigger_name text;
begin
  for v_trigger_name in select t.trigger_name from :PGVECTOR_SCHEMA.source_triggers t where t.attached loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.detach() is
  'Takes our triggers off the source; vectors, queue and search stay. Safe to repeat.';
--! EndIncluded queue/detach.sql
--! Included queue/reconcile.sql
/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place.
 */
create function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  insert into :PGVECTOR_SCHEMA.product_queue (product_id)
  select d.product_id
  from :PGVECTOR_SCHEMA.embedding_difference() d
  left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
  left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id
  where d.state <> 'current'
    -- A vanished product that is already marked waits for its grace period, not for a worker.
    and not (d.state = 'orphan' and e.vanished_at is not null)
    and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.product_id = d.product_id);
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. Raises PE001, PE002, PE003.';
--! EndIncluded queue/reconcile.sql
--! Included queue/extend_claim.sql
create function :PGVECTOR_SCHEMA.extend_claim(claim_id bigint) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = extend_claim.claim_id) then
    update :PGVECTOR_SCHEMA.product_claims c
    set lease_until = clock_timestamp() + (select s.lease from :PGVECTOR_SCHEMA.settings s)
    where c.claim_id = extend_claim.claim_id;
  else
    perform :PGVECTOR_SCHEMA.release_claim(extend_claim.claim_id);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.extend_claim(bigint) is
  'Moves the lease of a claim on from now, or ends the claim when it holds nothing any more.';
--! EndIncluded queue/extend_claim.sql
--! Included queue/release_claim.sql
create function :PGVECTOR_SCHEMA.release_claim(claim_id bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- Given back unharmed, so it is no attempt that the next one would have to be careful about.
  update :PGVECTOR_SCHEMA.product_queue q
  set claim_id = null, attempts = greatest(q.attempts - 1, 0)
  where q.claim_id = release_claim.claim_id;

  delete from :PGVECTOR_SCHEMA.product_claims c where c.claim_id = release_claim.claim_id
$$;

comment on function :PGVECTOR_SCHEMA.release_claim(bigint) is 'Gives back what a claim still holds, for others to take up at once.';
--! EndIncluded queue/release_claim.sql
--! Included queue/fail_products.sql
create function :PGVECTOR_SCHEMA.fail_products(claim_id bigint, product_ids bigint[], errors text[]) returns bigint
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
      select q.queue_id, q.product_id, q.document_hash, q.attempts
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id) do update
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
      where q.queue_id = h.queue_id and not f.set_aside
      returning q.available_at
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q
      using held h, failed f
      where q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select (select count(*) from failed f where f.set_aside), (select min(w.available_at) from waiting w)
  into v_set_aside, v_next;

  if v_next is not null then
    perform :PGVECTOR_SCHEMA.wake_worker(v_next);
  end if;
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_set_aside;
end
$$;

comment on function :PGVECTOR_SCHEMA.fail_products(bigint, bigint[], text[]) is
  'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';
--! EndIncluded queue/fail_products.sql
--! Included queue/retry_failed.sql
create function :PGVECTOR_SCHEMA.retry_failed(product_id bigint default null) returns bigint
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
      returning f.product_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update :PGVECTOR_SCHEMA.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.claim_id is null
    )
  insert into :PGVECTOR_SCHEMA.product_queue (product_id)
  select f.product_id from forgiven f;
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

-- embedding
--! Included embedding/embedding_models.sql
create table :PGVECTOR_SCHEMA.embedding_models (
  model_id integer generated always as identity primary key,
  name text not null,
  revision text not null,
  precision text not null,
  dimension integer not null check (dimension > 0),
  pooling text not null,
  max_tokens integer not null check (max_tokens > 0),
  is_active boolean not null default false,
  registered_at timestamptz not null default now(),
  unique (name, revision, precision, pooling, max_tokens)
);

create unique index embedding_models_active_idx on :PGVECTOR_SCHEMA.embedding_models (is_active) where is_active;

comment on table  :PGVECTOR_SCHEMA.embedding_models is 'The models that vectors came from; a worker registers the one it loaded.';
comment on column :PGVECTOR_SCHEMA.embedding_models.model_id is 'Named by each vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.name is 'Model id as on the hub (EMBEDDING_MODEL).';
comment on column :PGVECTOR_SCHEMA.embedding_models.revision is 'Start of the sha256 of the model''s ONNX file: other weights are another model.';
comment on column :PGVECTOR_SCHEMA.embedding_models.precision is 'How the weights are stored and computed.';
comment on column :PGVECTOR_SCHEMA.embedding_models.dimension is 'Components of a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_models.pooling is 'How the vectors of a text''s tokens become one.';
comment on column :PGVECTOR_SCHEMA.embedding_models.max_tokens is 'Tokens that are read of a text; the rest is cut off.';
comment on column :PGVECTOR_SCHEMA.embedding_models.is_active is 'True for the one whose vectors are current.';
comment on column :PGVECTOR_SCHEMA.embedding_models.registered_at is 'When a worker first came with it.';
--! EndIncluded embedding/embedding_models.sql
--! Included embedding/active_model_id.sql
create function :PGVECTOR_SCHEMA.active_model_id() returns integer
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_active
$$;

comment on function :PGVECTOR_SCHEMA.active_model_id() is 'The model whose vectors are current; null before the first worker came.';
--! EndIncluded embedding/active_model_id.sql
--! Included embedding/tg__embedding_provenance.sql
/*
 * The Python pipeline's upsert still works, but a vector that somebody else wrote must not pass for
 * one of ours: without this an update would leave the old hash beside the new vector and the status
 * would call it current for ever.
 */
create function :PGVECTOR_SCHEMA.tg__embedding_provenance() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.embedding operator(:VECTOR_SCHEMA.<>) old.embedding
    and (new.model_id, new.document_hash) is not distinct from (old.model_id, old.document_hash)
  then
    new.model_id := null;
    new.document_hash := null;
  end if;
  return new;
end
$$;

comment on function :PGVECTOR_SCHEMA.tg__embedding_provenance() is
  'Forgets model and document of a vector that is overwritten without naming them.';
--! EndIncluded embedding/tg__embedding_provenance.sql
--! Included embedding/create_product_embeddings.sql
/*
 * A function, because the table may have to be made again: DROP TABLE and a rerun is what the
 * Python pipeline's users know for a change of dimension. An existing table of that pipeline is
 * adopted with its vectors, which serve until each has been encoded from the product as it is now.
 */
create function :PGVECTOR_SCHEMA.create_product_embeddings(dimension integer) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
  v_dimension integer;
begin
  -- Two of them at once (a migrate and a worker's start) would both find nothing and both create.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE'), 2);

  select a.atttypmod into v_dimension
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and a.attname = 'embedding' and not a.attisdropped;

  if v_dimension <> create_product_embeddings.dimension then
    raise exception 'Configured embedding dimension (%) does not match the table''s (%)', create_product_embeddings.dimension, v_dimension
      using errcode = 'PE020',
        hint = format(
          'Set PGVECTOR_EMBEDDING_DIM=%s, or start the table over: select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_dimension, create_product_embeddings.dimension
        );
  end if;

  -- The provenance trigger is made last: with it the table is complete, and there is nothing to do.
  if exists (
    select from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE' and t.tgname = '_100_provenance'
  ) then
    return;
  end if;

  execute format(
    $sql$
      create table if not exists :PGVECTOR_SCHEMA.:PGVECTOR_TABLE (
        product_id bigint primary key,
        embedding :VECTOR_SCHEMA.vector(%s) not null,
        updated_at timestamp default now()
      )
    $sql$,
    create_product_embeddings.dimension
  );

  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.embedding is null or :VECTOR_SCHEMA.vector_norm(e.embedding) = 0;
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set embedding = :VECTOR_SCHEMA.l2_normalize(e.embedding)
  where abs(:VECTOR_SCHEMA.vector_norm(e.embedding) - 1) >= 0.001;

  alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE
    alter column embedding set not null,
    add column if not exists model_id integer,
    add column if not exists document_hash bytea,
    add column if not exists vanished_at timestamptz,
    drop constraint if exists embedding_has_unit_length,
    -- With unit length the three metrics give one order, so one index serves them all. float4
    -- rounding of 2,000 components stays below 0.0001; 0.001 leaves room for other encoders.
    add constraint embedding_has_unit_length check (abs(:VECTOR_SCHEMA.vector_norm(embedding) - 1) < 0.001);

  create index if not exists embeddings_vanished_at_idx
    on :PGVECTOR_SCHEMA.:PGVECTOR_TABLE (vanished_at) where vanished_at is not null;

  comment on table  :PGVECTOR_SCHEMA.:PGVECTOR_TABLE is 'One vector a product. Join it on product_id; search_products() searches it.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.product_id is 'The product; no foreign key, because dbt drops and renames its table.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.embedding is 'The vector of the product''s document, of unit length.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.updated_at is 'When the vector was stored, in the storing session''s time zone.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.model_id is 'The model it came from (embedding_models); null when it was not stored by us, and then it is stale.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.document_hash is 'sha256 of the document it came from; null when it was not stored by us.';
  comment on column :PGVECTOR_SCHEMA.:PGVECTOR_TABLE.vanished_at is 'When the product was found gone from the source; the vector goes after settings.vanished_grace.';

  -- No column list: it would forbid reset_embeddings() to change the column's type.
  create or replace trigger _100_provenance
    before update on :PGVECTOR_SCHEMA.:PGVECTOR_TABLE
    for each row execute function :PGVECTOR_SCHEMA.tg__embedding_provenance();
end
$$;

comment on function :PGVECTOR_SCHEMA.create_product_embeddings(integer) is
  'Makes the table of vectors, or completes the one that is there; no effect when it is whole. Raises PE020 when its dimension is another.';
--! EndIncluded embedding/create_product_embeddings.sql
--! Included embedding/require_embeddings.sql
create function :PGVECTOR_SCHEMA.require_embeddings() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass := (
    select c.oid::regclass
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ':PGVECTOR_SCHEMA' and c.relname = ':PGVECTOR_TABLE'
  );
begin
  if v_table is null then
    raise exception 'The table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE does not exist.'
      using errcode = 'PE003',
        hint = 'npm run migrate makes it again, with the dimension in PGVECTOR_EMBEDDING_DIM; npm run embed fills it.';
  end if;
  return v_table;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_embeddings() is 'The table of vectors; raises PE003 when somebody dropped it.';
--! EndIncluded embedding/require_embeddings.sql
--! Included embedding/embedding_difference.sql
/*
 * The one definition of what is current, from the data alone: reconcile queues by it and the status
 * counts by it, whatever the queue believes.
 */
create function :PGVECTOR_SCHEMA.embedding_difference()
returns table (product_id bigint, state text, document_hash bytea)
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
        d.document_hash
      from (
        select distinct on (q.product_id) q.product_id, q.document_hash
        from (%s) q
        order by q.product_id, q.document_hash
      ) d
      full join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
    $sql$,
    :PGVECTOR_SCHEMA.document_query()
  ) using :PGVECTOR_SCHEMA.active_model_id();
end
$$;

comment on function :PGVECTOR_SCHEMA.embedding_difference() is
  'Each product and vector: missing (no vector), stale (of another text or model), orphan (no such live product) or current. Reads everything: about 0.1 s for 10,000 products. Raises PE001, PE002, PE003.';
--! EndIncluded embedding/embedding_difference.sql
--! Included embedding/register_model.sql
/*
 * Two models' vectors in one table would be compared with each other and mean nothing, so another
 * model is let in only while the table holds no vector of the active one.
 */
create function :PGVECTOR_SCHEMA.register_model(
  name text, revision text, "precision" text, dimension integer, pooling text, max_tokens integer
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_active :PGVECTOR_SCHEMA.embedding_models;
  v_model_id integer;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.embedding_models'), 2);

  insert into :PGVECTOR_SCHEMA.embedding_models as m (name, revision, precision, dimension, pooling, max_tokens)
  values (register_model.name, register_model.revision, register_model.precision, register_model.dimension, register_model.pooling, register_model.max_tokens)
  on conflict on constraint embedding_models_name_revision_precision_pooling_max_tokens_key do nothing;

  select m.model_id into strict v_model_id
  from :PGVECTOR_SCHEMA.embedding_models m
  where (m.name, m.revision, m.precision, m.pooling, m.max_tokens)
    = (register_model.name, register_model.revision, register_model.precision, register_model.pooling, register_model.max_tokens);

  select * into v_active from :PGVECTOR_SCHEMA.embedding_models m where m.is_active;
  if v_active.model_id = v_model_id then
    return v_model_id;
  end if;

  if exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.model_id = v_active.model_id) then
    raise exception 'The vectors come from the model % (revision %), this worker has % (revision %).',
      v_active.name, v_active.revision, register_model.name, register_model.revision
      using errcode = 'PE021',
        detail = 'Vectors of two models cannot be compared, so they never share a table.',
        hint = format(
          'Set EMBEDDING_MODEL=%s, or start over with the new model (search is empty until it is through): select :PGVECTOR_SCHEMA.reset_embeddings(%s);',
          v_active.name, register_model.dimension
        );
  end if;

  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false where m.is_active;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = true where m.model_id = v_model_id;
  return v_model_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.register_model(text, text, text, integer, text, integer) is
  'Makes a model known and returns its id; it becomes the active one if no vector of another is stored. Raises PE021 otherwise.';
--! EndIncluded embedding/register_model.sql
--! Included embedding/reset_embeddings.sql
/*
 * TRUNCATE and ALTER rather than DROP: grants stay. A view over the column makes ALTER fail, and
 * then nothing is lost.
 */
create function :PGVECTOR_SCHEMA.reset_embeddings(dimension integer) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null then
    truncate :PGVECTOR_SCHEMA.:PGVECTOR_TABLE;
    execute format(
      'alter table :PGVECTOR_SCHEMA.:PGVECTOR_TABLE alter column embedding type :VECTOR_SCHEMA.vector(%s)',
      reset_embeddings.dimension
    );
  end if;
  perform :PGVECTOR_SCHEMA.create_product_embeddings(reset_embeddings.dimension);
  truncate :PGVECTOR_SCHEMA.product_failures;
  update :PGVECTOR_SCHEMA.embedding_models m set is_active = false where m.is_active;
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return 0;
  end if;
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.reset_embeddings(integer) is
  'Throws every vector away and starts over with vectors of this dimension, for another model; returns how many products were queued. Search is empty until they are encoded.';
--! EndIncluded embedding/reset_embeddings.sql
--! Included status/embedding_workers.sql
create table :PGVECTOR_SCHEMA.embedding_workers (
  worker text primary key,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);

comment on table  :PGVECTOR_SCHEMA.embedding_workers is 'Who encodes, and when it last gave a sign of life; gone a day after the last.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.worker is 'Host, process and start of the worker.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.started_at is 'When it was first seen.';
comment on column :PGVECTOR_SCHEMA.embedding_workers.last_seen_at is 'When it last claimed or was on duty.';
--! EndIncluded status/embedding_workers.sql
--! Included status/worker_seen.sql
create function :PGVECTOR_SCHEMA.worker_seen(worker text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_workers as w (worker)
  values (worker_seen.worker)
  on conflict (worker) do update set last_seen_at = now();

  delete from :PGVECTOR_SCHEMA.embedding_workers w where w.last_seen_at < now() - interval '1 day'
$$;

comment on function :PGVECTOR_SCHEMA.worker_seen(text) is 'Notes a sign of life of a worker.';
--! EndIncluded status/worker_seen.sql
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
create function :PGVECTOR_SCHEMA.claim_products(worker text, max_products integer default 320)
returns table (claim_id bigint, product_id bigint, document text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_claim_id bigint;
  v_chunk integer := greatest(max_products, 1);
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_queue'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  perform :PGVECTOR_SCHEMA.worker_seen(worker);

  insert into :PGVECTOR_SCHEMA.product_claims as c (worker, lease_until)
  values (claim_products.worker, clock_timestamp() + v_settings.lease)
  returning c.claim_id into v_claim_id;

  loop
    return query with
      free as materialized (
        select q.product_id
        from :PGVECTOR_SCHEMA.claimable_queue q
        order by q.queue_id
        limit v_chunk
      ),
      candidate as materialized (
        -- All rows of a product are taken up together, also those beyond the chunk.
        select
          q.product_id,
          min(q.queue_id) as queue_id,
          array_agg(q.queue_id) as queue_ids,
          max(q.attempts) as attempts,
          (array_agg(q.document_hash order by q.attempts desc))[1] as tried_hash
        from :PGVECTOR_SCHEMA.product_queue q
        where q.product_id in (select f.product_id from free f)
        group by q.product_id
      ),
      judged as materialized (
        select
          c.product_id,
          c.queue_id,
          c.queue_ids,
          d.document,
          d.document_hash,
          a.attempts,
          case
            when d.product_id is null then 'vanished'
            when e.document_hash = d.document_hash and e.model_id = :PGVECTOR_SCHEMA.active_model_id() then 'unchanged'
            when f.set_aside and f.document_hash = d.document_hash then 'set aside'
            when a.attempts >= v_settings.max_attempts then 'given up'
            else 'to encode'
          end as verdict
        from candidate c
        left join :PGVECTOR_SCHEMA.product_documents((select array_agg(i.product_id) from candidate i)) d on d.product_id = c.product_id
        -- Attempts count against the document that was tried, not against what became of it.
        cross join lateral (
          select case when c.tried_hash = d.document_hash then c.attempts else 0 end as attempts
        ) a
        left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = c.product_id
        left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = c.product_id
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
        where p.place <= case when p.first_attempts > 0 then 1 else max_products end
          and (p.attempts = 0 or p.place = 1)
      ),
      vanished as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = now()
        from judged j
        where j.verdict = 'vanished' and e.product_id = j.product_id and e.vanished_at is null
      ),
      returned as (
        update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        set vanished_at = null
        from judged j
        where j.verdict <> 'vanished' and e.product_id = j.product_id and e.vanished_at is not null
      ),
      given_up as (
        insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, document_hash, attempts, error, set_aside)
        select j.product_id, j.document_hash, j.attempts, 'The worker that was encoding it did not come back.', true
        from judged j
        where j.verdict = 'given up'
        on conflict on constraint product_failures_pkey do update
        set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
          failed_at = now(), set_aside = true
      ),
      forgotten as (
        delete from :PGVECTOR_SCHEMA.product_failures f
        using judged j
        where f.product_id = j.product_id and j.verdict in ('vanished', 'unchanged')
      ),
      settled as (
        delete from :PGVECTOR_SCHEMA.product_queue q
        using judged j
        cross join unnest(j.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id and j.verdict <> 'to encode'
      ),
      claimed as (
        update :PGVECTOR_SCHEMA.product_queue q
        set claim_id = v_claim_id, attempts = p.attempts + 1, document_hash = p.document_hash
        from picked p
        cross join unnest(p.queue_ids) i (queue_id)
        where q.queue_id = i.queue_id
      )
    select v_claim_id, p.product_id, left(p.document, v_settings.max_document_characters)
    from picked p
    order by p.queue_id;

    exit when found or not exists (select from :PGVECTOR_SCHEMA.claimable_queue);
    v_chunk := least(v_chunk * 4, 20000);
  end loop;

  -- Ours when nothing was left to encode, and others' whose products have all been taken over.
  delete from :PGVECTOR_SCHEMA.product_claims c
  where (c.claim_id = v_claim_id or c.lease_until <= clock_timestamp())
    and not exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = c.claim_id);
end
$$;

comment on function :PGVECTOR_SCHEMA.claim_products(text, integer) is
  'Claims up to max_products queued products whose document really changed, for settings.lease, and returns their documents; settles the others. No rows: nothing is left to do now. Raises PE001, PE002.';
--! EndIncluded embedding/claim_products.sql
--! Included embedding/store_embeddings.sql
/*
 * Takes a vector only for a product that the claim still holds and that was not changed since: the
 * lock on the queue rows settles who is first when the lease has run out meanwhile, and a newer row
 * means that a fresher text is on its way. The hash is the one that the claim noted, so nobody has
 * to be trusted with it.
 */
create function :PGVECTOR_SCHEMA.store_embeddings(
  claim_id bigint, model_id integer, product_ids bigint[], embeddings :VECTOR_SCHEMA.vector[]
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_stored bigint;
begin
  if store_embeddings.model_id is distinct from :PGVECTOR_SCHEMA.active_model_id() then
    raise exception 'Vectors of another model than the active one are not stored.'
      using errcode = 'PE021',
        hint = 'The model was changed while this worker ran: start the worker again.';
  end if;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.document_hash
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = store_embeddings.claim_id and q.product_id = any (store_embeddings.product_ids)
      for update
    ),
    fresh as materialized (
      select h.product_id, min(h.document_hash) as document_hash
      from (select h.product_id, encode(h.document_hash, 'hex') as document_hash from held h) h
      where not exists (
        select
        from :PGVECTOR_SCHEMA.product_queue newer
        where newer.product_id = h.product_id and newer.claim_id is distinct from store_embeddings.claim_id
      )
      group by h.product_id
    ),
    stored as (
      insert into :PGVECTOR_SCHEMA.:PGVECTOR_TABLE as e (product_id, embedding, model_id, document_hash)
      select f.product_id, g.embedding, store_embeddings.model_id, decode(f.document_hash, 'hex')
      from unnest(store_embeddings.product_ids, store_embeddings.embeddings) g (product_id, embedding)
      join fresh f on f.product_id = g.product_id
      on conflict (product_id) do update
      set embedding = excluded.embedding, model_id = excluded.model_id, document_hash = excluded.document_hash,
        updated_at = now(), vanished_at = null
      returning e.product_id
    ),
    mended as (
      delete from :PGVECTOR_SCHEMA.product_failures f using stored s where f.product_id = s.product_id
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q using held h where q.queue_id = h.queue_id
    )
  select count(*) into v_stored from stored;

  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_stored;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_embeddings(bigint, integer, bigint[], :VECTOR_SCHEMA.vector[]) is
  'Stores the vectors of claimed products and takes these off the queue; returns how many were stored: not those that changed or were taken over meanwhile. Raises PE021, and 23514 for a vector that is not of unit length.';
--! EndIncluded embedding/store_embeddings.sql
--! Included embedding/sweep_vanished.sql
create function :PGVECTOR_SCHEMA.sweep_vanished() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_due bigint[];
  v_rows bigint := 0;
begin
  -- Few are ever marked; without one the source is not read.
  select array_agg(e.product_id) into v_due
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at is not null;
  if v_due is null then
    return 0;
  end if;

  perform :PGVECTOR_SCHEMA.lock_source();
  -- A table that was swapped may have brought a product back that nobody queued.
  with alive as (
    select d.product_id from :PGVECTOR_SCHEMA.product_documents(v_due) d
  )
  update :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  set vanished_at = null
  from alive a
  where e.product_id = a.product_id;

  delete from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.vanished_at <= now() - (select s.vanished_grace from :PGVECTOR_SCHEMA.settings s);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.sweep_vanished() is
  'Deletes the vectors of products that have been gone for settings.vanished_grace; returns how many. Raises PE001, PE002.';
--! EndIncluded embedding/sweep_vanished.sql

select :PGVECTOR_SCHEMA.create_product_embeddings(:PGVECTOR_EMBEDDING_DIM);

-- search
--! Included search/search_products.sql
/*
 * Ordered by L2 whatever is asked: vectors have unit length, so the three metrics give one order,
 * and one index, the l2 one that the Python pipeline's users have, serves them all. The metric that
 * was asked is computed on the hits. Joined to the source at each call, so that a product that is
 * gone is gone from search at once.
 *
 * No overload that takes text may have this name: an untyped literal would resolve to it.
 */
create function :PGVECTOR_SCHEMA.search_products(
  query :VECTOR_SCHEMA.vector, metric text default 'l2', max_results integer default 10
)
returns table (product_id bigint, name text, vendor_code text, price numeric, distance double precision)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Without it an HNSW scan ends after ef_search rows, and products that are gone would leave holes.
set hnsw.iterative_scan = 'strict_order'
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_dimension integer;
  v_operator text;
begin
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = :PGVECTOR_SCHEMA.require_embeddings() and a.attname = 'embedding';

  v_operator := case lower(btrim(metric))
    when 'l2' then '<->'
    when '<->' then '<->'
    when 'cosine' then '<=>'
    when '<=>' then '<=>'
    when 'inner_product' then '<#>'
    when 'ip' then '<#>'
    when '<#>' then '<#>'
  end;
  if v_operator is null then
    raise exception 'Unknown metric: %.', coalesce(quote_literal(left(metric, 100)), 'null')
      using errcode = 'PE010', hint = 'Use ''l2'' or ''<->'', ''cosine'' or ''<=>'', ''inner_product'', ''ip'' or ''<#>''.';
  end if;
  if query is null then
    raise exception 'The query vector is null.'
      using errcode = 'PE011',
        hint = 'Pass a vector of the model that encoded the products; npm run search -- "text" encodes a text. A subquery that finds no row is null.';
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

  return query execute format(
    $sql$
      select h.product_id, h.name, h.vendor_code, h.price, h.embedding operator(:VECTOR_SCHEMA.%s) $1
      from (
        select e.product_id, %s as name, %s as vendor_code, %s as price, e.embedding
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        join %s s on %s = e.product_id
        where %s
        order by e.embedding operator(:VECTOR_SCHEMA.<->) $1
        limit $2
      ) h
      order by 5, h.product_id
    $sql$,
    v_operator,
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric'),
    v_source,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s')
  ) using query, max_results;
end
$$;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003 and PE010 to PE014.';
--! EndIncluded search/search_products.sql

-- status
--! Included status/maintain.sql
/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, wake-up if anything waits.';
--! EndIncluded status/maintain.sql
--! Included status/compute_status.sql
/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. It answers also while the source is missing.
 */
create function :PGVECTOR_SCHEMA.compute_status() returns table (
  source text,
  source_exists boolean,
  products bigint,
  embedded bigint,
  coverage numeric,
  missing bigint,
  stale bigint,
  orphans bigint,
  queued bigint,
  claimed bigint,
  failed bigint,
  oldest_wait interval,
  triggers_attached boolean,
  worker_last_seen timestamptz,
  model text,
  dimension integer
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select format('%I.%I', s.source_schema, s.source_table) into source from :PGVECTOR_SCHEMA.settings s;
  source_exists := :PGVECTOR_SCHEMA.source_relation() is not null;

  if source_exists then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan')
    into products, embedded, missing, stale, orphans
    from :PGVECTOR_SCHEMA.embedding_difference() d;
    -- Cut and not rounded: one product missing of a million is not 100 percent.
    coverage := trunc(100.0 * embedded / nullif(products, 0), 2);
  end if;

  select count(distinct q.product_id), clock_timestamp() - min(q.queued_at)
  into queued, oldest_wait
  from :PGVECTOR_SCHEMA.product_queue q;

  select count(distinct q.product_id) into claimed
  from :PGVECTOR_SCHEMA.product_queue q
  join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
  where c.lease_until > clock_timestamp();

  select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.set_aside;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;
  select max(w.last_seen_at) into worker_last_seen from :PGVECTOR_SCHEMA.embedding_workers w;
  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.compute_status() is
  'What embedding_status shows. Raises PE002, PE003.';
--! EndIncluded status/compute_status.sql
--! Included status/embedding_status.sql
create view :PGVECTOR_SCHEMA.embedding_status as
  select * from :PGVECTOR_SCHEMA.compute_status();

comment on view :PGVECTOR_SCHEMA.embedding_status is 'How things stand, in one row, computed from products and vectors at each look.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source is 'Where the products are read from.';
comment on column :PGVECTOR_SCHEMA.embedding_status.source_exists is 'Whether that relation is there now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.products is 'Live products in the source; null while it does not exist.';
comment on column :PGVECTOR_SCHEMA.embedding_status.embedded is 'Live products that have a vector, current or stale: what search can find.';
comment on column :PGVECTOR_SCHEMA.embedding_status.coverage is 'embedded in percent of products; null when there is none.';
comment on column :PGVECTOR_SCHEMA.embedding_status.missing is 'Live products without a vector.';
comment on column :PGVECTOR_SCHEMA.embedding_status.stale is 'Live products whose vector is of an earlier text or another model; it serves until the new one lands.';
comment on column :PGVECTOR_SCHEMA.embedding_status.orphans is 'Vectors whose product is gone from the source; not searched, deleted after settings.vanished_grace.';
comment on column :PGVECTOR_SCHEMA.embedding_status.queued is 'Products in product_queue, claimed ones among them; not each of them needs encoding.';
comment on column :PGVECTOR_SCHEMA.embedding_status.claimed is 'Products that a worker holds now.';
comment on column :PGVECTOR_SCHEMA.embedding_status.failed is 'Products set aside after settings.max_attempts (see product_failures).';
comment on column :PGVECTOR_SCHEMA.embedding_status.oldest_wait is 'Age of the oldest change that is not done; null when none waits.';
comment on column :PGVECTOR_SCHEMA.embedding_status.triggers_attached is 'Whether all four triggers are on the source and enabled (see source_triggers).';
comment on column :PGVECTOR_SCHEMA.embedding_status.worker_last_seen is 'Last sign of life of any worker; one that runs gives it every minute.';
comment on column :PGVECTOR_SCHEMA.embedding_status.model is 'The active model, with revision and precision.';
comment on column :PGVECTOR_SCHEMA.embedding_status.dimension is 'Components of its vectors.';
--! EndIncluded status/embedding_status.sql

-- The wake-up's task has a row before two writers meet who would both insert it.
do $$
begin
  perform graphile_worker.add_job('embed_products', job_key => 'embed_products:deploy');
end
$$;
