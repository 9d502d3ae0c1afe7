import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "./database.ts";
import { codeOf, Failure } from "./errors.ts";
import { withDatabase } from "./session.ts";
import type { Settings } from "./settings.ts";

/**
 * An empty database for the time of `use`, gone afterwards whatever happens: on the server of the settings,
 * or else embedded, in a temporary folder.
 *
 * @throws Failure PE102 the server's role may not create a database, or the server cannot be reached
 */
export async function withScratchDatabase<T>(settings: Settings, use: (database: Database, settings: Settings) => Promise<T>): Promise<T> {
  const run = (database: Settings["database"]) => {
    const own = { ...settings, database };
    return withDatabase(own, (opened) => use(opened, own));
  };
  if (settings.database.kind === "embedded") {
    const folder = mkdtempSync(join(tmpdir(), "product-embeddings-scratch-"));
    try {
      return await run({ kind: "embedded", dataDir: join(folder, "data"), port: 0, portIsFixed: false });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const name = `product_embeddings_scratch_${process.pid}_${Date.now().toString(36)}`;
  const url = new URL(settings.database.url);
  url.pathname = `/${name}`;
  await onServer(settings, async (sql) => {
    try {
      await sql`create database ${sql(name)} template template0`;
    } catch (error) {
      if (codeOf(error) !== "42501") throw error;
      throw new Failure(
        "PE102",
        "This role may not create a database, which a collection is measured in.",
        "alter role … createdb; or leave DATABASE_URL out for an embedded one.",
        { cause: error },
      );
    }
  });
  try {
    return await run({ kind: "server", url: url.href });
  } finally {
    await onServer(settings, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  }
}

async function onServer(settings: Settings, use: (sql: Database["sql"]) => Promise<unknown>): Promise<void> {
  await withDatabase(settings, async ({ sql }) => {
    await use(sql);
  });
}
