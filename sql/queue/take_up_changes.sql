/*
 * From what writers noted to what is claimed: a row for each product and model, and the words of the products
 * with them. That is ahead of the encoder, which is a hundred times slower: a product is found by its
 * words within seconds, however long the queue is. A change is in one of the two tables at any time, since it
 * goes from one to the other in one transaction. Small changes go first and alone, so that the words of many
 * hold none of them up. A change that comes while those of many are taken up waits for so many of them: a few hundred where the
 * source has an index, and more where each time reads it through. One at a time: who comes second leaves it.
 */
create or replace function :PGVECTOR_SCHEMA.take_up_changes(max_products integer default null, out products bigint, out is_bulk boolean, out is_full boolean)
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
  is_full := false;
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
    taken as materialized (
      select t.* from :PGVECTOR_SCHEMA.take_changes(v_most) t
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
  is_full := products >= v_most;

  if v_ids is not null then
    perform :PGVECTOR_SCHEMA.index_words(v_ids);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_up_changes(integer) is
  'Takes up changes of about max_products products (null: 200 where the source has an index on product_id, else 3000) into product_queue, those of a few products first and by themselves, with the words of the products; returns how many it were (0: none is left, or another worker is at it), whether they are part of large changes, and whether it were as many as it takes, so that more may wait. Raises PE001, PE002, PE005, PE029.';
