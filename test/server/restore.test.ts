import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { connect } from "../../runner/database.ts";
import { root } from "../../runner/settings.ts";
import { run } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { claim, createSource, drain, insertParts, queued, registerModel, startOver, unitVector } from "../helpers/source.ts";
import { databaseUrl, serverUrl } from "../helpers/template.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);

test("a dump restored into a fresh database goes on where the first one was", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  await insertParts(db.sql, 1, 20);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set price = 7 where product_id in (3, 4)`;
  await claim(db.sql, "left behind", 1);

  const name = `product_embeddings_restore_${process.pid}`;
  const admin = connect(serverUrl ?? "", 1);
  await admin.unsafe(`create database ${name} template template0`);
  const restored = connect(databaseUrl(name), 2);
  try {
    const dump = execFileSync("pg_dump", [db.env.DATABASE_URL ?? ""], { maxBuffer: 1 << 28 });
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", databaseUrl(name)], { input: dump, stdio: ["pipe", "ignore", "pipe"] });
    const status = (sql: typeof restored) => sql`
      select products, embedded, missing, stale, queued, claimed, triggers_attached, model from analytics_features.compute_status()`;
    t.deepEqual([...(await status(restored))], [...(await status(db.sql))]);
    const hits = await restored`select * from analytics_features.search_products(${unitVector(7)}, 'cosine', 20)`;
    t.is(hits.length, 20);
    t.is(hits[0]?.product_id, "7");

    await restored`update staging_staging.stg_product set price = 8 where product_id = 5`;
    t.deepEqual(await queued(restored), [3, 4, 5]);
    await restored`update analytics_features.product_claims set lease_until = now()`;
    t.is(await drain(restored, model), 3);
  } finally {
    await restored.end();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  }
});

test("our schemas alone restore as a role that is no superuser, and what dbt builds anew is not encoded again", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await insertParts(db.sql, 1, 20);
  await db.sql`select analytics_features.attach()`;
  const model = await registerModel(db.sql);
  await drain(db.sql, model);

  const name = `product_embeddings_restore_ours_${process.pid}`;
  const role = `pe_${process.pid}_restorer`;
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-restore-"));
  const file = join(folder, "ours.dump");
  const url = new URL(databaseUrl(name));
  url.username = role;
  const admin = connect(serverUrl ?? "", 1);
  const superuser = connect(databaseUrl(name), 1);
  const restored = connect(url.href, 2);
  const restore = () => execFileSync("pg_restore", ["--exit-on-error", "--no-owner", "-d", url.href, file], { stdio: "pipe" });
  try {
    await admin.unsafe(`create role ${role} login`);
    await admin.unsafe(`create database ${name} owner ${role} template template0`);
    await superuser.unsafe("create extension vector; create extension pg_trgm");
    const ours = ["analytics_features", "graphile_worker", "graphile_migrate"].flatMap((schema) => ["-n", schema]);
    execFileSync("pg_dump", ["-Fc", ...ours, "-f", file, db.env.DATABASE_URL ?? ""]);
    // A function's setting of pgvector is unknown in a session that has not loaded it, and then only a superuser's.
    t.regex(t.throws(restore)?.message ?? "", /permission denied to set parameter "hnsw\.iterative_scan"/);
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.unsafe(`create database ${name} owner ${role} template template0`);
    await superuser.unsafe("create extension vector; create extension pg_trgm");
    await admin.unsafe(`alter database ${name} set session_preload_libraries = vector, pg_trgm`);
    restore();
    await admin.unsafe(`alter database ${name} reset session_preload_libraries`);

    await createSource(restored);
    await insertParts(restored, 1, 20);
    await restored`select analytics_features.attach()`;
    t.deepEqual(await queued(restored), []);
    const [status] = await restored`select state, products::integer, embedded::integer from analytics_features.compute_status()`;
    t.deepEqual({ ...status }, { state: "complete", products: 20, embedded: 20 });
    t.is((await restored`select from analytics_features.search_products(${unitVector(7)}, 'cosine', 20)`).length, 20);
    const findings = await restored`select * from analytics_features.doctor()`;
    t.deepEqual(
      findings.filter(({ state }) => state === "error").map(({ check_name, finding }) => `${check_name}: ${finding}`),
      [],
    );
  } finally {
    await Promise.all([restored.end(), superuser.end()]);
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.unsafe(`drop role if exists ${role}`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a dump of a database whose extensions are not in public restores after they are dropped from the new one", async (t) => {
  const [from, to] = [`product_embeddings_elsewhere_${process.pid}`, `product_embeddings_elsewhere_restored_${process.pid}`];
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-restore-"));
  const file = join(folder, "all.dump");
  const admin = connect(serverUrl ?? "", 1);
  const psql = (name: string, ...args: string[]) =>
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", ...args, databaseUrl(name)], { stdio: "pipe" });
  const restore = () => execFileSync("pg_restore", ["--exit-on-error", "-d", databaseUrl(to), file], { stdio: "pipe" });
  try {
    await admin.unsafe(`create database ${from} template template0`);
    psql(from, "-c", "create schema extensions; create extension vector schema extensions; create extension pg_trgm schema extensions");
    t.is((await run("migrate", [], { DATABASE_URL: databaseUrl(from) })).code, 0);
    execFileSync("pg_dump", ["-Fc", "-f", file, databaseUrl(from)]);

    for (const dropped of [false, true]) {
      await admin.unsafe(`create database ${to} template template0`);
      psql(to, "-f", join(root, "sql/dba.sql"));
      if (dropped) psql(to, "-c", "drop extension vector, pg_trgm");
      if (dropped) t.notThrows(restore);
      else t.regex(t.throws(restore)?.message ?? "", /extensions\.vector.* does not exist/);
      if (!dropped) await admin.unsafe(`drop database ${to} with (force)`);
    }
    t.is((await run("migrate", [], { DATABASE_URL: databaseUrl(to) })).code, 0);
  } finally {
    for (const name of [from, to]) await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
