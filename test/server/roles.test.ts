import { join } from "node:path";
import anyTest from "ava";
import { connect } from "../../runner/database.ts";
import { root } from "../../runner/settings.ts";
import { run, start } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { type Login, useRoles } from "../helpers/roles.ts";
import { unitVector, until } from "../helpers/source.ts";
import { databaseUrl } from "../helpers/template.ts";

/* Five logins, none a superuser, and what sql/dba.sql gave them. */
const test = anyTest.serial;
const { name, admin, as, login, urlOf, build } = useRoles(anyTest);

const status = async (who: Login) => {
  const [row] = await as[
    who
  ]`select state, products::integer, missing::integer, triggers_attached from analytics_features.embedding_status`;
  return { ...row };
};

test("dbt's role attaches to its own table, and needs nothing in the worker's schema", async (t) => {
  await build(5);
  t.deepEqual(await status("reader"), { state: "waiting", products: 5, missing: 5, triggers_attached: true });
  await fails(t, as.dbt`select * from graphile_worker._private_jobs`, { code: "42501" });
  await fails(t, as.dbt`select * from analytics_features.product_queue`, { code: "42501" });
  await as.dbt`insert into staging_staging.stg_product (product_id, name) values (6, 'part 6')`;
  t.like(await status("reader"), { products: 6, missing: 6 });
});

test("dbt's role has a worker compare while another of its builds is at work", async (t) => {
  const other = connect(urlOf("dbt"), 1);
  try {
    await as.dbt`create table staging_staging.kind (id integer)`;
    await as.dbt`select analytics_features.attach_related('staging_staging.kind', 'id', 'product_id')`;
    await other.unsafe("begin; alter table staging_staging.kind rename to former");
    const jobs = () => as.owner`select from graphile_worker.jobs where task_identifier = 'reconcile'`;
    const before = (await jobs()).length;
    const [row] = await as.dbt`select analytics_features.attach_after_build('staging_staging', 'stg_product') as n`;
    t.is(row?.n, null);
    t.is((await jobs()).length, before + 1);
    await other`rollback`;
    t.is((await as.dbt`select analytics_features.attach_after_build('staging_staging', 'stg_product') as n`)[0]?.n, "0");
  } finally {
    await other.end();
    await as.dbt`select analytics_features.detach_related('staging_staging.kind')`;
    await as.dbt`drop table staging_staging.kind`;
  }
});

test("a worker needs no more than its group: it claims, encodes, stores, and compares", async (t) => {
  const worker = start("worker", [], { DATABASE_URL: urlOf("worker") });
  await until(async () => (await status("reader")).state === "complete", worker.output);
  // Rebuilt while it runs: the hook lets it read the new table.
  await build(8);
  await until(async () => (await status("reader")).state === "complete" && (await status("reader")).products === 8, worker.output);
  worker.process.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  t.is(code, 0, stderr);
  t.notRegex(stderr, /"level":(40|50)/);
  const passed = await run("embed", ["--json"], { DATABASE_URL: urlOf("worker") });
  t.is(passed.code, 0, passed.stderr);
});

test("a worker that gets too few connections ends by itself and says what it needs", async (t) => {
  // None at all, and one, which leaves none for the jobs.
  for (const limit of [0, 1]) {
    await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = ${login("worker")}`;
    await admin.unsafe(`alter role ${login("worker")} connection limit ${limit}`);
    const { code, stderr } = await run("worker", [], { DATABASE_URL: urlOf("worker") });
    t.is(code, 3, stderr);
    t.regex(stderr, /PE102: .* lets no more connections in: too many connections for role .*\n→ A worker opens up to ten/);
  }
  await admin.unsafe(`alter role ${login("worker")} connection limit -1`);
});

test("a login that may only read, or whose statements have a short limit, is told so in a sentence, and the doctor knows", async (t) => {
  const worker = { DATABASE_URL: urlOf("worker") };
  const doctored = async () => (await run("doctor", ["--json"], worker)).stdout;
  const set = (change: string) => admin.unsafe(`alter role ${login("worker")} ${change}`);
  t.notRegex(await doctored(), /can only read here|is ended after/);
  try {
    await set("set default_transaction_read_only = on");
    const refused = await run("embed", [], worker);
    t.is(refused.code, 3, refused.stderr);
    t.regex(refused.stderr, /^PE102: .* can only be read: cannot execute .*\n→ If it is a standby/);
    t.regex(await doctored(), /can only read here/);
    await set("reset all");
    await set("set statement_timeout = '1ms'");
    const ended = await run("embed", [], worker);
    t.is(ended.code, 3, ended.stderr);
    t.regex(ended.stderr, /^PE102: .* gave up: canceling statement due to statement timeout\.\n→ .*statement_timeout = 0/);
    await set("set statement_timeout = '4min'");
    t.regex(await doctored(), /is ended after 4min/);
  } finally {
    await set("reset all");
  }
});

test("a command whose login lacks a right names the login and the group that has it", async (t) => {
  for (const who of ["reader", "stranger"] as const) {
    const commands = who === "reader" ? ["worker", "embed", "alive"] : ["worker", "embed", "alive", "status"];
    for (const command of commands) {
      const { code, stderr } = await run(command, [], { DATABASE_URL: urlOf(who) });
      t.is(code, 3, stderr);
      t.regex(
        stderr,
        new RegExp(
          `^PE174: The login ${login(who)} lacks a right: permission denied for .*\n→ .*grant product_embeddings_worker to ${login(who)};`,
        ),
      );
    }
  }
});

test("a migration by an owner who may not create in the database, as after a restore, says what to grant, and the doctor knows", async (t) => {
  const owner = { DATABASE_URL: urlOf("owner") };
  const grant = `grant create on database ${name} to ${login("owner")}`;
  const lacking = async () => (await run("doctor", ["--json"], owner)).stdout.includes(grant);
  t.false(await lacking());
  await admin.unsafe(`revoke create on database ${name} from ${login("owner")}`);
  try {
    t.true(await lacking());
    const { code, stderr } = await run("migrate", [], owner);
    t.is(code, 3, stderr);
    t.regex(stderr, new RegExp(`^PE174: .*: permission denied for database ${name}\\.\n→ As a superuser: ${grant};`));
  } finally {
    await admin.unsafe(grant);
  }
});

test("who holds a lock of ours, which nobody can be kept from, is named by the doctor", async (t) => {
  const held = async () =>
    (
      await as.owner<{ finding: string; fix: string }[]>`select finding, fix from analytics_features.doctor() where check_name = 'locks'`
    ).map((row) => ({ ...row }));
  const reader = connect(urlOf("reader"), 1);
  const [{ pid } = { pid: 0 }] = await reader<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const found = [
    {
      finding: `Session ${pid} of ${login("reader")} holds a lock that keeps the worker waiting.`,
      fix: `See what it is, and end it if nobody needs it: select * from pg_stat_activity where pid = ${pid};  select pg_terminate_backend(${pid});`,
    },
  ];
  try {
    t.deepEqual(await held(), []);
    await reader`select pg_advisory_lock(hashtext('analytics_features.product_changes'), 2)`;
    t.deepEqual(await held(), found);
    await reader`select pg_advisory_unlock_all()`;
    t.deepEqual(await held(), []);

    await reader`select pg_advisory_lock(hashtext('analytics_features.product_queue'), 1)`;
    const claim = as.worker`select from analytics_features.claim_products('one that waits')`.execute();
    await until(async () => (await held()).length > 0, "the session is found");
    t.deepEqual(await held(), found);
    await reader`select pg_advisory_unlock_all()`;
    await claim;
    t.deepEqual(await held(), []);
  } finally {
    await reader.end();
  }
});

test("the owner changes the model through a worker that owns nothing, and nobody else can", async (t) => {
  await as.owner`select analytics_features.prepare_model(${join(root, "test/fixtures/models/tiny-bert-768")})`;
  const worker = start("worker", [], { DATABASE_URL: urlOf("worker") });
  const states = async (who: Login) =>
    (await as[who]<{ state: string }[]>`select state from analytics_features.model_status`).map(({ state }) => state);
  await until(async () => (await states("reader")).join() === "active,ready", worker.output, 60);
  for (const who of ["worker", "dbt", "reader"] as const) {
    await fails(t, as[who]`select analytics_features.activate_model()`, { code: "42501" });
    await fails(t, as[who]`select analytics_features.drop_model('tiny-bert-768')`, { code: "42501" });
  }
  await fails(t, as.reader`select analytics_features.prepare_model('another')`, { code: "42501" });
  await as.owner`select analytics_features.activate_model()`;
  // What each of them could do it still can.
  await as.dbt`update staging_staging.stg_product set name = 'changed' where product_id = 1`;
  await until(async () => (await status("reader")).state === "complete", worker.output, 60);
  const [row] = await as.dbt`select vector_dims(embedding) as dimension from analytics_features.product_embeddings limit 1`;
  t.is(row?.dimension, 768);
  // Not a query of the tests below: the worker may or may not have made its vector by the end.
  const hits = await as.reader`select from analytics_features.search_products_text('part 5', 3)`;
  t.is(hits.length, 3);
  // The former one is kept true too.
  await until(async () => (await as.owner`select from analytics_features.queued_products`).length === 0, worker.output, 60);
  await as.owner`select analytics_features.rollback_model()`;
  await as.owner`select analytics_features.drop_model('tiny-bert-768')`;
  worker.process.kill("SIGTERM");
  t.is((await worker.ended).code, 0);
});

test("a reader searches and sees the status, and nothing else", async (t) => {
  const hits = await as.reader`select * from analytics_features.search_products(${unitVector(3)}, 'cosine', 20)`;
  t.is(hits.length, 8);
  const filtered =
    await as.reader`select * from analytics_features.search_products(${unitVector(3)}, 'l2', 20, ${as.reader.json({ price: { "<": 4 } })})`;
  t.is(filtered.length, 3);
  t.is((await as.reader`select * from analytics_features.measure_recall()`)[0]?.recall, "1.0000");
  t.is((await as.reader`select * from analytics_features.vector_indexes`).length, 0);
  t.deepEqual(await status("reader"), { state: "complete", products: 8, missing: 0, triggers_attached: true });
  t.is((await as.reader`select * from analytics_features.compute_status()`).length, 1);
  const tables = await as.owner<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace in ('analytics_features'::regnamespace, 'graphile_worker'::regnamespace) and relkind in ('r', 'v')
      and has_table_privilege(${login("reader")}, oid, 'select, insert, update, delete, truncate') order by 1`;
  t.deepEqual(
    tables.map((row) => row.name),
    [
      "analytics_features.embedding_status",
      "analytics_features.model_status",
      "analytics_features.source_copy_status",
      "analytics_features.vector_indexes",
    ],
  );
  const functions = await as.owner<{ name: string }[]>`
    select proname as name from pg_proc
    where pronamespace = 'analytics_features'::regnamespace and has_function_privilege(${login("reader")}, oid, 'execute') order by 1`;
  t.deepEqual(
    functions.map((row) => row.name),
    [
      "compute_model_status",
      "compute_status",
      "doctor",
      "duplicate_products",
      "embed_query",
      "mapped_products",
      "measure_recall",
      "query_key",
      "recommended_products",
      "request_query",
      "search_products",
      "search_products",
      "search_products_text",
      "similar_products",
    ],
  );
  const found = await as.reader`select name, used_vectors from analytics_features.search_products_text('part 3')`;
  t.deepEqual({ ...found[0] }, { name: "part 3", used_vectors: false });
  t.is((await as.reader`select from analytics_features.similar_products(3, 5, null, 0.5)`).length, 5);
  t.is((await as.reader`select from analytics_features.recommended_products(array[3, 4])`).length, 6);
  await as.reader`select from analytics_features.duplicate_products()`;
  await fails(t, as.reader`select * from staging_staging.stg_product`, { code: "42501" });
});

test("a reader's command searches by words and by a vector that a worker makes, and by words alone where none does", async (t) => {
  const search = async (...args: string[]) => {
    const { code, stdout, stderr } = await run("search", ["--json", ...args], { DATABASE_URL: urlOf("reader") });
    t.is(code, 0, stderr);
    const [hit] = JSON.parse(stdout) as { name: string; used_vectors: boolean }[];
    return { name: hit?.name, used: hit?.used_vectors, stderr };
  };
  t.deepEqual(await search("part 4", "--mode", "words"), { name: "part 4", used: false, stderr: "" });
  const worker = start("worker", [], { DATABASE_URL: urlOf("worker") });
  try {
    await until(async () => worker.output().includes("worker started"), worker.output);
    t.deepEqual(await search("part 5"), { name: "part 5", used: true, stderr: "" });
  } finally {
    worker.process.kill("SIGTERM");
    await worker.ended;
  }
  const alone = await search("part 6");
  t.like(alone, { name: "part 6", used: false });
  t.regex(alone.stderr, /^PE026: No worker encoded the query within .*\n→ .*npm run worker/);
  const refused = await run("search", ["part 6", "--metric", "l2"], { DATABASE_URL: urlOf("reader") });
  t.is(refused.code, 3);
  t.regex(refused.stderr, /^PE174: .*\n→ .*for search and status product_embeddings_reader is enough/);
});

test("every group has what it needs, and everybody in one gets the doctor's answers, a stranger that he is one", async (t) => {
  for (const [who, groups] of [
    ["reader", /is in the groups: reader/],
    ["dbt", /is in the groups: attacher/],
    ["worker", /is in the groups: worker/],
    ["owner", /owns our schema/],
  ] as const) {
    const findings = await as[who]<{ check_name: string; state: string; finding: string }[]>`select * from analytics_features.doctor()`;
    t.deepEqual(
      findings.filter(({ state }) => state === "error"),
      [],
      who,
    );
    t.regex(findings.find(({ check_name }) => check_name === "role")?.finding ?? "", groups);
    t.is(findings.filter(({ check_name }) => check_name === "rights").length, 3);
  }
  const stranger = await run("doctor", ["--json"], { DATABASE_URL: urlOf("stranger") });
  t.is(stranger.code, 1, stranger.stderr);
  const { findings } = JSON.parse(stranger.stdout) as { findings: { check: string; fix: string }[] };
  t.is(findings.find(({ check }) => check === "role")?.fix.includes(`grant product_embeddings_reader to ${login("stranger")}`), true);
});

test("an operator sees what failed and has it tried again, beside what a reader may, and changes nothing else", async (t) => {
  await as.owner`insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (3, 5, 'odd', true)`;
  await fails(t, as.reader`select analytics_features.operator_report()`, { code: "42501" });
  await fails(t, as.reader`select analytics_features.retry_failed()`, { code: "42501" });
  const [seen] = await as.operator<{ report: { failures: { product_id: string }[]; log: unknown[]; workers: unknown[] } }[]>`
    select analytics_features.operator_report() as report`;
  t.deepEqual(
    seen?.report.failures.map(({ product_id }) => product_id),
    ["3"],
  );
  t.true((seen?.report.log.length ?? 0) > 0 && (seen?.report.workers.length ?? 0) > 0);
  t.is((await as.operator`select analytics_features.retry_failed(3) as n`)[0]?.n, "1");
  t.is((await as.owner`select from analytics_features.product_queue where product_id = 3`).length, 1);
  t.is((await as.operator`select * from analytics_features.search_products_text('part 3')`)[0]?.name, "part 3");
  for (const table of ["product_embeddings", "settings", "query_embeddings"]) {
    await fails(t, as.operator`delete from analytics_features.${as.operator(table)}`, { code: "42501" });
  }
  await fails(t, as.operator`delete from analytics_features.product_queue`, { code: "42501" });
  await as.owner`delete from analytics_features.product_queue`;
});

test("a worker cannot write SQL that search would run as the owner, nor build an index on the owner's table", async (t) => {
  await fails(t, as.worker`update analytics_features.source_expressions set name = 'current_user'`, { code: "42501" });
  await fails(t, as.worker`insert into analytics_features.source_expressions select * from analytics_features.generate_expressions()`, {
    code: "42501",
  });
  await as.owner`update analytics_features.settings set index_from_products = 1`;
  t.is((await as.worker`select * from analytics_features.index_due()`).length, 0);
  t.true((await as.owner`select * from analytics_features.index_due()`).length > 0);
  await as.owner`update analytics_features.settings set index_from_products = default`;
});

test("dbt's role reads the vectors for its marts, and cannot change them", async (t) => {
  t.is((await as.dbt`select embedding from analytics_features.product_embeddings`).length, 8);
  await fails(t, as.dbt`delete from analytics_features.product_embeddings`, { code: "42501" });
  await as.dbt`insert into analytics_features.synonyms (phrase, same_as) values ('gadget', 'part')`;
  t.is((await as.reader`select from analytics_features.search_products_text('gadgets 3', 1)`).length, 1);
  await fails(t, as.reader`delete from analytics_features.synonyms`, { code: "42501" });
  // As dbt seed begins.
  await as.dbt`truncate analytics_features.synonyms, analytics_features.golden_queries`;
  await fails(t, as.dbt`select analytics_features.release_vanished()`, { code: "42501" });
});

test("dbt's role refreshes the pairs once our owner may read its orders, and the error says how", async (t) => {
  await as.dbt.unsafe(`
    create schema staging_marts;
    create table staging_marts.order_lines as
      select o as order_id, p as product_id from generate_series(1, 40) o, generate_series(1, 8) p where o % 4 = p / 2 or (o + p) % 11 = 0`);
  await fails(t, as.dbt`select analytics_features.set_interactions('staging_marts.order_lines')`, { code: "42501" });
  await as.owner`select analytics_features.set_interactions('staging_marts.order_lines')`;
  const owner = login("owner");
  await fails(t, as.dbt`select analytics_features.refresh_pairs()`, {
    code: "PE023",
    message: `The role ${owner} may not read the relation of the interactions, staging_marts.order_lines.`,
    hint: new RegExp(`grant usage on schema staging_marts to ${owner}; grant select on staging_marts.order_lines to ${owner};`),
  });
  await as.dbt.unsafe(`grant usage on schema staging_marts to ${owner}; grant select on staging_marts.order_lines to ${owner}`);
  const [refreshed] = await as.dbt<{ rows: number }[]>`select analytics_features.refresh_pairs()::integer as rows`;
  t.true((refreshed?.rows ?? 0) > 0);
  t.is((await as.worker`select from analytics_features.refresh_pairs()`).length, 1);
  await fails(t, as.reader`select analytics_features.refresh_pairs()`, { code: "42501" });
  const [hit] = await as.reader`select reason, together::integer from analytics_features.recommended_products(array[2], 1)`;
  t.true(hit?.together >= 3);
});

test("a hook runs with our owner's rights, so it has to be the owner's, however its name got into the settings", async (t) => {
  const owner = login("owner");
  await as.dbt.unsafe(`
    create table staging_staging.category (id bigint, title text);
    insert into staging_staging.category values (1, 'gadgets');
    create function staging_staging.facts(product jsonb) returns jsonb language sql stable as $$
      select jsonb_build_object('category', c.title, 'who', current_user) from staging_staging.category c where c.id = (product ->> 'product_id')::bigint
    $$`);
  await fails(t, as.owner`select * from analytics_features.set_document_hook('staging_staging.facts')`, {
    code: "PE029",
    message: `The function staging_staging.facts(jsonb) belongs to ${login("dbt")}, who could run anything as ${owner} by it.`,
    hint: new RegExp(`alter function staging_staging\\.facts\\(jsonb\\) owner to ${owner};`),
  });
  await fails(t, as.worker`update analytics_features.settings set document_hook = 'staging_staging.facts'`, { code: "42501" });
  await as.owner`update analytics_features.settings set document_hook = 'staging_staging.facts'`;
  await fails(t, as.owner`select analytics_features.reconcile()`, { code: "PE029" });
  const forged = await as.worker`
    select facts, error from analytics_features.call_document_hook('staging_staging.facts(jsonb)'::regprocedure, '{"product_id": 1}')`;
  t.deepEqual({ ...forged[0] }, { facts: null, error: "PE029: The hook is not a function that may be used." });
  await as.owner`update analytics_features.settings set document_hook = null`;
  await fails(t, as.dbt`select * from analytics_features.set_document_hook(null)`, { code: "42501" });
  await fails(t, as.dbt`select * from analytics_features.set_fields('{}')`, { code: "42501" });
  await fails(t, as.reader`select analytics_features.attach_related('staging_staging.category', 'id', 'product_id')`, { code: "42501" });

  const superuser = connect(databaseUrl(name), 1);
  await superuser.unsafe(`alter function staging_staging.facts(jsonb) owner to ${owner}`);
  await superuser.end();
  await as.dbt`select analytics_features.attach_related('staging_staging.category', 'id', 'product_id')`;
  await as.owner`select * from analytics_features.set_document_hook('staging_staging.facts')`;
  // The same text for a worker, who may not read the table, as for the comparison.
  const [document] = await as.worker`select analytics_features.product_document(1) as text`;
  t.true(document?.text.endsWith(`who: ${owner}. category: gadgets.`), document?.text);
  const passed = await run("embed", ["--json"], { DATABASE_URL: urlOf("worker") });
  t.is(passed.code, 0, passed.stderr);
  await as.dbt`update staging_staging.category set title = 'widgets'`;
  t.deepEqual(
    [...(await as.worker<{ id: number }[]>`select distinct product_id::integer as id from analytics_features.queued_products`)].map(
      ({ id }) => id,
    ),
    [1],
  );
  await as.dbt`select analytics_features.detach_related('staging_staging.category')`;
  await as.owner`select * from analytics_features.set_document_hook(null)`;
});

test("where a view's owner may not read what is below it, the error says of which table", async (t) => {
  await as.stranger.unsafe(`
    create schema above;
    create table above.below (product_id bigint, name text);
    create view above.products as select * from above.below;
    revoke all on above.below from ${login("stranger")};
    grant usage on schema above to ${login("owner")};
    grant select on above.products to ${login("owner")}`);
  await as.owner`select analytics_features.set_source('above', 'products')`;
  try {
    const error = await t.throwsAsync<Error & { code?: string; detail?: string }>(async () => {
      await as.owner`select analytics_features.reconcile()`;
    });
    t.is(error?.code, "PE005");
    t.is(error?.detail, "permission denied for table below");
  } finally {
    await as.owner`select analytics_features.set_source('staging_staging', 'stg_product')`;
    await as.stranger`drop schema above cascade`;
  }
});

test("whoever cannot grant us the source is told what to run, and the status says it too", async (t) => {
  await as.stranger`create schema elsewhere`;
  await as.stranger`create table elsewhere.stg_product (product_id bigint, name text)`;
  await as.owner`select analytics_features.set_source('elsewhere', 'stg_product')`;
  try {
    await fails(t, as.owner`select analytics_features.reconcile()`, { code: "PE005", hint: /analytics_features\.attach\(\)/ });
    const [row] = await as.reader`select state, notes from analytics_features.embedding_status`;
    t.is(row?.state, "unknown");
    t.regex(row?.notes.join(), /may not read the source/);
    const worker = await run("embed", [], { DATABASE_URL: urlOf("worker") });
    t.is(worker.code, 3, worker.stderr);
    t.regex(worker.stderr, /PE005/);
  } finally {
    await as.owner`select analytics_features.set_source('staging_staging', 'stg_product')`;
  }
});

test("row level security that hides products is said before they are let go, and the policy of the note ends it", async (t) => {
  const seen = async () => (await as.reader<{ n: number }[]>`select products::integer as n from analytics_features.compute_status()`)[0]?.n;
  const before = Number(await seen());
  t.true(before > 0);
  await as.dbt`alter table staging_staging.stg_product enable row level security`;
  t.is(await seen(), 0);
  const notes = async () => (await as.reader<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`)[0]?.notes ?? [];
  const note = (await notes()).find((line) => line.startsWith("Row level security")) ?? "";
  t.regex(note, new RegExp(`may hide products from ${login("owner")}, product_embeddings_worker, and hidden ones count as gone`));
  await as.dbt.unsafe(note.replace(/^.*As its owner: /, ""));
  t.false((await notes()).some((line) => line.startsWith("Row level security")));
  t.is(await seen(), before);
  t.is((await as.worker`select from staging_staging.stg_product`).length, before);
  await as.dbt`alter table staging_staging.stg_product disable row level security`;
});

test("the groups can be given after us, and the rights follow", async (t) => {
  await admin.unsafe(`grant product_embeddings_reader to ${login("stranger")}`);
  t.is((await as.stranger`select from analytics_features.search_products(${unitVector(3)}, 'l2', 20)`).length, 8);
});
