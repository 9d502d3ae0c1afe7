import anyTest, { type TestFn } from "ava";
import { useDisk } from "../helpers/disk.ts";
import { useOwnServer } from "../helpers/own-server.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startWorker } from "../helpers/workers.ts";

/* Too little of what is needed: room on the server's disk, memory for a worker. */
const test = anyTest.serial;
const db = useOwnServer(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
});
test.afterEach.always(killWorkers);

const { disk, diskTest } = useDisk(test as TestFn, "96m");

diskTest("on a full disk writers get the server's error, the worker says it once a try, and goes on when there is room", async (t) => {
  await db.sql.unsafe(`create tablespace small location '${disk}'`);
  await db.sql.unsafe(
    "alter table all in tablespace pg_default set tablespace small; alter index all in tablespace pg_default set tablespace small",
  );
  await db.sql`create table public.filler (filler text) tablespace small`;

  const worker = await startWorker(db.env);
  const { process, output } = worker;
  process.kill("SIGSTOP");
  await insertParts(db.sql, 1, 200);
  for (const size of [100_000, 1000, 1]) {
    const full = async () => {
      try {
        await db.sql.unsafe(`insert into public.filler select string_agg(md5(random()::text), '') from generate_series(1, ${size})`);
        return false;
      } catch (error) {
        t.is((error as { code: string }).code, "53100");
        return true;
      }
    };
    await until(full, "the disk is full");
  }
  await t.throwsAsync(insertParts(db.sql, 1001, 20_000), { message: /No space left on device/ });
  // Queries that nobody asked before: there is no room to ask for their vectors, and words answer.
  for (let query = 0; query < 50; query++) {
    await db.sql`select from analytics_features.search_products_text(${`${query} ${"part ".repeat(180)}`}, 1)`;
  }

  process.kill("SIGCONT");
  const tries = () =>
    output()
      .split("\n")
      .filter((line) => /pass failed|Failed task/.test(line) && line.includes("No space left"));
  await until(async () => tries().length >= 2, output(), 60);
  const lines = output()
    .split("\n")
    .filter((line) => line.includes("No space left"));
  t.true(lines.length <= 2 * tries().length, output());

  await db.sql`drop table public.filler`;
  await drainedBy(db.sql, worker);
  await allIsTrue(t, db.sql);
  t.is((await notedStores(db.sql)).stored, 200);
  await endsWell(t, worker);
});

test("a product that workers die of, as when the kernel ends them for want of memory, is set aside, and the others go on", async (t) => {
  await db.sql`update analytics_features.settings set lease = '2 seconds', max_attempts = 2, retry_after = '100 milliseconds'`;
  // Read in windows, so long a text takes more memory and time than any other.
  await db.sql`select analytics_features.set_windows(true)`;
  let worker = await startWorker(db.env);
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, is_active, deleted)
    values (999, repeat('hydraulic jack with a very long name and many words in it ', 500), true, false)`;
  const isAtIt = async () =>
    (await db.sql`select from analytics_features.product_claims where worker like ${`%:${worker.process.pid}:%`}`).length > 0;
  const failed = async () => (await db.sql`select from analytics_features.product_failures where set_aside`).length;
  for (let deaths = 0; deaths < 2; deaths++) {
    await until(isAtIt, "it is being encoded", 90);
    worker.process.kill("SIGKILL");
    await worker.ended;
    // As systemd or Kubernetes would.
    worker = await startWorker(db.env);
  }
  await insertParts(db.sql, 1, 20);
  await until(async () => (await failed()) === 1, "it is set aside", 90);
  const failures = await db.sql`select product_id::integer, attempts, set_aside from analytics_features.product_failures`;
  t.deepEqual(
    failures.map((row) => ({ ...row })),
    [{ product_id: 999, attempts: 2, set_aside: true }],
  );
  const others = async () => (await db.sql`select from analytics_features.product_embeddings`).length === 20;
  await until(others, "the others are embedded", 60);
  await endsWell(t, worker);
});
