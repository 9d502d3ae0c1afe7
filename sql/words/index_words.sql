/*
 * What is current is left alone: a claim calls this for everything that it looks at. The words of
 * a product that is gone stay, as its vector does, and go with it (see sweep_vanished).
 */
create or replace function :PGVECTOR_SCHEMA.index_words(product_ids bigint[] default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_config text := (select s.words_config from :PGVECTOR_SCHEMA.settings s);
  v_rows bigint;
begin
  perform :PGVECTOR_SCHEMA.lock_source();
  perform :PGVECTOR_SCHEMA.lock_words();
  execute format(
    $sql$
      with changed as materialized (
        select d.product_id, d.document_hash, d.name, d.word_texts
        from (%s) d
        -- By the key alone: of a table that fills, the planner takes what is compared besides for rarer than it is.
        left join :PGVECTOR_SCHEMA.product_words o on o.product_id = d.product_id
        where %s and d.error is null
          and (
            o.document_hash is distinct from d.document_hash or o.config is distinct from $2 or o.recipe is distinct from $3
          )
      )
      insert into :PGVECTOR_SCHEMA.product_words as w (product_id, words, tokens, label, document_hash, config, recipe)
      select c.product_id, v.words, v.tokens, v.label, c.document_hash, $2, $3
      from changed c
      cross join lateral :PGVECTOR_SCHEMA.words_row($2::regconfig, c.name, c.word_texts, $4) v
      on conflict on constraint product_words_pkey do update
      set words = excluded.words, tokens = excluded.tokens, label = excluded.label,
        document_hash = excluded.document_hash, config = excluded.config, recipe = excluded.recipe, indexed_at = now()
    $sql$,
    :PGVECTOR_SCHEMA.document_query(),
    case when product_ids is null then 'true' else 'd.product_id = any ($1)' end
  ) using product_ids, v_config, :PGVECTOR_SCHEMA.words_recipe(), :PGVECTOR_SCHEMA.word_classes();
  get diagnostics v_rows = row_count;
  if product_ids is null then
    perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.index_words(bigint[]) is
  'Takes up the words of these products, of all when null, as far as they changed; returns how many did. Raises PE001, PE002, PE005, PE029.';
