import { execFileSync } from "node:child_process";
import { join } from "node:path";
import anyTest from "ava";
import { connect, openDatabase, type Sql } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings, root } from "../../runner/settings.ts";
import { run, start } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { unitVector, until } from "../helpers/source.ts";
import { databaseUrl, serverUrl } from "../helpers/template.ts";

/* Four logins, none a superuser, and what sql/dba.sql gave them. */
const test = anyTest.serial;
const name = `product_embeddings_roles_${process.pid}`;
const logins = ["owner", "dbt", "worker", "reader"] as const;
type Login = (typeof logins)[number];
const login = (who: Login | "stranger") => `pe_${process.pid}_${who}`;
const urlOf = (who: Login | "stranger") => {
  const url = new URL(databaseUrl(name));
  url.username = login(who);
  return url.href;
};
const as = {} as Record<Login | "stranger", Sql>;
const admin = connect(serverUrl ?? "", 1);
const settings = readSettings({ DATABASE_URL: urlOf("owner") });

test.before(async () => {
  await admin.unsafe(`create database ${name} template template0`);
  for (const who of [...logins, "stranger"] as const) {
    await admin.unsafe(`create role ${login(who)} login`);
    as[who] = connect(urlOf(who), 2);
  }
  // A stranger to us who runs dbt, as dbt's role in any database may make schemas.
  await admin.unsafe(`grant create on database ${name} to ${login("dbt")}, ${login("stranger")}`);
  const variables = logins.flatMap((who) => ["-v", `${who}=${login(who)}`]);
  execFileSync("psql", ["-qX", ...variables, "-f", join(root, "sql/dba.sql"), databaseUrl(name)], { stdio: "pipe" });
  const database = await openDatabase(settings);
  await migrate(database, settings);
  await database.close();
});
test.after.always(async () => {
  for (const sql of Object.values(as)) await sql.end();
  await admin.unsafe(`drop database if exists ${name} with (force)`);
  for (const who of [...logins, "stranger"] as const) await admin.unsafe(`drop role if exists ${login(who)}`);
  await admin.end();
});

/** What dbt's table materialization does, with the hook, in one transaction. */
const build = (rows: number) =>
  as.dbt.begin((sql) =>
    sql.unsafe(`
      create schema if not exists staging_staging;
      create table staging_staging.built as
        select g::bigint as product_id, 'part ' || g as name, 'code ' || g as vendor_code, g::numeric(12, 2) as price, false as deleted
        from generate_series(1, ${rows}) g;
      drop table if exists staging_staging.stg_product cascade;
      alter table staging_staging.built rename to stg_product;
      select analytics_features.attach_after_build('staging_staging', 'stg_product')`),
  );
const status = async (who: Login) => {
  const [row] = await as[
    who
  ]`select state, products::integer, missing::integer, triggers_attached from analytics_features.embedding_status`;
  return { ...row };
};

test("dbt's role attaches to its own table, and needs nothing in the worker's schema", async (t) => {
  await build(5);
  t.deepEqual(await status("reader"), { state: "waiting", products: 5, missing: 5, triggers_attached: true });
  await fails(t, as.dbt`select * from graphile_worker._private_jobs`, { code: "42501" });
  await fails(t, as.dbt`select * from analytics_features.product_queue`, { code: "42501" });
  await as.dbt`insert into staging_staging.stg_product (product_id, name) values (6, 'part 6')`;
  t.like(await status("reader"), { products: 6, missing: 6 });
});

test("a worker needs no more than its group: it claims, encodes, stores, and compares", async (t) => {
  const worker = start("worker", [], { DATABASE_URL: urlOf("worker") });
  await until(async () => (await status("reader")).state === "complete", worker.output());
  // Rebuilt while it runs: the hook lets it read the new table.
  await build(8);
  await until(async () => (await status("reader")).state === "complete" && (await status("reader")).products === 8, worker.output());
  worker.process.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  t.is(code, 0, stderr);
  t.notRegex(stderr, /"level":(40|50)/);
  const passed = await run("embed", ["--json"], { DATABASE_URL: urlOf("worker") });
  t.is(passed.code, 0, passed.stderr);
});

test("a reader searches and sees the status, and nothing else", async (t) => {
  const hits = await as.reader`select * from analytics_features.search_products(${unitVector(3)}, 'cosine', 20)`;
  t.is(hits.length, 8);
  t.deepEqual(await status("reader"), { state: "complete", products: 8, missing: 0, triggers_attached: true });
  t.is((await as.reader`select * from analytics_features.compute_status()`).length, 1);
  const tables = await as.owner<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace in ('analytics_features'::regnamespace, 'graphile_worker'::regnamespace) and relkind in ('r', 'v')
      and has_table_privilege(${login("reader")}, oid, 'select, insert, update, delete, truncate')`;
  t.deepEqual(
    tables.map((row) => row.name),
    ["analytics_features.embedding_status"],
  );
  const functions = await as.owner<{ name: string }[]>`
    select proname as name from pg_proc
    where pronamespace = 'analytics_features'::regnamespace and has_function_privilege(${login("reader")}, oid, 'execute') order by 1`;
  t.deepEqual(
    functions.map((row) => row.name),
    ["compute_status", "search_products"],
  );
  await fails(t, as.reader`select * from staging_staging.stg_product`, { code: "42501" });
});

test("dbt's role reads the vectors for its marts, and cannot change them", async (t) => {
  t.is((await as.dbt`select embedding from analytics_features.product_embeddings`).length, 8);
  await fails(t, as.dbt`delete from analytics_features.product_embeddings`, { code: "42501" });
  await fails(t, as.dbt`select analytics_features.release_vanished()`, { code: "42501" });
});

test("whoever cannot grant us the source is told what to run, and the status says it too", async (t) => {
  await as.stranger`create schema elsewhere`;
  await as.stranger`create table elsewhere.stg_product (product_id bigint, name text)`;
  await as.owner`select analytics_features.set_source('elsewhere', 'stg_product')`;
  try {
    await fails(t, as.owner`select analytics_features.reconcile()`, { code: "PE005", hint: /analytics_features\.attach\(\)/ });
    const [row] = await as.reader`select state, notes from analytics_features.embedding_status`;
    t.is(row?.state, "unknown");
    t.regex(row?.notes.join(), /may not read the source/);
    const worker = await run("embed", [], { DATABASE_URL: urlOf("worker") });
    t.is(worker.code, 3, worker.stderr);
    t.regex(worker.stderr, /PE005/);
  } finally {
    await as.owner`select analytics_features.set_source('staging_staging', 'stg_product')`;
  }
});

test("the groups can be given after us, and the rights follow", async (t) => {
  await admin.unsafe(`grant product_embeddings_reader to ${login("stranger")}`);
  t.is((await as.stranger`select from analytics_features.search_products(${unitVector(3)}, 'l2', 20)`).length, 8);
});
