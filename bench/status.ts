import type { Sql } from "../runner/database.ts";
import { createSource, withBenchDatabase } from "./database.ts";
import { milliseconds, printTable } from "./report.ts";

/*
 * What it costs to know how things stand: BENCH_DATABASE_URL=… npm run bench:status -- 61000 1000000
 * Every product has a vector of its present text (the same for all, which no count can tell); then a
 * tenth of them changes and waits. The source has no index, as dbt leaves it.
 */
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [61_000, 1_000_000];
const rows: (string | number)[][] = [];

await withBenchDatabase(async ({ sql }) => {
  for (const products of sizes) {
    await fill(sql, products);
    await measure(sql, products, "complete");
    await sql`update staging_staging.stg_product set price = price + 1 where product_id % 10 = 0`;
    await measure(sql, products, "a tenth waits");
  }
  printTable(["products", "state", "embedding_status, ms", "compute_status(), s", "reconcile(), s", "reconcile(), µs a product"], rows);
}, "What it costs to know how things stand");

async function fill(sql: Sql, products: number): Promise<void> {
  await createSource(sql, products);
  await sql`
    truncate analytics_features.product_embeddings, analytics_features.product_queue, analytics_features.product_changes,
      analytics_features.source_log`;
  const [model] = await sql<{ id: number }[]>`select analytics_features.register_model('bench', 'r1', 'fp32', 384, 'mean', 256) as id`;
  await sql.unsafe(`
    insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
    select d.product_id, l2_normalize(array_fill(1, array[384])::vector), ${model?.id}, d.document_hash
    from analytics_features.product_documents() d`);
  await sql`vacuum analyze analytics_features.product_embeddings`;
  await sql`vacuum analyze staging_staging.stg_product`;
  await sql`select analytics_features.attach()`;
}

async function measure(sql: Sql, products: number, state: string): Promise<void> {
  const quick = await best(5, () => sql`select * from analytics_features.embedding_status`);
  const exact = await best(2, () => sql`select * from analytics_features.compute_status()`);
  const reconcile = await best(2, () => sql`select analytics_features.reconcile()`);
  const micros = (reconcile / products) * 1000;
  rows.push([products, state, quick.toFixed(1), (exact / 1000).toFixed(2), (reconcile / 1000).toFixed(2), micros.toFixed(1)]);
}

/** Milliseconds of the fastest of some runs: the others are the machine's noise. */
async function best(runs: number, run: () => PromiseLike<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) fastest = Math.min(fastest, await milliseconds(run));
  return fastest;
}
