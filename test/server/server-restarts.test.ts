import anyTest from "ava";
import { run, start as startCommand } from "../helpers/command.ts";
import { useOwnServer } from "../helpers/own-server.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { isDrained, notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startWorker as start, startAmid } from "../helpers/workers.ts";

/* The server restarts, crashes, freezes, ends sessions: the worker process goes on by itself. */
const test = anyTest.serial;
const db = useOwnServer(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
});
test.afterEach.always(killWorkers);

const stored = async () => (await notedStores(db.sql)).stored;
/** A worker in the middle of these products. */
const begin = (products: number) => startAmid(db.sql, products, { ...db.env, DATABASE_SILENCE_MS: "2000" });
const isBack = () => until(() => db.sql`select`.then(Boolean, () => false), "the server is back");

for (const mode of ["immediate", "fast"] as const) {
  test(`a server that restarts (${mode}) while a worker encodes is waited for, and nothing is lost`, async (t) => {
    const running = await begin(150);
    db.cluster.restart(mode);
    await isBack();
    await insertParts(db.sql, 151, 160);
    await drainedBy(db.sql, running);
    await allIsTrue(t, db.sql);
    t.is(await stored(), 160);
    await endsWell(t, running);
  });
}

test("a server that is down for longer than a lease ends no worker", async (t) => {
  const running = await begin(150);
  db.cluster.stop();
  // Its tries are in its log: the connection that it lost, and one that it did not get.
  await until(async () => running.output().includes("ECONNREFUSED"), running.output);
  db.cluster.start();
  await isBack();
  await insertParts(db.sql, 151, 160);
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  await endsWell(t, running);
});

test("all sessions terminated again and again cost a try each and nothing else", async (t) => {
  const running = await begin(200);
  for (let times = 0; times < 6; times++) {
    const before = await stored();
    await db.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and application_name like ${`%${running.process.pid}@%`}`;
    await until(async () => {
      await db.sql`select analytics_features.wake_worker()`;
      return (await stored()) > before || (await isDrained(db.sql));
    }, running.output);
  }
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  t.is(await stored(), 200);
  await endsWell(t, running);
});

test("a pass whose sessions are terminated says that the connection is gone, and run again it does the rest", async (t) => {
  await insertParts(db.sql, 1, 500);
  const pass = startCommand("embed", [], db.env);
  await until(async () => (await stored()) > 0, pass.output);
  const sessions = db.sql`from pg_stat_activity where application_name like ${`product-embeddings ${pass.process.pid}@%`}`;
  await db.sql.begin(async (sql) => {
    // So that it is amid a statement: sessions that rest are opened again, and the pass goes on.
    await sql`lock table analytics_features.product_embeddings in share mode`;
    await until(async () => (await db.sql`select ${sessions} and wait_event_type = 'Lock'`).length > 0, pass.output);
    await sql`select pg_terminate_backend(pid) ${sessions}`;
  });
  const { code, stderr } = await pass.ended;
  t.is(code, 3, stderr);
  t.regex(stderr, /PE102: The database .* ended the connection.*\n→ Run it again when the server answers/);
  t.is((await run("embed", [], db.env)).code, 0);
  await allIsTrue(t, db.sql);
  t.is(await stored(), 500);
});

test("SIGTERM while the server is away ends a worker all the same", async (t) => {
  const running = await begin(150);
  db.cluster.stop();
  await until(async () => running.output().includes("ECONNREFUSED"), running.output);
  running.process.kill("SIGTERM");
  const { code, stderr } = await running.ended;
  t.notRegex(stderr, /Node\.js v|Unhandled/);
  t.true(code === 0 || code === 1, `${code}\n${stderr}`);
  db.cluster.start();
  await isBack();
});

test("a worker that starts while the server is away says so in a sentence, with the code for it", async (t) => {
  db.cluster.stop();
  const refused = await start(db.env);
  const { code, stderr } = await refused.ended;
  db.cluster.start();
  await isBack();
  t.is(code, 3);
  t.regex(stderr, /^PE102: The database .* cannot be reached: nothing listens there\.\n→ /);
});
