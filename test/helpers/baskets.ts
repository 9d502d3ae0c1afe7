import type { Sql } from "../../runner/database.ts";

/*
 * Orders over the sample catalogue, made up as a workshop would buy: for a job or two, most of what the
 * job takes, whichever variant is there, something odd in every third order, and washer fluid in every other
 * one whatever the job. The same at every run.
 */
const jobs: number[][][] = [
  [[8200021], [8200023, 8200024], [8200027], [8200028]],
  [[8200022], [8200025], [8200028], [8200030]],
  [[9100131], [8300031], [8300033], [8300034, 8300037]],
  [[9100132], [8300035], [8300038], [8300036]],
  [[8500053, 8500054], [8500056], [8600072], [8600074]],
  [[8600071], [8600075], [8600073], [8600074], [8600077]],
  [[8900111, 8900112], [8900113], [8900115], [9100133]],
  [[8100011], [8100012], [8100016], [8100017]],
  [[7807552, 7807553, 7807554, 7807560], [7807566], [7807567], [7807568]],
  [[8700081], [8700082], [8700083], [8700084]],
  [[8700087], [8700088], [9100134]],
  [[9000121], [9000122], [9000123], [9100135]],
  [[8800095], [8800096], [8500055]],
  [[3000000001], [3000000002], [9200143], [3000000003]],
  [[8500051], [8800098, 8800102]],
  [[8400041, 8400042], [8400043], [8400044]],
];
export const washerFluid = 8400045;

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Orders of at least two products; `catalogue` is where the odd ones come from. */
export function makeBaskets(count: number, seed: number, catalogue: readonly number[]): number[][] {
  const random = randomNumbers(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const baskets: number[][] = [];
  while (baskets.length < count) {
    const basket = new Set<number>();
    for (const job of random() < 0.25 ? [pick(jobs), pick(jobs)] : [pick(jobs)]) {
      for (const variants of job) if (random() < 0.7) basket.add(pick(variants));
    }
    if (random() < 0.33) basket.add(pick(catalogue));
    if (random() < 0.5) basket.add(washerFluid);
    if (basket.size >= 2) baskets.push([...basket]);
  }
  return baskets;
}

/** The baskets as lines of staging_marts.order_lines, and the pairs from them; returns how many rows of pairs. */
export async function storeBaskets(sql: Sql, baskets: readonly number[][]): Promise<number> {
  const lines = baskets.flatMap((basket, order) => basket.map((product) => ({ order, product })));
  await sql.unsafe(`
    create schema if not exists staging_marts;
    drop table if exists staging_marts.order_lines;
    create table staging_marts.order_lines (order_id bigint, product_id bigint)`);
  await sql`
    insert into staging_marts.order_lines
    select * from unnest(${lines.map(({ order }) => order)}::bigint[], ${lines.map(({ product }) => product)}::bigint[])`;
  await sql`select analytics_features.set_interactions('staging_marts.order_lines')`;
  const [row] = await sql<{ pairs: number }[]>`select analytics_features.refresh_pairs()::integer as pairs`;
  return row?.pairs ?? 0;
}
