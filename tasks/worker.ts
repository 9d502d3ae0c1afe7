import { parseCronItems, run } from "graphile-worker";
import type { Logger } from "pino";
import type { Database } from "../runner/database.ts";
import type { EmbedContext } from "../runner/embed.ts";
import { workerLogger } from "../runner/log.ts";
import { embedProducts } from "./embed_products.ts";
import { maintain } from "./maintain.ts";
import { reconcile } from "./reconcile.ts";

export interface Worker {
  /** Lets the batch at work finish, gives the rest back, and ends. */
  stop(): Promise<void>;
  /** Settles when the worker ended, rejects when it could not go on. */
  ended: Promise<void>;
}

/**
 * Runs the tasks until it is stopped. One job at a time: encoding uses all cores as it is, and two
 * passes in one process would only take turns.
 */
export async function startWorker(database: Database, context: EmbedContext, log: Logger): Promise<Worker> {
  const stopping = new AbortController();
  const runner = await run({
    connectionString: database.url,
    logger: workerLogger(log),
    concurrency: 1,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: 10 * 60_000,
    taskList: {
      embed_products: embedProducts(context, log, stopping.signal),
      maintain: maintain(context),
      reconcile: reconcile(context, log),
    },
    parsedCronItems: parseCronItems([
      { task: "maintain", match: "* * * * *", options: { maxAttempts: 1 } },
      { task: "reconcile", match: "*/5 * * * *", options: { maxAttempts: 1 } },
    ]),
    // The embedded server has one session: a prepared statement hangs it, and LISTEN is not delivered.
    noPreparedStatements: true,
    pollInterval: database.embedded ? 200 : 2000,
  });
  // Its LISTEN is everybody's on the embedded server, and psql would print a notification at every change.
  if (database.embedded) runner.events.on("pool:listen:success", () => void database.sql`unlisten *`.catch(() => {}));
  return {
    stop: async () => {
      stopping.abort();
      await runner.stop();
    },
    ended: runner.promise,
  };
}
