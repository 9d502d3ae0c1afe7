import { execFileSync, spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import anyTest from "ava";
import { root } from "../../runner/settings.ts";
import { run, type StartOptions } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { isDrained, notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startAmid, startWorker } from "../helpers/workers.ts";

/* The worker as a process: signals, streams that nobody reads, a first process without a shell, a stop that outlasts its lease. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
});
test.afterEach.always(killWorkers);

const stored = async () => (await notedStores(db.sql)).stored;
const begin = (products: number, env: Record<string, string> = {}, options?: StartOptions) =>
  startAmid(db.sql, products, { ...db.env, ...env }, options);
const claims = async () => {
  const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_claims`;
  return row?.n;
};

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} in the middle of a batch: it is stored, the rest is free at once, and the next worker encodes only that`, async (t) => {
    const running = await begin(400);
    running.process.kill(signal);
    const { code, stderr } = await running.ended;
    t.is(code, 0, stderr);
    t.true((await stored()) < 400);
    t.is(await claims(), 0);
    t.is((await run("embed", [], db.env)).code, 0);
    await allIsTrue(t, db.sql);
    t.is(await stored(), 400);
  });
}

test("SIGTERM to npm, which a supervisor may have started, ends the worker as well", async (t) => {
  await insertParts(db.sql, 1, 400);
  const npm = spawn("npm", ["run", "-s", "worker"], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: "/dev/null", ...db.env },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => npm.once("exit", resolve));
  await until(async () => (await stored()) > 0, "the first are stored", 60);
  npm.kill("SIGTERM");
  t.is(await ended, 0);
  t.is(await claims(), 0);
  const [left] = await db.sql`select count(*)::integer as n from pg_stat_activity
    where datname = current_database() and application_name ~ '^product-embeddings' and application_name !~ ${`^product-embeddings ${process.pid}@`}`;
  t.is(left?.n, 0);
});

test("Ctrl-C reaches the worker twice, from the terminal and from npm, and lets it finish all the same", async (t) => {
  await insertParts(db.sql, 1, 400);
  const npm = spawn("npm", ["run", "-s", "worker"], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: "/dev/null", ...db.env },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let log = "";
  npm.stderr.on("data", (data) => {
    log += data;
  });
  const closed = new Promise((resolve) => npm.once("close", resolve));
  await until(async () => (await stored()) > 0, "the first are stored", 60);
  process.kill(-(npm.pid as number), "SIGINT");
  await closed;
  t.regex(log, /worker stopped/);
  t.is(await claims(), 0);
  const [status] = await db.sql`select state, workers_alive::integer as alive from analytics_features.embedding_status`;
  t.deepEqual({ ...status }, { state: "waiting", alive: 0 }, "nobody waits two minutes to learn that it is gone");
});

test("a second SIGTERM ends the worker at once, and its lease gives the rest back", async (t) => {
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
  const running = await begin(400);
  await db.sql.begin(async (sql) => {
    // What is at work cannot be stored, so the worker waits with its end.
    await sql`lock table analytics_features.product_embeddings`;
    running.process.kill("SIGTERM");
    await until(async () => running.output().includes("worker stopping"), running.output);
    // Any earlier it would be taken for the same one.
    await setTimeout(1100);
    running.process.kill("SIGTERM");
    const { code } = await running.ended;
    t.is(code, 130);
  });
  await until(
    async () => {
      t.is((await run("embed", [], db.env)).code, 0);
      return isDrained(db.sql);
    },
    "everything is embedded",
    90,
  );
  await allIsTrue(t, db.sql);
  t.is(await stored(), 400);
});

test("a worker whose log nobody reads goes on working, and ends once it is read", async (t) => {
  // Of debug there are some lines a job: with these more than a pipe takes, many times.
  const running = await begin(100, { LOG_LEVEL: "debug" }, { read: false });
  await db.sql`select graphile_worker.add_job('maintain', job_key => g::text) from generate_series(1, 1000) g`;
  await until(
    async () => (await db.sql`select from graphile_worker.jobs where task_identifier = 'maintain' limit 1`).length === 0,
    "jobs run",
    90,
  );
  await db.sql`update staging_staging.stg_product set name = name || '.' where product_id <= 3`;
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  running.process.kill("SIGTERM");
  let read = 0;
  running.process.stderr?.on("data", (chunk: Buffer) => {
    read += chunk.length;
  });
  t.is((await running.ended).code, 0);
  t.true(read > 200_000, `${read} bytes were more than a pipe holds`);
});

test("a worker whose log's reader is gone goes on working", async (t) => {
  const running = await begin(50);
  running.process.stdout?.destroy();
  running.process.stderr?.destroy();
  await insertParts(db.sql, 51, 60);
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  running.process.kill("SIGTERM");
  t.is((await running.ended).code, 0);
});

test("as the first process of a container, without a shell or npm around it, a worker takes SIGTERM", async (t) => {
  // Signals that a first process does not handle itself do nothing to it.
  const running = await begin(200, {}, { under: ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] });
  const outer = running.process.pid as number;
  const inner = Number(execFileSync("ps", ["--no-headers", "-o", "pid", "--ppid", String(outer)], { encoding: "utf8" }));
  process.kill(inner, "SIGTERM");
  const { code, stderr } = await running.ended;
  t.is(code, 0, stderr);
  t.is(await claims(), 0);
});

test("a worker that stands still past its lease stores nothing over what another stored meanwhile", async (t) => {
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
  const stopped = await begin(200);
  stopped.process.kill("SIGSTOP");
  const before = await stored();
  await until(async () => {
    const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_claims where lease_until > now()`;
    return row?.n === 0;
  }, "the lease runs out");
  const other = await run("embed", [], db.env);
  t.is(other.code, 0, other.stderr);
  t.true(before < 200);
  t.true(await isDrained(db.sql));
  // Others' texts meanwhile, one of them of a product that the stopped one holds.
  await db.sql`update staging_staging.stg_product set name = 'after the lease' where product_id = 200`;
  stopped.process.kill("SIGCONT");
  await drainedBy(db.sql, stopped);
  await allIsTrue(t, db.sql);
  t.is(await stored(), 201);
  // Beyond the batch that it was encoding, it encoded nothing for nothing.
  await endsWell(t, stopped);
});

test("a worker whose schema was renamed ends and says so", async (t) => {
  const worker = await startWorker(db.env);
  await db.sql`select analytics_features.rename_schema('elsewhere')`;
  const { code, stderr } = await worker.ended;
  await db.sql`select elsewhere.rename_schema('analytics_features')`;
  t.is(code, 3, stderr);
  t.regex(stderr, /\nPE103: The database has no schema analytics_features of ours/);
});
