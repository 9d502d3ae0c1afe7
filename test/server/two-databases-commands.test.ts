import { execFileSync } from "node:child_process";
import { join } from "node:path";
import anyTest from "ava";
import { connect, type Sql } from "../../runner/database.ts";
import { root } from "../../runner/settings.ts";
import { type Cluster, makeCluster } from "../helpers/cluster.ts";
import { run, start } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { createSample, until } from "../helpers/source.ts";
import { databaseUrl, serverUrl } from "../helpers/template.ts";

/* The commands, with the pipeline's variables for two databases, as logins that are no superusers. */
const test = anyTest.serial;
const name = `product_embeddings_two_${process.pid}`;
const logins = ["owner", "worker", "reader"] as const;
const login = (who: (typeof logins)[number]) => `pe_two_${process.pid}_${who}`;
const urlOf = (who: (typeof logins)[number]) => {
  const url = new URL(databaseUrl(name));
  url.username = login(who);
  return url.href;
};
const admin = connect(serverUrl ?? "", 1);
let cluster: Cluster;
let superuser: Sql;
let upstream: Sql;
let owner: Sql;

test.before(async () => {
  cluster = await makeCluster();
  const boss = connect(cluster.url("postgres"), 1);
  await boss.unsafe("create role dwh login password 'secret'");
  await boss.unsafe("create database dwh owner dwh");
  await boss.end();
  upstream = connect(cluster.url("dwh", "dwh", "secret"), 2);
  await createSample(upstream);
  await admin.unsafe(`create database ${name} template template0`);
  for (const who of logins) await admin.unsafe(`create role ${login(who)} login`);
  const variables = logins.flatMap((who) => ["-v", `${who}=${login(who)}`]);
  execFileSync("psql", ["-qX", ...variables, "-f", join(root, "sql/dba.sql"), databaseUrl(name)], { stdio: "pipe" });
  superuser = connect(databaseUrl(name), 1);
  owner = connect(urlOf("owner"), 2);
});
test.after.always(async () => {
  for (const sql of [upstream, superuser, owner]) await sql?.end();
  await admin.unsafe(`drop database if exists ${name} with (force)`);
  for (const who of logins) await admin.unsafe(`drop role if exists ${login(who)}`);
  await admin.end();
  cluster?.remove();
});

const env = (who: (typeof logins)[number], variables: Record<string, string> = {}) => ({
  DATABASE_URL: urlOf(who),
  STAGING_DB_HOST: "127.0.0.1",
  STAGING_DB_PORT: String(cluster.port),
  STAGING_DB_NAME: "dwh",
  STAGING_DB_USER: "dwh",
  STAGING_DB_PASSWORD: "secret",
  ...variables,
});

test("where postgres_fdw is not to be had, migrate says exactly what a DBA runs, and then it works", async (t) => {
  const refused = await run("migrate", [], env("owner"));
  t.is(refused.code, 3);
  t.regex(refused.stderr, /^PE150: postgres_fdw, .* cannot be used: /);
  const statements = /in this database: (create extension .*;)$/m.exec(refused.stderr)?.[1];
  t.is(statements, `create extension if not exists postgres_fdw; grant usage on foreign data wrapper postgres_fdw to ${login("owner")};`);
  // Half of it is not enough.
  await superuser.unsafe("create extension postgres_fdw");
  const half = await run("migrate", [], env("owner"));
  t.regex(half.stderr, new RegExp(`PE150: .*${login("owner")} may not use it`));
  await superuser.unsafe(statements ?? "");
  const migrated = await run("migrate", [], env("owner"));
  t.is(migrated.code, 0, migrated.stderr);
  t.regex(migrated.stdout, /The products of localhost:\d+\/dwh are copied to analytics_features\.source_copy/);
  t.regex(migrated.stdout, /The triggers are on analytics_features\.source_copy\.$/m, "no count: what was copied was queued before");
  t.notRegex(refused.stderr + migrated.stdout + migrated.stderr, /secret/);
  const again = await run("migrate", ["--json"], env("owner"));
  t.deepEqual(JSON.parse(again.stdout), { sourceExists: true, attached: true, queued: 0 });
});

test("a wrong password, and an owner whom the other server lets in without one, are explained", async (t) => {
  const wrong = await run("migrate", [], env("owner", { STAGING_DB_PASSWORD: "wr0ng" }));
  t.is(wrong.code, 3);
  t.regex(wrong.stderr, /^PE151: .*password authentication failed for user "dwh"\.\n→ Check STAGING_DB_USER/);
  t.notRegex(wrong.stderr, /wr0ng/);
  const trusted = await run("migrate", [], env("owner", { STAGING_DB_USER: "boss", STAGING_DB_PASSWORD: "any" }));
  t.regex(trusted.stderr, /^PE151: .*\n→ .*needs a password there, and that server has to ask for it/);
});

test("settings that name another database than the products come from are not taken silently", async (t) => {
  const status = await run("status", [], env("owner", { STAGING_DB_NAME: "other" }));
  t.is(status.code, 2);
  t.regex(
    status.stderr,
    /^PE101: .*another database, localhost:\d+\/other staging_staging\.stg_product, and they are taken from localhost:\d+\/dwh .*\n→ npm run migrate/,
  );
  const findings = async (env: Record<string, string>) => (await run("doctor", [], env)).stdout.replaceAll(/[│\s]+/g, " ");
  t.regex(await findings(env("reader", { STAGING_DB_NAME: "other" })), /error source PE101: .* are taken from localhost:\d+\/dwh/);
  for (const rightly of [env("owner"), { DATABASE_URL: urlOf("owner") }]) t.notRegex(await findings(rightly), /PE101|settings here name/);
  // With no word of the other database, what is connected stays.
  const plain = await run("migrate", [], { DATABASE_URL: urlOf("owner") });
  t.is(plain.code, 0, plain.stderr);
  t.regex(plain.stdout, /The triggers are on analytics_features\.source_copy; 0 products queued/);
});

test("the worker keeps the copy as a member of its group, and embed brings it up to date before it begins", async (t) => {
  const worker = start("worker", [], env("worker"));
  const state = async () => (await owner`select state, embedded::integer from analytics_features.embedding_status`)[0];
  await until(async () => (await state())?.embedded === 115, worker.output);
  await upstream`update staging_staging.stg_product set name = 'Windshield wiper blade', updated_at = localtimestamp where product_id = 9200152`;
  // The minute is over.
  await owner`update analytics_features.source_connection set next_at = null`;
  await owner`select graphile_worker.add_job('refresh_copy')`;
  const found = async () =>
    (await owner`select product_id from analytics_features.search_products_text('windshield wiper blade', 1)`)[0]?.product_id;
  await until(async () => (await found()) === "9200152" && (await state())?.state === "complete", worker.output);
  worker.process.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  t.is(code, 0, stderr);
  t.notRegex(stderr, /"level":(40|50)/);
  t.regex(stderr, /"outcome":"incremental","inserted":0,"updated":1,"deleted":0,"msg":"copied"/);

  await upstream`insert into staging_staging.stg_product (product_id, name, updated_at) values (1, 'new here', localtimestamp)`;
  const embedded = await run("embed", [], env("worker"));
  t.is(embedded.stdout, "Generated embeddings for 1 products.\n", embedded.stderr);
  // Away: said, and the pass goes on with the copy.
  await upstream`alter table staging_staging.stg_product rename to away`;
  const without = await run("embed", [], env("worker"));
  t.is(without.code, 0);
  t.regex(without.stderr, /"level":40.*do not exist in the other database/);
  await upstream`alter table staging_staging.away rename to stg_product`;
});

test("a worker cannot lead the copy elsewhere, and neither it nor a reader sees the login or the products there", async (t) => {
  for (const who of ["worker", "reader"] as const) {
    const sql = connect(urlOf(who), 1);
    try {
      await fails(t, sql`update analytics_features.source_connection set source_table = 'other'`, { code: "42501" });
      await fails(t, sql`select * from analytics_features.source_upstream`, { code: who === "reader" ? "42501" : "42704" });
      t.deepEqual(
        (await sql`select umoptions from pg_user_mappings`).map((row) => row.umoptions),
        [null],
      );
      t.is((await sql`select database from analytics_features.source_copy_status`)[0]?.database, "dwh");
      await fails(t, sql`select analytics_features.connect_source('h', 1, 'd', 'u', 'p')`, { code: who === "reader" ? "42501" : "PE154" });
    } finally {
      await sql.end();
    }
  }
  const reader = connect(urlOf("reader"), 1);
  t.true((await reader`select from analytics_features.search_products_text('домкрат')`).length > 0);
  await fails(t, reader`select * from analytics_features.source_copy`, { code: "42501" });
  await fails(t, reader`select * from analytics_features.refresh_copy()`, { code: "42501" });
  await reader.end();
  const status = await run("status", ["--quick"], env("reader"));
  t.is(status.code, 0, status.stderr);
  await fails(t, superuser`select analytics_features.connect_source('h', 1, 'd', 'u', 'p')`, {
    code: "PE154",
    hint: new RegExp(`set role ${login("owner")};`),
  });
});
