import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { attach } from "../runner/migrate.ts";
import { embedContext, withEncoder } from "../runner/session.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample } from "./helpers/source.ts";

/* The sample catalogue with the real model: what is alike, and what is entered twice. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const airBag = "7807552";
const disc = "8200023";

test.before("embed the sample catalogue with the real model", async () => {
  await createSample(db.sql);
  await attach(db.sql, db.settings);
  await withEncoder(db.settings, async (encoder) => {
    await embedQueued(await embedContext(db.sql, db.settings, encoder));
  });
});

interface Hit {
  product_id: string;
  distance: number;
}
const similar = (product: string, limit = 10, filter: string | null = null, spread = 0) => db.sql<Hit[]>`
  select product_id, distance from analytics_features.similar_products(${product}, ${limit}::integer, ${filter}::text::jsonb, ${spread}::float8)`;

test("the nearest by cosine distance, the product itself left out", async (t) => {
  const exact = await db.sql<Hit[]>`
    select e.product_id, e.embedding <=> o.embedding as distance
    from analytics_features.product_embeddings e, analytics_features.product_embeddings o
    where o.product_id = ${airBag} and e.product_id <> o.product_id order by 2, 1 limit 10`;
  const hits = await similar(airBag);
  t.deepEqual(
    hits.map(({ product_id }) => product_id),
    exact.map(({ product_id }) => product_id),
  );
  for (const [place, { distance }] of hits.entries()) t.true(Math.abs(distance - (exact[place]?.distance ?? 1)) < 1e-9);
  t.true(hits.slice(0, 3).every(({ product_id }) => ["7807553", "7807554", "7807560", "7807568"].includes(product_id)));
});

test("a filter narrows, and the limit counts what is left", async (t) => {
  const hits = await similar(airBag, 5, '{"category_id": 30}');
  t.is(hits.length, 5);
  t.true(hits.every(({ product_id }) => product_id.startsWith("82000")));
});

test("a spread begins with the nearest and keeps doubles apart", async (t) => {
  const likeness = async (ids: string[]) => {
    const [row] = await db.sql<{ nearest: number }[]>`
      select min(a.embedding <=> b.embedding) as nearest
      from analytics_features.product_embeddings a join analytics_features.product_embeddings b on b.product_id > a.product_id
      where a.product_id = any (${ids}::bigint[]) and b.product_id = any (${ids}::bigint[])`;
    return row?.nearest ?? 0;
  };
  const ids = async (spread: number) => (await similar("8800097", 8, null, spread)).map(({ product_id }) => product_id);
  const nearest = await ids(0);
  const spread = await ids(0.5);
  t.true(nearest.includes("8800098") && nearest.includes("8800102"), "two products of one text are both near");
  t.is(spread[0], nearest[0]);
  t.is(new Set(spread).size, 8);
  t.false(spread.includes("8800097"));
  t.true((await likeness(nearest)) < 1e-6);
  t.true((await likeness(spread)) > 0.1);
  t.deepEqual(await ids(1e-9), nearest, "hardly any spread is the order of the nearest");
});

test("picks are those of maximal marginal relevance, computed anew", async (t) => {
  const rows = await db.sql<{ vector: string }[]>`
    select embedding::text as vector from analytics_features.product_embeddings order by product_id limit 40`;
  const vectors = rows.map(({ vector }) => JSON.parse(vector) as number[]);
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));
  const [query = [], ...candidates] = vectors;
  for (const spread of [0.2, 0.5, 0.9]) {
    const picks: number[] = [];
    while (picks.length < 12) {
      const worth = candidates.map((candidate, place) => {
        if (picks.includes(place + 1)) return Number.NEGATIVE_INFINITY;
        const repeated = picks.map((pick) => cosine(candidate, candidates[pick - 1] ?? []));
        return (1 - spread) * cosine(candidate, query) - spread * (picks.length > 0 ? Math.max(...repeated) : 0);
      });
      picks.push(worth.indexOf(Math.max(...worth)) + 1);
    }
    const [row] = await db.sql<{ picks: number[] }[]>`
      select analytics_features.spread_order(${`[${query}]`}, ${candidates.map((vector) => `[${vector}]`)}::vector[], 12, ${spread}::float8) as picks`;
    t.deepEqual(row?.picks, picks, `${spread}`);
  }
});

test("fewer candidates than asked are all there, and none is no error", async (t) => {
  t.is((await similar(airBag, 200, null, 0.5)).length, 114);
  t.is((await similar(airBag, 200)).length, 114);
  t.deepEqual([...(await similar(airBag, 5, '{"category_id": -1}', 0.5))], []);
});

test("a product that is unknown, or has no vector yet, is told so", async (t) => {
  await fails(t, similar("1"), { code: "PE017", message: "The product 1 has no vector.", hint: /embedding_status/ });
  await fails(t, db.sql`select analytics_features.similar_products(null)`, { code: "PE017" });
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'new')`;
  await fails(t, similar("1"), { code: "PE017" });
  await db.sql`delete from staging_staging.stg_product where product_id = 1`;
});

test("what is there instead of a product that is gone, as long as its vector is kept", async (t) => {
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = ${airBag}`;
  try {
    t.is((await similar(airBag)).length, 10);
    t.false((await similar("7807553")).some(({ product_id }) => product_id === airBag));
  } finally {
    await db.sql`update staging_staging.stg_product set deleted = false where product_id = ${airBag}`;
  }
});

test("a spread and limits out of range are refused", async (t) => {
  for (const spread of ["-0.1", "1.1", "NaN", null]) {
    const query = db.sql`select analytics_features.similar_products(${airBag}, 10, null, ${spread}::float8)`;
    await fails(t, query, { code: "PE018", message: /^The spread must be from 0 to 1/, hint: /Leave it out/ });
  }
  for (const limit of [0, 10001, null]) {
    await fails(t, db.sql`select analytics_features.similar_products(${airBag}, ${limit}::integer)`, { code: "PE014" });
    await fails(t, db.sql`select analytics_features.recommended_products(${[airBag]}::bigint[], ${limit}::integer)`, { code: "PE014" });
  }
  await fails(t, similar(airBag, 201, null, 0.5), { code: "PE014", message: "The limit must be from 1 to 200, not 201." });
});

interface Pair extends Hit {
  name: string;
  duplicate_id: string;
  duplicate_name: string;
}
const duplicates = (threshold = 0.05, limit = 1000) =>
  db.sql<Pair[]>`select * from analytics_features.duplicate_products(${threshold}::float8, ${limit}::integer)`;

test("duplicates are the pairs within the threshold, nearest first, each once", async (t) => {
  const pairs = await duplicates();
  const exact = await db.sql<Pair[]>`
    select a.product_id, b.product_id as duplicate_id
    from analytics_features.product_embeddings a
    join analytics_features.product_embeddings b on b.product_id > a.product_id and a.embedding <=> b.embedding <= 0.05`;
  const keys = (rows: readonly Pair[]) => rows.map((row) => `${row.product_id}-${row.duplicate_id}`).sort();
  t.deepEqual(keys(pairs), keys(exact));
  t.deepEqual(
    pairs.map(({ distance }) => distance),
    pairs.map(({ distance }) => distance).sort((a, b) => a - b),
  );
  t.like(pairs[0], {
    product_id: disc,
    name: "Диск тормозной передний вентилируемый",
    duplicate_id: "8200024",
    duplicate_name: "Диск тормозной передний вентилируемый",
    distance: 0,
  });
  t.like(pairs[1], { product_id: "8800098", duplicate_id: "8800102", distance: 0 });
  t.is((await duplicates(0.05, 1)).length, 1);
  t.deepEqual(keys(await duplicates(0)), ["8200023-8200024", "8800098-8800102"]);
});

test("products that are gone make no pairs", async (t) => {
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = 8200024`;
  try {
    t.false((await duplicates()).some(({ duplicate_id }) => duplicate_id === "8200024"));
  } finally {
    await db.sql`update staging_staging.stg_product set deleted = false where product_id = 8200024`;
  }
});

test("vectors that came without a text's hash are compared like any others", async (t) => {
  const undo = new Error("undo");
  const tried = db.sql.begin(async (sql) => {
    await sql`update analytics_features.product_embeddings set document_hash = null, model_id = null`;
    const pairs = await sql`select from analytics_features.duplicate_products(0.0001)`;
    t.is(pairs.length, 2);
    throw undo;
  });
  await t.throwsAsync(tried, { is: undo });
});

test("products of one text are all found, however many, and a limit ends it", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name) select g, 'same' from generate_series(1, 60) g`;
  await db.sql`
    insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
    select g, e.embedding, 1, '\\x00' from generate_series(1, 60) g, analytics_features.product_embeddings e where e.product_id = ${airBag}`;
  try {
    const pairs = (await duplicates(0, 10000)).filter(({ name, duplicate_name }) => name === "same" && duplicate_name === "same");
    t.is(pairs.length, (60 * 59) / 2);
    t.is(new Set(pairs.map((pair) => `${pair.product_id}-${pair.duplicate_id}`)).size, pairs.length);
    t.is((await duplicates(2, 100)).length, 100);
  } finally {
    await db.sql`delete from staging_staging.stg_product where product_id <= 60`;
    await db.sql`delete from analytics_features.product_embeddings where product_id <= 60`;
  }
});

test("a threshold out of range is refused", async (t) => {
  for (const threshold of ["-0.1", "2.1", "NaN", null]) {
    await fails(t, db.sql`select analytics_features.duplicate_products(${threshold}::float8)`, { code: "PE018" });
  }
  await fails(t, db.sql`select analytics_features.duplicate_products(0.05, 0)`, { code: "PE014" });
});

test("duplicates are found through an index too, past what is gone", async (t) => {
  await db.sql`create index similar_test on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops)`;
  try {
    await db.sql.begin(async (sql) => {
      await sql`set local enable_seqscan = off`;
      await sql`set local enable_sort = off`;
      const pairs = await sql`select product_id, duplicate_id from analytics_features.duplicate_products(0.0001)`;
      t.deepEqual(
        pairs.map(({ product_id }) => product_id),
        [disc, "8800098"],
      );
    });
  } finally {
    await db.sql`drop index analytics_features.similar_test`;
  }
});
