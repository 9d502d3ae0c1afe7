import { type Command, InvalidArgumentError } from "commander";
import { collectionSource, loadCollection } from "../runner/collection.ts";
import type { Database } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import { evaluate, loadGoldenQueries, requireQuality, type Score, type Thresholds, unembeddedQueries } from "../runner/evaluate.ts";
import { readGoldenQueries } from "../runner/judgment-files.ts";
import { migrate, requireMigrated } from "../runner/migrate.ts";
import { withScratchDatabase } from "../runner/scratch.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings, type Settings } from "../runner/settings.ts";
import { commandLine, main, stopSignal, wholeNumber } from "./command.ts";
import { embedWithProgress, encodeQueriesWithProgress } from "./progress.ts";
import { scoreTable } from "./table.ts";

interface Options extends Thresholds {
  golden?: string;
  documents?: string;
  queries?: string;
  judgments?: string;
  columns: string[];
  k: number;
  json?: boolean;
}

await main(async () => {
  const command = commandLine(
    "evaluate",
    "Measures how well search answers queries whose answers are known, by words, by vectors and by both.",
  )
    .option("--golden <file>", "CSV of query, product_id, grade and kind to put in place of the golden queries in the database")
    .option("--documents <file>", "measure with a public collection instead, in a database of its own: its documents, ")
    .option("--queries <file>", "its queries,")
    .option("--judgments <file>", "and which documents answer them")
    .option("--columns <names>", "fields of the documents' metadata that become columns, such as vendor_code,price", names, [])
    .option("--k <n>", "results that are looked at of each search", wholeNumber(1, 10_000), 10)
    .option("--min-ndcg <x>", "fail when hybrid search has a lower nDCG over all kinds", share)
    .option("--min-recall <x>", "fail when hybrid search has a lower recall over all kinds", share)
    .option("--fail-below-best <x>", "fail when hybrid search is more than this below words or vectors alone, in any kind", share)
    .option("--json", "print the figures as JSON")
    .parse();
  const options = command.opts<Options>();
  const collection = collectionOf(command, options);
  const settings = readSettings();
  // Ctrl-C and SIGTERM end it after the batch at work, so that a database made for it is gone afterwards.
  const signal = stopSignal();

  const scores =
    collection === undefined
      ? await withDatabase(settings, async (database) => {
          await requireMigrated(database.sql, settings);
          if (options.golden !== undefined) {
            await loadGoldenQueries(database.sql, settings.schema, await readGoldenQueries(options.golden));
          }
          return measure(database, settings, options.k, signal);
        })
      : await withScratchDatabase({ ...settings, source: collectionSource }, async (database, own) => {
          await database.sql`create extension if not exists vector`;
          const judgments = await loadCollection(database.sql, { ...collection, columns: options.columns });
          await migrate(database, own);
          await loadGoldenQueries(database.sql, own.schema, judgments);
          return measure(database, own, options.k, signal, { embed: true });
        });
  if (signal.aborted) {
    process.exitCode = 130;
    return;
  }
  console.log(options.json ? JSON.stringify(scores) : scoreTable(scores, options.k));
  requireQuality(scores, options.k, options);
});

/** Encodes what has no vector yet and measures; no scores when the signal ended it before. */
async function measure(
  { sql }: Database,
  settings: Settings,
  k: number,
  signal: AbortSignal,
  { embed = false }: { embed?: boolean } = {},
): Promise<Score[]> {
  const queries = await unembeddedQueries(sql, settings.schema);
  if (embed || queries.length > 0) {
    await withModels({ sql }, settings, async (context) => {
      if (embed) {
        const { failed } = await embedWithProgress(context, { signal });
        if (failed > 0) throw new Failure("PE120", `${failed} attempts at encoding documents failed.`, "Look for texts that are none.");
      }
      if (!signal.aborted && queries.length > 0) await encodeQueriesWithProgress(context, queries, signal);
    });
  }
  if (signal.aborted) return [];
  // First of all whether the model was made for the language: on standard error, so that the figures stay a table or JSON.
  for (const { note } of await sql<{ note: string }[]>`select note from ${sql(settings.schema)}.model_notes()`) console.error(note);
  const [late] = await sql<{ note: string }[]>`
    select pg_catalog.format('%s of %s products have no vector yet, or one of a former text: figures with vectors are not what they will be.', w.waiting, w.products) as note
    from (
      select s.products, greatest(s.products - s.embedded, s.queued) as waiting
      from ${sql(settings.schema)}.model_status s
      where s.state = 'active'
    ) w
    where w.waiting > 0`;
  if (late !== undefined) console.error(late.note);
  return evaluate(sql, settings.schema, k);
}

/** The three files, or undefined where none is named; some of them are a wrong call. */
function collectionOf(command: Command, { golden, documents, queries, judgments }: Options) {
  if (documents !== undefined && queries !== undefined && judgments !== undefined) {
    if (golden !== undefined) command.error("error: --golden and a collection are two things to measure by, one at a time");
    return { documents, queries, judgments };
  }
  if (documents !== undefined || queries !== undefined || judgments !== undefined) {
    command.error("error: a collection is all three of --documents, --queries and --judgments");
  }
  return undefined;
}

function names(value: string): string[] {
  return value.split(",").map((name) => {
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || ["product_id", "name", "description"].includes(name)) {
      throw new InvalidArgumentError("It must be names in lower-case letters, digits and _, other than product_id, name and description.");
    }
    return name;
  });
}

function share(value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !(number >= 0 && number <= 1)) throw new InvalidArgumentError("It must be a number from 0 to 1.");
  return number;
}
