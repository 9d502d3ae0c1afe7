import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ExecutionContext, TestFn } from "ava";
import { codeOf } from "../../runner/errors.ts";
import { root } from "../../runner/settings.ts";
import type { TestDatabase } from "./database.ts";
import { type DbtRun, useDbt } from "./dbt.ts";
import { registerModel, startOver } from "./source.ts";

/** What is true of search at one moment: what it found, and what it should have found then. */
interface Look {
  found: Set<string>;
  live: Set<string>;
}

export interface Warehouse {
  dbt: DbtRun;
  /** The project folder: a copy, so that a test may write to it. */
  project: string;
  /** The registered model that made-up vectors are stored for. */
  model: number;
  /**
   * Runs dbt while search is polled from another connection; fails where a search was not whole.
   *
   * @param options.inParts the run itself commits the source in parts, so that search may be short, but never wrong
   */
  watched(t: ExecutionContext, run: () => Promise<string>, options?: { inParts?: boolean }): Promise<string>;
}

/**
 * A warehouse as a data team has it: bronze.product with 50 products, and the project of
 * dbt/integration_tests over it. dbt may not wait for a lock for more than three seconds in it.
 */
export function useWarehouse(test: TestFn, db: TestDatabase): Warehouse {
  const project = mkdtempSync(join(tmpdir(), "product-embeddings-project-"));
  cpSync(join(root, "dbt/integration_tests"), project, {
    recursive: true,
    filter: (path) => !/[/\\](target|logs|dbt_packages|package-lock\.yml)$/.test(path),
  });
  writeFileSync(join(project, "packages.yml"), `packages:\n  - local: ${join(root, "dbt")}\n`);
  const run = useDbt(test, db, project);
  const warehouse: Warehouse = {
    dbt: (command, vars, args, env) => run(command, vars, args, { PGOPTIONS: "-c lock_timeout=3s", ...env }),
    project,
    model: 0,
    watched: (t, dbt, options) => watched(db, t, dbt, options),
  };
  test.beforeEach(async () => {
    await startOver(db.sql);
    warehouse.model = await registerModel(db.sql);
    await db.sql.unsafe(`
      drop schema if exists bronze cascade; drop schema if exists staging cascade; create schema bronze;
      create table bronze.product (product_id bigint, name text, vendor_code text, price numeric(12, 2), category_id bigint,
        ingested_at timestamp default clock_timestamp(), deleted boolean default false);
      insert into bronze.product (product_id, name, price) select g, 'part ' || g, g from generate_series(1, 50) g`);
  });
  test.after.always("remove the project", () => rmSync(project, { recursive: true, force: true }));
  return warehouse;
}

/*
 * Each look is one transaction with one snapshot, taken after the source is locked, so that what is
 * found and what is there belong to the same moment of the run.
 */
async function watched(
  db: TestDatabase,
  t: ExecutionContext,
  dbt: () => Promise<string>,
  { inParts = false }: { inParts?: boolean } = {},
): Promise<string> {
  const [source] = await db.sql<{ name: string; locks: boolean }[]>`
    select format('%I.%I', source_schema, source_table) as name, relkind in ('r', 'v') as locks
    from analytics_features.settings join pg_class on oid = to_regclass(format('%I.%I', source_schema, source_table))`;
  const { name = "", locks = false } = source ?? {};
  const look = (): Promise<Look> =>
    retried(() =>
      db.sql.begin("isolation level repeatable read", async (sql) => {
        // Locked before the first snapshot is taken. A materialized view cannot be, so there a refused look is looked again.
        if (locks) await sql.unsafe(`lock table ${name} in access share mode`);
        const found = await sql<{ product_id: string }[]>`
        select product_id from analytics_features.search_products((select embedding from analytics_features.product_embeddings limit 1), 'l2', 1000)`;
        const live = await sql<{ product_id: string }[]>`
        select d.product_id from analytics_features.product_documents() d join analytics_features.product_embeddings e using (product_id)`;
        return { found: ids(found), live: ids(live) };
      }),
    );
  const before = await look();
  let running = true;
  let looks = 0;
  let fewest = before.found.size;
  const watcher = (async () => {
    while (running) {
      const { found, live } = await look();
      t.deepEqual([...found].sort(), [...live].sort(), "search finds the products that are there, all of them and no others");
      fewest = Math.min(fewest, found.size);
      looks++;
      // Not all the time: dbt needs the processor too.
      await setTimeout(20);
    }
  })();
  try {
    return await dbt();
  } finally {
    running = false;
    await watcher;
    const after = await look();
    t.true(looks > 10, `${looks} looks`);
    if (!inParts) t.true(fewest >= Math.min(before.found.size, after.found.size), "no search came up shorter than before or after the run");
  }
}

function ids(rows: readonly { product_id: string }[]): Set<string> {
  return new Set(rows.map(({ product_id }) => product_id));
}

/** Until it comes through: a snapshot from before a swap is refused with 40001. */
async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (codeOf(error) !== "40001") throw error;
    }
  }
}
