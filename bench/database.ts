import { connect, type Database, openDatabase, type Sql } from "../runner/database.ts";
import { migrate } from "../runner/migrate.ts";
import { readSettings } from "../runner/settings.ts";

/**
 * A migrated database of the benchmark's own on the server of BENCH_DATABASE_URL (a superuser's), gone
 * when `use` is through.
 */
export async function withBenchDatabase(use: (database: Database) => Promise<void>): Promise<void> {
  const admin = process.env.BENCH_DATABASE_URL;
  if (admin === undefined) throw new Error("BENCH_DATABASE_URL has to be the URL of a superuser on a server with pgvector.");
  const name = `product_embeddings_bench_${process.pid}`;
  const server = connect(admin, 1);
  await server.unsafe(`create database ${name}`);
  const settings = readSettings({ DATABASE_URL: admin.replace(/\/[^/]*$/, `/${name}`) });
  const database = await openDatabase(settings, { max: 1 });
  try {
    await database.sql`create extension vector`;
    await migrate(database, settings);
    await use(database);
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
