create or replace function :PGVECTOR_SCHEMA.rollback_model(force boolean default false) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_former integer := (
    select m.model_id
    from :PGVECTOR_SCHEMA.embedding_models m
    where m.is_kept and m.activated_at is not null
    order by m.activated_at desc
    limit 1
  );
begin
  if v_former is null then
    raise exception 'There is no former model whose vectors are kept.'
      using errcode = 'PE031', hint = 'select * from :PGVECTOR_SCHEMA.model_status;';
  end if;
  return :PGVECTOR_SCHEMA.activate_model(v_former::text, rollback_model.force);
end
$$;

comment on function :PGVECTOR_SCHEMA.rollback_model(boolean) is
  'Makes the model active again that was so before; the present one is kept true. As activate_model(), which see for what it raises.';
