import { execFileSync } from "node:child_process";
import { join } from "node:path";
import anyTest from "ava";
import { root } from "../../runner/settings.ts";
import { start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { claim, drain, queued, store, until } from "../helpers/source.ts";
import { useWarehouse } from "../helpers/warehouse.ts";

/* Real dbt on a real server: what else may happen in, to and around a run. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const warehouse = useWarehouse(anyTest, db);

const merge = { materialized: "incremental", strategy: "merge" };
const run = (vars: Record<string, unknown> = {}, args: string[] = [], env: Record<string, string> = {}) =>
  warehouse.dbt("run", vars, ["--select", "stg_product", ...args], env);
const encodings = () => drain(db.sql, warehouse.model);
const status = async () => {
  const [row] = await db.sql`
    select state, products::integer, missing::integer, stale::integer, orphans::integer, triggers_attached from analytics_features.compute_status()`;
  return { ...row };
};
const complete = { state: "complete", products: 50, missing: 0, stale: 0, orphans: 0, triggers_attached: true };
const notes = async () => {
  const [row] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  return row?.notes.join("\n") ?? "";
};

test("a column added, retyped, renamed or removed changes just the texts that it changes", async (t) => {
  const vars = { ...merge, on_schema_change: "sync_all_columns" };
  await db.sql`update bronze.product set vendor_code = 'A-' || product_id where product_id <= 7`;
  await run(vars);
  await encodings();
  const step = async (change: string, expected: number, what: string) => {
    await db.sql.unsafe(change);
    await warehouse.watched(t, () => run(vars));
    t.is(await encodings(), expected, what);
    t.deepEqual(await status(), complete);
  };
  await step(
    "alter table bronze.product add column axle text; update bronze.product set axle = 'rear', ingested_at = clock_timestamp() where product_id <= 4",
    4,
    "added: the products that have it",
  );
  // dbt makes a new column at the end of the table for this.
  await step("alter table bronze.product alter column price type numeric(14, 2)", 0, "retyped");
  const [row] = await db.sql`select analytics_features.product_document(1) as text`;
  t.is(row?.text, "name: part 1. vendor_code: A-1. price: 1.00. axle: rear.");
  // dbt adds the new name empty and drops the old one.
  await step("alter table bronze.product rename column vendor_code to code", 7, "renamed: the products that had it");
  await step("alter table bronze.product drop column axle", 4, "removed: the products that had it");
});

test("a contract, documentation and grants of dbt's do not get in the way, nor in dbt's", async (t) => {
  execFileSync("psql", ["-qX", "-f", join(root, "sql/dba.sql"), db.env.DATABASE_URL ?? ""], { stdio: "pipe" });
  const rights = async () => {
    const [row] = await db.sql`
      select has_table_privilege('product_embeddings_reader', 'staging_staging.stg_product', 'select') as theirs,
        has_table_privilege('product_embeddings_worker', 'staging_staging.stg_product', 'select') as ours,
        obj_description('staging_staging.stg_product'::regclass) as description`;
    return { ...row };
  };
  for (const vars of [{ materialized: "table" }, merge]) {
    const all = { ...vars, contract: true, persist_docs: true, grants: { select: ["product_embeddings_reader"] } };
    if (vars === merge) Object.assign(all, { on_schema_change: "append_new_columns" });
    await run(all, ["--full-refresh"]);
    await encodings();
    await db.sql`update bronze.product set name = name || '!', ingested_at = clock_timestamp() where product_id = 9`;
    await warehouse.watched(t, () => run(all));
    t.is(await encodings(), 1);
    t.deepEqual(await status(), complete);
    t.deepEqual(await rights(), { theirs: true, ours: true, description: "Products as they are now." });
  }
});

test("two runs at once leave one whole table and search", async (t) => {
  for (const vars of [{ materialized: "table" }, merge]) {
    await run(vars, ["--full-refresh"]);
    await encodings();
    await db.sql`update bronze.product set price = price + 1, ingested_at = clock_timestamp() where product_id = 3`;
    await warehouse.watched(t, async () => {
      const runs = await Promise.allSettled(["a", "b"].map((name) => run(vars, [], { DBT_TARGET_PATH: join(warehouse.project, name) })));
      t.true(
        runs.some(({ status }) => status === "fulfilled"),
        JSON.stringify(runs),
      );
      return "";
    });
    t.is(await encodings(), 1);
    t.deepEqual(await status(), complete);
  }
});

test("a run while a worker holds claims is not waited for, and what it changed is encoded afterwards", async (t) => {
  await run();
  const claimed = await claim(db.sql);
  await db.sql`update bronze.product set name = 'changed meanwhile' where product_id = 7`;
  await run();
  t.is(
    await store(db.sql, warehouse.model, claimed),
    49,
    "no trigger told of product 7 in the swapped table, but the hook's comparison did",
  );
  t.is(await encodings(), 1);
  t.deepEqual(await status(), complete);
});

test("runs beside a worker that encodes with the real model wait for nothing, and each change is encoded once", async (t) => {
  await db.sql`delete from analytics_features.embedding_models`;
  await run();
  const worker = start("worker", [], { ...db.env, RECONCILE_CRON: "* * * * *" });
  const encoded = async () => {
    const [row] = await db.sql`select coalesce(sum(stored), 0)::integer as n from analytics_features.embedding_activity`;
    return row?.n;
  };
  const done = () =>
    until(
      async () => (await db.sql`select from analytics_features.embedding_status where state = 'complete'`).length === 1,
      worker.output(),
    );
  await done();
  t.is(await encoded(), 50);
  await db.sql`update bronze.product set price = price + 1 where product_id <= 5`;
  await warehouse.watched(t, () => run());
  await warehouse.watched(t, () => run());
  await done();
  t.is(await encoded(), 55);
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
});

test("an emptied source loses no vector: they are held, said so, and serve at once when it is back", async (t) => {
  await db.sql`update analytics_features.settings set vanished_grace = '0'`;
  await run();
  await encodings();
  await db.sql`create table bronze.backup as select * from bronze.product`;
  await db.sql`delete from bronze.product where product_id > 10`;
  await run();
  t.is(await encodings(), 0);
  await db.sql`select analytics_features.maintain('w1')`;
  t.deepEqual(await status(), { ...complete, products: 10, orphans: 40 });
  t.regex(await notes(), /40 of 50 vectors are of vanished products.*release_vanished/);

  await db.sql`truncate bronze.product`;
  await db.sql`insert into bronze.product select * from bronze.backup`;
  await run();
  const hits =
    await db.sql`select from analytics_features.search_products((select embedding from analytics_features.product_embeddings limit 1), 'l2', 100)`;
  t.is(hits.length, 50, "before any worker came");
  t.is(await encodings(), 0);
  t.deepEqual(await status(), complete);
  t.is(await notes(), "");
});

test("the same model in a development schema is left alone", async (t) => {
  await run();
  await encodings();
  await run({}, [], { DBT_TEST_SCHEMA: "dev_ivan" });
  t.deepEqual(await queued(db.sql), []);
  const [row] = await db.sql`select count(*)::integer as n from pg_trigger where tgrelid = 'dev_ivan_staging.stg_product'::regclass`;
  t.is(row?.n, 0);
  await db.sql`drop schema dev_ivan_staging cascade`;
});

test("neither a failure of ours, nor that we are not there, nor a role without rights costs the dbt run", async (t) => {
  await db.sql`alter table analytics_features.product_changes rename to product_changes_away`;
  await run().finally(() => db.sql`alter table analytics_features.product_changes_away rename to product_changes`);
  const [row] = await db.sql`select event, error from analytics_features.source_log where error is not null`;
  t.is(row?.event, "reconcile");
  t.regex(row?.error, /product_changes/);
  t.regex(await notes(), /The last reconcile failed: /);

  await db.sql`alter schema analytics_features rename to away`;
  await run().finally(() => db.sql`alter schema away rename to analytics_features`);

  const role = `pe_${process.pid}_dbt`;
  await db.sql.unsafe(`
    create role ${role} login; grant create on database ${new URL(db.env.DATABASE_URL ?? "").pathname.slice(1)} to ${role};
    drop schema staging_staging cascade; grant usage on schema bronze to ${role}; grant select on bronze.product to ${role}`);
  try {
    await run({}, [], { DBT_TEST_USER: role });
    t.like(await status(), { triggers_attached: false });
    t.regex(await notes(), /lacks the triggers/);
  } finally {
    await db.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
});

test("a strict hook fails the model on a source that is not sound, and leaves the former one", async (t) => {
  await run({ strict: true });
  await encodings();
  await db.sql`insert into bronze.product (product_id, name) values (7, 'twice')`;
  await t.throwsAsync(run({ strict: true }), { message: /1 product_ids stand in several rows/ });
  t.deepEqual(await status(), complete);
});

test("dbt build with marts, tests and freshness passes without a warning, and so does an empty one", async (t) => {
  await run();
  await encodings();
  await db.sql`select analytics_features.maintain('w1')`;
  // What an old dbt says about itself at every run is not about us.
  const said = (output: string) => output.replace(/.*This version of dbt is deprecated.*/, "");
  for (const command of ["build", "source freshness"]) {
    t.notRegex(said(await warehouse.dbt(command)), /deprecat|warn(?!=0)|error(?!=0)/i);
  }
  const [row] = await db.sql`select count(embedding)::integer as n from staging.product_with_embeddings`;
  t.is(row?.n, 50);

  const empty = await warehouse.dbt("build", {}, ["--empty"]);
  t.regex(empty, /Completed successfully/);
  t.notRegex(said(empty), /deprecat/i);
  // What it did to the source is what it says; nothing of ours is lost by it.
  await run();
  t.is(await encodings(), 0);
  t.deepEqual(await status(), complete);
});

test("the marts hold every product that search finds, whatever type its product_id has", async (t) => {
  for (const type of ["text", "numeric"]) {
    await db.sql.unsafe(`alter table bronze.product alter column product_id type ${type} using product_id::${type}`);
    if (type === "text") {
      await db.sql`update bronze.product set product_id = ' 3.0 ' where product_id = '3'`;
      await db.sql`update bronze.product set product_id = '1812345678901234567' where product_id = '4'`;
      await db.sql`
        insert into bronze.product (product_id, name)
        values ('x', 'no number'), ('99999999999999999999', 'too large'), ('9999999999999999999', 'too large')`;
    }
    await run();
    await encodings();
    await warehouse.dbt("run", {}, ["--select", "product_with_embeddings similar_products duplicate_products"]);
    const [row] = await db.sql`
      select (select count(embedding)::integer from staging.product_with_embeddings) as embedded,
        (select count(distinct product_id)::integer from staging.similar_products) as similar,
        (select count(*) > 0 from staging.duplicate_products where product_id < duplicate_product_id) as duplicates`;
    t.deepEqual({ ...row }, { embedded: 50, similar: 50, duplicates: true }, type);
    await db.sql`delete from bronze.product where name in ('no number', 'too large')`;
  }
});

test("a product that is gone is no orphan to the package's test while its vector waits out its grace, unless too many are gone", async (t) => {
  await run();
  await encodings();
  const passes = () =>
    warehouse.dbt("test", {}, ["--select", "stg_product,test_name:no_orphan_embeddings"]).then(
      () => true,
      () => false,
    );
  await db.sql`update bronze.product set deleted = true where product_id = 50`;
  await run();
  await encodings();
  t.like(await status(), { orphans: 1 });
  t.true(await passes());
  await db.sql`update analytics_features.product_embeddings set vanished_at = now() - interval '8 days' where product_id = 50`;
  t.false(await passes(), "its grace is over");
  await db.sql`delete from bronze.product where product_id <= 40`;
  await db.sql`select analytics_features.release_vanished()`;
  await run();
  await encodings();
  t.false(await passes(), "held");
});

test("the package's tests fail when there is a reason", async (t) => {
  await run();
  const failing = async () => {
    const output = await warehouse.dbt("test", {}, ["--select", "stg_product"]).catch(String);
    return [...output.matchAll(/FAIL 1 (\w+?)_stg_product/g)].map(([, name]) => name?.replace(/^product_embeddings_/, "")).sort();
  };
  t.deepEqual(await failing(), ["embeddings_complete"]);
  await encodings();
  t.deepEqual(await failing(), []);
  await db.sql`alter table staging_staging.stg_product disable trigger _500_embed_insert`;
  await db.sql`update staging_staging.stg_product set price = 7 where product_id = 1`;
  await db.sql`delete from staging_staging.stg_product where product_id > 40`;
  t.deepEqual(await failing(), ["embedding_triggers_attached", "embeddings_fresh", "no_orphan_embeddings"]);
});

const createCategories = () =>
  db.sql.unsafe(`
    create table bronze.category (category_id bigint, title text);
    insert into bronze.category values (1, 'brakes'), (2, 'filters'), (3, 'oils');
    update bronze.product set category_id = product_id % 3 + 1;
    create schema if not exists shop;
    create or replace function shop.facts(product jsonb) returns jsonb language plpgsql stable as $$
    begin
      return (select jsonb_build_object('category', c.title) from staging_staging.category c where c.category_id = (product ->> 'category_id')::bigint);
    end $$`);

test("a related model is attached again by each build, and a renamed category encodes its products", async (t) => {
  await createCategories();
  const build = (model: string) => warehouse.dbt("run", { related: true }, ["--select", model]);
  await build("category");
  await build("stg_product");
  await db.sql`select * from analytics_features.set_document_hook('shop.facts', force => true)`;
  await db.sql`select analytics_features.attach_related('staging_staging.category', 'category_id')`;
  await encodings();
  await db.sql`update bronze.category set title = 'braking' where category_id = 1`;
  await build("category");
  t.deepEqual(
    await queued(db.sql),
    Array.from({ length: 16 }, (_, n) => 3 * n + 3),
  );
  t.is(await encodings(), 16);
  await db.sql`update staging_staging.category set title = 'braking systems' where category_id = 1`;
  t.is(await encodings(), 16, "the new table has the triggers");
  t.notRegex(await notes(), /related/);
  t.deepEqual(await status(), complete);
});

test("a source that joins the names itself follows them, as a table with its next run and as a view at once", async (t) => {
  await createCategories();
  await db.sql`select analytics_features.set_source('staging_staging', 'joined_product')`;
  const build = (materialized: string) => warehouse.dbt("run", { related: true, materialized }, ["--select", "category joined_product"]);
  await build("table");
  t.is(await encodings(), 50);
  await db.sql`update bronze.category set title = 'braking' where category_id = 1`;
  await build("table");
  t.is(await encodings(), 16);
  t.regex((await db.sql`select analytics_features.product_document(3) as text`)[0]?.text, /category: braking\.$/);

  await build("view");
  t.is(await encodings(), 0);
  await db.sql`select analytics_features.attach_related('bronze.product', 'product_id')`;
  await db.sql`update bronze.product set name = 'renamed' where product_id = 5`;
  t.deepEqual(await queued(db.sql), [5]);
});
