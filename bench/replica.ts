import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import postgres from "postgres";
import type { Sql } from "../runner/database.ts";
import { type Cluster, makeCluster } from "../test/helpers/cluster.ts";
import { createSource, withBenchDatabase } from "./database.ts";
import { milliseconds, printNote, printTable, quantile } from "./report.ts";
import { insertVectors } from "./vectors.ts";

/*
 * What a read replica brings, and how far it is behind: npm run bench:replica -- 20000 8
 * Products, then clients. Primary and replica are made here from this machine's binaries, each kept to a core of
 * its own where there are two, so that each stands for a machine; the clients take some of both. Vectors are made
 * of encoded part names (see vectors.ts), queries are such names whose vectors are cached.
 */
const [products = 20_000, clients = 8] = process.argv.slice(2).map(Number);
const seconds = 10;
const searches = {
  "search_products()":
    "select * from analytics_features.search_products((select embedding from public.encoded where number = $1::integer % 3072))",
  "search_products_text()":
    "select * from analytics_features.search_products_text((select substr(name, 7) from public.encoded where number = $1::integer % 3072))",
};

const primary = await makeCluster();
let replica: Cluster | undefined;
try {
  await withBenchDatabase(
    async ({ sql, url }) => {
      await fill(sql);
      replica = await makeCluster({ standbyOf: primary });
      const apart = cpus().length > 1 && keepTo(primary, 0) && keepTo(replica, 1);
      const there = replica.url(new URL(url).pathname.slice(1));
      const rows: (string | number)[][] = [];
      for (const [name, query] of Object.entries(searches)) {
        let alone = Number.NaN;
        for (const [where, urls] of [
          ["primary", [url]],
          ["primary and replica", [url, there]],
        ] as const) {
          const times = await search(urls, query);
          const rate = times.length / seconds;
          if (urls.length === 1) alone = rate;
          rows.push([
            `${name}, ${where}`,
            rate.toFixed(0),
            (rate / alone).toFixed(2),
            ...[0.5, 0.99].map((share) => quantile(times, share).toFixed(1)),
          ]);
        }
      }
      printTable([`${products} products, ${clients} clients`, "searches a second", "to primary alone", "p50, ms", "p99, ms"], rows);
      const quiet = await lag(sql, there);
      const [busy] = await Promise.all([lag(sql, there), search([url, there], searches["search_products()"])]);
      printTable(
        ["from commit until the replica finds it", "p50, ms", "p99, ms"],
        [
          ["nobody searches", quantile(quiet, 0.5).toFixed(1), quantile(quiet, 0.99).toFixed(1)],
          [`${clients} clients search`, quantile(busy, 0.5).toFixed(1), quantile(busy, 0.99).toFixed(1)],
        ],
      );
      printNote(
        apart
          ? "Primary and replica have one core each, which the clients share with them."
          : "Primary and replica share the machine: on one core a replica brings nothing.",
      );
    },
    "What a read replica brings",
    primary.url("postgres"),
  );
} finally {
  replica?.remove();
  primary.remove();
}

async function fill(sql: Sql): Promise<void> {
  await createSource(sql, products);
  await sql`create index on staging_staging.stg_product (product_id)`;
  await insertVectors(sql, products);
  await sql.unsafe(`
    update staging_staging.stg_product p set name = substr(a.name, 7) || ' ' || p.product_id
    from public.encoded a where a.number = p.product_id % (select count(*) from public.encoded);
    select analytics_features.register_model('bench', 'r1', 'fp32', 384, 'mean', 256);
    insert into analytics_features.query_embeddings (query, model_id, embedding)
    select distinct on (1) analytics_features.query_key(substr(name, 7)), analytics_features.active_model_id(), embedding from public.encoded`);
  await sql`select analytics_features.attach()`;
  await sql`select analytics_features.index_words()`;
  await sql`vacuum analyze`;
  await sql`select analytics_features.build_index()`;
}

/** Milliseconds of each search, of clients that are spread over these servers and search one after the other. */
async function search(urls: readonly string[], query: string): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const sql = postgres(urls[client % urls.length] ?? "", { max: 1, prepare: true, onnotice: () => {} });
      for (let round = 0; performance.now() < end; round++) {
        times.push(await milliseconds(() => sql.unsafe(query, [client * 401 + round * 7], { prepare: true })));
      }
      await sql.end();
    }),
  );
  return times;
}

/** Milliseconds from a commit on the primary until a search by words on the replica has it. */
async function lag(sql: Sql, replicaUrl: string): Promise<number[]> {
  const there = postgres(replicaUrl, { max: 1, onnotice: () => {} });
  const times: number[] = [];
  for (let i = 1; i <= 50; i++) {
    const code = `LAG${process.pid}X${performance.now().toFixed(0)}`;
    await sql`update staging_staging.stg_product set vendor_code = ${code} where product_id = ${i}`;
    await sql`select analytics_features.index_words(array[${i}]::bigint[])`;
    times.push(
      await milliseconds(async () => {
        for (let found = 0; found === 0; ) {
          found = (await there`select from analytics_features.search_products_text(${code}, 1, null, 'words') where vendor_code = ${code}`)
            .length;
        }
      }),
    );
  }
  await there.end();
  return times;
}

/** False where there is no taskset. */
function keepTo(server: Cluster, core: number): boolean {
  try {
    execFileSync("taskset", ["-a", "-p", "-c", String(core), String(server.pid())], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
