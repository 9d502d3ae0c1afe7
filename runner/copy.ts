import type { Sql } from "./database.ts";
import { codeOf, Failure } from "./errors.ts";
import { type Login, nameOf, type Settings } from "./settings.ts";

export interface Refreshed {
  /** incremental, full, rebuilt, failed, busy, not due or not connected. */
  outcome: string;
  inserted: number;
  updated: number;
  deleted: number;
  /** Why it failed; null when it did not. */
  error: string | null;
  /** Whether the one before ended otherwise. */
  is_news: boolean;
}

/** Takes the products from another database from now on: a copy is made, or brought up to date. */
export async function connectSource(sql: Sql, { schema, source }: Settings, upstream: Login): Promise<void> {
  const { host, port, database, user, password } = upstream;
  await sql`
    select ${sql(schema)}.connect_source(${host}, ${port}, ${database}, ${user}, ${password ?? null}, ${source.schema}, ${source.table})`;
}

export async function sourceIsCopy(sql: Sql, { schema }: Settings): Promise<boolean> {
  return (await sql`select from ${sql(schema)}.source_connection`).length > 0;
}

/**
 * A setting that names another database than the products come from must not go unnoticed.
 *
 * @throws Failure PE101 the products are not taken from where the settings say
 */
export async function requireConnected(sql: Sql, { schema, source, upstream }: Settings): Promise<void> {
  if (upstream === undefined) return;
  const meant = `${nameOf(upstream)} ${source.schema}.${source.table}`;
  // The view and not the table: a reader may search too.
  const [row] = await sql<{ host: string; port: number; database: string; source_schema: string; source_table: string }[]>`
    select host, port, database, source_schema, source_table from ${sql(schema)}.source_copy_status`;
  const actual = row && `${nameOf(row)} ${row.source_schema}.${row.source_table}`;
  if (actual === meant) return;
  throw new Failure(
    "PE101",
    `By STAGING_DB_* the products are in another database, ${meant}, and ${actual === undefined ? "it is not connected" : `they are taken from ${actual}`}.`,
    "npm run migrate, which connects it; or let STAGING_DB_* name the database of the vectors, or leave them out.",
  );
}

/**
 * Takes up what changed in the other database, if the products are there. What hangs is given up after
 * source_connection.time_limit, also where it is the other server that does not answer.
 */
export async function refreshCopy(sql: Sql, schema: string, options: { onlyIfDue?: boolean } = {}): Promise<Refreshed> {
  const started = performance.now();
  try {
    return await sql.begin(async (transaction) => {
      // Counted from the start of a statement, so that it cannot be the function's own.
      await transaction`
        select pg_catalog.set_config('statement_timeout', (extract(epoch from c.time_limit) * 1000)::bigint::text, true)
        from ${sql(schema)}.source_connection c`;
      const [row] = await transaction<Refreshed[]>`
        select outcome, inserted::integer, updated::integer, deleted::integer, error, is_news
        from ${sql(schema)}.refresh_copy(only_if_due => ${options.onlyIfDue === true})`;
      return row as Refreshed;
    });
  } catch (error) {
    if (codeOf(error) !== "57014") throw error;
    const reason = "the refresh was not through within its time limit, or was cancelled";
    const seconds = (performance.now() - started) / 1000;
    const [row] = await sql<{ is_news: boolean }[]>`
      select ${sql(schema)}.note_copy_failure(${reason}, ${seconds} * interval '1 second') as is_news`;
    return { outcome: "failed", inserted: 0, updated: 0, deleted: 0, error: reason, is_news: row?.is_news === true };
  }
}
