import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { join } from "node:path";
import anyTest from "ava";
import { watchConnections } from "../../runner/connections.ts";
import { connect } from "../../runner/database.ts";
import { codeOf } from "../../runner/errors.ts";
import { root } from "../../runner/settings.ts";
import { Gate } from "../../service/gate.ts";
import { type Running, run, start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { startNetwork } from "../helpers/network.ts";
import { startProxy } from "../helpers/proxy.ts";
import { service } from "../helpers/service.ts";
import { createSample, until } from "../helpers/source.ts";
import { serverUrl } from "../helpers/template.ts";

/* The service as processes of its own, with a login that is a reader and nothing else, beside a real worker. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const children: ChildProcess[] = [];
const reader = `pe_http_${process.pid}`;
const readerEnv = () => {
  const url = new URL(db.env.DATABASE_URL ?? "");
  url.username = reader;
  return { DATABASE_URL: url.href };
};

test.before(async () => {
  await createSample(db.sql);
  await db.sql.unsafe(`create role ${reader} login`);
  execFileSync("psql", ["-qX", "-v", `reader=${reader}`, "-f", join(root, "sql/dba.sql"), db.env.DATABASE_URL ?? ""], { stdio: "pipe" });
  await run("migrate", [], db.env);
  await run("embed", [], db.env);
});
test.after.always(async () => {
  // Of tests that failed; the database is gone already, which the other hook dropped.
  for (const child of children) child.kill("SIGKILL");
  const admin = connect(serverUrl ?? "", 1);
  await admin.unsafe(`drop role if exists ${reader}`);
  await admin.end();
});

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

interface Answer {
  state?: string;
  workers_alive?: number;
  code?: string;
  hits: unknown[];
}
const json = async (response: Response | Promise<Response>) => (await (await response).json()) as Answer;

/** Starts the service and waits until it is ready, or only listens. */
async function serve(variables: Record<string, string>, port?: number, path = "/ready"): Promise<Running & { url: string }> {
  const at = port ?? (await freePort());
  const running = start("serve", [], { ...readerEnv(), HTTP_PORT: String(at), LOG_LEVEL: "warn", ...variables });
  children.push(running.process);
  const url = `http://127.0.0.1:${at}`;
  const answers = () =>
    fetch(`${url}${path}`).then(
      (response) => response.ok,
      () => false,
    );
  await until(answers, `the service answers: ${running.output()}`);
  return { ...running, url };
}

test("a login that only reads serves everything; the worker makes the query's vector within the wait; an operator's key is not enough for more", async (t) => {
  const worker = start("worker", [], db.env);
  children.push(worker.process);
  const served = await serve({ HTTP_WAIT_MS: "10000", HTTP_OPERATOR_KEYS: "an-operators-key-1" });
  await until(
    async () => {
      const { state, workers_alive } = await json(fetch(`${served.url}/status`));
      return state === "complete" && workers_alive === 1;
    },
    worker.output,
    60,
  );
  const found = await json(fetch(`${served.url}/search?limit=3&query=${encodeURIComponent("пневматическая подушка")}`));
  t.like(found, { used_vectors: true, vector: "waited" });
  t.is(found.hits.length, 3);
  t.is((await json(fetch(`${served.url}/products/7807552/similar`))).hits.length, 10);
  t.is((await fetch(`${served.url}/metrics`)).status, 200);
  t.is((await fetch(`${served.url}/map`)).status, 200);
  const operator = await fetch(`${served.url}/operator`, { headers: { authorization: "Bearer an-operators-key-1" } });
  t.is(operator.status, 403);
  t.is((await json(operator)).code, "PE167");
  const recommended = await fetch(`${served.url}/recommendations`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"product_ids":[7807552]}',
  });
  t.is(recommended.status, 200, await recommended.text());
  served.process.kill("SIGTERM");
  worker.process.kill("SIGTERM");
  const { code, stderr } = await served.ended;
  t.is(code, 0, stderr);
  t.is(stderr, "");
  t.is((await worker.ended).code, 0);
});

test("two instances behind a proxy are started anew under load, and no request fails", async (t) => {
  const variables = { HTTP_DRAIN_MS: "300" };
  const services = [await serve(variables), await serve(variables)];
  const proxy = await startProxy(services.map(({ url }) => url));
  let asked = 0;
  const failures: string[] = [];
  let loading = true;
  const client = async () => {
    while (loading) {
      asked++;
      const word = ["колодки", "фильтр", "амортизатор", "свеча"][asked % 4] ?? "";
      try {
        const response = await fetch(`${proxy.url}/search?wait=0&query=${encodeURIComponent(word)}`);
        const { hits } = await json(response);
        if (response.status !== 200 || hits.length === 0) failures.push(`${response.status}, ${hits?.length} hits`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const clients = Array.from({ length: 6 }, client);
  for (const [place, old] of services.entries()) {
    const before = asked;
    await until(async () => asked > before + 100, "the load runs");
    old.process.kill("SIGTERM");
    t.is((await old.ended).code, 0);
    services[place] = await serve(variables, Number(new URL(old.url).port));
  }
  const before = asked;
  await until(async () => asked > before + 100, "the load runs");
  loading = false;
  await Promise.all(clients);
  await proxy.close();
  for (const { process: child, ended } of services) {
    child.kill("SIGTERM");
    t.is((await ended).code, 0);
  }
  t.deepEqual(failures, []);
  t.log(`${asked} requests`);
});

test("more than can run and wait are told to come back at once; what takes too long is stopped in the database", async (t) => {
  const sql = connect(readerEnv().DATABASE_URL, 5);
  const { app, context } = await service(sql, { HTTP_POOL_SIZE: "1", HTTP_QUEUE_SIZE: "1", HTTP_TIMEOUT_MS: "1500" });
  await app.inject("/ready");
  const ask = () => app.inject({ method: "GET", url: "/search", query: { query: "колодки", mode: "words" } });
  // As dbt's swap does for a moment.
  const lock = await db.sql.reserve();
  await lock`begin`;
  await lock`lock table staging_staging.stg_product`;
  const running = ask();
  await until(async () => context.gate.running === 1, "one runs");
  const waiting = ask();
  await until(async () => context.gate.waiting === 1, "one waits");
  const refused = await ask();
  t.is(refused.statusCode, 503);
  t.is(refused.json().code, "PE164");
  t.is(refused.headers["retry-after"], "1");
  for (const late of [await running, await waiting]) {
    t.is(late.statusCode, 503);
    t.is(late.json().code, "PE165");
  }
  // Nobody works for who has gone, while the lock is still held.
  await until(async () => context.gate.running === 0 && context.gate.waiting === 0, "both are stopped");
  const [left] =
    await db.sql`select count(*)::integer as n from pg_stat_activity where usename = ${reader} and query like '%search_products_text%' and state = 'active'`;
  t.is(left?.n, 0);
  await lock`rollback`;
  lock.release();
  t.is((await ask()).statusCode, 200);
  await app.close();
  await sql.end();
});

test("what is stopped for one request stops no other, however late the server hears of it", async (t) => {
  const watch = watchConnections(readerEnv().DATABASE_URL, 10_000);
  let stop: (() => Promise<unknown>) | undefined;
  const socket = () => {
    const socket = watch.socket();
    // Not at once: connecting puts its own back.
    queueMicrotask(() => {
      const write = socket.write.bind(socket) as (chunk: Buffer, done?: () => void) => boolean;
      socket.write = ((chunk: Buffer, done?: () => void) => {
        if (chunk.length !== 16 || chunk.readInt32BE(4) !== 80877102) return write(chunk, done);
        stop = () => {
          write(chunk, done);
          return once(socket, "close");
        };
        return true;
      }) as typeof socket.write;
    });
    return socket;
  };
  const sql = connect(readerEnv().DATABASE_URL, 1, { watch: { ...watch, socket } });
  const gate = new Gate(sql, "analytics_features", { poolSize: 2, queueSize: 0 }, { embedded: false });
  const holder = await db.sql.reserve();
  await holder`select pg_advisory_lock(1), pg_advisory_lock(2)`;
  const take = (signal: AbortSignal, lock: number) => gate.run(signal, (sql) => sql`select pg_advisory_lock(${lock})`);
  const has = async (lock: number, isGranted: boolean) => {
    const locks = await holder`
      select from pg_locks l join pg_stat_activity a using (pid)
      where a.usename = ${reader} and l.locktype = 'advisory' and l.objid = ${lock} and l.granted = ${isGranted}`;
    return locks.length === 1;
  };

  const ending = new AbortController();
  const ended = take(ending.signal, 1).catch((error: Error) => error.message);
  await until(() => has(1, false), "it waits");
  const other = take(new AbortController().signal, 2);
  ending.abort(new Error("given up"));
  t.is(await ended, "given up");
  await until(async () => stop !== undefined, "it is to be stopped");
  await holder`select pg_advisory_unlock(1)`;
  await until(() => has(1, true), "it is over before it is stopped");
  // The other one, if it were let in.
  await until(() => has(2, false), "it waits", 0.5).catch(() => {});
  await stop?.();
  await holder`select pg_advisory_unlock(2)`;
  await t.notThrowsAsync(other);
  holder.release();
  await sql.end();
});

test("who gives up while waiting leaves the line at once, and holds up nobody behind", async (t) => {
  const sql = connect(readerEnv().DATABASE_URL, 2);
  const gate = new Gate(sql, "analytics_features", { poolSize: 1, queueSize: 2 }, { embedded: false });
  const holder = await db.sql.reserve();
  await holder`select pg_advisory_lock(3)`;
  const take = (signal: AbortSignal) => gate.run(signal, (sql) => sql`select pg_advisory_xact_lock(3)`);
  const patient = new AbortController().signal;
  const first = take(patient);
  const ending = new AbortController();
  const gone = [take(ending.signal), take(ending.signal)].map((waits) => waits.catch((error: Error) => error.message));
  t.is(gate.waiting, 2);
  t.is(await take(patient).catch(codeOf), "PE164");
  ending.abort(new Error("given up"));
  t.deepEqual(await Promise.all(gone), ["given up", "given up"]);
  t.is(gate.waiting, 0);
  const behind = take(patient);
  const last = take(patient);
  await holder`select pg_advisory_unlock(3)`;
  await Promise.all([first, behind, last]);
  t.deepEqual([gate.running, gate.waiting], [0, 0]);
  holder.release();
  await sql.end();
});

test("while the database is away it says so and lives, and it serves again when the database is back", async (t) => {
  const served = await serve({ HTTP_TIMEOUT_MS: "3000" });
  await db.sql.unsafe(`alter role ${reader} nologin`);
  await db.sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${reader}`;
  const search = () => fetch(`${served.url}/search?mode=words&query=x`);
  await until(async () => (await search()).status === 503, "search says that the database is away");
  const problem = await json(search());
  t.is(problem.code, "PE102");
  await until(async () => (await fetch(`${served.url}/ready`)).status === 503, "it is not ready");
  t.is((await fetch(`${served.url}/health`)).status, 200);
  t.regex(await (await fetch(`${served.url}/metrics`)).text(), /^product_embeddings_up 0$/m);
  await db.sql.unsafe(`alter role ${reader} login`);
  await until(async () => (await search()).status === 200, "it serves again");
  await until(async () => (await fetch(`${served.url}/ready`)).status === 200, "it is ready again");
  served.process.kill("SIGTERM");
  t.is((await served.ended).code, 0);
});

test("while the database is silent every question has its answer in time", async (t) => {
  const network = await startNetwork(readerEnv().DATABASE_URL);
  const sql = connect(network.url(readerEnv().DATABASE_URL), 4);
  const { app } = await service(sql, { HTTP_TIMEOUT_MS: "300" });
  t.regex((await app.inject("/metrics")).body, /^product_embeddings_up 1$/m);
  network.swallow(true);
  // What was seen a moment ago is answered without the database.
  await until(async () => (await app.inject("/ready")).statusCode === 503, "it is not ready");
  t.like((await app.inject("/ready")).json(), { code: "PE165", ready: false });
  const status = await app.inject("/status");
  t.is(status.statusCode, 503);
  t.is(status.json().code, "PE165");
  const { body, statusCode } = await app.inject("/metrics");
  t.is(statusCode, 200);
  t.regex(body, /^product_embeddings_up 0$/m);
  t.regex(body, /^product_embeddings_products 115$/m);
  await sql.end({ timeout: 0 });
  await app.close();
  await network.close();
});

test("told to stop it ends, also while clients hold connections and say nothing or half of something", async (t) => {
  const served = await serve({ HTTP_TIMEOUT_MS: "500" });
  const { port } = new URL(served.url);
  const held = ["", "GET /search?query=x HTTP/1.1\r\nhost", "POST /recommendations HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"].map(
    (begun) =>
      connectSocket(Number(port), "127.0.0.1", function (this: Socket) {
        this.write(begun);
      }).on("error", () => {}),
  );
  await Promise.all(held.map((socket) => once(socket, "connect")));
  t.is((await fetch(`${served.url}/health`)).status, 200);
  served.process.kill("SIGTERM");
  await until(async () => served.process.exitCode !== null, "it ends");
  t.is((await served.ended).code, 0);
  for (const socket of held) socket.destroy();
});

test("it starts before the database is there, and a port that is taken is said", async (t) => {
  const nowhere = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
  const served = await serve({ DATABASE_URL: nowhere }, undefined, "/health");
  const ready = await fetch(`${served.url}/ready`);
  t.is(ready.status, 503);
  t.is((await json(ready)).code, "PE102");
  const second = await run("serve", [], { ...readerEnv(), HTTP_PORT: new URL(served.url).port });
  t.is(second.code, 2);
  t.regex(second.stderr, /^PE160: The service cannot listen to port \d+ of 127\.0\.0\.1: it is in use by another program\.\n→ /m);
  served.process.kill("SIGTERM");
  t.is((await served.ended).code, 0);
});
