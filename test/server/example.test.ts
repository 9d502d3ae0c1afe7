import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { openDatabase } from "../../runner/database.ts";
import { readSettings } from "../../runner/settings.ts";
import { createBronze, land, readEvents } from "../../scripts/bronze.ts";
import { exampleProject } from "../../scripts/dbt.ts";
import { run } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { useDbt } from "../helpers/dbt.ts";
import { drain, registerModel, startOver, unitVector } from "../helpers/source.ts";

/* The example, with real dbt: Debezium's events through bronze and staging into search and the marts. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const dbt = useDbt(anyTest, db, exampleProject);
let model = 0;

test.beforeEach(async () => {
  await startOver(db.sql);
  model = await registerModel(db.sql);
  await db.sql.unsafe("drop schema if exists bronze cascade; drop schema if exists staging_marts cascade");
  await createBronze(db.sql);
});

/** Lands messages, builds the products, and encodes what changed; returns how many were encoded. */
async function play(...messages: readonly string[]): Promise<number> {
  await land(db.sql, messages);
  await dbt("run", {}, ["--select", "+stg_product"]);
  return drain(db.sql, model);
}

const product = async (id: number) => {
  const [row] = await db.sql`select * from staging_staging.stg_product where product_id = ${id}`;
  return row ?? {};
};
const isFound = async (id: number) => {
  const [row] = await db.sql`
    select count(*)::integer as n from analytics_features.search_products(${unitVector(id)}, 'l2', 1000) where product_id = ${id}`;
  return row?.n === 1;
};
const snapshot = readEvents("01-snapshot.jsonl");
const workingDay = readEvents("02-working-day.jsonl");
const outOfOrder = readEvents("03-out-of-order.jsonl");
const keysAndReturns = readEvents("04-keys-and-returns.jsonl");
const deliveredAgain = readEvents("05-delivered-again.jsonl");

test("Debezium's decimals, bits, dates and times arrive as the columns of SQL Server had them", async (t) => {
  t.is(await play(...snapshot, ...keysAndReturns), 41, "40 of the snapshot, one of them under another key, and a new one");
  const [row] = await db.sql`
    select product_id, name, vendor_code, weight::text, length::text, price::text, is_active, category_id, created_at::text, updated_at::text, deleted
    from staging_staging.stg_product where product_id = 502013`;
  t.deepEqual(
    { ...row },
    {
      product_id: "502013",
      name: "Форсунка омывателя веерная",
      vendor_code: "WN-F2",
      weight: "0.005",
      length: "30",
      price: "120.00",
      is_active: true,
      category_id: "20",
      created_at: "2024-02-09 08:15:20.037",
      updated_at: "2026-02-26 17:40:03.451231",
      deleted: false,
    },
  );
  const prices = await db.sql<{ product_id: string; price: string | null }[]>`
    select product_id, price::text from staging_staging.stg_product where product_id in (506054, 507060, 507061, 507062) order by 1`;
  t.deepEqual(
    prices.map(({ price }) => price),
    [null, "0.00", "-2147483648.01", "0.00"],
  );
  const changes = await db.sql<{ price: string; on_sale_since: string }[]>`
    select price::text, on_sale_since::text from staging_staging.product_changes where product_id = 507062 order by cdc_position`;
  t.deepEqual(
    changes.map(({ price }) => price),
    ["9999999999.99", "0.00"],
  );
  t.is(changes[0]?.on_sale_since, "2024-02-12");
});

test("of changes that land out of order the newest wins, in one run and across runs", async (t) => {
  await play(...snapshot, ...outOfOrder);
  t.like(await product(505045), { name: "Термостат электронный с корпусом, 105 °C", price: "3460.00" });
  t.like(await product(504030), { price: "725.00" }, "two changes of one transaction");
  const newest = await product(506053);
  t.is(newest.name, "Ремень стяжной 5 т, 12 м, с храповиком");

  const late = deliveredAgain[0] ?? "";
  t.regex(late, /"ProductId": 506053/);
  t.is(await play(late), 0, "a change that is late encodes nothing");
  t.deepEqual(await product(506053), newest);
});

test("what is delivered again changes nothing and encodes nothing, and neither does mere bookkeeping", async (t) => {
  t.is(await play(...snapshot), 40);
  t.is(await play(...workingDay), 6, "seven changed and one was deleted; of one only updated_at moved");
  await play(...outOfOrder, ...keysAndReturns);
  const table = () => db.sql`select * from staging_staging.stg_product order by product_id`;
  const before = await table();
  t.is(await play(...deliveredAgain, ...workingDay), 0);
  t.deepEqual([...(await table())], [...before]);
});

test("a deleted product leaves search with its last values kept, its tombstone says nothing, and it may come back", async (t) => {
  await play(...snapshot);
  t.true(await isFound(503025));
  await play(...workingDay);
  t.like(await product(503025), { name: "Регулятор давления тормозов («колдун»)", price: "1480.00", deleted: true });
  t.false(await isFound(503025));
  const [tombstones] = await db.sql`select count(*)::integer as n from bronze.product_events where value is null`;
  t.is(tombstones?.n, 1);

  await play(...keysAndReturns);
  t.like(await product(503025), { name: "Регулятор тормозных сил задней оси", price: "1690.00", deleted: false });
  t.true(await isFound(503025));
});

test("a product whose key changed is found under the new one only", async (t) => {
  await play(...snapshot, ...keysAndReturns);
  const [old, renumbered] = [await product(506051), await product(516051)];
  t.true(old.deleted);
  t.false(renumbered.deleted);
  t.is(renumbered.name, old.name);
  t.deepEqual([await isFound(506051), await isFound(516051)], [false, true]);
});

test("dbt build passes without a warning, also empty and before there is any event", async (t) => {
  for (const args of [["--empty"], [], ["--empty", "--selector", "after_encoding"]]) {
    const built = await dbt("build", {}, args);
    t.regex(built, /Completed successfully/);
    t.notRegex(built, /deprecations?:|deprecated functionality|\[WARNING\]|WARN=[1-9]/i);
  }
});

test("the marts take a model without the usual columns, and see of several rows and of deletes what search sees", async (t) => {
  await db.sql.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product as
      select g::bigint as product_id, 'brand ' || g as brand, case when g = 30 then 'Y' else 'n' end as deleted, date '2026-01-02' as updated_at
      from generate_series(1, 30) g
      union all
      select g, 'earlier brand ' || g, 'n', '2026-01-01' from generate_series(26, 30) g;
    select analytics_features.attach()`);
  t.is(await drain(db.sql, model), 29);
  const built = await dbt("build", { product_embeddings_neighbours: 3, product_embeddings_duplicate_similarity: -1 }, [
    "--select",
    "package:product_embeddings",
  ]);
  t.regex(built, /Completed successfully/);
  const [row] = await db.sql`
    select
      (select count(*)::integer from staging_marts.product_with_embeddings) as rows,
      (select count(*)::integer from staging_marts.similar_products) as neighbours,
      (select count(*)::integer from staging_marts.duplicate_products where product_id >= duplicate_product_id) as turned`;
  t.deepEqual({ ...row }, { rows: 35, neighbours: 29 * 3, turned: 0 });
});

test("npm run example shows search following, and the marts have the neighbours and the known duplicates", async (t) => {
  // Six starts of dbt: a minute on two idle cores.
  t.timeout(600_000);
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-example-"));
  const env = { EMBEDDED_DATA_DIR: join(folder, "data"), EMBEDDED_PORT: "0", DBT_TARGET_PATH: join(folder, "target") };
  try {
    const { code, stdout, stderr } = await run("example", [], { ...env, DBT_LOG_PATH: join(folder, "logs") });
    t.is(code, 0, stderr);
    t.is(stderr, "");
    t.regex(stdout, /encoded +│ 40 products/);
    t.regex(stdout, /05-delivered-again.+ 0 products changed;.+encoded +│ 0 products/s);
    t.true(
      stdout.split("\n").every((line) => line.length <= 100),
      "it fits a terminal of 100 columns",
    );

    const database = await openDatabase(readSettings(env));
    try {
      const pairs = await database.sql`select product_id::integer, duplicate_product_id::integer from staging_marts.duplicate_products`;
      t.true(pairs.some((pair) => pair.product_id === 502010 && pair.duplicate_product_id === 502011));
      t.true(pairs.some((pair) => pair.product_id === 505042 && pair.duplicate_product_id === 508003));
      const [row] = await database.sql`
        select
          count(distinct n.product_id)::integer as products,
          min(n.similarity) >= -1 and max(n.similarity) <= 1 as cosines,
          count(*) filter (where n.product_id = n.similar_product_id or p.deleted)::integer as wrong
        from staging_marts.similar_products n
        join staging_staging.stg_product p on p.product_id = n.similar_product_id`;
      t.deepEqual({ ...row }, { products: 42, cosines: true, wrong: 0 });
    } finally {
      await database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("npm run example keeps its hands off products that it did not make, and says what it needs", async (t) => {
  await db.sql`comment on schema bronze is 'ours'`;
  const refused = await run("example", [], db.env);
  t.is(refused.code, 2);
  t.regex(
    refused.stderr,
    /^PE100: The database already has a schema bronze, and not from this example\.\n→ Let DATABASE_URL name an empty/,
  );

  const without = await run("example", [], { ...db.env, DBT: "/nowhere/dbt" });
  t.is(without.code, 6);
  t.regex(without.stderr, /^PE130: There is no dbt at \/nowhere\/dbt\.\n→ pip install /);
});
