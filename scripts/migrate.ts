import { migrate } from "../runner/migrate.ts";
import { withDatabase } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
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
  const result = await withDatabase(settings, (database) => migrate(database, settings));
  if (json) {
    console.log(JSON.stringify(result));
    return;
  }
  const source = `${settings.source.schema}.${settings.source.table}`;
  console.log(`The schema ${settings.schema} is up to date.`);
  if (!result.sourceExists) {
    console.log(`${source} does not exist yet: run dbt, then npm run migrate again to attach the triggers.`);
  } else if (!result.attached) {
    console.log(`The triggers are not attached: ${source} belongs to another role, who has to run: select ${settings.schema}.attach();`);
    console.log("Until then the worker finds changes by comparing, every five minutes.");
  } else {
    console.log(`The triggers are on ${source}; ${result.queued} products queued.`);
  }
});
