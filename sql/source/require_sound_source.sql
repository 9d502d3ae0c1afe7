create or replace function :PGVECTOR_SCHEMA.require_sound_source() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problems text;
begin
  select string_agg(p.problem, ' ') into v_problems from :PGVECTOR_SCHEMA.source_problems() p where p.is_error;
  if v_problems is not null then
    raise exception '%', v_problems
      using errcode = 'PE006',
        hint = 'Mend the dbt model, or leave strict out of the hook to go on with what is usable.';
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.require_sound_source() is
  'Raises PE006 when the last comparison found rows without a usable product_id, product_ids in several rows, or no column name.';
