import test from "ava";
import { connect, openDatabase } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings } from "../../runner/settings.ts";
import { makeCluster } from "../helpers/cluster.ts";
import { createSample, queued } from "../helpers/source.ts";

test("where transactions can be prepared, one that changes products can be, while a worker rests", async (t) => {
  const server = await makeCluster();
  try {
    const boss = connect(server.url("postgres"), 1);
    await boss`alter system set max_prepared_transactions = 2`;
    await boss.end();
    server.restart("fast");

    const settings = readSettings({ DATABASE_URL: server.url("postgres") });
    const database = await openDatabase(settings);
    const sql = connect(server.url("postgres"), 1);
    const resting = connect(server.url("postgres"), 1);
    try {
      await sql`create extension vector`;
      await createSample(sql);
      await migrate(database, settings);
      await sql`truncate analytics_features.product_changes, analytics_features.product_queue`;
      t.is((await resting`select analytics_features.look_for_work() as found`)[0]?.found, "rest");
      await sql`begin`;
      await sql`update staging_staging.stg_product set name = name || ' 2' where product_id = 7807552`;
      await sql`prepare transaction 'one'`;
      await sql`commit prepared 'one'`;
      t.is((await resting`select analytics_features.look_for_work() as found`)[0]?.found, "work");
      t.deepEqual(await queued(sql), [7807552]);
    } finally {
      await Promise.all([database.close(), sql.end(), resting.end()]);
    }
  } finally {
    server.remove();
  }
});
