import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, createSource, startOver } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(() => startOver(db.sql));

const document = async (id: number | string) => {
  const [row] = await db.sql<{ text: string | null }[]>`select analytics_features.product_document(${id}) as text`;
  return row?.text;
};

test("the pipeline's own example has the pipeline's text", async (t) => {
  await createSample(db.sql);
  t.is(
    await document(7807552),
    "name: Пневмоподушка (с мет стаканом). vendor_code: SABO520067C. weight: 2.5. length: 150. width: 100. height: 80. price: 1250.00. is_active: yes.",
  );
});

test("nulls and blanks are skipped, false is no, numbers stand as in the table", async (t) => {
  await createSource(db.sql);
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, vendor_code, weight, price, is_active, category_id, deleted)
    values (1, 'a', ' ', 0.50, 10, false, 7, false), (2, null, '', null, null, null, null, false), (3, E' \t b\n', null, 1e3, null, true, null, null)`;
  t.is(await document(1), "name: a. weight: 0.50. price: 10.00. is_active: no. category_id: 7.");
  t.is(await document(2), "");
  t.is(await document(3), "name: b. weight: 1000. is_active: yes.");
});

test("bookkeeping columns are left out, and a new column is in without anybody's doing", async (t) => {
  await createSource(db.sql);
  await db.sql`insert into staging_staging.stg_product (product_id, name, created_at, updated_at, ingested_at, deleted) values (1, 'a', now(), now(), now(), false)`;
  t.is(await document(1), "name: a.");
  await db.sql`alter table staging_staging.stg_product add column "Ось, №" text default 'задняя'`;
  t.is(await document(1), "name: a. Ось, №: задняя.");
  await db.sql`insert into analytics_features.document_fields values ('Ось, №', false)`;
  t.is(await document(1), "name: a.");
  await db.sql`delete from analytics_features.document_fields where column_name = 'Ось, №'`;
  await db.sql`alter table staging_staging.stg_product drop column name`;
  t.is(await document(1), "Ось, №: задняя.");
});

test("one value is one text, whatever the session's settings and however й was typed", async (t) => {
  await createSource(db.sql);
  await db.sql`alter table staging_staging.stg_product add column seen timestamptz, add column ratio float8`;
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, seen, ratio, deleted)
    values (1, U&'\\0439', '2026-03-02 12:00:00+03', 0.1, false), (2, U&'\\0438\\0306', '2026-03-02 09:00:00+00', 0.1, false)`;
  const expected = "name: й. seen: 2026-03-02 09:00:00+00. ratio: 0.1.";
  await db.sql.begin(async (sql) => {
    await sql`set local timezone = 'Asia/Tokyo'`;
    await sql`set local datestyle = 'German'`;
    await sql`set local extra_float_digits = -10`;
    const rows = await sql`select analytics_features.product_document(g) as text from generate_series(1, 2) g`;
    t.deepEqual(
      rows.map((row) => row.text),
      [expected, expected],
    );
  });
});

test("a soft-deleted product has no document, however the feed spells deleted", async (t) => {
  for (const [type, yes, no] of [
    ["boolean", "true", "false"],
    ["integer", "1", "0"],
    ["numeric(3, 1)", "1", "0"],
    ["text", "' True '", "'f'"],
    ["text", "'1.0'", "'0.0'"],
  ]) {
    await db.sql.unsafe(`
      drop schema if exists staging_staging cascade; create schema staging_staging;
      create table staging_staging.stg_product (product_id bigint, name text, deleted ${type});
      insert into staging_staging.stg_product values (1, 'a', ${yes}), (2, 'b', ${no}), (3, 'c', null)`);
    t.deepEqual([await document(1), await document(2), await document(3)], [null, "name: b.", "name: c."], type);
  }
});

test("a product_id that is no whole number is no product, and others are found as numbers", async (t) => {
  await db.sql.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product (product_id text, name text);
    insert into staging_staging.stg_product values (' 12 ', 'a'), ('13.00', 'b'), ('x', 'c'), (null, 'd'), ('1e3', 'e'), ('99999999999999999999', 'f')`);
  const rows = await db.sql`select product_id::integer as id, document from analytics_features.product_documents() order by 1`;
  t.deepEqual(
    [...rows].map((row) => [row.id, row.document]),
    [
      [12, "name: a."],
      [13, "name: b."],
    ],
  );
});

test("an id that stands twice has one document, the same at each look", async (t) => {
  await createSource(db.sql);
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'a'), (1, 'b'), (1, 'c')`;
  const first = await document(1);
  await db.sql`update staging_staging.stg_product set updated_at = now() where name = 'a'`;
  t.is(await document(1), first);
});

test("a source that is not named is refused, and the former stays", async (t) => {
  await fails(t, db.sql`select analytics_features.set_source('staging_staging', null)`, {
    code: "PE001",
    hint: /set_source\('staging_staging'/,
  });
  const [row] = await db.sql`select source_schema, source_table from analytics_features.settings`;
  t.deepEqual({ ...row }, { source_schema: "staging_staging", source_table: "stg_product" });
});

test("without a source, or without product_id, one sentence says so and what to do", async (t) => {
  await fails(t, db.sql`select analytics_features.product_document(1)`, {
    code: "PE001",
    message: "The source of the products, staging_staging.stg_product, does not exist.",
    hint: /dbt/,
  });
  await db.sql.unsafe("create schema staging_staging; create table staging_staging.stg_product (id bigint)");
  await fails(t, db.sql`select analytics_features.product_document(1)`, { code: "PE002", hint: /product_id/ });
});

test("another relation can be the source, whatever its name", async (t) => {
  await db.sql.unsafe(`
    create schema staging_staging;
    create view staging_staging."Товары; drop" as select 5::integer as product_id, 'a'::text as name`);
  await db.sql`select analytics_features.set_source('staging_staging', 'Товары; drop')`;
  t.is(await document(5), "name: a.");
});
