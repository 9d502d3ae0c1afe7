import { connect, type Sql } from "../runner/database.ts";
import { createFeed, withBenchDatabase } from "./database.ts";
import { milliseconds, printTable } from "./report.ts";

/*
 * What copying products from another database costs, and what a replicated row does:
 * BENCH_DATABASE_URL=postgres://root@127.0.0.1:5432/postgres npm run bench:copy -- 61000
 * Both databases are on the one server, which has to let its superuser in without a password: on two
 * machines the network comes on top. Makes two databases of its own and drops them.
 */
const products = Number(process.argv[2] ?? 61_000);
const name = `product_embeddings_bench_upstream_${process.pid}`;
const admin = new URL(process.env.BENCH_DATABASE_URL ?? "");

await withBenchDatabase(async ({ sql }) => {
  const server = connect(admin.href, 1);
  await server.unsafe(`create database ${name}`);
  const there = new URL(admin.href);
  there.pathname = `/${name}`;
  const upstream = connect(there.href, 1);
  try {
    await measure(sql, upstream);
  } finally {
    await upstream.end();
    await server.unsafe(`drop database ${name} with (force)`);
    await server.end();
  }
}, "What copying products from another database costs");

async function measure(sql: Sql, upstream: Sql): Promise<void> {
  await createFeed(upstream, products);
  await upstream.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product as select * from public.feed;
    update staging_staging.stg_product set updated_at = updated_at - product_id * interval '1 second', ingested_at = ingested_at - interval '1 day'`);
  await upstream.unsafe("vacuum analyze staging_staging.stg_product");
  const rows: string[][] = [];
  const add = async (label: string, run: () => Promise<string>) => {
    let what = "";
    const took = await milliseconds(async () => {
      what = await run();
    });
    rows.push([label, took.toFixed(0), what]);
  };
  const refresh = (full: boolean) => async () => {
    const [row] = await sql`select * from analytics_features.refresh_copy(${full})`;
    return row?.error ?? `${row?.outcome}: ${row?.inserted} inserted, ${row?.updated} updated, ${row?.deleted} deleted`;
  };
  await add("connect_source(): copied, triggers, comparison", async () => {
    const [row] = await sql`
      select analytics_features.connect_source(${admin.hostname}, ${Number(admin.port || 5432)}, ${name}, ${admin.username}, ${admin.password || null}) as rows`;
    return `${row?.rows} copied`;
  });
  await sql.unsafe("vacuum analyze analytics_features.source_copy");
  await add("first incremental refresh", refresh(false));
  await add("incremental, nothing new", refresh(false));
  await upstream`update staging_staging.stg_product set price = price + 1, updated_at = now() where product_id % 100 = 0`;
  await add("incremental, one in a hundred changed", refresh(false));
  await add("full, nothing changed", refresh(true));
  await upstream`update staging_staging.stg_product set ingested_at = now()`;
  await add("incremental, a load set a time in all rows", refresh(false));
  await add("incremental after it, nothing new", refresh(false));
  await upstream`alter table staging_staging.stg_product add brand text default 'SABO'`;
  await add("a column more: made anew and compared", refresh(false));

  await createFeed(sql, products);
  await sql.unsafe(`
    select analytics_features.disconnect_source();
    create schema staging_staging;
    create table staging_staging.stg_product (like public.feed, primary key (product_id))`);
  await add("insert without triggers", async () => {
    await sql`insert into staging_staging.stg_product select * from public.feed`;
    return "";
  });
  await sql.unsafe(`
    truncate staging_staging.stg_product;
    create trigger replicated after insert or update on staging_staging.stg_product for each row
      execute function analytics_features.tg__product_replicated()`);
  await add("insert with the row triggers of a subscription's target", async () => {
    await sql`insert into staging_staging.stg_product select * from public.feed`;
    return "";
  });
  printTable([`${products} products`, "ms", "what it did"], rows);
}
