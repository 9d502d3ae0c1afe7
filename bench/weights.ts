import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectionSource, loadCollection } from "../runner/collection.ts";
import { embedQueued } from "../runner/embed.ts";
import { encodeGoldenQueries, evaluate, loadGoldenQueries, unembeddedQueries } from "../runner/evaluate.ts";
import { readGoldenQueries } from "../runner/judgment-files.ts";
import { migrate } from "../runner/migrate.ts";
import { withScratchDatabase } from "../runner/scratch.ts";
import { withModels } from "../runner/session.ts";
import { readSettings, root } from "../runner/settings.ts";
import { printFoot, printHead, printTable } from "./report.ts";

/*
 * Whether it helps to encode groups of fields apart and to combine their vectors by weight: nDCG@10 of the
 * vectors alone and of hybrid search, by kind of query, for the text as one and for several groupings, each set
 * with set_fields() as anybody would. On the sample catalogue, or on a collection in the files of BEIR or
 * TREC. On the server of DATABASE_URL, or embedded, with the model of EMBEDDING_MODEL.
 */
const { values } = parseArgs({
  options: { documents: { type: "string" }, queries: { type: "string" }, judgments: { type: "string" }, columns: { type: "string" } },
});
const { documents, queries, judgments, columns } = values;
const collection =
  documents === undefined || queries === undefined || judgments === undefined
    ? undefined
    : { documents, queries, judgments, columns: columns?.split(",") ?? [] };

/** Weights of fields; all others count 1. A weight of 0 leaves a field out; «*» is all that are not named. */
const groupings: Record<string, Record<string, number>> = {
  "one text": {},
  "name alone": { "*": 0, name: 1 },
  // Equal weights would be one group: a hair's breadth makes two.
  "name : rest as 1 : 1": { name: 1.001 },
  "name : rest as 2 : 1": { name: 2 },
  "name : rest as 3 : 1": { name: 3 },
  "name : rest as 5 : 1": { name: 5 },
  "name : description : rest as 3 : 2 : 1": { name: 3, description: 2 },
  "name : description : rest as 5 : 2 : 1": { name: 5, description: 2 },
};

const configured = readSettings();
await withScratchDatabase(
  collection === undefined ? configured : { ...configured, source: collectionSource },
  async (database, settings) => {
    const { sql } = database;
    const schema = sql(settings.schema);
    await sql`create extension if not exists vector`;
    const golden =
      collection === undefined ? await readGoldenQueries(join(root, "sample/golden_queries.csv")) : await loadCollection(sql, collection);
    if (collection === undefined) await sql.unsafe(readFileSync(join(root, "sample/stg_product.sql"), "utf8"));
    await migrate(database, settings);
    await loadGoldenQueries(sql, settings.schema, golden);
    const fields = (
      await sql<{ name: string }[]>`select column_name as name from ${schema}.source_columns where in_document order by position`
    ).map(({ name }) => name);

    await withModels(database, settings, async (context) => {
      const figures = new Map<string, Map<string, number>>();
      for (const [title, weights] of Object.entries(groupings)) {
        if (Object.keys(weights).some((field) => field !== "*" && !fields.includes(field))) continue;
        const wanted = Object.fromEntries(
          fields.map((field) => {
            const weight = weights[field] ?? weights["*"] ?? 1;
            return [field, weight === 0 ? { included: false } : { included: true, weight }];
          }),
        );
        await sql`select ${schema}.set_fields(${JSON.stringify(wanted)}::text::jsonb)`;
        await embedQueued(context);
        await encodeGoldenQueries(context, await unembeddedQueries(sql, settings.schema));
        await sql`select ${schema}.refresh_word_statistics()`;
        for (const { mode, kind, ndcg } of await evaluate(sql, settings.schema, 10)) {
          if (mode === "words") continue;
          const row = `${title}, ${mode}`;
          figures.set(row, (figures.get(row) ?? new Map<string, number>()).set(kind ?? "all", ndcg ?? 0));
        }
      }
      const { encoder } = await context.models.active();
      const kinds = [...(figures.values().next().value?.keys() ?? [])];
      printHead("One text a product, or groups of fields encoded apart");
      printTable(
        [`nDCG@10, ${encoder.model.name}`, ...kinds],
        [...figures].map(([name, of]) => [name, ...kinds.map((kind) => (of.get(kind) ?? 0).toFixed(3))]),
      );
      await printFoot(sql);
    });
  },
);
