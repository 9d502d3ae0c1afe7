import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { migrate as runCommitted } from "graphile-migrate";
import { clearAllPools } from "graphile-migrate/dist/pgReal.js";
import { runMigrations } from "graphile-worker";
import { seeded, writeAtRandom } from "../../bench/load.ts";
import { migrateSettings, ownMigrations } from "../../runner/migrate.ts";
import { root } from "../../runner/settings.ts";
import { run, start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, insertParts, until } from "../helpers/source.ts";
import { notedStores, watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startWorker } from "../helpers/workers.ts";

/* Migrating while workers run, migrating that is cut off, and two versions at once. */
const test = anyTest.serial;
const db = useDatabase(anyTest, { migrated: false });
test.afterEach.always(killWorkers);

const committed = readdirSync(join(root, "migrations/committed")).sort();
const later = `${String(committed.length + 1).padStart(6, "0")}.sql`;

/** A database that has nothing of ours, and a source. */
const startOver = async () => {
  await db.sql.unsafe("drop schema if exists analytics_features, graphile_worker, graphile_migrate, staging_staging cascade");
  await createSource(db.sql);
};
/** Deploys only the first so many of our migrations, as an earlier checkout did. */
const migrateTo = async (count: number) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-earlier-"));
  mkdirSync(join(folder, "committed"));
  for (const file of committed.slice(0, count)) cpSync(join(root, "migrations/committed", file), join(folder, "committed", file));
  await runMigrations({ connectionString: db.database.url, noPreparedStatements: true });
  await runCommitted({ ...(await migrateSettings(db.database, db.settings)), migrationsFolder: folder }).finally(clearAllPools);
  rmSync(folder, { recursive: true });
};
/** What is there, so that two ways to it can be compared. */
const objects = async () => {
  const rows = await db.sql<{ name: string }[]>`
    select 'function ' || p.oid::regprocedure || ' ' || md5(p.prosrc) as name
    from pg_proc p where p.pronamespace = 'analytics_features'::regnamespace
    union all
    select 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'analytics_features'::regnamespace and a.attnum > 0 and not a.attisdropped
    union all
    select 'migration ' || filename from graphile_migrate.migrations
    order by 1`;
  return rows.map(({ name }) => name);
};

test("migrating that is killed at random moments completes when it is run again, with nothing half done", async (t) => {
  await startOver();
  const seed = Number(process.env.ABUSE_SEED ?? Date.now() % 1_000_000);
  t.log({ seed });
  const random = seeded(seed);
  let cutOff = 0;
  for (let times = 0; cutOff < 4 && times < 30; times++) {
    const migrating = start("migrate", [], db.env);
    // After its start, which touches nothing yet.
    await until(async () => migrating.process.exitCode !== null || (await migrates()), migrating.output());
    await new Promise((resolve) => setTimeout(resolve, random() * 600));
    migrating.process.kill("SIGKILL");
    if ((await migrating.ended).code === "SIGKILL") cutOff++;
    // It was through already, and the next one would have nothing to do.
    else await startOver();
  }
  t.is(cutOff, 4);
  const { code, stderr } = await run("migrate", [], db.env);
  t.is(code, 0, stderr);
  const after = await objects();
  await startOver();
  t.is((await run("migrate", [], db.env)).code, 0);
  t.deepEqual(after, await objects());
});

async function migrates(): Promise<boolean> {
  const [row] = await db.sql<{ there: boolean }[]>`
    select exists (select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())) as there`;
  return row?.there === true;
}

test("two that migrate an empty database at once both come through", async (t) => {
  await startOver();
  const results = await Promise.all([run("migrate", [], db.env), run("migrate", [], db.env)]);
  for (const { code, stderr } of results) t.is(code, 0, stderr);
  const [row] = await db.sql`select count(*)::integer as n from graphile_migrate.migrations`;
  t.is(row?.n, committed.length);
});

test("a newer migration runs while a worker and writers are at it: nothing is lost, and nothing is encoded twice", async (t) => {
  await startOver();
  t.is((await run("migrate", [], db.env)).code, 0);
  await watchStores(db.sql);
  await insertParts(db.sql, 1, 300);
  const running = await startWorker(db.env);
  const random = seeded(7);
  let writing = true;
  const writer = (async () => {
    while (writing) {
      await writeAtRandom(db.sql, random, 320);
      await new Promise((resolve) => setTimeout(resolve, random() * 50));
    }
  })();
  await until(async () => (await notedStores(db.sql)).stored > 0, "the first are stored", 90);
  await deployNewer("alter table :PGVECTOR_SCHEMA.product_claims add column note text;");
  writing = false;
  await writer;
  await drainedBy(db.sql, running);
  await allIsTrue(t, db.sql);
  // What it calls is still there, so it goes on; a new one of its version is not started on what it does not know.
  await endsWell(t, running);
  const refused = await run("worker", [], db.env);
  t.is(refused.code, 3);
  t.is(
    refused.stderr,
    `PE172: The database is newer than this checkout, which lacks ${later}.\n→ Deploy the version that migrated it; going back: docs/upgrade.md\n`,
  );
});

test("a worker whose functions are gone because a later version was migrated ends, and says why", async (t) => {
  await startOver();
  t.is((await run("migrate", [], db.env)).code, 0);
  await insertParts(db.sql, 1, 5);
  const worker = await startWorker(db.env);
  await drainedBy(db.sql, worker);
  await deployNewer("alter function :PGVECTOR_SCHEMA.claim_products(text, integer, integer) rename to claim_documents;");
  await insertParts(db.sql, 6, 10);
  const { code, stderr } = await worker.ended;
  t.is(code, 3, stderr);
  t.true(stderr.includes(`PE172: The database is newer than this checkout, which lacks ${later}.\n→ `), stderr);
});

test("a worker is not started on a database that lacks a migration of its version", async (t) => {
  await startOver();
  await migrateTo(committed.length - 1);
  for (const command of ["worker", "embed"]) {
    const { code, stderr } = await run(command, [], db.env);
    t.is(code, 3);
    t.regex(stderr, /^PE103: .*(earlier version|Not migrated yet)/);
    t.regex(stderr, /→ npm run migrate\n$/);
  }
});

/** Deploys as a later version would: with this one's migrations and one more. */
async function deployNewer(statements: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-later-"));
  cpSync(join(root, "migrations/committed"), join(folder, "committed"), { recursive: true });
  const previous = Object.values(ownMigrations()).at(-1);
  const head = `--! Previous: ${previous}\n--! Hash: sha1:later\n--! AllowInvalidHash\n`;
  writeFileSync(join(folder, "committed", `${later.replace(".sql", "-later.sql")}`), `${head}\n${statements}\n`);
  await runCommitted({ ...(await migrateSettings(db.database, db.settings)), migrationsFolder: folder }).finally(clearAllPools);
  rmSync(folder, { recursive: true });
}
