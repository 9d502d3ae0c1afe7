import { createIndexedSource, embedded, measureChanges, until, waiting, withWorker } from "./changes.ts";
import { withBenchDatabase } from "./database.ts";
import { milliseconds, printNote, printTable, quantile } from "./report.ts";

/*
 * What preparing a second model costs whoever changes a product meanwhile, and how long the change of the
 * model is: BENCH_DATABASE_URL=… npm run bench:preparing -- 1500
 * One real worker and both bundled models; changes one at a time, each timed from its commit until its
 * vector is the product's: while nothing else happens, while the second model is filled, and after it is
 * active, when each change is encoded by both.
 */
const products = Number(process.argv[2] ?? 1500);
const changes = 40;
const rows: string[][] = [];

await withBenchDatabase(async ({ sql, url }) => {
  await createIndexedSource(sql, products);
  await withWorker(url, async () => {
    await until(async () => (await waiting(sql)) === 0 && (await embedded(sql)) === products);
    const idle = await measureChanges(sql, products, changes);
    add("nothing else happens", idle, idle);
    await sql`select analytics_features.prepare_model('multilingual-e5-small-ru-en')`;
    await until(async () => (await waiting(sql)) > products / 2);
    add("the second model is filled", await measureChanges(sql, products, changes), idle);
    const left = await waiting(sql);
    if (left === 0) throw new Error("The second model was through before the changes were: take more products.");
    await until(async () => (await waiting(sql)) === 0);
    const activating = await milliseconds(() => sql`select analytics_features.activate_model()`);
    add("the second is active, the first kept true", await measureChanges(sql, products, changes), idle);
    printTable(["from commit to searchable", "p50, ms", "p99, ms", "p50 to idle"], rows);
    printNote(`activate_model(), which compares all ${products} products before it locks: ${activating.toFixed(0)} ms`);
  });
}, "What preparing a second model costs a change, and activating it");

function add(what: string, times: readonly number[], idle: readonly number[]): void {
  rows.push([
    what,
    quantile(times, 0.5).toFixed(0),
    quantile(times, 0.99).toFixed(0),
    (quantile(times, 0.5) / quantile(idle, 0.5)).toFixed(2),
  ]);
}
