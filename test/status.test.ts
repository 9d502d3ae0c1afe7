import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSource, drain, insertParts, registerModel, startOver, store } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
});

const counts = "state, products::integer, embedded::integer, missing::integer, stale::integer, orphans::integer";
/** What a dashboard reads. */
const quick = async () => ({ ...(await db.sql.unsafe(`select ${counts} from analytics_features.embedding_status`))[0] });
const exact = async () => ({ ...(await db.sql.unsafe(`select ${counts} from analytics_features.compute_status()`))[0] });
const notes = async () => {
  const [row] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  return row?.notes ?? [];
};
/** The table built anew without our hook: what every trigger-based peer breaks on. */
const rebuild = () =>
  db.sql.unsafe(`
    create table staging_staging.tmp as select * from staging_staging.stg_product;
    drop table staging_staging.stg_product;
    alter table staging_staging.tmp rename to stg_product`);

test("a new, a changed, a deleted and a finished product are seen without comparing, as comparing sees them", async (t) => {
  await insertParts(db.sql, 1, 4);
  t.deepEqual(await quick(), { state: "waiting", products: 4, embedded: 0, missing: 4, stale: 0, orphans: 0 });
  await drain(db.sql, model);
  const complete = { state: "complete", products: 4, embedded: 4, missing: 0, stale: 0, orphans: 0 };
  t.deepEqual(await quick(), complete);
  t.deepEqual(await exact(), complete);

  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 1`;
  const changed = { ...complete, state: "working", stale: 1 };
  t.deepEqual(await quick(), changed);
  t.deepEqual(await exact(), changed);
  await drain(db.sql, model);

  await db.sql`delete from staging_staging.stg_product where product_id = 2`;
  await drain(db.sql, model);
  const deleted = { ...complete, products: 3, embedded: 3, orphans: 1 };
  t.deepEqual(await quick(), deleted);
  t.deepEqual(await exact(), deleted);
});

test("after the table was rebuilt without the hook the status is unknown and says why, not zero", async (t) => {
  await insertParts(db.sql, 1, 4);
  await drain(db.sql, model);
  await rebuild();
  await db.sql`update staging_staging.stg_product set name = 'changed' where product_id < 3`;
  t.deepEqual(await quick(), { state: "unknown", products: null, embedded: null, missing: null, stale: null, orphans: 0 });
  t.regex((await notes()).join(), /lacks the triggers for insert, update, delete, truncate: it was rebuilt without the dbt hook/);
  t.like(await exact(), { products: 4, stale: 2 });

  await db.sql`select analytics_features.reconcile()`;
  t.like(await quick(), { products: 4, stale: 2, state: "working" }, "compared, it is known again");
  t.regex((await notes()).join(), /lacks the triggers/);
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  t.like(await quick(), { state: "complete" });
  t.deepEqual(await notes(), []);
});

test("triggers that were lost or disabled on the same table make the numbers unknown too", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, model);
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`alter table staging_staging.stg_product disable trigger _500_embed_update`;
  t.like(await quick(), { state: "unknown", missing: null });
  t.regex((await notes()).join(), /The triggers for update are disabled/);
  await db.sql`select analytics_features.attach()`;
  t.like(await quick(), { state: "complete", missing: 0 });
});

test("columns that were added, renamed or dropped make the numbers unknown until they are compared", async (t) => {
  await insertParts(db.sql, 1, 4);
  await drain(db.sql, model);
  for (const change of [
    "add column axle text default 'rear'",
    "rename column axle to place",
    "drop column place",
    "drop column deleted",
    "add column deleted text",
  ]) {
    await db.sql.unsafe(`alter table staging_staging.stg_product ${change}`);
    t.like(await quick(), { state: "unknown", products: null, missing: null, stale: null }, change);
    t.regex((await notes()).join(), /not compared yet since its columns changed.*reconcile\(\)/, change);
    await db.sql`select analytics_features.reconcile()`;
    await drain(db.sql, model);
    t.like(await quick(), { state: "complete", products: 4 }, change);
    t.notRegex((await notes()).join(), /not compared/, change);
  }
  await db.sql`alter table staging_staging.stg_product add column _loaded_at timestamp`;
  t.like(await quick(), { state: "complete", products: 4 }, "one that is in no document");
});

test("a vector that somebody deleted is missing at once", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`delete from analytics_features.product_embeddings where product_id = 2`;
  t.deepEqual(await quick(), { state: "incomplete", products: 3, embedded: 2, missing: 1, stale: 0, orphans: 0 });
});

test("a view is compared and has no triggers, and the status says so", async (t) => {
  await insertParts(db.sql, 1, 2);
  await db.sql.unsafe(`
    alter table staging_staging.stg_product rename to base;
    create view staging_staging.stg_product as select * from staging_staging.base`);
  await db.sql`select analytics_features.reconcile()`;
  await drain(db.sql, model);
  t.like(await quick(), { state: "complete", products: 2 });
  t.deepEqual(await notes(), ["The source is a view and cannot have triggers: changes are found by comparing."]);
});

test("a mass disappearance is said with its numbers and the way out", async (t) => {
  await insertParts(db.sql, 1, 10);
  await drain(db.sql, model);
  await db.sql`delete from staging_staging.stg_product where product_id <= 8`;
  await drain(db.sql, model);
  t.like(await quick(), { products: 2, orphans: 8 });
  const [note] = await notes();
  t.regex(note ?? "", /^8 of 10 vectors are of vanished products.*release_vanished\(\)/);
});

test("products that vanished and were released are missing nowhere", async (t) => {
  await insertParts(db.sql, 1, 10);
  await drain(db.sql, model);
  await db.sql`delete from staging_staging.stg_product where product_id <= 2`;
  await drain(db.sql, model);
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`delete from staging_staging.stg_product where product_id <= 8`;
  await drain(db.sql, model);
  t.like(await quick(), { products: 2, orphans: 8 });
  await db.sql`select analytics_features.release_vanished()`;
  const released = { state: "complete", products: 2, embedded: 2, missing: 0, stale: 0, orphans: 0 };
  t.deepEqual(await quick(), released);
  t.deepEqual(await exact(), released);
  await db.sql`delete from analytics_features.product_embeddings where product_id = 9`;
  t.like(await quick(), { state: "incomplete", products: 2, missing: 1 }, "and one that somebody deletes is");
});

test("products that vanished and were swept before the next comparison are missing nowhere", async (t) => {
  await insertParts(db.sql, 1, 10);
  await drain(db.sql, model);
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`delete from staging_staging.stg_product where product_id <= 2`;
  await drain(db.sql, model);
  await db.sql`update analytics_features.settings set vanished_grace = '0'`;
  await db.sql`select analytics_features.sweep_vanished()`;
  t.like(await quick(), { state: "complete", products: 8, embedded: 8, missing: 0, orphans: 0 });
});

test("while products wait it says how fast they are encoded and how long it will take", async (t) => {
  await insertParts(db.sql, 1, 10);
  const claimed = await claim(db.sql, "w1", 4);
  await store(db.sql, model, claimed);
  await db.sql`update analytics_features.embedding_activity set started_at = clock_timestamp() - interval '2 seconds', minute = date_trunc('minute', clock_timestamp())`;
  const [row] = await db.sql`
    select throughput::float8, extract(epoch from time_to_go)::integer as seconds, queued::integer, workers_alive::integer, state
    from analytics_features.embedding_status`;
  t.like(row, { queued: 6, workers_alive: 1, state: "working" });
  t.true(row?.throughput > 1 && row?.throughput <= 2, String(row?.throughput));
  t.true(row?.seconds >= 3 && row?.seconds <= 6, String(row?.seconds));
  await drain(db.sql, model);
  const [done] = await db.sql`select throughput, time_to_go from analytics_features.embedding_status`;
  t.deepEqual({ ...done }, { throughput: null, time_to_go: null });
  const [activity] = await db.sql`select sum(stored)::integer as stored from analytics_features.embedding_activity`;
  t.is(activity?.stored, 10, "each encoding is counted once");
});

test("what a comparison found is kept, and a failed one is said", async (t) => {
  await insertParts(db.sql, 1, 5);
  await drain(db.sql, model);
  await db.sql`alter table staging_staging.stg_product disable trigger user`;
  await db.sql`update staging_staging.stg_product set price = 7 where product_id <= 2`;
  await insertParts(db.sql, 6, 6);
  await db.sql`delete from staging_staging.stg_product where product_id = 5`;
  await db.sql`select analytics_features.reconcile()`;
  const [log] = await db.sql`
    select products::integer, missing::integer, stale::integer, orphans::integer, queued::integer, error, seconds is not null as timed
    from analytics_features.source_log where event = 'reconcile' order by log_id desc limit 1`;
  t.deepEqual({ ...log }, { products: 5, missing: 1, stale: 2, orphans: 1, queued: 4, error: null, timed: true });
  const [status] =
    await db.sql`select compared_queued::integer, compared_at > now() - interval '1 minute' as lately from analytics_features.embedding_status`;
  t.deepEqual({ ...status }, { compared_queued: 4, lately: true });

  await db.sql`insert into analytics_features.source_log (event, error) values ('reconcile', 'disk full')`;
  t.true((await notes()).includes("The last reconcile failed: disk full"));
});

test("old rows of the logs are forgotten, but not the last comparison", async (t) => {
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`update analytics_features.source_log set logged_at = now() - interval '8 days'`;
  await db.sql`insert into analytics_features.embedding_activity (minute, worker) values (now() - interval '8 days', 'w0')`;
  await db.sql`select analytics_features.maintain('w1')`;
  const rows = await db.sql`select event from analytics_features.source_log`;
  t.deepEqual(
    rows.map(({ event }) => event),
    ["reconcile"],
  );
  t.is((await db.sql`select from analytics_features.embedding_activity`).length, 0);
});

test("without a source the status stands, and without the table of vectors it says what to run", async (t) => {
  await db.sql`drop schema staging_staging cascade`;
  t.deepEqual(await quick(), { state: "no source", products: null, embedded: null, missing: null, stale: null, orphans: 0 });
  t.regex((await notes()).join(), /set_source/);
  await db.sql`alter table analytics_features.product_embeddings rename to away`;
  await fails(t, db.sql`select * from analytics_features.embedding_status`, { code: "PE003", hint: /npm run migrate/ });
  await db.sql`alter table analytics_features.away rename to product_embeddings`;
});

test("many products without an index on their id, and many vectors without one for search, are noted with what to do", async (t) => {
  await insertParts(db.sql, 1, 10_000);
  await db.sql`
    insert into analytics_features.product_embeddings (product_id, embedding)
    select g, l2_normalize(array_fill(1, array[384])::vector) from generate_series(1, 10000) g`;
  await db.sql`select analytics_features.reconcile()`;
  t.regex((await notes()).join(), /no index on product_id, so that each search reads all of it.*config\(indexes=/);
  t.notRegex((await notes()).join(), /no index for search/);
  await db.sql`update analytics_features.settings set index_from_products = 10000`;
  t.regex((await notes()).join(), /10000 vectors and more have no index for search.*index_sql\(\) \\gexec/);
  await db.sql`create index on staging_staging.stg_product (product_id)`;
  await db.sql`select analytics_features.build_index('ivfflat', lists => 1)`;
  t.notRegex((await notes()).join(), /no index/);
  await db.sql`drop index analytics_features.product_embeddings_ivfflat_idx`;
});
