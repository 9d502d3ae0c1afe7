import anyTest, { type ExecutionContext } from "ava";
import type { ReservedSql } from "postgres";
import type { Sql } from "../../runner/database.ts";
import { useDatabase } from "../helpers/database.ts";
import { type Claimed, createSource, drain, insertParts, registerModel, startOver, store, unitVector, until } from "../helpers/source.ts";

/*
 * Steps of two or three sessions in every order that keeps each session's own, as PostgreSQL's isolation tester runs them. A step that
 * has to wait for another session's lock is left waiting while the others go on, and whatever the order was, what is
 * true in the end is the same.
 */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;

/** What a session does, one statement after the other: named, so that an order can be read. */
type Session = Readonly<Record<string, (sql: Sql) => PromiseLike<unknown>>>;

/** Every order of the steps of these sessions, each session's own kept. */
function ordersOf(sessions: readonly Session[]): { session: number; name: string }[][] {
  const left = sessions.map((session) => Object.keys(session));
  const go = (rest: readonly string[][]): { session: number; name: string }[][] => {
    if (rest.every((steps) => steps.length === 0)) return [[]];
    return rest.flatMap((steps, session) => {
      const [name, ...after] = steps;
      if (name === undefined) return [];
      return go(rest.map((other, i) => (i === session ? after : other))).map((order) => [{ session, name }, ...order]);
    });
  };
  return go(left);
}

/** Runs each order on connections of its own, from the same start, and looks whether what is true then is kept. */
async function everyOrder(t: ExecutionContext, sessions: readonly Session[], start: () => Promise<void> = begin): Promise<void> {
  for (const order of ordersOf(sessions)) {
    await start();
    const connections: Connection[] = [];
    for (const steps of sessions) {
      const sql = await db.sql.reserve();
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      connections.push({ sql, pid: row?.pid ?? 0, steps, busy: Promise.resolve() });
    }
    try {
      for (const { session, name } of order) {
        const connection = connections[session] as Connection;
        const step = connection.steps[name] as (sql: Sql) => PromiseLike<unknown>;
        // What a session is asked for begins when its step before is through.
        connection.busy = connection.busy.then(() => step(connection.sql));
        await throughOrBlocked(connection);
      }
      await Promise.all(connections.map(({ busy }) => busy));
    } finally {
      await Promise.allSettled(connections.map(({ busy }) => busy));
      for (const { sql } of connections) {
        await sql`rollback`;
        sql.release();
      }
    }
    await isKept(t, order.map(({ session, name }) => `${session + 1}: ${name}`).join(", "));
  }
}

interface Connection {
  sql: ReservedSql;
  pid: number;
  steps: Session;
  busy: Promise<unknown>;
}

/** Waits until the session's step is through, or stands at a lock of another session. */
async function throughOrBlocked({ pid, busy }: Connection): Promise<void> {
  let over = false;
  const settle = () => {
    over = true;
  };
  busy.then(settle, settle);
  await until(async () => {
    if (over) return true;
    const [row] = await db.sql<{ blocked: boolean }[]>`select cardinality(pg_blocking_pids(${pid})) > 0 as blocked`;
    return over || row?.blocked === true;
  }, "the step is through, or waits for another session");
}

/** Three products whose vectors are stored, of which one was changed since. */
async function begin(): Promise<void> {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
  await insertParts(db.sql, 1, 3);
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set name = 'changed' where product_id = 2`;
}

/** Before anything is drained the status says no less than waits; then vectors, marks and search are those of what is in the source now. */
async function isKept(t: ExecutionContext, order: string): Promise<void> {
  const [status] = await db.sql<{ state: string; pending: number; truth: number }[]>`
    select e.state, (e.missing + e.stale)::integer as pending, (x.missing + x.stale)::integer as truth
    from analytics_features.embedding_status e, analytics_features.compute_status() x`;
  t.true(status?.state === "unknown" || Number(status?.pending) >= Number(status?.truth), `${order}: ${JSON.stringify(status)}`);
  await db.sql`update analytics_features.product_claims set lease_until = now() - interval '1 second'`;
  const [active] = await db.sql<{ id: number }[]>`select analytics_features.active_model_id() as id`;
  await drain(db.sql, active?.id ?? model);
  const differing = await db.sql<{ id: string; state: string }[]>`
    select product_id as id, state from analytics_features.embedding_difference() where state not in ('current', 'orphan')`;
  t.deepEqual([...differing], [], order);
  const marks = await db.sql<{ id: string; marked: boolean; gone: boolean }[]>`
    select e.product_id as id, e.vanished_at is not null as marked, s.product_id is null as gone
    from analytics_features.product_embeddings e left join staging_staging.stg_product s using (product_id)`;
  for (const { id, marked, gone } of marks) t.is(marked, gone, `${order}: ${id}`);
  const found = await db.sql<{ id: string }[]>`
    select product_id as id from analytics_features.search_products(${unitVector(2)}, 'l2', 100) order by 1`;
  const live = await db.sql<{ id: string }[]>`select product_id as id from staging_staging.stg_product order by 1`;
  t.deepEqual([...found], [...live], order);
  const [again] = await db.sql<{ n: string }[]>`select analytics_features.reconcile() as n`;
  t.is(again?.n, "0", order);
}

/** A worker, who stores what it was given of the texts as they were then. */
const worker = (name = "w1", most = 320): Session => {
  let claimed: readonly Claimed[] = [];
  return {
    claim: async (sql) => {
      claimed = await sql<Claimed[]>`select * from analytics_features.claim_products(${name}, ${most}, ${model})`;
    },
    store: async (sql) => (claimed.length > 0 ? store(sql, model, claimed) : undefined),
  };
};
/** A writer, who leaves his transaction open for a while. */
const writer = (name: string, statement: string): Session => ({
  begin: (sql) => sql`begin`,
  [name]: (sql) => sql.unsafe(statement),
  commit: (sql) => sql`commit`,
});
const source = "staging_staging.stg_product";

test("a writer and a worker: a change is never lost and never taken for done", async (t) => {
  await everyOrder(t, [worker(), writer("update", `update ${source} set name = 'newer' where product_id in (2, 3)`)]);
});

test("a delete, a delete and insert, a truncate while a worker encodes: nothing of what is gone is found, nothing of what is there is missing", async (t) => {
  await everyOrder(t, [worker(), writer("delete", `delete from ${source} where product_id = 2`)]);
  const rebuilt = `delete from ${source}; insert into ${source} (product_id, name) values (2, 'changed'), (4, 'new')`;
  await everyOrder(t, [worker(), writer("delete and insert", rebuilt)]);
  await everyOrder(t, [worker(), writer("truncate", `truncate ${source}`)]);
});

test("a swap of the table while a worker encodes: none is taken for vanished", async (t) => {
  await everyOrder(t, [
    worker(),
    {
      build: (sql) => sql.unsafe(`begin; create table staging_staging.built as select product_id, 'built' as name from ${source}`),
      swap: (sql) =>
        sql.unsafe(`
          alter table ${source} rename to former; alter table staging_staging.built rename to stg_product;
          select analytics_features.attach_after_build('staging_staging', 'stg_product'); drop table staging_staging.former cascade`),
      commit: (sql) => sql`commit`,
    },
  ]);
});

test("a lease that ends while its worker encodes: whoever is second stores, and the first one's late vector is not taken for the newer text's", async (t) => {
  await everyOrder(t, [
    worker(),
    {
      "expire and update": (sql) =>
        sql.unsafe(`
          update analytics_features.product_claims set lease_until = now() - interval '1 second';
          update ${source} set name = 'newer' where product_id = 2`),
      ...worker("w2"),
    },
  ]);
});

test("two workers meet one text, and the one whose claim is open rides along with what the other stores or gives back", async (t) => {
  const { claim, store } = worker("w2");
  await everyOrder(
    t,
    [
      {
        ...worker("w1", 1),
        release: (sql) => sql`select analytics_features.release_claim(claim_id) from analytics_features.product_claims where worker = 'w1'`,
      },
      { begin: (sql) => sql`begin`, claim, commit: (sql) => sql`commit`, store } as Session,
    ],
    async () => {
      await begin();
      await db.sql`update staging_staging.stg_product set name = 'changed', price = 2 where product_id = 3`;
    },
  );
});

test("a comparison beside an open writer, and beside a worker: it queues nothing twice for good and misses nothing", async (t) => {
  const compare: Session = { reconcile: (sql) => sql`select analytics_features.reconcile()` };
  await everyOrder(t, [compare, writer("update", `update ${source} set name = 'newer' where product_id = 3`)]);
  await everyOrder(t, [compare, worker()]);
});

test("triggers put on beside an open writer, who began without them: what he wrote is found", async (t) => {
  await everyOrder(
    t,
    [
      { attach: (sql) => sql`select analytics_features.attach()` },
      writer("insert", `insert into ${source} (product_id, name) values (4, 'unseen')`),
    ],
    async () => {
      await begin();
      await db.sql`select analytics_features.detach()`;
    },
  );
});

test("a change of model beside a worker of the former one and a search: no vector of the one is stored as the other's", async (t) => {
  await everyOrder(
    t,
    [
      worker(),
      { "activate the other": (sql) => sql`select analytics_features.activate_model()` },
      {
        search: async (sql) => {
          const hits = await sql`select from analytics_features.search_products(${unitVector(2)}, 'l2', 100)`;
          t.is(hits.length, 3);
        },
      },
    ],
    async () => {
      await begin();
      await db.sql`select analytics_features.prepare_model('other')`;
      const [row] = await db.sql<{ id: number }[]>`
        select analytics_features.begin_preparation('other', 'r1', 'fp32', 384, 'mean', 256) as id`;
      await db.sql`select analytics_features.reconcile()`;
      for (;;) {
        const claimed = await db.sql<Claimed[]>`select * from analytics_features.claim_products('w0', 10, ${row?.id ?? 0})`;
        if (claimed.length === 0) break;
        await store(db.sql, row?.id ?? 0, claimed);
      }
      // As a worker does ahead of all; the claims of a model that is not searched leave them alone.
      await db.sql`select analytics_features.index_words()`;
    },
  );
});

test("a change of fields, of what is left out or of the hook beside a worker: what waited for it is encoded from the new text", async (t) => {
  await everyOrder(t, [worker(), writer("fields", `select from analytics_features.set_fields('{"price": {"label": "costs"}}')`)]);
});

test("a build that finds its products waiting for a worker already, who then takes them up before it commits", async (t) => {
  await everyOrder(
    t,
    [
      worker(),
      writer(
        "build",
        `delete from ${source} where product_id = 2; insert into ${source} (product_id, name) values (2, 'built anew');
        select analytics_features.attach_after_build('staging_staging', 'stg_product')`,
      ),
    ],
    async () => {
      await begin();
      // As an incremental model of dbt leaves a table that has no triggers yet.
      await db.sql`select analytics_features.detach()`;
    },
  );
});

test("a build of the source and one of a table that its hook reads: neither waits for the other, and a worker compares after both", async (t) => {
  await begin();
  await db.sql.unsafe(`
    create schema shop;
    create table shop.category as select product_id as id, 'title ' || product_id as title from ${source};
    create function shop.facts(product jsonb) returns jsonb language sql stable as $$
      select jsonb_build_object('category', c.title) from shop.category c where c.id = (product ->> 'product_id')::bigint
    $$;
    select * from analytics_features.set_document_hook('shop.facts', force => true);
    select analytics_features.attach_related('shop.category', 'id', 'product_id')`);
  await drain(db.sql, model);
  const jobs = async () => (await db.sql`select from graphile_worker.jobs where task_identifier = 'reconcile'`).length;
  // A worker has been here: the first job ever of a task is waited for.
  await db.sql`select graphile_worker.add_job('reconcile')`;
  const before = await jobs();
  const build = async (sql: Sql, schema: string, table: string, changed: string) => {
    await sql.unsafe(`
      begin; create table ${schema}.built as select * from ${schema}.${table}; update ${schema}.built set ${changed};
      alter table ${schema}.${table} rename to former; alter table ${schema}.built rename to ${table}`);
  };
  const [one, two] = [await db.sql.reserve(), await db.sql.reserve()];
  try {
    await build(one, "staging_staging", "stg_product", "price = 7");
    await build(two, "shop", "category", "title = 'built'");
    const queued = await Promise.all([
      one`select analytics_features.attach_after_build('staging_staging', 'stg_product') as n`,
      two`select analytics_features.attach_after_build('shop', 'category') as n`,
    ]);
    t.deepEqual(
      queued.map(([row]) => row?.n),
      [null, null],
    );
    for (const sql of [one, two]) await sql`commit`;
  } finally {
    for (const sql of [one, two]) {
      await sql`rollback`;
      sql.release();
    }
  }
  t.is((await db.sql`select from analytics_features.source_log where error is not null`).length, 0);
  t.is((await jobs()) - before, 2);
  await db.sql`select analytics_features.reconcile()`;
  t.is(await drain(db.sql, model), 3);
  const [row] = await db.sql`select analytics_features.product_document(3) as text, notes from analytics_features.embedding_status`;
  t.regex(row?.text, /price: 7\.00\..* category: built\./);
  t.notRegex(row?.notes.join(" "), /lacks|failed/);
});

test("a search in a transaction of one snapshot does not fail because another one asked for the same", async (t) => {
  await begin();
  for (const level of ["repeatable read", "serializable"]) {
    for (const before of [
      "delete from analytics_features.query_embeddings",
      "update analytics_features.query_embeddings set used_at = now() - interval '1 hour'",
    ]) {
      await db.sql.unsafe(before);
      const sql = await db.sql.reserve();
      try {
        await sql.unsafe(`begin isolation level ${level}; select from analytics_features.query_embeddings`);
        await db.sql`select from analytics_features.search_products_text('part')`;
        t.true((await sql`select from analytics_features.search_products_text('part')`).length > 0);
        await sql`commit`;
      } finally {
        await sql`rollback`;
        sql.release();
      }
    }
  }
});
