/*
 * plpgsql, which keeps its plans: as one query in language sql it took four times as long.
 */
create or replace function :PGVECTOR_SCHEMA.words_row(
  config regconfig, name text, texts text[], out words tsvector, out tokens integer, out label text
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_value text;
  v_terms text[] := '{}';
begin
  words := setweight(:PGVECTOR_SCHEMA.words_of(config, coalesce(name, '')), 'A')
    || :PGVECTOR_SCHEMA.words_of(config, array_to_string(texts, ' '));
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  label := '';

  foreach v_value in array array_prepend(name, texts)
  loop
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_terms := v_terms || :PGVECTOR_SCHEMA.code_terms(
        case when length(v_value) <= 40 then regexp_replace(v_value, '\s+', '-', 'g') else left(v_value, 32768) end
      );
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || :PGVECTOR_SCHEMA.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;

  words := words || array_to_tsvector(v_terms);
  label := :PGVECTOR_SCHEMA.fold_text(label);
end
$$;

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[]) is
  'What product_words holds of a product with this name and these other texts.';
