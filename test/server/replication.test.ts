import anyTest from "ava";
import { connect, type Sql } from "../../runner/database.ts";
import { type Cluster, makeCluster } from "../helpers/cluster.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, drain, insertParts, queued, registerModel, startOver, unitVector, until } from "../helpers/source.ts";

/* The source is the target of a subscription: another server publishes the products into this database. */
const test = anyTest.serial;
// Registered first: a database that is subscribed cannot be dropped.
anyTest.serial.after.always("drop the subscription", async () => {
  await db.sql?.unsafe("drop subscription if exists products");
});
const db = useDatabase(anyTest);
let cluster: Cluster;
let upstream: Sql;

test.before(async () => {
  cluster = await makeCluster();
  const boss = connect(cluster.url("postgres"), 1);
  await boss.unsafe("create database dwh");
  await boss.end();
  upstream = connect(cluster.url("dwh"), 2);
});
test.after.always(async () => {
  await upstream?.end();
  cluster?.remove();
});

const names = async () => {
  const rows = await db.sql`select product_id::integer as id, name from staging_staging.stg_product order by 1`;
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
};
const caughtUp = async () => {
  const [now] = await upstream<{ lsn: string }[]>`select pg_current_wal_lsn() as lsn`;
  await until(async () => {
    const [row] =
      await upstream`select coalesce(bool_and(replay_lsn >= ${now?.lsn ?? ""}::pg_lsn), false) as done from pg_stat_replication`;
    return row?.done === true;
  }, "the subscription catches up");
};
const notes = async () =>
  (await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`)[0]?.notes.join("\n") ?? "";

test("a table that a subscription fills is attached with triggers that fire for what it writes, its first copy included", async (t) => {
  await startOver(db.sql);
  await createSource(upstream);
  await upstream`alter table staging_staging.stg_product add primary key (product_id)`;
  await insertParts(upstream, 1, 5);
  await createSource(db.sql);
  await db.sql`alter table staging_staging.stg_product add primary key (product_id)`;
  // Attached before it is a subscription's: by statement, as on any table.
  await db.sql`select analytics_features.attach()`;
  await upstream`create publication products for table staging_staging.stg_product`;
  await db.sql.unsafe(`create subscription products connection '${cluster.url("dwh")}' publication products with (copy_data = false)`);
  const [before] = await db.sql`select bool_or(attached and event <> 'truncate') as attached from analytics_features.source_triggers`;
  t.false(before?.attached);
  t.regex(await notes(), /The source lacks the triggers for insert, update, delete/);
  t.regex(await notes(), /The triggers for truncate do not fire for what a subscription writes/);
  await db.sql`select analytics_features.attach()`;
  t.deepEqual(
    [...(await db.sql`select event, enabled, level from analytics_features.source_triggers order by event`)],
    [
      { event: "delete", enabled: true, level: "row" },
      { event: "insert", enabled: true, level: "row" },
      { event: "truncate", enabled: true, level: "statement" },
      { event: "update", enabled: true, level: "row" },
    ],
  );
  t.notRegex(await notes(), /triggers/);
  const [count] =
    await db.sql`select count(*)::integer as n from pg_trigger where tgrelid = 'staging_staging.stg_product'::regclass and not tgisinternal`;
  t.is(count?.n, 4);

  await db.sql`drop subscription products`;
  await db.sql.unsafe(`create subscription products connection '${cluster.url("dwh")}' publication products`);
  await until(async () => (await queued(db.sql)).length === 5, "the first copy is queued");
  const model = await registerModel(db.sql);
  t.is(await drain(db.sql, model), 5);
});

test("each change there is queued here, and an unchanged row is not", async (t) => {
  const model = await registerModel(db.sql);
  await until(async () => (await db.sql`select from pg_subscription_rel where srsubstate = 'r'`).length === 1, "the first copy is through");
  await upstream.begin(async (sql) => {
    await sql`update staging_staging.stg_product set name = 'changed' where product_id in (1, 2)`;
    await sql`insert into staging_staging.stg_product (product_id, name) values (6, 'new')`;
    await sql`delete from staging_staging.stg_product where product_id = 3`;
    await sql`update staging_staging.stg_product set name = name where product_id = 4`;
  });
  await caughtUp();
  t.deepEqual(await queued(db.sql), [1, 2, 3, 6]);
  t.is(await drain(db.sql, model), 3);
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(3)}, 'l2', 10)`).length, 5);
  // What somebody writes here is queued by the same triggers.
  await db.sql`update staging_staging.stg_product set name = 'here' where product_id = 1`;
  t.deepEqual(await queued(db.sql), [1]);
  await drain(db.sql, model);

  await upstream`truncate staging_staging.stg_product`;
  await caughtUp();
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5, 6]);
});

test("dbt's incremental runs there are replicated; a table that is swapped there is not, and is again once it is refreshed", async (t) => {
  const model = await registerModel(db.sql);
  await insertParts(upstream, 1, 5);
  await caughtUp();
  await drain(db.sql, model);
  // delete+insert, as dbt's incremental models do it.
  await upstream.begin(async (sql) => {
    await sql`create temporary table incoming on commit drop as select * from staging_staging.stg_product where product_id < 3`;
    await sql`update incoming set name = 'merged'`;
    await sql`delete from staging_staging.stg_product where product_id in (select product_id from incoming)`;
    await sql`insert into staging_staging.stg_product select * from incoming`;
  });
  await caughtUp();
  t.like(await names(), { 1: "merged", 2: "merged", 3: "part 3" });
  t.is(await drain(db.sql, model), 2);

  // A table, as dbt builds it: another one takes the name.
  await upstream.begin((sql) =>
    sql.unsafe(`
      create table staging_staging.built as select * from staging_staging.stg_product;
      update staging_staging.built set name = 'swapped';
      alter table staging_staging.stg_product rename to former;
      alter table staging_staging.built rename to stg_product;
      drop table staging_staging.former;
      alter table staging_staging.stg_product add primary key (product_id)`),
  );
  await upstream`update staging_staging.stg_product set name = 'after' where product_id = 5`;
  await caughtUp();
  t.like(await names(), { 1: "merged", 5: "part 5" });
  t.is((await upstream`select from pg_publication_tables`).length, 0);

  // The subscription has to forget the former one, or it takes the new one for copied.
  await db.sql`alter subscription products refresh publication`;
  await upstream`alter publication products add table staging_staging.stg_product`;
  await db.sql`truncate staging_staging.stg_product`;
  await db.sql`alter subscription products refresh publication`;
  await until(async () => (await names())[5] === "after", "the new table is copied");
  t.like(await names(), { 1: "swapped", 5: "after" });
  t.notRegex(await notes(), /triggers/);
  t.is(await drain(db.sql, model), 5);
});
