import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../runner/settings.ts";
import { dbtEnvironment, findDbt } from "../scripts/dbt.ts";
import { createFeed, withBenchDatabase } from "./database.ts";
import { median, printTable } from "./report.ts";

/*
 * What the hook costs a dbt run, side by side in one run: BENCH_DATABASE_URL=… npm run bench:dbt -- 61000
 * Seconds that dbt itself reports for the model, without dbt's start; every product has its vector and a
 * tenth of them changes before each run.
 */
const products = Number(process.argv[2] ?? 61_000);
const rounds = 5;
const rows: string[][] = [];
const project = mkdtempSync(join(tmpdir(), "product-embeddings-bench-"));
cpSync(join(root, "dbt/integration_tests"), project, { recursive: true });
writeFileSync(join(project, "packages.yml"), `packages:\n  - local: ${join(root, "dbt")}\n`);

try {
  await withBenchDatabase(async ({ sql, url }) => {
    const env = Object.fromEntries(
      Object.entries(dbtEnvironment(url)).map(([name, value]) => [name.replace("PGVECTOR_", "DBT_TEST_"), value]),
    );
    const dbt = (...args: string[]) => {
      execFileSync(findDbt(), [...args, "--profiles-dir", project], { cwd: project, stdio: "pipe", env: { ...process.env, ...env } });
      const results = JSON.parse(readFileSync(join(project, "target/run_results.json"), "utf8")) as {
        results: { execution_time: number }[];
      };
      return results.results[0]?.execution_time ?? Number.NaN;
    };
    execFileSync(findDbt(), ["deps", "--profiles-dir", project], { cwd: project, stdio: "pipe", env: { ...process.env, ...env } });
    await createFeed(sql, products);
    await sql.unsafe(`
      create schema bronze; alter table public.feed rename to product; alter table public.product set schema bronze;
      select analytics_features.register_model('bench', 'r1', 'fp32', 384, 'mean', 256)`);

    for (const [label, vars] of [
      ["table", { materialized: "table" }],
      ["incremental merge", { materialized: "incremental", strategy: "merge" }],
      ["incremental delete+insert", { materialized: "incremental", strategy: "delete+insert" }],
    ] as const) {
      const run = (hook: boolean, ...args: string[]) =>
        dbt("run", "--select", "stg_product", "--vars", JSON.stringify({ ...vars, hook }), ...args);
      run(true, "--full-refresh");
      await sql.unsafe(`
        truncate analytics_features.product_embeddings, analytics_features.product_queue, analytics_features.product_changes;
        insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
          select product_id, l2_normalize(array_fill(1, array[384])::vector), analytics_features.active_model_id(), document_hash
          from analytics_features.product_documents();
        analyze analytics_features.product_embeddings`);
      const times = { with: [] as number[], without: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        for (const kind of ["without", "with"] as const) {
          await sql.unsafe(`
            update bronze.product set price = price + 1, ingested_at = clock_timestamp() where product_id % 10 = ${round};
            truncate analytics_features.product_queue, analytics_features.product_changes;
            select analytics_features.${kind === "with" ? "attach_triggers" : "detach"}()`);
          times[kind].push(run(kind === "with"));
        }
      }
      const [without, withHook] = [median(times.without), median(times.with)];
      rows.push([label, without.toFixed(2), withHook.toFixed(2), (withHook / without).toFixed(2)]);
    }
    printTable([`${products} products`, "without the hook, s", "with, s", "ratio"], rows);
  }, "What the hook costs a dbt run");
} finally {
  rmSync(project, { recursive: true, force: true });
}
