/*
 * plpgsql, which keeps its plans: as one query in language sql it took four times as long.
 */
create or replace function :PGVECTOR_SCHEMA.words_row(
  config regconfig, name text, texts text[], classes text[], out words tsvector, out tokens integer, out label text
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_values text[] := array_prepend(name, texts);
  v_value text;
  v_joined text;
  v_terms text[] := '{}';
  v_codes text[];
  v_coded text;
  v_room integer := 131072;
begin
  words := '';
  label := '';
  for i in 1 .. cardinality(v_values) loop
    -- Of a monstrous text the beginning is enough, and all that a tsvector can hold.
    v_value := :PGVECTOR_SCHEMA.fold_text(left(v_values[i], least(32768, v_room)));
    continue when v_value is null or v_value !~ '[[:alnum:]]';
    if v_value ~ '[a-z][а-яі]|[а-яі][a-z]' then
      v_value := :PGVECTOR_SCHEMA.unmix_text(v_value);
    end if;
    v_room := greatest(0, v_room - length(v_value));
    -- Two words with a hyphen between them are written as one too: T-shirt, Wi-Fi. NFKC leaves two signs for it.
    v_joined := case when v_value ~ E'[[:alpha:]][-\\u2010][[:alpha:]]' then (
      select string_agg(m.word[1] || m.word[2], ' ')
      from regexp_matches(
        v_value, E'(?<![[:alnum:]\\u2010-])([[:alpha:]]+)[-\\u2010]([[:alpha:]]+)(?![[:alnum:]\\u2010-])', 'g'
      ) m (word)
    ) end;
    words := words || setweight(:PGVECTOR_SCHEMA.words_of(config, :PGVECTOR_SCHEMA.cut_text(concat_ws(' ', v_value, v_joined))), coalesce(classes[i], 'D')::"char");
    -- In a short value a space may be a separator of a code too: 0 986 494 660.
    if v_value ~ '[[:digit:]]' then
      v_coded := case when length(v_value) <= 40 then regexp_replace(v_value, E'\\s+', '-', 'g') else v_value end;
      loop
        v_codes := v_terms || :PGVECTOR_SCHEMA.code_terms(v_coded);
        -- A code has many times as many terms as characters. What few characters give need not be measured.
        exit when v_room > 126000 or v_coded = '' or octet_length(array_to_string(v_codes, '')) <= 400000;
        v_coded := left(v_coded, length(v_coded) / 2);
      end loop;
      v_terms := v_codes;
    end if;
    if length(v_value) <= 200 then
      v_terms := v_terms || :PGVECTOR_SCHEMA.squash_text(v_value);
    end if;
    if length(label) + length(v_value) <= 100 or label = '' then
      label := ltrim(label || ' ' || left(v_value, 100));
    end if;
  end loop;
  tokens := (select coalesce(sum(cardinality(u.positions)), 0) from unnest(words) u);
  words := words || array_to_tsvector(v_terms);
end
$$;

comment on function :PGVECTOR_SCHEMA.words_row(regconfig, text, text[], text[]) is
  'What product_words holds of a product with this name and these other texts, of which the first class is the name''s and the next ones the texts''; a text without one has D.';
