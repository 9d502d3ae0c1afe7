/*
 * A map costs a minute of a core, so it is made anew when it shows another catalogue and not at every
 * change: a twentieth of it changed or is gone, or it has the vectors of another model. An hour between two, or a backfill would draw all the time.
 */
create or replace function :PGVECTOR_SCHEMA.map_due() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wanted integer := (select s.map_products from :PGVECTOR_SCHEMA.settings s);
  v_vectors bigint := (select count(*) from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e where e.vanished_at is null);
  v_mapped bigint;
  v_mapped_at timestamptz;
  v_changed bigint;
begin
  select count(*), min(m.mapped_at) into v_mapped, v_mapped_at from :PGVECTOR_SCHEMA.product_map m;
  if v_wanted = 0 or v_vectors < 3 then
    return v_mapped > 0;
  end if;
  if v_mapped = 0 then
    return true;
  end if;
  -- updated_at is a timestamp in the session's time zone, as the Python pipeline's users read it.
  select count(*) into v_changed
  from :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e
  where e.updated_at > v_mapped_at::timestamp or e.vanished_at > v_mapped_at;
  return v_mapped_at < now() - interval '1 hour'
    and (
      v_changed * 20 > v_vectors or abs(v_mapped - least(v_wanted, v_vectors)) * 20 > v_wanted
      or exists (select from :PGVECTOR_SCHEMA.embedding_models m where m.is_active and m.activated_at > v_mapped_at)
    );
end
$$;

comment on function :PGVECTOR_SCHEMA.map_due() is
  'Whether product_map should be made anew: there is none and three vectors or more, or a twentieth of the catalogue or the model changed since and the map is an hour old.';
