/*
 * One product that the hook stumbles over must not stop the others, so each call is a subtransaction of its
 * own. Security definer, so that a product has one text whoever renders it; hence the look at whose function
 * it is. What the hook says is kept, but for what is the product's: its values, and what the server quotes of
 * a value that it cannot read.
 */
create or replace function :PGVECTOR_SCHEMA.call_document_hook(hook oid, product jsonb, out facts jsonb, out error text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
  v_message text;
  v_value text;
begin
  if not exists (
    select
    from pg_proc p
    where p.oid = call_document_hook.hook and p.provolatile <> 'v'
      -- It is called by its name, which with this argument is no other's.
      and p.pronargs = 1 and p.proargtypes[0] = 'jsonb'::regtype
      and (
        p.proowner = (select n.nspowner from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA')
        or (select r.rolsuper from pg_roles r where r.oid = p.proowner)
      )
  ) then
    error := 'PE029: The hook is not a function that may be used.';
    return;
  end if;
  begin
    execute format('select %s($1)', call_document_hook.hook::regproc) into facts using product;
    if jsonb_typeof(facts) <> 'object' then
      if jsonb_typeof(facts) <> 'null' then
        raise exception 'It returned no object, but: %', jsonb_typeof(facts) using errcode = 'PE025';
      end if;
      facts := null;
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    -- A lock that is not to be had, a full disk: no product's fault, and waited for once and not for each of them.
    if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    facts := null;
    if left(v_state, 2) in ('22', '23') then
      v_message := regexp_replace(v_message, '"[^"]*"', '"…"', 'g');
    end if;
    for v_value in
      select v.value
      from jsonb_each_text(case when jsonb_typeof(product) = 'object' then product end) v
      where length(v.value) > 2
      order by length(v.value) desc
    loop
      v_message := replace(v_message, v_value, '…');
    end loop;
    error := format('PE025: The hook %s failed (%s): %s', call_document_hook.hook::regproc, v_state, v_message);
  end;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) from public;

comment on function :PGVECTOR_SCHEMA.call_document_hook(oid, jsonb) is
  'What the hook adds to a product, or why it failed, without the product''s text. What is no product''s fault, such as a lock that is not to be had, it raises.';
