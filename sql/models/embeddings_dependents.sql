/*
 * A view is bound to the table and not to its name: after a change of model it would go on showing the
 * former one. A plain view that we own is made anew by activate_model(); what cannot be is for its owner
 * to drop before and to make again, as dbt does at its next run.
 */
create or replace function :PGVECTOR_SCHEMA.embeddings_dependents(model_id integer default null)
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
            from :PGVECTOR_SCHEMA.embedding_models m
            where m.model_id = coalesce(embeddings_dependents.model_id, (select p.model_id from :PGVECTOR_SCHEMA.model_preparation p))
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

comment on function :PGVECTOR_SCHEMA.embeddings_dependents(integer) is
  'Views, materialized views and foreign keys that are bound to the table of vectors, and whether activate_model() takes them along to this model, the prepared one when null; the others have to be dropped before it, and made again after.';
