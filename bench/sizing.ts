import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { withBenchDatabase } from "./database.ts";
import { milliseconds, printNote, printTable } from "./report.ts";
import { insertVectors } from "./vectors.ts";

/*
 * What a product takes on disk, and a worker in memory: BENCH_DATABASE_URL=… npm run bench:sizing -- 50000
 * Products are the sample's with a number after the name, vectors made of encoded part names. What is said
 * of a million is that of one product times a million; graphs and trees grow a little faster than that.
 */
const products = Number(process.argv[2] ?? 50_000);
const encoded = Number(process.argv[3] ?? 2_000);

await withBenchDatabase(async ({ sql, url }) => {
  await fillSource(sql, products);
  await insertVectors(sql, products);
  await sql.unsafe(`
    update analytics_features.product_embeddings e
    set model_id = analytics_features.register_model('bench', 'r1', 'fp32', 384, 'mean', 256), document_hash = d.document_hash
    from analytics_features.product_documents() d
    where d.product_id = e.product_id`);
  // Rewritten, as the update above left each row twice, which no worker does.
  await sql`vacuum full analytics_features.product_embeddings`;
  await sql`select analytics_features.attach()`;
  const words = await seconds(() => sql`select analytics_features.index_words()`);
  await sql`select analytics_features.refresh_word_statistics(false)`;
  await sql`truncate analytics_features.product_queue, analytics_features.product_changes`;
  await sql`vacuum analyze`;

  const sizes: (string | number)[][] = [];
  const row = (what: string, bytes: number) => sizes.push([what, Math.round(bytes / products), (bytes / products / 1e3).toFixed(2)]);
  row("the source, dbt's own", await bytesOf(sql, "staging_staging.stg_product"));
  row("product_embeddings: vectors, with primary key", await bytesOf(sql, "analytics_features.product_embeddings"));
  row("product_words, with indexes", await bytesOf(sql, "analytics_features.product_words"));
  row("word_statistics, with indexes", await bytesOf(sql, "analytics_features.word_statistics"));
  for (const [name, kind, halves] of [
    ["HNSW index", "hnsw", false],
    ["… over halves", "hnsw", true],
    ["IVFFlat index", "ivfflat", false],
  ] as const) {
    const took = await seconds(() => sql`select analytics_features.build_index(${kind}, ${halves})`);
    const [index] = await sql<{ name: string; bytes: number; memory: string }[]>`
      select index_name as name, bytes::float8, analytics_features.index_memory() as memory from analytics_features.vector_indexes`;
    row(`${name} (built in ${took.toFixed(0)} s, with ${index?.memory})`, index?.bytes ?? 0);
    await sql.unsafe(`drop index analytics_features.${index?.name}`);
  }
  await sql`update staging_staging.stg_product set price = product_id`;
  row("product_changes while each product waits", await bytesOf(sql, "analytics_features.product_changes"));
  await sql`select * from analytics_features.take_up_changes(${products}::integer)`;
  row("product_queue once they are taken up", await bytesOf(sql, "analytics_features.product_queue"));
  printTable(["", "bytes a product", "a million, GB"], sizes);
  printNote(`Words were taken up in ${words.toFixed(1)} s, ${((words / products) * 1e6).toFixed(0)} µs a product.`);

  await sql`truncate analytics_features.product_queue, analytics_features.product_changes, analytics_features.product_embeddings`;
  await sql`delete from analytics_features.embedding_models`;
  await sql`delete from staging_staging.stg_product where product_id > ${encoded}`;
  const worker = await encode(url);
  printNote(
    `npm run embed: ${encoded} products in ${worker.seconds.toFixed(0)} s with its start, ${worker.megabytes} MB of memory at the most.`,
  );
}, "What a product takes on disk, and a worker in memory");

async function fillSource(sql: Sql, count: number): Promise<void> {
  await sql.unsafe(readFileSync(`${root}/sample/stg_product.sql`, "utf8"));
  await sql.unsafe(`
    create table public.sample as select *, row_number() over (order by product_id) - 1 as number from staging_staging.stg_product;
    truncate staging_staging.stg_product;
    insert into staging_staging.stg_product
      select g, s.name || ' ' || g, s.vendor_code || g, s.weight, s.length, s.width, s.height, s.price, s.is_active, s.category_id,
        s.created_at, s.updated_at, s.ingested_at, false
      from generate_series(1, ${count}) g
      join public.sample s on s.number = g % (select count(*) from public.sample)`);
}

async function bytesOf(sql: Sql, relation: string): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`select pg_total_relation_size(${relation}::text::regclass)::float8 as bytes`;
  return row?.bytes ?? 0;
}

async function seconds(run: () => PromiseLike<unknown>): Promise<number> {
  return (await milliseconds(run)) / 1000;
}

/** Runs one pass in a process of its own, as a worker is one, and reads its memory from /proc. */
async function encode(url: string): Promise<{ seconds: number; megabytes: number }> {
  let megabytes = 0;
  const took = await seconds(async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "scripts/embed.ts", "--json"], {
      cwd: root,
      env: { ...process.env, ENV_FILE: "/dev/null", DATABASE_URL: url },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const timer = setInterval(() => {
      try {
        const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
        megabytes = Math.max(megabytes, Math.round(Number(peak ?? 0) / 1000));
      } catch {
        // Gone already, or a system without /proc.
      }
    }, 100);
    await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
    clearInterval(timer);
  });
  return { seconds: took, megabytes };
}
