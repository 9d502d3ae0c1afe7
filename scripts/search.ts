import { requireMigrated } from "../runner/migrate.ts";
import { searchText } from "../runner/search.ts";
import { withDatabase, withEncoder } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { commandLine, main, wholeNumber } from "./command.ts";
import { hitTable } from "./table.ts";

await main(async () => {
  const command = commandLine("search", "Finds the products nearest in meaning to a text.")
    .argument("<text>", "what to look for")
    .option("--limit <n>", "hits to show", wholeNumber(1, 10_000), 10)
    .option("--metric <name>", "l2, cosine or inner_product, or <->, <=>, <#>", "l2")
    .option("--json", "print the hits as JSON")
    .parse();
  const { limit, metric, json } = command.opts<{ limit: number; metric: string; json?: boolean }>();
  const text = command.args[0] ?? "";
  const settings = readSettings();
  const hits = await withDatabase(settings, async (database) => {
    await requireMigrated(database.sql, settings);
    return withEncoder(settings, (encoder) => searchText(database.sql, settings.schema, encoder, { text, metric, limit }));
  });
  console.log(json ? JSON.stringify(hits) : hitTable(hits));
});
