/*
 * The statement and not the index: create index concurrently runs in no function and no transaction,
 * so psql's \gexec or the worker runs it. One index by L2 serves the three metrics of search, since
 * vectors have unit length, and a query of one's own that orders by <->. Its name tells what it is.
 */
create or replace function :PGVECTOR_SCHEMA.index_sql(
  kind text default 'hnsw',
  as_halfvec boolean default false,
  m integer default 16,
  ef_construction integer default 64,
  lists integer default null,
  is_concurrent boolean default true,
  model_id integer default null
) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_dimension integer;
  v_rows bigint;
  v_lists integer := index_sql.lists;
  v_table text := :PGVECTOR_SCHEMA.embeddings_table(index_sql.model_id);
begin
  perform :PGVECTOR_SCHEMA.require_embeddings();
  select a.atttypmod into strict v_dimension
  from pg_attribute a
  where a.attrelid = format(':PGVECTOR_SCHEMA.%I', v_table)::regclass and a.attname = 'embedding';
  if kind is null or kind not in ('hnsw', 'ivfflat') then
    raise exception 'An index is hnsw or ivfflat, not %.', coalesce(quote_literal(left(kind, 100)), 'null')
      using errcode = 'PE022', hint = 'select :PGVECTOR_SCHEMA.index_sql(); is an HNSW index, which is right up to a million products.';
  end if;
  if as_halfvec is null then
    raise exception 'as_halfvec must be true or false, not null.'
      using errcode = 'PE022', hint = 'Leave it out for false.';
  end if;
  if kind = 'hnsw' and (m is null or m not between 2 and 100) then
    raise exception 'm must be from 2 to 100, not %.', coalesce(m::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 16.';
  end if;
  if kind = 'hnsw' and (ef_construction is null or ef_construction not between 4 and 1000 or ef_construction < 2 * m) then
    raise exception 'ef_construction must be from twice m, %, to 1000, not %.', 2 * m, coalesce(ef_construction::text, 'null')
      using errcode = 'PE022', hint = 'Leave it out for 64.';
  end if;
  if v_lists not between 1 and 32768 then
    raise exception 'lists must be from 1 to 32768, not %.', v_lists
      using errcode = 'PE022', hint = 'Leave it out for a thousandth of the rows, and beyond a million their square root.';
  end if;
  if v_dimension > (case when as_halfvec then 4000 else 2000 end) then
    raise exception 'An index over vectors of % components does not exist.', v_dimension
      using errcode = 'PE022', hint = 'Halves reach to 4000: select :PGVECTOR_SCHEMA.index_sql(as_halfvec => true);';
  end if;

  if kind = 'ivfflat' and v_lists is null then
    execute format('select count(*) from :PGVECTOR_SCHEMA.%I', v_table) into v_rows;
    v_lists := greatest(1, case when v_rows > 1000000 then sqrt(v_rows) else v_rows / 1000 end::integer);
  end if;
  return format(
    'create index %s%I on :PGVECTOR_SCHEMA.%I using %s (%s) with (%s)',
    case when is_concurrent is not false then 'concurrently ' end,
    :PGVECTOR_SCHEMA.index_name(kind, as_halfvec, index_sql.model_id),
    v_table,
    kind,
    case when as_halfvec
      then format('(embedding:::VECTOR_SCHEMA.halfvec(%s)) :VECTOR_SCHEMA.halfvec_l2_ops', v_dimension)
      else 'embedding :VECTOR_SCHEMA.vector_l2_ops'
    end,
    case kind
      when 'hnsw' then format('m = %s, ef_construction = %s', m, ef_construction)
      else format('lists = %s', v_lists)
    end
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.index_sql(text, boolean, integer, integer, integer, boolean, integer) is
  'The statement that builds an index for search: kind hnsw or ivfflat, over vectors or halves of them, of the active model or another whose vectors are kept; for psql: select :PGVECTOR_SCHEMA.index_sql() \gexec. Raises PE003, PE022, PE031.';
