import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestFn } from "ava";
import { connect, type Database, openDatabase, type Sql } from "../../runner/database.ts";
import { readSettings, type Settings } from "../../runner/settings.ts";
import { databaseUrl, requireTemplate, serverUrl, templateDatabase, templateFolder } from "./template.ts";

export interface TestDatabase {
  /** Set before the first test of the file runs. */
  sql: Sql;
  database: Database;
  settings: Settings;
  /** The variables that lead a command to this database. */
  env: Record<string, string>;
}

/**
 * A database of this test file's own, copied from the migrated template (or empty), gone when the
 * file is through.
 */
export function useDatabase(test: TestFn, options: { migrated?: boolean; variables?: Record<string, string> } = {}): TestDatabase {
  const { migrated = true, variables = {} } = options;
  const own = {} as TestDatabase;
  let drop = async () => {};
  test.before("make the database", async () => {
    const made = serverUrl === undefined ? await makeFolder(migrated) : await makeOnServer(serverUrl, migrated);
    drop = made.drop;
    own.env = { ...made.env, ...variables };
    own.settings = readSettings(own.env);
    own.database = await openDatabase(own.settings, { max: 10 });
    own.sql = own.database.sql;
    if (!migrated && serverUrl !== undefined) await own.sql`create extension vector`;
  });
  test.after.always("drop the database", async () => {
    await own.database?.close();
    await drop();
  });
  return own;
}

async function makeOnServer(url: string, migrated: boolean) {
  const name = `product_embeddings_test_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  const admin = connect(url, 1);
  if (migrated) await requireTemplate(admin);
  await admin.unsafe(`create database ${name} template ${migrated ? templateDatabase : "template0"}`);
  const drop = async () => {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  };
  return { env: { DATABASE_URL: databaseUrl(name) }, drop };
}

async function makeFolder(migrated: boolean) {
  if (migrated) await requireTemplate();
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-test-"));
  const dataDir = join(folder, "data");
  if (migrated) cpSync(templateFolder, dataDir, { recursive: true });
  const drop = async () => rmSync(folder, { recursive: true, force: true });
  return { env: { EMBEDDED_DATA_DIR: dataDir, EMBEDDED_PORT: "0" }, drop };
}
