/*
 * Not by ts_stat(), which keeps all that it counts in memory, in a tree that codes in their order make a list of. A number or a code that
 * one product has is left out: there are several to each product, which would be most of the table, and products_with()
 * counts so few when they are asked for.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due boolean default false) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_words bigint;
begin
  -- Who comes second leaves it to the first.
  perform from :PGVECTOR_SCHEMA.word_totals t for update skip locked;
  if not found then
    return null;
  end if;
  if only_if_due and not exists (
    select
    from :PGVECTOR_SCHEMA.word_totals t
    cross join lateral (
      select count(*) as products, min(w.indexed_at) as since
      from (
        select w.indexed_at
        from :PGVECTOR_SCHEMA.product_words w
        where w.indexed_at > t.refreshed_at
        limit t.products / 20 + 1
      ) w
    ) changed
    where changed.products > t.products / 20 or changed.since < now() - interval '1 hour'
  ) then
    return null;
  end if;

  with
    counted as materialized (
      select u.word, count(*) as products
      from :PGVECTOR_SCHEMA.product_words w
      cross join lateral unnest(tsvector_to_array(w.words)) u (word)
      -- Whole values are in a product or two, and nobody mistypes them as a whole.
      where left(u.word, 1) <> '='
      group by u.word
      having count(*) > 1 or u.word !~ '[0-9]'
    ),
    gone as (
      delete from :PGVECTOR_SCHEMA.word_statistics w
      -- "is not true" makes it a look-up in a hash.
      where (w.word in (select c.word from counted c)) is not true
    ),
    kept as (
      insert into :PGVECTOR_SCHEMA.word_statistics as w (word, products)
      select c.word, c.products from counted c
      on conflict on constraint word_statistics_pkey do update set products = excluded.products
      where w.products <> excluded.products
    )
  select count(*) into v_words from counted;

  update :PGVECTOR_SCHEMA.word_totals t
  set products = c.products, average_tokens = greatest(c.average_tokens, 1), refreshed_at = now()
  from (select count(*) as products, coalesce(avg(w.tokens), 1) as average_tokens from :PGVECTOR_SCHEMA.product_words w) c;
  return v_words;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_word_statistics(boolean) is
  'Counts anew in how many products each word is; returns the number of words. only_if_due: only if a twentieth of the products changed, or anything an hour ago, and null otherwise; so the worker calls it.';
