import anyTest from "ava";
import postgres from "postgres";
import { useDatabase } from "../helpers/database.ts";

/*
 * The plans of the statements that a search runs, as auto_explain tells them, at 100,000 products.
 * Vectors of 64 components: a shorter table makes it harder for an index to be the cheaper way.
 */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const products = 100_000;
const hnsw = "product_embeddings_hnsw_idx";

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Join Filter"?: number;
  Plans?: Plan[];
  /** Of the first node of a statement that was compiled. */
  JIT?: object;
}

test.before(async () => {
  await db.sql.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product as
      select g::bigint as product_id, 'part ' || g as name, 'V-' || g as vendor_code, g::numeric as price,
        g % 2 = 0 as is_active, case when g % 10000 = 7 then 'rare' else 'often' end as kind, false as deleted
      from generate_series(1, ${products}) g;
    create index by_id on staging_staging.stg_product (product_id);
    create index by_kind on staging_staging.stg_product (kind);
    analyze staging_staging.stg_product;
    select analytics_features.reset_embeddings(64);
    select setseed(0.5);
    create table public.some as
      select g as number, array(select random() - 0.5 + g * 0 from generate_series(1, 64))::vector as v from generate_series(0, 996) g;
    insert into analytics_features.product_embeddings (product_id, embedding)
      select g, l2_normalize(c.v + c.v + c.v + n.v)
      from generate_series(1, ${products}) g
      join public.some c on c.number = g % 97
      join public.some n on n.number = g % 997;
    select analytics_features.build_index(m => 8, ef_construction => 32);
    analyze analytics_features.product_embeddings;
    select analytics_features.note_expressions();
    insert into analytics_features.product_words (product_id, words, tokens, label, document_hash, config)
      select g, setweight(to_tsvector('russian', 'part ' || (array['колодки', 'диск', 'фильтр'])[g % 3 + 1] || ' ' || g), 'A'), 3,
        'part ' || (array['колодки', 'диск', 'фильтр'])[g % 3 + 1] || ' ' || g, '', 'russian'
      from generate_series(1, ${products}) g;
    select analytics_features.refresh_word_statistics();
    analyze analytics_features.product_words;
    analyze analytics_features.word_statistics`);
});

/** What each statement of a query scanned, outermost last: "Index Scan by_id" or "Seq Scan stg_product". */
async function scans(query: string): Promise<string[]> {
  const found: string[] = [];
  for (const plan of await nodes(query)) {
    const of = plan["Relation Name"];
    if (plan["Index Name"] !== undefined) found.push(`${plan["Node Type"]} ${plan["Index Name"]}`);
    else if (
      ["product_embeddings", "stg_product", "product_words", "word_statistics"].includes(of ?? "") &&
      !plan["Node Type"].startsWith("Bitmap")
    )
      found.push(`${plan["Node Type"]} ${of}`);
  }
  // Of our own catalogs and of PostgreSQL's nothing is said.
  return found.filter((scan) => / (by_\w+|stg_product|(product_embeddings|product_words|word_statistics)\w*)$/.test(scan));
}

/** The nodes of the plans of all statements that a query comes to, an inner one after the one that it is in. */
async function nodes(query: string): Promise<Plan[]> {
  const found: Plan[] = [];
  const walk = (plan: Plan): void => {
    found.push(plan);
    for (const child of plan.Plans ?? []) walk(child);
  };
  const connection = postgres(db.env.DATABASE_URL ?? "", {
    max: 1,
    prepare: false,
    onnotice: ({ message = "" }) => {
      const start = message.indexOf("{");
      if (!message.includes("plan:") || start < 0) return;
      const logged = JSON.parse(message.slice(start));
      // lock_source() reads nothing.
      if (!logged["Query Text"].endsWith("limit 0")) walk({ ...logged.Plan, JIT: logged.JIT });
    },
  });
  try {
    const [row] = await connection`select v::text as vector from public.some where number = 501`;
    await connection.unsafe(`
      load 'auto_explain';
      set auto_explain.log_analyze = on; set auto_explain.log_timing = off; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_format = json;
      set client_min_messages = log`);
    await connection.unsafe(query.replace("$1", `'${row?.vector}'`));
  } finally {
    await connection.end();
  }
  return found;
}

test("the plain query goes along the index that search builds", async (t) => {
  t.deepEqual(await scans("select product_id from analytics_features.product_embeddings order by embedding <-> $1 limit 10"), [
    `Index Scan ${hnsw}`,
  ]);
});

test("a search goes along the index and looks its hits up by theirs", async (t) => {
  const found = await scans("select * from analytics_features.search_products($1)");
  t.deepEqual([...found].sort(), ["Index Scan by_id", `Index Scan ${hnsw}`]);
});

test("a search by another metric reads the vectors of its hits besides", async (t) => {
  const found = await scans("select * from analytics_features.search_products($1, 'cosine')");
  t.deepEqual([...found].sort(), ["Index Scan by_id", `Index Scan ${hnsw}`, "Index Scan product_embeddings_pkey"]);
});

test("a filter that many pass goes the same way", async (t) => {
  const found = await scans(`select * from analytics_features.search_products($1, 'l2', 10, '{"is_active": true}')`);
  t.deepEqual([...new Set(found)].sort(), ["Index Scan by_id", `Index Scan ${hnsw}`]);
});

test("a filter that few pass is answered by the index on its column, and the rest is exact", async (t) => {
  const found = await scans(`select * from analytics_features.search_products($1, 'l2', 10, '{"kind": "rare"}')`);
  t.true(found.some((scan) => scan.endsWith(" by_kind")));
  t.true(found.some((scan) => scan.endsWith(" product_embeddings_pkey")));
  t.false(
    found.some((scan) => scan.startsWith("Seq Scan")),
    found.join(),
  );
});

test("hits are looked up by a hash of them where the source has no index, as dbt leaves it", async (t) => {
  await db.sql.unsafe("drop index staging_staging.by_id; select analytics_features.note_expressions()");
  const found = await nodes("select * from analytics_features.search_products($1)");
  await db.sql.unsafe("create index by_id on staging_staging.stg_product (product_id); select analytics_features.note_expressions()");
  t.true(found.some((plan) => plan["Index Name"] === hnsw));
  t.true(found.some((plan) => plan["Node Type"] === "Seq Scan" && plan["Relation Name"] === "stg_product"));
  // Sorted were all rows of the source, for a join, and not only the hits.
  const sorted = found.filter((plan) => plan["Node Type"] === "Sort").map((plan) => plan["Actual Rows"] ?? 0);
  t.true(Math.max(...sorted) <= 20, sorted.join());
});

test("an id that is another number uses its index too", async (t) => {
  for (const type of ["integer", "numeric"]) {
    await db.sql.unsafe(
      `alter table staging_staging.stg_product alter column product_id type ${type}; analyze staging_staging.stg_product`,
    );
    // Once with what the last comparison kept, which is for other columns, so that it begins anew, and once with what fits.
    for (let i = 0; i < 2; i++) {
      const found = await scans("select * from analytics_features.search_products($1)");
      t.deepEqual((i === 0 ? [...new Set(found)] : [...found]).sort(), ["Index Scan by_id", `Index Scan ${hnsw}`], type);
      await db.sql`select analytics_features.note_expressions()`;
    }
  }
});

test("a search by text reads no table through: words by their index, vectors by theirs, hits by id", async (t) => {
  await db.sql.unsafe(`
    alter table staging_staging.stg_product alter column product_id type bigint;
    analyze staging_staging.stg_product;
    select analytics_features.note_expressions();
    select analytics_features.register_model('plans', 'r1', 'fp32', 64, 'mean', 256);
    select analytics_features.store_query_embedding('колодки 4711', analytics_features.active_model_id(), l2_normalize(v)) from public.some where number = 501`);
  for (const query of ["колодки 4711", "калодки", "part"]) {
    const found = await scans(`select * from analytics_features.search_products_text('${query}')`);
    t.deepEqual(
      found.filter((scan) => scan.startsWith("Seq Scan")),
      [],
      query,
    );
    t.true(found.includes("Bitmap Index Scan product_words_words_idx"), query);
    t.true(found.includes("Index Scan by_id"), query);
    t.is(found.includes(`Index Scan ${hnsw}`), query === "колодки 4711", query);
  }
  const mistyped = await scans("select * from analytics_features.search_products_text('калодки', 10, null, 'words')");
  t.true(mistyped.includes("Bitmap Index Scan word_statistics_deletions_idx"));
});

test("what is fused with words looks through less of the index than a search by vector", async (t) => {
  const [row] = await db.sql<{ vector: string }[]>`select v::text as vector from public.some where number = 501`;
  const connection = postgres(db.env.DATABASE_URL ?? "", { max: 1, onnotice: () => {} });
  const pages = async (forFusion: boolean) => {
    const explained = async () =>
      connection.unsafe<{ "QUERY PLAN": [{ Plan: { "Shared Hit Blocks": number; "Shared Read Blocks": number } }] }[]>(
        `explain (analyze, buffers, format json)
        select * from analytics_features.nearest_products('${row?.vector}', 20, for_fusion => ${forFusion})`,
      );
    // The first reads the catalogs too.
    await explained();
    const [{ "QUERY PLAN": plan } = { "QUERY PLAN": undefined }] = await explained();
    return (plan?.[0].Plan["Shared Hit Blocks"] ?? 0) + (plan?.[0].Plan["Shared Read Blocks"] ?? 0);
  };
  try {
    await db.sql`update analytics_features.settings set hnsw_ef_search = 800`;
    const [half, whole] = [await pages(true), await pages(false)];
    t.true(half > 100 && half < 0.9 * whole, `${half} of ${whole} pages`);
  } finally {
    await db.sql`update analytics_features.settings set hnsw_ef_search = default`;
    await connection.end();
  }
});

test("between the batches of a backfill what is urgent is looked for without reading what is not", async (t) => {
  await db.sql.unsafe(`
    insert into analytics_features.product_queue (product_id, is_bulk) select g, true from generate_series(1, ${products}) g`);
  const model = "(select analytics_features.active_model_id())";
  for (const asked of [model, `${model} + 1`]) {
    // More often than a session plans anew for what it is asked.
    const read = (await nodes(`select analytics_features.more_urgent_waits(${asked}) from generate_series(1, 10)`))
      .filter((plan) => plan["Relation Name"] === "product_queue")
      .map((plan) => (plan["Actual Rows"] ?? 0) + (plan["Rows Removed by Filter"] ?? 0));
    t.true(read.length >= 10, asked);
    t.true(Math.max(...read) < 100, `${Math.max(...read)} rows were read for ${asked}`);
  }
  await db.sql`truncate analytics_features.product_queue`;
});

test("changes are taken up in proportion to what is taken, and not to what was noted while no worker was there", async (t) => {
  await db.sql.unsafe(`
    insert into analytics_features.product_changes (queued_at, product_ids)
    select now() - make_interval(secs => g), array[g] from generate_series(1, ${products}) g`);
  const read = (await nodes("select analytics_features.take_up_changes()"))
    .filter((plan) => plan["Relation Name"] === "product_changes")
    .map((plan) => (plan["Actual Rows"] ?? 0) * (plan["Actual Loops"] ?? 1));
  t.true(Math.max(...read) > 0);
  t.true(read.reduce((sum, rows) => sum + rows, 0) < 3000, `${read.join()} rows were read for 200 products`);
  await db.sql`truncate analytics_features.product_changes, analytics_features.product_queue`;
});

test("words are taken up in proportion to the products, also while nobody has analyzed their table", async (t) => {
  const ids = (from: number, to: number) => `select analytics_features.index_words(array(select g from generate_series(${from}, ${to}) g))`;
  await db.sql.unsafe(`
    truncate analytics_features.product_words;
    delete from pg_catalog.pg_statistic where starelid = 'analytics_features.product_words'::regclass;
    ${ids(1, 20_000)}`);
  const compared = (await nodes(ids(20_001, 23_000))).map((plan) => plan["Rows Removed by Join Filter"] ?? 0);
  t.true(Math.max(...compared) < 100_000, `${Math.max(...compared)} pairs were compared for 3,000 products`);
});

test("a comparison is not compiled, which took seconds for a few hundred products while much waited", async (t) => {
  const compiled = (await nodes("set jit_above_cost = 0; select analytics_features.reconcile()")).filter((plan) => plan.JIT !== undefined);
  t.deepEqual(
    compiled.map((plan) => plan["Node Type"]),
    compiled.slice(0, 1).map(() => "Result"),
    "no more than the call itself",
  );
});

test("a table of the user's own is looked into for the hits, and not read through", async (t) => {
  for (const found of [
    "analytics_features.search_products($1)",
    "analytics_features.search_products_text('колодки 7')",
    "analytics_features.similar_products(7)",
    "analytics_features.recommended_products(array[7])",
  ]) {
    const plans = await scans(`select o.kind, f.name from ${found} f join staging_staging.stg_product o on o.product_id = f.product_id`);
    t.is(plans.at(-1), "Index Scan by_id", found);
  }
});
