create or replace function :PGVECTOR_SCHEMA.extend_claim(claim_id bigint) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if exists (select from :PGVECTOR_SCHEMA.product_queue q where q.claim_id = extend_claim.claim_id) then
    update :PGVECTOR_SCHEMA.product_claims c
    set lease_until = clock_timestamp() + (select s.lease from :PGVECTOR_SCHEMA.settings s)
    where c.claim_id = extend_claim.claim_id;
  else
    perform :PGVECTOR_SCHEMA.release_claim(extend_claim.claim_id);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.extend_claim(bigint) is
  'Moves the lease of a claim on from now, or ends the claim when it holds nothing any more.';
