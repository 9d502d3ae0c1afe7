import { InvalidArgumentError, Option } from "commander";
import { mayOnlyRead, searchText, searchTextAsReader, searchVectors } from "../runner/search.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { commandLine, main, wholeNumber } from "./command.ts";
import { hitTable, textHitTable } from "./table.ts";

await main(async () => {
  const command = commandLine("search", "Finds the products that suit a text, by words and by meaning.")
    .argument("<text>", "what to look for")
    .option("--limit <n>", "hits to show", wholeNumber(1, 10_000), 10)
    .addOption(new Option("--mode <name>", "what to search by").choices(["hybrid", "words", "vectors"]).default("hybrid"))
    .option("--filter <json>", `what products have to be, such as '{"price": {"<": 1000}, "is_active": true}'`, json)
    .option("--metric <name>", "by vectors alone with l2, cosine or inner_product, or <->, <=>, <#>, as search_products()")
    .option("--json", "print the hits as JSON")
    .parse();
  const {
    limit,
    mode,
    filter,
    metric,
    json: asJson,
  } = command.opts<{
    limit: number;
    mode: string;
    filter?: string;
    metric?: string;
    json?: boolean;
  }>();
  const text = command.args[0] ?? "";
  const settings = readSettings();
  await withDatabase(settings, async (database) => {
    const { sql } = database;
    const { schema } = settings;
    if (metric === undefined && (await mayOnlyRead({ sql, schema }))) {
      const hits = await searchTextAsReader({ sql, schema }, { text, mode, limit, filter }, (reason) => console.error(reason));
      console.log(asJson ? JSON.stringify(hits) : textHitTable(hits));
      return;
    }
    await withModels(database, settings, async (context) => {
      if (metric !== undefined) {
        const hits = await searchVectors(context, { text, metric, limit });
        console.log(asJson ? JSON.stringify(hits) : hitTable(hits));
      } else {
        const hits = await searchText(context, { text, mode, limit, filter });
        console.log(asJson ? JSON.stringify(hits) : textHitTable(hits));
      }
    });
  });
});

function json(value: string): string {
  try {
    JSON.parse(value);
  } catch {
    throw new InvalidArgumentError("It must be JSON.");
  }
  return value;
}
