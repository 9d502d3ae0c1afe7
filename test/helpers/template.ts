import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, openDatabase } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings, root } from "../../runner/settings.ts";

/** Where the suite's server is; undefined means the embedded database. */
export const serverUrl = process.env.TEST_DATABASE_URL;

/** The migrated database that each test file starts from: a database on the server, a folder otherwise. */
export const templateDatabase = `product_embeddings_template_${migrationsHash()}`;
// Each user's own: what another one made may not be readable.
export const templateFolder = join(tmpdir(), `${templateDatabase}_${process.getuid?.() ?? 0}`);

/** Makes the template if these migrations have none yet. Run once before the suite (see package.json). */
export async function makeTemplate(): Promise<void> {
  if (serverUrl !== undefined) await makeTemplateOnServer(serverUrl);
  else await makeTemplateFolder();
}

/** @throws unless the template is there, which the suite's first step makes and a single `npx ava` does not */
export async function requireTemplate(admin?: ReturnType<typeof connect>): Promise<void> {
  const there =
    admin === undefined
      ? existsSync(templateFolder)
      : (await admin`select from pg_database where datname = ${templateDatabase} and datistemplate`).length > 0;
  if (!there) throw new Error("No test database was made yet for the migrations as they are: npm test -- test/….test.ts makes it first.");
}

/** The server's URL with another database. */
export function databaseUrl(database: string): string {
  const url = new URL(serverUrl ?? "");
  url.pathname = `/${database}`;
  return url.href;
}

async function makeTemplateOnServer(url: string): Promise<void> {
  const sql = connect(url, 1);
  try {
    const [there] = await sql`select from pg_database where datname = ${templateDatabase} and datistemplate`;
    if (there !== undefined) return;
    await sql.unsafe(`drop database if exists ${templateDatabase}`);
    await sql.unsafe(`create database ${templateDatabase}`);
    const settings = readSettings({ DATABASE_URL: databaseUrl(templateDatabase) });
    const database = await openDatabase(settings);
    // The groups are the whole server's and stay: tests that make them would leave others without their rights.
    execFileSync("psql", ["-qX", "-f", join(root, "sql/dba.sql"), databaseUrl(templateDatabase)], { stdio: "pipe" });
    await migrate(database, settings);
    await database.close();
    await waitForDisconnect(sql);
    // Marked last: a run that was cut off leaves none that looks whole.
    await sql.unsafe(`alter database ${templateDatabase} is_template true`);
  } finally {
    await sql.end();
  }
}

/** graphile-migrate keeps its pool for a moment, and a database that is connected to cannot be copied. */
async function waitForDisconnect(sql: ReturnType<typeof connect>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const [row] = await sql<{ n: number }[]>`select count(*)::integer as n from pg_stat_activity where datname = ${templateDatabase}`;
    if (row?.n === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Connections to ${templateDatabase} stay open.`);
}

async function makeTemplateFolder(): Promise<void> {
  if (existsSync(templateFolder)) return;
  const unfinished = `${templateFolder}.${process.pid}`;
  const settings = readSettings({ EMBEDDED_DATA_DIR: unfinished, EMBEDDED_PORT: "0" });
  const database = await openDatabase(settings);
  await migrate(database, settings);
  await database.close();
  rmSync(templateFolder, { recursive: true, force: true });
  renameSync(unfinished, templateFolder);
}

function migrationsHash(): string {
  const hash = createHash("sha256");
  const folder = join(root, "migrations/committed");
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  for (const file of ["package-lock.json", "sql/dba.sql", "test/helpers/template.ts"]) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 12);
}
