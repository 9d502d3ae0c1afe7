/*
 * A hook is asked only of the rows that count. By default the query is the plain one: composing costs a
 * third more.
 */
create or replace function :PGVECTOR_SCHEMA.document_query() returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hook oid := :PGVECTOR_SCHEMA.document_hook();
  v_weights double precision[] := :PGVECTOR_SCHEMA.document_weights();
  v_composed boolean := v_hook is not null or cardinality(v_weights) > 1;
begin
  return format(
    case
      when v_composed then $sql$
        select q.product_id, c.document, c.document_hash, q.name, q.texts || c.fact_texts as word_texts, c.texts, c.weights, f.error
        from (%s) q
        cross join lateral %s f
        cross join lateral :PGVECTOR_SCHEMA.compose_document(q.document, q.groups, %L, f.facts, f.error) c
        where q.is_live and q.product_id is not null
      $sql$
      else $sql$
        select q.product_id, q.document, q.document_hash, q.name, q.texts as word_texts,
          array[q.document] as texts, '{1}'::pg_catalog.float8[] as weights, null::pg_catalog.text as error
        from (%s) q
        where q.is_live and q.product_id is not null
      $sql$
    end,
    format(
      $sql$
        select distinct on (1) %1$s as product_id, %2$s as is_live, %3$s as document,
          pg_catalog.sha256(pg_catalog.convert_to(%3$s, 'UTF8')) as document_hash,
          %6$s as name, %7$s as texts%8$s%9$s
        from %4$s s
        order by 1, %5$s, 4
      $sql$,
      :PGVECTOR_SCHEMA.product_id_sql('s'),
      :PGVECTOR_SCHEMA.product_is_live_sql('s'),
      :PGVECTOR_SCHEMA.document_sql('s'),
      :PGVECTOR_SCHEMA.require_source(),
      :PGVECTOR_SCHEMA.first_row_sql('s'),
      :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
      :PGVECTOR_SCHEMA.document_texts_sql('s'),
      case when v_composed then format(', %s as groups', :PGVECTOR_SCHEMA.document_groups_sql('s')) end,
      case when v_hook is not null then ', pg_catalog.to_jsonb(s.*) as product' end
    ),
    case
      when v_hook is null then '(select null::pg_catalog.jsonb as facts, null::pg_catalog.text as error)'
      else format(':PGVECTOR_SCHEMA.call_document_hook(%s, q.product)', v_hook)
    end,
    v_weights
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.document_query() is
  'The query that renders every live product: (product_id bigint, document text, document_hash bytea, name text, word_texts text[], texts text[], weights double precision[], error text), one row each. texts are what is encoded apart and weights what each counts; where a hook failed, error says why, and document, hash, texts and weights are null. Raises PE001, PE002, PE029.';
