import { spawn } from "node:child_process";
import Table from "cli-table3";
import type { Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { createFeed, withBenchDatabase } from "./database.ts";

/*
 * What preparing a second model costs whoever changes a product meanwhile, and how long the change of the
 * model is: BENCH_DATABASE_URL=… npm run bench:preparing -- 1500
 * One real worker and both bundled models; changes one at a time, each timed from its commit until its
 * vector is the product's: while nothing else happens, while the second model is filled, and after it is
 * active, when each change is encoded by both.
 */
const products = Number(process.argv[2] ?? 1500);
const changes = 40;
const table = new Table({ head: ["from commit to searchable", "p50, ms", "p99, ms", "p50 to idle"], style: { head: [], border: [] } });

await withBenchDatabase(async ({ sql, url }) => {
  await createFeed(sql, products);
  await sql.unsafe(
    "create schema staging_staging; alter table public.feed rename to stg_product; alter table public.stg_product set schema staging_staging",
  );
  await sql`create index on staging_staging.stg_product (product_id)`;
  await sql`select analytics_features.attach()`;
  const worker = spawn(process.execPath, ["--import", "tsx", "scripts/worker.ts"], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: "/dev/null", DATABASE_URL: url, LOG_LEVEL: "error" },
    stdio: "inherit",
  });
  try {
    await until(async () => (await waiting(sql)) === 0 && (await current(sql)) === products);
    const idle = await measure(sql);
    add("nothing else happens", idle, idle);
    await sql`select analytics_features.prepare_model('multilingual-e5-small-ru-en')`;
    await until(async () => (await waiting(sql)) > products / 2);
    add("the second model is filled", await measure(sql), idle);
    const left = await waiting(sql);
    if (left === 0) throw new Error("The second model was through before the changes were: take more products.");
    await until(async () => (await waiting(sql)) === 0);
    const started = performance.now();
    await sql`select analytics_features.activate_model()`;
    const activating = performance.now() - started;
    add("the second is active, the first kept true", await measure(sql), idle);
    console.log(table.toString());
    console.log(`activate_model(), which compares all ${products} products before it locks: ${activating.toFixed(0)} ms`);
  } finally {
    worker.kill("SIGTERM");
    await new Promise((resolve) => worker.once("close", resolve));
  }
});

function add(what: string, times: readonly number[], idle: readonly number[]): void {
  table.push([what, at(times, 0.5).toFixed(0), at(times, 0.99).toFixed(0), (at(times, 0.5) / at(idle, 0.5)).toFixed(2)]);
}

/** Milliseconds from commit to searchable of each change. */
async function measure(sql: Sql): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < changes; i++) {
    const id = 1 + ((i * 37) % products);
    await sql`update staging_staging.stg_product set name = name || '.' where product_id = ${id}`;
    const started = performance.now();
    await until(async () => {
      const [row] = await sql<{ is_current: boolean }[]>`
        select e.document_hash = d.document_hash and e.model_id = analytics_features.active_model_id() as is_current
        from analytics_features.product_embeddings e
        join analytics_features.product_documents(array[${id}::bigint]) d on d.product_id = e.product_id
        where e.product_id = ${id}`;
      return row?.is_current === true;
    });
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}

async function waiting(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`select count(distinct product_id)::integer as n from analytics_features.product_queue`;
  return row?.n ?? 0;
}

async function current(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`select count(*)::integer as n from analytics_features.product_embeddings`;
  return row?.n ?? 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

function at(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}
