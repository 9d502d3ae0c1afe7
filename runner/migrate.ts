import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Logger } from "@graphile/logger";
import { connectSource, requireConnected, sourceIsCopy } from "./copy.ts";
import type { Database, Sql } from "./database.ts";
import { codeOf, Failure } from "./errors.ts";
import { root, type Settings } from "./settings.ts";

export interface MigrateResult {
  /** Whether the source of the products exists. */
  sourceExists: boolean;
  /** Whether the triggers are on it now. */
  attached: boolean;
  /** Products queued by attaching; 0 without a source. */
  queued: number;
}

/**
 * The deploy step: the worker's schema, then the committed migrations, then the triggers if the
 * source is there; where that is in another database, the copy of it. Safe to repeat, and from two places
 * at once: the second waits for the first.
 *
 * @throws the server's PE150 to PE154 the other database cannot be connected; Failure PE103 the database was migrated for another schema or table; PE105 it is not encoded in UTF8; PE172 by a later version, or by a state that was never released; PE100 a name that needs quoting; PE175 a view reads what a migration has to change
 */
export async function migrate(database: Database, settings: Settings): Promise<MigrateResult> {
  // Here and not above: most commands only look whether this was done, and the two take as long to load as a search.
  const { runMigrations } = await import("graphile-worker");
  const { migrate: runCommitted } = await import("graphile-migrate");
  // Not public, hence the exact version in package.json: without it the tool keeps its connections for
  // a moment and ends the process when the embedded server goes away in that time.
  const { clearAllPools } = await import("graphile-migrate/dist/pgReal.js");
  await refuseOtherEncodings(database.sql);
  const lock = await database.sql.reserve();
  try {
    await lock`select pg_catalog.pg_advisory_lock(pg_catalog.hashtext('product-embeddings migrate'))`;
    try {
      await refuseReservedNames(lock, settings);
      await followSchemaName(lock, settings);
      await requireSameTable(lock, settings);
      await refuseOtherHistory(lock, settings);
      await runMigrations({ connectionString: database.url, noPreparedStatements: true, logger: quiet });
      await runCommitted(await migrateSettings({ sql: lock, url: database.url }, settings))
        .catch((error) => {
          throw inTheWay(error);
        })
        .finally(clearAllPools);
      await lock`select ${lock(settings.schema)}.create_product_embeddings(${settings.dimension})`;
      await lock`select ${lock(settings.schema)}.grant_roles()`;
      if (settings.upstream !== undefined) await connectSource(lock, settings, settings.upstream);
      // What somebody connected by hand stays until disconnect_source().
      else if (!(await sourceIsCopy(lock, settings))) {
        await lock`select ${lock(settings.schema)}.set_source(${settings.source.schema}, ${settings.source.table})`;
      }
    } finally {
      await lock`select pg_catalog.pg_advisory_unlock(pg_catalog.hashtext('product-embeddings migrate'))`;
    }
  } finally {
    lock.release();
  }
  return attach(database.sql, settings);
}

/** Puts the triggers on the source if it exists and is ours to change; says what came of it. */
export async function attach(sql: Sql, settings: Settings): Promise<MigrateResult> {
  const schema = sql(settings.schema);
  try {
    const [row] = await sql<{ queued: string }[]>`select ${schema}.attach() as queued`;
    return { sourceExists: true, attached: true, queued: Number(row?.queued ?? 0) };
  } catch (error) {
    if (codeOf(error) === "PE001") return { sourceExists: false, attached: false, queued: 0 };
    if (codeOf(error) === "PE029") {
      // The hook is gone: nothing can be compared until it is back, which the status says; the triggers can be put on.
      await sql`select ${schema}.attach_triggers()`;
      return { sourceExists: true, attached: true, queued: 0 };
    }
    // 42501: the table belongs to dbt's role, who has to attach; what changed is found without triggers.
    if (codeOf(error) !== "42501") throw error;
    return { sourceExists: true, attached: false, queued: await reconcileIfReadable(sql, settings) };
  }
}

/** Before its owner attached for the first time, we may not even be allowed to read the source. */
async function reconcileIfReadable(sql: Sql, settings: Settings): Promise<number> {
  try {
    const [row] = await sql<{ queued: string }[]>`select ${sql(settings.schema)}.reconcile() as queued`;
    return Number(row?.queued ?? 0);
  } catch (error) {
    if (codeOf(error) !== "PE005") throw error;
    return 0;
  }
}

/** @throws Failure PE103 unless the schema is there, with this table of vectors, and at least as new as this checkout needs; PE101 unless it reads the products that are meant */
export async function requireMigrated(sql: Sql, settings: Settings): Promise<void> {
  const [row] = await sql<{ there: boolean }[]>`
    select pg_catalog.to_regclass(${`${settings.schema}.model_preparation`}) is not null as there`;
  if (row?.there !== true) {
    throw new Failure("PE103", `The database has no schema ${settings.schema} of ours, or that of an earlier version.`, "npm run migrate");
  }
  const installed = await installedSchema(sql, settings.schema);
  if (installed?.written === false) {
    throw new Failure(
      "PE103",
      `The schema ${settings.schema} was renamed, and its functions still have its former name.`,
      "npm run migrate",
    );
  }
  await requireSameTable(sql, settings);
  return requireConnected(sql, settings);
}

/** @throws Failure PE103 the database was migrated for a table of vectors of another name, which stands in the functions' bodies */
export async function requireSameTable(sql: Sql, settings: Settings): Promise<void> {
  const [installed] = await sql<{ table: string | null }[]>`
    select substring(p.prosrc from 'v_table text := ''([a-z0-9_]+)''') as table
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = ${settings.schema} and p.proname = 'create_product_embeddings'`;
  const table = installed?.table ?? settings.table;
  if (table === settings.table) return;
  throw new Failure(
    "PE103",
    `This database was migrated with PGVECTOR_TABLE=${table}, not ${settings.table}.`,
    `Set PGVECTOR_TABLE=${table}, or use another database.`,
  );
}

/**
 * For whoever encodes: nothing that an earlier or a later version made is written to on the assumption that it fits.
 *
 * @throws the server's 42501 for who is no worker; Failure PE103 a migration of this checkout has not run; PE172 one ran that it does not have, or another of the same name
 */
export async function requireSameMigrations(sql: Sql, settings: Settings): Promise<void> {
  const [problem] = await sql<{ finding: string; fix: string }[]>`
    select finding, fix from ${sql(settings.schema)}.doctor_migrations(${JSON.stringify({ migrations: ownMigrations() })}::text::jsonb)
    where check_name = 'migrations' and state = 'error'`.catch(async (error) => {
    // Of before that function was there, or was anybody's but the owner's.
    if (codeOf(error) !== "42883" && !(codeOf(error) === "42501" && (await isWorker(sql)))) throw error;
    return [{ finding: `The schema ${settings.schema} is of an earlier version.`, fix: "npm run migrate" }];
  });
  if (problem !== undefined) throw new Failure(problem.fix === "npm run migrate" ? "PE103" : "PE172", problem.finding, problem.fix);
}

/** What has not run yet is about to; before the first migration there is nothing to compare. */
async function refuseOtherHistory(sql: Sql, settings: Settings): Promise<void> {
  await requireSameMigrations(sql, settings).catch((error) => {
    if (!["PE103", "3F000", "42P01"].includes(codeOf(error) ?? "")) throw error;
  });
}

async function isWorker(sql: Sql): Promise<boolean> {
  const groups = await sql`
    select from pg_catalog.pg_roles r where r.rolname = 'product_embeddings_worker' and pg_catalog.pg_has_role(r.oid, 'usage')`;
  return groups.length > 0;
}

/** Each committed migration by the name that graphile-migrate records, with its hash. */
export function ownMigrations(): Record<string, string> {
  const folder = join(root, "migrations/committed");
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith(".sql"))
      .map((file) => [`${file.slice(0, 6)}.sql`, /^--! Hash: (\S+)/m.exec(readFileSync(join(folder, file), "utf8"))?.[1] ?? ""]),
  );
}

/** What graphile-migrate needs, for the command here and for its own command line (scripts/db.ts). */
export async function migrateSettings(database: Pick<Database, "sql" | "url">, settings: Settings) {
  return {
    connectionString: database.url,
    migrationsFolder: `${root}/migrations`,
    placeholders: Object.fromEntries(
      Object.entries(await placeholders(database.sql, settings)).map(([name, value]) => [`:${name}`, value]),
    ),
    logger: quiet,
  };
}

export async function placeholders(sql: Sql, settings: Settings): Promise<Record<string, string>> {
  const extensions = await sql<{ name: string; schema: string }[]>`
    select e.extname as name, n.nspname as schema
    from pg_catalog.pg_extension e
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname in ('vector', 'pg_trgm')`;
  const schemaOf = (name: string) => extensions.find((extension) => extension.name === name)?.schema;
  const vectorSchema = schemaOf("vector") ?? "public";
  return {
    PGVECTOR_SCHEMA: settings.schema,
    PGVECTOR_TABLE: settings.table,
    PGVECTOR_EMBEDDING_DIM: String(settings.dimension),
    VECTOR_SCHEMA: vectorSchema,
    // Made by the migration where it is not there yet.
    TRGM_SCHEMA: schemaOf("pg_trgm") ?? vectorSchema,
  };
}

/** What else depends on an object of ours; the server's own hint is to drop it with ours. */
function inTheWay(error: unknown): unknown {
  const { detail } = error as { detail?: unknown };
  if (!["2BP01", "0A000"].includes(codeOf(error) ?? "") || typeof detail !== "string" || !/ depends on /.test(detail)) return error;
  return new Failure(
    "PE175",
    `A migration has to change what something of yours reads: ${detail.replaceAll("\n", "; ")}.`,
    "Keep its definition, drop it, npm run migrate, and make it anew.",
    { cause: error },
  );
}

/** Both tools log every step; what a person has to know is in the result and in the errors. */
const quiet = new Logger(() => () => {});

/** Product texts are in any script, and the migrations themselves have letters that other encodings lack. */
async function refuseOtherEncodings(sql: Sql): Promise<void> {
  const [row] = await sql<{ database: string; encoding: string }[]>`
    select pg_catalog.current_database() as database, pg_catalog.getdatabaseencoding() as encoding`;
  if (row === undefined || row.encoding === "UTF8") return;
  throw new Failure(
    "PE105",
    `The database ${row.database} is encoded in ${row.encoding}, and only UTF8 will do.`,
    "Its encoding stays what it is, so make another and use that: create database … encoding 'UTF8' template template0;",
  );
}

async function refuseReservedNames(sql: Sql, settings: Settings): Promise<void> {
  for (const [variable, name] of [
    ["PGVECTOR_SCHEMA", settings.schema],
    ["PGVECTOR_TABLE", settings.table],
  ] as const) {
    const [row] = await sql<{ quoted: string }[]>`select pg_catalog.quote_ident(${name}) as quoted`;
    if (row?.quoted !== name) {
      throw new Failure("PE100", `${variable}=${name} is a reserved word of SQL.`, `Choose another name for ${variable}.`);
    }
  }
}

/**
 * Committed migrations run once a database: with another name in the settings they would silently not
 * run. A schema that was renamed by hand is mended, since nothing in it works until then.
 */
async function followSchemaName(sql: Sql, settings: Settings): Promise<void> {
  const installed = await installedSchema(sql);
  if (installed === undefined) return;
  if (installed.schema !== settings.schema) {
    throw new Failure(
      "PE103",
      `This database was migrated with PGVECTOR_SCHEMA=${installed.schema}, not ${settings.schema}.`,
      `Set PGVECTOR_SCHEMA=${installed.schema}, rename it: select ${installed.schema}.rename_schema('${settings.schema}');  or use another database.`,
    );
  }
  if (!installed.written && installed.renames) await sql`select ${sql(settings.schema)}.rename_schema(${settings.schema})`;
}

/** Our schema, of this name or whichever it is called: whether its functions name it as it is called now, and can be made to. */
async function installedSchema(
  sql: Sql,
  name: string | null = null,
): Promise<{ schema: string; written: boolean; renames: boolean } | undefined> {
  const [installed] = await sql<{ schema: string; written: boolean; renames: boolean }[]>`
    select n.nspname as schema, p.prosrc operator(pg_catalog.~) pg_catalog.format(E'\\\\m%s\\\\.', n.nspname) as written,
      exists (select from pg_catalog.pg_proc r where r.pronamespace = n.oid and r.proname = 'rename_schema') as renames
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.proname = 'tg__product_changed' and n.nspname = coalesce(${name}, n.nspname)`;
  return installed;
}
