import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import anyTest, { type ExecutionContext } from "ava";
import { root } from "../../runner/settings.ts";
import { useDatabase } from "../helpers/database.ts";
import { claim, drain, queued, registerModel, startOver, store } from "../helpers/source.ts";

/* Real dbt on a real server: whatever a run does to stg_product, search stays whole. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const dbt = process.env.DBT ?? join(root, ".cache/dbt/bin/dbt");
const project = join(root, "dbt/integration_tests");
let scratch = "";
let model = 0;

test.before(async () => {
  if (!existsSync(dbt)) throw new Error(`There is no dbt at ${dbt}: .ci/install-dbt, or name another: DBT=/path/to/dbt`);
  scratch = mkdtempSync(join(tmpdir(), "product-embeddings-dbt-"));
  await dbtRun("deps");
});
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
test.beforeEach(async () => {
  await startOver(db.sql);
  model = await registerModel(db.sql);
  await db.sql.unsafe(`
    drop schema if exists bronze cascade; drop schema if exists staging cascade; create schema bronze;
    create table bronze.product (product_id bigint, name text, vendor_code text, price numeric(12, 2), category_id bigint, loaded_at timestamptz default clock_timestamp(), deleted boolean default false);
    insert into bronze.product (product_id, name, price) select g, 'part ' || g, g from generate_series(1, 50) g;
    insert into analytics_features.document_fields values ('loaded_at', false) on conflict do nothing`);
});

/** Runs dbt as a user would; rejects with its output when it fails. */
async function dbtRun(
  command: string,
  vars: Record<string, unknown> = {},
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<string> {
  const url = new URL(db.env.DATABASE_URL ?? "");
  try {
    const withVars = command === "deps" ? [] : ["--vars", JSON.stringify(vars)];
    const { stdout } = await promisify(execFile)(dbt, [command, ...withVars, "--profiles-dir", project, ...args], {
      cwd: project,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: process.env.HOME ?? "",
        DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
        DBT_TARGET_PATH: join(scratch, "target"),
        DBT_LOG_PATH: join(scratch, "logs"),
        DBT_TEST_HOST: url.hostname,
        DBT_TEST_PORT: url.port,
        DBT_TEST_USER: url.username,
        DBT_TEST_PASSWORD: url.password,
        DBT_TEST_DATABASE: url.pathname.slice(1),
        ...env,
      },
    });
    return stdout;
  } catch (error) {
    throw new Error((error as { stdout?: string }).stdout ?? String(error));
  }
}

/** A dbt run with searches going on beside it: none may find fewer products than before, or fail. */
async function runWatched(t: ExecutionContext, vars: Record<string, unknown>, args: string[] = []): Promise<string> {
  const search = async () =>
    (
      await db.sql`select from analytics_features.search_products((select embedding from analytics_features.product_embeddings limit 1), 'l2', 1000)`
    ).length;
  const before = await search();
  let running = true;
  let searches = 0;
  const watcher = (async () => {
    while (running) {
      const found = await search();
      if (found < before) t.fail(`A search found ${found} of ${before} products.`);
      searches++;
    }
  })();
  try {
    return await dbtRun("run", vars, ["--select", "stg_product", ...args]);
  } finally {
    running = false;
    await watcher;
    t.true(searches > 10, `${searches} searches`);
  }
}

const status = async () => {
  const [row] = await db.sql`
    select products::integer, missing::integer, stale::integer, orphans::integer, triggers_attached from analytics_features.compute_status()`;
  return { ...row };
};

for (const [materialized, strategy] of [
  ["table", "append"],
  ["view", "append"],
  ["incremental", "append"],
  ["incremental", "delete+insert"],
  ["incremental", "merge"],
] as const) {
  test(`${materialized}${materialized === "incremental" ? ` ${strategy}` : ""}: triggers stay, changes are encoded, nothing else is, and no search comes up short`, async (t) => {
    const vars = { materialized, strategy };
    const triggers = materialized !== "view";
    // A view needs no run to show a change, and has no trigger that sees it: the periodic comparison does.
    const reconcile = async () => {
      if (!triggers) await db.sql`select analytics_features.reconcile()`;
    };

    await dbtRun("run", vars, ["--select", "stg_product"]);
    t.is(await drain(db.sql, model), 50, "the first run");
    t.deepEqual(await status(), { products: 50, missing: 0, stale: 0, orphans: 0, triggers_attached: triggers });

    await runWatched(t, vars);
    t.is(await drain(db.sql, model), 0, "a second run without a change encodes nothing");

    // Appending would leave two rows a product, so there only new ones come.
    const appends = materialized === "incremental" && strategy === "append";
    if (!appends) await db.sql`update bronze.product set price = price + 1, loaded_at = clock_timestamp() where product_id <= 3`;
    await db.sql`insert into bronze.product (product_id, name) values (51, 'new'), (52, 'new too')`;
    await runWatched(t, vars);
    await reconcile();
    t.is(await drain(db.sql, model), appends ? 2 : 5, "just what changed");
    t.deepEqual(await status(), { products: 52, missing: 0, stale: 0, orphans: 0, triggers_attached: triggers });

    if (triggers) {
      await t.throwsAsync(runWatched(t, { ...vars, fail: true }), { message: /division by zero/ });
      t.is(await drain(db.sql, model), 0, "a run that fails changes nothing");
      t.deepEqual(await status(), { products: 52, missing: 0, stale: 0, orphans: 0, triggers_attached: true });

      await runWatched(t, vars, ["--full-refresh"]);
      t.is(await drain(db.sql, model), 0, "a full refresh encodes nothing");
      t.deepEqual(await status(), { products: 52, missing: 0, stale: 0, orphans: 0, triggers_attached: true });
    }

    await db.sql`delete from bronze.product where product_id = 50`;
    await dbtRun("run", vars, ["--select", "stg_product", "--full-refresh"]);
    await reconcile();
    t.is(await drain(db.sql, model), 0);
    t.deepEqual(await status(), { products: 51, missing: 0, stale: 0, orphans: 1, triggers_attached: triggers });
  });
}

test("a column that dbt adds is in the text after the run, for every product once", async (t) => {
  const vars = { materialized: "incremental", strategy: "merge" };
  await dbtRun("run", vars, ["--select", "stg_product"]);
  await drain(db.sql, model);
  await db.sql`alter table bronze.product add column axle text`;
  await db.sql`update bronze.product set axle = 'rear', loaded_at = clock_timestamp() where product_id <= 4`;
  await runWatched(t, vars);
  t.is(await drain(db.sql, model), 4);
  const [row] = await db.sql`select analytics_features.product_document(1) as text`;
  t.regex(row?.text, /axle: rear\./);
});

test("a run while a worker holds claims is not waited for, and what it changed is encoded afterwards", async (t) => {
  await dbtRun("run", {}, ["--select", "stg_product"]);
  const claimed = await claim(db.sql);
  await db.sql`update bronze.product set name = 'changed meanwhile' where product_id = 7`;
  await dbtRun("run", {}, ["--select", "stg_product"]);
  t.is(await store(db.sql, model, claimed), 49, "no trigger told of product 7 in the swapped table, but the hook's comparison did");
  t.is(await drain(db.sql, model), 1);
  t.deepEqual(await status(), { products: 50, missing: 0, stale: 0, orphans: 0, triggers_attached: true });
});

test("the same model in a development schema is left alone", async (t) => {
  await dbtRun("run", {}, ["--select", "stg_product"]);
  await drain(db.sql, model);
  await dbtRun("run", {}, ["--select", "stg_product"], { DBT_TEST_SCHEMA: "dev_ivan" });
  t.deepEqual(await queued(db.sql), []);
  const [row] = await db.sql`select count(*)::integer as n from pg_trigger where tgrelid = 'dev_ivan_staging.stg_product'::regclass`;
  t.is(row?.n, 0);
  await db.sql`drop schema dev_ivan_staging cascade`;
});

test("a failure of ours is a row in the log and does not cost the dbt run", async (t) => {
  await db.sql`alter table analytics_features.product_queue rename to product_queue_away`;
  try {
    await dbtRun("run", {}, ["--select", "stg_product"]);
  } finally {
    await db.sql`alter table analytics_features.product_queue_away rename to product_queue`;
  }
  const [row] = await db.sql`select event, error from analytics_features.source_log where error is not null`;
  t.is(row?.event, "reconcile");
  t.regex(row?.error, /product_queue/);
});

test("dbt build with the package's marts and tests passes without a warning, also empty", async (t) => {
  await dbtRun("run", {}, ["--select", "stg_product"]);
  await drain(db.sql, model);
  const built = await dbtRun("build");
  t.regex(built, /Completed successfully/);
  t.notRegex(built, /deprecat/i);
  const [row] = await db.sql`select count(embedding)::integer as n from staging.product_with_embeddings`;
  t.is(row?.n, 50);
  t.regex(await dbtRun("build", {}, ["--empty", "--exclude", "resource_type:test"]), /Completed successfully/);
});
