import { withEncoder } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { createIndexedSource, embedded, measureChanges, until, waiting, withWorker } from "./changes.ts";
import { withBenchDatabase } from "./database.ts";
import { milliseconds, printTable, quantile } from "./report.ts";

/*
 * How soon a committed change of one product is searchable, beside what encoding one text takes: while
 * nothing else happens, and while a load of many waits: BENCH_DATABASE_URL=… npm run bench:latency -- 100000
 * One real worker with the real model.
 */
const backlog = Number(process.argv[2] ?? 100_000);
const products = 200;
const changes = 40;
const rows: string[][] = [];
const row = (what: string, times: readonly number[]) =>
  rows.push([what, quantile(times, 0.5).toFixed(0), quantile(times, 0.99).toFixed(0)]);

await withBenchDatabase(async ({ sql, url }) => {
  await createIndexedSource(sql, products);
  await withWorker(url, async () => {
    await until(async () => (await waiting(sql)) === 0 && (await embedded(sql)) === products);
    const encodings = await encodeAlone();
    row("encoding one text, on its own", encodings);
    row("from commit to searchable, nothing else happens", await measureChanges(sql, products, changes));

    await sql`
      insert into staging_staging.stg_product (product_id, name, deleted)
      select ${products}::integer + g, 'Пневмоподушка (с мет стаканом) ' || g, false from generate_series(1, ${backlog}::integer) g`;
    row(`…, from the moment on that ${backlog} others were loaded`, await measureChanges(sql, products, changes));
    // Once the words of all are taken up, every batch is one of vectors.
    await until(async () => !(await sql`select from analytics_features.product_changes limit 1`).length);
    row("…, while these are encoded", await measureChanges(sql, products, changes));
    if ((await waiting(sql)) === 0) throw new Error("The load was through before the changes were: load more.");
  });
  printTable(["", "p50, ms", "p99, ms"], rows);
}, "How soon a change is searchable");

async function encodeAlone(): Promise<number[]> {
  const times: number[] = [];
  await withEncoder(readSettings({}), async (encoder) => {
    for (let i = 0; i < changes; i++) {
      const text = `name: Пневмоподушка (с мет стаканом) ${i}. vendor_code: SABO${i}. weight: 2.5. length: 150. width: 100.`;
      times.push(await milliseconds(() => encoder.encode([text], "passage")));
    }
  });
  return times;
}
