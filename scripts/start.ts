import { readFileSync } from "node:fs";
import { settingsCronItems } from "../runner/cron.ts";
import type { Database } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import { loadGoldenQueries } from "../runner/evaluate.ts";
import { readGoldenQueries } from "../runner/judgment-files.ts";
import { createLog } from "../runner/log.ts";
import { attach, migrate } from "../runner/migrate.ts";
import { searchText } from "../runner/search.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings, root, type Settings, withoutPassword } from "../runner/settings.ts";
import { requirePort } from "../service/port.ts";
import { commandLine, main, untilSignal } from "./command.ts";
import { embedWithProgress } from "./progress.ts";
import { textHitTable } from "./table.ts";

const query = "пневматическая подушка";

await main(async () => {
  const { sample } = commandLine(
    "start",
    "Does the whole job: database, migrations, sample catalogue, triggers, vectors, a search; then serves HTTP and keeps the vectors true until Ctrl-C.",
  )
    .option("--sample", "create the sample catalogue on a real server too, if the source does not exist")
    .parse()
    .opts<{ sample?: boolean }>();
  const settings = readSettings();
  // The worker would refuse them, after all products were encoded.
  settingsCronItems(settings);
  const log = createLog(settings.logLevel === "info" ? "warn" : settings.logLevel);
  const signal = untilSignal();
  const stopping = new AbortController();
  void signal.then(() => stopping.abort());

  await withDatabase(settings, async (database) => {
    if (database.embedded && database.shared) {
      throw new Failure(
        "PE104",
        `npm start is already running on ${database.url}.`,
        "Use it from psql or npm run search, or stop it first.",
      );
    }
    // So would the service.
    await requirePort(settings.http);
    console.log(database.embedded ? "Embedded PostgreSQL is up." : `Connected to ${withoutPassword(database.url)}.`);
    let deployed = await migrate(database, settings);
    if (!deployed.sourceExists && (database.embedded || sample === true)) {
      await createSample(database, settings);
      deployed = await attach(database.sql, settings);
    }

    await withModels(database, settings, async (context) => {
      if (deployed.sourceExists) {
        // The model may have changed hands since attach() compared: a new one makes everything stale.
        const { sql } = database;
        await sql`select ${sql(settings.schema)}.reconcile()`;
        const { stored } = await embedWithProgress(context, { signal: stopping.signal });
        console.log(`Generated embeddings for ${stored} products.`);
        if (!stopping.signal.aborted) {
          console.log(`\nWhat «${query}» finds, by words and by meaning:`);
          console.log(textHitTable(await searchText(context, { text: query, mode: "hybrid", limit: 10 })));
        }
      } else {
        console.log(
          `${settings.source.schema}.${settings.source.table} does not exist yet: run dbt; the worker takes it up within five minutes (or add --sample).`,
        );
      }
      if (stopping.signal.aborted) return;

      // Not before the first answer is there: what serves HTTP takes longest of all to load.
      const { startWorker } = await import("../tasks/worker.ts");
      const { startService } = await import("../service/listen.ts");
      const worker = await startWorker(database, context, settings, log);
      try {
        const service = await startService(database, settings, log);
        console.log(howToGoOn(database, settings, service.url));
        await Promise.race([signal, worker.ended]);
        await service.stop();
      } finally {
        await worker.stop();
      }
    });
    console.log("Stopped.");
  });
});

async function createSample({ sql }: Database, settings: Settings): Promise<void> {
  if (settings.source.schema !== "staging_staging" || settings.source.table !== "stg_product") {
    throw new Failure(
      "PE100",
      "The sample catalogue is staging_staging.stg_product, and the settings name another source.",
      "Leave STAGING_DB_SCHEMA and STAGING_DB_TABLE out.",
    );
  }
  await sql.unsafe(readFileSync(`${root}/sample/stg_product.sql`, "utf8"));
  const queries = await loadGoldenQueries(sql, settings.schema, await readGoldenQueries(`${root}/sample/golden_queries.csv`));
  console.log(`Created staging_staging.stg_product with a sample catalogue, and ${queries} golden queries for it.`);
}

function howToGoOn(database: Database, settings: Settings, url: string): string {
  return `
In a browser:   ${url}
Connect:        psql ${withoutPassword(database.url)}
Change one:     update ${settings.source.schema}.${settings.source.table} set name = 'Домкрат гидравлический 5 т' where product_id = 7807552;
Search again:   npm run search -- "домкрат гидравлический"
How good it is: npm run evaluate
How it stands:  select * from ${settings.schema}.embedding_status;
${database.embedded ? "The embedded server serves one connection at a time and delivers no LISTEN; DATABASE_URL names a real one.\n" : ""}
Running. Ctrl-C stops it.`;
}
