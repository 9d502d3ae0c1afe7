import test from "ava";
import { readSettings, withoutPassword } from "../runner/settings.ts";
import { fails } from "./helpers/errors.ts";

const seed = {
  PGVECTOR_HOST: "localhost",
  PGVECTOR_PORT: "5433",
  PGVECTOR_DATABASE: "analytics",
  PGVECTOR_USER: "analytics",
  PGVECTOR_PASSWORD: "p@ss/word",
  PGVECTOR_SCHEMA: "analytics_features",
  PGVECTOR_TABLE: "product_embeddings",
  PGVECTOR_EMBEDDING_DIM: "384",
  STAGING_DB_HOST: "127.0.0.1",
  STAGING_DB_PORT: "5433",
  STAGING_DB_NAME: "analytics",
  STAGING_DB_USER: "analytics",
  STAGING_DB_PASSWORD: "p@ss/word",
  EMBEDDING_MODEL: "sentence-transformers/all-MiniLM-L6-v2",
  EMBEDDING_MODEL_CACHE_DIR: "/path/to/cache",
  EMBEDDING_DEVICE: "cpu",
  EMBEDDING_BATCH_SIZE: "32",
};

test("the pipeline's variables mean what they meant", (t) => {
  const { http: _, ...settings } = readSettings({ ...seed, EMBEDDING_MODEL_PATH: "/path/to/local/model" });
  t.deepEqual(settings, {
    database: { kind: "server", url: "postgres://analytics:p%40ss%2Fword@localhost:5433/analytics" },
    schema: "analytics_features",
    table: "product_embeddings",
    dimension: 384,
    source: { schema: "staging_staging", table: "stg_product" },
    upstream: undefined,
    encoder: {
      model: "sentence-transformers/all-MiniLM-L6-v2",
      isExplicit: true,
      precision: undefined,
      threads: undefined,
      modelPath: "/path/to/local/model",
      cacheDir: "/path/to/cache",
      device: "cpu",
    },
    batchSize: 32,
    silence: 60_000,
    cron: { reconcile: "*/5 * * * *", fullPass: "0 2 * * *" },
    logLevel: "info",
  });
});

test("with nothing set, or set to nothing, the embedded database is used", (t) => {
  t.like(readSettings({}).database, { kind: "embedded", port: 5433, portIsFixed: false });
  t.like(readSettings({ DATABASE_URL: "", PGVECTOR_HOST: "", EMBEDDED_PORT: "6000" }).database, {
    kind: "embedded",
    port: 6000,
    portIsFixed: true,
  });
});

test("one variable of a server is enough, the others have the pipeline's defaults", (t) => {
  t.like(readSettings({ PGVECTOR_HOST: "db" }).database, { url: "postgres://analytics@db:5433/analytics" });
  t.like(readSettings({ PGVECTOR_HOST: "::1" }).database, { url: "postgres://analytics@[::1]:5433/analytics" });
  t.like(readSettings({ STAGING_DB_HOST: "db", STAGING_DB_NAME: "dwh" }).database, { url: "postgres://analytics@db:5433/dwh" });
  t.like(readSettings({ DATABASE_URL: "postgres://u@h/d", PGVECTOR_HOST: "other" }).database, { url: "postgres://u@h/d" });
});

test("without a word about HTTP it listens to this machine alone and is open to who is on it", (t) => {
  t.like(readSettings({}).http, {
    host: "127.0.0.1",
    port: 8080,
    portIsFixed: false,
    keys: [],
    operatorKeys: [],
    corsOrigins: [],
    logQueries: false,
  });
  t.is(readSettings({}).http.rateLimit, undefined);
  const given = readSettings({
    HTTP_PORT: "9000",
    HTTP_API_KEYS: " one-key-of-16-chars, another-of-16-chars ",
    HTTP_RATE_LIMIT: "60",
    HTTP_CORS_ORIGINS: "http://localhost:3000, capacitor://localhost",
    HTTP_LOG_QUERIES: "on",
  });
  t.like(given.http, { port: 9000, portIsFixed: true, rateLimit: 60, logQueries: true });
  t.deepEqual(given.http.corsOrigins, ["http://localhost:3000", "capacitor://localhost"]);
  t.deepEqual(given.http.keys, ["one-key-of-16-chars", "another-of-16-chars"]);
  t.is(readSettings({ HTTP_RATE_LIMIT: "off" }).http.rateLimit, undefined);
});

test("products in another database have its login, and the password of one database is not handed to another user's", (t) => {
  for (const [name, value] of [
    ["STAGING_DB_HOST", "elsewhere"],
    ["STAGING_DB_PORT", "5432"],
    ["STAGING_DB_NAME", "dwh"],
  ] as const) {
    const { upstream, database } = readSettings({ ...seed, [name]: value });
    t.like(upstream, { user: "analytics", password: "p@ss/word" });
    t.like(database, { url: "postgres://analytics:p%40ss%2Fword@localhost:5433/analytics" });
  }
  t.deepEqual(readSettings({ DATABASE_URL: "postgres://u:secret@h:5432/d", STAGING_DB_NAME: "e" }).upstream, {
    host: "h",
    port: 5432,
    database: "e",
    user: "u",
    password: "secret",
  });
  t.like(readSettings({ DATABASE_URL: "postgres://u:secret@h:5432/d", STAGING_DB_NAME: "e", STAGING_DB_USER: "feed" }).upstream, {
    user: "feed",
    password: undefined,
  });
  t.is(
    readSettings({ DATABASE_URL: "postgres://u@127.0.0.1/d", STAGING_DB_HOST: "localhost", STAGING_DB_PORT: "5432", STAGING_DB_NAME: "d" })
      .upstream,
    undefined,
  );
});

test("a value that cannot be is refused by its name", async (t) => {
  for (const [name, value] of [
    ["PGVECTOR_EMBEDDING_DIM", "384.5"],
    ["PGVECTOR_EMBEDDING_DIM", "0"],
    ["PGVECTOR_PORT", "70000"],
    ["PGVECTOR_HOST", "db "],
    ["PGVECTOR_HOST", "db:5432"],
    ["PGVECTOR_HOST", "/var/run/postgresql"],
    ["PGVECTOR_HOST", "user@db"],
    ["STAGING_DB_HOST", "postgres://db"],
    ["PGVECTOR_SCHEMA", "Analytics Features"],
    ["PGVECTOR_SCHEMA", "x; drop schema y"],
    ["PGVECTOR_SCHEMA", "graphile_worker"],
    ["PGVECTOR_SCHEMA", "pg_own"],
    ["PGVECTOR_TABLE", "1st"],
    ["EMBEDDING_BATCH_SIZE", "many"],
    ["EMBEDDING_PRECISION", "int4"],
    ["EMBEDDING_THREADS", "0"],
    ["DATABASE_URL", "mysql://x/y"],
    ["DATABASE_URL", "postgres://u:50%off@h/d"],
    ["DATABASE_URL", "postgres://u@h/d?sslmode=bogus"],
    ["LOG_LEVEL", "loud"],
    ["HTTP_API_KEYS", "short"],
    ["HTTP_OPERATOR_KEYS", "sha256:abc"],
    ["HTTP_RATE_LIMIT", "many"],
    ["HTTP_CORS_ORIGINS", "https://shop.example/"],
    ["HTTP_CORS_ORIGINS", "https://shop.example, shop.example"],
    ["HTTP_CORS_ORIGINS", "https://Shop.example:443"],
    ["HTTP_QUEUE_SIZE", "-1"],
    ["HTTP_LOG_QUERIES", "yes"],
  ] as const) {
    await fails(t, () => readSettings({ [name]: value }), {
      code: "PE100",
      message: new RegExp(`^${name} must (be|have) `),
      hint: new RegExp(name),
    });
  }
});

test("a schedule that is off stays off, and one that is not named has its default", (t) => {
  t.deepEqual(readSettings({ RECONCILE_CRON: "off" }).cron, { reconcile: undefined, fullPass: "0 2 * * *" });
  t.deepEqual(readSettings({ FULL_PASS_CRON: "off" }).cron, { reconcile: "*/5 * * * *", fullPass: undefined });
});

test("a shown connection string has no password", (t) => {
  t.is(withoutPassword("postgres://u:secret@h:5432/d"), "postgres://u@h:5432/d");
});
