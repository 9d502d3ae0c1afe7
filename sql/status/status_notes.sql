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
  v_hidden_from name[];
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

  v_hidden_from := :PGVECTOR_SCHEMA.hidden_from();
  if v_hidden_from is not null then
    return query select format(
      'Row level security of the source may hide products from %s, and hidden ones count as gone. As its owner: create policy product_embeddings on %s for select to %s using (true);',
      array_to_string(v_hidden_from, ', '), v_source, (select string_agg(quote_ident(r.name), ', ') from unnest(v_hidden_from) r (name))
    );
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
      when c.relkind not in ('r', 'p') then format('The related table %I.%I is a view now and cannot have triggers: its changes are found by comparing. Attach the tables that it reads, and: select :PGVECTOR_SCHEMA.detach_related(%L);', t.relation_schema, t.relation_name, format('%I.%I', t.relation_schema, t.relation_name))
      else format('The related table %I.%I lacks the triggers for %s: it was rebuilt without the dbt hook. As its owner: select :PGVECTOR_SCHEMA.attach_related(%L, %L, %L);',
        t.relation_schema, t.relation_name, string_agg(t.event, ', '), format('%I.%I', t.relation_schema, t.relation_name), min(r.key_column), min(r.product_column))
    end
    from :PGVECTOR_SCHEMA.related_triggers t
    join (
      select distinct on (a.relation_schema, a.relation_name) a.*
      from :PGVECTOR_SCHEMA.related_tables a
      order by a.relation_schema, a.relation_name
    ) r on r.relation_schema = t.relation_schema and r.relation_name = t.relation_name
    left join pg_class c on c.oid = t.relation_oid
    where t.enabled is not true
    group by t.relation_schema, t.relation_name, t.relation_oid, c.relkind;
  return query
    select format('The source has no column %I, by which the related table %I.%I was attached.', r.product_column, r.relation_schema, r.relation_name)
    from :PGVECTOR_SCHEMA.related_tables r
    where not exists (select from :PGVECTOR_SCHEMA.source_columns c where c.column_name = r.product_column);
  return query
    select format('The related table %I.%I has no column %I, by which it was attached: detach it, and attach it by another.', r.relation_schema, r.relation_name, r.key_column)
    from :PGVECTOR_SCHEMA.related_tables r
    join pg_namespace n on n.nspname = r.relation_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = r.relation_name
    where not exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = r.key_column and a.attnum > 0 and not a.attisdropped
    );
  return query
    select format('Nothing can be encoded: %s Make it again, or: select :PGVECTOR_SCHEMA.set_document_hook(null);', p.problem)
    from :PGVECTOR_SCHEMA.document_hook_problem() p (problem)
    where p.problem is not null;

  if v_last.source_oid is distinct from v_source::oid then
    return query select 'The source was not compared yet since it was built; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
  elsif :PGVECTOR_SCHEMA.columns_changed() then
    return query select 'The source was not compared yet since its columns changed; the worker does it every few minutes: select :PGVECTOR_SCHEMA.reconcile();';
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
    return query select format(E'%s vectors and more have no index for search. The worker builds one within the hour if its role owns the table; otherwise its owner, in psql: select :PGVECTOR_SCHEMA.index_sql() \\gexec', v_index_from);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.status_notes() is 'What is out of the ordinary about source and triggers, a sentence each; part of embedding_status.notes. Raises PE002.';
