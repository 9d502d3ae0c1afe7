import { settingsCronItems } from "../runner/cron.ts";
import { migrate } from "../runner/migrate.ts";
import { withDatabase } from "../runner/session.ts";
import { nameOf, readSettings } from "../runner/settings.ts";
import { commandLine, main } from "./command.ts";

await main(async () => {
  const { json } = commandLine(
    "migrate",
    "Deploys the database side: the worker's schema, the committed migrations, the triggers. Safe to repeat.",
  )
    .option("--json", "print the result as JSON")
    .parse()
    .opts<{ json?: boolean }>();
  const settings = readSettings();
  // The worker would refuse them.
  settingsCronItems(settings);
  const { result, source } = await withDatabase(settings, async (database) => {
    const migrated = await migrate(database, settings);
    const [row] = await database.sql<
      { source: string }[]
    >`select source_schema || '.' || source_table as source from ${database.sql(settings.schema)}.settings`;
    return { result: migrated, source: row?.source ?? "" };
  });
  if (json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log(`The schema ${settings.schema} is up to date.`);
  if (settings.upstream !== undefined) {
    console.log(`The products of ${nameOf(settings.upstream)} are copied to ${source}, which the worker keeps true.`);
  }
  if (!result.sourceExists) {
    console.log(`${source} does not exist yet: run dbt, then npm run migrate again to attach the triggers.`);
  } else if (!result.attached) {
    console.log(`The triggers are not attached: ${source} belongs to another role, who has to run: select ${settings.schema}.attach();`);
    console.log("Until then the worker finds changes by comparing, every five minutes.");
  } else {
    // What connecting copied was queued before attaching had anything to count.
    console.log(`The triggers are on ${source}${settings.upstream === undefined ? `; ${result.queued} products queued` : ""}.`);
  }
});
