/*
 * With one group, which is the default, texts and hash are those of the plain document. With more, the hash
 * is of each group and of what it counts against the heaviest, so that doubling all weights changes nothing.
 * Loops and not queries: it runs for every product at each comparison, and starting a query costs more.
 */
create or replace function :PGVECTOR_SCHEMA.compose_document(
  plain text, groups text[], group_weights double precision[], facts jsonb, error text,
  out document text, out document_hash bytea, out texts text[], out weights double precision[], out fact_texts text[]
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text;
  v_fact jsonb;
  v_type text;
  v_value text;
  v_facts text := '';
  v_of_facts integer;
  v_place integer;
  v_hashed text := '';
begin
  if error is not null then
    return;
  end if;
  document := plain;
  if facts is not null then
    for v_key, v_fact in select e.key, e.value from jsonb_each(facts) e loop
      v_type := jsonb_typeof(v_fact);
      v_value := case v_type
        when 'boolean' then case when v_fact = 'true' then 'yes' else 'no' end
        when 'array' then (
          select string_agg(nullif(btrim(a.value), ''), ', ' order by a.place)
          from jsonb_array_elements_text(v_fact) with ordinality a (value, place)
        )
        else v_fact #>> '{}'
      end;
      v_value := nullif(btrim(pg_catalog.normalize(v_value, 'NFC'), E' \t\r\n\u00a0'), '');
      continue when v_value is null;
      v_facts := v_facts || ' ' || pg_catalog.normalize(v_key, 'NFC') || ': ' || v_value || '.';
      if v_type in ('string', 'array', 'object') then
        fact_texts := fact_texts || v_value;
      end if;
    end loop;
    if v_facts <> '' then
      document := ltrim(document || v_facts);
      v_of_facts := array_position(group_weights, 1);
      groups[v_of_facts] := ltrim(groups[v_of_facts] || v_facts);
    end if;
  end if;

  for v_place in 1 .. cardinality(groups) loop
    continue when groups[v_place] = '';
    texts := texts || groups[v_place];
    weights := weights || group_weights[v_place];
    v_hashed := v_hashed || (group_weights[v_place] / weights[1]) || ' ' || length(groups[v_place]) || ' ' || groups[v_place];
  end loop;
  if cardinality(texts) > 1 then
    document_hash := sha256(convert_to(v_hashed, 'UTF8'));
  else
    document_hash := sha256(convert_to(document, 'UTF8'));
    texts := array[document];
    weights := '{1}';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.compose_document(text, text[], double precision[], jsonb, text) is
  'A product''s document with the fields that a hook added: whole, its hash, the texts that are encoded apart with their weights (empty ones left out), and what the added fields say in words. All null after an error.';
