import { setTimeout } from "node:timers/promises";
import anyTest from "ava";
import { start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";

/* Whole workers as processes of their own, ended in every way. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  // Which vectors were written how often: an update is an encoding too many, unless the product changed.
  await db.sql.unsafe(`
    create table if not exists public.stores (product_id bigint, operation text);
    truncate public.stores;
    create or replace function public.note_store() returns trigger language plpgsql as
      $$ begin insert into public.stores values (new.product_id, tg_op); return null; end $$;
    create or replace trigger note_store after insert or update of embedding on analytics_features.product_embeddings
      for each row execute function public.note_store()`);
});

const embedded = async () => {
  const [row] = await db.sql<{ n: number }[]>`select count(*)::integer as n from analytics_features.product_embeddings`;
  return row?.n ?? 0;
};
const written = async () => {
  const [row] = await db.sql<{ n: number; products: number }[]>`
    select count(*)::integer as n, count(distinct product_id)::integer as products from public.stores`;
  return row ?? { n: 0, products: 0 };
};
const settled = async () => {
  const [row] = await db.sql`select missing::integer, stale::integer, queued::integer from analytics_features.compute_status()`;
  return row?.missing === 0 && row?.stale === 0 && row?.queued === 0;
};

test("two workers share the work, and nothing is encoded twice", async (t) => {
  await insertParts(db.sql, 1, 900);
  // Neither claims before both are there, or a quick one may have done it all.
  const workers = await db.sql.begin(async (gate) => {
    await gate`select pg_advisory_xact_lock(hashtext('analytics_features.product_queue'), 1)`;
    const started = [start("embed", ["--json"], db.env), start("embed", ["--json"], db.env)];
    await until(async () => {
      const [row] = await db.sql`
        select count(*)::integer as n from pg_locks l
        join pg_database d on d.oid = l.database and d.datname = current_database()
        where l.locktype = 'advisory' and not l.granted`;
      return row?.n === 2;
    }, "both ask for their first products");
    return started;
  });
  const results = (await Promise.all(workers.map(({ ended }) => ended))).map(({ stdout, stderr }) => {
    t.notRegex(stderr, /PE|rror|\d{5}:/);
    return JSON.parse(stdout) as { stored: number };
  });
  t.is(
    results.reduce((sum, { stored }) => sum + stored, 0),
    900,
  );
  t.true(results.every(({ stored }) => stored > 0));
  t.deepEqual(await written(), { n: 900, products: 900 });
});

test("a pass waits for the changes that another worker is taking up, and does its share of them", async (t) => {
  await insertParts(db.sql, 1, 50);
  const pass = await db.sql.begin(async (other) => {
    await other`select pg_advisory_xact_lock(hashtext('analytics_features.product_changes'), 2)`;
    const started = start("embed", ["--json"], db.env);
    await until(async () => (await db.sql`select from analytics_features.embedding_workers`).length > 0, started.output);
    const early = await Promise.race([started.ended.then(() => true), setTimeout(1000, false)]);
    t.false(early, started.output());
    return started;
  });
  const { code, stdout } = await pass.ended;
  t.is(code, 0);
  t.like(JSON.parse(stdout), { stored: 50 });
});

test("a worker killed in the middle loses nothing, and its successor encodes only the rest", async (t) => {
  await db.sql`update analytics_features.settings set lease = '2 seconds'`;
  await insertParts(db.sql, 1, 400);
  const victim = start("embed", [], db.env);
  await until(async () => (await embedded()) >= 64, "some are stored");
  victim.process.kill("SIGKILL");
  t.is((await victim.ended).code, "SIGKILL");
  const before = await embedded();
  t.true(before < 400);

  // The lease is all that a killed worker leaves behind.
  await until(async () => {
    const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_claims where lease_until > now()`;
    return row?.n === 0;
  }, "the lease runs out");
  const successor = await start("embed", [], db.env).ended;
  t.is(successor.stdout, `Generated embeddings for ${400 - before} products.\n`, successor.stderr);
  t.deepEqual(await written(), { n: 400, products: 400 });
  t.true(await settled());
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});

test("a worker that is stopped in the middle ends with what it was doing stored and the rest free", async (t) => {
  await insertParts(db.sql, 1, 600);
  const worker = start("worker", [], db.env);
  await until(async () => (await embedded()) >= 32, "some are stored");
  worker.process.kill("SIGTERM");
  const ended = await worker.ended;
  t.is(ended.code, 0, ended.stderr);
  t.true((await embedded()) < 600);
  const [row] = await db.sql`
    select (select count(*) from analytics_features.product_claims)::integer as claims,
      (select count(*) from analytics_features.claimable_queue)::integer as free`;
  t.deepEqual({ ...row }, { claims: 0, free: 600 - (await embedded()) });
});

test("connections that the server ends are opened again, and the work goes on", async (t) => {
  await insertParts(db.sql, 1, 300);
  const worker = start("worker", [], db.env);
  await until(async () => (await embedded()) >= 32, "some are stored");
  const ended = await db.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like ${`%${worker.process.pid}@%`}`;
  t.true(ended.length > 1);
  await insertParts(db.sql, 301, 302);
  // What the cut-off pass held is free again when its lease ends; maintain wakes for it every minute.
  await db.sql`update analytics_features.product_claims set lease_until = now()`;
  await until(settled, "everything is embedded", 120);
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
  t.is(await embedded(), 302);
});

test("a change is searchable a moment after its commit", async (t) => {
  await insertParts(db.sql, 1, 3);
  const worker = start("worker", [], db.env);
  await until(settled, "the first ones are embedded");
  const started = Date.now();
  await db.sql`update staging_staging.stg_product set name = 'Windshield wiper blade' where product_id = 2`;
  await until(settled, "the change is embedded", 20);
  t.log(`${Date.now() - started} ms from commit to searchable`);
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
  t.deepEqual(await written(), { n: 4, products: 3 });
});

test("a change is searchable while thousands wait that were loaded before it", async (t) => {
  await insertParts(db.sql, 1, 3);
  const worker = start("worker", [], db.env);
  await until(settled, worker.output);
  await insertParts(db.sql, 11, 3010);
  await until(async () => (await embedded()) >= 67, worker.output);
  await db.sql`update staging_staging.stg_product set name = 'Windshield wiper blade' where product_id = 2`;
  const again = async () => (await db.sql`select from public.stores where product_id = 2`).length === 2;
  await until(again, worker.output);
  t.true((await embedded()) < 2000, "the load is not through yet");
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
});

test("nobody waits for the words to be counted, which takes a large catalogue many seconds", async (t) => {
  await insertParts(db.sql, 1, 3);
  const worker = start("worker", [], db.env);
  await until(settled, worker.output);
  const lock = await db.sql.reserve();
  try {
    await lock`begin`;
    await lock`lock table analytics_features.word_statistics in share mode`;
    await insertParts(db.sql, 4, 4);
    const counting = async () =>
      (
        await db.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~ 'refresh_word_statistics'`
      ).length > 0;
    await until(counting, worker.output);
    await insertParts(db.sql, 5, 5);
    await until(async () => (await embedded()) === 5, worker.output);
    t.true(await counting());
  } finally {
    await lock`commit`;
    lock.release();
  }
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
  const [row] = await db.sql`select products::integer from analytics_features.word_statistics where word = 'part'`;
  t.true(Number(row?.products) >= 4, "and a worker that is stopped finishes it");
});

test("products and queries are encoded while the worker builds an index, which takes a large catalogue many minutes", async (t) => {
  await insertParts(db.sql, 1, 3);
  const worker = start("worker", [], db.env);
  await until(settled, worker.output);
  await db.sql`update analytics_features.settings set index_from_products = 1`;
  const lock = await db.sql.reserve();
  try {
    await lock`begin`;
    // Who wrote vectors and did not commit: a build waits for him.
    await lock`lock table analytics_features.product_embeddings in row exclusive mode`;
    await db.sql`select graphile_worker.add_job('build_index')`;
    const building = async () =>
      (
        await db.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~* 'create index concurrently'`
      ).length > 0;
    await until(building, worker.output);
    // A second one waits for its turn and is in nobody's way.
    await db.sql`select graphile_worker.add_job('build_index')`;
    await insertParts(db.sql, 4, 4);
    await until(settled, worker.output);
    await db.sql`call analytics_features.embed_query('part 4')`;
    t.true(await building());
  } finally {
    await lock`commit`;
    lock.release();
  }
  await until(async () => (await db.sql`select from analytics_features.vector_indexes`).length === 1, worker.output);
  await until(
    async () => (await db.sql`select from graphile_worker.jobs where task_identifier = 'build_index'`).length === 0,
    worker.output,
  );
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
  await db.sql.unsafe("drop index analytics_features.product_embeddings_hnsw_idx");
});

test("a worker whose listening connection is ended listens again and is woken", async (t) => {
  await insertParts(db.sql, 1, 1);
  const worker = start("worker", [], db.env);
  const listening = async () =>
    (
      await db.sql<{ pid: number }[]>`
        select pid from pg_stat_activity where datname = current_database() and query = 'listen "analytics_features"'`
    )[0]?.pid;
  const rests = async () =>
    (
      await db.sql`select from pg_locks where database = (select oid from pg_database where datname = current_database())
      and locktype = 'advisory' and mode = 'ExclusiveLock' and objid = 1 and objsubid = 2
      and classid = hashtext('analytics_features.product_changes')::oid`
    ).length === 1;
  await until(async () => (await settled()) && (await rests()), worker.output);
  const before = await listening();
  t.not(before, undefined);
  await db.sql`select pg_terminate_backend(${before ?? 0})`;
  await until(async () => ![undefined, before].includes(await listening()), worker.output);
  await until(rests, worker.output);
  await insertParts(db.sql, 2, 2);
  await until(async () => (await embedded()) === 2, worker.output);
  worker.process.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  t.is(code, 0, stderr);
});

test("a query is encoded while a backfill runs, for who waits for it and for who comes next", async (t) => {
  await insertParts(db.sql, 1, 2000);
  const worker = start("worker", [], db.env);
  await until(async () => (await embedded()) >= 32, worker.output);
  const began = Date.now();
  await db.sql.unsafe("call analytics_features.embed_query('part 7', '30 seconds')");
  t.log({ milliseconds: Date.now() - began });
  t.true((await embedded()) < 2000, "the backfill is not through yet");
  const hits = await db.sql`select name, used_vectors from analytics_features.search_products_text('part 7', 3)`;
  t.deepEqual({ ...hits[0] }, { name: "part 7", used_vectors: true });

  // Asked for by searching: the first answer is by words, and says so.
  const used = async () =>
    (await db.sql`select used_vectors from analytics_features.search_products_text('part 1999', 1)`)[0]?.used_vectors;
  t.false(await used());
  await until(async () => (await used()) === true, worker.output);
  // Words are there long before the vectors.
  const [row] = await db.sql`select count(*)::integer as n from analytics_features.product_words`;
  t.is(row?.n, 2000);
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
});

test("a change is encoded while thousands of new queries wait, which one reader can ask for", async (t) => {
  await insertParts(db.sql, 1, 20);
  const worker = start("worker", [], db.env);
  await until(async () => (await embedded()) === 20, worker.output);
  await db.sql`
    insert into analytics_features.query_embeddings (query, model_id)
    select 'a query that nobody asked before ' || i, analytics_features.active_model_id() from generate_series(1, 5000) i`;
  await db.sql`select analytics_features.wake_worker(task => 'embed_queries')`;
  const waiting = async () =>
    (await db.sql<{ n: number }[]>`select count(*)::integer as n from analytics_features.query_embeddings where embedding is null`)[0]?.n ??
    0;
  await until(async () => (await waiting()) < 4990, worker.output);
  await insertParts(db.sql, 21, 21);
  await until(async () => (await embedded()) === 21, worker.output);
  t.true((await waiting()) > 0, "the queries are not through yet");
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
});

test("call embed_query in a transaction is refused by the server, and nothing is left", async (t) => {
  await t.throwsAsync(
    db.sql.begin((sql) => sql.unsafe("call analytics_features.embed_query('part 7')")),
    { message: /transaction/ },
  );
  t.is((await db.sql`select from analytics_features.query_embeddings`).length, 0);
});
