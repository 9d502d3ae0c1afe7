import anyTest from "ava";
import pino from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { buildIndex } from "../tasks/build_index.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, startOver, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);

test.before(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql.unsafe(`
    insert into staging_staging.stg_product (product_id, name, price, deleted) select g, 'part ' || g, g, false from generate_series(1, 1200) g;
    select setseed(0.25);
    insert into analytics_features.product_embeddings (product_id, embedding)
    select g, l2_normalize(array(select random() - 0.5 + g * 0 from generate_series(1, 384))::vector) from generate_series(1, 1200) g;
    analyze analytics_features.product_embeddings;
    select analytics_features.attach()`);
});
test.afterEach.always(async () => {
  const left = await db.sql<{ index_name: string }[]>`select index_name from analytics_features.vector_indexes`;
  for (const { index_name } of left) await db.sql`drop index analytics_features.${db.sql(index_name)}`;
  await db.sql`update analytics_features.settings set index_from_products = default`;
});

const statement = async (call: string) => {
  const [row] = await db.sql.unsafe<{ statement: string }[]>(`select analytics_features.index_sql(${call}) as statement`);
  return row?.statement ?? "";
};
const indexes = async () => [
  ...(await db.sql`
    select index_name, method, type, metric, options, valid, serves_search, bytes > 0 as has_size from analytics_features.vector_indexes order by 1`),
];
const run = async () => {
  const task = buildIndex({ sql: db.sql, schema: "analytics_features" } as EmbedContext, pino({ level: "silent" }));
  await task({}, {} as never);
};

test("each kind is built from the statement that SQL writes, and search goes along it", async (t) => {
  for (const [call, expected] of [
    ["", { index_name: "product_embeddings_hnsw_idx", method: "hnsw", type: "vector", options: ["m=16", "ef_construction=64"] }],
    [
      "as_halfvec => true, m => 8, ef_construction => 40",
      { index_name: "product_embeddings_hnsw_halfvec_idx", method: "hnsw", type: "halfvec", options: ["m=8", "ef_construction=40"] },
    ],
    ["'ivfflat'", { index_name: "product_embeddings_ivfflat_idx", method: "ivfflat", type: "vector", options: ["lists=1"] }],
    [
      "'ivfflat', true, lists => 12",
      { index_name: "product_embeddings_ivfflat_halfvec_idx", method: "ivfflat", type: "halfvec", options: ["lists=12"] },
    ],
  ] as const) {
    const sql = await statement(call);
    t.regex(sql, /^create index concurrently product_embeddings_/);
    await db.sql.unsafe(sql);
    t.deepEqual(await indexes(), [
      { ...expected, options: [...expected.options], metric: "l2", valid: true, serves_search: true, has_size: true },
    ]);
    await db.sql.begin(async (tx) => {
      await tx`set local enable_sort = off`;
      const [plan] = await tx`select used, plan from analytics_features.check_index()`;
      t.true(plan?.used, call);
      t.regex(plan?.plan, new RegExp(expected.index_name));
      const hits = await tx`select * from analytics_features.search_products(${unitVector(7)}, 'cosine', 30)`;
      t.is(hits.length, 30);
    });
    await db.sql`drop index analytics_features.${db.sql(expected.index_name)}`;
  }
});

test("an index of the seed's own words serves search, and one by cosine or of a part of the vector does not", async (t) => {
  await db.sql`create index mine on analytics_features.product_embeddings using hnsw (embedding vector_l2_ops)`;
  t.like((await indexes())[0], { index_name: "mine", serves_search: true });
  await db.sql`drop index analytics_features.mine`;
  await db.sql`create index mine on analytics_features.product_embeddings using hnsw (embedding vector_cosine_ops)`;
  t.like((await indexes())[0], { index_name: "mine", metric: "cosine", serves_search: false });
  await db.sql`drop index analytics_features.mine`;
  await db.sql`create index mine on analytics_features.product_embeddings using hnsw ((subvector(embedding, 1, 100)::vector(100)) vector_l2_ops)`;
  t.like((await indexes())[0], { index_name: "mine", metric: "l2", serves_search: false });
  const [row] = await db.sql`select analytics_features.search_index() as type`;
  t.is(row?.type, null);
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(7)})`).length, 10);
});

test("build_index() builds at once, and anew when called again", async (t) => {
  for (let i = 0; i < 2; i++) {
    const [row] = await db.sql`select analytics_features.build_index(m => 4, ef_construction => 16) as name`;
    t.is(row?.name, "product_embeddings_hnsw_idx");
  }
  t.is((await indexes()).length, 1);
  const [setting] = await db.sql`select current_setting('maintenance_work_mem') as memory`;
  const [reset] =
    await db.sql`select reset_val || coalesce(unit, '') as memory, pg_size_bytes(${setting?.memory}) / 1024 || 'kB' as now from pg_settings where name = 'maintenance_work_mem'`;
  t.is(reset?.now, reset?.memory);
});

test("the worker builds an index from so many vectors on, once, and only when it is asked to", async (t) => {
  await run();
  t.deepEqual(await indexes(), [], "1,200 vectors need none");
  await db.sql`update analytics_features.settings set index_from_products = null`;
  await run();
  t.deepEqual(await indexes(), [], "null is never");
  await db.sql`update analytics_features.settings set index_from_products = 1200`;
  await run();
  t.like((await indexes())[0], { index_name: "product_embeddings_hnsw_idx", valid: true });
  t.deepEqual([...(await db.sql`select * from analytics_features.index_due()`)], []);
});

test("what a failed build left is dropped and built again", async (t) => {
  await db.sql`update analytics_features.settings set index_from_products = 1000`;
  await db.sql.unsafe(await statement(""));
  await db.sql`update pg_index set indisvalid = false where indexrelid = 'analytics_features.product_embeddings_hnsw_idx'::regclass`;
  t.like((await indexes())[0], { valid: false, serves_search: false });
  const due = await db.sql<{ statement: string }[]>`select statement from analytics_features.index_due()`;
  t.is(due[0]?.statement, "drop index concurrently if exists analytics_features.product_embeddings_hnsw_idx");
  await run();
  t.like((await indexes())[0], { index_name: "product_embeddings_hnsw_idx", valid: true, serves_search: true });
});

test("of a model with more than 2,000 components the halves are indexed, with more than 4,000 nothing", async (t) => {
  await db.sql`update analytics_features.settings set index_from_products = 10`;
  for (const [dimension, expected] of [
    [2560, /using hnsw \(\(embedding::.*halfvec\(2560\)\)/],
    [4096, undefined],
  ] as const) {
    await db.sql`select analytics_features.prepare_model('long')`;
    const [model] = await db.sql<{ id: number }[]>`
      select analytics_features.begin_preparation('long', 'r1', 'fp32', ${dimension}, 'mean', 512) as id`;
    const table = `product_embeddings_${model?.id}`;
    await db.sql`
      insert into ${db.sql(`analytics_features.${table}`)} (product_id, embedding)
      select g, l2_normalize(array(select random() + g * 0 from generate_series(1, ${dimension}::integer))::vector) from generate_series(1, 10) g`;
    await db.sql`delete from analytics_features.product_queue`;
    const due = await db.sql<
      { statement: string }[]
    >`select statement from analytics_features.index_due() where statement like ${`%${table}_hnsw%`}`;
    if (expected === undefined) t.is(due.length, 0);
    else t.regex(due[0]?.statement ?? "", expected);
    for (const { statement } of due) await db.sql.unsafe(statement);
    await db.sql`select analytics_features.maintain('w1')`;
    await db.sql`select analytics_features.drop_model(${String(model?.id)})`;
  }
});

test("recall is measured against the exact search, and is whole without an index", async (t) => {
  const measure = async () =>
    (await db.sql`select queries, recall::double precision, index_mean_ms, exact_p99_ms from analytics_features.measure_recall(10, 50)`)[0];
  t.like(await measure(), { queries: 50, recall: 1 });
  // One list of twenty looked into finds some of the nearest, and not all.
  await db.sql.unsafe(await statement("'ivfflat', lists => 40"));
  await db.sql`update analytics_features.settings set ivfflat_probes = 1`;
  await db.sql.begin(async (tx) => {
    await tx`set local enable_sort = off`;
    const [few] = await tx`select recall::double precision from analytics_features.measure_recall(10, 50)`;
    await tx`update analytics_features.settings set ivfflat_probes = 40`;
    const [all] = await tx`select recall::double precision from analytics_features.measure_recall(10, 50)`;
    t.true(few?.recall > 0.05 && few?.recall < 0.9, String(few?.recall));
    t.is(all?.recall, 1);
  });
  await db.sql`update analytics_features.settings set ivfflat_probes = default`;
  await fails(t, db.sql`select * from analytics_features.measure_recall(0)`, { code: "PE014" });
  await fails(t, db.sql`select * from analytics_features.measure_recall(10, 0)`, { code: "PE014" });
});

test("options that no index has are refused with their code and the range", async (t) => {
  for (const [call, message] of [
    ["'btree'", "An index is hnsw or ivfflat, not 'btree'."],
    ["null", "An index is hnsw or ivfflat, not null."],
    ["m => 1", "m must be from 2 to 100, not 1."],
    ["ef_construction => 8", "ef_construction must be from twice m, 32, to 1000, not 8."],
    ["'ivfflat', lists => 0", "lists must be from 1 to 32768, not 0."],
    ["as_halfvec => null", "as_halfvec must be true or false, not null."],
  ] as const) {
    await fails(t, statement(call), { code: "PE022", message, hint: /./ });
  }
});
