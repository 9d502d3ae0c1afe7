import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import anyTest from "ava";
import { brokenOff } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { run, start } from "./helpers/command.ts";
import { useDatabase } from "./helpers/database.ts";
import { createSample, until } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);

test("each command explains itself and refuses what it does not know", async (t) => {
  for (const command of ["start", "migrate", "worker", "embed", "search", "status", "serve", "evaluate"]) {
    const help = await run(command, ["--help"], {});
    t.is(help.code, 0, command);
    t.regex(help.stdout, new RegExp(`Usage: npm run ${command} --`));
    const wrong = await run(command, ["--nonsense"], {});
    t.is(wrong.code, 2, command);
    t.regex(wrong.stderr, /unknown option '--nonsense'/);
  }
});

test("before dbt's first run: migrate is fine, embed says what is missing", async (t) => {
  const migrated = await run("migrate", [], db.env);
  t.is(migrated.code, 0, migrated.stderr);
  t.regex(migrated.stdout, /staging_staging\.stg_product does not exist yet: run dbt/);
  const embedded = await run("embed", [], db.env);
  t.is(embedded.code, 3);
  t.regex(embedded.stderr, /^PE001: The source of the products, staging_staging\.stg_product, does not exist\.\n→ Run dbt/);
});

test("migrate, embed, search and status do the job", async (t) => {
  await createSample(db.sql);
  const migrated = await run("migrate", ["--json"], db.env);
  t.deepEqual(JSON.parse(migrated.stdout), { sourceExists: true, attached: true, queued: 115 });

  const embedded = await run("embed", ["--limit", "10000"], db.env);
  t.is(embedded.code, 0, embedded.stderr);
  t.is(embedded.stdout, "Generated embeddings for 115 products.\n");
  t.regex(embedded.stderr, /115\/115 products/);
  const search = () => db.sql<{ used_vectors: boolean }[]>`select used_vectors from analytics_features.search_products_text('домкрат', 1)`;
  t.false((await search())[0]?.used_vectors);
  t.is((await run("embed", [], db.env)).stdout, "Generated embeddings for 0 products.\n");
  t.true((await search())[0]?.used_vectors, "where no worker runs, a pass encodes what was searched for");
  const [alive] =
    await db.sql`select workers_alive::integer as n, worker_last_seen is not null as seen from analytics_features.embedding_status`;
  t.deepEqual({ ...alive }, { n: 0, seen: true }, "a pass that is over is nobody who will encode");

  const found = await run("search", ["пневматическая подушка", "--limit", "3", "--metric", "<=>", "--json"], db.env);
  const hits = JSON.parse(found.stdout) as { product_id: string; name: string; distance: number }[];
  t.is(hits.length, 3);
  t.true(hits.some(({ name }) => /пневм/i.test(name)));
  const table = await run("search", ["пневматическая подушка"], db.env);
  t.regex(table.stdout, /^│ +1 │ +7807564 │ Подушка пневматическая .* пневматическая подушка/m);

  const status = await run("status", ["--json"], db.env);
  t.like(JSON.parse(status.stdout), { products: 115, embedded: 115, missing: 0, stale: 0, queued: 0, triggers_attached: true });
  t.regex((await run("status", [], db.env)).stdout, /coverage +│ 100/);
});

test("where only passes are run, from cron, a pass does a worker's upkeep as well", async (t) => {
  await db.sql`select from analytics_features.search_products_text('трос лебёдки', 1)`;
  t.is((await run("embed", [], db.env)).code, 0);
  await db.sql`update graphile_worker._private_jobs set created_at = now() - interval '1 hour'`;
  await db.sql.begin(async (sql) => {
    await sql`update analytics_features.settings set vanished_grace = '0'`;
    await sql`create table public.kept as select * from staging_staging.stg_product where product_id = 9200141`;
    await sql`delete from staging_staging.stg_product where product_id = 9200141`;
  });
  t.is((await run("embed", [], db.env)).code, 0);
  const [left] = await db.sql`
    select (select count(*)::integer from graphile_worker.jobs where task_identifier = 'embed_queries') as wakeups,
      (select count(*)::integer from analytics_features.product_embeddings where product_id = 9200141) as vectors`;
  t.deepEqual({ ...left }, { wakeups: 0, vectors: 0 });
  await db.sql.unsafe(`
    update analytics_features.settings set vanished_grace = default;
    insert into staging_staging.stg_product select * from public.kept;
    drop table public.kept`);
  t.is((await run("embed", [], db.env)).stdout, "Generated embeddings for 1 products.\n");
});

test("embed says so, with its exit code too, when the hook fails for products", async (t) => {
  await db.sql.unsafe(`
    create schema hooks;
    create table hooks.category as select 'x' as title;
    create function hooks.facts(product jsonb) returns jsonb language sql stable as $$ select jsonb_build_object('category', c.title) from hooks.category c $$;
    select * from analytics_features.set_document_hook('hooks.facts', force => true);
    alter table hooks.category rename column title to label`);
  const failed = await run("embed", ["--json"], db.env);
  t.is(failed.code, 5);
  t.like(JSON.parse(failed.stdout), { stored: 0, failed: 115 });
  t.regex(failed.stderr, /PE120: 115 products could not be encoded\./);
  await db.sql`select * from analytics_features.set_document_hook(null)`;
  const mended = await run("embed", ["--json"], db.env);
  t.is(mended.code, 0, mended.stderr);
  t.like(JSON.parse(mended.stdout), { failed: 0 });
});

test("who reads only the beginning of what a command prints costs it neither its work nor its exit code", async (t) => {
  for (const [command, args] of [
    ["status", ["--json"]],
    ["embed", []],
  ] as const) {
    const { process, ended, output } = start(command, args, db.env, { read: false });
    process.stdout?.destroy();
    process.stderr?.destroy();
    t.is((await ended).code, 0, output());
  }
});

test("wrong input ends with its code, its sentence and its exit code", async (t) => {
  for (const [command, args, variables, code, message] of [
    ["search", [], {}, 2, /missing required argument 'text'/],
    ["search", ["x", "--limit", "0"], {}, 2, /whole number from 1 to 10000/],
    ["search", ["x", "--filter", "{"], {}, 2, /It must be JSON/],
    ["search", ["x", "--mode", "magic"], {}, 2, /Allowed choices are hybrid, words, vectors/],
    ["search", ["x", "--filter", '{"nope": 1}'], {}, 3, /PE015: The source has no column 'nope'/],
    ["search", ["x", "--metric", "euclid"], {}, 3, /PE010: Unknown metric: 'euclid'/],
    ["embed", ["--limit", "some"], {}, 2, /whole number/],
    ["embed", [], { EMBEDDING_BATCH_SIZE: "0" }, 2, /PE100: EMBEDDING_BATCH_SIZE must be/],
    [
      "embed",
      [],
      { PGVECTOR_EMBEDDING_DIM: "768" },
      4,
      /PE113: Configured embedding dimension \(768\) does not match model output \(384\)/,
    ],
    [
      "embed",
      [],
      { EMBEDDING_MODEL_PATH: `${root}/test/fixtures/models/tiny-bert-768`, PGVECTOR_EMBEDDING_DIM: "768" },
      3,
      /PE020: .*\n→ .*reset_embeddings\(768\)/,
    ],
    ["status", [], { DATABASE_URL: "postgres://u:secret%@h/d" }, 2, /PE100: DATABASE_URL must have %25 where/],
    ["worker", [], { RECONCILE_CRON: "often" }, 2, /PE100: RECONCILE_CRON=often is not a cron pattern/],
    // Before anything is done.
    ["start", [], { RECONCILE_CRON: "often", DATABASE_URL: "postgres://u@127.0.0.1:1/d" }, 2, /PE100: RECONCILE_CRON=often/],
    ["migrate", [], { FULL_PASS_CRON: "often" }, 2, /PE100: FULL_PASS_CRON=often is not a cron pattern/],
    ["status", [], { PGVECTOR_SCHEMA: "nowhere" }, 3, /PE103: .*\n→ npm run migrate/],
    [
      "status",
      [],
      { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/x" },
      3,
      /PE102: The database postgres:\/\/nobody@127\.0\.0\.1:1\/x cannot be reached: nothing listens there/,
    ],
  ] as const) {
    const ended = await run(command, args, "DATABASE_URL" in variables ? variables : { ...db.env, ...variables });
    t.is(ended.code, code, `${command} ${args.join(" ")}: ${ended.stderr}`);
    t.regex(ended.stderr, message);
    t.notRegex(ended.stderr, /secret|\n {4}at /);
    t.is(ended.stdout, "");
  }
});

test("where TLS is asked of a server that has none, the sentence names sslmode", async (t) => {
  // It says N for no, and takes what comes then for nonsense.
  const server = createServer((socket) => socket.once("data", () => socket.write("N", () => socket.once("data", () => socket.destroy()))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run("status", [], { DATABASE_URL: `postgres://u@127.0.0.1:${port}/d?sslmode=require` });
  t.is(code, 3);
  t.regex(stderr, /PE102: .* by sslmode=require it has to take TLS, .*\n→ Switch TLS on/);
  server.close();
});

test("who is not let in is told the server's own reason, and where that is TLS, what to set", async (t) => {
  const refusal = 'no pg_hba.conf entry for host "127.0.0.1", user "u", database "d", no encryption';
  const fields = Buffer.from(`SFATAL\0C28000\0M${refusal}\0\0`);
  const head = Buffer.from("E....");
  head.writeInt32BE(fields.length + 4, 1);
  const server = createServer((socket) => socket.once("data", () => socket.end(Buffer.concat([head, fields]))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run("status", [], { DATABASE_URL: `postgres://u@127.0.0.1:${port}/d` });
  t.is(code, 3);
  t.true(stderr.includes(`cannot be reached: ${refusal}.\n→ If the server takes TLS only: `), stderr);
  server.close();
});

test("a certificate that nobody vouches for is said with the variable for it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-test-"));
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "certificate", "-subj", "/CN=localhost"];
  execFileSync("openssl", made, { cwd: folder, stdio: "pipe" });
  const secured = { isServer: true, key: readFileSync(join(folder, "key")), cert: readFileSync(join(folder, "certificate")) };
  rmSync(folder, { recursive: true });
  const server = createServer((socket) =>
    socket.once("data", () => socket.write("S", () => new TLSSocket(socket, secured).on("error", () => {}))),
  );
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run("status", [], { DATABASE_URL: `postgres://u@127.0.0.1:${port}/d?sslmode=verify-full` });
  t.is(code, 3);
  // A newer Node says more of it.
  t.regex(stderr, /PE102: .* self-signed certificate.*\.\n→ Let NODE_EXTRA_CA_CERTS=/);
  // By the driver that comes second, where the first one did not verify.
  const untrusted = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  t.regex(brokenOff("postgres://u@h/d?sslmode=require", untrusted)?.hint ?? "", /^Let NODE_EXTRA_CA_CERTS=/);
});

test("a .env fills in what the environment does not say", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-env-"));
  const file = join(folder, ".env");
  writeFileSync(file, "PGVECTOR_SCHEMA=nowhere\nLOG_LEVEL=loud\n");
  const filled = await run("status", [], { ...db.env, ENV_FILE: file, LOG_LEVEL: "info" });
  t.regex(filled.stderr, /PE103: The database has no schema nowhere/);
  const overridden = await run("status", ["--json"], {
    ...db.env,
    ENV_FILE: file,
    LOG_LEVEL: "info",
    PGVECTOR_SCHEMA: "analytics_features",
  });
  t.is(overridden.code, 0, overridden.stderr);
  rmSync(folder, { recursive: true });
  const { code, stderr } = await run("status", [], { ...db.env, ENV_FILE: file });
  t.is(code, 2);
  t.regex(stderr, /PE100: ENV_FILE=.* cannot be read: .*\n→ /);
});

test("a worker takes up what changes and ends cleanly at SIGTERM", async (t) => {
  const worker = start("worker", [], db.env);
  await until(async () => worker.output().includes("worker started"), "the worker starts");
  await db.sql`update staging_staging.stg_product set name = 'Windshield wiper blade' where product_id = 9200152`;
  await until(async () => {
    const [row] = await db.sql`select stale::integer, queued::integer from analytics_features.compute_status()`;
    return row?.stale === 0 && row?.queued === 0;
  }, "the change is embedded");
  worker.process.kill("SIGTERM");
  const ended = await worker.ended;
  t.is(ended.code, 0, ended.stderr);
  t.regex(ended.stderr, /"stored":1/);
  t.notRegex(ended.stderr, /Windshield/);
  t.is((await db.sql`select from analytics_features.product_claims`).length, 0);
});

test("npm start does the whole job, keeps it true, and goes on where it stopped", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-start-"));
  const env = { EMBEDDED_DATA_DIR: join(folder, "data"), EMBEDDED_PORT: "0" };
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  try {
    const refused = await run("start", [], { ...env, HTTP_PORT: String((taken.address() as AddressInfo).port) });
    t.is(refused.code, 2);
    t.regex(refused.stderr, /^PE160: .* in use by another program\.\n→ Name another: HTTP_PORT/);
    t.is(refused.stdout, "", "before anything is made or encoded");

    const first = start("start", [], env);
    await until(async () => first.output().includes("Running."), "npm start is up", 120);
    t.regex(first.output(), /115\/115 products/);
    t.regex(first.output(), /Generated embeddings for 115 products\./);
    t.regex(first.output(), / 10 │/);
    t.regex(first.output(), /psql postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres/);

    const second = await run("start", [], env);
    t.is(second.code, 3);
    t.regex(second.stderr, /PE104: npm start is already running/);

    const { openDatabase } = await import("../runner/database.ts");
    const { readSettings } = await import("../runner/settings.ts");
    const database = await openDatabase(readSettings(env));
    t.true(database.shared);
    await database.sql`update staging_staging.stg_product set name = 'Windshield wiper blade' where product_id = 9200152`;
    await until(async () => {
      const found = await run("search", ["windshield wiper blade", "--limit", "1", "--json"], env);
      return found.stdout.includes("9200152");
    }, "the change is searchable");
    await database.close();
    first.process.kill("SIGINT");
    const ended = await first.ended;
    t.is(ended.code, 0, ended.stderr);
    t.regex(ended.stdout, /Stopped\.\n$/);

    const again = start("start", [], env);
    await until(async () => again.output().includes("Running."), "npm start is up again", 60);
    t.regex(again.output(), /Generated embeddings for 0 products\./);
    // Even when it is killed, the next start finds everything.
    again.process.kill("SIGKILL");
    await again.ended;
    const status = await run("status", ["--json"], env);
    t.like(JSON.parse(status.stdout), { products: 115, embedded: 115, stale: 0 });
  } finally {
    taken.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
