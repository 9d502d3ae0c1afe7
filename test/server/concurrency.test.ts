import anyTest from "ava";
import { connect } from "../../runner/database.ts";
import { useDatabase } from "../helpers/database.ts";
import { claim, createSource, drain, insertParts, queued, registerModel, startOver, store, unitVector, until } from "../helpers/source.ts";

/* Several connections at once: only a server shows what waits for what. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
});

/** Runs work in an open transaction that is held until `meanwhile` is through; waiting for a lock fails it. */
const whileOpen = async (work: string, meanwhile: () => Promise<unknown>) => {
  await db.sql.begin(async (sql) => {
    await sql.unsafe("set local lock_timeout = '2s'");
    await sql.unsafe(work);
    await meanwhile();
  });
};
/** What dbt's table materialization does, with our hook. */
const swap = () =>
  db.sql.begin((sql) =>
    sql.unsafe(`
      create table staging_staging.tmp as select * from staging_staging.stg_product;
      alter table staging_staging.stg_product rename to old;
      alter table staging_staging.tmp rename to stg_product;
      select analytics_features.attach();
      drop table staging_staging.old cascade`),
  );
/** One transaction that fails rather than waits. */
const withoutWaiting = (work: string) =>
  db.sql.begin(async (sql) => {
    await sql.unsafe("set local lock_timeout = '2s'");
    await sql.unsafe(work);
  });

test("two writers never wait for each other because of us, in whichever order they write", async (t) => {
  await insertParts(db.sql, 1, 10);
  const update = (id: number) => `update staging_staging.stg_product set price = price + 1 where product_id = ${id};`;
  await whileOpen(update(1) + update(5), () => withoutWaiting(update(6) + update(2)));
  // The same id in two rows, which the source does not forbid: the queue does not make one wait.
  const insert = "insert into staging_staging.stg_product (product_id, name) values (77, 'x');";
  await whileOpen(insert, () => withoutWaiting(insert));
  t.true((await queued(db.sql)).includes(77));
});

test("a writer that is open holds up neither claim, store, reconcile nor status, and what it writes is found when it commits", async (t) => {
  await insertParts(db.sql, 1, 3);
  const claimed = await claim(db.sql);
  await whileOpen(
    "update staging_staging.stg_product set name = 'open' where product_id = 2; insert into staging_staging.stg_product (product_id, name) values (4, 'x');",
    async () => {
      await db.sql`set lock_timeout = '2s'`;
      t.is(await store(db.sql, model, claimed), 3);
      await withoutWaiting(
        "select analytics_features.reconcile(); select * from analytics_features.compute_status(); select * from analytics_features.claim_products('w2')",
      );
    },
  );
  t.deepEqual(await queued(db.sql), [2, 4]);
  t.is(await drain(db.sql, model), 2);
});

test("an open reconcile holds up no writer", async (t) => {
  await db.sql`select analytics_features.detach()`;
  await insertParts(db.sql, 1, 5);
  await db.sql`select analytics_features.attach()`;
  await db.sql`truncate analytics_features.product_queue, analytics_features.product_changes`;
  await whileOpen("select analytics_features.reconcile()", () =>
    withoutWaiting(
      "update staging_staging.stg_product set price = 9 where product_id = 3; delete from staging_staging.stg_product where product_id = 1",
    ),
  );
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5]);
});

test("neither a writer nor a worker that takes changes up waits for the other, whoever is first", async (t) => {
  await insertParts(db.sql, 1, 5);
  const update = (id: number) => `update staging_staging.stg_product set price = price + 1 where product_id = ${id};`;
  await whileOpen("select analytics_features.take_up_changes();", () => withoutWaiting(update(1) + update(2)));
  await whileOpen(update(3), () =>
    withoutWaiting("select analytics_features.take_up_changes(); select analytics_features.look_for_work()"),
  );
  // Two workers at once: the second leaves it to the first.
  await insertParts(db.sql, 6, 7);
  await whileOpen("select analytics_features.take_up_changes();", () =>
    withoutWaiting("do $$ begin assert (select products from analytics_features.take_up_changes()) = 0; end $$"),
  );
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5, 6, 7]);
  t.is(await drain(db.sql, model), 7);
});

test("a worker that dies while it takes changes up, or before it claims them, loses none", async (t) => {
  await insertParts(db.sql, 1, 500);
  const worker = connect(db.database.url, 1);
  await worker`begin`;
  const [taken] = await worker`select products::integer, pg_backend_pid() as pid from analytics_features.take_up_changes()`;
  t.is(taken?.products, 500);
  await db.sql`select pg_terminate_backend(${taken?.pid})`;
  await worker.end({ timeout: 0 });
  // What it had taken is free only when the server is through with it.
  await until(async () => (await db.sql`select from pg_stat_activity where pid = ${taken?.pid}`).length === 0, "its session is over");
  t.is((await queued(db.sql)).length, 500);
  const [left] = await db.sql`select count(*)::integer as rows from analytics_features.product_changes`;
  t.is(left?.rows, 3);
  await db.sql`select analytics_features.take_up_changes()`;
  t.is((await queued(db.sql)).length, 500);
  t.is(await drain(db.sql, model), 500);
});

test("a transaction that searched and stays open keeps no worker waiting, and its queries have their turn after it", async (t) => {
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  const noted = (query: string) => db.sql`
    insert into analytics_features.query_embeddings (query, model_id, used_at) values (${query}, ${model}, now() - interval '2 hours')`;
  await noted("asked before");
  await noted("a golden one");
  await db.sql`insert into analytics_features.golden_queries (query, product_id, grade) values ('a golden one', 1, 1)`;
  const taken = () => db.sql<{ query: string }[]>`select query from analytics_features.take_queries() order by 1`;
  const stored = async (query: string) =>
    (await db.sql`select analytics_features.store_query_embedding(${query}, ${model}, ${unitVector(1)}) as stored`)[0]?.stored;
  const hasWaited = "the worker waits for it";
  await db.sql.begin(async (reader) => {
    for (const query of ["asked before", "a golden one", "a new one"])
      await reader`select from analytics_features.search_products_text(${query})`;
    const meanwhile = (async () => {
      t.deepEqual([...(await taken())], []);
      for (const query of ["asked before", "a new one"]) {
        t.is(await stored(query), null);
        await db.sql`select analytics_features.fail_query(${query}, 'in vain', ${model})`;
      }
      await db.sql`select analytics_features.maintain('w')`;
      return "it goes on";
    })();
    t.is(await Promise.race([meanwhile, new Promise((resolve) => setTimeout(resolve, 10_000, hasWaited).unref())]), "it goes on");
  });
  await db.sql`select analytics_features.keep_queries()`;
  t.deepEqual(
    (await taken()).map(({ query }) => query),
    ["a golden one", "a new one", "asked before"],
  );
  t.true(await stored("asked before"));
});

test("a vector is not stored when its product changed since, taken up already or not", async (t) => {
  await insertParts(db.sql, 1, 3);
  const claimed = await claim(db.sql);
  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 1`;
  await db.sql`select analytics_features.take_up_changes()`;
  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 2`;
  t.is(await store(db.sql, model, claimed), 1);
  t.deepEqual(await queued(db.sql), [1, 2]);
});

test("who changes a product wakes a worker that rests and no other, and none rests before it saw what is on its way", async (t) => {
  const worker = connect(db.database.url, 1);
  const look = async () => (await worker<{ found: string }[]>`select analytics_features.look_for_work() as found`)[0]?.found;
  let woken = 0;
  const listening = await worker.listen("analytics_features", () => woken++);
  try {
    t.is(await look(), "rest");
    const [other] = await db.sql`select analytics_features.look_for_work() as found`;
    t.is(other?.found, "rest", "one holds the lock for all");
    await insertParts(db.sql, 1, 1);
    await until(async () => woken === 1, "the worker is woken");
    t.is(await look(), "work");
    await drain(db.sql, model);

    // The lock is let go with the first look, so these are not announced; the worker sees them all the same.
    await insertParts(db.sql, 2, 2);
    t.is(await look(), "work");
    await drain(db.sql, model);
    await db.sql.begin(async (writer) => {
      await writer`insert into staging_staging.stg_product (product_id, name) values (3, 'on its way')`;
      t.is(await look(), "look again");
    });
    t.is(await look(), "work");
    await drain(db.sql, model);
    t.is(await look(), "rest");
    // Notifications come in order: nothing else can have come before this one.
    await db.sql.notify("analytics_features", "");
    await until(async () => woken === 2, "the last one came");
    t.is(woken, 2);
  } finally {
    await listening.unlisten();
    await worker.end();
  }
});

test("a change of one product overtakes ten thousand, which go on all the same", async (t) => {
  await insertParts(db.sql, 1, 50);
  await drain(db.sql, model);
  await insertParts(db.sql, 1001, 11_000);
  const atWork = await claim(db.sql, "w1", 320);
  t.is(atWork.length, 320);
  const urgent = async () => (await db.sql`select analytics_features.more_urgent_waits(${model}) as waits`)[0]?.waits;
  t.false(await urgent());
  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 7`;
  t.true(await urgent(), "the worker at work is told");
  const next = await claim(db.sql, "w2", 320);
  t.is(next[0]?.product_id, "7");
  t.is(next.length, 320);
  t.false(await urgent());

  // However many small changes wait, a tenth of a claim is of the large one.
  for (let id = 1; id <= 40; id++) await db.sql`update staging_staging.stg_product set price = -1 where product_id = ${id}`;
  const third = (await claim(db.sql, "w3", 30)).map(({ product_id }) => Number(product_id));
  t.is(third.filter((id) => id <= 50).length, 27);
  t.is(third.filter((id) => id > 1000).length, 3);
  // One transaction that changes many is a large change, however small its statements are.
  await db.sql.unsafe(
    "do $$ begin for i in 1..101 loop update staging_staging.stg_product set price = -2 where product_id = 2000 + i; end loop; end $$",
  );
  const sizes = await db.sql`select distinct is_bulk from analytics_features.sized_changes`;
  t.deepEqual(
    sizes.map(({ is_bulk }) => is_bulk),
    [true],
  );
});

test("many claimers at once never get the same product", async (t) => {
  await insertParts(db.sql, 1, 500);
  const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => claim(db.sql, `w${i}`, 50)));
  const all = claims.flat().map(({ product_id }) => product_id);
  t.is(all.length, 400);
  t.is(new Set(all).size, 400);
});

test("a table can be renamed and dropped while its products are claimed: nothing of ours locks it", async (t) => {
  await insertParts(db.sql, 1, 5);
  const claimed = await claim(db.sql);
  await withoutWaiting(`
    create table staging_staging.tmp as select * from staging_staging.stg_product;
    alter table staging_staging.stg_product rename to old;
    alter table staging_staging.tmp rename to stg_product;
    drop table staging_staging.old cascade`);
  t.is(await store(db.sql, model, claimed), 5);
  const hits =
    await db.sql`select from analytics_features.search_products((select embedding from analytics_features.product_embeddings limit 1))`;
  t.is(hits.length, 5);
});

test("claims made while the table is swapped never take a product for vanished", async (t) => {
  await insertParts(db.sql, 1, 20);
  await drain(db.sql, model);
  let swapping = true;
  const claimer = (async () => {
    while (swapping) {
      await db.sql`insert into analytics_features.product_queue (product_id, model_id) select generate_series(1, 20), ${model}`;
      await claim(db.sql);
    }
  })();
  for (let i = 0; i < 30; i++) await swap();
  swapping = false;
  await claimer;
  const [row] = await db.sql`select count(vanished_at)::integer as vanished from analytics_features.product_embeddings`;
  t.is(row?.vanished, 0);
});

test("searches running while the table is swapped again and again never come up short", async (t) => {
  await insertParts(db.sql, 1, 20);
  await drain(db.sql, model);
  let swapping = true;
  let searches = 0;
  const searcher = (async () => {
    while (swapping) {
      const hits =
        await db.sql`select from analytics_features.search_products((select embedding from analytics_features.product_embeddings limit 1), 'l2', 20)`;
      t.is(hits.length, 20);
      searches++;
    }
  })();
  for (let i = 0; i < 30; i++) await swap();
  swapping = false;
  await searcher;
  t.true(searches > 10, `${searches} searches`);
  t.deepEqual(await queued(db.sql), []);
});
