import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database, Sql } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import type { Settings } from "../runner/settings.ts";
import { exampleProject } from "./dbt.ts";

/* By this comment on the schema bronze the example knows its own again. */
const mark = "Made by npm run example of product-embeddings.";

/**
 * The example must never play invented products into somebody's warehouse.
 *
 * @throws Failure PE100 the settings name another source than the example builds, or the database holds data that is not the example's; PE104 another process serves the embedded database
 */
export async function refuseOthers({ sql, embedded, shared, url }: Database, { source }: Settings): Promise<void> {
  if (embedded && shared) {
    throw new Failure("PE104", `Another process serves the example's database, on ${url}.`, "End it, or wait for it.");
  }
  if (source.schema !== "staging_staging" || source.table !== "stg_product") {
    throw new Failure(
      "PE100",
      "The example builds staging_staging.stg_product, and the settings name another source.",
      "Leave STAGING_DB_SCHEMA and STAGING_DB_TABLE out.",
    );
  }
  const [found] = await sql<{ bronze: string | null; products: boolean }[]>`
    select
      (
        select coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace'), '')
        from pg_catalog.pg_namespace n
        where n.nspname = 'bronze'
      ) as bronze,
      exists (
        select
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'staging_staging' and c.relname = 'stg_product'
      ) as products`;
  if (found?.bronze === mark || (found?.bronze === null && !found.products)) return;
  throw new Failure(
    "PE100",
    `The database already has ${found?.products ? "staging_staging.stg_product" : "a schema bronze"}, and not from this example.`,
    "Let DATABASE_URL name an empty database, or leave the connection variables out for an embedded one.",
  );
}

/** Makes the landing table, as a data team would, and marks the schema as the example's. */
export async function createBronze(sql: Sql): Promise<void> {
  const ddl = readFileSync(join(exampleProject, "bronze/product_events.sql"), "utf8");
  await sql.begin((transaction) => transaction.unsafe(`${ddl}; comment on schema bronze is '${mark}'`));
}

/** Drops what the example and its dbt project made, vectors included. */
export async function dropExample(sql: Sql, { schema, dimension }: Settings): Promise<void> {
  await sql.unsafe(`
    drop table if exists staging_marts.duplicate_products, staging_marts.similar_products, staging_marts.product_with_embeddings;
    drop table if exists staging_staging.stg_product;
    drop view if exists staging_staging.product_changes;
    drop table if exists bronze.product_events`);
  await sql`select ${sql(schema)}.reset_embeddings(${dimension})`;
}

/** The messages of a file of events, each as JSON. */
export function readEvents(file: string): string[] {
  return readFileSync(join(exampleProject, "events", file), "utf8")
    .trim()
    .split("\n");
}

/** Lands messages, each once however often it comes; returns how many are new. */
export async function land(sql: Sql, messages: readonly string[]): Promise<number> {
  const landed = await sql`
    insert into bronze.product_events (topic, partition, "offset", key, value)
    select m ->> 'topic', (m ->> 'partition')::integer, (m ->> 'offset')::bigint, m -> 'key', nullif(m -> 'value', 'null')
    from jsonb_array_elements(${`[${messages.join(",")}]`}::text::jsonb) m
    on conflict do nothing`;
  return landed.count;
}
