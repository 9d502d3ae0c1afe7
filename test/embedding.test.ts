import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSource, drain, insertParts, queued, registerModel, startOver, store, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
});

const ids = (rows: readonly { product_id: string }[]) => rows.map(({ product_id }) => Number(product_id)).sort((a, b) => a - b);
const embedded = async () => {
  const rows = await db.sql<{ product_id: string }[]>`select product_id from analytics_features.product_embeddings`;
  return ids(rows);
};
const claims = async () => {
  const [row] = await db.sql<{ n: number }[]>`select count(*)::integer as n from analytics_features.product_claims`;
  return row?.n;
};
const loseLease = () => db.sql`update analytics_features.product_claims set lease_until = now() - interval '1 second'`;

test("a claim hands out documents, and what it stores is off the queue with model and hash", async (t) => {
  await insertParts(db.sql, 1, 3);
  const claimed = await claim(db.sql);
  t.deepEqual(ids(claimed), [1, 2, 3]);
  t.is(claimed.find(({ product_id }) => product_id === "2")?.document, "name: part 2. price: 2.00. is_active: yes.");
  t.is(await store(db.sql, model, claimed), 3);
  t.deepEqual(await queued(db.sql), []);
  t.is(await claims(), 0);
  const [row] = await db.sql`
    select model_id, document_hash = sha256('name: part 2. price: 2.00. is_active: yes.') as same, vector_dims(embedding) as dimension
    from analytics_features.product_embeddings where product_id = 2`;
  t.like(row, { model_id: model, same: true, dimension: 384 });
});

test("what is claimed is nobody else's, and a claim takes no more than it was asked to", async (t) => {
  await insertParts(db.sql, 1, 5);
  t.is((await claim(db.sql, "w1", 2)).length, 2);
  t.is((await claim(db.sql, "w2", 10)).length, 3);
  t.is((await claim(db.sql, "w3", 10)).length, 0);
  t.is(await claims(), 2);
});

test("a product queued many times is encoded once", async (t) => {
  await insertParts(db.sql, 1, 1);
  for (let price = 10; price < 15; price++) await db.sql`update staging_staging.stg_product set price = ${price}`;
  const claimed = await claim(db.sql);
  t.is(claimed.length, 1);
  t.is(claimed[0]?.document, "name: part 1. price: 14.00. is_active: yes.");
  await store(db.sql, model, claimed);
  t.deepEqual(await queued(db.sql), []);
});

test("thousands of rows rewritten without a change are settled in one claim and none is encoded", async (t) => {
  await insertParts(db.sql, 1, 2000);
  await drain(db.sql, model);
  await db.sql.unsafe(`
    create temp table copy as select * from staging_staging.stg_product;
    delete from staging_staging.stg_product;
    insert into staging_staging.stg_product select * from copy; drop table copy`);
  t.is((await queued(db.sql)).length, 2000);
  t.is((await claim(db.sql)).length, 0);
  t.deepEqual(await queued(db.sql), []);
});

test("a changed price re-embeds one product and leaves the others alone", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set price = 77 where product_id = 2`;
  t.deepEqual(ids(await claim(db.sql)), [2]);
});

test("a product that gets the text of another gets its vector, and is no longer set aside or vanished", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`
    insert into analytics_features.product_failures (product_id, model_id, document_hash, attempts, error, set_aside)
    select 2, ${model}, document_hash, 5, 'broken', true from analytics_features.product_embeddings where product_id = 1`;
  await db.sql`update analytics_features.product_embeddings set tokens = 300 where product_id = 1`;
  await db.sql`update analytics_features.product_embeddings set vanished_at = now() where product_id = 2`;
  await db.sql`update staging_staging.stg_product set name = 'part 1', price = 1 where product_id = 2`;
  t.is((await claim(db.sql)).length, 0);
  t.deepEqual(await queued(db.sql), []);
  const [row] = await db.sql`
    select a.embedding = b.embedding as same, b.model_id, a.document_hash = b.document_hash as current, b.tokens, b.vanished_at
    from analytics_features.product_embeddings a, analytics_features.product_embeddings b
    where a.product_id = 1 and b.product_id = 2`;
  t.deepEqual({ ...row }, { same: true, model_id: model, current: true, tokens: 300, vanished_at: null });
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("a vector that another model or somebody else made is not copied", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set name = 'part 1', price = 1 where product_id = 2`;
  await db.sql`update analytics_features.product_embeddings set embedding = ${unitVector(7)} where product_id = 1`;
  t.deepEqual(ids(await claim(db.sql, "w1", 1)), [2]);
});

test("a product that changed while it was encoded keeps its old vector until the new text is encoded", async (t) => {
  await insertParts(db.sql, 1, 1);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set name = 'second'`;
  const second = await claim(db.sql);
  await db.sql`update staging_staging.stg_product set name = 'third'`;
  t.is((await claim(db.sql, "w2")).length, 0, "the product is held, also its newer row");
  t.is(await store(db.sql, model, second), 0);
  t.deepEqual(await embedded(), [1]);
  const third = await claim(db.sql);
  t.is(third[0]?.document, "name: third. price: 1.00. is_active: yes.");
  t.is(await store(db.sql, model, third), 1);
});

test("a worker that is gone loses its claim with the lease, and cannot store over its successor", async (t) => {
  await insertParts(db.sql, 1, 1);
  const lost = await claim(db.sql, "gone");
  await loseLease();
  const taken = await claim(db.sql, "successor");
  t.deepEqual(ids(taken), [1]);
  t.is(await store(db.sql, model, lost), 0);
  t.is(await store(db.sql, model, taken), 1);
  t.is(await claims(), 0);
});

test("what a lost worker held is handed out one by one, so that what killed it takes nothing along", async (t) => {
  await db.sql`update analytics_features.settings set max_attempts = 3`;
  await insertParts(db.sql, 1, 3);
  await claim(db.sql, "gone");
  await loseLease();
  const first = await claim(db.sql);
  t.deepEqual(ids(first), [1]);
  await store(db.sql, model, first);
  // Product 2 kills whoever takes it up.
  for (let attempt = 0; attempt < 2; attempt++) {
    t.deepEqual(ids(await claim(db.sql)), [2]);
    await loseLease();
  }
  const last = await claim(db.sql);
  t.deepEqual(ids(last), [3]);
  await store(db.sql, model, last);
  const failures = await db.sql`select product_id::integer as id, attempts, set_aside from analytics_features.product_failures`;
  t.deepEqual([...failures], [{ id: 2, attempts: 3, set_aside: true }]);
  t.deepEqual(await queued(db.sql), []);
});

test("what is given back can be claimed at once and together", async (t) => {
  await insertParts(db.sql, 1, 3);
  const [first] = await claim(db.sql);
  await db.sql`select analytics_features.release_claim(${first?.claim_id ?? null})`;
  t.deepEqual(ids(await claim(db.sql, "w2")), [1, 2, 3]);
});

test("storing extends the lease of what is still held", async (t) => {
  await insertParts(db.sql, 1, 3);
  const claimed = await claim(db.sql);
  await db.sql`update analytics_features.product_claims set lease_until = now() + interval '1 second'`;
  await store(db.sql, model, claimed.slice(0, 1));
  const [row] = await db.sql`select lease_until > now() + interval '1 minute' as extended from analytics_features.product_claims`;
  t.true(row?.extended);
});

test("a product that cannot be encoded is tried again later, set aside at last, and retried on request", async (t) => {
  await db.sql`update analytics_features.settings set max_attempts = 2, retry_after = '1 hour'`;
  await insertParts(db.sql, 1, 2);
  const claimed = await claim(db.sql);
  const claimId = claimed[0]?.claim_id ?? null;
  const fail = (id: string | null) => db.sql`select analytics_features.fail_products(${id}, '{1}', '{too odd}')::integer as n`;
  t.is((await fail(claimId))[0]?.n, 0);
  t.is(await store(db.sql, model, claimed), 1, "the other one of the batch is not held up");
  t.is((await claim(db.sql)).length, 0, "it waits for its next attempt");
  const [waiting] = await db.sql`select available_at > now() + interval '50 minutes' as later from analytics_features.product_queue`;
  t.true(waiting?.later);

  await db.sql`update analytics_features.product_queue set available_at = now()`;
  const again = await claim(db.sql);
  t.is((await fail(again[0]?.claim_id ?? null))[0]?.n, 1);
  t.deepEqual(await queued(db.sql), []);
  const [failure] = await db.sql`select attempts, error, set_aside from analytics_features.product_failures`;
  t.like(failure, { attempts: 2, error: "too odd", set_aside: true });
  const [status] = await db.sql`select failed::integer, missing::integer from analytics_features.compute_status()`;
  t.like(status, { failed: 1, missing: 1 });

  // Neither a touch nor a reconcile tries it again: nothing about it changed.
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), []);
  const [retried] = await db.sql`select analytics_features.retry_failed()::integer as n`;
  t.is(retried?.n, 1);
  t.is(await drain(db.sql, model), 1);
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("a changed product that was set aside is tried again by itself", async (t) => {
  await db.sql`update analytics_features.settings set max_attempts = 1`;
  await insertParts(db.sql, 1, 1);
  const claimed = await claim(db.sql);
  await db.sql`select analytics_features.fail_products(${claimed[0]?.claim_id ?? null}, '{1}', '{no}')`;
  await db.sql`update staging_staging.stg_product set name = 'better'`;
  t.is(await drain(db.sql, model), 1);
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("a vanished product's vector stays for the grace period and then goes; one that returns keeps its vector", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`delete from staging_staging.stg_product where product_id in (1, 2)`;
  t.is((await claim(db.sql)).length, 0);
  await db.sql`select analytics_features.sweep_vanished()`;
  t.deepEqual(await embedded(), [1, 2, 3]);

  await insertParts(db.sql, 1, 1);
  t.is((await claim(db.sql)).length, 0, "it has its vector already");
  await db.sql`update analytics_features.settings set vanished_grace = '0', vanished_hold_share = 0.5`;
  const [row] = await db.sql`select analytics_features.sweep_vanished()::integer as n`;
  t.is(row?.n, 1);
  t.deepEqual(await embedded(), [1, 3]);
});

test("when too many vanish at once none is deleted, until somebody says so or they come back", async (t) => {
  await insertParts(db.sql, 1, 10);
  await drain(db.sql, model);
  await db.sql`update analytics_features.settings set vanished_grace = '0'`;
  await db.sql`truncate staging_staging.stg_product`;
  await claim(db.sql);
  const held = async () => {
    const [status] = await db.sql`select held::integer, orphans::integer from analytics_features.compute_status()`;
    return { ...status };
  };
  const run = async (name: string) => {
    const [row] = await db.sql.unsafe<{ n: number }[]>(`select analytics_features.${name}()::integer as n`);
    return row?.n;
  };
  t.is(await run("sweep_vanished"), 0);
  t.deepEqual(await held(), { held: 10, orphans: 10 });

  // Half of it comes back in a table that no trigger watches: what is left is still more than 0.3.
  await db.sql`select analytics_features.detach()`;
  await insertParts(db.sql, 1, 5);
  t.is(await run("sweep_vanished"), 0);
  t.deepEqual(await held(), { held: 5, orphans: 5 });
  t.is(await run("keep_vanished"), 5);
  t.is(await run("release_vanished"), 5);
  t.deepEqual(await embedded(), [1, 2, 3, 4, 5]);
  t.deepEqual(await held(), { held: 0, orphans: 0 });

  // Below the share they go by themselves.
  await db.sql`delete from staging_staging.stg_product where product_id = 5`;
  await db.sql`select analytics_features.reconcile()`;
  await claim(db.sql);
  t.is(await run("sweep_vanished"), 1);
});

test("a product that came back with a swapped table is not swept", async (t) => {
  await insertParts(db.sql, 1, 1);
  await drain(db.sql, model);
  await db.sql`delete from staging_staging.stg_product`;
  await claim(db.sql);
  await db.sql`select analytics_features.detach()`;
  await insertParts(db.sql, 1, 1);
  await db.sql`update analytics_features.settings set vanished_grace = '0'`;
  await db.sql`select analytics_features.sweep_vanished()`;
  t.deepEqual(await embedded(), [1]);
});

test("a vector that is not of unit length is refused", async (t) => {
  await insertParts(db.sql, 1, 1);
  await fails(
    t,
    db.sql`insert into analytics_features.product_embeddings (product_id, embedding) values (1, array_fill(1.0, array[384])::vector)`,
    {
      code: "23514",
      message: /embedding_has_unit_length/,
    },
  );
});

test("a vector that somebody else wrote over ours does not pass for ours", async (t) => {
  await insertParts(db.sql, 1, 1);
  await drain(db.sql, model);
  await db.sql`
    insert into analytics_features.product_embeddings (product_id, embedding) values (1, ${unitVector(99)})
    on conflict (product_id) do update set embedding = excluded.embedding, updated_at = now()`;
  const [status] = await db.sql`select stale::integer, embedded::integer from analytics_features.compute_status()`;
  t.like(status, { stale: 1, embedded: 1 });
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(ids(await claim(db.sql)), [1]);
});

test("another model is refused while vectors are there, and let in after starting over", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await fails(t, registerModel(db.sql, "another"), { code: "PE021", message: /test .*another/, hint: /reset_embeddings\(384\)/ });
  await fails(t, db.sql`select analytics_features.register_model('mine', 'r1', 'fp32', 384, 'mean', 256, '', '', '/models/mine')`, {
    code: "PE021",
    hint: /prepare_model\('\/models\/mine'\)/,
  });
  t.is(await registerModel(db.sql), model, "the same one is welcome");

  const [row] = await db.sql`select analytics_features.reset_embeddings(384)::integer as n`;
  t.is(row?.n, 2);
  await db.sql`select analytics_features.worker_seen('idle')`;
  const status = async () => {
    const [row] = await db.sql<{ state: string; notes: string[] }[]>`select state, notes from analytics_features.embedding_status`;
    return `${row?.state}: ${row?.notes.join(" ")}`;
  };
  t.regex(await status(), /^waiting: .*No model is active .* 2 products wait: start a worker anew/);
  const another = await registerModel(db.sql, "another");
  t.notRegex(await status(), /waiting|No model/);
  await fails(t, store(db.sql, model, await claim(db.sql)), { code: "PE021" });
  await loseLease();
  t.is(await drain(db.sql, another), 2);
});

test("a dimension that vectors cannot have is refused before anything is thrown away", async (t) => {
  await insertParts(db.sql, 1, 1);
  await drain(db.sql, model);
  for (const dimension of [null, 0, -1, 16_001]) {
    await fails(t, db.sql`select analytics_features.reset_embeddings(${dimension})`, { code: "PE020", hint: /from 1 to 16000/ });
  }
  t.deepEqual(await embedded(), [1]);
});

test("another dimension is refused while the table is there, and made by starting over", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await fails(t, db.sql`select analytics_features.create_product_embeddings(768)`, {
    code: "PE020",
    message: "Configured embedding dimension (768) does not match the table's (384)",
    hint: /reset_embeddings\(768\)/,
  });
  t.deepEqual(await embedded(), [1, 2]);
  await db.sql`select analytics_features.reset_embeddings(768)`;
  const [row] = await db.sql`
    select format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = 'analytics_features.product_embeddings'::regclass and attname = 'embedding'`;
  t.is(row?.type, "vector(768)");
  await db.sql`select analytics_features.reset_embeddings(384)`;
});

test("a view over the vectors is not in the way of starting over with the same dimension", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await db.sql`create view public.vectors as select product_id, embedding from analytics_features.product_embeddings`;
  const [row] = await db.sql`select analytics_features.reset_embeddings(384)::integer as n`;
  t.is(row?.n, 2);
  await fails(t, db.sql`select analytics_features.reset_embeddings(768)`, { code: "0A000", message: /used by a view/ });
  await db.sql`drop view public.vectors`;
});

test("a dropped table is said in one sentence and comes back whole", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await db.sql`drop table analytics_features.product_embeddings`;
  await insertParts(db.sql, 3, 3);
  for (const call of [
    "compute_status()",
    "reconcile()",
    "full_pass()",
    "sweep_vanished()",
    "release_vanished()",
    "keep_vanished()",
    "claim_products('w1')",
    "vanished_products()",
    "set_windows(true)",
    "import_embeddings('staging_staging.stg_product', 'test', embedding_column => 'name')",
  ]) {
    await fails(t, db.sql.unsafe(`select * from analytics_features.${call}`), { code: "PE003", hint: /npm run migrate/ });
  }
  await db.sql`select analytics_features.maintain('w1')`;
  t.is((await db.sql`select from analytics_features.embedding_workers where worker = 'w1'`).length, 1, "the sign of life stands");
  await db.sql`create table public.kept as table staging_staging.stg_product`;
  await db.sql`truncate staging_staging.stg_product`;
  await db.sql`insert into staging_staging.stg_product table public.kept`;
  await db.sql`drop table public.kept`;
  await db.sql`select analytics_features.create_product_embeddings(384)`;
  await db.sql`select analytics_features.reconcile()`;
  t.is(await drain(db.sql, await registerModel(db.sql, "another")), 3);
});
