import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { connect, openDatabase, type Sql } from "../../runner/database.ts";
import type { Finding } from "../../runner/doctor.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings } from "../../runner/settings.ts";
import { run } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { createSample, drain, registerModel, unitVector, until } from "../helpers/source.ts";

/* A primary and a standby of this test's own, since the suite's server may let nobody replicate. */
const test = anyTest.serial;
const folder = mkdtempSync(join(tmpdir(), "product-embeddings-standby-"));
const bin = process.env.PG_BINDIR ?? "/usr/lib/postgresql/15/bin";
const user =
  process.getuid?.() === 0
    ? { uid: Number(execFileSync("id", ["-u", "postgres"])), gid: Number(execFileSync("id", ["-g", "postgres"])) }
    : {};
const call = (program: string, ...args: string[]) => execFileSync(join(bin, program), args, { stdio: "ignore", cwd: folder, ...user });
const running: string[] = [];
let primary: Sql;
let standby: Sql;
let standbyUrl = "";

test.before(async () => {
  chmodSync(folder, 0o700);
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const [a, b] = [await freePort(), await freePort()];
  call("initdb", "-D", join(folder, "a"), "-A", "trust", "-U", "postgres", "--no-sync");
  startServer("a", a);
  const url = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  primary = connect(url(a), 2);
  await primary`create extension vector`;
  const settings = readSettings({ DATABASE_URL: url(a) });
  const database = await openDatabase(settings);
  await createSample(database.sql);
  await migrate(database, settings);
  await drain(database.sql, await registerModel(database.sql));
  await database.close();
  call("pg_basebackup", "-h", "127.0.0.1", "-p", String(a), "-U", "postgres", "-D", join(folder, "b"), "-R", "-c", "fast", "--no-sync");
  startServer("b", b);
  standbyUrl = url(b);
  standby = connect(standbyUrl, 2);
});
test.after.always(async () => {
  await Promise.all([primary?.end(), standby?.end()]);
  for (const name of running.reverse()) call("pg_ctl", "-D", join(folder, name), "-m", "immediate", "-w", "stop");
  rmSync(folder, { recursive: true, force: true });
});

function startServer(name: string, port: number): void {
  const options = `-p ${port} -k ${folder} -c fsync=off -c listen_addresses=127.0.0.1`;
  call("pg_ctl", "-D", join(folder, name), "-w", "-l", join(folder, `${name}.log`), "-o", options, "start");
  running.push(name);
}

test("a standby answers whatever searches, and says how things stand", async (t) => {
  const [recovery] = await standby`select pg_is_in_recovery() as here`;
  t.true(recovery?.here);
  t.is((await standby`select from analytics_features.search_products(${unitVector(7807552)}, 'l2', 200)`).length, 115);
  const search = (sql: Sql) => sql`select product_id from analytics_features.search_products_text('подушка', 5, '{"is_active": true}')`;
  const found = await search(standby);
  t.true(found.length > 0);
  t.deepEqual([...found], [...(await search(primary))]);
  t.is((await standby`select from analytics_features.similar_products(7807552, 5)`).length, 5);
  t.is((await standby`select from analytics_features.recommended_products(array[7807552])`).length, 10);
  await standby`select from analytics_features.duplicate_products()`;
  t.is((await standby`select recall from analytics_features.measure_recall()`)[0]?.recall, "1.0000");
  t.like((await standby`select state, products::integer from analytics_features.embedding_status`)[0], {
    state: "complete",
    products: 115,
  });
  t.like((await standby`select state, products::integer from analytics_features.compute_status()`)[0], {
    state: "complete",
    products: 115,
  });
});

test("a change on the primary is found on the standby, and so is a query's vector that the primary has", async (t) => {
  await primary`update staging_staging.stg_product set name = 'Гайковёрт ударный' where product_id = 7807552`;
  await primary`select analytics_features.index_words()`;
  await primary`select analytics_features.store_query_embedding('гайковёрт', analytics_features.active_model_id(), ${unitVector(1)})`;
  await until(async () => {
    const [hit] = await standby`select product_id, used_vectors from analytics_features.search_products_text('гайковёрт', 1)`;
    return hit?.product_id === "7807552" && hit?.used_vectors === true;
  }, "the standby finds it");
  t.pass();
});

test("what writes is refused there, and the doctor says that it is a standby", async (t) => {
  await fails(t, standby`select analytics_features.reconcile()`, { code: "25006" });
  await fails(t, standby`select * from analytics_features.claim_products('w', 10)`, { code: "25006" });
  const { code, stdout, stderr } = await run("doctor", ["--json"], { DATABASE_URL: standbyUrl });
  t.is(code, 0, stderr);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  t.regex(findings.find(({ check }) => check === "server")?.finding ?? "", /a standby/);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
