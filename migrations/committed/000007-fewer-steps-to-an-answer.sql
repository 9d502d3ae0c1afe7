--! Previous: sha1:bb889fe61ed8121e23211854c623dd550612d879
--! Hash: sha1:96b5bba47478679c7ce07feec80adb1a836fc0a1
--! Message: Fewer steps to an answer

-- One object a file below sql/, included here; see CONVENTIONS.md.

-- Loads the libraries, without which hnsw.* and pg_trgm.* settings of a function are unknown when it is created.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
-- What a view or a check calls is settled when it is made: nothing that somebody put into public may suit it better than pg_catalog's own.
set local search_path = pg_catalog, pg_temp;
-- Functions below name tables and functions that come further down.
set local check_function_bodies = off;

-- What one row takes is note_update()'s.
drop function if exists :PGVECTOR_SCHEMA.note_changes(text, name, name, bigint, text, text, record, record);

--! Included source/planned_signature.sql
/*
 * source_signature() as a constant of the plan that asks, as planned_index() is of the table of vectors: right while the
 * source is the one that it was, which a plan is made anew for if it names that source. So it may be asked only in a statement
 * of plpgsql that reads source_rows(), which also looks whether the settings still name that source.
 */
create or replace function :PGVECTOR_SCHEMA.planned_signature() returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return :PGVECTOR_SCHEMA.source_signature(:PGVECTOR_SCHEMA.source_relation());
end
$$;

comment on function :PGVECTOR_SCHEMA.planned_signature() is
  'What source_signature() of the source was when the statement was planned; only for statements that read source_rows(), whose plan a change of the source makes anew.';
--! EndIncluded source/planned_signature.sql
--! Included source/note_expressions.sql
/*
 * dbt's transaction, which may stay open for long, calls this: who comes second leaves it instead of
 * waiting for the row.
 */
create or replace function :PGVECTOR_SCHEMA.note_expressions() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.generate_expressions();
  v_rows text := format(
    $sql$
      select r.* from (%s) r
      where $2 operator(pg_catalog.=) %L and exists (
        select
        from :PGVECTOR_SCHEMA.source_expressions e
        cross join :PGVECTOR_SCHEMA.settings s
        where e.columns operator(pg_catalog.=) $2
          and pg_catalog.starts_with($2, pg_catalog.format('%%I.%%I: ', s.source_schema, s.source_table))
      )
    $sql$,
    :PGVECTOR_SCHEMA.source_rows_sql(:PGVECTOR_SCHEMA.require_source(), v_now, v_now.among, v_now.is_live, true), v_now.columns
  );
  v_unseen text;
begin
  select format(
    'select $2 operator(pg_catalog.=) %L and $3 operator(pg_catalog.=) %L and (%L or $1 operator(pg_catalog.<>) ''UPDATE'')',
    s.source_schema, s.source_table,
    not exists (
      select
      from :PGVECTOR_SCHEMA.source_columns c
      where not c.in_document and not starts_with(c.column_name, '_') and c.column_name <> all (:PGVECTOR_SCHEMA.bookkeeping_columns())
    )
  ) into strict v_unseen
  from :PGVECTOR_SCHEMA.settings s;

  if exists (
      select
      from :PGVECTOR_SCHEMA.source_expressions e
      join pg_proc r on r.oid = ':PGVECTOR_SCHEMA.source_rows(bigint[], text)'::regprocedure and r.prosrc = v_rows
      join pg_proc u on u.oid = ':PGVECTOR_SCHEMA.notes_unseen(text, name, name)'::regprocedure and u.prosrc = v_unseen
      where e = v_now
    )
    or not pg_try_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.source_expressions'), 1)
  then
    return;
  end if;
  delete from :PGVECTOR_SCHEMA.source_expressions;
  insert into :PGVECTOR_SCHEMA.source_expressions values (v_now.*);
  execute format(
    'create or replace function :PGVECTOR_SCHEMA.source_rows(product_ids bigint[], signature text)
      returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
      language sql stable as %L',
    v_rows
  );
  execute format(
    'create or replace function :PGVECTOR_SCHEMA.notes_unseen(operation text, table_schema name, table_name name) returns boolean
      language sql stable as %L',
    v_unseen
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.note_expressions() is
  'Keeps source_expressions, source_rows() and notes_unseen() for the source and its fields as they are now; no effect while they are the same. Raises PE001, PE002.';
--! EndIncluded source/note_expressions.sql
--! Included source/source_rows.sql
/*
 * dbt's table as search reads it. note_expressions() replaces the body by one for the source as it is, since SQL that is
 * put together at each search is parsed and planned at each search, which took as long as a fifth of the scan. It is text that depends
 * on nothing and is inlined into the statement that calls it, whose plan the session keeps: PostgreSQL drops that plan when the
 * table is altered, renamed or dropped, and finds the one of that name anew. So it must have no SET clause.
 *
 * It says itself what it was made for: asked for anything else (another source, other columns, a body that a dump brought
 * along) it gives no rows, and who gets none asks by SQL of his own. The body below was made for nothing. What runs
 * here runs with our owner's rights, so only our owner may replace it.
 */
create or replace function :PGVECTOR_SCHEMA.source_rows(product_ids bigint[], signature text)
returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean)
language sql stable
as $$
  select null::pg_catalog.int8, null::pg_catalog.text, null::pg_catalog.text, null::pg_catalog.numeric, false where false
$$;

comment on function :PGVECTOR_SCHEMA.source_rows(bigint[], text) is
  'The rows of the source that count for these products, one each, and whether it is live; none where the body is not made for this signature (see source_signature). Generated by note_expressions().';
--! EndIncluded source/source_rows.sql
--! Included queue/notes_unseen.sql
/*
 * Generated like source_rows(), and for the same reason: as a body that is inlined into the trigger's own expression it costs an update
 * of one row nothing, where looking settings and fields up took as long as noting the row. PostgreSQL drops what a session
 * made of the old body when note_expressions() writes another. The body below is for before that: the trigger goes its longer way.
 */
create or replace function :PGVECTOR_SCHEMA.notes_unseen(operation text, table_schema name, table_name name) returns boolean
language sql stable
as $$
  select false
$$;

comment on function :PGVECTOR_SCHEMA.notes_unseen(text, name, name) is
  'Whether one row of this table is noted without a look at what changed in it: the table is the source, and nobody keeps a column out of the text that an update may have changed alone. Generated by note_expressions(), for tg__product_changed().';
--! EndIncluded queue/notes_unseen.sql
--! Included queue/note_changes.sql
/*
 * UPDATE compares just the columns that make the document (rendering both texts made a merge four times slower); everything
 * else is decided when the product is claimed. Only the trigger sees the rows, so it is given the SQL.
 */
create or replace function :PGVECTOR_SCHEMA.note_changes(operation text, table_schema name, table_name name) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hooked boolean;
  v_changed text;
begin
  -- dbt leaves our triggers on the table it renamed away, and anybody may put them on a table of his own.
  select s.document_hook is not null into v_hooked
  from :PGVECTOR_SCHEMA.settings s
  where s.source_schema = note_changes.table_schema and s.source_table = note_changes.table_name;
  if not found then
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

comment on function :PGVECTOR_SCHEMA.note_changes(text, name, name) is
  'SQL that notes the products of a statement in product_changes whose document may have changed, to be run where new_rows and old_rows are; null if the table is not the source. For tg__product_changed().';
--! EndIncluded queue/note_changes.sql
--! Included queue/note_update.sql
/*
 * Generating and planning SQL for one row would take longer than its update. So its columns are compared as JSON, which needs no SQL
 * of its own for the columns that there are; in a statement of many rows the stored image is (see note_changes), which is
 * quicker for each row and sees the same, 2.5 become 2.50 among it.
 */
create or replace function :PGVECTOR_SCHEMA.note_update(
  product_id bigint, table_schema name, table_name name, new_row record, old_row record
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
as $$
declare
  v_hooked boolean;
  v_left_out text[];
  v_old_image jsonb;
  v_new_image jsonb;
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
  where s.source_schema = note_update.table_schema and s.source_table = note_update.table_name;
  if not found then
    return;
  end if;

  -- A hook may look at any column.
  if not v_hooked then
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
        return;
      end if;
    exception when others then
      -- Not everything of type json is jsonb too. The claim tells whether it changed.
      null;
    end;
  end if;
  insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[note_update.product_id]);
  perform :PGVECTOR_SCHEMA.announce_changes();
end
$$;

comment on function :PGVECTOR_SCHEMA.note_update(bigint, name, name, record, record) is
  'Notes the product of an update of one row in product_changes, if its document may have changed. For tg__product_changed().';
--! EndIncluded queue/note_update.sql
--! Included queue/tg__product_changed.sql
/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement. One row, nearly all that an application writes, is noted at once and in the least of steps where
 * notes_unseen() says so; whether its text changed is found when it is claimed. Otherwise note_update() looks at it. What many rows take
 * note_changes() says. A session compiles this anew for each trigger and never forgets it, so that each swap of dbt's table
 * costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_id bigint;
  v_is_same boolean;
  v_statement text;
begin
  -- Nothing is written in here, which would take a transaction id of its own.
  begin
    if tg_op = 'UPDATE' then
      select n.product_id::bigint, n.product_id::bigint = o.product_id::bigint into strict v_id, v_is_same from new_rows n cross join old_rows o;
    elsif tg_op = 'INSERT' then
      select n.product_id::bigint, n.product_id is not null into strict v_id, v_is_same from new_rows n;
    elsif tg_op = 'DELETE' then
      select o.product_id::bigint, o.product_id is not null into strict v_id, v_is_same from old_rows o;
    end if;
  exception
    when no_data_found or undefined_column then
      -- A source without ids is the comparison's to tell, not the writer's to be stopped by.
      return null;
    when others then
      -- Many rows, or an id that is no number.
      null;
  end;

  if v_is_same then
    if :PGVECTOR_SCHEMA.notes_unseen(tg_op, tg_table_schema, tg_table_name) then
      insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_id]);
      perform :PGVECTOR_SCHEMA.announce_changes();
      return null;
    elsif tg_op = 'UPDATE' then
      perform :PGVECTOR_SCHEMA.note_update(v_id, tg_table_schema, tg_table_name, n, o) from new_rows n cross join old_rows o;
      return null;
    end if;
  end if;

  v_statement := :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name);
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
--! Included search/live_products.sql
create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_source regclass;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  if filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
      return query
        select r.product_id, r.name, r.vendor_code, r.price
        from :PGVECTOR_SCHEMA.source_rows(live_products.product_ids, :PGVECTOR_SCHEMA.planned_signature()) r
        where r.passes;
      -- None may be because it is made for something else.
      if found then
        return;
      end if;
    exception when syntax_error_or_access_rule_violation or invalid_schema_name then
      -- So is what cannot even be planned any more.
      null;
    end;
  end if;
  v_source := :PGVECTOR_SCHEMA.lock_source();
  v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
  return query execute format(
    'select r.product_id, r.name, r.vendor_code, r.price from (%s) r where r.passes',
    :PGVECTOR_SCHEMA.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)),
      true
    )
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.live_products(bigint[], jsonb) is
  'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';
--! EndIncluded search/live_products.sql
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
  v_source regclass;
  v_state record;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
  v_index text;
  v_signature text;
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
  -- The table is named, so that the plan is made anew when it has another index, and not read.
  select
    s.hnsw_ef_search::text, s.ivfflat_probes::text,
    case when nearest_products.model_id is null and not exists (select from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE where false)
      then :PGVECTOR_SCHEMA.planned_index()
    end as index
  into strict v_state
  from :PGVECTOR_SCHEMA.settings s;
  v_index := v_state.index;
  if v_index is not null then
    perform set_config('hnsw.ef_search', v_state.hnsw_ef_search, true),
      set_config('ivfflat.probes', v_state.ivfflat_probes, true);
  end if;

  if v_index = 'vector' and nearest_products.filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
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
          from :PGVECTOR_SCHEMA.source_rows(v_ids, :PGVECTOR_SCHEMA.planned_signature()) r
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
    exception when syntax_error_or_access_rule_violation or invalid_schema_name then
      -- source_rows() was made for something else.
      null;
    end;
  end if;

  v_source := :PGVECTOR_SCHEMA.lock_source();
  if v_index is not null then
    v_signature := :PGVECTOR_SCHEMA.source_signature(v_source);
    v_is_kept := nearest_products.filter is null
      and exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = v_signature);
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
        from :PGVECTOR_SCHEMA.source_rows(v_ids, v_signature) r
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
  -- The usual case spares itself what is felt at this speed. The statement that looks for vectors takes its lock before
  -- its snapshot, as each does here, and pgvector compares dimensions.
  if metric in ('l2', '<->', 'cosine', '<=>') and max_results between 1 and 10000 and :VECTOR_SCHEMA.vector_norm(query) > 0
    and to_regclass(':PGVECTOR_SCHEMA.:PGVECTOR_TABLE') is not null and current_setting('transaction_isolation') = 'read committed'
  then
    begin
      if metric in ('l2', '<->') then
        return query select n.* from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n;
      else
        return query
          select n.product_id, n.name, n.vendor_code, n.price, e.embedding operator(:VECTOR_SCHEMA.<=>) query
          from :PGVECTOR_SCHEMA.nearest_products(query, max_results) n
          join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = n.product_id
          order by 5, 1;
      end if;
      if found then
        return;
      end if;
    exception when data_exception then
      -- What is wrong with it is said below.
      null;
    end;
  end if;
  return query select s.* from :PGVECTOR_SCHEMA.search_products(query, metric, max_results, null::jsonb) s;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) from public;

comment on function :PGVECTOR_SCHEMA.search_products(:VECTOR_SCHEMA.vector, text, integer) is
  'The products nearest to a vector, nearest first. metric: l2 or <->, cosine or <=>, inner_product, ip or <#> (negative, as in pgvector); max_results: 1 to 10000. Raises PE001 to PE003, PE005 and PE010 to PE014.';
--! EndIncluded search/search_products.sql
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
  v_weights record;
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

  select w.* into strict v_weights from :PGVECTOR_SCHEMA.signal_weights(query, query_vector is not null) w;
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
        select c.*, v_weights.word_weight * c.word_share + v_weights.vector_weight * c.vector_share as lead
        from (
          -- Of nearness, which like the others is more for the better.
          select c.*, :PGVECTOR_SCHEMA.min_max(2 - c.distance, 2 - max(c.distance) over (), 2 - min(c.distance) over ()) as vector_share
          from candidate c
        ) c
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
            + v_weights.trigram_weight * :PGVECTOR_SCHEMA.min_max(c.similarity, min(coalesce(c.similarity, 0)) over (), max(c.similarity) over ()) as score
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
