/*
 * Security definer: who may write products need know nothing of our tables. Only what stands here sees the rows
 * of a statement; note_changes() does the rest. A session compiles this anew for each trigger and never forgets it, so
 * that each swap of dbt's table costs whoever goes on writing memory: 0.9 MB while all stood here, a third of that now.
 */
create or replace function :PGVECTOR_SCHEMA.tg__product_changed() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Two numbers that differ must not look the same as text.
set extra_float_digits = 1
-- Compiling takes longer than what is compiled.
set jit = off
as $$
declare
  v_statement text;
begin
  if tg_op = 'UPDATE' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, r.new_id, r.old_id, r.new_row, r.old_row) into v_statement
    from (
      select count(*) over () as rows, c.*
      from (
        select n.product_id::text as new_id, o.product_id::text as old_id, n as new_row, o as old_row
        from new_rows n
        cross join old_rows o
        limit 2
      ) c
      limit 1
    ) r;
  elsif tg_op = 'INSERT' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, r.id, null) into v_statement
    from (select count(*) as rows, min(n.id) as id from (select n.product_id::text as id from new_rows n limit 2) n) r;
  elsif tg_op = 'DELETE' then
    select :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name, r.rows, null, r.id) into v_statement
    from (select count(*) as rows, min(o.id) as id from (select o.product_id::text as id from old_rows o limit 2) o) r;
  else
    v_statement := :PGVECTOR_SCHEMA.note_changes(tg_op, tg_table_schema, tg_table_name);
  end if;
  if v_statement is not null then
    execute v_statement;
  end if;
  return null;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.tg__product_changed() from public;

comment on function :PGVECTOR_SCHEMA.tg__product_changed() is
  'Notes the products of a statement whose document may have changed in product_changes; attached by attach().';
