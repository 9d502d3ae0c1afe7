import type { TestFn } from "ava";
import { connect, openDatabase } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings } from "../../runner/settings.ts";
import { type Cluster, makeCluster } from "./cluster.ts";
import type { TestDatabase } from "./database.ts";

export interface OwnServer extends TestDatabase {
  cluster: Cluster;
}

/** A migrated database as useDatabase() gives it, on a server of this test file's own that may be restarted or frozen. */
export function useOwnServer(test: TestFn, env: () => Record<string, string> = () => ({})): OwnServer {
  const own = {} as OwnServer;
  test.before("make the server", async () => {
    own.cluster = await makeCluster({ env: env() });
    const admin = connect(own.cluster.url("postgres"), 1);
    await admin`create database products`;
    await admin.end();
    own.env = { DATABASE_URL: own.cluster.url("products") };
    own.settings = readSettings(own.env);
    own.database = await openDatabase(own.settings, { max: 10 });
    own.sql = own.database.sql;
    await own.sql`create extension vector`;
    await migrate(own.database, own.settings);
  });
  test.after.always("remove the server", async () => {
    await own.database?.close();
    own.cluster?.remove();
  });
  return own;
}
