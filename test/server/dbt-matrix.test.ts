import { writeFileSync } from "node:fs";
import { join } from "node:path";
import anyTest from "ava";
import { useDatabase } from "../helpers/database.ts";
import { drain } from "../helpers/source.ts";
import { useWarehouse } from "../helpers/warehouse.ts";

/* Real dbt on a real server: whatever a run makes of the source, and in whichever way, search stays whole. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const warehouse = useWarehouse(anyTest, db);

interface Kind {
  name: string;
  command: "run" | "seed" | "snapshot";
  vars?: { materialized: string; strategy?: string };
  /** The relation that it builds, and the name to select it by. */
  relation: string;
  /** A view cannot have triggers. */
  triggers: boolean;
  /** Whether --full-refresh means something to it. */
  refreshes: boolean;
}
const model = { command: "run", relation: "stg_product", triggers: true, refreshes: true } as const;
const incremental = (strategy: string): Kind => ({
  ...model,
  name: `incremental ${strategy}`,
  vars: { materialized: "incremental", strategy },
});
const kinds: Kind[] = [
  { ...model, name: "table", vars: { materialized: "table" } },
  incremental("append"),
  incremental("delete+insert"),
  incremental("merge"),
  incremental("microbatch"),
  { ...model, name: "view", vars: { materialized: "view" }, triggers: false, refreshes: false },
  { ...model, name: "materialized view", vars: { materialized: "materialized_view" }, triggers: false },
  { ...model, name: "seed", command: "seed", relation: "seed_product" },
  { ...model, name: "snapshot", command: "snapshot", relation: "product_history", refreshes: false },
];

for (const kind of kinds) {
  test(`${kind.name}: triggers stay, changes are encoded, nothing else is, and no search comes up short`, async (t) => {
    await db.sql`select analytics_features.set_source('staging_staging', ${kind.relation})`;
    /** What is upstream goes into the CSV where dbt seeds from one. */
    const upstream = async (statement?: string) => {
      if (statement !== undefined) await db.sql.unsafe(statement);
      if (kind.command !== "seed") return;
      const rows = await db.sql<{ line: string }[]>`
        select concat_ws(',', product_id, name, coalesce(vendor_code, ''), price, coalesce(category_id::text, ''), deleted) as line
        from bronze.product order by product_id`;
      const csv = ["product_id,name,vendor_code,price,category_id,deleted", ...rows.map(({ line }) => line), ""].join("\n");
      writeFileSync(join(warehouse.project, "seeds/seed_product.csv"), csv);
    };
    const run = (vars = {}, ...args: string[]) =>
      warehouse.dbt(kind.command, { ...kind.vars, ...vars }, ["--select", kind.relation, ...args]);
    const watched = () => warehouse.watched(t, () => run());
    const encodings = () => drain(db.sql, warehouse.model);
    const status = async () => {
      const [row] = await db.sql`
        select state, products::integer, missing::integer, stale::integer, orphans::integer, triggers_attached from analytics_features.compute_status()`;
      return { ...row };
    };
    const complete = { state: "complete", missing: 0, stale: 0, triggers_attached: kind.triggers };

    await upstream();
    await run();
    t.is(await encodings(), 50, "the first run");
    t.deepEqual(await status(), { ...complete, products: 50, orphans: 0 });

    await watched();
    t.is(await encodings(), 0, "a second run without a change");
    t.deepEqual(await status(), { ...complete, products: 50, orphans: 0 });

    await upstream(`
      update bronze.product set price = price + 1, ingested_at = clock_timestamp() where product_id <= 3;
      insert into bronze.product (product_id, name, price) values (51, 'new', 1), (52, 'new too', 2)`);
    await watched();
    t.is(await encodings(), 5, "just what changed and what is new");
    t.deepEqual(await status(), { ...complete, products: 52, orphans: 0 });

    await upstream("update bronze.product set deleted = true, ingested_at = clock_timestamp() where product_id = 49");
    await watched();
    t.is(await encodings(), 0, "a product that is marked deleted");
    t.deepEqual(await status(), { ...complete, products: 51, orphans: 1 });

    if (kind.command === "seed") {
      await upstream("update bronze.product set name = '1,1' where product_id = 1");
      await t.throwsAsync(watched());
      await upstream("update bronze.product set name = 'part 1' where product_id = 1");
    } else if (kind.command === "run" && kind.triggers) {
      await t.throwsAsync(
        warehouse.watched(t, () => run({ fail: true })),
        { message: /division by zero/ },
      );
    }
    t.is(await encodings(), 0, "a run that fails changes nothing");
    t.deepEqual(await status(), { ...complete, products: 51, orphans: 1 });

    await upstream("delete from bronze.product where product_id = 50");
    // Anew, a microbatch model is committed batch by batch: the source itself is incomplete meanwhile.
    const inParts = kind.vars?.strategy === "microbatch";
    await warehouse.watched(t, () => run({}, ...(kind.refreshes ? ["--full-refresh"] : [])), { inParts });
    t.is(await encodings(), 0, "a full refresh");
    t.deepEqual(await status(), { ...complete, products: 50, orphans: 2 });
  });
}
