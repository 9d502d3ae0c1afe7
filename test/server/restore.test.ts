import { execFileSync } from "node:child_process";
import anyTest from "ava";
import { connect } from "../../runner/database.ts";
import { useDatabase } from "../helpers/database.ts";
import { claim, createSource, drain, insertParts, queued, registerModel, startOver, unitVector } from "../helpers/source.ts";
import { databaseUrl, serverUrl } from "../helpers/template.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);

test("a dump restored into a fresh database goes on where the first one was", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  await insertParts(db.sql, 1, 20);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set price = 7 where product_id in (3, 4)`;
  await claim(db.sql, "left behind", 1);

  const name = `product_embeddings_restore_${process.pid}`;
  const admin = connect(serverUrl ?? "", 1);
  await admin.unsafe(`create database ${name} template template0`);
  const restored = connect(databaseUrl(name), 2);
  try {
    const dump = execFileSync("pg_dump", [db.env.DATABASE_URL ?? ""], { maxBuffer: 1 << 28 });
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", databaseUrl(name)], { input: dump, stdio: ["pipe", "ignore", "pipe"] });
    const status = (sql: typeof restored) => sql`
      select products, embedded, missing, stale, queued, claimed, triggers_attached, model from analytics_features.compute_status()`;
    t.deepEqual([...(await status(restored))], [...(await status(db.sql))]);
    const hits = await restored`select * from analytics_features.search_products(${unitVector(7)}, 'cosine', 20)`;
    t.is(hits.length, 20);
    t.is(hits[0]?.product_id, "7");

    await restored`update staging_staging.stg_product set price = 8 where product_id = 5`;
    t.deepEqual(await queued(restored), [3, 4, 5]);
    await restored`update analytics_features.product_claims set lease_until = now()`;
    t.is(await drain(restored, model), 3);
  } finally {
    await restored.end();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  }
});
