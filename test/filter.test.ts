import anyTest from "ava";
import type { Sql } from "../runner/database.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, startOver, unitVector } from "./helpers/source.ts";

/* A thousand products with random vectors, every tenth of them gone, with an HNSW index and without. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const products = 1000;

test.before(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql.unsafe(`
    insert into staging_staging.stg_product (product_id, name, vendor_code, price, weight, is_active, category_id, updated_at, deleted)
    select g, 'part ' || g, 'V-' || g % 7, g, nullif(g % 3, 0), g % 2 = 0, g % 40, timestamp '2026-01-01' + g * interval '1 hour', g % 10 = 0
    from generate_series(1, ${products}) g;
    select setseed(0.25);
    insert into analytics_features.product_embeddings (product_id, embedding)
    select g, l2_normalize(array(select random() - 0.5 + g * 0 from generate_series(1, 384))::vector)
    from generate_series(1, ${products}) g;
    analyze analytics_features.product_embeddings;
    analyze staging_staging.stg_product;
    select analytics_features.attach()`);
});

const filtered = (sql: Sql, filter: unknown, limit = 10, query = unitVector(1)) => sql<{ id: number; distance: number }[]>`
  select product_id::integer as id, distance
  from analytics_features.search_products(${query}, 'l2', ${limit}::integer, ${filter === null ? null : sql.json(filter as never)}::jsonb)`;
/** What should come, by a condition in plain SQL. */
const exact = (sql: Sql, condition: string, limit = 10, query = unitVector(1)) =>
  sql.unsafe<{ id: number; distance: number }[]>(
    `select s.product_id::integer as id, e.embedding <-> $1 as distance
    from staging_staging.stg_product s join analytics_features.product_embeddings e using (product_id)
    where not s.deleted and (${condition}) order by (e.embedding <-> $1) + 0, 1 limit $2`,
    [query, limit],
  );

const filters: [filter: object, condition: string][] = [
  [{}, "true"],
  [{ vendor_code: "V-3" }, "vendor_code = 'V-3'"],
  [{ vendor_code: "it's; drop table" }, "false"],
  [{ vendor_code: ["V-3", "V-4"] }, "vendor_code in ('V-3', 'V-4')"],
  [{ vendor_code: [] }, "false"],
  [{ vendor_code: { like: "V-_" } }, "true"],
  [{ name: { like: "%99" } }, "name like '%99'"],
  [{ price: { ">=": 10, "<": 100 } }, "price >= 10 and price < 100"],
  [{ price: { "<=": "12.50" } }, "price <= 12.5"],
  [{ price: { ">": 990 } }, "price > 990"],
  [{ price: 7 }, "price = 7"],
  [{ price: 7.5 }, "false"],
  [{ price: 1e12 }, "false"],
  [{ weight: null }, "weight is null"],
  [{ weight: [1, null] }, "weight = 1 or weight is null"],
  [{ weight: { "<>": null } }, "weight is not null"],
  [{ weight: { "<>": [1, null] } }, "weight = 2"],
  [{ weight: { "<>": 1 } }, "weight <> 1"],
  [{ is_active: true }, "is_active"],
  [{ is_active: false, category_id: [1, 2, 3] }, "not is_active and category_id in (1, 2, 3)"],
  [{ category_id: 39, vendor_code: "V-1" }, "category_id = 39 and vendor_code = 'V-1'"],
  [{ updated_at: { "<": "2026-01-02" } }, "s.updated_at < '2026-01-02'"],
  [{ product_id: [5, 15, 20] }, "product_id in (5, 15, 20)"],
  [{ deleted: true }, "false"],
];
for (const n of [0, 1, 2, 3, 5, 9, 20, 50, 150, 400, 999, 1000]) filters.push([{ price: { "<=": n } }, `price <= ${n}`]);

test("a filter is the condition that it says, on every product that is live", async (t) => {
  for (const [filter, condition] of filters) {
    for (const limit of [1, 10, 200]) {
      t.deepEqual([...(await filtered(db.sql, filter, limit))], [...(await exact(db.sql, condition, limit))], JSON.stringify(filter));
    }
  }
  t.deepEqual([...(await filtered(db.sql, null))], [...(await exact(db.sql, "true"))]);
});

/** One transaction, so that no other connection is asked: for so few vectors the planner would sort. */
const alongIndex = (run: (sql: Sql) => Promise<unknown>) =>
  db.sql.begin(async (sql) => {
    await sql`set local enable_sort = off`;
    await run(sql as unknown as Sql);
  });

for (const [name, index] of [
  ["HNSW", "using hnsw (embedding vector_l2_ops) with (m = 8, ef_construction = 32)"],
  ["IVFFlat", "using ivfflat (embedding vector_l2_ops) with (lists = 20)"],
  ["HNSW over halves", "using hnsw ((embedding::halfvec(384)) halfvec_l2_ops) with (m = 8, ef_construction = 32)"],
] as const) {
  test(`with ${name} no filter has fewer hits than there are, and all pass, in order`, async (t) => {
    // Every product that passes, nearest first, before the planner is told what to avoid.
    const all: { filter: object; passing: { id: number; distance: number }[] }[] = [];
    for (const [filter, condition] of filters) all.push({ filter, passing: [...(await exact(db.sql, condition, products))] });
    await db.sql.unsafe(`create index vectors_idx on analytics_features.product_embeddings ${index}`);
    t.teardown(() => db.sql`drop index analytics_features.vectors_idx`);
    await alongIndex(async (sql) => {
      const [plan] = await sql`select used, plan from analytics_features.check_index()`;
      t.true(plan?.used, plan?.plan);
      let found = 0;
      let expected = 0;
      for (const { filter, passing } of all) {
        const known = new Map(passing.map(({ id, distance }) => [id, distance]));
        for (const limit of [1, 10, 200]) {
          const label = `${JSON.stringify(filter)} ${limit}`;
          const hits = [...(await filtered(sql, filter, limit))];
          const best = passing.slice(0, limit);
          t.is(hits.length, best.length, label);
          if (best.length < limit) t.deepEqual(hits, best, label);
          // Each passes, once, and they are in order.
          t.is(new Set(hits.map(({ id }) => id)).size, hits.length, label);
          for (const [i, { id, distance }] of hits.entries()) {
            t.is(known.get(id), distance, label);
            t.true(distance >= (hits[i - 1]?.distance ?? 0), label);
          }
          const ids = new Set(hits.map(({ id }) => id));
          found += best.filter(({ id }) => ids.has(id)).length;
          expected += best.length;
        }
      }
      // Random vectors are the hardest there are for an index; what is asked of real ones is in test/server.
      t.true(found / expected > 0.8, `recall ${found / expected}`);
    });
  });
}

test("doubles, excluded products and vanished ones keep no hit away, with an index and without", async (t) => {
  const nearest = async (sql: Sql, excluded: number[]) =>
    (
      await sql<{ id: number }[]>`
        select product_id::integer as id
        from analytics_features.nearest_products(${unitVector(1)}, 25, ${sql.json({ price: { "<=": 40 } })}, ${excluded}::bigint[])`
    ).map(({ id }) => id);
  const best = (await exact(db.sql, "price <= 40", 40)).map(({ id }) => id);
  const excluded = best.slice(0, 5);
  await db.sql`insert into staging_staging.stg_product select * from staging_staging.stg_product where product_id in (1, 2, 3)`;
  try {
    for (const indexed of [false, true]) {
      if (indexed)
        await db.sql`create index vectors_idx on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops) with (m = 8, ef_construction = 32)`;
      await db.sql`delete from analytics_features.source_log`;
      await alongIndex(async (sql) =>
        t.deepEqual(await nearest(sql, excluded), best.slice(5, 30), "before the comparison knows of the doubles"),
      );
      await db.sql`select analytics_features.reconcile()`;
      await alongIndex(async (sql) => {
        t.deepEqual(await nearest(sql, excluded), best.slice(5, 30), "and after");
      });
    }
  } finally {
    await db.sql`drop index if exists analytics_features.vectors_idx`;
  }
});

test("columns of types without an order, of arrays and of domains are filtered as SQL compares them", async (t) => {
  await db.sql.unsafe(`
    delete from staging_staging.stg_product where product_id in (select product_id from staging_staging.stg_product group by 1 having count(*) > 1);
    create domain public.one_or_more as integer not null check (value > 0);
    alter table staging_staging.stg_product add column _js json, add column _tags text[], add column _ints integer[], add column _pt point, add column _xml xml,
      add column _dom public.one_or_more default 1;
    update staging_staging.stg_product set _tags = array['a', 'b, c'], _ints = '{1,2}', _js = '{}', _dom = 2 where product_id % 3 = 0`);
  for (const [filter, condition] of [
    [{ _js: null }, "_js is null"],
    [{ _js: { "<>": null } }, "_js is not null"],
    [{ _js: [] }, "false"],
    [{ _pt: [null] }, "_pt is null"],
    [{ _xml: null }, "_xml is null"],
    [{ _tags: null }, "_tags is null"],
    [{ _tags: '{a,"b, c"}' }, "_tags = array['a', 'b, c']"],
    [{ _tags: ["{}", '{a,"b, c"}'] }, "_tags = array['a', 'b, c']"],
    [{ _tags: ["{a}", null] }, "_tags is null"],
    [{ _tags: { "<>": ["{a}", "{b}"] } }, "_tags is not null"],
    [{ _ints: "{1,2}" }, "_ints = '{1,2}'"],
    [{ _ints: { ">": "{1}" } }, "_ints > '{1}'"],
    [{ _dom: 2 }, "_dom = 2"],
    [{ _dom: [1, 7] }, "_dom = 1"],
    [{ _dom: { "<": 0 } }, "false"],
    [{ vendor_code: { "<>": [] } }, "true"],
  ] as const) {
    t.deepEqual([...(await filtered(db.sql, filter, 2000))], [...(await exact(db.sql, condition, 2000))], JSON.stringify(filter));
  }
  await fails(t, filtered(db.sql, { _tags: ["a"] }), { code: "PE016", message: /a column of type text\[\] cannot be compared with by =/ });
  await fails(t, filtered(db.sql, { _js: "{}" }), { code: "PE016" });
  for (const pattern of ["\\", "%\\", "a\\\\\\"]) await fails(t, filtered(db.sql, { name: { like: pattern } }), { code: "PE016" });
  t.deepEqual([...(await filtered(db.sql, { name: { like: "%\\\\" } }))], []);
  await db.sql.unsafe(`
    alter table staging_staging.stg_product drop column _js, drop column _tags, drop column _ints, drop column _pt, drop column _xml, drop column _dom;
    drop domain public.one_or_more`);
});

test("a filter that cannot be is refused with its code, the column and what there is", async (t) => {
  const bad = (filter: unknown) => filtered(db.sql, filter);
  await fails(t, bad({ colour: "red" }), {
    code: "PE015",
    message: "The source has no column 'colour'.",
    hint: /^It has name, .*price.*product_id/,
  });
  await fails(t, bad({ 'name" is null or "name': 1 }), { code: "PE015" });
  await fails(t, bad({ ctid: "(0,1)" }), { code: "PE015" });
  await fails(t, bad({ price: "cheap" }), { code: "PE016", message: /^The filter on price has a value that a column of type numeric/ });
  await fails(t, bad({ price: { "<": "1); select 1" } }), { code: "PE016" });
  await fails(t, bad({ price: { like: "1%" } }), { code: "PE016" });
  await fails(t, bad({ price: { "||": 1 } }), { code: "PE016", message: /unknown operator: '\|\|'/, hint: /like/ });
  await fails(t, bad({ price: { "<": null } }), { code: "PE016" });
  await fails(t, bad({ price: { "<": [1, 2] } }), { code: "PE016" });
  await fails(t, bad({ price: { "=": { a: 1 } } }), { code: "PE016" });
  await fails(t, bad({ price: [[1]] }), { code: "PE016" });
  await fails(t, bad({ is_active: "perhaps" }), { code: "PE016" });
  await fails(t, bad([1]), { code: "PE016", message: "A filter is an object of columns, not array." });
});

test("a filter is a condition that an index of the source answers, whatever the column's type", async (t) => {
  const condition = async (filter: object) => {
    const [row] = await db.sql<
      { condition: string }[]
    >`select analytics_features.filter_sql('s', ${db.sql.json(filter as never)}) as condition`;
    return row?.condition;
  };
  t.is(await condition({ price: { "<": 5 } }), "s.price operator(pg_catalog.<) '5'::\"numeric\"".replaceAll('"', ""));
  t.is(await condition({ category_id: [1, 2] }), "s.category_id operator(pg_catalog.=) any ('{1,2}'::bigint[])");
  t.is(await condition({}), "true");
  const [row] = await db.sql`select analytics_features.filter_sql('s', null) as condition`;
  t.is(row?.condition, "true");
  await db.sql`alter table staging_staging.stg_product add column kind character(3), add column "Odd ""name" varchar(2)`;
  t.is(await condition({ kind: "abcdef" }), "s.kind operator(pg_catalog.=) 'abcdef'::bpchar");
  t.is(await condition({ 'Odd "name': "x'y" }), `s."Odd ""name" operator(pg_catalog.=) 'x''y'::character varying`);
});

test("a whole number may be written as a float where the column is of whole numbers, and no other", async (t) => {
  const sql = async (filter: string) =>
    (await db.sql`select analytics_features.filter_sql('s', ${filter}::text::jsonb) as condition`)[0]?.condition;
  t.is(await sql('{"category_id": 10.0}'), await sql('{"category_id": 10}'));
  t.is(await sql('{"category_id": [1e1, 20.00, null]}'), await sql('{"category_id": [10, 20, null]}'));
  t.regex(await sql('{"vendor_code": 10.0}'), /'10\.0'/);
  await fails(t, () => sql('{"category_id": 10.5}'), { code: "PE016" });
  await fails(t, () => sql('{"category_id": "10.0"}'), { code: "PE016" });
});

test("without a source a filter on a column says that", async (t) => {
  await db.sql`alter table staging_staging.stg_product rename to away`;
  await fails(t, db.sql`select analytics_features.filter_sql('s', '{"price": 1}')`, { code: "PE001", hint: /^Run dbt/ });
  await db.sql`alter table staging_staging.away rename to stg_product`;
});
