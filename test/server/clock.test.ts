import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { run } from "../helpers/command.ts";
import { useOwnServer } from "../helpers/own-server.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { isDrained, notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startWorker } from "../helpers/workers.ts";

/* Clocks that are wrong or jump, of a worker's machine and of the server (libfaketime: apt-get install faketime). */
const test = anyTest.serial;
const folder = mkdtempSync(join(tmpdir(), "product-embeddings-clock-"));
// PostgreSQL runs as another user.
chmodSync(folder, 0o755);
const library = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketimeMT.so.1`;

/** Variables that give a process the time that stands in this file, by the seconds that it is ahead; only the wall clock. */
const faked = (file: string, ahead: number) => {
  setClock(file, ahead);
  const path = join(folder, file);
  return { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: path, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
};
const setClock = (file: string, ahead: number) => writeFileSync(join(folder, file), `${ahead < 0 ? "" : "+"}${ahead}\n`, { mode: 0o644 });

const db = useOwnServer(anyTest, () => faked("server", 0));
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
});
test.afterEach.always(async () => {
  setClock("server", 0);
  await killWorkers();
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const begin = (env: Record<string, string> = {}) => startWorker({ ...db.env, ...env });
const day = 86_400;

test("the library that fakes the time is there, and the server goes by it", async (t) => {
  t.true(existsSync(library), "apt-get install faketime");
  setClock("server", 10 * day);
  const [row] = await db.sql<
    { ahead: number }[]
  >`select extract(epoch from clock_timestamp())::float8 - ${Date.now() / 1000}::float8 as ahead`;
  t.true(Math.abs((row?.ahead ?? 0) - 10 * day) < 60);
});

for (const [name, ahead] of [
  ["ahead", 10 * day],
  ["behind", -10 * day],
] as const) {
  test(`a worker whose clock is ten days ${name} shares the work: leases go by the server's clock`, async (t) => {
    await insertParts(db.sql, 1, 300);
    const worker = await begin(faked(`worker ${name}`, ahead));
    const other = await run("embed", [], db.env);
    t.is(other.code, 0, other.stderr);
    await drainedBy(db.sql, worker);
    await allIsTrue(t, db.sql);
    t.is((await notedStores(db.sql)).stored, 300);
    await db.sql`update staging_staging.stg_product set name = 'changed' where product_id = 7`;
    await drainedBy(db.sql, worker);
    await allIsTrue(t, db.sql);
    await endsWell(t, worker);
  });
}

test("a clock that is put back ends the worker with a sentence, and the next one has the timetable go on", async (t) => {
  const env = faked("put back", 10 * day);
  const worker = await begin(env);
  await db.sql`
    insert into graphile_worker._private_known_crontabs (identifier, known_since, last_execution)
    values ('maintain', now(), now() + interval '10 days') on conflict (identifier) do update set last_execution = excluded.last_execution`;
  setClock("put back", 0);
  const { code, stderr } = await worker.ended;
  t.is(code, 9, stderr);
  t.regex(stderr, /PE173: The clock of this machine was put back by \d+ s\.\n→ Start the worker again\./);
  await begin();
  const [row] =
    await db.sql`select last_execution <= now() as past from graphile_worker._private_known_crontabs where identifier = 'maintain'`;
  t.true(row?.past);
});

test("the server's clock jumping ahead takes a lease away early, and back makes one late: nothing is lost or done twice", async (t) => {
  await insertParts(db.sql, 1, 250);
  const worker = await begin();
  await until(async () => (await notedStores(db.sql)).stored > 0, worker.output);
  setClock("server", day);
  t.is((await run("embed", [], db.env)).code, 0);
  await until(async () => isDrained(db.sql), worker.output, 60);
  await allIsTrue(t, db.sql);

  setClock("server", -day);
  await insertParts(db.sql, 251, 280);
  // What is due by a clock that has been put back waits for nobody: a change is free from its commit on.
  await drainedBy(db.sql, worker);
  await allIsTrue(t, db.sql);
  await endsWell(t, worker);
});
