import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../runner/database.ts";
import { type EmbedContext, embedQueued } from "../runner/embed.ts";
import { migrate } from "../runner/migrate.ts";
import { searchVectors } from "../runner/search.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings, root, type Settings, withoutPassword } from "../runner/settings.ts";
import { createBronze, dropExample, land, readEvents, refuseOthers } from "./bronze.ts";
import { commandLine, main } from "./command.ts";
import { type DbtResult, exampleProject, findDbt, runDbt } from "./dbt.ts";
import { beforeAfterTable, type Pair, pairTable, rowTable } from "./table.ts";

interface Batch {
  file: string;
  title: string;
  searches: string[];
}

await main(async () => {
  const { again } = commandLine(
    "example",
    "Plays a stream of change events through bronze, dbt and the encoder, and shows search following. On an embedded PostgreSQL of its own, unless the settings name a server.",
  )
    .option("--again", "drop what the example made before, and play it anew")
    .parse()
    .opts<{ again?: boolean }>();
  const dbt = findDbt();
  // npm start's catalogue is another one.
  process.env.EMBEDDED_DATA_DIR ||= join(root, ".data/example");
  const settings = readSettings();

  await withDatabase(settings, async (database) => {
    await refuseOthers(database, settings);
    console.log(database.embedded ? "Embedded PostgreSQL is up." : `Connected to ${withoutPassword(database.url)}.`);
    const deployed = await migrate(database, settings);
    if (again) await dropExample(database.sql, settings);
    await createBronze(database.sql);
    if (!existsSync(join(exampleProject, "dbt_packages/product_embeddings"))) await runDbt(dbt, exampleProject, database.url, ["deps"]);
    await withModels(database, settings, async (context) => {
      const build = (...args: string[]) => runDbt(dbt, exampleProject, database.url, ["build", ...args, ...options(database, settings)]);
      await play(context, build, deployed.sourceExists && again !== true);

      console.log("\nAfter encoding: the marts with the new vectors, and whether every product has one");
      console.log(rowTable({ "dbt build": outcome(await build("--selector", "after_encoding")) }));
      const pairs = await database.sql<Pair[]>`select * from staging_marts.duplicate_products order by similarity desc, product_id`;
      console.log(`\nstaging_marts.duplicate_products has ${pairs.length} pairs that may be one product entered twice:`);
      console.log(pairTable(pairs));
    });
    console.log(howToGoOn(database));
  });
});

/** Lands, builds and encodes one batch of events after the other, and shows what each did to search. */
async function play(context: EmbedContext, build: () => Promise<DbtResult>, built: boolean): Promise<void> {
  const { sql } = context;
  const schema = sql(context.schema);
  const find = (searches: readonly string[]) =>
    Promise.all(searches.map(async (text) => searchVectors(context, { text, metric: "l2", limit: 2 })));

  const batches = JSON.parse(readFileSync(join(exampleProject, "events/play.json"), "utf8")) as Batch[];
  for (const [index, { file, title, searches }] of batches.entries()) {
    console.log(`\n${file}: ${title}`);
    // Before the first build there is nothing to search in.
    const before = built || index > 0 ? await find(searches) : searches.map(() => []);
    const messages = readEvents(file);
    const known = messages.length - (await land(sql, messages));
    const result = await build();
    const start = performance.now();
    const { stored } = await embedQueued(context);
    const seconds = (performance.now() - start) / 1000;
    const [status] = await sql`
      select format('products %s, with a vector %s, missing %s, stale %s, orphans %s', products, embedded, missing, stale, orphans) as line
      from ${schema}.compute_status()`;
    console.log(
      rowTable({
        landed: `${messages.length} messages${known === 0 ? "" : `, ${known} of them were there already`}`,
        "dbt build": `${result.rows.stg_product ?? 0} products changed; ${outcome(result)}`,
        encoded: `${stored} products in ${seconds.toFixed(1)} s`,
        status: status?.line,
      }),
    );
    const after = await find(searches);
    console.log(beforeAfterTable(searches.map((text, n) => ({ text, before: before[n] ?? [], after: after[n] ?? [] }))));
  }
}

function outcome({ passed, seconds }: DbtResult): string {
  return `${passed} models and tests passed in ${seconds.toFixed(1)} s`;
}

/** The embedded server takes one connection at a time; names of ours that differ are variables of the dbt package. */
function options({ embedded }: Database, { schema, table }: Settings): string[] {
  const vars = JSON.stringify({ product_embeddings_schema: schema, product_embeddings_table: table });
  return ["--vars", vars, ...(embedded ? ["--threads", "1"] : [])];
}

function howToGoOn({ embedded }: Database): string {
  const prefix = embedded ? "EMBEDDED_DATA_DIR=.data/example " : "";
  return `
Search:      ${prefix}npm run search -- "термостат"
Look on:     dbt/example/README.md, with how to put your own feed in its place
Play anew:   npm run example -- --again`;
}
