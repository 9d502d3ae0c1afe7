import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, drain, queued, registerModel, startOver, unitVector } from "./helpers/source.ts";

/* A source in partitions, as a warehouse has it by day or by supplier; and vectors in partitions. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql.unsafe(`
    create table staging_staging.parts (like staging_staging.stg_product) partition by list (category_id);
    create table staging_staging.parts_1 partition of staging_staging.parts for values in (1);
    create table staging_staging.parts_2 partition of staging_staging.parts for values in (2);
    drop table staging_staging.stg_product;
    alter table staging_staging.parts rename to stg_product;
    select analytics_features.attach();
    insert into staging_staging.stg_product (product_id, name, price, category_id, deleted)
      select g, 'part ' || g, g, 1 + g % 2, false from generate_series(1, 20) g`);
});

const status = async () => {
  const [row] = await db.sql`
    select state, products::integer, missing::integer, stale::integer, triggers_attached from analytics_features.compute_status()`;
  return { ...row };
};

test("statements on the table are seen as on any other, also one that moves rows from partition to partition", async (t) => {
  const model = await registerModel(db.sql);
  t.is((await queued(db.sql)).length, 20);
  t.is(await drain(db.sql, model), 20);
  await db.sql`update staging_staging.stg_product set price = 99 where product_id in (3, 4)`;
  t.deepEqual(await queued(db.sql), [3, 4]);
  t.is(await drain(db.sql, model), 2);
  await db.sql`update staging_staging.stg_product set category_id = 3 - category_id where product_id in (5, 6)`;
  t.deepEqual(await queued(db.sql), [5, 6]);
  t.is(await drain(db.sql, model), 2);
  await db.sql`delete from staging_staging.stg_product where product_id = 7`;
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(7)}, 'l2', 50)`).length, 19);
  t.like(await status(), { products: 19, missing: 0, stale: 0, triggers_attached: true });
});

test("what is done to a partition by itself, and partitions that come and go, the comparison finds", async (t) => {
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql`update staging_staging.parts_1 set price = 77 where product_id = 2`;
  await db.sql.unsafe(`
    create table staging_staging.parts_3 (like staging_staging.stg_product);
    insert into staging_staging.parts_3 (product_id, name, category_id, deleted) values (31, 'part 31', 3, false);
    alter table staging_staging.stg_product attach partition staging_staging.parts_3 for values in (3);
    alter table staging_staging.stg_product detach partition staging_staging.parts_2`);
  t.deepEqual(await queued(db.sql), []);
  // Search asks the source, so what is gone is gone at once.
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(7)}, 'l2', 50)`).length, 10);
  t.like(await status(), { products: 11, missing: 1, stale: 1 });
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(
    (await queued(db.sql)).filter((id) => id === 2 || id === 31),
    [2, 31],
  );
  await drain(db.sql, model);
  t.like(await status(), { products: 11, missing: 0, stale: 0 });
});

test("dropping the partitioned table takes nothing of ours along", async (t) => {
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`drop table staging_staging.stg_product`;
  t.is((await db.sql`select from analytics_features.product_embeddings`).length, 20);
  t.like(await status(), { state: "no source" });
});

test("the vectors may stand in partitions too, and search goes along the index of each", async (t) => {
  // As who wants it makes it: before the first migration, which completes the table that it finds.
  await db.sql.unsafe(`
    drop table analytics_features.product_embeddings;
    create table analytics_features.product_embeddings (product_id bigint primary key, embedding vector(384) not null, updated_at timestamp default now())
      partition by hash (product_id);
    create table analytics_features.product_embeddings_0 partition of analytics_features.product_embeddings for values with (modulus 2, remainder 0);
    create table analytics_features.product_embeddings_1 partition of analytics_features.product_embeddings for values with (modulus 2, remainder 1);
    select analytics_features.create_product_embeddings(384)`);
  const model = await registerModel(db.sql);
  t.is(await drain(db.sql, model), 20);
  await db.sql`update staging_staging.stg_product set price = 99 where product_id = 3`;
  t.is(await drain(db.sql, model), 1);
  await db.sql`select analytics_features.build_index()`;
  await db.sql.begin(async (sql) => {
    // So few vectors are sorted faster than an index is gone along.
    await sql.unsafe("set local enable_seqscan = off; set local enable_sort = off");
    const [index] = await sql<{ used: boolean; plan: string }[]>`select * from analytics_features.check_index()`;
    t.true(index?.used);
    t.regex(index?.plan ?? "", /Merge Append/);
    const [hit, ...others] = await sql<{ product_id: string }[]>`
      select product_id from analytics_features.search_products(${unitVector(7)}, 'l2', 50)`;
    t.is(hit?.product_id, "7");
    t.is(others.length, 19);
  });
  t.like(await status(), { state: "complete", products: 20 });
  await fails(t, db.sql.unsafe("create index concurrently on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops)"), {
    code: "0A000",
  });
});
