--! Previous: sha1:1913ccc5a2dabcac043090ab11b5c9e0bbb885cf
--! Hash: sha1:bb889fe61ed8121e23211854c623dd550612d879
--! Message: Quicker searches, smaller triggers

-- One object a file below sql/, included here; see CONVENTIONS.md.

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- What a view or a check calls is settled when it is made: nothing that somebody put into public may suit it better than pg_catalog's own.
set local search_path = pg_catalog, pg_temp;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- What it shows is shown by hybrid_products(), which has another column for it.
drop function if exists :PGVECTOR_SCHEMA.shown_words(text[], text);
drop function if exists :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer);

-- queue
--! Included queue/note_changes.sql
/*
 * UPDATE compares just the columns that make the document (rendering both texts made a merge four times slower); everything
 * else is decided when the product is claimed.
 *
 * A statement of one row is nearly all that an application writes, and generating and planning SQL for it would
 * take longer than the update. So its columns are compared as JSON, which needs no SQL of its own for
 * the columns that there are; in a statement of many rows the stored image is, which is quicker for each row and
 * sees the same, 2.5 become 2.50 among it. Their rows only the trigger sees, so it is given the SQL.
 */
create or replace function :PGVECTOR_SCHEMA.note_changes(
  operation text, table_schema name, table_name name, row_count bigint default null, new_id text default null, old_id text default null,
  new_row record default null, old_row record default null
) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_old_image jsonb;
  v_new_image jsonb;
  v_ids bigint[];
  v_changed text;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select
    s.document_hook is not null,
    array(
      select f.column_name
      from :PGVECTOR_SCHEMA.document_fields f
      where not f.included and f.column_name not in ('deleted', 'dbt_valid_to', 'dbt_is_deleted')
    )
  into v_hooked, v_left_out
  from :PGVECTOR_SCHEMA.settings s
  where s.source_schema = note_changes.table_schema and s.source_table = note_changes.table_name;
  if not found or row_count = 0 then
    return null;
  end if;

  if row_count = 1 then
    -- A hook may look at any column.
    if operation = 'UPDATE' and not v_hooked and new_id = old_id then
      begin
        v_old_image := to_jsonb(old_row) - v_left_out;
        v_new_image := to_jsonb(new_row) - v_left_out;
        if strpos(v_new_image::text, '"_') > 0 then
          v_left_out := array(
            select k.name
            from jsonb_object_keys(v_new_image) k (name)
            left join :PGVECTOR_SCHEMA.document_fields f on f.column_name = k.name
            where starts_with(k.name, '_') and f.included is not true
          );
          v_old_image := v_old_image - v_left_out;
          v_new_image := v_new_image - v_left_out;
        end if;
        -- Of a product in several rows a column that is left out may say which of them counts.
        if v_old_image::text = v_new_image::text and coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids, 0) = 0 then
          return null;
        end if;
      exception when others then
        -- Not everything of type json is jsonb too. The claim tells whether it changed.
        null;
      end;
    end if;
    v_ids := array_remove(
      array[
        :PGVECTOR_SCHEMA.whole_number(new_id),
        case when old_id is distinct from new_id then :PGVECTOR_SCHEMA.whole_number(old_id) end
      ],
      null
    );
    if v_ids <> '{}' then
      insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (v_ids);
      perform :PGVECTOR_SCHEMA.announce_changes();
    end if;
    return null;
  end if;

  if operation = 'TRUNCATE' then
    v_changed := 'select e.product_id from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e';
  elsif operation = 'UPDATE' then
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
    where c.in_document or c.decides_life or v_hooked
      -- What says which of two rows of a product counts; where there are no two, each load moves it for nothing.
      or c.decides_order and (select (:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids) > 0;
  else
    v_changed := format(
      'select %s from %s s',
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      case operation when 'INSERT' then 'new_rows' else 'old_rows' end
    );
  end if;
  return format(
    'with noted as (%s returning 1) select :PGVECTOR_SCHEMA.announce_changes() where exists (select from noted)',
    :PGVECTOR_SCHEMA.queue_changes_sql(v_changed)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_changes(text, name, name, bigint, text, text, record, record) is
  'Notes the product of a statement of one row in product_changes if its document may have changed, and returns null; for a statement of more rows (row_count 2, or null: all), the SQL that does so, to be run where new_rows and old_rows are. For tg__product_changed().';
--! EndIncluded queue/note_changes.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement; note_changes() does the rest. A session compiles this anew for each trigger and never forgets it, so
 * that each swap of dbt's table costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_statement text;
begin
  if tg_op = 'UPDATE' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, r.new_id, r.old_id, r.new_row, r.old_row) into v_statement
    from (
      select count(*) over () as rows, c.*
      from (
        select n.product_id::text as new_id, o.product_id::text as old_id, n as new_row, o as old_row
        from new_rows n
        cross join old_rows o
        limit 2
      ) c
      limit 1
    ) r;
  elsif tg_op = 'INSERT' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, r.id, null) into v_statement
    from (select count(*) as rows, min(n.id) as id from (select n.product_id::text as id from new_rows n limit 2) n) r;
  elsif tg_op = 'DELETE' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, null, r.id) into v_statement
    from (select count(*) as rows, min(o.id) as id from (select o.product_id::text as id from old_rows o limit 2) o) r;
  else
    v_statement := :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name);
  end if;
  if v_statement is not null then
    execute v_statement;
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
--! EndIncluded queue/tg__product_changed.sql
--! Included queue/take_up_changes.sql
/*
 * From what writers noted to what is claimed: a row for each product and model, and the words of the products
 * with them. That is ahead of the encoder, which is a hundred times slower: a product is found by its
 * words within seconds, however long the queue is. A change is in one of the two tables at any time, since it
 * goes from one to the other in one transaction. Small changes go first and alone, so that the words of many
 * hold none of them up. A change that comes while those of many are taken up waits for so many of them: a few hundred where the
 * source has an index, and more where each time reads it through. One at a time: who comes second leaves it.
 */
create or replace function :PGVECTOR_SCHEMA.take_up_changes(max_products integer default null, out products bigint, out is_bulk boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_active_id integer;
  v_ids bigint[];
  v_most integer := max_products;
begin
  products := 0;
  is_bulk := false;
  if not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_changes'), 2)
    or not exists (select from :PGVECTOR_SCHEMA.product_changes)
  then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.lock_models();
  v_active_id := coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0);
  if v_most is null then
    v_most := case
      when exists (
        select
        from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = :PGVECTOR_SCHEMA.source_relation() and a.attname = 'product_id' and i.indisvalid and i.indpred is null
      ) then 200
      else 3000
    end;
  end if;

  with
    waiting as materialized (
      select
        c.change_id, c.is_bulk,
        rank() over (order by c.is_bulk) as lane,
        sum(c.products) over (order by c.is_bulk, c.change_id) - c.products as ahead
      from :PGVECTOR_SCHEMA.sized_changes c
    ),
    taken as (
      delete from :PGVECTOR_SCHEMA.product_changes c
      using waiting w
      where w.change_id = c.change_id and w.lane = 1 and w.ahead < v_most
      returning c.change_id, c.model_id, c.queued_at, c.product_ids, w.is_bulk
    ),
    queued as (
      -- Available at once also to who began before us and waits for us.
      insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id, queued_at, available_at, is_bulk)
      select i.product_id, k.model_id, min(t.queued_at), min(t.queued_at), bool_and(t.is_bulk)
      from taken t
      join :PGVECTOR_SCHEMA.kept_models k on k.model_id = coalesce(t.model_id, k.model_id)
      cross join lateral unnest(t.product_ids) i (product_id)
      group by i.product_id, k.model_id
      order by min(t.change_id), i.product_id
      returning product_id, model_id
    )
  select
    (select count(*) from taken t cross join lateral unnest(t.product_ids)),
    (select bool_and(t.is_bulk) from taken t),
    (select array_agg(q.product_id) from queued q where q.model_id = v_active_id)
  into products, is_bulk, v_ids;

  if v_ids is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_up_changes(integer) is
  'Takes up changes of about max_products products (null: 200 where the source has an index on product_id, else 3000) into product_queue, those of a few products first and by themselves, with the words of the products; returns how many it were (0: none is left, or another worker is at it) and whether they are part of large changes. Raises PE001, PE002, PE005, PE029.';
--! EndIncluded queue/take_up_changes.sql
-- search
--! Included search/search_index.sql
/*
 * An index by L2 of the whole table, over the vectors as they are or as halves; the former where both
 * are, since it needs no second look.
 */
create or replace function :PGVECTOR_SCHEMA.search_index() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
-- The catalogs are small, and yet reading one through costs more than looking it up.
set enable_seqscan = off
as $$
begin
  return (
    select case o.opcname when 'vector_l2_ops' then 'vector' else format_type(a.atttypid, a.atttypmod) end
    from pg_index i
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
    join pg_attribute e on e.attrelid = i.indrelid and e.attname = 'embedding'
    where i.indrelid = to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE')
      -- An index by distance is never unique, and looking into those that are is half of the time.
      and not i.indisunique and i.indisvalid and i.indpred is null
      -- Not of a part of the vector, which is an expression too.
      and (o.opcname = 'vector_l2_ops' and i.indkey[0] = e.attnum or o.opcname = 'halfvec_l2_ops' and a.atttypmod = e.atttypmod)
    order by o.opcname desc
    limit 1
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.search_index() is
  'What search orders by: vector, or the type of half precision that an index is over; null without an index by L2, where it computes all distances.';
--! EndIncluded search/search_index.sql
--! Included search/planned_index.sql
/*
 * search_index() as a constant of the plan that asks, since looking it up takes a twelfth of a search. It is
 * declared immutable, and is while the plan lives: a session makes its plan anew once a table that the plan names has another index,
 * or is another. So it may be asked only in a statement of plpgsql that names the table of vectors. A transaction whose snapshot
 * is from before an index was made may keep what it saw until the table is next analyzed: then search takes longer, and
 * answers the same.
 */
create or replace function :PGVECTOR_SCHEMA.planned_index() returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return :PGVECTOR_SCHEMA.search_index();
end
$$;

comment on function :PGVECTOR_SCHEMA.planned_index() is
  'What search_index() was when the statement was planned; only for statements that name the table of vectors, whose plan a change of its indexes makes anew.';
--! EndIncluded search/planned_index.sql
--! Included search/nearest_products.sql
/*
 * Three ways to the same answer. Nearly every search is answered by the first: a few more than asked from
 * the index, then the source's rows of these, by two statements whose plans the session keeps. It gives nothing when too few of
 * them are live. Then along the index, nearest first, through a cursor: as many vectors are
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
-- It costs a tenth of a scan, and the first way does without.
set hnsw.iterative_scan = off
set ivfflat.iterative_scan = off
-- What the settings say instead is set below, and ends with the function because these stand here.
set hnsw.ef_search = 40
set ivfflat.probes = 1
-- A scan is planned for its first rows, and not compiled for all of them.
set cursor_tuple_fraction = 0
set jit = off
-- With a limit that is a parameter the first way would be planned as a sort of everything.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_state record;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
  v_index text;
  v_is_kept boolean;
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
  v_duplicates boolean;
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
    s.hnsw_ef_search::text, s.ivfflat_probes::text, g.signature,
    exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = g.signature) as is_kept,
    -- The table is named, so that the plan is made anew when it has another index, and not read.
    case when nearest_products.model_id is null and not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE where false)
      then :PGVECTOR_SCHEMA.planned_index()
    end as index
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s
  -- Or the planner calls it twice.
  cross join (select :PGVECTOR_SCHEMA.source_signature(v_source) as signature offset 0) g;
  v_index := v_state.index;
  v_is_kept := v_state.is_kept and nearest_products.filter is null;

  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
    if v_is_kept and v_index = 'vector' then
      select array_agg(n.product_id), array_agg(n.distance) into v_ids, v_distances
      from (
        select e.product_id, e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query as distance
        from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
        where e.product_id <> all (v_excluded)
        order by e.embedding operator(:VECTOR_SCHEMA.<->) nearest_products.query
        limit max_results + 2
      ) n;
      return query
        with live as materialized (
          select r.product_id, r.name, r.vendor_code, r.price, v_distances[array_position(v_ids, r.product_id)] as distance
          from :PGVECTOR_SCHEMA.source_rows(v_ids, v_state.signature) r
          where r.passes
        )
        select l.product_id, l.name, l.vendor_code, l.price, l.distance
        from live l
        where (select count(*) from live) >= max_results
        order by l.distance, l.product_id
        limit max_results;
      if found then
        return;
      end if;
    end if;

    perform set_config('enable_seqscan', 'on', true),
      -- Without it an index scan ends after ef_search rows, and products that are gone would leave holes.
      set_config('hnsw.iterative_scan', 'strict_order', true),
      set_config('ivfflat.iterative_scan', 'relaxed_order', true);
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

      if v_is_kept then
        select array_agg(r.product_id) as ids, array_agg(r.name) as names, array_agg(r.vendor_code) as codes,
          array_agg(r.price) as prices, array_agg(v_distances[array_position(v_ids, r.product_id)]) as distances
        into v_row
        from :PGVECTOR_SCHEMA.source_rows(v_ids, v_state.signature) r
        where r.passes;
        -- Too few may be because it is made for something else.
        v_is_kept := coalesce(cardinality(v_row.ids) >= max_results, false);
      end if;
      if not v_is_kept then
        if v_lookup is null then
          v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
          v_passes := concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter));
          v_lookup := format(
            $sql$
              select array_agg(r.product_id) as ids, array_agg(r.name) as names, array_agg(r.vendor_code) as codes,
                array_agg(r.price) as prices, array_agg(($2)[array_position($1, r.product_id)]) as distances
              from (%s) r
              where r.passes
            $sql$,
            :PGVECTOR_SCHEMA.source_rows_sql(v_source, v_expressions, v_expressions.among, v_passes, true)
          );
        end if;
        execute v_lookup into v_row using v_ids, v_distances;
      end if;
      v_hit_ids := v_hit_ids || v_row.ids;
      v_names := v_names || v_row.names;
      v_codes := v_codes || v_row.codes;
      v_prices := v_prices || v_row.prices;
      v_hit_distances := v_hit_distances || v_row.distances;
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
  end if;

  if v_exact then
    perform set_config('enable_seqscan', 'on', true);
    v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
    v_passes := concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', nearest_products.filter));
    v_among := case when cardinality(v_passing) <= 2000 then v_expressions.among else 'true' end;
    v_duplicates := coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0, false);
  end if;
  while v_exact loop
    v_duplicates := v_duplicates or v_double;
    v_double := false;
    v_hit_ids := array[]::bigint[];
    v_names := array[]::text[];
    v_codes := array[]::text[];
    v_prices := array[]::numeric[];
    v_hit_distances := array[]::double precision[];
    v_id := null;
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
--! Included search/rank_words.sql
/*
 * Words that half the catalogue has would make candidates of half the catalogue, so these are chosen
 * strictest first: products that have all groups of the query, then all but one, and so on, until there
 * are enough; what was found is scored by all words. The rarest six groups choose. Of too many that
 * match alike the shortest are taken, which is what BM25 would do.
 */
create or replace function :PGVECTOR_SCHEMA.rank_words(query text, wanted integer, others bigint[] default null)
returns table (product_id bigint, word_score double precision, is_exact boolean, terms text[], is_complete boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- Unseen words are taken for common ones, and then reading all for cheaper than the index.
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_group integer[];
  v_alternative integer[];
  v_term tsquery[];
  v_idf double precision[];
  v_label text[];
  v_choosing tsquery[];
  v_extra tsquery;
  v_query tsquery;
  v_found bigint[] := '{}';
  v_ids bigint[] := coalesce(others, '{}');
  v_complete boolean := true;
  v_has_extra boolean := true;
  v_products double precision;
  v_average double precision;
  v_rarity double precision;
begin
  select array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text)
  into v_group, v_alternative, v_term, v_idf, v_label
  from :PGVECTOR_SCHEMA.query_terms(query) t;
  if v_group is null then
    return;
  end if;
  select t.products, t.average_tokens into strict v_products, v_average from :PGVECTOR_SCHEMA.word_totals t;

  if wanted > 0 then
    select array_agg(g.query order by g.idf desc), min(g.idf) into v_choosing, v_rarity
    from (
      select string_agg('(' || a.query || ')', ' | ')::tsquery as query, max(a.idf) as idf
      from (
        select t.group_no, t.alternative, string_agg(t.term::text, ' & ') as query, sum(t.idf) as idf
        from unnest(v_group, v_alternative, v_term, v_idf) t (group_no, alternative, term, idf)
        where t.group_no > 0
        group by t.group_no, t.alternative
      ) a
      group by a.group_no
      order by idf desc
      limit 6
    ) g;
    select string_agg(t.term::text, ' | ')::tsquery into v_extra
    from unnest(v_group, v_term) t (group_no, term)
    where t.group_no = 0;

    for v_level in reverse coalesce(cardinality(v_choosing), 0) + 1 .. 1 loop
      exit when cardinality(v_found) >= wanted;
      if v_level > coalesce(cardinality(v_choosing), 0) then
        v_query := v_extra;
      else
        -- Any so many of them.
        select string_agg('(' || c.query || ')', ' | ')::tsquery into v_query
        from (
          select string_agg('(' || v_choosing[g.place]::text || ')', ' & ') as query
          from generate_series(1, (1 << cardinality(v_choosing)) - 1) s (subset)
          cross join generate_series(1, cardinality(v_choosing)) g (place)
          where (s.subset >> (g.place - 1)) & 1 = 1
          group by s.subset
          having count(*) = v_level
        ) c;
      end if;
      continue when v_query is null;
      if v_level = 1 and power(v_products / exp(v_rarity), 2) > 80 * wanted * v_products then
        -- So many have the commonest word that reading products in their order until there are enough takes less than the
        -- index over words, which would first collect all of them. "is true" keeps it from that.
        v_found := array(
          select f.product_id
          from (
            select w.product_id, w.tokens
            from :PGVECTOR_SCHEMA.product_words w
            where (w.words @@ v_query) is true and w.product_id <> all (v_found)
            order by w.product_id
            limit 4 * wanted
          ) f
          order by f.tokens, f.product_id
          limit wanted
        ) || v_found;
      else
        v_found := array(
          select f.product_id
          from (
            select w.product_id, w.tokens
            from :PGVECTOR_SCHEMA.product_words w
            where w.words @@ v_query and w.product_id <> all (v_found)
            limit 4 * wanted
          ) f
          order by f.tokens, f.product_id
          limit wanted
        ) || v_found;
      end if;
      -- What no product has need not be scored.
      v_has_extra := v_has_extra and (v_level <= coalesce(cardinality(v_choosing), 0) or v_found <> '{}');
      v_complete := v_level = 1 and cardinality(v_found) < wanted;
    end loop;
    v_ids := v_ids || v_found;
  end if;

  return query
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.group_no > 0), v_complete
    from (
      -- The best way to say each group counts, and all that only adds.
      select distinct on (a.product_id, a.group_no, a.added) a.product_id, a.group_no, a.score, a.term, a.added is not distinct from 0 as is_exact
      from (
        select o.product_id, o.group_no, o.alternative, case when o.group_no = 0 then o.alternative end as added,
          sum(o.score) as score, string_agg(o.term, ' ') as term
        from (
          select w.product_id, t.group_no, t.alternative, t.label as term,
            :PGVECTOR_SCHEMA.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from :PGVECTOR_SCHEMA.product_words w
          cross join unnest(v_group, v_alternative, v_term, v_idf, v_label) t (group_no, alternative, term, idf, label)
          where w.product_id = any (v_ids) and (v_has_extra or t.group_no > 0)
          -- Before it is sorted, so that the words are not sorted along.
          offset 0
        ) o
        where o.score > 0
        group by o.product_id, o.group_no, o.alternative
      ) a
      order by a.product_id, a.group_no, a.added, a.score desc
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; is_complete: the words find no more. Dead products are among them.';
--! EndIncluded search/rank_words.sql
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
  vector_rank integer, distance double precision, word_rank integer, word_score double precision, matched_words text[]
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
  v_near_distances double precision[];
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
    -- Of unit length, so that the one distance gives the other.
    select array_agg(n.product_id), array_agg(n.name), array_agg(n.vendor_code), array_agg(n.price), array_agg(n.distance * n.distance / 2)
    into v_near, v_near_names, v_near_codes, v_near_prices, v_near_distances
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
      live as (
        select l.product_id, l.name, l.vendor_code, l.price, w.word_score, w.is_exact, w.terms, l.distance,
          case when l.place <= cardinality(v_near) then l.place end as vector_rank
        from unnest(v_near || v_found, v_near_names || v_names, v_near_codes || v_codes, v_near_prices || v_prices, v_near_distances)
          with ordinality l (product_id, name, vendor_code, price, distance, place)
        left join unnest(v_ids, v_scores, v_exact, v_terms) w (product_id, word_score, is_exact, terms) on w.product_id = l.product_id
      ),
      ranked as (
        select l.*, case when l.word_score > 0 then row_number() over (order by l.is_exact desc nulls last, l.word_score desc nulls last, l.product_id) end as word_rank
        from live l
      ),
      candidate as (
        select r.product_id, r.name, r.vendor_code, r.price, r.word_score, r.is_exact, r.terms, r.vector_rank, r.word_rank,
          case
            when r.distance is not null then r.distance
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
      leader as (
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
      compared as (
        select l.*, w.label, :TRGM_SCHEMA.word_similarity(v_text, w.label) as similarity
        from leader l
        -- One by one, for the same reason.
        left join lateral (
          select w.label from :PGVECTOR_SCHEMA.product_words w where w.product_id = l.product_id offset 0
        ) w on true
        -- Once, although it is used three times.
        offset 0
      ),
      best as (
        select c.*,
          (c.is_exact is true)::integer + c.lead
            + c.trigram_weight * :PGVECTOR_SCHEMA.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score
        from compared c
        order by score desc, c.product_id
        limit max_results
      )
    select
      b.product_id, b.name, b.vendor_code, b.price, b.score, b.vector_rank::integer, b.distance, b.word_rank::integer, nullif(b.word_score, 0),
      -- As the product writes it, where it can be found there: the stem is nothing to show.
      array(
        select coalesce(
          substring(b.label from t.pattern),
          -- Of megabytes, which feeds have in a name too, folding takes seconds.
          substring(:PGVECTOR_SCHEMA.fold_text(left(concat_ws(' ', b.name, b.vendor_code), 2000)) from t.pattern),
          t.stem
        )
        from unnest(string_to_array(b.terms, ' ')) with ordinality u (term, place)
        cross join lateral (select regexp_replace(u.term, '[^[:alnum:]]', '', 'g') as stem offset 0) s
        cross join lateral (select s.stem, E'\\m' || s.stem || '[[:alnum:]]*' as pattern) t
        order by u.place
      )
    from best b
    order by b.score desc, b.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.hybrid_products(text, :VECTOR_SCHEMA.vector, integer, jsonb, integer) is
  'The live products that suit a query best by words, trigrams and vector, best first; by words and trigrams alone when the vector is null. score: 0 to 1, and 1 more for who has the query as its whole name or code; matched_words: looked for in the first 2000 characters of name and code. model_id: whose vector it is, null for the active model. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/hybrid_products.sql
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
  v_key text := :PGVECTOR_SCHEMA.query_key(query);
  v_vector :VECTOR_SCHEMA.vector;
begin
  if v_key is null then
    raise exception 'The query is empty.'
      using errcode = 'PE019', hint = 'Pass what a person would type.';
  end if;
  if v_mode is null or v_mode not in ('hybrid', 'words', 'vectors') then
    raise exception 'Unknown mode: %.', coalesce(quote_literal(left(mode, 100)), 'null')
      using errcode = 'PE027', hint = 'Use ''hybrid'', ''words'' or ''vectors''.';
  end if;
  perform :PGVECTOR_SCHEMA.require_limit(max_results);

  perform :PGVECTOR_SCHEMA.lock_embeddings();
  if v_mode <> 'words' then
    -- What request_query() would come to, for a query that was counted within the minute.
    select q.embedding into v_vector
    from :PGVECTOR_SCHEMA.embedding_models m
    join :PGVECTOR_SCHEMA.query_embeddings q on q.query = v_key and q.model_id = m.model_id
    where m.is_active and q.used_at > now() - interval '1 minute';
    if v_vector is null and :PGVECTOR_SCHEMA.request_query(query) then
      v_vector := :PGVECTOR_SCHEMA.query_embedding(query);
    end if;
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
    select h.product_id, h.name, h.vendor_code, h.price, h.score, h.vector_rank, h.distance, h.word_rank, h.word_score, h.matched_words,
      v_vector is not null
    from :PGVECTOR_SCHEMA.hybrid_products(query, v_vector, max_results, filter) h;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) from public;

comment on function :PGVECTOR_SCHEMA.search_products_text(text, integer, jsonb, text) is
  'The products that suit a text best, best first, by words and meaning. filter: see filter_sql(); mode: hybrid, words (and trigrams) or vectors; score: 0 to 1, one more for a whole name or code, in mode vectors the cosine similarity; distance: cosine; used_vectors: false when the query had no vector yet and words alone answer. Raises PE001 to PE003, PE005, PE014 to PE016, PE019, PE027.';
--! EndIncluded search/search_products_text.sql
