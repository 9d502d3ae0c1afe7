import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../runner/errors.ts";
import { root } from "../runner/settings.ts";

/** The dbt project of the example. */
export const exampleProject = join(root, "dbt/example");

export interface DbtResult {
  /** Models built and tests passed. */
  passed: number;
  /** Time for them, without dbt's start. */
  seconds: number;
  /** Rows that each model's statement wrote, by the model's name; a view writes none. */
  rows: Record<string, number>;
}

/**
 * The dbt to run: the one that DBT names, the one of .ci/install-dbt, or the one on the PATH.
 *
 * @throws Failure PE130 there is none
 */
export function findDbt(env: NodeJS.ProcessEnv = process.env): string {
  const candidates = env.DBT
    ? [env.DBT]
    : [join(root, ".cache/dbt/bin/dbt"), ...(env.PATH ?? "").split(delimiter).map((folder) => join(folder, "dbt"))];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new Failure(
    "PE130",
    env.DBT ? `There is no dbt at ${env.DBT}.` : "There is no dbt on the PATH.",
    "pip install 'dbt-core>=1.10,<2' dbt-postgres, or .ci/install-dbt in this checkout; DBT=/path/to/dbt names another.",
  );
}

/** The variables by which a dbt profile like dbt/example/profiles.yml finds this database. */
export function dbtEnvironment(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  const sslmode = url.searchParams.get("sslmode");
  return {
    PGVECTOR_HOST: url.hostname.replace(/^\[|\]$/g, ""),
    PGVECTOR_PORT: url.port || "5432",
    PGVECTOR_DATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGVECTOR_USER: decodeURIComponent(url.username),
    PGVECTOR_PASSWORD: decodeURIComponent(url.password),
    ...(sslmode === null ? {} : { PGSSLMODE: sslmode }),
  };
}

/**
 * Runs dbt in a project folder.
 *
 * @throws Failure PE131 dbt could not run, or a model or test failed: names them, and never what dbt says of their rows
 */
export async function runDbt(dbt: string, project: string, databaseUrl: string, args: readonly string[]): Promise<DbtResult> {
  const target = process.env.DBT_TARGET_PATH || join(project, "target");
  const logs = process.env.DBT_LOG_PATH || join(project, "logs");
  const resultsFile = join(target, "run_results.json");
  // What an earlier run left must not pass for the result of one that never began.
  rmSync(resultsFile, { force: true });
  try {
    await promisify(execFile)(dbt, [...args, "--profiles-dir", project], {
      cwd: project,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        ...dbtEnvironment(databaseUrl),
        DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
        DBT_TARGET_PATH: target,
        DBT_LOG_PATH: logs,
      },
    });
  } catch (error) {
    const failed = readResults(resultsFile)?.results.filter(({ status }) => status === "error" || status === "fail") ?? [];
    const where = failed.length > 0 ? ` at ${failed.map(nameOf).join(", ")}` : "";
    throw new Failure("PE131", `dbt ${args[0]} failed${where}.`, `dbt's own words are in ${join(logs, "dbt.log")}.`, { cause: error });
  }
  const { results, elapsed_time } = readResults(resultsFile) ?? { results: [], elapsed_time: 0 };
  return {
    passed: results.filter(({ status }) => status === "success" || status === "pass").length,
    seconds: elapsed_time,
    rows: Object.fromEntries(results.map((result) => [nameOf(result), result.adapter_response?.rows_affected ?? 0])),
  };
}

/** What is read of dbt's run_results.json. */
interface RunResults {
  elapsed_time: number;
  results: NodeResult[];
}

interface NodeResult {
  unique_id: string;
  status: string;
  adapter_response?: { rows_affected?: number };
}

function readResults(file: string): RunResults | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as RunResults) : undefined;
}

/** The name in model.project.name or test.project.name.hash. */
function nameOf({ unique_id }: NodeResult): string {
  return unique_id.split(".")[2] ?? unique_id;
}
