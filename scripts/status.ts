import { requireMigrated } from "../runner/migrate.ts";
import { withDatabase } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { commandLine, main } from "./command.ts";
import { rowTable } from "./table.ts";

await main(async () => {
  const { quick, json } = commandLine(
    "status",
    "Shows how things stand: every product compared with its vector, select * from compute_status().",
  )
    .option("--quick", "do not compare, start from the last comparison: select * from embedding_status")
    .option("--json", "print the row as JSON")
    .parse()
    .opts<{ quick?: boolean; json?: boolean }>();
  const settings = readSettings();
  const status = await withDatabase(settings, async ({ sql }) => {
    await requireMigrated(sql, settings);
    // As the server writes them: an interval or a timestamp should look here as it does in psql.
    const [row] = await sql<{ status: Record<string, unknown> }[]>`
      select pg_catalog.row_to_json(s) as status from ${sql(settings.schema)}.compute_status(exact => ${quick !== true}) s`;
    return row?.status ?? {};
  });
  console.log(json ? JSON.stringify(status) : rowTable(status));
});
