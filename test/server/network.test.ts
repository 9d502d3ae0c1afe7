import anyTest from "ava";
import { start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { type Network, startNetwork } from "../helpers/network.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { isDrained, notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startAmid, startWorker } from "../helpers/workers.ts";

/* Workers and the service behind a network that is slow, cut, or silent. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let network: Network;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
  network = await startNetwork(db.env.DATABASE_URL as string);
});
test.afterEach.always(async () => {
  await killWorkers();
  await network?.close();
});

const variables = () => ({ ...db.env, DATABASE_URL: network.url(db.env.DATABASE_URL as string), DATABASE_SILENCE_MS: "2000" });
const stored = async () => (await notedStores(db.sql)).stored;

test("connections that are dropped again and again are opened again, and the work goes on", async (t) => {
  const running = await startAmid(db.sql, 150, variables());
  for (let times = 0; times < 5; times++) {
    const before = await stored();
    network.drop();
    await until(async () => {
      await db.sql`select analytics_features.wake_worker()`;
      return (await stored()) > before || (await isDrained(db.sql));
    }, running.output);
  }
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  await endsWell(t, running);
});

test("a network that is away for longer than a lease ends no worker", async (t) => {
  const running = await startAmid(db.sql, 150, variables());
  network.cut(true);
  await until(async () => {
    const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_claims where lease_until > now()`;
    return row?.n === 0;
  }, running.output);
  await insertParts(db.sql, 151, 160);
  network.cut(false);
  await drainedBy(db.sql, running);
  t.is(running.process.exitCode, null);
  await allIsTrue(t, db.sql);
  await endsWell(t, running);
});

test("a slow network makes a worker slow and nothing else", async (t) => {
  const running = await startAmid(db.sql, 100, variables());
  network.delay = 100;
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  t.is(await stored(), 100);
  await endsWell(t, running);
});

test("connections that went silent without an end are given up, and the work goes on over new ones", async (t) => {
  const running = await startAmid(db.sql, 150, variables());
  // All that are open are dead from now on and never say so; who connects anew gets through.
  network.swallow(true);
  network.swallow(false);
  await insertParts(db.sql, 151, 160);
  await until(async () => running.output().includes("PE171"), running.output, 60);
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  await endsWell(t, running);
});

test("a statement that takes long is not taken for a silent connection", async (t) => {
  await insertParts(db.sql, 1, 20);
  // As an index build would: three times as long as a connection may be silent.
  await db.sql.unsafe(`
    create or replace function public.take_long() returns trigger language plpgsql as $$ begin perform pg_sleep(6); return null; end $$;
    create or replace trigger take_long after insert on analytics_features.product_embeddings execute function public.take_long()`);
  const worker = await startWorker(variables());
  await drainedBy(db.sql, worker);
  await db.sql`drop function public.take_long() cascade`;
  t.deepEqual(await notedStores(db.sql), { stored: 20, needless: 0 });
  await endsWell(t, worker);
  t.notRegex(worker.output(), /PE171|connection lost/);
});

test("a service whose connections went silent answers again over new ones", async (t) => {
  await startAmid(db.sql, 10, db.env);
  const service = start("serve", [], { ...variables(), HTTP_PORT: "0", HTTP_POOL_SIZE: "2", HTTP_TIMEOUT_MS: "1000" });
  const address = () => /"url":"([^"]+)"/.exec(service.output())?.[1];
  const answers = async () => {
    const answer = await fetch(`${address()}/search?query=part&mode=words`);
    await answer.arrayBuffer();
    return answer.status;
  };
  try {
    await until(async () => address() !== undefined && (await answers()) === 200, service.output);
    await Promise.all([answers(), answers(), answers()]);
    network.swallow(true);
    t.is(await answers(), 503);
    network.swallow(false);
    await until(async () => (await answers()) === 200, service.output);
    // All of its pool.
    t.deepEqual(await Promise.all([answers(), answers(), answers(), answers()]), [200, 200, 200, 200]);
  } finally {
    service.process.kill("SIGTERM");
    await service.ended;
  }
});
