import { EventEmitter } from "node:events";
import { type Runner, run, type Task, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Logger } from "pino";
import { cronItem, settingsCronItems } from "../runner/cron.ts";
import type { Database } from "../runner/database.ts";
import { type EmbedContext, noteEnd } from "../runner/embed.ts";
import { codeOf, describe, Failure } from "../runner/errors.ts";
import { workerLogger } from "../runner/log.ts";
import { requireMigrated, requireSameMigrations } from "../runner/migrate.ts";
import type { Settings } from "../runner/settings.ts";
import { createAside } from "./aside.ts";
import { buildIndex } from "./build_index.ts";
import { drawMapTask } from "./draw_map.ts";
import { embedProducts } from "./embed_products.ts";
import { embedQueriesTask } from "./embed_queries.ts";
import { fullPass } from "./full_pass.ts";
import { jobPool, keepListenerAlive, passes } from "./job_pool.ts";
import { maintain } from "./maintain.ts";
import { prepareModel } from "./prepare_model.ts";
import { reconcile } from "./reconcile.ts";
import { refreshCopyTask } from "./refresh_copy.ts";
import { createTurns } from "./turns.ts";
import { type Watch, watchChanges } from "./watch.ts";

export interface Worker {
  /** Lets the batch at work finish, gives the rest back, and ends. */
  stop(): Promise<void>;
  /** Settles when the worker ended, rejects when it could not go on: PE103 when the schema was renamed or dropped, PE172 when the database became that of a later version, PE173 when the clock was put back. */
  ended: Promise<void>;
}

/**
 * Runs passes whenever products change, and the tasks, until it is stopped. What encodes takes turns, since encoding uses
 * all cores as it is. What only the server works at, which takes minutes where there are millions of products, goes on beside it.
 *
 * @throws Failure PE100 a cron pattern of the settings is not one
 */
export async function startWorker(database: Database, context: EmbedContext, settings: Settings, log: Logger): Promise<Worker> {
  const cronItems = [
    ...cronItem("maintain", "* * * * *"),
    ...cronItem("refresh_copy", "* * * * *"),
    ...settingsCronItems(settings),
    ...cronItem("build_index", "17 * * * *"),
    ...cronItem("draw_map", "*/10 * * * *"),
  ];
  const stopping = new AbortController();
  const aside = createAside(log);
  const encoding = createTurns();
  // The embedded server has one session, and one thing at a time.
  const [comparing, indexing, minding] = database.embedded ? [encoding, encoding, encoding] : [createTurns(), createTurns(), createTurns()];
  const pass = embedProducts(context, log, stopping.signal, aside);
  let watch: Watch | undefined;
  let runner: Runner | undefined;
  let clock: NodeJS.Timeout | undefined;
  const pool = jobPool(database, log);
  const events: WorkerEvents = new EventEmitter();
  const beat = keepListenerAlive(events, database);
  let giveUp: (reason: unknown) => void = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  /*
   * graphile-worker notes the end of a job without waiting for it: where the server has just gone away, nobody catches that, and
   * the process would end. The job stays held, as a killed worker's does, and holds nothing up. It may come after the end.
   */
  const onUncaught = (reason: unknown) => {
    if (passes(reason)) log.warn({ code: codeOf(reason), reason: describe(reason) }, "the end of a job was not noted");
    else giveUp(reason);
  };
  process.on("unhandledRejection", onUncaught);
  /** Ends what there is of it by now: all of it keeps the process. */
  const stop = async () => {
    stopping.abort();
    clearInterval(beat);
    clearInterval(clock);
    await watch?.stop();
    // It may have ended by itself.
    await runner?.stop().catch(() => {});
    await aside.ended();
    await pool.end();
    await noteEnd(context);
  };
  try {
    await database.sql`select ${database.sql(context.schema)}.mend_timetable()`;
    clock = endIfClockGoesBack(giveUp);
    runner = await run({
      pgPool: pool,
      logger: workerLogger(log),
      // One that waits for its turn holds no other up.
      concurrency: database.embedded ? 1 : 5,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: 10 * 60_000,
      events,
      taskList: {
        // Left by maintain(), and by whatever else knows of something to do.
        embed_products: () => watch?.nudge(),
        ...inTurn(createTurns(), { embed_queries: embedQueriesTask(context, stopping.signal, encoding) }),
        ...inTurn(encoding, { prepare_model: prepareModel(context, log) }),
        ...inTurn(comparing, {
          refresh_copy: refreshCopyTask(context, log),
          reconcile: reconcile(context, log),
          full_pass: fullPass(context, log),
        }),
        ...inTurn(indexing, { build_index: buildIndex(context, log) }),
        ...inTurn(minding, {
          maintain: maintain(context),
          draw_map: drawMapTask(context, log, stopping.signal, aside),
        }),
      },
      parsedCronItems: cronItems,
      // The embedded server has one session: a prepared statement hangs it, and LISTEN is not delivered.
      noPreparedStatements: true,
      pollInterval: database.embedded ? 200 : 2000,
    });
    watch = watchChanges(database, context.schema, () => encoding(pass), noteFailure);
    // A first map need not wait for the hour to strike.
    await runner.addJob("draw_map", {}, { maxAttempts: 1, jobKey: "draw_map", jobKeyMode: "preserve_run_at" });
    return { stop, ended: Promise.race([runner.promise, givenUp]) };
  } catch (error) {
    await stop();
    throw error;
  }

  function inTurn(turns: ReturnType<typeof createTurns>, tasks: TaskList): TaskList {
    const waiting = new Set<string>();
    const waits =
      (name: string, task: Task): Task =>
      async (payload, helpers) => {
        // One that waits for its turn will find what this one is for.
        if (waiting.has(name)) return;
        waiting.add(name);
        await turns(async () => {
          waiting.delete(name);
          try {
            await task(payload, helpers);
          } catch (error) {
            await endIfOutdated(error);
            throw error;
          }
        });
      };
    return Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, waits(name, task as Task)]));
  }

  async function noteFailure(error: unknown): Promise<void> {
    log.warn({ code: codeOf(error), reason: describe(error) }, "pass failed");
    await endIfOutdated(error);
  }

  /** What calls something that is not there any more ends the worker, if a later version was migrated meanwhile or the schema is gone. */
  async function endIfOutdated(error: unknown): Promise<void> {
    if (codeOf(error) === "3F000") {
      await requireMigrated(database.sql, settings).catch((reason) => codeOf(reason) === "PE103" && giveUp(reason));
      return;
    }
    if (!["42883", "42703", "42P01"].includes(codeOf(error) ?? "")) return;
    await requireSameMigrations(database.sql, settings).catch((reason) => codeOf(reason) === "PE172" && giveUp(reason));
  }
}

/** The timetable waits for the time that it expected: put back by a day, it would stand still for one. */
function endIfClockGoesBack(giveUp: (reason: Failure) => void): NodeJS.Timeout {
  let ahead = Date.now() - performance.now();
  const look = () => {
    const back = ahead - (Date.now() - performance.now());
    if (back > 60_000)
      giveUp(new Failure("PE173", `The clock of this machine was put back by ${Math.round(back / 1000)} s.`, "Start the worker again."));
    ahead -= back;
  };
  return setInterval(look, 5_000).unref();
}
