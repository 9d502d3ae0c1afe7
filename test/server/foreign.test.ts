import anyTest from "ava";
import { useDatabase } from "../helpers/database.ts";
import { createSource, drain, insertParts, registerModel, startOver, unitVector } from "../helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);

test("a foreign table is a source: compared without a trigger, searched, and said to be one", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await insertParts(db.sql, 1, 5);
  const { hostname, port, username, pathname } = new URL(db.env.DATABASE_URL ?? "");
  // Committed, or the connection to itself would not see it.
  await db.sql`alter table staging_staging.stg_product rename to elsewhere`;
  await db.sql.unsafe(`
    create extension postgres_fdw;
    create server itself foreign data wrapper postgres_fdw options (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}');
    create user mapping for current_user server itself options (user '${username}');
    import foreign schema staging_staging limit to (elsewhere) from server itself into public;
    alter foreign table public.elsewhere rename to stg_product;
    alter foreign table public.stg_product set schema staging_staging`);
  await db.sql`select analytics_features.attach()`;
  const model = await registerModel(db.sql);
  t.is(await drain(db.sql, model), 5);

  await db.sql`update staging_staging.elsewhere set price = 9 where product_id = 2`;
  await db.sql`delete from staging_staging.elsewhere where product_id = 3`;
  await db.sql`select analytics_features.reconcile()`;
  t.is(await drain(db.sql, model), 1);
  const hits = await db.sql`select from analytics_features.search_products(${unitVector(1)}, 'l2', 10)`;
  t.is(hits.length, 4);
  const [status] = await db.sql`select state, products::integer, triggers_attached, notes from analytics_features.embedding_status`;
  t.deepEqual(
    { ...status },
    {
      state: "complete",
      products: 4,
      triggers_attached: false,
      notes: ["The source is a foreign table and cannot have triggers: changes are found by comparing."],
    },
  );
});
