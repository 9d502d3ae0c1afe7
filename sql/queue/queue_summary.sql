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
  from :PGVECTOR_SCHEMA.queued_products q
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
        from :PGVECTOR_SCHEMA.queued_products q
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
