/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement. One row, nearly all that an application writes, is noted at once and in the least of steps where
 * notes_unseen() says so; whether its text changed is found when it is claimed. Otherwise note_update() looks at it. What many rows take
 * note_changes() says. A session compiles this anew for each trigger and never forgets it, so that each swap of dbt's table
 * costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 *
 * Anybody may put it on a table of his own, with a type of his own that he says how to cast. So only an id of one of the server's
 * types is looked at here, and any other where it is known whose table it is. Rows are passed as n.*, which no column n is taken for.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Compiling takes longer than what is compiled: 0.4 s of an update of 61,000 rows.
set jit = off
as $$
#variable_conflict use_variable
declare
  v_id bigint;
  v_is_same boolean;
  v_statement text;
begin
  -- Nothing is written in here, which would take a transaction id of its own.
  begin
    -- 16384 is the first that is not the server's own.
    if tg_op = 'UPDATE' then
      select case when pg_typeof(n.product_id)::oid < 16384 then n.product_id::bigint end,
        case when pg_typeof(n.product_id)::oid < 16384 then n.product_id = o.product_id end
      into strict v_id, v_is_same
      from new_rows n
      cross join old_rows o;
    elsif tg_op = 'INSERT' then
      select case when pg_typeof(n.product_id)::oid < 16384 then n.product_id::bigint end into strict v_id from new_rows n;
    elsif tg_op = 'DELETE' then
      select case when pg_typeof(o.product_id)::oid < 16384 then o.product_id::bigint end into strict v_id from old_rows o;
    end if;
    v_is_same := coalesce(v_is_same, v_id is not null);
  exception
    when no_data_found or undefined_column then
      -- A source without ids is the comparison's to tell, not the writer's to be stopped by.
      return null;
    when others then
      -- Many rows, or an id that is no number.
      null;
  end;

  if v_is_same then
    if :PGVECTOR_SCHEMA.notes_unseen(tg_op, tg_table_schema, tg_table_name) then
      insert into :PGVECTOR_SCHEMA.product_changes (product_ids) values (array[v_id]);
      perform :PGVECTOR_SCHEMA.announce_changes();
      return null;
    elsif tg_op = 'UPDATE' then
      perform :PGVECTOR_SCHEMA.note_update(v_id, tg_table_schema, tg_table_name, n.*, o.*) from new_rows n cross join old_rows o;
      return null;
    end if;
  end if;

  v_statement := :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name);
  if v_statement is not null then
    execute v_statement;
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
