create or replace function :PGVECTOR_SCHEMA.throughput(model_id integer) returns numeric
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select round((sum(a.stored) / greatest(extract(epoch from clock_timestamp() - min(a.started_at)), 1))::numeric, 1)
    from :PGVECTOR_SCHEMA.embedding_activity a
    where a.minute >= date_trunc('minute', clock_timestamp()) - interval '5 minutes' and a.model_id = coalesce(throughput.model_id, 0)
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.throughput(integer) is 'Products encoded with a model a second by all workers over the last five minutes; null when none was.';
