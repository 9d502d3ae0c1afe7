import postgres from "postgres";
import type { Sql } from "../runner/database.ts";
import { createSource, withBenchDatabase } from "./database.ts";
import { printNote, printTable, quantile } from "./report.ts";
import { insertVectors } from "./vectors.ts";

/*
 * What search_products() and search_products_text() add to the plain query that they are made of:
 * BENCH_DATABASE_URL=… npm run bench:search -- 100000 200
 * Products, then queries of each kind. One connection with prepared statements, one HNSW index, one
 * hnsw.ef_search; the kinds take turns query by query, so that the machine's noise is everybody's, and each asks for another one, so
 * that none finds in the processor's caches what was just read for the same. Recall is of the first
 * hundred queries, which also prepare and plan: an HNSW graph may lose all ten answers of one, which among twenty would be 0.05. That of
 * hybrid search is by what it gives with the largest hnsw.ef_search. The
 * vectors are made of encoded part names (see vectors.ts); queries are vectors of that kind that no
 * product has. Words are those of the part names that a product's vector is made of, and its code; a query
 * is two or three words of such a name, now and then with a typing error, or a code. The source has indexes on product_id and on code, in which each value has its share.
 */
const [products = 100_000, rounds = 200] = process.argv.slice(2).map(Number);
const judged = 100;
const e = "analytics_features.product_embeddings";
const s = "staging_staging.stg_product";
const live = "not p.deleted";
const thorough = "with the largest hnsw_ef_search";
const share = (condition: string) =>
  `select e.product_id from ${e} e join ${s} p using (product_id) where ${live} and ${condition} order by (e.embedding <-> $1) + 0 limit 10`;
const search = (filter: string) => `select * from analytics_features.search_products($1, 'l2', 10, '${filter}'::jsonb)`;

interface Kind {
  name: string;
  sql: string;
  /** What gives the right answer, for recall; none where it is not a matter of vectors. */
  exact?: string;
}

const all = share("true");
const kinds: Kind[] = [
  { name: "raw: order by embedding <-> $1 limit 10", sql: `select product_id from ${e} order by embedding <-> $1 limit 10`, exact: all },
  {
    name: "raw, joined as a user would",
    sql: `select p.product_id, p.name, p.vendor_code, p.price, e.embedding <-> $1 as distance from ${e} e join ${s} p using (product_id) where ${live} order by e.embedding <-> $1 limit 10`,
    exact: all,
  },
  { name: "search_products, l2", sql: "select * from analytics_features.search_products($1)", exact: all },
  { name: "search_products, cosine", sql: "select * from analytics_features.search_products($1, 'cosine')", exact: all },
  { name: "filter that half pass", sql: search('{"is_active": true}'), exact: share("p.is_active") },
  { name: "filter that 1 % pass", sql: search('{"code": "c1"}'), exact: share("p.code = 'c1'") },
  { name: "filter that 0.01 % pass", sql: search('{"code": "c0"}'), exact: share("p.code = 'c0'") },
  { name: "filter that 1 % pass, no index on it", sql: search('{"height": 1}'), exact: share("p.height = 1") },
  { name: "filter that 0.01 % pass, no index on it", sql: search('{"height": 0}'), exact: share("p.height = 0") },
  {
    name: "search_products_text, words",
    sql: "select * from analytics_features.search_products_text($2, 10, null, 'words') where $1::vector is not null",
  },
  {
    name: "search_products_text, hybrid",
    sql: "select * from analytics_features.search_products_text($2) where $1::vector is not null",
    exact: thorough,
  },
  {
    name: "hybrid, filter that 1 % pass",
    sql: `select * from analytics_features.search_products_text($2, 10, '{"code": "c1"}') where $1::vector is not null`,
  },
];

await withBenchDatabase(async ({ sql, url }) => {
  const built = await fill(sql);
  const connection = postgres(url, { prepare: true, max: 1, onnotice: () => {} });
  try {
    await connection`select '[1]'::vector`;
    await connection`select set_config('hnsw.ef_search', hnsw_ef_search::text, false) from analytics_features.settings`;
    await connection`set jit = off`;
    const milliseconds = new Map<string, number[]>(kinds.map(({ name }) => [name, []]));
    const found = new Map<string, number>(kinds.map(({ name }) => [name, 0]));
    const wanted = new Map<string, number>(kinds.map(({ name }) => [name, 0]));
    const answers = new Map<string, { vector: string; text: string; ids: string[] }[]>();
    const queries = await connection<{ vector: string; text: string }[]>`
      select embedding::text as vector, text from public.queries order by number`;
    const exactly = new Map<string, Set<string>>();
    const turns = kinds.map((kind, place) => ({ ...kind, lead: place / kinds.length }));
    for (const round of queries.keys()) {
      const [first, count] = round < judged ? [0, judged] : [judged, rounds];
      // In another order each time: who asks first may find more of the index there, or less.
      for (const { name, sql, exact, lead } of shuffled(turns)) {
        const number = first + ((round - first + Math.floor(lead * count)) % count);
        const { vector = "", text = "" } = queries[number] ?? {};
        const started = performance.now();
        const hits = await connection.unsafe(sql, sql.includes("$2") ? [vector, text] : [vector], { prepare: true });
        if (round >= judged) milliseconds.get(name)?.push(performance.now() - started);
        if (round >= judged || exact === undefined) continue;
        const ids: string[] = hits.map(({ product_id }) => product_id);
        if (exact === thorough) {
          answers.set(name, [...(answers.get(name) ?? []), { vector, text, ids }]);
          continue;
        }
        const key = `${number} ${exact}`;
        const best = exactly.get(key) ?? (await idsOf(connection, exact, vector));
        exactly.set(key, best);
        found.set(name, (found.get(name) ?? 0) + ids.filter((id) => best.has(id)).length);
        wanted.set(name, (wanted.get(name) ?? 0) + best.size);
      }
    }
    await connection`update analytics_features.settings set hnsw_ef_search = 1000`;
    for (const { name, sql } of kinds.filter(({ exact }) => exact === thorough)) {
      for (const { vector, text, ids } of answers.get(name) ?? []) {
        const best = new Set((await connection.unsafe(sql, [vector, text], { prepare: true })).map(({ product_id }) => product_id));
        found.set(name, (found.get(name) ?? 0) + ids.filter((id) => best.has(id)).length);
        wanted.set(name, (wanted.get(name) ?? 0) + best.size);
      }
    }
    await connection`update analytics_features.settings set hnsw_ef_search = default`;
    const raw = quantile(milliseconds.get(kinds[0]?.name ?? "") ?? [], 0.5);
    printTable(
      [`${products} products`, "p50, ms", "p99, ms", "p50 to raw", "recall@10"],
      kinds.map(({ name, exact }) => {
        const times = milliseconds.get(name) ?? [];
        const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
        const recall = exact === undefined ? "" : ((found.get(name) ?? 0) / (wanted.get(name) ?? 1)).toFixed(3);
        return [name, p50.toFixed(2), p99.toFixed(2), (p50 / raw).toFixed(2), recall];
      }),
    );
    const [row] = await connection`
      select m.recall::float8 as recall, m.queries, current_setting('shared_buffers') as buffers, current_setting('hnsw.ef_search') as ef_search
      from analytics_features.measure_recall() m`;
    printNote(
      `measure_recall() of ${row?.queries} products: ${row?.recall.toFixed(3)}. The index was built in ${built.toFixed(0)} s; shared_buffers ${row?.buffers}, hnsw.ef_search ${row?.ef_search}.`,
    );
  } finally {
    await connection.end();
  }
}, "What search adds to plain pgvector");

async function idsOf(sql: Sql, query: string, vector: string): Promise<Set<string>> {
  return new Set((await sql.unsafe(query, [vector], { prepare: true })).map(({ product_id }) => product_id));
}

/** Everything that is searched; returns the seconds that the index took. */
async function fill(sql: Sql): Promise<number> {
  await createSource(sql, products);
  await sql.unsafe(`
    alter table ${s} add column code text;
    update ${s} set is_active = product_id % 2 = 0, deleted = product_id % 1000 = 999,
      code = case when product_id % 10000 = 7 then 'c0' else 'c' || (product_id * 7919 % 100 + 1) end,
      height = case when product_id % 10000 = 11 then 0 else product_id * 7907 % 100 + 1 end;
    create index on ${s} (product_id);
    create index on ${s} (code)`);
  await insertVectors(sql, products);
  await sql.unsafe(`
    update ${s} p set name = substr(a.name, 7) || ' ' || substr(b.name, 7)
    from public.encoded a, public.encoded b
    where a.number = p.product_id % (select count(*) from public.encoded)
      and b.number = (p.product_id * 7919 + p.product_id / 3000) % (select count(*) from public.encoded);
    create table public.queries as
      select i as number, public.vector_like(a.embedding, b.embedding, i) as embedding,
        case
          when i % 10 = 0 then 'SABO' || i * 97
          when i % 10 = 5 then overlay(split_part(a.name, ' ', 2) placing 'ы' from 3 for 1) || ' ' || split_part(a.name, ' ', 3)
          else split_part(a.name, ' ', 2) || ' ' || split_part(a.name, ' ', 3) || ' ' || split_part(a.name, ' ', 4)
        end as text
      from generate_series(1, ${judged + rounds}) i
      join public.encoded a on a.number = i * 29 % (select count(*) from public.encoded)
      join public.encoded b on b.number = (i * i * 7 + 3) % (select count(*) from public.encoded)`);
  await sql`vacuum full analyze ${sql.unsafe(s)}`;
  await sql`vacuum analyze ${sql.unsafe(e)}`;
  await sql.unsafe(`
    select analytics_features.register_model('bench', 'r1', 'fp32', 384, 'mean', 256);
    insert into analytics_features.query_embeddings (query, model_id, embedding)
    select distinct on (1) analytics_features.query_key(text), analytics_features.active_model_id(), embedding from public.queries`);
  await sql`select analytics_features.attach()`;
  await sql`select analytics_features.index_words()`;
  await sql`vacuum analyze analytics_features.product_words`;
  await sql`vacuum analyze analytics_features.word_statistics`;
  const started = performance.now();
  await sql`select analytics_features.build_index()`;
  return (performance.now() - started) / 1000;
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
