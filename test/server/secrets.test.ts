import { createServer } from "node:net";
import anyTest from "ava";
import { connect } from "../../runner/database.ts";
import { type Cluster, makeCluster } from "../helpers/cluster.ts";
import { run, start } from "../helpers/command.ts";
import { createSample, until } from "../helpers/source.ts";

/* A server that asks for passwords, and commands whose every word is looked through for one. */
const test = anyTest.serial;
const secret = "Marked-5ecret-0f-a-database";
const key = "marked-key-of-a-client-1";
const operatorKey = "marked-key-of-an-operator-1";
const hubToken = "hf_marked_token_of_the_hub";
const marks = /5ecret|marked[-_]/i;
let cluster: Cluster;
test.before(async () => {
  cluster = await makeCluster();
  const boss = connect(cluster.url("postgres", "boss"), 1);
  await boss.unsafe(`create role guarded login password '${secret}'`);
  await boss.unsafe("create database shop owner guarded");
  await boss.end();
  const shop = connect(cluster.url("shop", "boss"), 1);
  await shop`create extension vector`;
  await shop.end();
});
test.after.always(() => {
  cluster?.remove();
});

const keys = { HTTP_API_KEYS: key, HTTP_OPERATOR_KEYS: operatorKey, HF_TOKEN: hubToken };
const commands: Record<string, string[]> = {
  migrate: [],
  worker: [],
  embed: [],
  search: ["болт"],
  status: [],
  doctor: [],
  evaluate: [],
  start: [],
  example: [],
  db: ["status"],
};

test("no command shows a password or a key when the server is away, refuses it, or the variables are wrong", async (t) => {
  const closed = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
  const { hostname, port } = new URL(cluster.url("shop"));
  const at = `${hostname}:${port}`;
  const variables: Record<string, Record<string, string>> = {
    "nothing listens": { DATABASE_URL: `postgres://guarded:${secret}@127.0.0.1:${closed}/shop` },
    "a wrong password": { DATABASE_URL: `postgres://guarded:wrong-${secret}@${at}/shop` },
    "no such database": { DATABASE_URL: `postgres://guarded:${secret}@${at}/none` },
    "no such host": { DATABASE_URL: `postgres://guarded:${secret}@host.invalid/shop` },
    "among the parameters": { DATABASE_URL: `postgres://127.0.0.1:${closed}/shop?user=guarded&password=${secret}` },
    "no URL": { DATABASE_URL: `postgres//guarded:${secret}@${at}/shop` },
    "a port that is none": { DATABASE_URL: `postgres://guarded:${secret}@127.0.0.1:port/shop` },
    "in parts": {
      PGVECTOR_HOST: hostname,
      PGVECTOR_PORT: port,
      PGVECTOR_DATABASE: "shop",
      PGVECTOR_USER: "guarded",
      PGVECTOR_PASSWORD: `wrong-${secret}`,
    },
    "the products elsewhere": {
      DATABASE_URL: `postgres://guarded:${secret}@${at}/shop`,
      STAGING_DB_HOST: "127.0.0.1",
      STAGING_DB_PORT: String(closed),
      STAGING_DB_NAME: "elsewhere",
      STAGING_DB_USER: "guarded",
      STAGING_DB_PASSWORD: secret,
    },
    "keys that are none": {
      DATABASE_URL: `postgres://guarded:${secret}@127.0.0.1:${closed}/shop`,
      HTTP_API_KEYS: "marked-short",
      HTTP_RATE_LIMIT: "x",
    },
  };
  // Every command in one case, and one in every case: what they share is in runner/.
  const calls = [
    ...Object.keys(commands).map((command) => [command, "nothing listens"] as const),
    ...Object.keys(variables).map((given) => ["migrate", given] as const),
    ...["nothing listens", "among the parameters", "keys that are none"].map((given) => ["serve", given] as const),
  ];
  const work = calls.map(([command, given]) => async () => {
    const running = start(command, commands[command] ?? [], { ...keys, LOG_LEVEL: "debug", HTTP_PORT: "0", ...variables[given] });
    // The service waits for a database that is away.
    if (command === "serve")
      await Promise.race([running.ended, until(async () => running.output().length > 0, "it says something")]).then(() =>
        running.process.kill("SIGTERM"),
      );
    const { stdout, stderr } = await running.ended;
    const output = stdout + stderr;
    t.true(output.length > 20, `${command}, ${given}: ${output}`);
    t.notRegex(output, marks, `${command}, ${given}`);
  });
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
    }),
  );
});

test("nor do the service's answers, its log, its metrics and description, or the functions in the database", async (t) => {
  const url = cluster.url("shop", "guarded", secret);
  const boss = connect(cluster.url("shop", "boss"), 1);
  await createSample(boss);
  await boss`grant usage on schema staging_staging to guarded`;
  await boss`alter table staging_staging.stg_product owner to guarded`;
  const migrated = await run("migrate", [], { DATABASE_URL: url, ...keys, LOG_LEVEL: "debug" });
  t.is(migrated.code, 0, migrated.stderr);
  t.notRegex(migrated.stdout + migrated.stderr, marks);
  const port = 20_000 + (process.pid % 20_000);
  const served = start("serve", [], { DATABASE_URL: url, ...keys, LOG_LEVEL: "debug", HTTP_PORT: String(port), HTTP_LOG_QUERIES: "on" });
  const ask = async (path: string, authorization = `Bearer ${key}`) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })).text();
  await until(() => ask("/health").then(Boolean, () => false), `the service answers: ${served.output()}`);
  let answers = "";
  for (const path of [
    "/openapi.json",
    "/docs",
    "/status",
    "/metrics",
    "/ready",
    "/health",
    "/search?query=x&mode=words",
    "/search?query=",
    "/nothing",
    "/",
  ]) {
    answers += await ask(path);
    answers += await ask(path, `Bearer wrong-${key}`);
  }
  answers += await ask("/operator", `Bearer ${operatorKey}`);
  served.process.kill("SIGTERM");
  await served.ended;
  t.true(answers.length > 5000);
  t.notRegex(answers, marks);
  t.regex(served.output(), /"msg":"answered"/);
  t.notRegex(served.output(), marks);
  const written = await boss<{ text: string }[]>`
    select string_agg(p.prosrc, ' ') || (select coalesce(string_agg(l::text, ' '), '') from analytics_features.source_log l)
      || (select string_agg(s::text, ' ') from analytics_features.settings s) || (select string_agg(f::text, ' ') from analytics_features.doctor() f) as text
    from pg_proc p where p.pronamespace = 'analytics_features'::regnamespace`;
  await boss.end();
  t.notRegex(written[0]?.text ?? "", marks);
});
