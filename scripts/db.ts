import { spawnSync } from "node:child_process";
import { connect } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import { placeholders } from "../runner/migrate.ts";
import { readSettings, root } from "../runner/settings.ts";
import { main } from "./command.ts";

/*
 * For who changes the SQL: graphile-migrate's own command line (watch, commit, uncommit, reset),
 * with what .gmrc leaves to the environment. Its shadow database is made beside the real one.
 */
await main(async () => {
  const settings = readSettings();
  if (settings.database.kind === "embedded") {
    throw new Failure(
      "PE100",
      "Migrations are written against a real server.",
      "DATABASE_URL=postgres://localhost/product_embeddings npm run db -- commit",
    );
  }
  const { url } = settings.database;
  const other = (database: string) => {
    const changed = new URL(url);
    changed.pathname = `/${database}`;
    return changed.href;
  };
  const name = new URL(url).pathname.slice(1);
  const root_ = other("postgres");
  const sql = connect(root_);
  const names = await placeholders(sql, settings);
  await sql.end();
  const { status } = spawnSync("graphile-migrate", process.argv.slice(2), {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, DATABASE_URL: url, SHADOW_DATABASE_URL: other(`${name}_shadow`), ROOT_DATABASE_URL: root_, ...names },
  });
  process.exitCode = status ?? 1;
});
