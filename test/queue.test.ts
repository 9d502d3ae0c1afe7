import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { type Claimed, claim, createSource, drain, insertParts, queued, registerModel, startOver, store } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
});

const release = (claimed: readonly Claimed[]) => db.sql`select analytics_features.release_claim(${claimed[0]?.claim_id ?? null})`;

const ids = (claimed: readonly Claimed[]) => claimed.map(({ product_id }) => Number(product_id));

/** How many products each row names that writers left. */
const noted = async () => {
  const rows = await db.sql<
    { n: number }[]
  >`select cardinality(product_ids) as n from analytics_features.product_changes order by change_id`;
  return rows.map(({ n }) => n);
};

test("inserted, updated and deleted products are queued, each statement with one row, and without a job", async (t) => {
  await insertParts(db.sql, 1, 5);
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5]);
  t.deepEqual(await noted(), [5]);
  await drain(db.sql, await registerModel(db.sql));

  await db.sql`update staging_staging.stg_product set price = 99 where product_id = 2`;
  t.deepEqual(await queued(db.sql), [2]);
  await db.sql`delete from staging_staging.stg_product where product_id = 4`;
  t.deepEqual(await queued(db.sql), [2, 4]);
});

test("what many products left is in rows of a bounded length, one model or two, and a rolled back change leaves nothing", async (t) => {
  await registerModel(db.sql);
  await insertParts(db.sql, 1, 401);
  t.deepEqual(await noted(), [200, 200, 1]);
  t.is((await db.sql`select from analytics_features.take_up_changes()`).length, 1);
  t.deepEqual(await noted(), []);
  t.is((await queued(db.sql)).length, 401);
  await db.sql`truncate analytics_features.product_queue`;

  await db.sql.begin(async (sql) => {
    for (let id = 501; id <= 503; id++) await sql`insert into staging_staging.stg_product (product_id, name) values (${id}, 'x')`;
  });
  t.deepEqual(await noted(), [1, 1, 1]);
  await db.sql
    .begin(async (sql) => {
      await sql`insert into staging_staging.stg_product (product_id, name) values (509, 'x')`;
      throw new Error("roll back");
    })
    .catch(() => {});
  t.deepEqual(await queued(db.sql), [501, 502, 503]);
  t.is(
    (await db.sql`select from graphile_worker.jobs where task_identifier = 'embed_products'`).length,
    0,
    "none piles up without a worker",
  );
});

test("the words of many are taken up in smaller parts where each does not read the whole source", async (t) => {
  await registerModel(db.sql);
  const taken = async () => {
    await insertParts(db.sql, 1, 4000);
    const [row] = await db.sql<{ products: string }[]>`select products from analytics_features.take_up_changes()`;
    await db.sql`truncate staging_staging.stg_product, analytics_features.product_changes, analytics_features.product_queue`;
    return Number(row?.products);
  };
  t.is(await taken(), 3000);
  await db.sql`create index on staging_staging.stg_product (product_id)`;
  t.is(await taken(), 200);
  t.is(Number((await db.sql`select products from analytics_features.take_up_changes(5)`)[0]?.products), 0);
});

test("a small change is seen behind as many rows as there may be, and the beginning of a large one is not taken for small", async (t) => {
  await registerModel(db.sql);
  await db.sql`create index on staging_staging.stg_product (product_id)`;
  // A transaction of so many rows, as a subscription leaves, which notes one by one.
  const note = (rows: number, ago: number) => db.sql`
    insert into analytics_features.product_changes (queued_at, product_ids)
    select now() - make_interval(mins => ${ago}), array[g] from generate_series(1, ${rows}::integer) g`;
  const take = async () => (await db.sql`select products::integer, is_bulk, is_full from analytics_features.take_up_changes()`)[0];
  await note(700, 9);
  await note(550, 8);
  t.deepEqual({ ...(await take()) }, { products: 200, is_bulk: true, is_full: true }, "both are cut off");
  await note(3, 7);
  t.deepEqual({ ...(await take()) }, { products: 3, is_bulk: false, is_full: false });
  t.deepEqual({ ...(await take()) }, { products: 200, is_bulk: true, is_full: true });
  let taken = 400;
  for (let last = 1; last > 0; taken += last) last = (await take())?.products;
  t.is(taken, 1250);
  await db.sql`truncate analytics_features.product_queue`;
});

test("an update that leaves the document as it is queues nothing", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update staging_staging.stg_product set updated_at = now(), ingested_at = now(), name = name`;
  t.deepEqual(await queued(db.sql), []);
});

test("one row is noted unseen, and the claim finds that nothing changed; where somebody keeps a column out of the text, it is looked at", async (t) => {
  await insertParts(db.sql, 1, 3);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  const touch = (columns: string) => db.sql.unsafe(`update staging_staging.stg_product set ${columns} where product_id = 1`);
  await touch("updated_at = clock_timestamp()");
  t.deepEqual(await queued(db.sql), [1]);
  t.is((await claim(db.sql)).length, 0);
  t.deepEqual(await queued(db.sql), []);

  await db.sql`insert into analytics_features.document_fields (column_name, included) values ('weight', false)`;
  await db.sql`select analytics_features.reconcile()`;
  await drain(db.sql, model);
  await touch("updated_at = clock_timestamp(), weight = 5");
  t.deepEqual(await queued(db.sql), []);
  await touch("weight = 6, price = 7");
  t.deepEqual(await queued(db.sql), [1]);
});

test("a source whose ids are gone, or are no numbers, does not stop who writes to it", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, await registerModel(db.sql));
  const write = () =>
    db.sql.unsafe(`
      update staging_staging.stg_product set price = 1 where name = 'part 1';
      update staging_staging.stg_product set price = 1;
      insert into staging_staging.stg_product (name) values ('new');
      delete from staging_staging.stg_product where name = 'new'`);
  await db.sql`alter table staging_staging.stg_product alter column product_id type text using 'no. ' || product_id`;
  await t.notThrowsAsync(write);
  await db.sql`alter table staging_staging.stg_product drop column product_id, add column product_id uuid default gen_random_uuid()`;
  await t.notThrowsAsync(write);
  await db.sql`alter table staging_staging.stg_product drop column product_id`;
  await t.notThrowsAsync(write);
  t.deepEqual(await queued(db.sql), []);
});

test("one row is judged as many are where it is looked at: by the columns of the document, whatever their type", async (t) => {
  await db.sql.unsafe(`
    alter table staging_staging.stg_product add column facts json, add column _loaded_at timestamptz, add column _origin text, add column ratio float8;
    insert into staging_staging.stg_product (product_id, name, facts, ratio) values (1, 'a', '{"x": 1}', 0.1), (2, 'b', '{}', 0.1), (3, 'c', '{}', 0.1);
    insert into analytics_features.document_fields (column_name, included) values ('weight', false);
    select analytics_features.reconcile()`);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  const update = (columns: string, products: string) =>
    db.sql.unsafe(`set extra_float_digits = -8; update staging_staging.stg_product set ${columns} where product_id in (${products})`);
  for (const [columns, counts] of [
    ["_loaded_at = clock_timestamp(), updated_at = clock_timestamp()", false],
    ["facts = '{\"x\": 2}'", true],
    // The document has the json as it is written.
    ["facts = '{\"x\" : 2}'", true],
    ["ratio = ratio + 1e-15", true],
    ["deleted = not coalesce(deleted, false)", true],
    ["_origin = clock_timestamp()::text", false],
  ] as const) {
    for (const products of ["1", "2, 3"]) {
      await db.sql`truncate analytics_features.product_changes`;
      await update(columns, products);
      t.deepEqual((await queued(db.sql)).join(", "), counts ? products : "", `${columns} of ${products}`);
    }
  }
  await db.sql`insert into analytics_features.document_fields (column_name, included) values ('_origin', true), ('name', false)`;
  for (const [columns, counts] of [
    ["_origin = clock_timestamp()::text", true],
    ["name = clock_timestamp()::text", false],
    // Such a document cannot be jsonb, which costs nobody his statement.
    ['facts = \'{"y": "\\u0000"}\'', true],
  ] as const) {
    for (const products of ["1", "2, 3"]) {
      await db.sql`truncate analytics_features.product_changes`;
      await update(columns, products);
      t.deepEqual((await queued(db.sql)).join(", "), counts ? products : "", `${columns} of ${products}`);
    }
  }
});

test("columns of any name are the writer's own, also those that the trigger's SQL has names for", async (t) => {
  await db.sql.unsafe(`
    alter table staging_staging.stg_product add column n integer, add column o integer, add column v_id bigint, add column s text, add column i text,
      add column new_rows text, add column tg_op text;
    insert into analytics_features.document_fields (column_name, included) values ('weight', false);
    select analytics_features.reconcile();
    insert into staging_staging.stg_product (product_id, name, n, o, v_id, s) values (1, 'a', 1, 1, 1, 'x'), (2, 'b', 1, 1, 1, 'x')`);
  await drain(db.sql, await registerModel(db.sql));
  for (const [columns, products] of [
    ["weight = 3", []],
    ["n = 2", [1]],
    ["v_id = 5", [1]],
    ["s = 'y'", [1]],
  ] as const) {
    await db.sql`truncate analytics_features.product_changes`;
    await db.sql.unsafe(`update staging_staging.stg_product set ${columns} where product_id = 1`);
    t.deepEqual(await queued(db.sql), [...products], columns);
  }
});

test("an id of 19 digits is a product whatever its column's type, and one that becomes whole is a new one", async (t) => {
  for (const type of ["text", "numeric", "bigint"]) {
    await createSource(db.sql);
    await db.sql.unsafe(`alter table staging_staging.stg_product alter column product_id type ${type} using product_id::${type}`);
    await db.sql`select analytics_features.attach()`;
    await db.sql`insert into staging_staging.stg_product (product_id, name) values ('1812345678901234567', 'a snowflake'), ('-9223372036854775808', 'the least')`;
    const rows = await db.sql<
      { id: string }[]
    >`select product_id::text as id from analytics_features.product_documents() order by product_id`;
    t.deepEqual(
      rows.map(({ id }) => id),
      ["-9223372036854775808", "1812345678901234567"],
      type,
    );
  }
  await createSource(db.sql);
  await db.sql`alter table staging_staging.stg_product alter column product_id type numeric`;
  await db.sql`select analytics_features.attach()`;
  const model = await registerModel(db.sql);
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (720.4, 'a half'), (9223372036854775808, 'one too many')`;
  await drain(db.sql, model);
  await db.sql`insert into analytics_features.document_fields (column_name, included) values ('weight', false)`;
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`update staging_staging.stg_product set product_id = 720 where product_id = 720.4`;
  t.deepEqual(await queued(db.sql), [720]);
});

test("a number that is equal but written otherwise is another text, and is queued", async (t) => {
  await db.sql`insert into staging_staging.stg_product (product_id, weight) values (1, 2.5), (2, 2.5)`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update staging_staging.stg_product set weight = 2.50 where product_id = 1`;
  t.deepEqual(await queued(db.sql), [1]);
});

test("a changed product_id queues both the old and the new one", async (t) => {
  await insertParts(db.sql, 1, 1);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update staging_staging.stg_product set product_id = 2`;
  t.deepEqual(await queued(db.sql), [1, 2]);
});

test("a soft delete is queued, and so is its undoing", async (t) => {
  await insertParts(db.sql, 1, 2);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = 1`;
  t.deepEqual(await queued(db.sql), [1]);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set deleted = false where product_id = 1`;
  t.deepEqual(await queued(db.sql), [1]);
});

test("truncate queues every product that has a vector", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`truncate staging_staging.stg_product`;
  t.deepEqual(await queued(db.sql), [1, 2, 3]);
});

test("merge and upsert are seen", async (t) => {
  await db.sql`alter table staging_staging.stg_product add primary key (product_id)`;
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`
    merge into staging_staging.stg_product t using (values (2, 'changed'), (3, 'new')) s (id, name) on t.product_id = s.id
    when matched then update set name = s.name when not matched then insert (product_id, name) values (s.id, s.name)`;
  t.deepEqual(await queued(db.sql), [2, 3]);
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'x'), (4, 'y') on conflict (product_id) do update set name = excluded.name`;
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4]);
});

test("columns of any type may change, also those without an equality", async (t) => {
  await db.sql`alter table staging_staging.stg_product add column extra json, add column spot point`;
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update staging_staging.stg_product set extra = '{"a":1}' where product_id = 1`;
  await db.sql`update staging_staging.stg_product set spot = '(1,2)' where product_id = 2`;
  t.deepEqual(await queued(db.sql), [1, 2]);
});

test("null and unreadable ids are passed over without failing the writer", async (t) => {
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (null, 'x'), (1, 'y')`;
  t.deepEqual(await queued(db.sql), [1]);
  await db.sql`update staging_staging.stg_product set name = 'z'`;
  await db.sql`delete from staging_staging.stg_product`;
  t.deepEqual(await queued(db.sql), [1]);
});

test("a writer needs no rights of ours, and nothing in the way of names misleads the trigger", async (t) => {
  const role = `writer_${process.pid}`;
  await db.sql.unsafe(`
    create role ${role};
    grant usage on schema staging_staging to ${role};
    grant select, insert, update, delete, truncate on staging_staging.stg_product to ${role};
    create schema trap; grant usage, create on schema trap to ${role}`);
  try {
    await db.sql.begin(async (sql) => {
      await sql.unsafe(`set local role ${role}; set local search_path = trap, pg_catalog`);
      await sql.unsafe("create function trap.coalesce(bigint, bigint) returns bigint language sql as 'select 666::bigint'");
      await sql.unsafe("create temp table product_changes (product_ids bigint[])");
      await sql.unsafe("insert into staging_staging.stg_product (product_id, name) values (1, 'a'), (2, 'b')");
      await sql.unsafe("update staging_staging.stg_product set name = 'c' where product_id = 2");
      await sql.unsafe("delete from staging_staging.stg_product where product_id = 1");
    });
    t.deepEqual(await queued(db.sql), [1, 2]);
  } finally {
    await db.sql.unsafe(`drop schema trap cascade; drop table if exists pg_temp.product_changes; drop owned by ${role}; drop role ${role}`);
  }
});

test("a worker's schema that is away does not cost the writer its statement", async (t) => {
  await db.sql`alter schema graphile_worker rename to graphile_worker_away`;
  try {
    await insertParts(db.sql, 1, 1);
    t.deepEqual(await queued(db.sql), [1]);
  } finally {
    await db.sql`alter schema graphile_worker_away rename to graphile_worker`;
  }
});

test("attach adds only what is missing, enables what was disabled, and queues what changed meanwhile", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`alter table staging_staging.stg_product disable trigger _500_embed_update`;
  await db.sql`drop trigger _500_embed_insert on staging_staging.stg_product`;
  await db.sql`update staging_staging.stg_product set name = 'new' where product_id = 1`;
  await insertParts(db.sql, 4, 4);
  t.deepEqual(await queued(db.sql), []);
  const [before] = await db.sql`select triggers_attached, missing::integer, stale::integer from analytics_features.compute_status()`;
  t.like(before, { triggers_attached: false, missing: 1, stale: 1 });

  const [row] = await db.sql`select analytics_features.attach()::integer as n`;
  t.is(row?.n, 2);
  t.deepEqual(await queued(db.sql), [1, 4]);
  const triggers = await db.sql`select attached, enabled from analytics_features.source_triggers`;
  t.true(triggers.length === 4 && triggers.every((trigger) => trigger.attached && trigger.enabled));
  const [again] = await db.sql`select analytics_features.attach()::integer as n`;
  t.is(again?.n, 0);
});

test("detach takes the triggers off and leaves vectors and search", async (t) => {
  await insertParts(db.sql, 1, 2);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.detach()`;
  await db.sql`select analytics_features.detach()`;
  await insertParts(db.sql, 3, 3);
  t.deepEqual(await queued(db.sql), []);
  const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_embeddings`;
  t.is(row?.n, 2);
});

test("a table that dbt swapped is found out without any trigger, and the swapped-out one is ignored", async (t) => {
  await insertParts(db.sql, 1, 4);
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql.unsafe(`
    create table staging_staging.stg_product__dbt_tmp as select * from staging_staging.stg_product where product_id <> 4;
    update staging_staging.stg_product__dbt_tmp set name = 'renamed' where product_id = 1;
    insert into staging_staging.stg_product__dbt_tmp (product_id, name) values (5, 'new');
    alter table staging_staging.stg_product rename to stg_product__dbt_backup;
    alter table staging_staging.stg_product__dbt_tmp rename to stg_product;
    update staging_staging.stg_product__dbt_backup set name = 'nobody should care'`);
  t.deepEqual(await queued(db.sql), []);
  const [status] = await db.sql`
    select triggers_attached, missing::integer, stale::integer, orphans::integer from analytics_features.compute_status()`;
  t.like(status, { triggers_attached: false, missing: 1, stale: 1, orphans: 1 });

  const [row] = await db.sql`select analytics_features.reconcile()::integer as n`;
  t.is(row?.n, 3);
  t.deepEqual((await claim(db.sql)).map(({ product_id }) => Number(product_id)).sort(), [1, 5]);
});

test("a source that cannot have triggers is attached all the same and found by comparing", async (t) => {
  await db.sql.unsafe(`
    drop table staging_staging.stg_product;
    create view staging_staging.stg_product as select 1::bigint as product_id, 'a'::text as name`);
  const [row] = await db.sql`select analytics_features.attach()::integer as n`;
  t.is(row?.n, 1);
  const [status] = await db.sql`select triggers_attached from analytics_features.compute_status()`;
  t.false(status?.triggers_attached);
});

test("of a product that is known to stand in two rows, what makes the other one count is a change; of others it is none", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, updated_at)
    values (1, 'one', '2026-01-01'), (3, 'three', '2026-01-01'), (2, 'old', '2026-01-01'), (2, 'new', '2026-01-02')`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update staging_staging.stg_product set updated_at = '2026-01-03' where product_id in (1, 3)`;
  t.deepEqual(await queued(db.sql), []);
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`update staging_staging.stg_product set updated_at = '2026-01-04' where name in ('old', 'one')`;
  t.deepEqual(await queued(db.sql), [1, 2]);
  const [row] = await claim(db.sql);
  t.regex(row?.document ?? "", /^name: old\./);
});

test("a claim that is asked for none, or does not say for how many, comes back", async (t) => {
  await insertParts(db.sql, 1, 3);
  for (const most of [0, -1, null]) {
    const claimed = await db.sql<{ claim_id: string }[]>`select claim_id from analytics_features.claim_products('w1', ${most})`;
    t.is(claimed.length, most === null ? 3 : 1);
    await db.sql`select analytics_features.release_claim(${claimed[0]?.claim_id ?? null})`;
  }
});

test("a text that another worker is encoding is not handed out again: its product rides along, and has its vector with the other's", async (t) => {
  const model = await registerModel(db.sql);
  await db.sql`
    insert into staging_staging.stg_product (product_id, name)
    select i, case when i % 2 = 1 then 'Фильтр' else 'Колодки' end from generate_series(1, 6) i`;
  const first = await claim(db.sql, "w1", 1);
  const second = await claim(db.sql, "w2", 10);
  t.deepEqual(ids(second), [2, 4, 6]);
  t.deepEqual(ids(await claim(db.sql, "w3", 10)), []);

  // What changes meanwhile is claimed anew, and has its own text's vector.
  await db.sql`update staging_staging.stg_product set name = 'Рычаг' where product_id = 5`;
  t.deepEqual(ids(await claim(db.sql, "w3", 10)), [], "while the claim holds it, nobody else has it");
  t.is(await store(db.sql, model, first), 2, "its own and the third product's");
  t.is(await store(db.sql, model, second.slice(0, 1)), 3);
  await release(second);
  await release(first);
  const changed = await claim(db.sql, "w3", 10);
  t.deepEqual(ids(changed), [5]);
  await store(db.sql, model, changed);
  const rows = await db.sql<{ product_id: string; same_as: string }[]>`
    select e.product_id, min(o.product_id) as same_as
    from analytics_features.product_embeddings e
    join analytics_features.product_embeddings o on o.embedding = e.embedding and o.document_hash = e.document_hash
    group by e.product_id order by e.product_id`;
  t.deepEqual(
    rows.map(({ product_id, same_as }) => [Number(product_id), Number(same_as)]),
    [
      [1, 1],
      [2, 2],
      [3, 1],
      [4, 2],
      [5, 5],
      [6, 2],
    ],
  );
});

test("what rides along with a claim is free again when that claim is given back, fails or runs out", async (t) => {
  await registerModel(db.sql);
  await db.sql`insert into staging_staging.stg_product (product_id, name) select i, 'Фильтр' from generate_series(1, 2) i`;
  const released = await claim(db.sql, "w1", 1);
  t.deepEqual(ids(await claim(db.sql, "w2")), []);
  await release(released);
  const failing = await claim(db.sql, "w2", 1);
  t.deepEqual(ids(failing), [1]);
  t.deepEqual(ids(await claim(db.sql, "w3")), []);
  await db.sql`select analytics_features.fail_products(${failing[0]?.claim_id ?? null}, array[1], array['Nothing comes of it.'])`;
  await release(failing);
  const late = await claim(db.sql, "w3", 1);
  t.deepEqual(ids(late), [2], "the other waits for its next attempt");
  await db.sql`update analytics_features.product_queue set available_at = now() where product_id = 1`;
  t.deepEqual(ids(await claim(db.sql, "w1")), []);
  await db.sql`update analytics_features.product_claims set lease_until = now() - interval '1 second'`;
  t.deepEqual(ids(await claim(db.sql, "w1", 1)), [1]);
});

test("what is urgent does not wait for a text that stands in a large change", async (t) => {
  await registerModel(db.sql);
  await insertParts(db.sql, 1, 200);
  const [bulk] = await claim(db.sql, "w1", 1);
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, is_active, deleted)
    select 1000, name, price, is_active, deleted from staging_staging.stg_product where product_id = ${bulk?.product_id ?? null}`;
  const urgent = await claim(db.sql, "w2", 1);
  t.deepEqual(ids(urgent), [1000]);
});
