import anyTest from "ava";
import { migrate, ownMigrations, requireMigrated } from "../runner/migrate.ts";
import { readSettings } from "../runner/settings.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, drain, registerModel } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest, { migrated: false });

test("without pgvector the migration says what a DBA has to run, and leaves nothing half done", async (t) => {
  await db.sql`drop extension vector`;
  await fails(t, migrate(db.database, db.settings), {
    code: "PE004",
    message: 'extension "vector" does not exist in this database',
    hint: /create extension vector/,
  });
  const [row] = await db.sql`select count(*)::integer as n from pg_namespace where nspname = 'analytics_features'`;
  t.is(row?.n, 0);
  await db.sql`create extension vector`;
});

test("a table of the Python pipeline is adopted with its vectors, which serve until they are encoded anew", async (t) => {
  await db.sql.unsafe(`
    CREATE SCHEMA analytics_features;
    CREATE TABLE analytics_features.product_embeddings (
        product_id BIGINT PRIMARY KEY,
        embedding VECTOR(384),
        updated_at TIMESTAMP DEFAULT NOW()
    );
    insert into analytics_features.product_embeddings values
      (7807552, l2_normalize(array_fill(1, array[384])::vector), '2026-01-01'),
      (7807553, array_fill(2, array[384])::vector, '2026-01-01'),
      (7807554, null, '2026-01-01')`);
  await createSample(db.sql);
  const result = await migrate(db.database, db.settings);
  t.deepEqual(result, { sourceExists: true, attached: true, queued: 115 });
  const [status] = await db.sql`select embedded::integer, missing::integer, stale::integer from analytics_features.compute_status()`;
  t.like(status, { embedded: 2, missing: 113, stale: 2 });
  const hits = await db.sql`select product_id from analytics_features.search_products(array_fill(1, array[384])::vector)`;
  t.is(hits.length, 2);
  await drain(db.sql, await registerModel(db.sql));
  const [after] = await db.sql`select embedded::integer, missing::integer, stale::integer from analytics_features.compute_status()`;
  t.like(after, { embedded: 115, missing: 0, stale: 0 });
});

test("migrating again changes nothing", async (t) => {
  const objects = async () => {
    const [row] = await db.sql`
      select (select count(*) from pg_class)::integer as classes, (select count(*) from pg_proc)::integer as functions,
        (select count(*) from graphile_migrate.migrations)::integer as migrations, (select count(*) from analytics_features.queued_products)::integer as queued`;
    return row;
  };
  const before = await objects();
  t.deepEqual(await migrate(db.database, db.settings), { sourceExists: true, attached: true, queued: 0 });
  t.deepEqual(await objects(), before);
});

test("two at once both come through", async (t) => {
  const results = await Promise.all([migrate(db.database, db.settings), migrate(db.database, db.settings)]);
  t.deepEqual(
    results.map(({ attached }) => attached),
    [true, true],
  );
});

test("a dropped table of vectors is made again by migrating, with the dimension of the settings", async (t) => {
  await db.sql`DROP TABLE analytics_features.product_embeddings`;
  await migrate(db.database, { ...db.settings, dimension: 768 });
  const [row] =
    await db.sql`select atttypmod as dimension from pg_attribute where attrelid = 'analytics_features.product_embeddings'::regclass and attname = 'embedding'`;
  t.is(row?.dimension, 768);
  await fails(t, migrate(db.database, db.settings), { code: "PE020", hint: /PGVECTOR_EMBEDDING_DIM=768/ });
  await db.sql`select analytics_features.reset_embeddings(384)`;
});

test("before dbt's first run there is no source, and that is fine", async (t) => {
  await db.sql`drop schema staging_staging cascade`;
  t.deepEqual(await migrate(db.database, db.settings), { sourceExists: false, attached: false, queued: 0 });
  const [status] = await db.sql`select source, source_exists, products, triggers_attached from analytics_features.compute_status()`;
  t.deepEqual({ ...status }, { source: "staging_staging.stg_product", source_exists: false, products: null, triggers_attached: false });
});

test("another source is taken from the settings", async (t) => {
  const settings = readSettings({ ...db.env, STAGING_DB_SCHEMA: "public", STAGING_DB_TABLE: "Товары" });
  await db.sql`create table public."Товары" (product_id integer, name text)`;
  t.like(await migrate(db.database, settings), { sourceExists: true, attached: true });
  const [status] = await db.sql`select source from analytics_features.compute_status()`;
  t.is(status?.source, 'public."Товары"');
});

test("another schema than the one in the database is refused instead of doing nothing", async (t) => {
  await fails(t, migrate(db.database, { ...db.settings, schema: "elsewhere" }), {
    code: "PE103",
    message: "This database was migrated with PGVECTOR_SCHEMA=analytics_features, not elsewhere.",
  });
});

test("another table of vectors than the one in the database is refused, by whoever needs it", async (t) => {
  const settings = { ...db.settings, table: "vectors" };
  const expected = {
    code: "PE103",
    message: "This database was migrated with PGVECTOR_TABLE=product_embeddings, not vectors.",
    hint: /^Set PGVECTOR_TABLE=product_embeddings/,
  };
  await fails(t, migrate(db.database, settings), expected);
  await fails(t, requireMigrated(db.sql, settings), expected);
});

test("a database that a later version, or one that was never released, migrated is left alone", async (t) => {
  await db.sql`insert into graphile_migrate.migrations (hash, filename) values ('sha1:later', '999999.sql')`;
  await fails(t, migrate(db.database, db.settings), {
    code: "PE172",
    message: "The database is newer than this checkout, which lacks 999999.sql.",
    hint: /docs\/upgrade\.md/,
  });
  await db.sql`delete from graphile_migrate.migrations where filename = '999999.sql'`;
  const [last = "", hash = ""] = Object.entries(ownMigrations()).sort().at(-1) ?? [];
  await db.sql`update graphile_migrate.migrations set hash = 'sha1:other' where filename = ${last}`;
  await fails(t, migrate(db.database, db.settings), { code: "PE172", message: new RegExp(`Another migration ran here .*: ${last}`) });
  await db.sql`update graphile_migrate.migrations set hash = ${hash} where filename = ${last}`;
  await migrate(db.database, db.settings);
});

test("a reserved word as a name is refused", async (t) => {
  await fails(t, migrate(db.database, { ...db.settings, table: "user" }), {
    code: "PE100",
    message: /PGVECTOR_TABLE=user is a reserved word/,
  });
});
