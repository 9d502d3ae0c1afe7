create or replace function :PGVECTOR_SCHEMA.release_claim(claim_id bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- Given back unharmed, so it is no attempt that the next one would have to be careful about.
  update :PGVECTOR_SCHEMA.product_queue q
  set claim_id = null, attempts = greatest(q.attempts - 1, 0)
  where q.claim_id = release_claim.claim_id;

  delete from :PGVECTOR_SCHEMA.product_claims c where c.claim_id = release_claim.claim_id
$$;

comment on function :PGVECTOR_SCHEMA.release_claim(bigint) is 'Gives back what a claim still holds, for others to take up at once.';
