import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestFn } from "ava";
import { dbtEnvironment, findDbt } from "../../scripts/dbt.ts";
import type { TestDatabase } from "./database.ts";

/** Runs dbt as a user would and returns what it printed; rejects with that when it fails. */
export type DbtRun = (
  command: string,
  vars?: Record<string, unknown>,
  args?: readonly string[],
  env?: Record<string, string>,
) => Promise<string>;

/**
 * Real dbt in a project folder, on this test file's database. What dbt writes goes to a folder that is
 * gone when the file is through, but for dbt_packages: two test files at once need two projects.
 */
export function useDbt(test: TestFn, db: TestDatabase, project: string): DbtRun {
  let scratch = "";
  const run: DbtRun = async (command, vars = {}, args = [], env = {}) => {
    const dbt = findDbt();
    const url = db.env.DATABASE_URL ?? "";
    const place = dbtEnvironment(url);
    const withVars = command === "deps" ? [] : ["--vars", JSON.stringify(vars)];
    try {
      const { stdout } = await promisify(execFile)(dbt, [...command.split(" "), ...withVars, "--profiles-dir", project, ...args], {
        cwd: project,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env.PATH ?? "",
          HOME: process.env.HOME ?? "",
          DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
          DBT_TARGET_PATH: join(scratch, "target"),
          DBT_LOG_PATH: join(scratch, "logs"),
          ...place,
          // The names in dbt/integration_tests/profiles.yml.
          ...Object.fromEntries(Object.entries(place).map(([name, value]) => [name.replace("PGVECTOR_", "DBT_TEST_"), value])),
          ...env,
        },
      });
      return stdout;
    } catch (error) {
      throw new Error((error as { stdout?: string }).stdout || String(error));
    }
  };
  // Serial: it waits for the database that an earlier hook makes.
  test.serial.before("install the dbt packages", async () => {
    scratch = mkdtempSync(join(tmpdir(), "product-embeddings-dbt-"));
    await run("deps");
  });
  test.after.always("remove what dbt wrote", () => rmSync(scratch, { recursive: true, force: true }));
  return run;
}
