import type { ExecutionContext } from "ava";
import type { Sql } from "../../runner/database.ts";
import { type Running, type StartOptions, start } from "./command.ts";
import { insertParts, until } from "./source.ts";
import { isDrained, notedStores, untruths } from "./truth.ts";

const started: Running[] = [];

/** Starts a worker and waits until it says so, or that it cannot. */
export async function startWorker(env: Record<string, string>, options: StartOptions = {}): Promise<Running> {
  const worker = start("worker", [], env, options);
  started.push(worker);
  if (options.read !== false) {
    await until(async () => worker.output().includes('"worker started"') || worker.process.exitCode !== null, "a worker starts", 60);
  }
  return worker;
}

/** Starts a worker and waits until it has stored the first of so many products. */
export async function startAmid(sql: Sql, products: number, env: Record<string, string>, options?: StartOptions): Promise<Running> {
  await insertParts(sql, 1, products);
  const worker = await startWorker(env, options);
  await until(async () => (await notedStores(sql)).stored > 0, "the first are stored", 60);
  return worker;
}

/** For afterEach: what a failed test left running. */
export async function killWorkers(): Promise<void> {
  for (const { process, ended } of started.splice(0)) {
    process.kill("SIGKILL");
    await ended;
  }
}

/** Waits until nothing is pending, waking for what a lost worker or connection left, as maintain does every minute. */
export async function drainedBy(sql: Sql, worker: Running, seconds = 90): Promise<void> {
  const drained = async () => {
    if (await isDrained(sql)) return true;
    await sql`select analytics_features.wake_worker()`;
    return false;
  };
  // The server may be away, which is what these tests are about.
  await until(() => drained().catch(() => false), "everything is embedded", seconds).catch((error: Error) => {
    throw new Error(`${error.message}\n${worker.output()}`);
  });
}

/** Nothing lost, nothing encoded that did not change. */
export async function allIsTrue(t: ExecutionContext, sql: Sql): Promise<void> {
  t.deepEqual(await untruths(sql), []);
  t.is((await notedStores(sql)).needless, 0);
  t.is((await sql`select from analytics_features.product_failures`).length, 0);
}

/** SIGTERM ends it with 0, and it said nothing but its log: no warning of Node's, no stack of an error that nobody caught. */
export async function endsWell(t: ExecutionContext, worker: Running): Promise<void> {
  t.is(worker.process.exitCode, null, worker.output());
  worker.process.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  t.is(code, 0, stderr);
  t.deepEqual(
    stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{")),
    [],
  );
}
