import { spawn } from "node:child_process";
import type { Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { createSource } from "./database.ts";

/** A source with this many products and an index on their id, as dbt's model makes one. */
export async function createIndexedSource(sql: Sql, products: number): Promise<void> {
  await createSource(sql, products);
  await sql`create index on staging_staging.stg_product (product_id)`;
  await sql`select analytics_features.attach()`;
}

/** A real worker, as a process of its own, for the time of `use`. */
export async function withWorker(url: string, use: () => Promise<void>): Promise<void> {
  const worker = spawn(process.execPath, ["--import", "tsx", "scripts/worker.ts"], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: "/dev/null", DATABASE_URL: url, LOG_LEVEL: "error" },
    stdio: "inherit",
  });
  try {
    await use();
  } finally {
    worker.kill("SIGTERM");
    await new Promise((resolve) => worker.once("close", resolve));
  }
}

/**
 * Changes one product after the other; milliseconds from each commit until another vector than before is found. Whether it is that of the
 * product's text is looked at afterwards: asked every two milliseconds, that would keep a core from the worker.
 */
export async function measureChanges(sql: Sql, products: number, changes: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < changes; i++) {
    const id = 1 + ((i * 37) % products);
    const stored = async () => {
      const [row] = await sql<{ hash: string }[]>`
        select encode(document_hash, 'hex') as hash from analytics_features.product_embeddings where product_id = ${id}`;
      return row?.hash;
    };
    const before = await stored();
    await sql`update staging_staging.stg_product set name = name || '.' where product_id = ${id}`;
    const started = performance.now();
    await until(async () => (await stored()) !== before);
    times.push(performance.now() - started);
    const [row] = await sql<{ is_current: boolean }[]>`
      select e.document_hash = d.document_hash and e.model_id = analytics_features.active_model_id() as is_current
      from analytics_features.product_embeddings e
      join analytics_features.product_documents(array[${id}::bigint]) d on d.product_id = e.product_id
      where e.product_id = ${id}`;
    if (row?.is_current !== true) throw new Error(`Product ${id} has a vector of another text.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}

export async function waiting(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`select count(distinct product_id)::integer as n from analytics_features.queued_products`;
  return row?.n ?? 0;
}

export async function embedded(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`select count(*)::integer as n from analytics_features.product_embeddings`;
  return row?.n ?? 0;
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
