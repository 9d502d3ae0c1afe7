import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { attach } from "../runner/migrate.ts";
import { searchVectors } from "../runner/search.ts";
import { embedContext } from "../runner/session.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, queued, startOver } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let real: Encoder;
/** What was handed to the model, in order. */
let encoded: string[] = [];
/** A text that the encoder refuses, as a model or a tokenizer may. */
let poison = "";
/** The real encoder, watched. */
const encoder: Encoder = {
  get model() {
    return real.model;
  },
  encode: async (texts, as, options) => {
    if (poison !== "" && texts.some((text) => text.includes(poison))) throw new Error("cannot be encoded");
    encoded.push(...texts);
    return real.encode(texts, as, options);
  },
  spelledOut: (texts) => real.spelledOut(texts),
  close: async () => {},
};

test.before(async () => {
  real = await loadEncoder(db.settings.encoder);
});
test.after.always(() => real?.close());
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  poison = "";
  encoded = [];
});

const pass = async (limit?: number) => {
  encoded = [];
  const context = await embedContext(db.sql, db.settings, encoder);
  await attach(db.sql, db.settings);
  return embedQueued(context, { limit });
};

test("115 products give 115 embeddings, and a second pass encodes nothing", async (t) => {
  const started = performance.now();
  const first = await pass();
  t.like(first, { stored: 115, failed: 0, drained: true });
  t.true(first.encodingSeconds > 0 && first.encodingSeconds < (performance.now() - started) / 1000);
  const [status] = await db.sql`
    select products::integer, embedded::integer, coverage::integer, missing::integer, stale::integer, orphans::integer, queued::integer,
      failed::integer, oldest_wait, triggers_attached, worker_last_seen > now() - interval '1 minute' as alive, model, dimension
    from analytics_features.compute_status()`;
  t.deepEqual(
    { ...status },
    {
      products: 115,
      embedded: 115,
      coverage: 100,
      missing: 0,
      stale: 0,
      orphans: 0,
      queued: 0,
      failed: 0,
      oldest_wait: null,
      triggers_attached: true,
      alive: true,
      model: "sentence-transformers/all-MiniLM-L6-v2 (dacf16bd2c52, fp16 stored, fp32 computed)",
      dimension: 384,
    },
  );
  t.like(await pass(), { stored: 0, failed: 0, drained: true, encodingSeconds: 0 });
  t.deepEqual(encoded, []);
});

test("what is stored are the encoder's vectors, bit for bit", async (t) => {
  await pass();
  const rows = await db.sql<{ document: string; numbers: number[] }[]>`
    select d.document, e.embedding::real[] as numbers
    from analytics_features.product_embeddings e join analytics_features.product_documents() d using (product_id)`;
  const again = await real.encode(
    rows.map(({ document }) => document),
    "passage",
  );
  t.is(rows.length, 115);
  t.deepEqual(
    rows.map(({ numbers }) => Float32Array.from(numbers)),
    again.map(({ vector }) => vector),
  );
});

test("a pass that takes up words and encodes nothing counts them", async (t) => {
  // So few that what waits is taken up at once, and not looked for more.
  await db.sql`delete from staging_staging.stg_product where product_id not in (select product_id from staging_staging.stg_product order by 1 limit 60)`;
  await pass();
  const uncounted = async () =>
    (
      await db.sql`
        select distinct u.word
        from analytics_features.product_words w
        cross join lateral unnest(tsvector_to_array(w.words)) u (word)
        where u.word !~ '[0-9=]' and u.word not in (select s.word from analytics_features.word_statistics s)`
    ).length;
  t.is(await uncounted(), 0);
  await db.sql`update analytics_features.settings set words_config = 'simple'`;
  t.teardown(() => db.sql`update analytics_features.settings set words_config = 'russian'`);
  await db.sql`select analytics_features.reconcile()`;
  t.like(await pass(), { stored: 0, drained: true });
  t.is(await uncounted(), 0);
});

test("a changed price encodes exactly that product, and the change is found", async (t) => {
  await pass();
  await db.sql`update staging_staging.stg_product set price = 1299 where product_id = 7807552`;
  t.like(await pass(), { stored: 1 });
  t.deepEqual(encoded, [
    "name: Пневмоподушка (с мет стаканом). vendor_code: SABO520067C. weight: 2.5. length: 150. width: 100. height: 80. price: 1299.00. is_active: yes.",
  ]);
  await db.sql`update staging_staging.stg_product set name = 'Windshield wiper blade' where product_id = 9200152`;
  t.like(await pass(), { stored: 1 });
  const [hit] = await searchVectors(await embedContext(db.sql, db.settings, encoder), {
    text: "windshield wiper",
    metric: "cosine",
    limit: 1,
  });
  t.is(hit?.product_id, "9200152");
});

test("of many single changes that waited for a worker all words are taken up before the first is encoded, and only then", async (t) => {
  await db.sql`create index on staging_staging.stg_product (product_id)`;
  await attach(db.sql, db.settings);
  await db.sql.unsafe(`
    truncate staging_staging.stg_product, analytics_features.product_changes;
    insert into staging_staging.stg_product (product_id, name, deleted) select g, 'part ' || g, false from generate_series(1, 900) g;
    truncate analytics_features.product_changes;
    insert into analytics_features.product_changes (queued_at, product_ids)
      select now() - make_interval(secs => g), array[g] from generate_series(1, 900) g`);
  const context = await embedContext(db.sql, db.settings, encoder);
  t.like(await embedQueued(context, { limit: 1 }), { stored: 1 });
  const [row] = await db.sql`
    select (select count(*) from analytics_features.product_changes)::integer as waiting,
      (select count(*) from analytics_features.product_words)::integer as words`;
  t.deepEqual({ ...row }, { waiting: 0, words: 900 });
});

test("a limit stops the pass and the next one goes on", async (t) => {
  t.like(await pass(10), { stored: 10, failed: 0, drained: false });
  const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_claims`;
  t.is(row?.n, 0);
  t.like(await pass(), { stored: 105, failed: 0, drained: true });
});

test("a text is encoded once, whichever products have it: across batches, claims and passes", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, is_active, deleted)
    select g, 'part ' || g % 5, 1, true, false from generate_series(1, 50) g`;
  await db.sql`delete from staging_staging.stg_product where product_id > 50`;
  await attach(db.sql, db.settings);
  // The first claim is of forty products in batches of four, and the pass ends after it.
  const context = await embedContext(db.sql, { ...db.settings, batchSize: 4 }, encoder);
  t.like(await embedQueued(context, { limit: 40 }), { stored: 40 });
  t.is(encoded.length, 5);
  // What is left has texts that are known, and is settled without the encoder.
  t.like(await pass(), { stored: 0, failed: 0, drained: true });
  t.deepEqual(encoded, []);
  const [row] = await db.sql`
    select count(*)::integer as vectors, count(distinct embedding)::integer as different, count(distinct document_hash)::integer as texts
    from analytics_features.product_embeddings`;
  t.deepEqual({ ...row }, { vectors: 50, different: 5, texts: 5 });
  t.like((await db.sql`select state, stale::integer, missing::integer from analytics_features.compute_status()`)[0], {
    state: "complete",
    stale: 0,
    missing: 0,
  });
});

test("a stop finishes the batch at work and gives the rest back", async (t) => {
  const context = await embedContext(db.sql, { ...db.settings, batchSize: 8 }, encoder);
  await attach(db.sql, db.settings);
  const stopping = new AbortController();
  // When the first is stored, the second is at work.
  const result = await embedQueued(context, { signal: stopping.signal, onBatch: () => stopping.abort() });
  t.like(result, { stored: 16, failed: 0, drained: false });
  t.is((await queued(db.sql)).length, 99);
  const [row] = await db.sql`select count(*)::integer as free from analytics_features.claimable_queue`;
  t.is(row?.free, 99);
});

test("a product that cannot be encoded does not hold up its batch", async (t) => {
  // Not again within this pass, however slow the machine.
  await db.sql`update analytics_features.settings set retry_after = '1 hour'`;
  poison = "SABO520067CP";
  t.like(await pass(), { stored: 114, failed: 1, drained: true });
  const failures = await db.sql`select product_id, error, attempts from analytics_features.product_failures`;
  t.deepEqual([...failures], [{ product_id: "7807554", error: "cannot be encoded", attempts: 1 }]);
  poison = "";
  await db.sql`select analytics_features.retry_failed(7807554)`;
  t.like(await pass(), { stored: 1, failed: 0 });
});

test("a model of another dimension is refused before anything is written", async (t) => {
  const other: Encoder = { ...encoder, model: { ...real.model, name: "other", dimension: 768 } };
  await fails(t, embedContext(db.sql, db.settings, other), {
    code: "PE113",
    message: "Configured embedding dimension (384) does not match model output (768)",
  });
  t.is((await db.sql`select from analytics_features.embedding_models`).length, 0);
});

test("a database that was not migrated is said so", async (t) => {
  await fails(t, embedContext(db.sql, { ...db.settings, schema: "nowhere" }, encoder), { code: "PE103", hint: /npm run migrate/ });
});
