create or replace function :PGVECTOR_SCHEMA.squash_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return '=' || left(
    regexp_replace(translate(:PGVECTOR_SCHEMA.fold_text(value), 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.squash_text(text) is
  'A whole value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';
