import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import anyTest, { type ExecutionContext } from "ava";
import type { Sql } from "../runner/database.ts";
import type { Finding } from "../runner/doctor.ts";
import { root } from "../runner/settings.ts";
import { findingTable } from "../scripts/table.ts";
import { run } from "./helpers/command.ts";
import { useDatabase } from "./helpers/database.ts";
import { createSample, drain, registerModel, startOver } from "./helpers/source.ts";

/* Each check is made to fail once, by what it is there to find; what was broken comes back with the transaction. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

test.beforeEach(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.worker_seen('w1')`;
});

type Row = Finding & { check_name: string };
const ask = (sql: Sql, client: object = {}) =>
  sql<Row[]>`select check_name as "check", state, finding, fix from analytics_features.doctor(${JSON.stringify(client)}::text::jsonb)`;

const undo = new Error("undo");
/** What doctor() says of one check after `breaking`, all of which is undone. */
async function broken(breaking: string, check: string, client: object = {}): Promise<Finding[]> {
  let found: Finding[] = [];
  await db.sql
    .begin(async (sql) => {
      await sql.unsafe(breaking);
      found = await ask(sql as unknown as Sql, client);
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
  return found.filter((finding) => finding.check === check).map((finding) => ({ ...finding }));
}

async function finds(
  t: ExecutionContext,
  breaking: string,
  expected: { check: string; state: Finding["state"]; finding: RegExp; fix: RegExp | null },
  client = {},
) {
  const found = await broken(breaking, expected.check, client);
  const [match] = found.filter(({ finding }) => expected.finding.test(finding));
  if (match === undefined) return t.fail(`${expected.finding} is not in ${JSON.stringify(found)}`);
  t.is(match.state, expected.state, match.finding);
  if (expected.fix === null) t.is(match.fix, null);
  else t.regex(match.fix ?? "", expected.fix);
}

/** What a checkout that fits hands over. */
const ownClient = () => ({
  migrations: Object.fromEntries(
    readdirSync(`${root}/migrations/committed`).map((file) => [
      `${file.slice(0, 6)}.sql`,
      /^--! Hash: (\S+)/m.exec(readFileSync(`${root}/migrations/committed/${file}`, "utf8"))?.[1],
    ]),
  ),
  dimension: 384,
  source: "staging_staging.stg_product",
});

test("a fix is printed whole, also a word of it that is longer than a line", (t) => {
  const fix = `select analytics_features.prepare_model('${"x".repeat(100)}');`;
  const printed = findingTable([{ check: "status", state: "warning", finding: "It was not made for this language.", fix }]);
  t.is(printed.replace(/[^\w.'();]/g, ""), `warningstatusItwasnotmadeforthislanguage.${fix.replace(" ", "")}`);
  t.true(printed.split("\n").every((line) => line.length <= 102));
});

test("where nothing is wrong, every check is ok or about the server itself, and none is missing", async (t) => {
  const findings = await ask(db.sql, { ...ownClient(), now: new Date().toISOString(), connections: 1 });
  t.deepEqual(
    findings.filter(({ state, check }) => state !== "ok" && !["pgvector", "autovacuum", "role"].includes(check)),
    [],
  );
  t.deepEqual(
    [...new Set(findings.map(({ check }) => check))].filter((check) => check !== "rights"),
    [
      ...["server", "pgvector", "pg_trgm", "connections", "autovacuum", "clock", "migrations", "worker schema", "role", "jobs"],
      ...["source", "triggers", "comparison", "workers", "products", "index", "vectors"],
    ],
  );
  for (const { state, fix } of findings) t.is(state === "ok", fix === null);
});

test("it answers in a read-only transaction, as on a standby", async (t) => {
  const findings = await db.sql.begin("read only", (sql) => ask(sql as unknown as Sql));
  t.deepEqual(
    findings.filter(({ state }) => state === "error"),
    [],
  );
});

test("extensions: an old pgvector, one that is gone, and one that was moved", async (t) => {
  const set = (version: string) => `update pg_extension set extversion = '${version}' where extname = 'vector'`;
  await finds(t, set("0.8.3"), {
    check: "pgvector",
    state: "warning",
    finding: /0\.8\.3 has faults/,
    fix: /alter extension vector update/,
  });
  await finds(t, set("0.7.4"), {
    check: "pgvector",
    state: "error",
    finding: /0\.7\.4 has no iterative/,
    fix: /alter extension vector update/,
  });
  await finds(t, set("0.10.0-dev"), { check: "pgvector", state: "ok", finding: /0\.10\.0/, fix: null });
  await finds(t, "drop extension pg_trgm cascade", {
    check: "pg_trgm",
    state: "error",
    finding: /does not exist in this database/,
    fix: /create extension pg_trgm schema public;/,
  });
  await finds(t, "create schema elsewhere; alter extension vector set schema elsewhere", {
    check: "pgvector",
    state: "error",
    finding: /is in the schema elsewhere/,
    fix: /alter extension vector set schema public;/,
  });
});

test("the server: connections, autovacuum and clock", async (t) => {
  await finds(
    t,
    "do $$ begin execute format('alter database %I connection limit 1', current_database()); end $$",
    { check: "connections", state: "warning", finding: /more connections are free.*up to 8/, fix: /connection limit/ },
    { connections: 8 },
  );
  await finds(t, "alter table analytics_features.product_queue set (autovacuum_enabled = false)", {
    check: "autovacuum",
    state: "warning",
    finding: /product_queue \(autovacuum_enabled\)/,
    fix: /reset \(autovacuum_enabled\)/,
  });
  await finds(t, "set local statement_timeout = '30s'", {
    check: "server",
    state: "warning",
    finding: /is ended after 30s \(statement_timeout\)/,
    fix: /set statement_timeout = 0/,
  });
  await finds(t, "set local transaction_read_only = on", {
    check: "server",
    state: "warning",
    finding: /can only read here/,
    fix: /default_transaction_read_only = off/,
  });
  await finds(t, "set local default_transaction_isolation = 'serializable'", {
    check: "server",
    state: "warning",
    finding: /runs at isolation level serializable/,
    fix: /set default_transaction_isolation = 'read committed'/,
  });
  const now = new Date(Date.now() - 60_000).toISOString();
  await finds(t, "select", { check: "clock", state: "warning", finding: /(59|60|61)\.\d s apart/, fix: /timedatectl/ }, { now });
});

test("migrations: pending, newer, another of the same name, and the job queue's", async (t) => {
  const client = ownClient();
  const [newest] = Object.keys(client.migrations).sort().reverse();
  const last = `filename = '${newest}'`;
  const check = "migrations";
  await finds(t, "select", { check, state: "ok", finding: /Up to date/, fix: null }, client);
  await finds(
    t,
    `delete from graphile_migrate.migrations where ${last}`,
    { check, state: "error", finding: new RegExp(`Not migrated yet: ${newest}`), fix: /^npm run migrate$/ },
    client,
  );
  await finds(
    t,
    "insert into graphile_migrate.migrations (hash, filename) values ('sha1:0', '999999.sql')",
    { check, state: "error", finding: /newer than this checkout, which lacks 999999\.sql/, fix: /docs\/upgrade\.md/ },
    client,
  );
  await finds(
    t,
    `update graphile_migrate.migrations set hash = 'sha1:0' where ${last}`,
    { check, state: "error", finding: new RegExp(`Another migration ran here.*${newest}`), fix: /docs\/upgrade\.md/ },
    client,
  );
  const jobs = { check: "worker schema", state: "error" } as const;
  await finds(t, "select", { ...jobs, finding: /at \d+, and this checkout needs 999/, fix: /^npm run migrate$/ }, { jobs_version: 999 });
  await finds(t, "select", { ...jobs, finding: /this checkout's version of it is older: 1/, fix: /npm ci/ }, { jobs_version: 1 });
  await finds(t, "drop schema graphile_worker cascade", { check, state: "error", finding: /graphile_worker/, fix: /npm run migrate/ });
  await finds(t, "drop schema graphile_worker cascade", {
    check: "jobs",
    state: "error",
    finding: /graphile_worker/,
    fix: /npm run migrate/,
  });
});

test("rights: a group that lost some, and a function that became everybody's", async (t) => {
  const group = (name: string, revoke: string) => `
    do $$ begin
      if not exists (select from pg_roles where rolname = '${name}') then create role ${name} nologin; end if;
    end $$;
    select analytics_features.grant_roles();
    ${revoke}`;
  const fix = /select analytics_features\.grant_roles\(\)/;
  for (const [name, revoke, lacks] of [
    [
      "product_embeddings_reader",
      "revoke select on analytics_features.embedding_status from product_embeddings_reader",
      "embedding_status",
    ],
    [
      "product_embeddings_worker",
      "revoke update on graphile_worker._private_jobs from product_embeddings_worker",
      "graphile_worker\\._private_jobs",
    ],
    [
      "product_embeddings_worker",
      "drop policy product_embeddings_worker on graphile_worker._private_tasks",
      "graphile_worker\\._private_tasks",
    ],
    ["product_embeddings_worker", "revoke delete on analytics_features.product_queue from product_embeddings_worker", "product_queue"],
    [
      "product_embeddings_attacher",
      "revoke execute on function analytics_features.attach() from product_embeddings_attacher",
      "attach\\(\\)",
    ],
  ] as const) {
    await finds(t, group(name, ""), { check: "rights", state: "ok", finding: new RegExp(`${name} has what it needs`), fix: null });
    await finds(t, group(name, revoke), { check: "rights", state: "error", finding: new RegExp(`${name} lacks rights: ${lacks}\\.`), fix });
  }
  await finds(t, "grant execute on function analytics_features.wake_worker(timestamptz, text) to public", {
    check: "rights",
    state: "error",
    finding: /Everybody may call wake_worker\(\)/,
    fix,
  });
  const [stranger] = await db.sql.begin(async (sql) => {
    await sql`create role pe_doctor_stranger`;
    const rows = await sql<
      Finding[]
    >`select check_name as "check", state, finding, fix from analytics_features.doctor('{}', 'pe_doctor_stranger')`;
    await sql`drop role pe_doctor_stranger`;
    return rows.filter(({ check }) => check === "role");
  });
  t.is(stranger?.state, "error");
  t.regex(stranger?.fix ?? "", /grant product_embeddings_reader to pe_doctor_stranger/);
});

test("jobs: one that a dead worker holds, and one that failed for good", async (t) => {
  const job = "select graphile_worker.add_job('maintain', job_key => 'doctor');";
  await finds(
    t,
    `${job} update graphile_worker._private_jobs set locked_at = now() - interval '2 hours', locked_by = 'gone' where key = 'doctor'`,
    {
      check: "jobs",
      state: "warning",
      finding: /held by a worker that does not end them: maintain since/,
      fix: /force_unlock_workers/,
    },
  );
  await finds(t, `${job} update graphile_worker._private_jobs set attempts = max_attempts where key = 'doctor'`, {
    check: "jobs",
    state: "warning",
    finding: /not tried again: maintain \(1\)/,
    fix: /complete_jobs/,
  });
});

test("the source: gone, without product_id, with odd rows, without triggers, never compared", async (t) => {
  await finds(t, "drop table staging_staging.stg_product", {
    check: "source",
    state: "error",
    finding: /^The source does not exist\.$/,
    fix: /^run dbt/,
  });
  await finds(t, "alter table staging_staging.stg_product drop column product_id", {
    check: "source",
    state: "error",
    finding: /has no column product_id/,
    fix: /dbt model/,
  });
  await finds(t, "insert into staging_staging.stg_product (product_id) values (null); select analytics_features.reconcile()", {
    check: "source",
    state: "warning",
    finding: /1 rows have no usable product_id/,
    fix: /docs\/sql\.md/,
  });
  await finds(
    t,
    "select",
    { check: "source", state: "warning", finding: /name the source other\.table/, fix: /npm run migrate/ },
    { source: "other.table" },
  );
  await finds(t, "drop trigger _500_embed_update on staging_staging.stg_product", {
    check: "triggers",
    state: "warning",
    finding: /^The source lacks the triggers for update: .* never attached\.$/,
    fix: /^As its owner: select analytics_features\.attach\(\);$/,
  });
  await finds(t, "alter table staging_staging.stg_product disable trigger all", {
    check: "triggers",
    state: "warning",
    finding: /^The triggers for .* are disabled\.$/,
    fix: /^As the owner: select analytics_features\.attach\(\);$/,
  });
  await finds(
    t,
    "create table public.copy as table staging_staging.stg_product; drop table staging_staging.stg_product; alter table public.copy rename to stg_product; alter table public.stg_product set schema staging_staging",
    {
      check: "comparison",
      state: "warning",
      finding: /was not compared yet/,
      fix: /^select analytics_features\.reconcile\(\);$/,
    },
  );
  await finds(t, "insert into analytics_features.source_log (event, error) values ('reconcile', 'out of: paper')", {
    check: "comparison",
    state: "error",
    finding: /^The last reconcile failed: out of: paper$/,
    fix: /source_log/,
  });
});

test("row level security: who does not see all rows, unless the table is his, he bypasses it, or a policy shows them", async (t) => {
  const secured = `create role seeing; alter schema analytics_features owner to seeing;
    alter table staging_staging.stg_product enable row level security;`;
  await finds(t, secured, {
    check: "source",
    state: "warning",
    // Another test's database on this server may have given the group a login.
    finding:
      /^Row level security of the source may hide products from (product_embeddings_worker, )?seeing, and hidden ones count as gone\.$/,
    fix: /^As its owner: create policy product_embeddings on staging_staging\.stg_product for select to (product_embeddings_worker, )?seeing using \(true\);$/,
  });
  const found = async (further: string) =>
    (await broken(`${secured} ${further}`, "source")).some(({ finding }) => /^Row level security.* from .*seeing,/.test(finding));
  const policy = "create policy product_embeddings on staging_staging.stg_product for select to seeing using (true);";
  t.false(await found(policy));
  t.true(await found(`${policy} create policy others on staging_staging.stg_product as restrictive using (price > 1)`));
  t.true(await found("create policy product_embeddings on staging_staging.stg_product using (price > 1)"));
  t.false(await found("alter role seeing bypassrls"));
  t.false(await found("alter table staging_staging.stg_product owner to seeing"));
  t.true(
    await found(
      "alter table staging_staging.stg_product owner to seeing; alter table staging_staging.stg_product force row level security",
    ),
  );
  t.false(await found("alter table staging_staging.stg_product disable row level security"));
});

test("workers and products: nobody at work, products set aside, many that vanished", async (t) => {
  const gone = "delete from analytics_features.embedding_workers;";
  await finds(t, gone, { check: "workers", state: "warning", finding: /nothing waits now/, fix: /npm run worker/ });
  await finds(t, `${gone} update staging_staging.stg_product set price = 1 where product_id = 7807552`, {
    check: "workers",
    state: "error",
    finding: /^No worker is alive, and 1 products wait\.$/,
    fix: /^npm run worker$/,
  });
  await finds(t, "insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (1, 5, 'x', true)", {
    check: "products",
    state: "warning",
    finding: /^1 products could not be encoded\.$/,
    fix: /product_failures/,
  });
  await finds(
    t,
    "delete from staging_staging.stg_product where product_id > 8000000; update analytics_features.product_embeddings set vanished_at = now() - interval '1 day' where product_id > 8000000",
    { check: "products", state: "warning", finding: /vectors are of vanished products/, fix: /release_vanished/ },
  );
});

test("the vectors: the table dropped, of another dimension or model than here, an index that failed", async (t) => {
  await finds(t, "drop table analytics_features.product_embeddings", {
    check: "vectors",
    state: "error",
    finding: /product_embeddings does not exist/,
    fix: /npm run migrate/,
  });
  await finds(
    t,
    "select",
    { check: "vectors", state: "error", finding: /\(768\) is not that of the stored vectors \(384\)/, fix: /EMBEDDING_DIM=384/ },
    { dimension: 768 },
  );
  await finds(
    t,
    "select",
    { check: "vectors", state: "warning", finding: /model here is other \(abc\)/, fix: /EMBEDDING_MODEL/ },
    { model: "other", revision: "abc" },
  );
  await finds(t, "select", { check: "vectors", state: "ok", finding: /test \(r1/, fix: null }, { model: "test", revision: "r1" });
  await finds(
    t,
    "create index failed_idx on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops); update pg_index set indisvalid = false where indexrelid = 'analytics_features.failed_idx'::regclass",
    { check: "index", state: "warning", finding: /failed_idx/, fix: /drop index concurrently analytics_features\.failed_idx;/ },
  );
  await finds(t, "update analytics_features.settings set index_from_products = 100", {
    check: "index",
    state: "warning",
    finding: /have no index for search\.$/,
    fix: /index_sql\(\) \\gexec$/,
  });
});

test("a note of the status that no check knows is a finding all the same", async (t) => {
  await finds(t, "alter table staging_staging.stg_product add colour text; select analytics_features.reconcile()", {
    check: "status",
    state: "warning",
    finding: /The columns in the documents changed in the last day: \+ colour\./,
    fix: null,
  });
});

const doctor = async (variables: Record<string, string> = {}, args = ["--json"]) => {
  const ended = await run("doctor", args, { ...db.env, ...variables });
  const { findings = [] } = args.includes("--json") ? (JSON.parse(ended.stdout) as { findings: Finding[] }) : {};
  return { ...ended, of: (check: string) => findings.find((finding) => finding.check === check) };
};

test("the command exits with 0 on warnings, with 1 on errors, and prints what to do", async (t) => {
  const fine = await doctor({ EMBEDDING_MODEL: "all-MiniLM-L6-v2" });
  t.is(fine.code, 0, fine.stdout + fine.stderr);
  t.like(fine.of("model"), { state: "ok" });
  t.like(fine.of("database"), { state: "ok" });
  t.like(fine.of("migrations"), { state: "ok" });
  t.like(fine.of("worker schema"), { state: "ok" });
  t.like(fine.of("clock"), { state: "ok" });
  t.like(fine.of("source"), { state: "ok" });
  await db.sql`drop trigger _500_embed_insert on staging_staging.stg_product`;
  const warned = await doctor({}, []);
  t.is(warned.code, 0, warned.stderr);
  t.regex(warned.stdout, /warning.*triggers[\s\S]*→ As its owner: select analytics_features\.attach\(\);/);
  await db.sql`drop table staging_staging.stg_product`;
  t.is((await doctor({}, [])).code, 1);
});

test("settings: one that is not valid, a misspelt name, schedules", async (t) => {
  const invalid = await doctor({ PGVECTOR_EMBEDDING_DIM: "many" });
  t.is(invalid.code, 1);
  t.regex(invalid.of("settings")?.finding ?? "", /^PE100: PGVECTOR_EMBEDDING_DIM must be/);
  const misspelt = await doctor({ PGVECTOR_SHEMA: "x" });
  t.is(misspelt.code, 0);
  t.regex(misspelt.of("settings")?.finding ?? "", /without effect: PGVECTOR_SHEMA\./);
  const table = await doctor({ PGVECTOR_TABLE: "vectors" });
  t.is(table.code, 1);
  t.like(table.of("table"), {
    state: "error",
    finding: "PE103: This database was migrated with PGVECTOR_TABLE=product_embeddings, not vectors.",
  });
  const cron = await doctor({ RECONCILE_CRON: "often" });
  t.is(cron.code, 1);
  t.regex(cron.of("settings")?.finding ?? "", /RECONCILE_CRON=often is not a cron pattern/);
  t.like((await doctor({ RECONCILE_CRON: "off", FULL_PASS_CRON: "off" })).of("settings"), { state: "warning" });
});

test("the model: a file that changed, none there, another dimension", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-doctor-"));
  try {
    cpSync(`${root}/models/sentence-transformers/all-MiniLM-L6-v2`, folder, { recursive: true });
    writeFileSync(join(folder, "special_tokens_map.json"), "{}");
    const changed = await doctor({ EMBEDDING_MODEL_PATH: folder });
    t.is(changed.code, 1);
    t.regex(changed.of("model")?.finding ?? "", /^PE111: .*special_tokens_map\.json/);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const none = await doctor({ EMBEDDING_MODEL: "nobody/nothing" });
  t.is(none.code, 0);
  t.like(none.of("model"), { state: "warning" });
  const other = await doctor({ EMBEDDING_MODEL_PATH: `${root}/test/fixtures/models/tiny-bert-768` });
  t.is(other.code, 1);
  t.is(other.of("model")?.finding, "Configured embedding dimension (384) does not match model output (768)");
});

test("the database: not reached, and not migrated", async (t) => {
  const nobody = await doctor({ DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" });
  t.is(nobody.code, 1);
  t.regex(nobody.of("database")?.finding ?? "", /^PE102: /);
  const bare = await doctor({ PGVECTOR_SCHEMA: "not_there" });
  t.is(bare.code, 1);
  t.like(bare.of("migrations"), { state: "error", fix: "npm run migrate" });
});

test("a probe learns whether a worker of its host is alive, and not whether another's is", async (t) => {
  const alive = (...args: string[]) => run("alive", args, db.env);
  const other = await alive();
  t.is(other.code, 8, other.stderr);
  t.regex(other.stderr, /^PE170: No worker on .* for 10 minutes\.\n→ npm run worker/);
  await db.sql`select analytics_features.worker_seen(${`${hostname()}:1:1`})`;
  t.is((await alive()).code, 0);
  await db.sql`update analytics_features.embedding_workers set last_seen_at = now() - interval '5 minutes'`;
  t.is((await alive()).code, 0);
  t.is((await alive("--minutes", "4")).code, 8);
});
