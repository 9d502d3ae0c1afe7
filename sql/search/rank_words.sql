/*
 * Words that half the catalogue has would make candidates of half the catalogue, so these are chosen
 * strictest first: products that have all groups of the query, then all but one, and so on, until there
 * are enough; what was found is scored by all words. The rarest six groups choose. Of too many that
 * match alike those are taken that have the words in their name, and then the shortest, which is what BM25 would do.
 */
create or replace function :PGVECTOR_SCHEMA.rank_words(query text, wanted integer, others bigint[] default null)
returns table (product_id bigint, word_score double precision, is_exact boolean, terms text[], coverage double precision, is_complete boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
-- Unseen words are taken for common ones, and then reading all for cheaper than the index.
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_group integer[];
  v_alternative integer[];
  v_term tsquery[];
  v_idf double precision[];
  v_label text[];
  v_choosing tsquery[];
  v_extra tsquery;
  v_query tsquery;
  v_found bigint[] := '{}';
  v_is_common boolean;
  v_named tsquery;
  v_most integer;
  v_matching bigint[];
  v_read bigint;
  v_naming bigint;
  v_ids bigint[] := coalesce(others, '{}');
  v_complete boolean := true;
  v_has_extra boolean := true;
  v_products double precision;
  v_average double precision;
  v_rarity double precision;
  v_asked double precision;
begin
  with term as materialized (select t.* from :PGVECTOR_SCHEMA.query_terms(query) t)
  select
    array_agg(t.group_no), array_agg(t.alternative), array_agg(t.term), array_agg(t.weight * t.idf), array_agg(t.term::text),
    (
      select sum(g.idf)
      from (
        -- The rarity of a word that no product has, where a synonym stands in for it, is the synonym's.
        select coalesce(max(t.idf) filter (where t.term is not null), max(t.idf)) as idf
        from term t
        where t.group_no > 0
        group by t.group_no
      ) g
    )
  into v_group, v_alternative, v_term, v_idf, v_label, v_asked
  from term t
  where t.term is not null;
  if v_group is null then
    return;
  end if;
  select t.products, t.average_tokens into strict v_products, v_average from :PGVECTOR_SCHEMA.word_totals t;

  if wanted > 0 then
    select array_agg(g.query order by g.idf desc), min(g.idf) into v_choosing, v_rarity
    from (
      select string_agg('(' || a.query || ')', ' | ')::tsquery as query, max(a.idf) as idf
      from (
        select t.group_no, t.alternative, string_agg(t.term::text, ' & ') as query, sum(t.idf) as idf
        from unnest(v_group, v_alternative, v_term, v_idf) t (group_no, alternative, term, idf)
        where t.group_no > 0
        group by t.group_no, t.alternative
      ) a
      group by a.group_no
      order by idf desc
      limit 6
    ) g;
    select string_agg(t.term::text, ' | ')::tsquery into v_extra
    from unnest(v_group, v_term) t (group_no, term)
    where t.group_no = 0;

    for v_level in reverse coalesce(cardinality(v_choosing), 0) + 1 .. 1 loop
      exit when cardinality(v_found) >= wanted;
      if v_level > coalesce(cardinality(v_choosing), 0) then
        v_query := v_extra;
      else
        -- Any so many of them.
        select string_agg('(' || c.query || ')', ' | ')::tsquery into v_query
        from (
          select string_agg('(' || v_choosing[g.place]::text || ')', ' & ') as query
          from generate_series(1, (1 << cardinality(v_choosing)) - 1) s (subset)
          cross join generate_series(1, cardinality(v_choosing)) g (place)
          where (s.subset >> (g.place - 1)) & 1 = 1
          group by s.subset
          having count(*) = v_level
        ) c;
      end if;
      continue when v_query is null;
      -- So many have the commonest word that reading products in their order until there are enough takes less than the
      -- index over words, which would first collect all of them.
      v_is_common := v_level = 1 and power(v_products / exp(v_rarity), 2) > 80 * wanted * v_products;
      -- Where few of those that have all words have them in their name, more are read to find these.
      v_named := case when v_level = cardinality(v_choosing)
        then regexp_replace(v_query::text, E'(?<![^ (])(\'[^#=][^\']*\'):?([*]?)', E'\\1:\\2A', 'g')::tsquery
        else v_query
      end;
      foreach v_most in array array[4 * wanted, least(30 * wanted, 3000)] loop
        if v_is_common then
          select (array_agg(f.product_id order by f.is_named desc, f.tokens, f.product_id))[1 : wanted], count(*), count(*) filter (where f.is_named)
          into v_matching, v_read, v_naming
          from (
            select w.product_id, w.tokens, w.words @@ v_named as is_named
            from :PGVECTOR_SCHEMA.product_words w
            -- "is true" keeps it from the index.
            where (w.words @@ v_query) is true and w.product_id <> all (v_found)
            order by w.product_id
            limit v_most
          ) f;
        else
          select (array_agg(f.product_id order by f.is_named desc, f.tokens, f.product_id))[1 : wanted], count(*), count(*) filter (where f.is_named)
          into v_matching, v_read, v_naming
          from (
            select w.product_id, w.tokens, w.words @@ v_named as is_named
            from :PGVECTOR_SCHEMA.product_words w
            where w.words @@ v_query and w.product_id <> all (v_found)
            limit v_most
          ) f;
        end if;
        exit when v_naming >= wanted or v_read < v_most or v_most >= 3000;
      end loop;
      v_found := coalesce(v_matching, '{}') || v_found;
      -- What no product has need not be scored.
      v_has_extra := v_has_extra and (v_level <= coalesce(cardinality(v_choosing), 0) or v_found <> '{}');
      v_complete := v_level = 1 and cardinality(v_found) < wanted;
    end loop;
    v_ids := v_ids || v_found;
  end if;

  return query
    select s.product_id, sum(s.score), bool_or(s.is_exact), array_agg(s.term) filter (where s.group_no > 0),
      sum(s.idf) filter (where s.group_no > 0) / v_asked, v_complete
    from (
      -- The best way to say each group counts, and of what only adds one code: its stretches overlap, and a name with a number has many.
      select distinct on (a.product_id, a.group_no, a.added) a.product_id, a.group_no, a.score, a.idf, a.term, a.added is not distinct from 0 as is_exact
      from (
        select o.product_id, o.group_no, o.alternative, case when o.group_no = 0 then least(o.alternative, 1) end as added,
          sum(o.score) as score, sum(o.idf) as idf, string_agg(o.term, ' ') as term
        from (
          select w.product_id, t.group_no, t.alternative, t.label as term, t.idf,
            :PGVECTOR_SCHEMA.word_score(w.words, t.term, t.idf, w.tokens / v_average) as score
          from :PGVECTOR_SCHEMA.product_words w
          cross join unnest(v_group, v_alternative, v_term, v_idf, v_label) t (group_no, alternative, term, idf, label)
          where w.product_id = any (v_ids) and (v_has_extra or t.group_no > 0)
          -- Before it is sorted, so that the words are not sorted along.
          offset 0
        ) o
        where o.score > 0
        group by o.product_id, o.group_no, o.alternative
      ) a
      order by a.product_id, a.group_no, a.added, a.score desc
    ) s
    group by s.product_id;
end
$$;

comment on function :PGVECTOR_SCHEMA.rank_words(text, integer, bigint[]) is
  'Scores products by the words of a query: about so many that the words find as wanted, and of the others those that have a word; unordered. terms: what of the query they have, one a group; coverage: how much of the query that is, by the rarity of its words, 0 to 1, null where all have none; is_complete: the words find no more. Dead products are among them.';
