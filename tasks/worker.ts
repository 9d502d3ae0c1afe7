import { type ParsedCronItem, parseCronItems, run } from "graphile-worker";
import type { Logger } from "pino";
import type { Database } from "../runner/database.ts";
import type { EmbedContext } from "../runner/embed.ts";
import { Failure } from "../runner/errors.ts";
import { workerLogger } from "../runner/log.ts";
import type { Settings } from "../runner/settings.ts";
import { buildIndex } from "./build_index.ts";
import { drawMapTask } from "./draw_map.ts";
import { embedProducts } from "./embed_products.ts";
import { embedQueriesTask } from "./embed_queries.ts";
import { fullPass } from "./full_pass.ts";
import { maintain } from "./maintain.ts";
import { prepareModel } from "./prepare_model.ts";
import { reconcile } from "./reconcile.ts";
import { refreshCopyTask } from "./refresh_copy.ts";

export interface Worker {
  /** Lets the batch at work finish, gives the rest back, and ends. */
  stop(): Promise<void>;
  /** Settles when the worker ended, rejects when it could not go on. */
  ended: Promise<void>;
}

/**
 * Runs the tasks until it is stopped. One job at a time: encoding uses all cores as it is, and two
 * passes in one process would only take turns.
 *
 * @throws Failure PE100 a cron pattern of the settings is not one
 */
export async function startWorker(database: Database, context: EmbedContext, cron: Settings["cron"], log: Logger): Promise<Worker> {
  const stopping = new AbortController();
  const drawing = new Set<Promise<void>>();
  const runner = await run({
    connectionString: database.url,
    logger: workerLogger(log),
    concurrency: 1,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: 10 * 60_000,
    taskList: {
      embed_products: embedProducts(context, log, stopping.signal),
      embed_queries: embedQueriesTask(context, stopping.signal),
      maintain: maintain(context),
      refresh_copy: refreshCopyTask(context, log),
      reconcile: reconcile(context, log),
      full_pass: fullPass(context, log),
      prepare_model: prepareModel(context, log),
      build_index: buildIndex(context, log),
      draw_map: drawMapTask(context, log, stopping.signal, drawing),
    },
    parsedCronItems: [
      ...cronItem("maintain", "* * * * *"),
      ...cronItem("refresh_copy", "* * * * *"),
      ...cronItem("reconcile", cron.reconcile, "RECONCILE_CRON"),
      ...cronItem("full_pass", cron.fullPass, "FULL_PASS_CRON"),
      ...cronItem("build_index", "17 * * * *"),
      ...cronItem("draw_map", "*/10 * * * *"),
    ],
    // The embedded server has one session: a prepared statement hangs it, and LISTEN is not delivered.
    noPreparedStatements: true,
    pollInterval: database.embedded ? 200 : 2000,
  });
  // Its LISTEN is everybody's on the embedded server, and psql would print a notification at every change.
  if (database.embedded) runner.events.on("pool:listen:success", () => void database.sql`unlisten *`.catch(() => {}));
  // A first map need not wait for the hour to strike.
  await runner.addJob("draw_map", {}, { maxAttempts: 1, jobKey: "draw_map", jobKeyMode: "preserve_run_at" });
  return {
    stop: async () => {
      stopping.abort();
      await runner.stop();
      await Promise.all(drawing);
    },
    ended: runner.promise,
  };
}

/** One attempt, since the next one is due anyway; and one job, however many are due while the worker is busy. */
function cronItem(task: string, match: string | undefined, variable = ""): ParsedCronItem[] {
  if (match === undefined) return [];
  try {
    return parseCronItems([{ task, match, options: { maxAttempts: 1, jobKey: task, jobKeyMode: "preserve_run_at" } }]);
  } catch (error) {
    throw new Failure(
      "PE100",
      `${variable}=${match} is not a cron pattern.`,
      'Five fields in UTC: minute, hour, day, month, weekday, such as "*/5 * * * *"; or off.',
      { cause: error },
    );
  }
}
