/*
 * It keeps the vectors without their texts, so that they serve until the products are encoded, unless the
 * caller knows that what it embedded is what our documents say.
 */
create or replace function :PGVECTOR_SCHEMA.import_vectorize(
  job text, model text default null, same_text boolean default false, force boolean default false
)
returns table (imported bigint, serving bigint, skipped bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_params jsonb;
  v_is_apart boolean;
begin
  if to_regclass('vectorize.job') is not null then
    -- The column of the name was called job_name in some versions.
    execute 'select to_jsonb(j) from vectorize.job j where coalesce(to_jsonb(j) ->> ''name'', to_jsonb(j) ->> ''job_name'') = $1' into v_row using job;
  end if;
  if v_row is null then
    raise exception 'There is no job % of pg_vectorize.', coalesce(quote_literal(left(job, 100)), 'null')
      using errcode = 'PE035', hint = 'select * from vectorize.job;';
  end if;
  -- So were those of the parameters, which are columns of their own in later ones.
  v_params := v_row || coalesce(v_row -> 'params', '{}');
  v_is_apart := to_regclass(format('vectorize.%I', '_embeddings_' || job)) is not null;
  return query
    select i.*
    from :PGVECTOR_SCHEMA.import_embeddings(
      case when v_is_apart
        then format('vectorize.%I', '_embeddings_' || job)
        else format(
          '%I.%I', coalesce(v_params ->> 'schema', v_params ->> 'src_schema', 'public'),
          coalesce(v_params ->> 'relation', v_params ->> 'table', v_params ->> 'src_table')
        )
      end,
      coalesce(import_vectorize.model, v_params ->> 'transformer', v_params ->> 'model'),
      id_column => coalesce(v_params ->> 'primary_key', v_params ->> 'pkey'),
      embedding_column => case when v_is_apart then 'embeddings' else job || '_embeddings' end,
      same_text => import_vectorize.same_text,
      force => import_vectorize.force
    ) i;
end
$$;

comment on function :PGVECTOR_SCHEMA.import_vectorize(text, text, boolean, boolean) is
  'import_embeddings() from a job of pg_vectorize, by its name: key, table and model are read from its row. It keeps no texts, so the vectors serve until the products are encoded; same_text: they are of the documents. Raises PE031, PE035.';
