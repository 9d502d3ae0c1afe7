import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { attach } from "../runner/migrate.ts";
import { embedContext, withEncoder } from "../runner/session.ts";
import { useDatabase } from "./helpers/database.ts";
import { createSample } from "./helpers/source.ts";

/*
 * The description of the Python pipeline is the contract with its users: each of its SQL snippets,
 * as written there. Only what it tells its reader to replace is replaced.
 */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let query = "";

test.before("embed the sample catalogue with the real model", async () => {
  await createSample(db.sql);
  await attach(db.sql, db.settings);
  await withEncoder(db.settings, async (encoder) => {
    await embedQueued(await embedContext(db.sql, db.settings, encoder));
    const [encoded] = await encoder.encode(["пневматическая подушка"], "query");
    query = `[${Array.from(encoded?.vector ?? []).join(",")}]`;
  });
});

test("verification: the extension is there and 115 products are embedded", async (t) => {
  const [row] = await db.sql.unsafe(`
SELECT COUNT(*) FROM analytics_features.product_embeddings;
-- Result: 115 embeddings`);
  t.is(row?.count, "115");
});

test("verification: count and dimensions", async (t) => {
  const [total] = await db.sql.unsafe(`
-- Count embeddings
SELECT COUNT(*) as total_embeddings
FROM analytics_features.product_embeddings;
-- Result: 115`);
  t.is(total?.total_embeddings, "115");
  const rows = await db.sql.unsafe(`
-- Check vector dimensions
SELECT product_id, vector_dims(embedding) as dimensions, updated_at
FROM analytics_features.product_embeddings
LIMIT 5;
-- All should show 384 dimensions`);
  t.deepEqual(
    rows.map((row) => row.dimensions),
    [384, 384, 384, 384, 384],
  );
  t.true(rows.every((row) => row.updated_at instanceof Date));
});

test("verification: data integrity", async (t) => {
  const [row] = await db.sql.unsafe(`
-- Products with embeddings
SELECT
    COUNT(DISTINCT e.product_id) as products_with_embeddings,
    COUNT(DISTINCT s.product_id) as total_products
FROM analytics_features.product_embeddings e
FULL OUTER JOIN staging_staging.stg_product s ON e.product_id = s.product_id;`);
  t.deepEqual({ ...row }, { products_with_embeddings: "115", total_products: "115" });
});

test("sample embeddings", async (t) => {
  const rows = await db.sql.unsafe(`
-- View first few embedding vectors (truncated)
SELECT
    product_id,
    embedding::text as vector_sample,
    updated_at
FROM analytics_features.product_embeddings
LIMIT 3;`);
  t.is(rows.length, 3);
  t.regex(rows[0]?.vector_sample, /^\[-?\d/);
});

test("basic similarity search", async (t) => {
  const statement = `
        SELECT
            e.product_id,
            s.name,
            s.vendor_code,
            s.price,
            e.embedding <-> %s::vector as distance
        FROM analytics_features.product_embeddings e
        JOIN staging_staging.stg_product s ON e.product_id = s.product_id
        ORDER BY e.embedding <-> %s::vector
        LIMIT 10
    `.replaceAll("%s", "$1");
  const rows = await db.sql.unsafe(statement, [query]);
  const hits = await db.sql`select * from analytics_features.search_products(${query})`;
  t.is(rows.length, 10);
  t.deepEqual(
    hits.map(({ product_id, distance }) => [product_id, distance]),
    rows.map(({ product_id, distance }) => [product_id, distance]),
  );
});

test("SQL-only search", async (t) => {
  const rows = await db.sql.unsafe(
    `
-- Search for similar products
-- (Replace the array with your actual query embedding)
WITH query AS (
    SELECT '[0.1, 0.2, ..., 0.5]'::vector(384) as embedding
)
SELECT
    e.product_id,
    s.name,
    s.vendor_code,
    s.price,
    e.embedding <-> query.embedding as distance
FROM analytics_features.product_embeddings e
CROSS JOIN query
JOIN staging_staging.stg_product s ON e.product_id = s.product_id
ORDER BY e.embedding <-> query.embedding
LIMIT 10;`.replace("[0.1, 0.2, ..., 0.5]", query),
  );
  t.is(rows.length, 10);
});

test("distance operators", async (t) => {
  const orders: string[] = [];
  for (const order of [
    "ORDER BY embedding <-> query_vector",
    "ORDER BY embedding <=> query_vector",
    "ORDER BY embedding <#> query_vector",
  ]) {
    const rows = await db.sql.unsafe(`
      with query as (select '${query}'::vector as query_vector)
      select product_id from analytics_features.product_embeddings, query ${order} limit 20`);
    orders.push(rows.map((row) => row.product_id).join());
  }
  t.is(new Set(orders).size, 1, "unit vectors: the three metrics give one order");
});

test("performance optimisation: both indexes, and their use", async (t) => {
  await db.sql.unsafe(`
-- Create HNSW index for approximate nearest neighbor search
CREATE INDEX ON analytics_features.product_embeddings
USING hnsw (embedding vector_l2_ops);

-- Or IVFFlat index for larger datasets
CREATE INDEX ON analytics_features.product_embeddings
USING ivfflat (embedding vector_l2_ops)
WITH (lists = 100);`);
  const rows = await db.sql.unsafe(
    `
-- Check index usage
SELECT
    schemaname,
    tablename,
    indexname,
    idx_scan,
    idx_tup_read
FROM pg_stat_user_indexes
WHERE tablename = 'product_embeddings';`
      .replace("tablename,", "relname as tablename,")
      .replace("indexname,", "indexrelname as indexname,")
      .replace("WHERE tablename", "WHERE relname"),
  );
  t.true(rows.length >= 3);
});

test("integration with dbt: the mart model", async (t) => {
  const rows = await db.sql.unsafe(
    `
-- dbt/models/marts/product_with_embeddings.sql
SELECT
    p.product_id,
    p.name,
    p.vendor_code,
    p.price,
    p.category_id,
    e.embedding,
    e.updated_at as embedding_updated_at
FROM {{ ref('stg_product') }} p
LEFT JOIN analytics_features.product_embeddings e
    ON p.product_id = e.product_id`.replace("{{ ref('stg_product') }}", "staging_staging.stg_product"),
  );
  t.is(rows.length, 115);
  t.true(rows.every((row) => row.embedding !== null && row.embedding_updated_at !== null));
});

test("incremental updates: the upsert", async (t) => {
  await db.sql.unsafe(
    `
INSERT INTO analytics_features.product_embeddings (product_id, embedding)
VALUES (%s, %s)
ON CONFLICT (product_id) DO UPDATE SET
    embedding = EXCLUDED.embedding,
    updated_at = NOW()`
      .replace("%s", "$1")
      .replace("%s", "$2"),
    ["7807552", query],
  );
  const [hit] = await db.sql`select product_id from analytics_features.search_products(${query}, 'l2', 1)`;
  t.is(hit?.product_id, "7807552");
});

test("the search endpoint's query", async (t) => {
  const rows = await db.sql.unsafe(
    `
            SELECT e.product_id, s.name, s.price,
                   e.embedding <-> %s::vector as distance
            FROM analytics_features.product_embeddings e
            JOIN staging_staging.stg_product s ON e.product_id = s.product_id
            ORDER BY distance
            LIMIT %s
        `
      .replace("%s", "$1")
      .replace("%s", "$2"),
    [query, 10],
  );
  t.is(rows.length, 10);
});

test("troubleshooting: the named index, and starting over by DROP TABLE", async (t) => {
  await db.sql.unsafe(`
CREATE INDEX product_embeddings_hnsw_idx
ON analytics_features.product_embeddings
USING hnsw (embedding vector_l2_ops);`);
  await db.sql.unsafe(`
DROP TABLE analytics_features.product_embeddings;
-- Then rerun pipeline with correct PGVECTOR_EMBEDDING_DIM`);
  await withEncoder(db.settings, async (encoder) => {
    const context = await embedContext(db.sql, db.settings, encoder);
    await attach(db.sql, db.settings);
    t.is((await embedQueued(context)).stored, 115);
  });
});

test("troubleshooting: the extension", async (t) => {
  await db.sql`drop extension vector cascade`;
  await db.sql.unsafe("CREATE EXTENSION vector;");
  t.pass();
});
