import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { TestFn } from "ava";
import { connect, openDatabase, type Sql } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings, root, type Settings } from "../../runner/settings.ts";
import { databaseUrl, serverUrl } from "./template.ts";

/** A login for each group, none a superuser; the stranger is in none. */
export const logins = ["owner", "dbt", "worker", "reader", "operator"] as const;
export type Login = (typeof logins)[number];

export interface Roles {
  name: string;
  /** A superuser, in another database. */
  admin: Sql;
  settings: Settings;
  as: Record<Login | "stranger", Sql>;
  login(who: Login | "stranger"): string;
  urlOf(who: Login | "stranger"): string;
  /** What dbt's table materialization does, with the hook, in one transaction. */
  build(rows: number): Promise<unknown>;
}

/** A database of this test file's own that its owner migrated after sql/dba.sql; `before` runs as a superuser, ahead of all. */
export function useRoles(test: TestFn, before = ""): Roles {
  const name = `product_embeddings_roles_${process.pid}`;
  const login = (who: Login | "stranger") => `pe_${process.pid}_${who}`;
  const urlOf = (who: Login | "stranger") => {
    const url = new URL(databaseUrl(name));
    url.username = login(who);
    return url.href;
  };
  const as = {} as Record<Login | "stranger", Sql>;
  const admin = connect(serverUrl ?? "", 1);
  const settings = readSettings({ DATABASE_URL: urlOf("owner") });

  test.before("make the roles", async () => {
    await admin.unsafe(`create database ${name} template template0`);
    for (const who of [...logins, "stranger"] as const) {
      await admin.unsafe(`create role ${login(who)} login`);
      as[who] = connect(urlOf(who), 2);
    }
    // A stranger to us who runs dbt, as dbt's role in any database may make schemas.
    await admin.unsafe(`grant create on database ${name} to ${login("dbt")}, ${login("stranger")}`);
    const superuser = connect(databaseUrl(name), 1);
    await superuser.unsafe(before);
    await superuser.end();
    const variables = logins.flatMap((who) => ["-v", `${who}=${login(who)}`]);
    execFileSync("psql", ["-qX", ...variables, "-f", join(root, "sql/dba.sql"), databaseUrl(name)], { stdio: "pipe" });
    const database = await openDatabase(settings);
    await migrate(database, settings);
    await database.close();
  });
  test.after.always("drop the roles", async () => {
    for (const sql of Object.values(as)) await sql.end();
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    for (const who of [...logins, "stranger"] as const) await admin.unsafe(`drop role if exists ${login(who)}`);
    await admin.end();
  });

  const build = (rows: number) =>
    as.dbt.begin((sql) =>
      sql.unsafe(`
        create schema if not exists staging_staging;
        create table staging_staging.built as
          select g::bigint as product_id, 'part ' || g as name, 'code ' || g as vendor_code, g::numeric(12, 2) as price, false as deleted
          from generate_series(1, ${rows}) g;
        drop table if exists staging_staging.stg_product cascade;
        alter table staging_staging.built rename to stg_product;
        select analytics_features.attach_after_build('staging_staging', 'stg_product')`),
    );
  return { name, admin, settings, as, login, urlOf, build };
}
