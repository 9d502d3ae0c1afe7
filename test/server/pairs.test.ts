import anyTest from "ava";
import { storeBaskets } from "../helpers/baskets.ts";
import { useDatabase } from "../helpers/database.ts";
import { fails } from "../helpers/errors.ts";
import { until } from "../helpers/source.ts";

/* Orders that dbt swaps while they are read: only a server has two connections at once. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const baskets = Array.from({ length: 40 }, (_, order) => (order % 4 === 0 ? [1, 2] : [3, 4]));
const swap = `
  create table staging_marts.built as select * from staging_marts.order_lines;
  drop table staging_marts.order_lines;
  alter table staging_marts.built rename to order_lines`;
const waiting = async () => {
  const [row] = await db.sql<{ n: number }[]>`
    select count(*)::integer as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return (row?.n ?? 0) > 0;
};
const rows = async () => (await db.sql`select from analytics_features.product_pairs`).length;

test("a refresh that meets dbt's swap waits for it and reads the new table", async (t) => {
  t.is(await storeBaskets(db.sql, baskets), 4);
  let refreshed: Promise<unknown> = Promise.resolve();
  await db.sql.begin(async (sql) => {
    await sql.unsafe(swap);
    refreshed = db.sql`select analytics_features.refresh_pairs()`.execute();
    await until(waiting, "the refresh waits for the swap");
  });
  await refreshed;
  t.is(await rows(), 4);
});

test("in a transaction whose one snapshot is from before a swap it is an error, and the pairs stay", async (t) => {
  await storeBaskets(db.sql, baskets);
  const tried = db.sql.begin("isolation level repeatable read", async (sql) => {
    await sql`select`;
    await db.sql.begin((other) => other.unsafe(swap));
    await sql`select analytics_features.refresh_pairs()`;
  });
  await fails(t, tried, { code: "40001", hint: /again/ });
  t.is(await rows(), 4);
});

test("two refreshes at once take turns, and readers of the pairs wait for neither", async (t) => {
  await storeBaskets(db.sql, baskets);
  await db.sql`truncate analytics_features.product_pairs`;
  let second: Promise<unknown> = Promise.resolve();
  await db.sql.begin(async (sql) => {
    await sql`select analytics_features.refresh_pairs()`;
    second = db.sql`select analytics_features.refresh_pairs()`.execute();
    await until(waiting, "the second waits for the first");
    t.is(await rows(), 0);
  });
  await second;
  t.is(await rows(), 4);
});
