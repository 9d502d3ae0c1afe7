import { cpus } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Sql } from "../runner/database.ts";
import { createSource, startOver, withBenchDatabase } from "./database.ts";
import { printNote, printTable } from "./report.ts";
import { startProcess, usageOf } from "./worker-process.ts";

/*
 * What a second worker brings, and how many the database can serve:
 * BENCH_DATABASE_URL=… npm run bench:workers -- 2000 20000
 * First so many products with distinct texts, encoded with the real model by one, two and four processes on
 * this machine, each on all cores and then on one thread; then the same where each text is in ten products. Then, for several machines' worth of workers,
 * processes whose encoder is simulated: a fixed time a text in which nothing is computed, so that what is
 * left is what workers do to the database.
 */
const [real = 2000, simulated = 20_000] = process.argv.slice(2).map(Number);
const textMilliseconds = 6;

await withBenchDatabase(async ({ sql, url }) => {
  await compare(sql, url, "each with a text of its own", real, [1, 2, 4]);
  await compare(sql, url, "one thread a worker", real, [1, 2, 4], { threads: 1 });
  await compare(sql, url, "each text in ten", real, [1, 2], { texts: Math.ceil(real / 10) });
  await compare(sql, url, "simulated encoder", simulated, [1, 2, 4, 8, 16], { milliseconds: textMilliseconds });
  printNote(
    `The simulated encoder waits ${textMilliseconds} ms a text and computes nothing: each worker stands for a machine of its own, but their loops, the driver and the server share this one, so where the machine is busy it is the limit. The words were taken up before.`,
  );
}, "What more workers bring");

async function compare(
  sql: Sql,
  url: string,
  what: string,
  products: number,
  counts: readonly number[],
  options: { texts?: number; milliseconds?: number; threads?: number } = {},
): Promise<void> {
  await createSource(sql, products);
  if (options.texts !== undefined) {
    await sql`
      update staging_staging.stg_product
      set name = 'Пневмоподушка ' || product_id % ${options.texts}, vendor_code = null, price = product_id % ${options.texts}, category_id = null`;
  }
  const rows: (string | number)[][] = [];
  let first = Number.NaN;
  for (const count of counts) {
    await startOver(sql);
    const workers = await Promise.all(Array.from({ length: count }, () => startProcess(url, options.milliseconds, options.threads)));
    await sql`select analytics_features.attach()`;
    await sql`select analytics_features.index_words()`;
    await sql`analyze analytics_features.product_queue`;
    const started = performance.now();
    const running = Promise.all(workers.map((worker) => worker.start()));
    const { turns, busy } = await watch(sql, running);
    const results = await running;
    const rate = (products / (performance.now() - started)) * 1000;
    if (rows.length === 0) first = rate;
    const [stored] = await sql<{ n: number }[]>`
      select count(*)::integer as n from analytics_features.product_embeddings where model_id = analytics_features.active_model_id()`;
    const encoded = results.reduce((sum, result) => sum + result.encoded, 0);
    const usage = workers.map(({ process }) => usageOf(process.pid));
    rows.push([
      count,
      rate.toFixed(0),
      (rate / first).toFixed(2),
      stored?.n ?? 0,
      encoded,
      turns.toFixed(1),
      `${(busy * 100).toFixed(0)} %`,
      Math.max(...usage.map((each) => each?.most ?? Number.NaN)).toFixed(0),
      Math.max(...usage.map((each) => each?.threads ?? Number.NaN)),
    ]);
    for (const worker of workers) worker.end();
  }
  printTable(
    [
      `workers; ${products} products, ${what}`,
      "products a second",
      "to one",
      "products stored",
      "texts encoded",
      "waiting for their turn",
      "machine busy",
      "MB a worker",
      "threads",
    ],
    rows,
  );
}

/** How many workers wait for a lock that lets one at a time through, on average, and how busy the machine is, 0 to 1. */
async function watch(sql: Sql, running: Promise<unknown>): Promise<{ turns: number; busy: number }> {
  const time = () => {
    const times = cpus().map((each) => each.times);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((each) => Object.values(each))) };
  };
  const before = time();
  let [waiting, looks] = [0, 0];
  const ended = running.then(() => true);
  while (!(await Promise.race([ended, setTimeout(50, false)]))) {
    const [row] = await sql<{ n: number }[]>`
      select count(*)::integer as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    waiting += row?.n ?? 0;
    looks++;
  }
  const after = time();
  return { turns: waiting / looks, busy: 1 - (after.idle - before.idle) / (after.all - before.all) };
}
