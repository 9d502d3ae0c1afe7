import anyTest from "ava";
import { useDatabase } from "../helpers/database.ts";
import { fails } from "../helpers/errors.ts";
import { createSource, drain, insertParts, queued, registerModel, startOver, until } from "../helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await insertParts(db.sql, 1, 50);
  model = await registerModel(db.sql);
  await db.sql.unsafe(`
    drop schema if exists shop cascade; create schema shop;
    create table shop.category (id integer, title text);
    insert into shop.category values (1, 'Тормоза'), (2, 'Фильтры');
    update staging_staging.stg_product set category_id = product_id % 2 + 1;
    create function shop.facts(product jsonb) returns jsonb language sql stable as $$
      select jsonb_build_object('category', c.title) from shop.category c where c.id = (product ->> 'category_id')::integer
    $$;
    select * from analytics_features.set_document_hook('shop.facts', force => true)`);
});

test("a table that somebody holds is waited for once and not once a product, and no product fails of it", async (t) => {
  await drain(db.sql, model);
  const holder = await db.sql.reserve();
  try {
    await holder.unsafe("begin; lock table shop.category in access exclusive mode");
    await fails(
      t,
      db.sql.begin(async (sql) => {
        // With a wait for each product this would end it with another code.
        await sql.unsafe("set local lock_timeout = '300ms'; set local statement_timeout = '10s'");
        await sql`select analytics_features.reconcile()`;
      }),
      { code: "55P03" },
    );
  } finally {
    await holder.unsafe("rollback");
    holder.release();
  }
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), []);
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("source and related table rebuilt at once lock neither run out: one compares, the other says that it could not", async (t) => {
  await db.sql`select analytics_features.attach_related('shop.category', 'id', 'category_id')`;
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const build = async (schema: string, table: string, change: string, both: () => Promise<void>) =>
    db.sql.begin(async (sql) => {
      await sql.unsafe(`
        create table ${schema}.built as select * from ${schema}.${table};
        update ${schema}.built set ${change};
        alter table ${schema}.${table} rename to was; alter table ${schema}.built rename to ${table}; drop table ${schema}.was cascade`);
      await both();
      await sql`select analytics_features.attach_after_build(${schema}, ${table})`;
    });
  let swapped = 0;
  const both = async () => {
    swapped++;
    await until(async () => swapped === 2, "both tables are swapped");
  };
  await Promise.all([
    build("staging_staging", "stg_product", "price = price + 1", both),
    build("shop", "category", "title = title || '!'", both),
  ]);
  await db.sql`select analytics_features.attach()`;
  t.is((await queued(db.sql)).length, 50);
  t.is(await drain(db.sql, model), 50);
  const [row] = await db.sql`select analytics_features.product_document(1) as text`;
  t.is(row?.text, "name: part 1. price: 2.00. is_active: yes. category_id: 2. category: Фильтры!.");
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("two changes of the fields at once are one after the other, and the worker between them stores no mixed text", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  await Promise.all([
    db.sql`select * from analytics_features.set_fields('{"name": {"label": "товар", "weight": 2}}')`,
    db.sql`select * from analytics_features.set_fields('{"name": {"label": "деталь"}, "price": {"included": false}}')`,
    drain(db.sql, model),
  ]);
  await drain(db.sql, model);
  const [row] = await db.sql`select label, weight from analytics_features.document_fields where column_name = 'name'`;
  t.is(row?.weight, 2);
  t.true(["товар", "деталь"].includes(row?.label));
  t.like((await db.sql`select state, stale::integer, missing::integer from analytics_features.compute_status()`)[0], {
    state: "complete",
    stale: 0,
    missing: 0,
  });
});
