--! Previous: sha1:cbb70797bedbcf6e7e49d440b61c50a723ee6c65
--! Hash: sha1:1af7fcd9f9d112f6c7b8f3c67916095ddda307d6
--! Message: What people met who had not built it

-- One object a file below sql/, included here; see CONVENTIONS.md.
select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');
set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off;
--! Included words/fold_text.sql
/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. A soft hyphen, which pages and feeds bring along, is none, and the apostrophe
 * of Ukrainian and Belarusian stands within a word, in several signs or left out (м'яч, м’яч, мяч). unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё. One expression with everything in full, and without
 * a SET clause, so that it is inlined: each search folds a dozen texts.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language sql immutable parallel safe
as $$
  select pg_catalog.normalize(
    pg_catalog.regexp_replace(
      pg_catalog.translate(pg_catalog.normalize(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'NFD'), 'łøđ', 'lod'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я][\\u0300-\\u036f]*)[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';
--! EndIncluded words/fold_text.sql
--! Included words/synonyms.sql
/*
 * Applied to the query and not to the products, so that a row counts from the next search on.
 */
create table if not exists :PGVECTOR_SCHEMA.synonyms (
  phrase text not null check (phrase ~ '[[:alnum:]]'),
  same_as text not null check (same_as ~ '[[:alnum:]]'),
  phrase_key text not null,
  same_as_key text not null,
  primary key (phrase, same_as)
);

create index if not exists synonyms_phrase_key_idx on :PGVECTOR_SCHEMA.synonyms (phrase_key);
create index if not exists synonyms_same_as_key_idx on :PGVECTOR_SCHEMA.synonyms (same_as_key);

create or replace trigger _100_key
  before insert or update on :PGVECTOR_SCHEMA.synonyms
  for each row
  execute procedure :PGVECTOR_SCHEMA.tg__synonym_key();

comment on table  :PGVECTOR_SCHEMA.synonyms is 'Words that mean the same, for data teams to fill: insert into synonyms (phrase, same_as) values (''дворники'', ''щётка стеклоочистителя''). Works both ways, at once.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase is 'One word or up to eight, in any inflection.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as is 'What is searched for as well; one word or a few.';
comment on column :PGVECTOR_SCHEMA.synonyms.phrase_key is 'The phrase stemmed; filled by the trigger.';
comment on column :PGVECTOR_SCHEMA.synonyms.same_as_key is 'The other phrase stemmed; filled by the trigger.';
--! EndIncluded words/synonyms.sql
--! Included search/refresh_pairs.sql
/*
 * What sells with everything is together with anything, and by counts alone it would be recommended
 * to everybody. So a pair has to be together more often than chance would have it, surely enough
 * (Dunning's log-likelihood ratio, from 10.83: one in a thousand), and its score is the cosine, which
 * divides by what either sells. A group of hundreds of products says little of any two of them and
 * would make tens of thousands of pairs: a sample of it does, another one in each group, and counts
 * are of what is in the sample.
 *
 * Only rows that differ are written, so that a refresh of yesterday's pairs leaves no dead rows, and
 * readers see the old ones until it commits. Security definer: dbt's role may call it after a build.
 */
create or replace function :PGVECTOR_SCHEMA.refresh_pairs() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
  v_settings :PGVECTOR_SCHEMA.settings;
  v_id text;
  v_pairs bigint;
  v_has_no_id boolean;
begin
  -- Two at once would write the same pairs.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_pairs'), 3);
  v_relation := :PGVECTOR_SCHEMA.lock_interactions();
  if v_relation is null then
    delete from :PGVECTOR_SCHEMA.product_pairs;
    return 0;
  end if;
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;
  v_id := case
    when (
      select a.atttypid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
      from pg_attribute a
      where a.attrelid = v_relation and a.attname = v_settings.interactions_product
    ) then format('i.%I::pg_catalog.int8', v_settings.interactions_product)
    else :PGVECTOR_SCHEMA.whole_number_sql(format('i.%I', v_settings.interactions_product), 'text'::regtype)
  end;

  execute format(
    $sql$
      with
        lines as (
          select distinct pg_catalog.hashtextextended(i.%1$I::pg_catalog.text, 0) as group_key, %2$s as product_id
          from %3$s i
          where i.%1$I is not null
        ),
        -- What each product sold stands beside it: joined to the pairs, the planner would take it for few rows.
        baskets as materialized (
          select l.group_key, l.product_id, count(*) over (partition by l.product_id)::double precision as sold
          from (
            select l.*, row_number() over (partition by l.group_key order by pg_catalog.hashint8extended(l.product_id, l.group_key), l.product_id) as place
            from lines l
            where l.product_id is not null
          ) l
          where l.place <= $1
        ),
        total as materialized (
          select count(distinct b.group_key)::double precision as n from baskets b
        ),
        counted as (
          select a.product_id, b.product_id as other_id, count(*) as together, min(a.sold) as sold, min(b.sold) as other_sold
          from baskets a
          join baskets b on b.group_key = a.group_key and b.product_id > a.product_id
          group by a.product_id, b.product_id
          having count(*) >= $2 and count(*) * (select t.n from total t) > min(a.sold) * min(b.sold)
        ),
        scored as (
          select
            c.product_id, c.other_id, c.together,
            c.together / sqrt(c.sold * c.other_sold) as score,
            -- Twice the sum of observed * ln(observed / expected) over the four cells, none where nothing was observed.
            2 * (
              select sum(cell.observed * ln(cell.observed * t.n / (cell.row_sum * cell.column_sum)))
              from (
                values
                  (c.together::double precision, c.sold, c.other_sold),
                  (c.sold - c.together, c.sold, t.n - c.other_sold),
                  (c.other_sold - c.together, t.n - c.sold, c.other_sold),
                  (t.n - c.sold - c.other_sold + c.together, t.n - c.sold, t.n - c.other_sold)
              ) cell (observed, row_sum, column_sum)
              where cell.observed > 0
            ) as log_likelihood_ratio
          from counted c
          cross join total t
        ),
        ranked as (
          select d.*, row_number() over (partition by d.product_id order by d.score desc, d.other_id) as place
          from (
            select s.product_id, s.other_id, s.together, s.score, s.log_likelihood_ratio from scored s where s.log_likelihood_ratio >= 10.83
            union all
            select s.other_id, s.product_id, s.together, s.score, s.log_likelihood_ratio from scored s where s.log_likelihood_ratio >= 10.83
          ) d
        ),
        fresh as materialized (
          select r.product_id, r.other_id, r.together, least(r.score, 1) as score, r.log_likelihood_ratio from ranked r where r.place <= 50
        ),
        gone as (
          delete from :PGVECTOR_SCHEMA.product_pairs p
          where not exists (select from fresh f where f.product_id = p.product_id and f.other_id = p.other_id)
        ),
        written as (
          insert into :PGVECTOR_SCHEMA.product_pairs as p (product_id, other_id, together, score, log_likelihood_ratio)
          select f.product_id, f.other_id, f.together, f.score, f.log_likelihood_ratio from fresh f
          on conflict (product_id, other_id) do update
          set together = excluded.together, score = excluded.score, log_likelihood_ratio = excluded.log_likelihood_ratio
          where (p.together, p.score, p.log_likelihood_ratio)
            is distinct from (excluded.together, excluded.score, excluded.log_likelihood_ratio)
        )
      select count(*) from fresh
    $sql$,
    v_settings.interactions_group,
    v_id,
    v_relation
  ) into v_pairs using v_settings.max_group_products, v_settings.min_together;
  if v_pairs = 0 then
    execute format(
      'select exists (select from %1$s i where i.%2$I is not null) and not exists (select from %1$s i where %3$s is not null)',
      v_relation, v_settings.interactions_product, v_id
    ) into v_has_no_id;
    if v_has_no_id then
      raise exception 'The relation of the interactions, %, has no product id in its column %.', v_relation, quote_ident(v_settings.interactions_product)
        using errcode = 'PE023',
          hint = format('Name the column of product ids: select :PGVECTOR_SCHEMA.set_interactions(%L, %L, ''product_id'');', v_relation::text, v_settings.interactions_group);
    end if;
  end if;
  return v_pairs;
end
$$;

comment on function :PGVECTOR_SCHEMA.refresh_pairs() is
  'Makes product_pairs anew from the relation that set_interactions() named, none without one; returns how many rows. The worker does it nightly. Raises PE023.';
--! EndIncluded search/refresh_pairs.sql
