import { Worker } from "node:worker_threads";
import type { Sql } from "./database.ts";

export interface Place {
  x: number;
  y: number;
}

/**
 * Draws the map of the catalogue anew if it is due, in a thread of its own: UMAP computes for seconds,
 * and who waits for an encoding must not wait for that.
 *
 * @returns how many products are on the new map; undefined when none was due or the signal came
 */
export async function drawMap(sql: Sql, schema: string, signal: AbortSignal): Promise<number | undefined> {
  const [row] = await sql<{ due: boolean }[]>`select ${sql(schema)}.map_due() as due`;
  if (row?.due !== true) return undefined;
  const sample = await sql<
    { product_id: string; embedding: string }[]
  >`select product_id, embedding::text from ${sql(schema)}.map_sample()`;
  const places = await project(
    sample.map(({ embedding }) => JSON.parse(embedding) as number[]),
    signal,
  );
  if (places === undefined) return undefined;
  const [stored] = await sql<{ products: string }[]>`
    select ${sql(schema)}.store_map(
      ${sample.map(({ product_id }) => product_id)}::bigint[], ${places.map(({ x }) => x)}::real[], ${places.map(({ y }) => y)}::real[]
    ) as products`;
  return Number(stored?.products);
}

/** Places in the plane, in the order of the vectors; undefined when the signal ended it. */
export async function project(vectors: readonly (readonly number[])[], signal: AbortSignal): Promise<Place[] | undefined> {
  if (vectors.length < 3) return vectors.map(() => ({ x: 0, y: 0 }));
  if (signal.aborted) return undefined;
  const thread = new Worker(new URL("./projection-thread.js", import.meta.url), { workerData: vectors });
  return new Promise((resolve, reject) => {
    const end = () => void thread.terminate();
    signal.addEventListener("abort", end, { once: true });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => {
      signal.removeEventListener("abort", end);
      resolve(undefined);
    });
  });
}
