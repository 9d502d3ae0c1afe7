import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Failure } from "./errors.ts";

/** The folder of this checkout; bundled models, migrations and the embedded database lie below it. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Where the tables are: the embedded PostgreSQL, or a server that somebody runs. */
export type DatabaseSettings = { kind: "embedded"; dataDir: string; port: number; portIsFixed: boolean } | { kind: "server"; url: string };

export interface EncoderSettings {
  /** Model id as on the hub, such as `sentence-transformers/all-MiniLM-L6-v2`. */
  model: string;
  /** A folder that holds the model's files; wins over `model` for finding them. */
  modelPath: string | undefined;
  /** Where a model fetched from the hub is kept. */
  cacheDir: string;
  device: string;
}

export interface Settings {
  database: DatabaseSettings;
  /** Schema of our tables and functions. */
  schema: string;
  /** Name of the table of vectors in that schema. */
  table: string;
  /** Components a vector has. */
  dimension: number;
  /** The relation the products are read from. */
  source: { schema: string; table: string };
  encoder: EncoderSettings;
  /** Products claimed and stored together. */
  batchSize: number;
  /** When the worker compares source and vectors, as cron patterns; undefined is never. */
  cron: { reconcile: string | undefined; fullPass: string | undefined };
  logLevel: string;
}

/**
 * Reads the settings from `.env` and the environment (which wins); every variable is in docs/settings.md.
 *
 * @throws Failure PE100 a value is not valid; PE101 source and vectors are in two databases
 */
export function readSettings(env: NodeJS.ProcessEnv = environmentWithDotEnv()): Settings {
  // An empty variable is an unset one: compose files and shells hand on empty strings.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? "");
    throw new Failure(
      "PE100",
      `${name} ${issue?.message ?? "is not valid"}.`,
      `Correct ${name} in the environment or in .env; docs/settings.md lists what it takes.`,
    );
  }
  const v = parsed.data;
  refuseTwoDatabases(v);
  return {
    database: databaseSettings(v),
    schema: v.PGVECTOR_SCHEMA,
    table: v.PGVECTOR_TABLE,
    dimension: v.PGVECTOR_EMBEDDING_DIM,
    source: { schema: v.STAGING_DB_SCHEMA, table: v.STAGING_DB_TABLE },
    encoder: {
      model: v.EMBEDDING_MODEL,
      modelPath: v.EMBEDDING_MODEL_PATH === undefined ? undefined : resolve(v.EMBEDDING_MODEL_PATH),
      cacheDir: resolve(root, v.EMBEDDING_MODEL_CACHE_DIR),
      device: v.EMBEDDING_DEVICE,
    },
    batchSize: v.EMBEDDING_BATCH_SIZE,
    cron: { reconcile: v.RECONCILE_CRON, fullPass: v.FULL_PASS_CRON },
    logLevel: v.LOG_LEVEL,
  };
}

/** The connection string without its password, for messages. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  return shown.href;
}

/*
 * Our own names go into function bodies as they are, so they are held to what needs no quoting:
 * a stranger reading \df+ sees analytics_features.product_queue, not quotes. The source's names are
 * data and may be anything.
 */
const plainName = z.string().regex(/^[a-z_][a-z0-9_]{0,47}$/, "must be a plain name: lower-case letters, digits and _, at most 48");
const port = z.coerce
  .number("must be a port number")
  .int("must be a port number")
  .min(0, "must be a port number")
  .max(65535, "must be a port number");
const whole = (max: number) => {
  const message = `must be a whole number from 1 to ${max}`;
  return z.coerce.number(message).int(message).min(1, message).max(max, message);
};

/* The worker parses it, which takes graphile-worker; "off" is never. */
const cronPattern = z.string().transform((value) => (value === "off" ? undefined : value));

const variables = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "must be a URL such as postgres://user:password@host:5432/database" })
    .optional(),
  PGVECTOR_HOST: z.string().optional(),
  PGVECTOR_PORT: port.optional(),
  PGVECTOR_DATABASE: z.string().optional(),
  PGVECTOR_USER: z.string().optional(),
  PGVECTOR_PASSWORD: z.string().optional(),
  PGVECTOR_SCHEMA: plainName.default("analytics_features"),
  PGVECTOR_TABLE: plainName.default("product_embeddings"),
  // vector(n) ends at 16,000 components, and an HNSW index over one at 2,000.
  PGVECTOR_EMBEDDING_DIM: whole(2000).default(384),
  STAGING_DB_HOST: z.string().optional(),
  STAGING_DB_PORT: port.optional(),
  STAGING_DB_NAME: z.string().optional(),
  STAGING_DB_USER: z.string().optional(),
  STAGING_DB_PASSWORD: z.string().optional(),
  STAGING_DB_SCHEMA: z.string().default("staging_staging"),
  STAGING_DB_TABLE: z.string().default("stg_product"),
  EMBEDDING_MODEL: z.string().default("sentence-transformers/all-MiniLM-L6-v2"),
  EMBEDDING_MODEL_PATH: z.string().optional(),
  EMBEDDING_MODEL_CACHE_DIR: z.string().default(".cache/models"),
  EMBEDDING_DEVICE: z.string().default("cpu"),
  EMBEDDING_BATCH_SIZE: whole(1000).default(32),
  EMBEDDED_DATA_DIR: z.string().default(".data/embedded"),
  EMBEDDED_PORT: port.optional(),
  RECONCILE_CRON: cronPattern.default("*/5 * * * *"),
  FULL_PASS_CRON: cronPattern.default("0 2 * * *"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent").default("info"),
});
type Variables = z.infer<typeof variables>;

interface Place {
  host: string;
  port: number;
  database: string;
}

function databaseSettings(v: Variables): DatabaseSettings {
  if (v.DATABASE_URL !== undefined) return { kind: "server", url: v.DATABASE_URL };
  const place = vectorsPlace(v);
  if (place === undefined) {
    return {
      kind: "embedded",
      dataDir: resolve(root, v.EMBEDDED_DATA_DIR),
      port: v.EMBEDDED_PORT ?? 5433,
      portIsFixed: v.EMBEDDED_PORT !== undefined,
    };
  }
  const url = new URL("postgres://localhost");
  url.hostname = place.host.includes(":") ? `[${place.host}]` : place.host;
  url.port = String(place.port);
  url.pathname = `/${encodeURIComponent(place.database)}`;
  url.username = encodeURIComponent(v.PGVECTOR_USER ?? v.STAGING_DB_USER ?? "analytics");
  url.password = encodeURIComponent(v.PGVECTOR_PASSWORD ?? v.STAGING_DB_PASSWORD ?? "");
  return { kind: "server", url: url.href };
}

/** Where the vectors are by the seed's variables, with the seed's defaults; undefined when none is set. */
function vectorsPlace(v: Variables): Place | undefined {
  const set = [v.PGVECTOR_HOST, v.PGVECTOR_PORT, v.PGVECTOR_DATABASE, v.PGVECTOR_USER, v.PGVECTOR_PASSWORD];
  if (set.every((value) => value === undefined)) return stagingPlace(v, { host: "localhost", port: 5433, database: "analytics" });
  return { host: v.PGVECTOR_HOST ?? "localhost", port: v.PGVECTOR_PORT ?? 5433, database: v.PGVECTOR_DATABASE ?? "analytics" };
}

function stagingPlace(v: Variables, defaults: Place): Place | undefined {
  const set = [v.STAGING_DB_HOST, v.STAGING_DB_PORT, v.STAGING_DB_NAME, v.STAGING_DB_USER, v.STAGING_DB_PASSWORD];
  if (set.every((value) => value === undefined)) return undefined;
  return {
    host: v.STAGING_DB_HOST ?? defaults.host,
    port: v.STAGING_DB_PORT ?? defaults.port,
    database: v.STAGING_DB_NAME ?? defaults.database,
  };
}

/** Until two databases are supported, a pair that differs is a mistake that must not go unnoticed. */
function refuseTwoDatabases(v: Variables): void {
  const vectors = v.DATABASE_URL === undefined ? vectorsPlace(v) : placeOf(v.DATABASE_URL);
  if (vectors === undefined) return;
  const staging = stagingPlace(v, vectors);
  if (staging === undefined || nameOf(staging) === nameOf(vectors)) return;
  throw new Failure(
    "PE101",
    `The products (${nameOf(staging)}) and the vectors (${nameOf(vectors)}) are in two different databases, which is not supported.`,
    "Let STAGING_DB_* name the same database as PGVECTOR_* or DATABASE_URL, or leave STAGING_DB_* out.",
  );
}

function placeOf(databaseUrl: string): Place {
  const url = new URL(databaseUrl);
  return {
    host: url.searchParams.get("host") ?? (url.hostname || "localhost"),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
  };
}

function nameOf(place: Place): string {
  const host = place.host === "127.0.0.1" || place.host === "::1" || place.host === "[::1]" ? "localhost" : place.host.toLowerCase();
  return `${host}:${place.port}/${place.database}`;
}

/** `process.env` after `.env` (or the file that ENV_FILE names) filled in what was not set. */
function environmentWithDotEnv(): NodeJS.ProcessEnv {
  const file = resolve(root, process.env.ENV_FILE || ".env");
  if (existsSync(file)) process.loadEnvFile(file);
  return process.env;
}
