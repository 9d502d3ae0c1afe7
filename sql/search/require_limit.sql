create or replace function :PGVECTOR_SCHEMA.require_limit(max_results integer, greatest_limit integer default 10000) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if max_results is null or max_results not between 1 and greatest_limit then
    raise exception 'The limit must be from 1 to %, not %.', greatest_limit, coalesce(max_results::text, 'null')
      using errcode = 'PE014', hint = 'Leave it out for the default.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_limit(integer, integer) is
  'Raises PE014 when max_results is not from 1 to greatest_limit.';
