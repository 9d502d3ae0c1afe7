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
