import { execFileSync } from "node:child_process";
import anyTest from "ava";
import { refreshCopy } from "../../runner/copy.ts";
import { connect, type Sql } from "../../runner/database.ts";
import { type Cluster, makeCluster } from "../helpers/cluster.ts";
import { useDatabase } from "../helpers/database.ts";
import { fails } from "../helpers/errors.ts";
import { createSample, createSource, drain, queued, registerModel, startOver, unitVector, until } from "../helpers/source.ts";

/* The products in a database of another server, which asks for a password; the vectors in this one. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const password = "se'cret \\ 1";
let cluster: Cluster;
let boss: Sql;
let upstream: Sql;

test.before(async () => {
  cluster = await makeCluster();
  const admin = connect(cluster.url("postgres"), 1);
  await admin.unsafe(`create role feed login password '${password.replaceAll("'", "''")}'`);
  await admin.unsafe("create database dwh owner feed");
  await admin.end();
  boss = connect(cluster.url("dwh"), 2);
  upstream = connect(cluster.url("dwh", "feed", password), 4);
});
test.after.always(async () => {
  await upstream?.end();
  await boss?.end();
  cluster?.remove();
});

interface Refresh {
  outcome: string;
  inserted: number;
  updated: number;
  deleted: number;
  error: string | null;
  is_news: boolean;
}
const connectSource = (overrides: Partial<Record<"port" | "database" | "user" | "password" | "table", string | number | null>> = {}) => {
  const { port, database, user, table } = { port: cluster.port, database: "dwh", user: "feed", table: "stg_product", ...overrides };
  const secret = "password" in overrides ? (overrides.password ?? null) : password;
  return db.sql`select analytics_features.connect_source('127.0.0.1', ${port}, ${database}, ${user}, ${secret}, 'staging_staging', ${table})::integer as rows`;
};
const refresh = async (full = false): Promise<Refresh> => {
  const [row] = await db.sql<Refresh[]>`
    select outcome, inserted::integer, updated::integer, deleted::integer, error, is_news from analytics_features.refresh_copy(${full})`;
  return row as Refresh;
};
const did = async (full = false) => {
  const { outcome, inserted, updated, deleted, error } = await refresh(full);
  return error === null ? `${outcome} +${inserted} ~${updated} -${deleted}` : `${outcome}: ${error}`;
};
const notes = async () => {
  const [row] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  return (row?.notes ?? []).filter((note) => !/No worker|could not be encoded/.test(note));
};
const copied = async () => {
  const rows = await db.sql<{ product_id: string }[]>`select product_id from analytics_features.source_copy order by 1`;
  return rows.map(({ product_id }) => Number(product_id));
};

/** An upstream of parts 1 to n, loaded an hour ago. */
async function upstreamParts(n: number): Promise<void> {
  await createSource(upstream);
  await upstream`
    insert into staging_staging.stg_product (product_id, name, price, is_active, deleted, updated_at, ingested_at)
    select g, 'part ' || g, g, true, false, localtimestamp - interval '2 hours', localtimestamp - interval '1 hour'
    from generate_series(1, ${n}::integer) g`;
}
/** Connected to an upstream of n parts, all of them embedded. */
async function connected(n: number): Promise<number> {
  await startOver(db.sql);
  await upstream`drop schema if exists staging_staging cascade`;
  await upstreamParts(n);
  await connectSource();
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  return model;
}

test("products of another database are copied, embedded, searched, and followed", async (t) => {
  await startOver(db.sql);
  await createSample(upstream);
  t.is((await connectSource())[0]?.rows, 115);
  const model = await registerModel(db.sql);
  t.is(await drain(db.sql, model), 115);
  const [status] = await db.sql`select source, state, products::integer, triggers_attached, notes from analytics_features.embedding_status`;
  t.deepEqual(
    { ...status },
    { source: "analytics_features.source_copy", state: "complete", products: 115, triggers_attached: true, notes: [] },
  );

  await upstream`update staging_staging.stg_product set name = 'Домкрат 5 т', updated_at = localtimestamp where product_id = 7807552`;
  await upstream`insert into staging_staging.stg_product (product_id, name, updated_at) values (1, 'new', localtimestamp)`;
  t.is(await did(), "incremental +1 ~1 -0");
  t.deepEqual(await queued(db.sql), [1, 7807552]);
  t.is(await drain(db.sql, model), 2);
  const [hit] = await db.sql`select name from analytics_features.search_products_text('домкрат 5 т', 1)`;
  t.is(hit?.name, "Домкрат 5 т");

  await upstream`delete from staging_staging.stg_product where product_id = 1`;
  t.is(await did(), "incremental +0 ~0 -0");
  t.is(await did(true), "full +0 ~0 -1");
  t.deepEqual(await queued(db.sql), [1]);
  t.false((await copied()).includes(1));
});

test("what did not change is not written, also where a load sets a time in all rows", async (t) => {
  await connected(5);
  t.is(await did(true), "full +0 ~0 -0");
  t.is(await did(), "incremental +0 ~0 -0");
  await upstream`update staging_staging.stg_product set ingested_at = localtimestamp`;
  t.is(await did(), "incremental +0 ~5 -0");
  t.deepEqual(await queued(db.sql), []);
  t.is(await did(), "incremental +0 ~0 -0");
  const [before] = await db.sql`select seen, copied_at from analytics_features.source_connection`;
  t.regex(before?.seen.join(), /ingested_at .*: 5 /);
  t.is(await did(), "incremental +0 ~0 -0");
  const [after] = await db.sql`select seen, copied_at from analytics_features.source_connection`;
  t.deepEqual(after?.seen, before?.seen);
  t.true(after?.copied_at > before?.copied_at);
  // Of the same count and newest time, yet another one.
  await upstream`update staging_staging.stg_product set name = 'other', updated_at = updated_at + interval '1 minute' where product_id = 2`;
  t.is(await did(), "incremental +0 ~1 -0");
});

test("a change that is committed late is still found, an older one and one without a time by the full comparison", async (t) => {
  await connected(5);
  await upstream`alter table staging_staging.stg_product drop ingested_at`;
  t.is(await did(), "rebuilt +5 ~0 -0");
  const at = (minutes: number) => upstream`select localtimestamp - ${minutes} * interval '1 minute' as at`.then(([row]) => row?.at);
  await upstream`update staging_staging.stg_product set name = 'now', updated_at = localtimestamp where product_id = 1`;
  t.is(await did(), "incremental +0 ~1 -0");
  await upstream`update staging_staging.stg_product set name = 'late', updated_at = ${await at(9)} where product_id = 2`;
  await upstream`update staging_staging.stg_product set name = 'later', updated_at = ${await at(30)} where product_id = 3`;
  await upstream`update staging_staging.stg_product set name = 'timeless', updated_at = null where product_id = 4`;
  t.is(await did(), "incremental +0 ~1 -0");
  t.is(await did(true), "full +0 ~2 -0");
  // One that lies ahead does not hide the others.
  await upstream`update staging_staging.stg_product set name = 'ahead', updated_at = '2999-01-01' where product_id = 5`;
  t.is(await did(), "incremental +0 ~1 -0");
  await upstream`update staging_staging.stg_product set name = 'after', updated_at = localtimestamp where product_id = 1`;
  t.is(await did(), "incremental +0 ~1 -0");
  await upstream`update staging_staging.stg_product set updated_at = 'infinity' where product_id = 5`;
  t.is(await did(), "incremental +0 ~1 -0");
});

test("of several rows the newest is copied, and a late version does not replace a later one", async (t) => {
  await connected(3);
  await upstream`
    insert into staging_staging.stg_product (product_id, name, updated_at, ingested_at)
    values (1, 'part 1, newest', localtimestamp, localtimestamp), (1, 'part 1, between', localtimestamp - interval '1 hour', localtimestamp)`;
  t.is(await did(), "incremental +0 ~1 -0");
  await upstream`insert into staging_staging.stg_product (product_id, name, updated_at, ingested_at) values (1, 'part 1, late', localtimestamp - interval '30 minutes', localtimestamp)`;
  t.is(await did(), "incremental +0 ~0 -0");
  t.is(await did(true), "full +0 ~0 -0");
  const [row] = await db.sql`select name from analytics_features.source_copy where product_id = 1`;
  t.is(row?.name, "part 1, newest");
  t.deepEqual(await notes(), ["1 product_ids stand in several rows in the other database; the newest row is copied."]);
  // Alike in all times: it is the same one each time.
  await upstream`update staging_staging.stg_product set updated_at = localtimestamp, ingested_at = localtimestamp where product_id = 1`;
  t.is(await did(true), "full +0 ~1 -0");
  t.is(await did(true), "full +0 ~0 -0");
});

test("an id that is a text is a number here, and what is no number is counted and left there", async (t) => {
  await startOver(db.sql);
  await upstream.unsafe(`
    drop schema if exists staging_staging cascade;
    create schema staging_staging;
    create table staging_staging.stg_product (product_id text, name text, amount integer[], extra json);
    insert into staging_staging.stg_product values ('007', 'seven', '{1}', '{"a": 1}'), (' 8.0 ', 'eight', null, null), (null, 'none', null, null), ('x', 'none', null, null)`);
  t.is((await connectSource())[0]?.rows, 2);
  t.deepEqual(await copied(), [7, 8]);
  t.true((await notes()).includes("2 rows in the other database have no usable product_id and are not copied."));
  // Without a time every refresh compares all rows; json, which has no equality, too.
  await upstream`update staging_staging.stg_product set extra = '{"a": 2}' where name = 'seven'`;
  t.is(await did(), "full +0 ~1 -0");
  t.is(await did(), "full +0 ~0 -0");
});

test("columns that come, go and change their type there do so here, and search goes on meanwhile", async (t) => {
  const model = await connected(5);
  await upstream.unsafe(`
    create type staging_staging.quality as enum ('good', 'bad');
    create domain staging_staging.amount as integer check (value >= 0);
    alter table staging_staging.stg_product add brand text default 'Сабо', add quality staging_staging.quality default 'good',
      add qualities staging_staging.quality[] default '{good,bad}', add amount staging_staging.amount default 3, add fetched boolean default true, drop weight;
    alter table staging_staging.stg_product alter category_id type text using 'kind ' || product_id`);
  t.is(await did(), "rebuilt +5 ~0 -0");
  const columns = await db.sql`select column_name as name, type::text from analytics_features.source_columns order by 1`;
  const typeOf = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  t.like(typeOf, {
    brand: "text",
    quality: "text",
    qualities: "text[]",
    amount: "integer",
    category_id: "text",
    product_id: "bigint",
    weight: undefined,
  });
  const [row] = await db.sql`select analytics_features.product_document(2) as document`;
  t.regex(row?.document, /brand: Сабо.*quality: good.*amount: 3/);
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(1)}, 'l2', 10, '{"brand": "Сабо"}')`).length, 5);
  t.is(await drain(db.sql, model), 5);
  t.is(await did(), "incremental +0 ~0 -0");
  t.deepEqual(await notes().then((all) => all.filter((note) => !/columns in the documents changed/.test(note))), []);
});

test("an index and a grant on the copy are still there when it was made anew", async (t) => {
  await connected(3);
  const role = `pe_bi_${process.pid}`;
  await db.sql.unsafe(`
    create role ${role};
    grant select on analytics_features.source_copy to ${role};
    create index by_category on analytics_features.source_copy (category_id);
    create index by_weight on analytics_features.source_copy (weight)`);
  try {
    await upstream`alter table staging_staging.stg_product add brand text, drop weight`;
    t.is(await did(), "rebuilt +3 ~0 -0");
    const [row] = await db.sql`
      select has_table_privilege(${role}, 'analytics_features.source_copy', 'select') as granted,
        array(select indexrelid::regclass::text from pg_index where indrelid = 'analytics_features.source_copy'::regclass order by 1) as indexes`;
    t.deepEqual({ ...row }, { granted: true, indexes: ["analytics_features.by_category", "analytics_features.source_copy_pkey"] });
  } finally {
    await db.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
});

test("the closed rows of a snapshot there are no duplicates, whether the copy is made, compared or refreshed", async (t) => {
  await connected(3);
  await upstream`alter table staging_staging.stg_product add dbt_valid_from timestamp, add dbt_valid_to timestamp`;
  await upstream`insert into staging_staging.stg_product (product_id, name, dbt_valid_from, dbt_valid_to) values (1, 'before', '2026-01-01', '2026-02-01')`;
  const duplicates = async () => (await db.sql`select duplicate_ids::integer as n from analytics_features.source_connection`)[0]?.n;
  t.is(await did(), "rebuilt +3 ~0 -0");
  t.is(await duplicates(), 0);
  t.is(await did(true), "full +0 ~0 -0");
  t.is(await duplicates(), 0);
  await upstream`insert into staging_staging.stg_product (product_id, name, dbt_valid_from) values (1, 'twice', '2026-01-01')`;
  t.is(await did(true), "full +0 ~1 -0");
  t.is(await duplicates(), 1);
});

test("a view over the copy that is in the way of new columns is named until it is gone", async (t) => {
  await connected(3);
  await db.sql`create view public.with_names as select product_id, name from analytics_features.source_copy`;
  await upstream`alter table staging_staging.stg_product add brand text`;
  t.regex(await did(), /^failed: cannot drop table .*: view public\.with_names depends on table analytics_features\.source_copy$/);
  await db.sql`drop view public.with_names`;
  t.is(await did(), "rebuilt +3 ~0 -0");
});

test("another column can tell what changed", async (t) => {
  await connected(3);
  await upstream`alter table staging_staging.stg_product add loaded_on timestamptz`;
  await upstream`update staging_staging.stg_product set loaded_on = now() - product_id * interval '1 day'`;
  await db.sql`update analytics_features.source_connection set time_columns = '{loaded_on}', overlap = '0'`;
  t.is(await did(), "rebuilt +3 ~0 -0");
  await upstream`update staging_staging.stg_product set name = 'unseen', updated_at = localtimestamp where product_id = 3`;
  t.is(await did(), "incremental +0 ~0 -0");
  await upstream`update staging_staging.stg_product set name = 'seen', loaded_on = now() where product_id = 2`;
  t.is(await did(), "incremental +0 ~1 -0");
  // One that there is not is none: all rows are compared.
  await db.sql`update analytics_features.source_connection set time_columns = '{nothing}'`;
  t.is(await did(), "full +0 ~1 -0");
});

test("a copy that nobody refreshes is said to be old", async (t) => {
  await connected(3);
  t.deepEqual(await notes(), []);
  await db.sql`update analytics_features.source_connection set copied_at = copied_at - interval '1 hour', next_at = null`;
  t.regex((await notes()).join(), /^The copy of the products is of .*; the worker refreshes it: npm run worker$/);
  const [status] = await db.sql`select lag > interval '1 hour' as lags, rows::integer from analytics_features.source_copy_status`;
  t.deepEqual({ ...status }, { lags: true, rows: 3 });
});

test("a view and a materialized view there are copied as well", async (t) => {
  await connected(3);
  await upstream.unsafe(`
    create view staging_staging.v as select * from staging_staging.stg_product;
    create materialized view staging_staging.m as select * from staging_staging.stg_product where product_id < 4`);
  t.is((await connectSource({ table: "v" }))[0]?.rows, 3);
  t.is((await connectSource({ table: "m" }))[0]?.rows, 3);
});

test("when too much vanishes there at once it stays in the copy, is said, and comes through when released", async (t) => {
  await connected(10);
  await upstream`truncate staging_staging.stg_product`;
  t.is(await did(true), "full +0 ~0 -0");
  t.is((await copied()).length, 10);
  t.regex((await notes()).join(), /^10 of 10 products are gone in the other database, .*select analytics_features\.release_copy\(\);$/);
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(1)}, 'l2', 20)`).length, 10);
  // While it is held each refresh is full, so that it ends by itself.
  await upstreamParts(10);
  t.is(await did(), "full +0 ~10 -0");
  t.deepEqual(await notes(), []);

  await upstream`delete from staging_staging.stg_product where product_id > 5`;
  await upstream`update staging_staging.stg_product set name = 'changed' where product_id = 1`;
  t.is(await did(true), "full +0 ~1 -0");
  // Also when the columns change at the same time: they are kept in what the tables share.
  await upstream`alter table staging_staging.stg_product add brand text default 'x'`;
  t.is(await did(), "rebuilt +5 ~0 -0");
  t.is((await copied()).length, 10);
  const [kept] = await db.sql`select name, brand from analytics_features.source_copy where product_id = 9`;
  t.deepEqual({ ...kept }, { name: "part 9", brand: null });
  const [released] = await db.sql`select analytics_features.release_copy()::integer as products`;
  t.is(released?.products, 5);
  t.deepEqual(await copied(), [1, 2, 3, 4, 5]);
  t.deepEqual(await notes().then((all) => all.filter((note) => !/columns in the documents changed/.test(note))), []);
  // A few are a clear-out.
  await upstream`delete from staging_staging.stg_product where product_id = 5`;
  t.is(await did(true), "full +0 ~0 -1");
});

test("dbt's rebuild there while a refresh waits for it loses nothing", async (t) => {
  await connected(10);
  let running: Promise<string> | undefined;
  await upstream.begin(async (dbt) => {
    await dbt.unsafe(`
      create table staging_staging.built as select * from staging_staging.stg_product;
      alter table staging_staging.stg_product rename to former;
      alter table staging_staging.built rename to stg_product;
      drop table staging_staging.former;
      update staging_staging.stg_product set name = 'rebuilt', updated_at = localtimestamp where product_id = 1`);
    running = did(true);
    await until(async () => (await boss`select from pg_locks where not granted`).length > 0, "the refresh waits for the rename");
  });
  t.regex((await running) ?? "", /^full /);
  t.is((await copied()).length, 10);
  t.is(await did(), "full +0 ~1 -0");
  t.deepEqual(await notes(), []);
  t.is(await did(), "incremental +0 ~0 -0");
});

test("what is wrong there is said once, search goes on, and it heals by itself", async (t) => {
  await connected(5);
  const failing = async (reason: RegExp) => {
    const first = await refresh();
    t.is(first.outcome, "failed");
    t.regex(first.error ?? "", reason);
    t.true(first.is_news);
    t.false((await refresh()).is_news);
    t.regex((await notes()).join(), /^The products cannot be copied from the other database since .*Search goes on with the copy of /);
    t.is((await db.sql`select from analytics_features.search_products(${unitVector(1)}, 'l2', 10)`).length, 5);
    const [row] = await db.sql`select error, failing_since < clock_timestamp() as since from analytics_features.source_copy_status`;
    t.regex(row?.error, reason);
    t.true(row?.since);
  };
  const healed = async () => {
    const back = await refresh(true);
    t.is(back.error, null);
    t.true(back.is_news);
    t.deepEqual(await notes(), []);
  };

  cluster.stop();
  await failing(/Connection refused$/);
  cluster.start();
  await healed();

  await boss`alter role feed password 'another'`;
  await failing(/password authentication failed for user "feed"$/);
  await connectSource({ password: "another" });
  t.deepEqual(await notes(), []);
  await boss.unsafe(`alter role feed password '${password.replaceAll("'", "''")}'`);
  await connectSource();

  await upstream`alter table staging_staging.stg_product rename to away`;
  await failing(/do not exist in the other database$/);
  await upstream`alter table staging_staging.away rename to stg_product`;
  await healed();

  await upstream`alter table staging_staging.stg_product rename product_id to id`;
  await failing(/have no column product_id in the other database/);
  await upstream`alter table staging_staging.stg_product rename id to product_id`;
  await healed();
});

test("a server that hangs is given up, and the worker does other things before it tries again", async (t) => {
  await connected(5);
  await db.sql`update analytics_features.source_connection set time_limit = '1 second', refresh_every = '1 second'`;
  await upstream.begin(async (writer) => {
    await writer`lock table staging_staging.stg_product`;
    const given = await refreshCopy(db.sql, "analytics_features");
    t.is(given.outcome, "failed");
    t.regex(given.error ?? "", /not through within its time limit/);
    t.true(given.is_news);
    t.is((await refreshCopy(db.sql, "analytics_features", { onlyIfDue: true })).outcome, "not due");
  });
  t.is(await did(), "incremental +0 ~0 -0");

  await db.sql`alter server product_embeddings_source options (set connect_timeout '2')`;
  cluster.freeze(true);
  try {
    const { outcome, error } = await refresh();
    t.is(outcome, "failed");
    t.regex(error ?? "", /timeout expired/);
  } finally {
    cluster.freeze(false);
  }
  t.is(await did(), "incremental +0 ~0 -0");
  // What was altered on the server stays when it is connected again.
  await connectSource();
  const [server] = await db.sql`select srvoptions::text as options from pg_foreign_server`;
  t.regex(server?.options, /connect_timeout=2,/);
});

test("of two refreshes at once one works, and one that is interrupted leaves the copy as it was", async (t) => {
  await connected(5);
  await upstream`update staging_staging.stg_product set name = 'changed', updated_at = localtimestamp`;
  await db.sql`update analytics_features.source_connection set next_at = null`;
  let refreshing: Promise<Refresh> | undefined;
  await upstream.begin(async (writer) => {
    await writer`lock table staging_staging.stg_product`;
    refreshing = refresh();
    refreshing.catch(() => {});
    await until(async () => (await boss`select from pg_locks where not granted`).length > 0, "the first refresh waits");
    t.is((await refreshCopy(db.sql, "analytics_features", { onlyIfDue: true })).outcome, "busy");
    await db.sql`
      select pg_terminate_backend(a.pid) from pg_stat_activity a
      where a.datname = current_database() and a.query ~ 'refresh_copy' and a.pid <> pg_backend_pid()`;
    await t.throwsAsync(refreshing);
  });
  t.deepEqual(await queued(db.sql), []);
  t.deepEqual((await Promise.all([did(), did()])).sort(), ["incremental +0 ~0 -0", "incremental +0 ~5 -0"]);
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5]);
});

test("what is wrong when connecting is said with what to do, and leaves everything as it was", async (t) => {
  await startOver(db.sql);
  await upstream`drop schema if exists staging_staging cascade`;
  await upstreamParts(3);
  await fails(t, connectSource({ password: "wrong" }), {
    code: "PE151",
    message:
      /^The database of the products, 127\.0\.0\.1:\d+\/dwh, cannot be reached as feed: .*password authentication failed for user "feed"\.$/,
    hint: /STAGING_DB_PASSWORD/,
  });
  await fails(t, connectSource({ port: 1 }), { code: "PE151", message: /Connection refused\.$/, hint: /STAGING_DB_HOST/ });
  await fails(t, connectSource({ database: "nowhere" }), { code: "PE151", message: /database "nowhere" does not exist\.$/ });
  await fails(t, connectSource({ table: "nothing" }), { code: "PE152", message: /^The products, staging_staging\.nothing, do not exist/ });
  await fails(t, connectSource({ user: null }), { code: "PE154", hint: /connect_source\('host', 5432/ });
  await boss.unsafe("drop role if exists guest; create role guest login password 'guest'");
  await fails(t, connectSource({ user: "guest", password: "guest" }), {
    code: "PE152",
    message: /^guest may not read the products in the other database: permission denied for schema staging_staging/,
    hint: /grant usage on schema staging_staging to guest; grant select on staging_staging\.stg_product to guest;/,
  });
  await fails(t, db.sql`select analytics_features.refresh_copy()`, { code: "PE153", hint: /npm run migrate/ });
  await fails(t, db.sql`select analytics_features.release_copy()`, { code: "PE153" });
  await fails(t, db.sql`select analytics_features.disconnect_source()`, { code: "PE153" });
  t.is((await db.sql`select from pg_foreign_server`).length, 0);
  const [settings] = await db.sql`select source_table from analytics_features.settings`;
  t.is(settings?.source_table, "stg_product");
});

test("the password is in the user mapping and nowhere else", async (t) => {
  await connected(3);
  const dump = execFileSync("pg_dump", ["--schema=analytics_features", db.env.DATABASE_URL ?? ""], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  t.regex(dump, /source_upstream/);
  t.notRegex(dump, /cret/);
  const [status] = await db.sql`select s::text as row from analytics_features.source_copy_status s`;
  t.notRegex(status?.row, /cret/);
  // A mapping that cannot be made: PostgreSQL's own error has the statement in its context.
  await db.sql.unsafe(`
    drop event trigger if exists no_mapping;
    create or replace function public.no_mapping() returns event_trigger language plpgsql as $$ begin raise exception 'no mappings here'; end $$;
    create event trigger no_mapping on ddl_command_start when tag in ('ALTER USER MAPPING') execute function public.no_mapping()`);
  const error = await t.throwsAsync<Error & { code: string }>(Promise.resolve(connectSource()));
  await db.sql`drop event trigger no_mapping`;
  t.is(error?.code, "PE151");
  t.notRegex(JSON.stringify({ ...error, message: error?.message, parameters: null, args: null }), /cret/);
  const suffix = `${process.pid}`;
  await db.sql.unsafe(`create role pe_guest_${suffix}`);
  try {
    const seen = await db.sql.begin(async (sql) => {
      await sql.unsafe(`set local role pe_guest_${suffix}`);
      return sql`select umoptions from pg_user_mappings`;
    });
    t.deepEqual([...seen], [{ umoptions: null }]);
  } finally {
    await db.sql.unsafe(`drop role pe_guest_${suffix}`);
  }
  // Connected again without it, the one there is stays.
  await connectSource({ password: null });
  t.is((await refresh(true)).error, null);
});

test("a renamed schema takes the copy along", async (t) => {
  await connected(3);
  await db.sql`select analytics_features.rename_schema('search')`;
  try {
    await upstream`update staging_staging.stg_product set name = 'renamed', updated_at = localtimestamp where product_id = 1`;
    const [row] = await db.sql`select outcome, updated::integer, error from search.refresh_copy()`;
    t.deepEqual({ ...row }, { outcome: "incremental", updated: 1, error: null });
    t.is((await db.sql`select from search.search_products(${unitVector(1)}, 'l2', 10)`).length, 3);
  } finally {
    await db.sql`select search.rename_schema('analytics_features')`;
  }
});

test("disconnected, nothing is left of it but the vectors, and it can be connected again", async (t) => {
  await startOver(db.sql);
  const objects = async () => {
    const [row] = await db.sql`
      select array_agg(c.relname order by c.relname) as relations, (select count(*)::integer from pg_foreign_server) as servers,
        (select count(*)::integer from pg_user_mapping) as mappings
      from pg_class c where c.relnamespace = 'analytics_features'::regnamespace`;
    return { ...row };
  };
  const before = await objects();
  await connected(3);
  await db.sql`select analytics_features.disconnect_source()`;
  t.deepEqual(await objects(), before);
  const [row] = await db.sql`select source, state from analytics_features.embedding_status`;
  t.deepEqual({ ...row }, { source: "staging_staging.stg_product", state: "no source" });
  t.is((await db.sql`select from analytics_features.product_embeddings`).length, 3);
  await connectSource();
  t.is((await db.sql`select from analytics_features.search_products(${unitVector(1)}, 'l2', 10)`).length, 3);
  t.deepEqual(await queued(db.sql), []);
});
