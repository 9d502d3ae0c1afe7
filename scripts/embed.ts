import { refreshCopy, sourceIsCopy } from "../runner/copy.ts";
import { embedQueries, noteEnd } from "../runner/embed.ts";
import { Failure } from "../runner/errors.ts";
import { createLog } from "../runner/log.ts";
import { attach } from "../runner/migrate.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { logRefresh } from "../tasks/refresh_copy.ts";
import { commandLine, main, stopSignal, wholeNumber } from "./command.ts";
import { embedWithProgress } from "./progress.ts";

await main(async () => {
  const { limit, json } = commandLine("embed", "Encodes what changed, once, and exits. What is unchanged is not encoded again.")
    .option("--limit <n>", "products to encode at the most", wholeNumber(1, 1_000_000_000))
    .option("--json", "print the result as JSON")
    .parse()
    .opts<{ limit?: number; json?: boolean }>();
  const settings = readSettings();
  // Ctrl-C and SIGTERM end the pass after the batch at work; the rest goes back to the queue.
  const signal = stopSignal();

  const result = await withDatabase(
    settings,
    (database) =>
      withModels(database, settings, async (context) => {
        const started = performance.now();
        if (await sourceIsCopy(database.sql, settings)) {
          const refreshed = await refreshCopy(database.sql, settings.schema);
          // Each run is the first that anybody sees.
          logRefresh(createLog(settings.logLevel === "info" ? "warn" : settings.logLevel), {
            ...refreshed,
            is_news: refreshed.outcome === "failed",
          });
        }
        const { sourceExists } = await attach(database.sql, settings);
        if (!sourceExists) await database.sql`select ${database.sql(settings.schema)}.require_source()`;
        try {
          const [before] = await database.sql<{ now: Date }[]>`select pg_catalog.clock_timestamp() as now`;
          const pass = await embedWithProgress(context, { limit, signal });
          // What a claim sets aside, because the hook fails for it, was never attempted.
          const [aside] = await database.sql<{ products: number }[]>`
            select count(distinct product_id)::integer as products from ${database.sql(settings.schema)}.product_failures
            where set_aside and failed_at >= ${before?.now ?? null}`;
          const failed = Math.max(pass.failed, aside?.products ?? 0);
          // Where no worker runs nobody else does it, also on a day without a changed product: the upkeep, and what was searched for.
          await database.sql`select ${database.sql(settings.schema)}.maintain(${context.worker})`;
          while (!signal.aborted && (await embedQueries(context)) > 0);
          // Of the work alone, without starting and loading the model.
          return { ...pass, failed, seconds: (performance.now() - started) / 1000 };
        } finally {
          await noteEnd(context);
        }
      }),
    { watched: true },
  );
  console.log(json ? JSON.stringify(result) : `Generated embeddings for ${result.stored} products.`);
  if (result.failed > 0) {
    throw new Failure(
      "PE120",
      `${result.failed} products could not be encoded.`,
      `See why: select * from ${settings.schema}.product_failures;  try again: select ${settings.schema}.retry_failed();`,
    );
  }
});
