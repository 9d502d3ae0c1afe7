import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseCronItems } from "graphile-worker";
import postgres from "postgres";
import { requireConnected } from "./copy.ts";
import { connect, type Database, openDatabase, type Sql } from "./database.ts";
import { codeOf, Failure } from "./errors.ts";
import { ownMigrations, requireSameTable } from "./migrate.ts";
import { findModelFiles } from "./model-files.ts";
import { readSettings, root, type Settings, settingNames, withoutPassword } from "./settings.ts";

export interface Finding {
  check: string;
  state: "ok" | "warning" | "error";
  /** One sentence. */
  finding: string;
  /** What to do about it, with the command; null where nothing is to be done. */
  fix: string | null;
}

/**
 * Looks at everything that has to be right, and stops nowhere: what cannot be looked at is a finding.
 * What the database can say is its function doctor(); here is what only this side knows.
 *
 * @param env the settings' variables; .env and the environment when left out
 */
export async function examine(env?: NodeJS.ProcessEnv): Promise<Finding[]> {
  const findings: Finding[] = [node(), driver()];
  let settings: Settings;
  try {
    settings = env === undefined ? readSettings() : readSettings(env);
  } catch (error) {
    return [...findings, failed("settings", error)];
  }
  findings.push(...checkSettings(settings, env ?? process.env));

  let database: Database;
  try {
    database = await openDatabase(settings, { max: 2 });
  } catch (error) {
    return [...findings, ...(await checkModel(settings)).findings, failed("database", error)];
  }
  try {
    const model = await checkModel(settings, await storedModel(database.sql, settings));
    findings.push(...model.findings, reached(database));
    if (!database.embedded) findings.push(await checkPooler(database.url));
    const otherTable = await requireSameTable(database.sql, settings).catch((error) => failed("table", error));
    if (otherTable !== undefined) findings.push(otherTable);
    const said = await askDatabase(database.sql, settings, model.known);
    // The embedded server has one role, a superuser, and nobody else gets there.
    findings.push(...said.filter(({ check, state }) => !(database.embedded && check === "role" && state === "warning")));
  } catch (error) {
    findings.push(failed("database", error));
  } finally {
    await database.close();
  }
  return findings;
}

/** Connections that a worker opens: five as it is, and one for each task that goes on beside the encoding. */
const workerConnections = 10;

function node(): Finding {
  const wanted = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } }).engines.node;
  const [major = 0, minor = 0] = wanted.replace(/^\D+/, "").split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split(".").map(Number);
  const enough = ownMajor > major || (ownMajor === major && ownMinor >= minor);
  return enough
    ? ok("node", `Node ${process.versions.node}.`)
    : { check: "node", state: "error", finding: `Node ${process.versions.node} is too old.`, fix: `Install Node ${wanted}` };
}

/** An installation that runs no scripts leaves the driver as it was published. */
function driver(): Finding {
  return "mended" in postgres
    ? ok("driver", "The database driver is mended (patches/).")
    : {
        check: "driver",
        state: "error",
        finding: "The database driver is as published: after a lost connection it may wait for good, or use another's.",
        fix: "npx patch-package, which npm ci does unless it is told to run no scripts",
      };
}

/** What is no error at start and yet not what was meant: a misspelt name, a pattern that the worker will refuse. */
function checkSettings(settings: Settings, env: NodeJS.ProcessEnv): Finding[] {
  const findings: Finding[] = [];
  const unknown = Object.keys(env).filter(
    (name) => /^(PGVECTOR|STAGING_DB|EMBEDDING|EMBEDDED|HTTP)_/.test(name) && !settingNames.includes(name) && env[name] !== "",
  );
  if (unknown.length > 0) {
    findings.push({
      check: "settings",
      state: "warning",
      finding: `No settings, and so without effect: ${unknown.join(", ")}.`,
      fix: "docs/settings.md has the names; take these out of the environment or of .env",
    });
  }
  for (const [variable, pattern] of [
    ["RECONCILE_CRON", settings.cron.reconcile],
    ["FULL_PASS_CRON", settings.cron.fullPass],
  ] as const) {
    try {
      if (pattern !== undefined) parseCronItems([{ task: "any", match: pattern }]);
    } catch {
      const fix = `Five fields in UTC, such as ${variable}="*/5 * * * *"; or off`;
      findings.push({ check: "settings", state: "error", finding: `${variable}=${pattern} is not a cron pattern.`, fix });
    }
  }
  if (settings.cron.reconcile === undefined && settings.cron.fullPass === undefined) {
    findings.push({
      check: "settings",
      state: "warning",
      finding: "RECONCILE_CRON and FULL_PASS_CRON are both off: what no trigger saw is not found.",
      fix: 'RECONCILE_CRON="*/5 * * * *", or: npm run embed from cron',
    });
  }
  return findings.length > 0 ? findings : [ok("settings", "Each is valid.")];
}

/** The model that a worker would load here: the one that is stored, unless the settings name one. */
async function storedModel(sql: Sql, settings: Settings): Promise<string | undefined> {
  if (settings.encoder.isExplicit) return undefined;
  try {
    const [row] = await sql<{ name: string }[]>`select name from ${sql(settings.schema)}.model_status where state = 'active'`;
    return row?.name;
  } catch {
    // Not migrated, or no right to look: said elsewhere.
    return undefined;
  }
}

/** The files, their sums and their dimension, without loading the model. */
async function checkModel(
  settings: Settings,
  stored?: string,
): Promise<{ findings: Finding[]; known: { model?: string; revision?: string } }> {
  try {
    const { name, folder, revision } = await findModelFiles({ ...settings.encoder, model: stored ?? settings.encoder.model });
    if (folder === undefined || revision === undefined) {
      const finding = `The model ${name} is not on this machine yet; the first start fetches it from the hub.`;
      const fix = "Fetch it now: npm run embed -- --limit 1;  or EMBEDDING_MODEL_PATH, EMBEDDING_MODEL_CACHE_DIR: docs/models.md";
      return { findings: [{ check: "model", state: "warning", finding, fix }], known: {} };
    }
    const dimension = dimensionOf(folder);
    // The variable is for a new table: of what is stored the database knows whether it fits.
    if (stored === undefined && dimension !== undefined && dimension !== settings.dimension) {
      const finding = `Configured embedding dimension (${settings.dimension}) does not match model output (${dimension})`;
      const fix = `PGVECTOR_EMBEDDING_DIM=${dimension}, or a model of ${settings.dimension} dimensions: docs/models.md`;
      return { findings: [{ check: "model", state: "error", finding, fix }], known: {} };
    }
    return {
      findings: [ok("model", `${name} (${revision}): its files are there, and their sums are right.`)],
      known: { model: name, revision },
    };
  } catch (error) {
    return { findings: [failed("model", error)], known: {} };
  }
}

function dimensionOf(folder: string): number | undefined {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
  const dimension = config.hidden_size ?? config.dim ?? config.d_model;
  return typeof dimension === "number" ? dimension : undefined;
}

function reached(database: Database): Finding {
  return ok("database", `${withoutPassword(database.url)}${database.embedded ? " (embedded)" : ""} answers.`);
}

/**
 * Two open connections have two backends, unless a pooler deals out backends by the transaction. A
 * pooler by the session looks like none, and needs nothing from us.
 */
async function checkPooler(url: string): Promise<Finding> {
  const [one, other] = [connect(url, 1), connect(url, 1)];
  try {
    const backend = async (sql: Sql) => (await sql<{ pid: number }[]>`select pg_catalog.pg_backend_pid() as pid`)[0]?.pid;
    for (let round = 0; round < 5; round++) {
      if ((await backend(one)) === (await backend(other))) {
        return {
          check: "pooler",
          state: "warning",
          finding:
            "A pooler in transaction mode is in between: wake-ups may come seconds late, and two migrations at once would not wait for each other.",
          fix: "Let DATABASE_URL of npm run migrate and npm run worker name the server itself: docs/scaling-out.md",
        };
      }
    }
    return ok("pooler", "None in transaction mode.");
  } finally {
    await Promise.all([one.end(), other.end()]);
  }
}

async function askDatabase(sql: Sql, settings: Settings, model: { model?: string; revision?: string }): Promise<Finding[]> {
  const [installed] = await sql<{ there: boolean }[]>`
    select exists (
      select from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ${settings.schema} and p.proname = 'doctor'
    ) as there`;
  if (installed?.there !== true) {
    const finding = `The database has no schema ${settings.schema} of ours, or that of an earlier version.`;
    return [{ check: "migrations", state: "error", finding, fix: "npm run migrate" }];
  }
  const client = {
    now: new Date().toISOString(),
    migrations: ownMigrations(),
    jobs_version: ownJobsVersion(),
    dimension: settings.dimension,
    source: settings.upstream === undefined ? await quoted(sql, settings) : undefined,
    connections: workerConnections,
    ...model,
  };
  try {
    const rows = await sql<Finding[]>`
      select check_name as "check", state, finding, fix from ${sql(settings.schema)}.doctor(${JSON.stringify(client)}::text::jsonb)`;
    const connected = await requireConnected(sql, settings).then(
      () => [],
      // Who may not see it, or has an earlier version, is told so by the rest.
      (error) => (error instanceof Failure ? [failed("source", error)] : []),
    );
    return [...rows, ...connected];
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    const [row] = await sql<{ name: string }[]>`select current_user as name`;
    const finding = `${row?.name} may do nothing here: it is no member of a group of ours.`;
    const fix = `As a superuser: grant product_embeddings_reader to ${row?.name};  (or …_worker, …_attacher: docs/security.md)`;
    return [{ check: "role", state: "error", finding, fix }];
  }
}

/** As the status names the source. */
async function quoted(sql: Sql, { source }: Settings): Promise<string | undefined> {
  const [row] = await sql<{ name: string }[]>`select pg_catalog.format('%I.%I', ${source.schema}::text, ${source.table}::text) as name`;
  return row?.name;
}

/** The migrations that our version of graphile-worker brings, by its files. */
function ownJobsVersion(): number {
  const folder = join(dirname(createRequire(import.meta.url).resolve("graphile-worker/package.json")), "sql");
  return Math.max(...readdirSync(folder).map((file) => Number.parseInt(file, 10)));
}

function ok(check: string, finding: string): Finding {
  return { check, state: "ok", finding, fix: null };
}

function failed(check: string, error: unknown): Finding {
  const code = codeOf(error);
  const sentence = error instanceof Error ? error.message : String(error);
  return {
    check,
    state: "error",
    finding: code === undefined ? sentence : `${code}: ${sentence}`,
    fix: error instanceof Failure ? error.hint : ((error as { hint?: string }).hint ?? null),
  };
}
