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
          ('source', 'Row level security of the source%', 'warning', ''),
          ('source', '%rows have no usable product_id%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', '%product_ids stand in several rows%', 'warning', 'Mend the dbt model: docs/sql.md#source'),
          ('source', 'The source has no column%', 'warning', 'Let the dbt model select it, if there is one'),
          ('source', 'The source has no index on product_id%', 'warning', ''),
          ('triggers', 'The source is a%cannot have triggers%', 'ok', ''),
          ('triggers', 'The source lacks the triggers%', 'warning', ''),
          ('triggers', 'The triggers for%are disabled%', 'warning', ''),
          ('comparison', 'The source was not compared%', 'warning', ''),
          ('comparison', 'The last % failed%', 'error', 'select * from :PGVECTOR_SCHEMA.source_log order by log_id desc limit 10;'),
          ('workers', 'No worker is alive%', 'error', ''),
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
              case when v_status.workers_alive = 0 then 'No worker is alive; nothing waits now, and the next change would.' else format('%s alive.', v_status.workers_alive) end,
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
    -- Of a copy requireConnected() says it.
    where v_named <> v_status.source and not exists (select from :PGVECTOR_SCHEMA.source_copy_status);
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_status(jsonb) is 'The part of doctor() about source, triggers, comparison, workers, products, index and vectors: the status and its notes, a finding each. Raises PE002, PE003.';
