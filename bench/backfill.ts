import { setTimeout } from "node:timers/promises";
import type { Sql } from "../runner/database.ts";
import { createSource, withBenchDatabase } from "./database.ts";
import { milliseconds, printNote, printTable, quantile } from "./report.ts";
import { startProcess, type Usage, usageOf } from "./worker-process.ts";

/*
 * Whether a backfill stays as fast as it began, and what it leaves behind:
 * BENCH_DATABASE_URL=… npm run bench:backfill -- 100000
 * A worker's process goes through all products, words first, with a simulated encoder that takes no time:
 * what is measured is the way through queue, source and vectors, which a real encoder is in front of. The
 * source has no index, as dbt leaves it, unless `index` stands behind the number; with `single` each product was
 * changed in a transaction of its own, as an application does while no worker is there. Memory is read from
 * /proc, so the server's only when it runs on this machine.
 */
const products = Number(process.argv[2] ?? 100_000);
const hasIndex = process.argv.includes("index");
const isSingle = process.argv.includes("single");
const windows = 10;
const tables = ["product_queue", "product_embeddings", "product_words", "word_statistics"] as const;

await withBenchDatabase(async ({ sql, url }) => {
  await createSource(sql, products);
  if (hasIndex) await sql`create index on staging_staging.stg_product (product_id)`;
  const worker = await startProcess(url, 0);
  const queueing = await milliseconds(() => sql`select analytics_features.attach()`);
  // Rows belong to one transaction when they have its time.
  if (isSingle) {
    await sql`
      with noted as (delete from analytics_features.product_changes returning product_ids)
      insert into analytics_features.product_changes (queued_at, product_ids)
      select now() - make_interval(secs => row_number() over ()), array[i.product_id]
      from noted cross join lateral unnest(product_ids) i (product_id)`;
  }
  const before = await server(sql);

  const running = worker.start();
  const words = await watch(sql, running, "product_words", worker.process.pid);
  const vectors = await watch(sql, running, "product_embeddings", worker.process.pid);
  const result = await running;
  const head = [
    "a second",
    "seconds",
    "server, µs a product",
    "worker, MB",
    "server process, MB",
    "queue, MB",
    "dead rows of it",
    "embedding_status p50, ms",
    "most, ms",
  ];
  printTable(["words taken up", ...head], words);
  printTable(["products stored", ...head], vectors);

  const after = await server(sql);
  const sizes = [await sizesOf(sql)];
  for (const table of tables) await sql.unsafe(`vacuum analyze analytics_features.${table}`);
  sizes.push(await sizesOf(sql));
  printTable(
    ["when it is done", "MB", "of it indexes", "dead rows", "autovacuums", "MB after vacuum", "of it indexes", "dead rows"],
    tables.map((table) => {
      const [then, now] = sizes.map((size) => size.get(table));
      return [
        table,
        ...[then?.bytes, then?.indexes].map(megabytes),
        then?.dead ?? "",
        then?.autovacuums ?? "",
        ...[now?.bytes, now?.indexes].map(megabytes),
        now?.dead ?? "",
      ];
    }),
  );
  printNote(
    `${result.stored} stored, ${result.failed} failed, ${result.encoded} texts encoded. Queueing all: ${(queueing / 1000).toFixed(1)} s. WAL of the whole server: ${megabytes(after.wal - before.wal)} MB; temporary files: ${megabytes(after.temporary - before.temporary)} MB.`,
  );
  printNote(
    "The encoder is simulated and takes no time: rates are the most that one worker gets through the database, not what a model encodes.",
  );

  const again = await startProcess(url, 0);
  const repeated = await milliseconds(() => again.start());
  printNote(`Another worker that starts now encodes nothing and is through in ${repeated.toFixed(0)} ms.`);
  worker.end();
  again.end();
}, "Whether a backfill stays as fast as it began");

/** A row for each tenth of the products, from what the server counts as inserted into a table. */
async function watch(sql: Sql, running: Promise<unknown>, table: string, pid: number | undefined): Promise<(string | number)[][]> {
  const rows: (string | number)[][] = [];
  let ended = false;
  void running.finally(() => {
    ended = true;
  });
  let [from, started] = [0, performance.now()];
  let status: number[] = [];
  let before = await serverUsage(sql);
  for (let last = false; !last; ) {
    last = ended;
    await setTimeout(200);
    const [row] = await sql<{ inserted: number }[]>`
      select n_tup_ins::float8 as inserted from pg_stat_all_tables where schemaname = 'analytics_features' and relname = ${table}`;
    const inserted = row?.inserted ?? 0;
    if (performance.now() - started > status.length * 2000) {
      status.push(await milliseconds(() => sql`select * from analytics_features.embedding_status`));
    }
    if (inserted < products && inserted - from < products / windows && !(last && inserted > from)) continue;
    const seconds = (performance.now() - started) / 1000;
    const queue = (await sizesOf(sql)).get("product_queue");
    const now = await serverUsage(sql);
    // A connection is renewed after half an hour or more, and then counts from nothing.
    const computed = now?.pid === before?.pid ? (now?.seconds ?? Number.NaN) - (before?.seconds ?? Number.NaN) : Number.NaN;
    const measured = [
      inserted,
      ((inserted - from) / seconds).toFixed(0),
      seconds.toFixed(1),
      ((computed * 1e6) / (inserted - from)).toFixed(0),
      usageOf(pid)?.now.toFixed(0) ?? "",
      now?.own.toFixed(0) ?? "",
      megabytes(queue?.bytes),
      queue?.dead ?? "",
      quantile(status, 0.5).toFixed(0),
      Math.max(...status).toFixed(0),
    ];
    rows.push(measured);
    // A million takes long, and what was measured until somebody stops it is worth having.
    console.error(table, measured.join("  "));
    [from, started, status, before] = [inserted, performance.now(), [], now];
    if (inserted >= products) break;
  }
  return rows;
}

/** Of the server's process that serves the worker. */
async function serverUsage(sql: Sql): Promise<(Usage & { pid: number }) | undefined> {
  const [row] = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
  const usage = usageOf(row?.pid);
  return row && usage && { ...usage, pid: row.pid };
}

interface Size {
  bytes: number;
  indexes: number;
  dead: number;
  autovacuums: number;
}

async function sizesOf(sql: Sql): Promise<Map<string, Size>> {
  const rows = await sql<(Size & { name: string })[]>`
    select relname as name, pg_total_relation_size(relid)::float8 as bytes, pg_indexes_size(relid)::float8 as indexes,
      n_dead_tup::float8 as dead, autovacuum_count::integer as autovacuums
    from pg_stat_all_tables where schemaname = 'analytics_features'`;
  return new Map(rows.map(({ name, ...size }) => [name, size]));
}

async function server(sql: Sql): Promise<{ wal: number; temporary: number }> {
  const [row] = await sql<{ wal: number; temporary: number }[]>`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal, temp_bytes::float8 as temporary
    from pg_stat_database where datname = current_database()`;
  return row ?? { wal: Number.NaN, temporary: Number.NaN };
}

function megabytes(bytes: number | undefined): string {
  return ((bytes ?? Number.NaN) / 1e6).toFixed(1);
}
