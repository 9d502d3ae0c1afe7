import anyTest from "ava";
import { connect, type Sql } from "../../runner/database.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, drain, insertParts, registerModel, startOver, unitVector } from "../helpers/source.ts";

/*
 * A session keeps the plan of source_rows(), and its body stays until the next comparison, while the source
 * changes under them: what is found is what is there, before that comparison and after it.
 */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let session: Sql;

test.before(async () => {
  session = connect(db.env.DATABASE_URL ?? "", 1);
});
test.after.always(() => session?.end());
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await insertParts(db.sql, 1, 60);
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.build_index()`;
});

/** Ten hits of each way to search, in the one session, as "id name". */
async function search(): Promise<string[][]> {
  const ways = [
    session`select product_id, name from analytics_features.search_products(${unitVector(7)})`,
    session`select product_id, name from analytics_features.search_products(${unitVector(7)}, 'cosine', 10, '{"price": {"<": 50}}'::jsonb)`,
    session`select product_id, name from analytics_features.live_products(array(select generate_series(1, 20)))`,
  ];
  return (await Promise.all(ways)).map((rows) => rows.map(({ product_id, name }) => `${product_id} ${name}`));
}
const isMadeForTheSource = async () =>
  (
    await session`
      select from analytics_features.source_rows(
        array(select generate_series(1, 60)), analytics_features.source_signature(analytics_features.source_relation())
      )`
  ).length > 0;

const changes: { what: string; sql: string; isKept: boolean; live: string; without: number[] }[] = [
  {
    what: "dbt's swap",
    sql: `
      create table staging_staging.tmp as select * from staging_staging.stg_product where product_id <> 7;
      update staging_staging.tmp set name = 'new ' || name;
      alter table staging_staging.stg_product rename to old;
      alter table staging_staging.tmp rename to stg_product;
      drop table staging_staging.old`,
    isKept: true,
    live: "select product_id, name from staging_staging.stg_product",
    without: [7],
  },
  {
    what: "a swap to a table with other columns",
    sql: `
      create table staging_staging.tmp as
        select product_id::integer, name, price, case when product_id in (7, 8) then 'yes' end as deleted from staging_staging.stg_product;
      alter table staging_staging.stg_product rename to old;
      alter table staging_staging.tmp rename to stg_product`,
    isKept: false,
    live: "select product_id, name from staging_staging.stg_product where deleted is null",
    without: [7, 8],
  },
  {
    what: "a column retyped",
    sql: `
      alter table staging_staging.stg_product alter column deleted type integer using case when product_id = 7 then 1 else 0 end,
        alter column product_id type numeric`,
    isKept: false,
    live: "select product_id, name from staging_staging.stg_product where deleted = 0",
    without: [7],
  },
  {
    what: "a column dropped",
    sql: "alter table staging_staging.stg_product drop column name",
    isKept: false,
    live: "select product_id, null as name from staging_staging.stg_product",
    without: [],
  },
  {
    what: "a column added that decides",
    sql: `
      alter table staging_staging.stg_product add column dbt_valid_to timestamptz;
      update staging_staging.stg_product set dbt_valid_to = '2020-01-01' where product_id = 7`,
    isKept: false,
    live: "select product_id, name from staging_staging.stg_product where product_id <> 7",
    without: [7],
  },
  {
    what: "another source with the same columns",
    sql: `
      create table staging_staging.other (like staging_staging.stg_product);
      insert into staging_staging.other select * from staging_staging.stg_product where product_id <> 7;
      update staging_staging.other set name = 'other ' || name;
      select analytics_features.set_source('staging_staging', 'other')`,
    isKept: false,
    live: "select product_id, name from staging_staging.other",
    without: [7],
  },
  {
    what: "a product in two rows, the newer of which is deleted",
    sql: `
      insert into staging_staging.stg_product (product_id, name, price, deleted, updated_at)
      values (7, 'part 7', 7, true, '2100-01-01'), (8, 'newer 8', 8, false, '2100-01-01')`,
    isKept: true,
    live: `
      select product_id, name from staging_staging.stg_product s where product_id <> 7
        and not exists (select from staging_staging.stg_product n where n.product_id = s.product_id and n.updated_at > coalesce(s.updated_at, '-infinity'))`,
    without: [7],
  },
];

for (const { what, sql, isKept, live, without } of changes) {
  test(`${what}: a session that keeps its plans finds what is there`, async (t) => {
    for (let i = 0; i < 3; i++) t.true((await search())[0]?.[0]?.startsWith("7 "));
    t.true(await isMadeForTheSource());

    await db.sql.unsafe(sql);
    for (const moment of ["before a comparison", "after it"]) {
      if (moment === "after it") await db.sql`select analytics_features.reconcile()`;
      const there = new Set((await db.sql.unsafe(live)).map(({ product_id, name }) => `${product_id} ${name}`));
      for (const found of await search()) {
        t.true(found.length >= 10, moment);
        t.deepEqual(
          found.filter((hit) => !there.has(hit)),
          [],
          moment,
        );
        t.is(new Set(found.map((hit) => hit.split(" ")[0])).size, found.length, moment);
      }
      t.false(
        (await search()).flat().some((hit) => without.includes(Number(hit.split(" ")[0]))),
        moment,
      );
      if (moment === "after it" || isKept) t.true(await isMadeForTheSource(), moment);
    }
  });
}

test("a body that is made for something else is not believed", async (t) => {
  await db.sql`
    create or replace function analytics_features.source_rows(product_ids bigint[], signature text)
      returns table (product_id bigint, name text, vendor_code text, price numeric, passes boolean) language sql stable
      as $$ select i, 'wrong', null::text, null::numeric, true from unnest(product_ids) i where signature = 'another' $$`;
  for (const found of await search()) {
    t.true(found.length >= 10);
    t.true(found.every((hit) => / part \d+$/.test(hit)));
  }
  await db.sql`select analytics_features.reconcile()`;
  t.true(await isMadeForTheSource());
});

test("a session knows the index that is there now, whichever it knew", async (t) => {
  const index = "analytics_features.product_embeddings_hnsw_idx";
  // As nearest_products() asks.
  await db.sql.unsafe(`
    create or replace function public.planned() returns text language plpgsql set plan_cache_mode = force_generic_plan
      as $$
        begin
          return (select analytics_features.planned_index() where not exists (select from analytics_features.product_embeddings where false));
        end $$`);
  const isKnown = async (type: string | null) => {
    const asked = "select public.planned() as planned, analytics_features.search_index() as actual";
    for (let i = 0; i < 2; i++) t.deepEqual({ ...(await session.unsafe(asked))[0] }, { planned: type, actual: type });
  };
  // What is counted since the session last told the others, which is not at the end of each transaction.
  const counted = async (own: Sql) => Number((await own`select pg_stat_get_xact_numscans(to_regclass(${index})) as scans`)[0]?.scans ?? 0);
  const scans = () =>
    session.begin(async (own) => {
      const before = await counted(own as unknown as Sql);
      t.is((await own`select from analytics_features.search_products(${unitVector(7)})`).length, 10);
      return (await counted(own as unknown as Sql)) - before;
    });
  await isKnown("vector");
  t.is(await scans(), 1);
  await db.sql`drop index ${db.sql(index)}`;
  await isKnown(null);
  t.is(await scans(), 0);
  await db.sql`select analytics_features.build_index(as_halfvec => true)`;
  await isKnown("public.halfvec(384)");
  await db.sql`drop index analytics_features.product_embeddings_hnsw_halfvec_idx`;
  await db.sql.unsafe((await db.sql`select analytics_features.index_sql(is_concurrent => true) as sql`)[0]?.sql);
  await isKnown("vector");
  t.is(await scans(), 1);
  await db.sql`drop function public.planned()`;
});

test("nobody but the owner may change what runs with his rights", async (t) => {
  const [row] = await db.sql`
    select has_schema_privilege('public', 'analytics_features', 'create') as everybody,
      (select p.proowner = n.nspowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname = 'source_rows') as is_owners`;
  t.deepEqual({ ...row }, { everybody: false, is_owners: true });
});

test("a session that goes on writing keeps little of each swap", async (t) => {
  const kept = async () => Number((await session`select sum(total_bytes) as bytes from pg_backend_memory_contexts`)[0]?.bytes);
  const swapAndWrite = () =>
    session.unsafe(`
      create table staging_staging.stg_product__new as select * from staging_staging.stg_product;
      drop table staging_staging.stg_product cascade;
      alter table staging_staging.stg_product__new rename to stg_product;
      select analytics_features.attach();
      update staging_staging.stg_product set price = price + 1 where product_id = 5;
      update staging_staging.stg_product set price = price + 1 where product_id < 5;
      insert into staging_staging.stg_product (product_id, name) values (1000, 'One');
      delete from staging_staging.stg_product where product_id = 1000`);
  for (let i = 0; i < 3; i++) await swapAndWrite();
  const before = await kept();
  for (let i = 0; i < 10; i++) await swapAndWrite();
  // PL/pgSQL compiles a trigger's function for each trigger, and forgets none.
  const each = ((await kept()) - before) / 10;
  t.true(each < 500_000, `${each} bytes a swap`);
});
