import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, drain, insertParts, registerModel, startOver, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  await insertParts(db.sql, 1, 30);
  await drain(db.sql, await registerModel(db.sql));
});

const search = async (metric: string, limit = 10) => {
  const rows = await db.sql<{ id: number; distance: number }[]>`
    select product_id::integer as id, distance from analytics_features.search_products(${unitVector(7)}, ${metric}, ${limit}::integer)`;
  return [...rows];
};

test("each metric, by name or by operator, gives the exact distances in order", async (t) => {
  for (const [names, operator] of [
    [["l2", "<->", "L2 "], "<->"],
    [["cosine", "<=>"], "<=>"],
    [["inner_product", "ip", "<#>"], "<#>"],
  ] as const) {
    const exact = await db.sql.unsafe<{ id: number; distance: number }[]>(
      `select product_id::integer as id, embedding ${operator} $1 as distance from analytics_features.product_embeddings order by 2, 1 limit 10`,
      [unitVector(7)],
    );
    for (const name of names) {
      const hits = await search(name);
      t.deepEqual(
        hits.map(({ id }) => id),
        exact.map(({ id }) => id),
        name,
      );
      t.deepEqual(
        hits.map(({ distance }) => distance),
        exact.map(({ distance }) => distance),
        name,
      );
    }
  }
});

test("a hit shows what the product is now", async (t) => {
  await db.sql`update staging_staging.stg_product set name = 'renamed', vendor_code = 'V-7', price = 5 where product_id = 7`;
  const [hit] = await db.sql`select * from analytics_features.search_products(${unitVector(7)})`;
  t.like(hit, { product_id: "7", name: "renamed", vendor_code: "V-7", price: "5.00", distance: 0 });
});

test("an untyped literal is a vector", async (t) => {
  const hits = await db.sql.unsafe(`select * from analytics_features.search_products('${unitVector(7)}', 'cosine', 3)`);
  t.is(hits.length, 3);
  const overloads = await db.sql<{ first: string; arguments: number }[]>`
    select proargtypes[0]::regtype::text as first, pronargs as arguments from pg_proc where proname = 'search_products' order by 2`;
  t.deepEqual(
    [...overloads],
    [
      { first: "vector", arguments: 3 },
      { first: "vector", arguments: 4 },
    ],
  );
});

test("deleted, soft-deleted and truncated products leave search at once", async (t) => {
  await db.sql`delete from staging_staging.stg_product where product_id = 7`;
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = 8`;
  const hits = await search("l2", 100);
  t.is(hits.length, 28);
  t.false(hits.some(({ id }) => id === 7 || id === 8));
  await db.sql`truncate staging_staging.stg_product`;
  t.is((await search("l2", 100)).length, 0);
});

test("the limit counts products that are there, also beyond what an HNSW index scans at first", async (t) => {
  await insertParts(db.sql, 31, 600);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`create index on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops)`;
  await db.sql`delete from staging_staging.stg_product where product_id % 10 <> 7`;
  await db.sql`analyze analytics_features.product_embeddings`;
  // One transaction, so that no other connection is asked: the planner would take a sort for so few rows.
  await db.sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    await sql`set local enable_sort = off`;
    await sql`set local enable_hashjoin = off`;
    await sql`set local enable_mergejoin = off`;
    const hits = await sql`select * from analytics_features.search_products(${unitVector(7)}, 'cosine', 60)`;
    t.is(hits.length, 60);
  });
});

test("a source without name, vendor_code and price is searched all the same", async (t) => {
  await db.sql`alter table staging_staging.stg_product drop column name, drop column vendor_code, drop column price`;
  const [hit] = await db.sql`select * from analytics_features.search_products(${unitVector(7)})`;
  t.like(hit, { product_id: "7", name: null, vendor_code: null, price: null });
});

test("a price that came as text is a number where it is one", async (t) => {
  await db.sql`alter table staging_staging.stg_product alter column price type text using case product_id when 7 then '12.50' else 'по запросу' end`;
  const hits = await db.sql`select * from analytics_features.search_products(${unitVector(7)}, 'l2', 2)`;
  t.deepEqual([hits[0]?.price, hits[1]?.price], ["12.50", null]);
});

test("bad input is refused with its code, the accepted values and a hint", async (t) => {
  const { sql } = db;
  const v = unitVector(7);
  await fails(t, sql`select * from analytics_features.search_products(${v}, 'euclid')`, {
    code: "PE010",
    message: "Unknown metric: 'euclid'.",
    hint: /'l2'.*'cosine'.*'inner_product'/,
  });
  await fails(t, sql`select * from analytics_features.search_products(${v}, null)`, { code: "PE010", message: "Unknown metric: null." });
  await fails(t, sql`select * from analytics_features.search_products(${v}, '<->; drop table x')`, { code: "PE010" });
  await fails(t, sql`select * from analytics_features.search_products(null)`, { code: "PE011", hint: /subquery/ });
  await fails(t, sql`select * from analytics_features.search_products('[1,2,3]')`, {
    code: "PE012",
    message: /3 components.*384/,
    hint: /embedding_status/,
  });
  await fails(t, sql`select * from analytics_features.search_products(array_fill(0, array[384])::vector)`, { code: "PE013" });
  for (const limit of [0, -1, 10001, null]) {
    await fails(t, sql`select * from analytics_features.search_products(${v}, 'l2', ${limit}::integer)`, { code: "PE014" });
  }
  await sql`drop table staging_staging.stg_product`;
  await fails(t, sql`select * from analytics_features.search_products(${v})`, { code: "PE001" });
});

test("of a product in several rows no search shows one that does not count, before anybody compared", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, deleted, updated_at) values (7, 'part 7', 77, true, 'infinity'), (8, 'part 8', 88, false, 'infinity')`;
  const found = async (filter: object | null) => {
    const rows = await db.sql<{ id: number }[]>`
      select product_id::integer as id from analytics_features.search_products(${unitVector(7)}, 'l2', 100, ${db.sql.json(filter as never)}) where product_id in (7, 8)`;
    return rows.map(({ id }) => id);
  };
  t.deepEqual(await found(null), [8]);
  t.deepEqual(await found({ deleted: false }), [8]);
  t.deepEqual(await found({ price: { "<": 80 } }), []);
  t.deepEqual(await found({ price: 88 }), [8]);
});

test("rows that nothing says the order of are one product, the same in its document and in each search", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price)
    select 50 + g % 10, 'twin ' || g, g from generate_series(1, 40) g order by g % 7`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.reconcile()`;
  const differing = async () => db.sql`
    select h.product_id, h.name, d.document
    from analytics_features.search_products(${unitVector(7)}, 'l2', 100) h
    join analytics_features.product_documents() d using (product_id)
    where strpos(d.document, h.name) = 0`;
  t.deepEqual([...(await differing())], []);
  await db.sql`update staging_staging.stg_product set price = price where product_id = 53`;
  t.deepEqual([...(await differing())], []);
  const [hit] = await db.sql`
    select h.name, d.document from analytics_features.search_products_text('twin', 1, null, 'words') h join analytics_features.product_documents() d using (product_id)`;
  t.true(hit?.document.includes(hit?.name));
});

test("how long the query's vector is makes no difference to which products are nearest", async (t) => {
  const nearest = async (length: string, metric: string) => {
    const rows = await db.sql<{ id: number; distance: number }[]>`
      select product_id::integer as id, distance
      from analytics_features.search_products(
        (
          select array_agg(v.x * ${length}::float8 order by v.place) from unnest(${unitVector(7)}::vector::real[]) with ordinality v (x, place)
        )::vector,
        ${metric}
      )`;
    return rows;
  };
  const expected = await nearest("1", "cosine");
  for (const length of ["1e-12", "1e-6", "1e6", "1e12"]) {
    for (const metric of ["cosine", "l2", "ip"]) {
      const hits = await nearest(length, metric);
      t.deepEqual(
        hits.map(({ id }) => id),
        expected.map(({ id }) => id),
        `${metric} ${length}`,
      );
    }
    for (const [i, { distance }] of (await nearest(length, "cosine")).entries())
      t.true(Math.abs(distance - (expected[i]?.distance ?? 9)) < 1e-5);
  }
});
