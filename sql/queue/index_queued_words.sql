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
