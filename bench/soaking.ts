import { readFileSync } from "node:fs";
import { type Database, openDatabase, type Sql } from "../runner/database.ts";
import { readSettings } from "../runner/settings.ts";
import { type Running, start } from "../test/helpers/command.ts";
import { createSource, insertParts, until } from "../test/helpers/source.ts";
import { isDrained, notedStores, untruths, watchStores } from "../test/helpers/truth.ts";
import { seeded, swapSource, writeAtRandom } from "./load.ts";

export interface SoakOptions {
  minutes: number;
  products: number;
  seed: number;
  /** Seconds between two samples; latencies are those of such a window. */
  every: number;
}

/** How things stood at the end of a window. Memory is private memory in MB, and 0 where the process is not on this machine. */
export interface Sample {
  minute: number;
  worker: number;
  service: number;
  /** Of the server's largest process for us. */
  backend: number;
  connections: number;
  /** Milliseconds: a search by text over HTTP, and one by a vector in SQL. */
  textP50: number;
  textP99: number;
  vectorP50: number;
  vectorP99: number;
  /** Of the tables of our schema: dead rows in percent of all, and MB with indexes. */
  dead: number;
  size: number;
}

export interface Soaked {
  samples: Sample[];
  searches: number;
  writes: number;
  swaps: number;
  stored: number;
  /** What was stored over a vector of the same text, and what is wrong at the end: nothing, if all is well. */
  needless: number;
  wrong: string[];
  failed: string[];
  /** Connections that were still open after worker and service had ended. */
  leaked: number;
}

/**
 * Runs a worker and the service over an empty database for some time: products are inserted, changed, merged and deleted, the table
 * is swapped as dbt does it, compared, and searched by text and by vector. Then lets the worker finish and compares everything.
 */
export async function soak(url: string, options: SoakOptions, onSample: (sample: Sample) => void = () => {}): Promise<Soaked> {
  const env = { DATABASE_URL: url };
  const database = await openDatabase(readSettings(env), { max: 6 });
  const processes: Running[] = [];
  try {
    const { sql } = database;
    await createSource(sql);
    await insertParts(sql, 1, options.products);
    await watchStores(sql);
    const worker = start("worker", [], env);
    // Any free port.
    const service = start("serve", [], { ...env, HTTP_PORT: "0" });
    processes.push(worker, service);
    const address = () => /"url":"([^"]+)"/.exec(service.output())?.[1];
    await until(async () => worker.output().includes("worker started") && address() !== undefined, "worker and service start", 60);
    await until(async () => isDrained(sql), "the first vectors", 60 + options.products / 20);
    const soaked = await load(database, options, { worker, service, address: address() as string }, onSample);
    await until(async () => isDrained(sql), "drained at the end", 300);
    soaked.wrong = await untruths(sql);
    const { stored, needless } = await notedStores(sql);
    for (const { process, ended } of processes) {
      process.kill("SIGTERM");
      const { code, stderr } = await ended;
      if (code !== 0) soaked.failed.push(`A process ended with ${code}: ${stderr.slice(-500)}`);
    }
    // The server notices an ended client a moment later.
    await until(async () => (await connections(sql)) === 0, "connections are closed", 10).catch(() => {});
    return { ...soaked, stored, needless, leaked: await connections(sql) };
  } finally {
    for (const { process } of processes) process.kill("SIGKILL");
    await database.close();
  }
}

async function load(
  { sql }: Database,
  { minutes, products, seed, every }: SoakOptions,
  { worker, service, address }: { worker: Running; service: Running; address: string },
  onSample: (sample: Sample) => void,
): Promise<Soaked> {
  const soaked: Soaked = { samples: [], searches: 0, writes: 0, swaps: 0, stored: 0, needless: 0, wrong: [], failed: [], leaked: 0 };
  const began = Date.now();
  const isOver = () => Date.now() - began > minutes * 60_000;
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let text: number[] = [];
  let vector: number[] = [];
  const timed = async (times: number[], run: () => Promise<unknown>) => {
    const from = performance.now();
    await run();
    times.push(performance.now() - from);
    soaked.searches++;
  };
  /** Each goes on until the time is over, whatever fails on the way, which is noted. */
  const forever = async (seedOffset: number, run: (random: () => number) => Promise<unknown>) => {
    const random = seeded(seed + seedOffset);
    while (!isOver()) {
      await run(random).catch((error: unknown) => soaked.failed.push(String(error)));
    }
  };
  await Promise.all([
    forever(1, async (random) => {
      await writeAtRandom(sql, random, products);
      soaked.writes++;
      await pause(random() * 300);
    }),
    forever(2, async () => {
      await swapSource(sql);
      soaked.swaps++;
      await pause(10_000);
    }),
    forever(3, async () => {
      await sql`select analytics_features.reconcile()`;
      await pause(15_000);
    }),
    forever(4, async (random) => {
      // Few enough that the cache of queries has an end.
      const query = `part ${Math.floor(random() * 200)}`;
      await timed(text, async () => {
        const answer = await fetch(`${address}/search?query=${encodeURIComponent(query)}&wait=0`);
        if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
        await answer.arrayBuffer();
      });
      await pause(random() * 100);
    }),
    forever(5, async (random) => {
      const product = 1 + Math.floor(random() * products);
      await timed(
        vector,
        () =>
          sql`
            select product_id from analytics_features.search_products(
              (select embedding from analytics_features.product_embeddings order by product_id <> ${product} limit 1)
            )`,
      );
      await pause(random() * 100);
    }),
    (async () => {
      while (!isOver()) {
        await pause(every * 1000);
        const sample = {
          minute: (Date.now() - began) / 60_000,
          worker: privateMemory(worker.process.pid),
          service: privateMemory(service.process.pid),
          ...(await ofServer(sql)),
          textP50: quantile(text, 0.5),
          textP99: quantile(text, 0.99),
          vectorP50: quantile(vector, 0.5),
          vectorP99: quantile(vector, 0.99),
        };
        text = [];
        vector = [];
        soaked.samples.push(sample);
        onSample(sample);
      }
    })(),
  ]);
  return soaked;
}

/** Connections to this database other than those of this process. */
async function connections(sql: Sql): Promise<number> {
  return (await backends(sql)).length;
}

async function backends(sql: Sql): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend'
      and application_name <> (select application_name from pg_stat_activity where pid = pg_backend_pid())`;
  return rows.map(({ pid }) => pid);
}

async function ofServer(sql: Sql) {
  const pids = await backends(sql);
  const [row] = await sql<{ dead: number; size: number }[]>`
    select
      coalesce(100.0 * sum(s.n_dead_tup) / nullif(sum(s.n_dead_tup + s.n_live_tup), 0), 0)::float8 as dead,
      (sum(pg_total_relation_size(s.relid)) / 1e6)::float8 as size
    from pg_stat_user_tables s where s.schemaname = 'analytics_features'`;
  return { connections: pids.length, backend: Math.max(0, ...pids.map(privateMemory)), dead: row?.dead ?? 0, size: row?.size ?? 0 };
}

/** What a process would give back: its own pages without files and shared memory. */
function privateMemory(pid: number | undefined): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
