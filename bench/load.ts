import type { Sql } from "../runner/database.ts";

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32), so that a failure can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the source's writers do, and how often of a hundred. */
const writes: [number, (random: () => number, products: number) => string][] = [
  [
    35,
    (random, products) => `
      update staging_staging.stg_product set name = 'part ' || product_id || ' revision ${Math.floor(random() * 1000)}'
      where product_id = ${any(random, products)}`,
  ],
  [
    15,
    (random, products) => `update staging_staging.stg_product set price = price + 1 where product_id % 50 = ${any(random, products) % 50}`,
  ],
  [10, (random, products) => `delete from staging_staging.stg_product where product_id = ${any(random, products)}`],
  [5, (random, products) => `update staging_staging.stg_product set deleted = not deleted where product_id = ${any(random, products)}`],
  [
    25,
    (random, products) => `
      merge into staging_staging.stg_product s
      using (select generate_series(${any(random, products)}, ${any(random, products)})::bigint as product_id limit 20) n on s.product_id = n.product_id
      when matched then update set name = s.name || ' '
      when not matched then
        insert (product_id, name, price, is_active, deleted) values (n.product_id, 'part ' || n.product_id, n.product_id, true, false)`,
  ],
  // A feed that loads everything again changes nothing.
  [10, () => "update staging_staging.stg_product set ingested_at = now()"],
];

/** One write of the mixed load, in a transaction of its own, to a source of the sample's shape with ids up to `products`. */
export async function writeAtRandom(sql: Sql, random: () => number, products: number): Promise<void> {
  const deck = writes.flatMap(([share, write]) => Array<typeof write>(share).fill(write));
  const write = deck[Math.floor(random() * deck.length)] as (typeof deck)[0];
  await sql.unsafe(write(random, products));
}

/** What dbt's table materialization does, with our hook. */
export async function swapSource(sql: Sql): Promise<void> {
  await sql.begin((transaction) =>
    transaction.unsafe(`
      create table staging_staging.stg_product__new as select * from staging_staging.stg_product;
      alter table staging_staging.stg_product rename to stg_product__old;
      alter table staging_staging.stg_product__new rename to stg_product;
      select analytics_features.attach();
      drop table staging_staging.stg_product__old cascade`),
  );
}

function any(random: () => number, products: number): number {
  return 1 + Math.floor(random() * products);
}
