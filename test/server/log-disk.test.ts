import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import anyTest, { type TestFn } from "ava";
import { useDisk } from "../helpers/disk.ts";
import { useOwnServer } from "../helpers/own-server.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { watchStores } from "../helpers/truth.ts";
import { allIsTrue, drainedBy, endsWell, killWorkers, startAmid } from "../helpers/workers.ts";

/* No room for the server's log (WAL), which is worse than none for tables. */
const test = anyTest.serial;
const db = useOwnServer(anyTest);
const { disk, diskTest } = useDisk(test as TestFn, "128m");
test.afterEach.always(killWorkers);
const isBack = () => until(() => db.sql`select`.then(Boolean, () => false), "the server is back", 60);

diskTest("a disk that is full of the server's log ends the server; once there is room and it runs, the worker goes on", async (t) => {
  const log = join(disk, "log");
  mkdirSync(log);
  execFileSync("chown", ["postgres:", log]);
  db.cluster.moveLog(log);
  await isBack();
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
  const worker = await startAmid(db.sql, 150, db.env);

  const filler = join(disk, "filler");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  // A segment that is begun still has room: on until the next one is needed.
  const writing = async () => {
    await insertParts(db.sql, 1001, 3000);
    await db.sql`delete from staging_staging.stg_product where product_id > 1000`;
    return false;
  };
  await until(() => writing().catch(() => true), "the server has no room for its log", 60);
  // The server ends all sessions, and not just the statement.
  await until(async () => worker.output().includes("connection lost"), worker.output, 60);

  rmSync(filler);
  // It does not start by itself where its recovery found no room either.
  if (!db.cluster.isRunning()) db.cluster.start();
  await isBack();
  await db.sql`delete from staging_staging.stg_product where product_id > 1000`;
  await insertParts(db.sql, 151, 160);
  await drainedBy(db.sql, worker);
  await allIsTrue(t, db.sql);
  await endsWell(t, worker);
});
