import { hostname } from "node:os";
import { Failure } from "../runner/errors.ts";
import { requireMigrated } from "../runner/migrate.ts";
import { withDatabase } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { commandLine, main, wholeNumber } from "./command.ts";

await main(async () => {
  const { minutes } = commandLine("alive", "Exits with 0 if a worker on this host gave a sign of life, for a container's or a pod's probe.")
    .option("--minutes <n>", "within so many minutes; it gives one a minute", wholeNumber(1, 1440), 10)
    .parse()
    .opts<{ minutes: number }>();
  const settings = readSettings();
  await withDatabase(settings, async ({ sql }) => {
    await requireMigrated(sql, settings);
    const [row] = await sql<{ alive: boolean }[]>`
      select ${sql(settings.schema)}.worker_is_alive(${hostname()}, pg_catalog.make_interval(mins => ${minutes}::integer)) as alive`;
    if (row?.alive === true) return;
    throw new Failure(
      "PE170",
      `No worker on ${hostname()} gave a sign of life for ${minutes} minutes.`,
      "npm run worker; npm run doctor says more.",
    );
  });
});
