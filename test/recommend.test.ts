import anyTest from "ava";
import type { Task } from "graphile-worker";
import { pino } from "pino";
import { embedQueued } from "../runner/embed.ts";
import { attach } from "../runner/migrate.ts";
import { embedContext, withEncoder } from "../runner/session.ts";
import { fullPass } from "../tasks/full_pass.ts";
import { makeBaskets, randomNumbers, storeBaskets, washerFluid } from "./helpers/baskets.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample } from "./helpers/source.ts";

/* The sample catalogue with the real model, and orders over it that are made up (helpers/baskets.ts). */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const pads = 8200021;
const discs = [8200023, 8200024];
const brakeHose = 8200027;
const oil = 9100131;
const oilFilter = 8300031;
let catalogue: number[] = [];
/** What fullPass() needs of the worker; no model is loaded for it. */
let context: Parameters<typeof fullPass>[0];

test.before("embed the sample catalogue with the real model", async () => {
  await createSample(db.sql);
  await attach(db.sql, db.settings);
  await withEncoder(db.settings, async (encoder) => {
    context = await embedContext(db.sql, db.settings, encoder);
    await embedQueued(context);
  });
  catalogue = (await db.sql`select product_id from staging_staging.stg_product order by 1`).map(({ product_id }) => Number(product_id));
});
test.beforeEach(async () => {
  await db.sql.unsafe(`
    drop schema if exists staging_marts cascade;
    truncate analytics_features.product_pairs;
    update analytics_features.settings set interactions_schema = default, interactions_table = default, interactions_group = default,
      interactions_product = default, max_group_products = default, min_together = default, pair_weight = default`);
});

interface Recommended {
  product_id: number;
  name: string | null;
  price: string | null;
  score: number;
  similarity: number | null;
  together: number | null;
  reason: string;
}
const recommend = (given: readonly number[] | null, limit = 10, filter: string | null = null) => db.sql<Recommended[]>`
  select product_id::float8, name, vendor_code, price, score, similarity, together::integer, reason
  from analytics_features.recommended_products(${given as number[]}::bigint[], ${limit}::integer, ${filter}::text::jsonb)`;
const ids = async (given: readonly number[], limit = 10) => (await recommend(given, limit)).map(({ product_id }) => product_id);
const pairsOf = (product: number) => db.sql<{ other: number; together: number; score: number; ratio: number }[]>`
  select other_id::float8 as other, together::integer, score, log_likelihood_ratio as ratio
  from analytics_features.product_pairs where product_id = ${product} order by score desc`;
const refresh = async () => Number((await db.sql`select analytics_features.refresh_pairs() as rows`)[0]?.rows);

test("without orders it is what is similar to any of the given, and says so", async (t) => {
  const hits = await recommend([pads, oil]);
  t.is(hits.length, 10);
  t.true(hits.every(({ reason, together }) => reason === "similar (no pairs known)" && together === null));
  t.true(hits.every(({ score, similarity }) => score === similarity));
  const found = hits.map(({ product_id }) => product_id);
  t.false(found.includes(pads) || found.includes(oil));
  t.true(found.includes(8200022), "the other pads");
  t.true(found.includes(9100132), "the other motor oil");
  // Each is as near as it is to the nearest of the two, where a mean would be as far from both.
  const [row] = await db.sql<{ nearest: number }[]>`
    select max(1 - (e.embedding <=> g.embedding)) as nearest from analytics_features.product_embeddings e, analytics_features.product_embeddings g
    where e.product_id = 8200022 and g.product_id in (${pads}, ${oil})`;
  t.true(Math.abs((hits.find(({ product_id }) => product_id === 8200022)?.similarity ?? 0) - (row?.nearest ?? 1)) < 1e-9);
});

test("with orders, what the job takes comes first: pads with discs, oil with its filter", async (t) => {
  t.true((await storeBaskets(db.sql, makeBaskets(1000, 1, catalogue))) > 100);
  const withPads = await recommend([pads]);
  t.deepEqual(
    withPads
      .slice(0, 4)
      .map(({ product_id }) => product_id)
      .sort(),
    [...discs, brakeHose, 8200028],
  );
  t.true(withPads.slice(0, 4).every(({ reason, together }) => ["bought together", "both"].includes(reason) && Number(together) >= 3));
  const withAbsorber = await recommend([8100011]);
  t.is(withAbsorber.find(({ product_id }) => product_id === 8100012)?.reason, "both", "left and right are alike, and bought together");
  t.true(withPads.slice(5).some(({ reason, together }) => reason === "similar" && together === null));
  t.true((await ids([oil], 3)).includes(oilFilter));
  const mixed = await ids([pads, oil], 8);
  t.true(mixed.includes(brakeHose) && mixed.includes(oilFilter), "a mixed basket gets what goes with either");
  t.is((await recommend([pads], 1000)).filter(({ product_id }) => product_id === pads).length, 0);
});

test("what sells with everything is not recommended with everything", async (t) => {
  await storeBaskets(db.sql, makeBaskets(1000, 1, catalogue));
  const [row] = await db.sql<{ first: number }[]>`
    with counted as (
      select a.product_id, b.product_id as other, row_number() over (partition by a.product_id order by count(*) desc) as place
      from staging_marts.order_lines a join staging_marts.order_lines b on b.order_id = a.order_id and b.product_id <> a.product_id
      group by 1, 2
    )
    select count(*)::integer as first from counted where place <= 3 and other = ${washerFluid}`;
  t.true((row?.first ?? 0) > catalogue.length / 2, "by counts alone it is among the first three of most products");
  t.deepEqual([...(await pairsOf(washerFluid))], []);
  for (const product of catalogue.filter((id) => id !== washerFluid)) {
    const paired = (await recommend([product])).filter(({ together }) => together !== null);
    t.false(
      paired.some(({ product_id }) => product_id === washerFluid),
      `${product}`,
    );
  }
});

/*
 * Of each basket one product is left out and looked for among ten recommendations for the rest. The
 * baskets are made up, so this shows that the blend works and loses nothing; how often a shop's
 * customers are met, only their orders can say.
 */
test("the default weight finds a product that was left out as often as any, and far more often than similarity alone", async (t) => {
  const random = randomNumbers(2);
  const cases = makeBaskets(100, 3, catalogue).flatMap((basket) => {
    const candidates = basket.filter((product) => product !== washerFluid);
    const left = candidates[Math.floor(random() * candidates.length)];
    const given = basket.filter((product) => product !== left);
    return left === undefined || given.length === 0 ? [] : [{ left, given }];
  });
  const hitRate = async () => {
    let hits = 0;
    for (const { left, given } of cases) if ((await ids(given)).includes(left)) hits++;
    return hits / cases.length;
  };
  const similarity = await hitRate();
  const rates: Record<string, number> = {};
  await storeBaskets(db.sql, makeBaskets(300, 1, catalogue));
  for (const weight of [0.3, 1]) {
    await db.sql`update analytics_features.settings set pair_weight = ${weight}`;
    rates[weight] = await hitRate();
  }
  await db.sql`update analytics_features.settings set pair_weight = default`;
  const rate = await hitRate();
  t.log({ similarity, default: rate, ...rates });
  t.true(rate > 2 * similarity);
  for (const other of Object.values(rates)) t.true(rate >= other - 0.02);
});

test("the score is as documented", async (t) => {
  // 40 orders: pads and hose in eight together, pads in twelve, hose in nine; the rest is of others.
  const baskets = [
    ...Array.from({ length: 8 }, () => [pads, brakeHose]),
    ...Array.from({ length: 4 }, () => [pads]),
    [brakeHose],
    ...Array.from({ length: 27 }, () => [oil]),
  ];
  t.is(await storeBaskets(db.sql, baskets), 2);
  const [pair] = await pairsOf(pads);
  t.like(pair, { other: brakeHose, together: 8 });
  t.true(Math.abs((pair?.score ?? 0) - 8 / Math.sqrt(12 * 9)) < 1e-12);
  // 2 * sum of k ln(k N / (row * column)) over 8, 4, 1, 27.
  const cells = [
    [8, 12, 9],
    [4, 12, 31],
    [1, 28, 9],
    [27, 28, 31],
  ];
  const ratio = 2 * cells.reduce((sum, [k = 0, row = 0, column = 0]) => sum + k * Math.log((k * 40) / (row * column)), 0);
  t.true(Math.abs((pair?.ratio ?? 0) - ratio) < 1e-9);
  const [hit] = await recommend([pads], 1);
  t.like(hit, { product_id: brakeHose, together: 8, reason: "bought together" });
  t.true(Math.abs((hit?.score ?? 0) - (0.6 + 0.4 * (hit?.similarity ?? 0))) < 1e-9);
});

test("too few common orders, or no more than chance has, make no pair", async (t) => {
  const apart = Array.from({ length: 40 }, () => [oil]);
  t.is(await storeBaskets(db.sql, [[pads, brakeHose], [pads, brakeHose], ...apart]), 0);
  t.is(
    await storeBaskets(
      db.sql,
      Array.from({ length: 40 }, () => [pads, brakeHose]),
    ),
    0,
  );
  // Half of all orders each, a quarter both: independent.
  const independent = Array.from({ length: 40 }, (_, i) => [...(i % 2 ? [pads] : []), ...(i % 4 < 2 ? [brakeHose] : []), oil]);
  t.is(await storeBaskets(db.sql, independent), 0);
});

test("an order of hundreds of products makes a bounded number of pairs", async (t) => {
  await storeBaskets(db.sql, [...makeBaskets(50, 1, catalogue), ...Array.from({ length: 5 }, () => catalogue)]);
  await db.sql`update analytics_features.settings set max_group_products = 3, min_together = 1`;
  await db.sql`delete from staging_marts.order_lines where order_id < 50`;
  // Of each of the five orders, three products.
  await db.sql`insert into staging_marts.order_lines select 1000 + g, 1 from generate_series(1, 500) g`;
  const rows = await refresh();
  t.true(rows > 0 && rows <= 5 * 6);
});

test("a refresh writes only what changed", async (t) => {
  const baskets = makeBaskets(300, 1, catalogue);
  const rows = await storeBaskets(db.sql, baskets);
  const versions = async () =>
    (await db.sql`select product_id, other_id, xmin, together from analytics_features.product_pairs order by 1, 2`).map((row) => ({
      ...row,
    }));
  const before = await versions();
  t.is(await refresh(), rows);
  t.deepEqual(await versions(), before);
  await db.sql`truncate staging_marts.order_lines`;
  t.is(await refresh(), 0);
  t.deepEqual(await versions(), []);
});

test("any relation and any type will do: a view, numbers as text, odd names; what is no product's number is left out", async (t) => {
  await storeBaskets(db.sql, makeBaskets(300, 1, catalogue));
  const before = await pairsOf(pads);
  t.true(before.length > 0);
  await db.sql.unsafe(`
    create view staging_marts."Co-Views" as
      select 's' || order_id as "Session", case when product_id % 2 = 0 then product_id::text else product_id || '.0' end as "SKU" from staging_marts.order_lines
      union all select 's1', 'нет' union all select null, '${pads}' union all select 's2', null`);
  await db.sql`select analytics_features.set_interactions('staging_marts."Co-Views"', 'Session', 'SKU')`;
  await refresh();
  t.deepEqual([...(await pairsOf(pads))], [...before]);
});

test("dbt may rebuild the orders, and nothing of ours is in its way", async (t) => {
  await storeBaskets(db.sql, makeBaskets(300, 1, catalogue));
  const before = await pairsOf(pads);
  await db.sql.unsafe(`
    create table staging_marts.built as select * from staging_marts.order_lines;
    drop table staging_marts.order_lines;
    alter table staging_marts.built rename to order_lines`);
  await refresh();
  t.deepEqual([...(await pairsOf(pads))], [...before]);
});

test("what is gone or filtered away is not recommended, and the row that counts is asked", async (t) => {
  await storeBaskets(db.sql, makeBaskets(300, 1, catalogue));
  t.true((await ids([pads])).includes(brakeHose));
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = ${brakeHose}`;
  t.false((await ids([pads])).includes(brakeHose));
  await db.sql`update staging_staging.stg_product set deleted = false where product_id = ${brakeHose}`;
  const filtered = await recommend([pads], 100, '{"category_id": 40}');
  t.true(filtered.length > 0 && filtered.every(({ product_id }) => String(product_id).startsWith("83000")));
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, category_id, updated_at, deleted)
    values (${brakeHose}, 'newest', 7, 30, '2030-01-01', false)`;
  const hits = (await recommend([pads])).filter(({ product_id }) => product_id === brakeHose);
  t.is(hits.length, 1);
  t.like(hits[0], { name: "newest", price: "7.00" });
  await db.sql`delete from staging_staging.stg_product where product_id = ${brakeHose} and name = 'newest'`;
});

test("a product without a vector is recommended, and recommended for, by what it is bought with", async (t) => {
  await db.sql`insert into staging_staging.stg_product (product_id, name, deleted) values (1, 'not encoded yet', false)`;
  await storeBaskets(db.sql, [...Array.from({ length: 5 }, () => [1, pads]), ...makeBaskets(100, 1, catalogue)]);
  const hit = (await recommend([pads])).find(({ product_id }) => product_id === 1);
  t.like(hit, { similarity: null, together: 5, reason: "bought together" });
  t.like((await recommend([1]))[0], { product_id: pads, together: 5, similarity: null });
  await db.sql`delete from staging_staging.stg_product where product_id = 1`;
});

test("unknown products among the given do no harm; none, or only unknown ones, are refused", async (t) => {
  t.deepEqual(await ids([1, pads, pads]), await ids([pads]));
  const withNull =
    await db.sql`select product_id::float8 as id from analytics_features.recommended_products(array[null, ${pads}]::bigint[])`;
  t.deepEqual(
    withNull.map(({ id }) => id),
    await ids([pads]),
  );
  for (const given of [[], null, [1, 2]]) {
    await fails(t, recommend(given), { code: "PE017", message: "None of the given products is known here.", hint: /embedding_status/ });
  }
  const history = catalogue.slice(0, 60);
  const rest = await ids(history, 100);
  t.is(rest.length, 55, "none of a long history comes back");
  t.deepEqual(rest, await ids([...history.slice(0, 10), ...history.slice(10).reverse()], 100), "what is similar is so to its first ten");
});

test("orders that cannot be read are told of, each in a sentence", async (t) => {
  t.is(await refresh(), 0);
  const name = (relation: string | null, group = "order_id") => db.sql`select analytics_features.set_interactions(${relation}, ${group})`;
  for (const relation of ["order_lines", "a.b.c", "", "'; drop", "x."])
    await fails(t, name(relation), { code: "PE023", hint: /set_interactions/ });
  await name("staging_marts.order_lines");
  await fails(t, db.sql`select analytics_features.refresh_pairs()`, {
    code: "PE023",
    message: "The relation of the interactions, staging_marts.order_lines, does not exist.",
    hint: /dbt/,
  });
  await storeBaskets(db.sql, makeBaskets(100, 1, catalogue));
  await name("staging_marts.order_lines", "session_id");
  await fails(t, db.sql`select analytics_features.refresh_pairs()`, {
    code: "PE023",
    message: "The relation of the interactions, staging_marts.order_lines, has no column session_id.",
  });
  await db.sql`alter table staging_marts.order_lines add column ordered_at date default '2026-01-01'`;
  await db.sql`select analytics_features.set_interactions('staging_marts.order_lines', 'order_id', 'ordered_at')`;
  await fails(t, db.sql`select analytics_features.refresh_pairs()`, {
    code: "PE023",
    message: "The relation of the interactions, staging_marts.order_lines, has no product id in its column ordered_at.",
    hint: /set_interactions\('staging_marts\.order_lines', 'order_id', 'product_id'\);$/,
  });
  t.true((await pairsOf(pads)).length > 0, "the pairs of before stay");
  await db.sql`alter table staging_marts.order_lines drop column ordered_at`;
  await name(null);
  t.is(await refresh(), 0);
  t.deepEqual([...(await pairsOf(pads))], []);
});

test("the nightly pass refreshes the pairs, and goes on without the orders", async (t) => {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
  const run = async () => {
    lines.length = 0;
    await fullPass(context, log)(null, {} as Parameters<Task>[1]);
    return lines.join("");
  };
  t.notRegex(await run(), /pairs/);
  await storeBaskets(db.sql, makeBaskets(300, 1, catalogue));
  await db.sql`truncate analytics_features.product_pairs`;
  t.regex(await run(), /pairs refreshed/);
  t.true((await pairsOf(pads)).length > 0);
  await db.sql`drop table staging_marts.order_lines`;
  t.regex(await run(), /full pass.*\n.*PE023.*order_lines, does not exist.*pairs not refreshed/);
});
