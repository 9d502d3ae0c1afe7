import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSource, drain, insertParts, queued, registerModel, startOver, unitVector } from "./helpers/source.ts";

/* Sources as dbt projects really make them: odd ids, rows too many, snapshots, columns that come and go. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  model = await registerModel(db.sql);
});

/** Makes the source from a select, attaches, and encodes everything; returns how many were encoded. */
const source = async (select: string) => {
  await db.sql.unsafe(`create schema if not exists staging_staging; create table staging_staging.stg_product as ${select}`);
  await db.sql`select analytics_features.attach()`;
  return drain(db.sql, model);
};
const document = async (id: number) => {
  const [row] = await db.sql<{ text: string | null }[]>`select analytics_features.product_document(${id}) as text`;
  return row?.text;
};
const search = async (id: number, limit = 100) => {
  const rows = await db.sql<{ product_id: string; name: string }[]>`
    select product_id, name from analytics_features.search_products(${unitVector(id)}, 'l2', ${limit})`;
  return rows.map(({ product_id, name }) => `${product_id} ${name}`).sort();
};
const notes = async () => {
  const [row] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  return row?.notes.join("\n") ?? "";
};
const hook = (strict: boolean) => db.sql`select analytics_features.attach_after_build('staging_staging', 'stg_product', ${strict})`;

test("rows without a usable product_id are no products, the status counts them, and only a strict hook fails on them", async (t) => {
  const encoded = await source(
    "select * from (values ('1', 'a', false), (' 2.00 ', 'b', false), (null, 'c', false), ('x3', 'd', false), ('4.5', 'e', false), ('99999999999999999999', 'f', false)) v (product_id, name, deleted)",
  );
  t.is(encoded, 2);
  t.deepEqual(await search(1), ["1 a", "2 b"]);
  const [status] =
    await db.sql`select products::integer, unusable_ids::integer, duplicate_ids::integer, state from analytics_features.embedding_status`;
  t.deepEqual({ ...status }, { products: 2, unusable_ids: 4, duplicate_ids: 0, state: "complete" });
  t.is(await notes(), "4 rows have no usable product_id and are no products here.");
  await hook(false);
  await fails(t, hook(true), { code: "PE006", message: "4 rows have no usable product_id and are no products here." });
});

test("of a product_id in several rows the newest counts, for the text, for search and for being deleted", async (t) => {
  const encoded = await source(`
    select * from (values
      (1, 'old', timestamp '2026-01-01', false), (1, 'new', '2026-02-01', false),
      (2, 'gone', '2026-02-01', true), (2, 'was there', '2026-01-01', false),
      (3, 'back', '2026-02-01', false), (3, 'was gone', '2026-01-01', true),
      (4, 'no time', null, false), (4, 'dated', '2026-01-01', false)
    ) v (product_id, name, updated_at, deleted)`);
  t.is(encoded, 3);
  t.is(await document(1), "name: new.");
  t.is(await document(2), null);
  t.deepEqual(await search(1), ["1 new", "3 back", "4 dated"]);
  t.is((await search(1, 2)).length, 2, "the limit counts products and not rows");
  t.is(await notes(), "4 product_ids stand in several rows; the newest row counts.");
  await fails(t, hook(true), { code: "PE006" });

  // What an append-only model does with a change.
  await db.sql`insert into staging_staging.stg_product values (1, 'newest', '2026-03-01', false)`;
  const claimed = await claim(db.sql);
  t.deepEqual(
    claimed.map((row) => row.document),
    ["name: newest."],
  );
});

test("a double that came since the last comparison is one hit all the same", async (t) => {
  await source("select g as product_id, 'part ' || g as name, false as deleted from generate_series(1, 3) g");
  await db.sql`insert into staging_staging.stg_product values (1, 'part 1', false)`;
  t.deepEqual(await search(1), ["1 part 1", "2 part 2", "3 part 3"]);
});

test("of a dbt snapshot only the rows valid now are products, and its bookkeeping is in no text", async (t) => {
  const encoded = await source(`
    select product_id, name, md5(name) as dbt_scd_id, valid_from as dbt_updated_at, valid_from as dbt_valid_from, valid_to as dbt_valid_to, is_deleted as dbt_is_deleted
    from (values
      (1, 'first', timestamp '2026-01-01', timestamp '2026-02-01', 'False'), (1, 'second', '2026-02-01', null, 'False'),
      (2, 'ended', '2026-01-01', '2026-02-01', 'False'),
      (3, 'for ever', '2026-01-01', '9999-12-31', 'False'),
      (4, 'marked', '2026-01-01', '2026-02-01', 'False'), (4, 'marked', '2026-02-01', null, 'True')
    ) v (product_id, name, valid_from, valid_to, is_deleted)`);
  t.is(encoded, 2);
  t.is(await document(1), "name: second.");
  t.deepEqual(await search(1), ["1 second", "3 for ever"]);
  await db.sql`update staging_staging.stg_product set dbt_valid_to = now() where product_id = 3`;
  t.deepEqual(await queued(db.sql), [3], "the end of a version is a change");
  t.deepEqual(await search(1), ["1 second"]);
});

test("the end of a version counts also where the times of the source are texts", async (t) => {
  await source(`
    select product_id, name, valid_from as dbt_valid_from, valid_to as dbt_valid_to
    from (values
      (1, 'first', '2026-01-01 00:00:00', '2026-02-01 00:00:00'), (1, 'second', '2026-02-01 00:00:00', null),
      (2, 'ended', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
      (3, 'for ever', '2026-01-01', '9999-12-31'), (4, 'blank', '2026-01-01', ' ')
    ) v (product_id, name, valid_from, valid_to)`);
  t.deepEqual(await search(1), ["1 second", "3 for ever", "4 blank"]);
});

test("of a dbt snapshot what was closed a moment ago is the past, in whatever zone dbt and the session are", async (t) => {
  await source(`
    select product_id, name, timestamp '2026-01-01' as dbt_valid_from, case product_id when 1 then now() at time zone zone end as dbt_valid_to
    from (values (1, 'ended'), (2, 'present')) v (product_id, name), (values ('Pacific/Kiritimati'), ('Etc/GMT+12')) z (zone)`);
  await db.sql.begin(async (sql) => {
    for (const zone of ["Pacific/Kiritimati", "Etc/GMT+12"]) {
      await sql`select set_config('timezone', ${zone}, true)`;
      const live = await sql<{ ids: string[] }[]>`select array_agg(product_id) as ids from analytics_features.product_documents()`;
      t.deepEqual(live[0]?.ids, ["2"], zone);
      const [status] = await sql`select duplicate_ids::integer as n from analytics_features.compute_status()`;
      t.is(status?.n, 1, zone);
    }
  });
});

test("the closed rows of a dbt snapshot are no duplicates, and two that are valid at once are", async (t) => {
  await source(`
    select * from (values
      (1, 'first', timestamp '2026-01-01', timestamp '2026-02-01', false), (1, 'second', '2026-02-01', timestamp '9999-12-31', false),
      (2, 'ended', '2026-01-01', '2026-02-01', false), (2, 'ended again', '2026-02-01', '2026-03-01', false),
      (3, 'one', '2026-01-01', null, false)
    ) v (product_id, name, dbt_valid_from, dbt_valid_to, deleted)`);
  const duplicates = async () => {
    const [row] = await db.sql`
      select (select duplicate_ids from analytics_features.embedding_status)::integer as before,
        (select duplicate_ids from analytics_features.compute_status())::integer as now`;
    return { ...row };
  };
  t.deepEqual(await duplicates(), { before: 0, now: 0 });
  t.is(await notes(), "");
  await hook(true);
  t.deepEqual(await search(1), ["1 second", "3 one"]);

  await db.sql`insert into staging_staging.stg_product values (3, 'other', '2026-02-01', null, false), (null, 'closed', '2026-01-01', '2026-02-01', false)`;
  t.deepEqual(await duplicates(), { before: 0, now: 1 });
  await fails(t, hook(true), {
    code: "PE006",
    message: "1 rows have no usable product_id and are no products here. 1 product_ids stand in several rows; the newest row counts.",
  });
});

test("what a loader marks as its own with an underscore is in no text, unless somebody says so", async (t) => {
  await source("select i as product_id, 'a' as name, now() as _loaded_at, 'x' as _batch, false as deleted from generate_series(1, 2) i");
  t.is(await document(1), "name: a.");
  await db.sql`update staging_staging.stg_product set _loaded_at = clock_timestamp()`;
  t.deepEqual(await queued(db.sql), []);
  await db.sql`insert into analytics_features.document_fields values ('_batch', true)`;
  t.is(await document(1), "name: a. _batch: x.");
  await db.sql`delete from analytics_features.document_fields where column_name = '_batch'`;
});

test("a source without name or deleted works, the status says so, and strict misses only the name", async (t) => {
  t.is(await source("select 1 as product_id, 'X' as vendor_code"), 1);
  t.is(
    await notes(),
    "The source has no column name; search shows null for it.\nThe source has no column deleted; every row is a live product.",
  );
  await fails(t, hook(true), { code: "PE006", message: "The source has no column name; search shows null for it." });
  await db.sql`alter table staging_staging.stg_product rename column vendor_code to name`;
  await hook(true);
  t.regex(await notes(), /columns in the documents changed in the last day: \+ name, - vendor_code\./);
});

test("a source may have no column for the text, or more than a hundred", async (t) => {
  t.is(await source("select 1 as product_id, false as deleted"), 1);
  t.is(await document(1), "");
  await db.sql`drop table staging_staging.stg_product`;
  const columns = Array.from({ length: 150 }, (_, i) => `${i} as c${i}`).join(", ");
  t.is(await source(`select 1 as product_id, ${columns}, false as deleted`), 1);
  t.regex((await document(1)) ?? "", /^c0: 0\. .*c149: 149\.$/);
});

test("without product_id nothing works, and everything says why", async (t) => {
  await db.sql.unsafe("create schema if not exists staging_staging; create table staging_staging.stg_product (name text)");
  await fails(t, db.sql`select analytics_features.attach()`, { code: "PE002" });
  await fails(t, db.sql`select * from analytics_features.embedding_status`, { code: "PE002", hint: /product_id/ });
  await hook(false);
  const rows = await db.sql`select event, error from analytics_features.source_log order by log_id`;
  t.deepEqual(
    rows.map((row) => row.event),
    ["attach", "reconcile"],
  );
  t.regex(rows[0]?.error, /has no column product_id/);
  await fails(t, hook(true), { code: "PE002" });
  await db.sql`select analytics_features.maintain('w1')`;
  t.is((await db.sql`select from analytics_features.embedding_workers`).length, 1, "the worker's sign of life stands");
});

test("taking the triggers off leaves search and vectors, and changes are found by comparing", async (t) => {
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`select analytics_features.detach()`;
  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 2`;
  t.deepEqual(await queued(db.sql), []);
  t.is((await search(1)).length, 3);
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), [2]);
  t.regex(await notes(), /lacks the triggers for insert, update, delete, truncate/);
});

test("a full pass tries again what failed, and finds what no trigger saw", async (t) => {
  await db.sql`update analytics_features.settings set max_attempts = 1`;
  await createSource(db.sql);
  await insertParts(db.sql, 1, 2);
  await db.sql`select analytics_features.reconcile()`;
  const claimed = await claim(db.sql);
  await db.sql`select analytics_features.fail_products(${claimed[0]?.claim_id ?? null}, '{1}', '{no}')`;
  await db.sql`select analytics_features.release_claim(${claimed[0]?.claim_id ?? null})`;
  await drain(db.sql, model);
  await insertParts(db.sql, 3, 3);
  const [row] = await db.sql`select analytics_features.full_pass()::integer as n`;
  t.is(row?.n, 2);
  t.deepEqual(await queued(db.sql), [1, 3]);
});
