import { connect, type Database, openDatabase, type Sql } from "../runner/database.ts";
import { migrate } from "../runner/migrate.ts";
import { readSettings } from "../runner/settings.ts";
import { printFoot, printHead } from "./report.ts";

let made = 0;

/**
 * A migrated database of the benchmark's own on the server of BENCH_DATABASE_URL (a superuser's), gone
 * when `use` is through. With a title, what `use` prints stands between that and what it was measured on.
 */
export async function withBenchDatabase(
  use: (database: Database) => Promise<void>,
  title?: string,
  admin = process.env.BENCH_DATABASE_URL,
): Promise<void> {
  if (admin === undefined) throw new Error("BENCH_DATABASE_URL has to be the URL of a superuser on a server with pgvector.");
  const name = `product_embeddings_bench_${process.pid}_${++made}`;
  const server = connect(admin, 1);
  await server.unsafe(`create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const settings = readSettings({ DATABASE_URL: url.href });
  const database = await openDatabase(settings, { max: 1 });
  try {
    await database.sql`create extension vector`;
    await migrate(database, settings);
    if (title !== undefined) printHead(title);
    await use(database);
    if (title !== undefined) await printFoot(database.sql);
  } finally {
    await database.close();
    await server.unsafe(`drop database ${name} with (force)`);
    await server.end();
  }
}

/** public.feed: products of the sample's shape, for the source to be filled from. */
export async function createFeed(sql: Sql, products: number): Promise<void> {
  await sql.unsafe(`
    drop table if exists public.feed;
    create table public.feed as
      select g::bigint as product_id, 'Пневмоподушка (с мет стаканом) ' || g as name, 'SABO' || g as vendor_code, 2.5::numeric as weight, 150::numeric as length,
        100::numeric as width, 80::numeric as height, (g % 1000)::numeric(12,2) as price, true as is_active, (g % 50)::bigint as category_id,
        now()::timestamp as created_at, now()::timestamp as updated_at, now()::timestamp as ingested_at, false as deleted
      from generate_series(1, ${products}) g`);
}

/** The feed as the source, without an index, as dbt leaves it. */
export async function createSource(sql: Sql, products: number): Promise<void> {
  await createFeed(sql, products);
  await sql.unsafe(`
    create schema if not exists staging_staging;
    drop table if exists staging_staging.stg_product;
    alter table public.feed rename to stg_product;
    alter table public.stg_product set schema staging_staging`);
  await sql`analyze staging_staging.stg_product`;
}

/** Nothing is queued, stored or known of any model, as after a migration. */
export async function startOver(sql: Sql): Promise<void> {
  await sql.unsafe(`
    truncate analytics_features.product_changes, analytics_features.product_queue, analytics_features.product_claims, analytics_features.product_failures,
      analytics_features.product_embeddings, analytics_features.product_words, analytics_features.word_statistics,
      analytics_features.embedding_workers, analytics_features.embedding_activity, analytics_features.source_log;
    update analytics_features.word_totals set products = default, average_tokens = default, refreshed_at = default;
    delete from analytics_features.embedding_models;
    delete from graphile_worker._private_jobs`);
}
