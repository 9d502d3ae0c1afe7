/*
 * Index names are the schema's, and a table that takes another's name needs its indexes' names too.
 */
create or replace function :PGVECTOR_SCHEMA.rename_indexes(of_table text, former_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_index text;
begin
  for v_index in
    select c.relname
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass(format(':PGVECTOR_SCHEMA.%I', of_table)) and starts_with(c.relname, left(former_name, 40) || '_')
  loop
    execute format(
      'alter index :PGVECTOR_SCHEMA.%I rename to %I',
      v_index, left(of_table, 40) || substr(v_index, length(left(former_name, 40)) + 1)
    );
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.rename_indexes(text, text) is 'Lets the names of a table''s indexes begin as the table is named now, where they began with its former name.';
