import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Failure } from "./errors.ts";

/** The folder of this checkout; bundled models, migrations and the embedded database lie below it. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Where the tables are: the embedded PostgreSQL, or a server that somebody runs. */
export type DatabaseSettings = { kind: "embedded"; dataDir: string; port: number; portIsFixed: boolean } | { kind: "server"; url: string };

/** A database and who connects to it. */
export interface Login {
  host: string;
  port: number;
  database: string;
  user: string;
  /** Undefined where none was given: then the one that the database keeps from before is used. */
  password: string | undefined;
}

export interface EncoderSettings {
  /** Model id as on the hub, such as `sentence-transformers/all-MiniLM-L6-v2`. */
  model: string;
  /** Whether it was asked for, by name or folder; otherwise the model of the vectors that are there is taken. */
  isExplicit: boolean;
  /** Which of its precisions; undefined is the exact one, or what `model` names already. */
  precision: "int8" | undefined;
  /** A folder that holds the model's files; wins over `model` for finding them. */
  modelPath: string | undefined;
  /** Where a model fetched from the hub is kept. */
  cacheDir: string;
  device: string;
  /** Threads that encode; undefined is one for each core. */
  threads: number | undefined;
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
  /** Where that is when it is in another database than the vectors; the database server connects there, not we. */
  upstream: Login | undefined;
  encoder: EncoderSettings;
  /** Products claimed and stored together. */
  batchSize: number;
  /** Milliseconds without a byte after which a connection is looked into. */
  silence: number;
  /** When the worker compares source and vectors, as cron patterns; undefined is never. */
  cron: { reconcile: string | undefined; fullPass: string | undefined };
  http: HttpSettings;
  logLevel: string;
}

/** What `npm run serve` listens to, asks for, and puts up with. */
export interface HttpSettings {
  host: string;
  port: number;
  /** Without it any free port will do when the default one is taken. */
  portIsFixed: boolean;
  /** Who may read, and who may do what the operator's panel does as well: keys, or their SHA-256 as `sha256:…`. */
  keys: readonly string[];
  operatorKeys: readonly string[];
  corsOrigins: readonly string[];
  /** Requests of one client in a minute; undefined is any number. */
  rateLimit: number | undefined;
  /** Whether a proxy in front says who the client is. */
  trustProxy: boolean;
  /** Connections to the database, and how many requests may wait for one. */
  poolSize: number;
  queueSize: number;
  /** Milliseconds: for all of a request; for a query's vector where the request does not say; between SIGTERM and closing. */
  timeout: number;
  wait: number;
  drain: number;
  /** Requests that may wait for their query's vector at once. */
  maxWaiting: number;
  bodyLimit: number;
  logQueries: boolean;
}

/**
 * Reads the settings from `.env` and the environment (which wins); every variable is in docs/settings.md.
 *
 * @throws Failure PE100 a value is not valid
 */
export function readSettings(env: NodeJS.ProcessEnv = environmentWithDotEnv()): Settings {
  // An empty variable is an unset one: compose files and shells hand on empty strings.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw notValid(String(issue?.path[0] ?? ""), issue?.message ?? "is not valid");
  }
  const v = parsed.data;
  return {
    database: databaseSettings(v),
    schema: v.PGVECTOR_SCHEMA,
    table: v.PGVECTOR_TABLE,
    dimension: v.PGVECTOR_EMBEDDING_DIM,
    source: { schema: v.STAGING_DB_SCHEMA, table: v.STAGING_DB_TABLE },
    upstream: upstreamLogin(v),
    encoder: {
      model: v.EMBEDDING_MODEL ?? "sentence-transformers/all-MiniLM-L6-v2",
      isExplicit: v.EMBEDDING_MODEL !== undefined || v.EMBEDDING_MODEL_PATH !== undefined || v.EMBEDDING_PRECISION === "int8",
      precision: v.EMBEDDING_PRECISION === "int8" ? "int8" : undefined,
      modelPath: v.EMBEDDING_MODEL_PATH === undefined ? undefined : resolve(v.EMBEDDING_MODEL_PATH),
      cacheDir: resolve(root, v.EMBEDDING_MODEL_CACHE_DIR),
      device: v.EMBEDDING_DEVICE,
      threads: v.EMBEDDING_THREADS,
    },
    batchSize: v.EMBEDDING_BATCH_SIZE,
    silence: v.DATABASE_SILENCE_MS,
    cron: { reconcile: v.RECONCILE_CRON, fullPass: v.FULL_PASS_CRON },
    http: {
      host: v.HTTP_HOST,
      port: v.HTTP_PORT ?? 8080,
      portIsFixed: v.HTTP_PORT !== undefined,
      keys: v.HTTP_API_KEYS,
      operatorKeys: v.HTTP_OPERATOR_KEYS,
      corsOrigins: v.HTTP_CORS_ORIGINS,
      rateLimit: v.HTTP_RATE_LIMIT,
      trustProxy: v.HTTP_TRUST_PROXY,
      poolSize: v.HTTP_POOL_SIZE,
      queueSize: v.HTTP_QUEUE_SIZE,
      timeout: v.HTTP_TIMEOUT_MS,
      wait: v.HTTP_WAIT_MS,
      drain: v.HTTP_DRAIN_MS,
      maxWaiting: v.HTTP_MAX_WAITING,
      bodyLimit: v.HTTP_BODY_LIMIT,
      logQueries: v.HTTP_LOG_QUERIES,
    },
    logLevel: v.LOG_LEVEL,
  };
}

function notValid(name: string, reason: string): Failure {
  return new Failure("PE100", `${name} ${reason}.`, `Correct ${name} in the environment or in .env; docs/settings.md lists what it takes.`);
}

/** What a connection string says about TLS; undefined where it says nothing. */
export function sslModeOf(url: string): string | undefined {
  return /[?&]sslmode=([^&]*)/.exec(url)?.[1];
}

/** The connection string without its password, for messages. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  // libpq takes it there too.
  for (const name of ["password", "sslpassword"]) shown.searchParams.delete(name);
  return shown.href;
}

/*
 * Our own names go into function bodies as they are, so they are held to what needs no quoting:
 * a stranger reading \df+ sees analytics_features.product_queue, not quotes. The source's names are
 * data and may be anything.
 */
const plainName = z.string().regex(/^[a-z_][a-z0-9_]{0,47}$/, "must be a plain name: lower-case letters, digits and _, at most 48");
/* Whoever drops our schema would drop these. */
const isOthersSchema = (name: string) => /^(pg_.*|information_schema|graphile_worker|graphile_migrate)$/.test(name);
const port = z.coerce
  .number("must be a port number")
  .int("must be a port number")
  .min(0, "must be a port number")
  .max(65535, "must be a port number");
const whole = (max: number, min = 1) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(message).int(message).min(min, message).max(max, message);
};
const list = z
  .string()
  .default("")
  .transform((value) =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );
const onOff = z.enum(["on", "off"], "must be on or off").transform((value) => value === "on");
/* Not worth guarding a catalogue with less, and a hash that is none would let nobody in. */
const keys = list.refine(
  (all) => all.every((key) => (key.startsWith("sha256:") ? /^sha256:[0-9a-f]{64}$/.test(key) : key.length >= 16)),
  "must be keys of at least 16 characters, or sha256: and 64 hexadecimal digits, with commas between",
);

/* Compared letter by letter with what a browser sends: a / behind it, or the port that goes without saying, would let nobody in. */
function isOrigin(given: string): boolean {
  if (given === "*") return true;
  const origin = URL.canParse(given) ? new URL(given).origin : undefined;
  // Of an application's own scheme (capacitor://localhost) Node says none.
  return origin === given || (origin === "null" && /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/.test(given));
}

/* The worker parses it, which takes graphile-worker; "off" is never, and the default comes before it. */
const cronPattern = (pattern: string) =>
  z
    .string()
    .default(pattern)
    .transform((value) => (value === "off" ? undefined : value));

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

/* The driver takes any other for one that asks for TLS. */
const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"];
function hasKnownSslMode(url: string): boolean {
  const mode = sslModeOf(url);
  return mode === undefined || sslModes.includes(mode);
}

const variables = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "must be a URL such as postgres://user:password@host:5432/database" })
    .refine(isDecodable, "must have %25 where a password or a name has %, as in any URL")
    .refine(hasKnownSslMode, `must have an sslmode of ${sslModes.slice(0, -1).join(", ")} or ${sslModes.at(-1)}`)
    .optional(),
  PGVECTOR_HOST: z.string().optional(),
  PGVECTOR_PORT: port.optional(),
  PGVECTOR_DATABASE: z.string().optional(),
  PGVECTOR_USER: z.string().optional(),
  PGVECTOR_PASSWORD: z.string().optional(),
  PGVECTOR_SCHEMA: plainName
    .refine((name) => !isOthersSchema(name), "must be a schema of its own, not one of PostgreSQL's or graphile's")
    .default("analytics_features"),
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
  EMBEDDING_MODEL: z.string().optional(),
  EMBEDDING_MODEL_PATH: z.string().optional(),
  EMBEDDING_MODEL_CACHE_DIR: z.string().default(".cache/models"),
  EMBEDDING_DEVICE: z.string().default("cpu"),
  EMBEDDING_PRECISION: z.enum(["exact", "int8"], "must be exact or int8").default("exact"),
  EMBEDDING_THREADS: whole(256).optional(),
  EMBEDDING_BATCH_SIZE: whole(1000).default(32),
  DATABASE_SILENCE_MS: whole(3_600_000, 1000).default(60_000),
  EMBEDDED_DATA_DIR: z.string().default(".data/embedded"),
  EMBEDDED_PORT: port.optional(),
  RECONCILE_CRON: cronPattern("*/5 * * * *"),
  FULL_PASS_CRON: cronPattern("0 2 * * *"),
  HTTP_HOST: z.string().default("127.0.0.1"),
  HTTP_PORT: port.optional(),
  HTTP_API_KEYS: keys,
  HTTP_OPERATOR_KEYS: keys,
  HTTP_CORS_ORIGINS: list.refine(
    (all) => all.every(isOrigin),
    "must be origins as browsers send them, such as https://shop.example (no path, no / behind it), or *",
  ),
  HTTP_RATE_LIMIT: z
    .union([z.literal("off").transform(() => undefined), whole(1_000_000)], "must be a whole number from 1 to 1000000, or off")
    .optional(),
  HTTP_TRUST_PROXY: onOff.default(false),
  HTTP_POOL_SIZE: whole(1000).default(8),
  HTTP_QUEUE_SIZE: whole(100_000, 0).default(64),
  HTTP_TIMEOUT_MS: whole(600_000).default(5000),
  HTTP_WAIT_MS: whole(60_000, 0).default(300),
  HTTP_DRAIN_MS: whole(600_000, 0).default(0),
  HTTP_MAX_WAITING: whole(100_000, 0).default(100),
  HTTP_BODY_LIMIT: whole(100_000_000).default(100_000),
  HTTP_LOG_QUERIES: onOff.default(false),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent").default("info"),
});
type Variables = z.infer<typeof variables>;

/** Every variable that is read. */
export const settingNames: readonly string[] = Object.keys(variables.shape);

export interface Place {
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
  // A URL leaves out what cannot be a host, and would lead to this machine.
  if (!isIPv6(place.host) && !/^[^\s/\\?#@:[\]<>^|%]+$/.test(place.host)) {
    const name = v.PGVECTOR_HOST === undefined ? "STAGING_DB_HOST" : "PGVECTOR_HOST";
    throw notValid(name, "must be a host's name or address: no port, path, space or bracket");
  }
  const url = new URL("postgres://localhost");
  url.hostname = isIPv6(place.host) ? `[${place.host}]` : place.host;
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

/** STAGING_DB_* where they lead to another database; undefined where the products are in the vectors' own. */
function upstreamLogin(v: Variables): Login | undefined {
  const vectors = v.DATABASE_URL === undefined ? vectorsPlace(v) : placeOf(v.DATABASE_URL);
  if (vectors === undefined) return undefined;
  const staging = stagingPlace(v, vectors);
  if (staging === undefined || nameOf(staging) === nameOf(vectors)) return undefined;
  const own = v.DATABASE_URL === undefined ? undefined : new URL(v.DATABASE_URL);
  const user = own === undefined ? (v.PGVECTOR_USER ?? "analytics") : decodeURIComponent(own.username);
  // A password goes with its user: that of the one database is not handed to another under another name.
  const password = v.STAGING_DB_USER !== undefined ? undefined : own === undefined ? v.PGVECTOR_PASSWORD : decodeURIComponent(own.password);
  return { ...staging, user: v.STAGING_DB_USER ?? user, password: (v.STAGING_DB_PASSWORD ?? password) || undefined };
}

function placeOf(databaseUrl: string): Place {
  const url = new URL(databaseUrl);
  return {
    host: url.searchParams.get("host") ?? (url.hostname || "localhost"),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
  };
}

/** Host, port and database in one spelling, to compare and to show. */
export function nameOf(place: Place): string {
  const host = place.host === "127.0.0.1" || place.host === "::1" || place.host === "[::1]" ? "localhost" : place.host.toLowerCase();
  return `${host}:${place.port}/${place.database}`;
}

/**
 * `process.env` after `.env` (or the file that ENV_FILE names) filled in what was not set.
 *
 * @throws Failure PE100 the file that ENV_FILE names cannot be read
 */
function environmentWithDotEnv(): NodeJS.ProcessEnv {
  const named = process.env.ENV_FILE || undefined;
  const file = resolve(root, named ?? ".env");
  try {
    if (named !== undefined || existsSync(file)) process.loadEnvFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      "PE100",
      `${named === undefined ? ".env" : `ENV_FILE=${named}`} cannot be read: ${reason}.`,
      "Let ENV_FILE name a file that is there (a relative name counts from this checkout), or leave it out; /dev/null is none.",
      { cause: error },
    );
  }
  return process.env;
}
