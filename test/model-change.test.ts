import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { embedQueries, embedQueued } from "../runner/embed.ts";
import { createLog } from "../runner/log.ts";
import { searchText } from "../runner/search.ts";
import { withModels } from "../runner/session.ts";
import { readSettings, root } from "../runner/settings.ts";
import { prepareModel } from "../tasks/prepare_model.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSample, createSource, insertParts, registerModel, startOver, store, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
const tiny = `${root}/test/fixtures/models/tiny-bert-768`;
const log = createLog("silent");

const models = async () =>
  [...(await db.sql`select name, state, dimension, embedded::integer, queued::integer from analytics_features.model_status`)].map(
    (row) => ({
      ...row,
    }),
  );
const dimension = async (table = "product_embeddings") => {
  const [row] = await db.sql`
    select atttypmod as dimension from pg_attribute where attrelid = to_regclass(${`analytics_features.${table}`}) and attname = 'embedding'`;
  return row?.dimension;
};
const work = () =>
  withModels(db.database, db.settings, async (context) => {
    await prepareModel(context, log)(undefined, {} as never);
    const result = await embedQueued(context);
    while ((await embedQueries(context)) > 0);
    return result;
  });
const activate = () => db.sql`select analytics_features.activate_model() as said`;
const search = async (text: string) =>
  withModels(db.database, db.settings, (context) => searchText(context, { text, mode: "hybrid", limit: 3 }));

test.beforeEach(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  await work();
});

test("a model of another dimension is prepared beside the first, activated, rolled back and dropped", async (t) => {
  await db.sql`insert into analytics_features.golden_queries (query, product_id, grade) values ('домкрат', 8200021, 3)`;
  await db.sql`select analytics_features.keep_queries()`;
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  t.like((await models())[1], { name: tiny, state: "requested" });
  const [status] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
  t.regex(status?.notes, /was asked for and waits for a worker/);

  // Two products have one text, and the second gets the vector of the first, which was claimed before it.
  t.like(await work(), { stored: 114, failed: 0, drained: true });
  t.deepEqual(await models(), [
    { name: "sentence-transformers/all-MiniLM-L6-v2", state: "active", dimension: 384, embedded: 115, queued: 0 },
    { name: "tiny-bert-768", state: "ready", dimension: 768, embedded: 115, queued: 0 },
  ]);
  t.is(await dimension(), 384, "search still has the first one");
  const compared = await db.sql`select mode, queries::integer, overlap from analytics_features.compare_models() where kind is null`;
  t.deepEqual(
    compared.map(({ mode, queries }) => [mode, queries]),
    [
      ["vectors", 1],
      ["hybrid", 1],
    ],
  );
  t.true(compared.every(({ overlap }) => overlap >= 0 && overlap <= 1));

  t.regex((await activate())[0]?.said, /^tiny-bert-768 is active\. sentence-transformers\/all-MiniLM-L6-v2 is kept true/);
  t.is(await dimension(), 768);
  t.true((await search("домкрат"))[0]?.used_vectors);
  const [cached] = await db.sql`select used_vectors from analytics_features.search_products_text('домкрат')`;
  t.true(cached?.used_vectors, "the query's vector was there before");
  t.deepEqual(
    (await models()).map(({ name, state }) => [name, state]),
    [
      ["tiny-bert-768", "active"],
      ["sentence-transformers/all-MiniLM-L6-v2", "former"],
    ],
  );

  // A change goes to both, a deletion too.
  await db.sql`update staging_staging.stg_product set name = 'Домкрат другой' where product_id = 8200021`;
  t.is((await work()).stored, 2);
  await db.sql`select analytics_features.rollback_model()`;
  t.is(await dimension(), 384);
  t.like(await work(), { stored: 0 });
  const [true_] = await db.sql`select missing::integer, stale::integer from analytics_features.compute_status()`;
  t.deepEqual({ ...true_ }, { missing: 0, stale: 0 });

  await fails(t, db.sql`select analytics_features.drop_model('all-MiniLM-L6-v2')`, { code: "PE031", message: /active/ });
  await db.sql`select analytics_features.drop_model('tiny-bert-768')`;
  t.is((await models()).length, 1);
  const tables = await db.sql`select from pg_tables where schemaname = 'analytics_features' and tablename like 'product\\_embeddings%'`;
  t.is(tables.length, 1);
  await db.sql`update staging_staging.stg_product set price = 1 where product_id = 8200021`;
  t.is((await work()).stored, 1);
  await fails(t, db.sql`select analytics_features.rollback_model()`, { code: "PE031" });
});

test("the int8 precision of a database that has exact vectors is refused as another model, and prepared by its name", async (t) => {
  if (!/avx512_vnni|avx_vnni/.test(readFileSync("/proc/cpuinfo", "utf8"))) {
    await db.sql`select analytics_features.prepare_model('all-MiniLM-L6-v2-int8')`;
    await work();
    t.regex((await db.sql`select error from analytics_features.model_status where error is not null`)[0]?.error, /VNNI/);
    return;
  }
  const int8 = { ...db.settings, encoder: readSettings({ EMBEDDING_PRECISION: "int8" }).encoder };
  await fails(t, withModels(db.database, int8, embedQueued), {
    code: "PE021",
    message: /come from the model sentence-transformers\/all-MiniLM-L6-v2 .* has sentence-transformers\/all-MiniLM-L6-v2-int8/,
    hint: /Leave EMBEDDING_MODEL and EMBEDDING_PRECISION out.*prepare_model\('sentence-transformers\/all-MiniLM-L6-v2-int8'\)/,
  });
  await db.sql`select analytics_features.prepare_model('all-MiniLM-L6-v2-int8')`;
  t.is((await work()).stored, 114);
  await activate();
  t.like(await withModels(db.database, int8, embedQueued), { stored: 0, drained: true });
  const [mixed] = await db.sql`select count(distinct model_id)::integer as models from analytics_features.product_embeddings`;
  t.is(mixed?.models, 1);
});

test("the Russian model that is bundled is prepared by its name, finds more, and is no mistake twice", async (t) => {
  const [note] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
  t.regex(note?.notes, /spells \d+ % of the letters .*prepare_model\('intfloat\/multilingual-e5-small-ru-en'\)/);
  await db.sql`select analytics_features.prepare_model('multilingual-e5-small-ru-en')`;
  await work();
  const [model] = await db.sql`
    select query_prefix, passage_prefix, spelled_out < 0.2 as fits from analytics_features.embedding_models where is_kept`;
  t.deepEqual({ ...model }, { query_prefix: "query: ", passage_prefix: "passage: ", fits: true });
  const [beside] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
  t.regex(
    beside?.notes,
    /intfloat\/multilingual-e5-small-ru-en was, and is kept beside it: select analytics_features\.activate_model\('\d+'\);/,
  );
  await activate();
  const [after] = await db.sql`select array_to_string(notes, ' ') as notes, model from analytics_features.embedding_status`;
  t.notRegex(after?.notes, /spells/);
  t.regex(after?.model, /^intfloat\/multilingual-e5-small-ru-en/);

  // The worker goes by what is stored, unless it is told otherwise.
  t.true((await search("домкрат"))[0]?.used_vectors);
  const former = readSettings({ ...db.env, EMBEDDING_MODEL: "all-MiniLM-L6-v2" });
  await db.sql`update staging_staging.stg_product set price = 2 where product_id = 8200021`;
  t.is(
    (await withModels(db.database, former, (context) => embedQueued(context))).stored,
    2,
    "and with the former model's name it does for both",
  );
  await db.sql`select analytics_features.drop_model('all-MiniLM-L6-v2')`;
  await fails(
    t,
    withModels(db.database, former, async () => {}),
    { code: "PE021", hint: /prepare_model\('sentence-transformers\/all-MiniLM-L6-v2'\)/ },
  );
});

test("before it is complete a model is activated only by force, and a second one is not prepared beside it", async (t) => {
  await fails(t, activate(), { code: "PE031", message: "No model is prepared." });
  await fails(t, db.sql`select analytics_features.prepare_model(' ')`, { code: "PE031" });
  for (const call of ["index_sql(model_id => 999)", "claim_products('w', 1, 999)", "embedding_difference(999)"]) {
    await fails(t, db.sql.unsafe(`select * from analytics_features.${call}`), { code: "PE031", hint: /model_status/ });
  }
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await fails(t, db.sql`select analytics_features.prepare_model('another')`, { code: "PE030", hint: /drop_model/ });
  await withModels(db.database, db.settings, async (context) => {
    await prepareModel(context, log)(undefined, {} as never);
    await embedQueued(context, { limit: 8 });
  });
  t.like((await models())[1], { state: "preparing", embedded: 8, queued: 107 });
  await fails(t, activate(), { code: "PE032", message: /107 products have no vector/, hint: /force => true/ });
  await db.sql`select analytics_features.activate_model(force => true)`;
  t.is(await dimension(), 768);
  const [row] = await db.sql`select missing::integer from analytics_features.compute_status()`;
  t.is(row?.missing, 107);
  await db.sql`select analytics_features.rollback_model()`;
});

test("a model that cannot be loaded is said in the status, tried again, and given up", async (t) => {
  await db.sql`select analytics_features.prepare_model('/nowhere/model')`;
  await work();
  t.like((await models())[1], { name: "/nowhere/model", state: "failed" });
  const [status] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
  t.regex(status?.notes, /cannot be prepared: There is no model in \/nowhere\/model/);
  await db.sql`delete from graphile_worker._private_jobs`;
  await db.sql`select analytics_features.maintain('w1')`;
  t.is((await db.sql`select from graphile_worker.jobs where task_identifier = 'prepare_model'`).length, 1);
  await db.sql`select analytics_features.drop_model('/nowhere/model')`;
  t.is((await models()).length, 1);
  await db.sql`select analytics_features.prepare_model('all-MiniLM-L6-v2')`;
  await work();
  const [asked] = await db.sql`select error from analytics_features.model_preparation`;
  t.regex(asked?.error, /are kept already/);
  await fails(
    t,
    db.sql`
      select analytics_features.begin_preparation(name, revision, precision, dimension, pooling, max_tokens)
      from analytics_features.embedding_models where is_active`,
    { code: "PE030", hint: /drop_model\('all-MiniLM-L6-v2'\)/ },
  );
});

test("a model that can no longer be loaded is activated only by force, and is sound again once a worker loaded it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-model-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const own = join(folder, "own");
  cpSync(tiny, own, { recursive: true });
  await db.sql`select analytics_features.prepare_model(${own})`;
  await work();
  t.like((await models())[1], { name: "own", state: "ready" });
  mkdirSync(join(own, "1_Pooling"));
  writeFileSync(join(own, "1_Pooling", "config.json"), '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}');
  await work();
  t.like((await models())[1], { state: "failed" });
  await withModels(db.database, db.settings, async (context) => {
    await db.sql`select analytics_features.activate_model(force => true)`;
    await fails(t, embedQueued(context), { code: "PE116" });
    const [status] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
    t.regex(status?.notes, /own cannot be loaded by a worker, which so encodes nothing: The files/);
    await db.sql`select analytics_features.rollback_model()`;
  });
  await fails(t, db.sql`select analytics_features.activate_model('own')`, {
    code: "PE032",
    message: /own cannot be loaded.*files/,
    hint: /activate_model\('\d+', force => true\)/,
  });
  rmSync(join(own, "1_Pooling"), { recursive: true });
  await work();
  const [sound] = await db.sql`select error from analytics_features.model_status where name = 'own'`;
  t.is(sound?.error, null);
  await db.sql`select analytics_features.activate_model('own')`;
  await db.sql`select analytics_features.rollback_model()`;
});

test("what force is to do is said for the model that was asked for, also while another is prepared", async (t) => {
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await work();
  await activate();
  await db.sql`select analytics_features.prepare_model('another')`;
  const [former] = await db.sql`
    select model_id::text as id, analytics_features.embeddings_table(model_id) as table from analytics_features.embedding_models where is_kept`;
  await db.sql`delete from ${db.sql(`analytics_features.${former?.table}`)}`;
  await fails(t, db.sql`select analytics_features.rollback_model()`, {
    code: "PE032",
    hint: new RegExp(`activate_model\\('${former?.id}', force => true\\)`),
  });
  await db.sql`select analytics_features.rollback_model(true)`;
});

test("after starting over a model whose vectors are kept is taken back, and no worker rests for want of one", async (t) => {
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await work();
  await activate();
  await db.sql`select analytics_features.reset_embeddings(384)`;
  await fails(t, work(), { code: "PE021", message: /^No model is active/, hint: /activate_model\('\d+'\).*drop_model\('\d+'\)/ });
  await db.sql`update staging_staging.stg_product set name = 'Домкрат другой' where product_id = 8200021`;
  t.is((await db.sql`select analytics_features.rollback_model() as said`)[0]?.said, "sentence-transformers/all-MiniLM-L6-v2 is active.");
  t.is((await work()).stored, 1);
  t.deepEqual(await models(), [
    { name: "sentence-transformers/all-MiniLM-L6-v2", state: "active", dimension: 384, embedded: 115, queued: 0 },
  ]);
  const [status] = await db.sql`select state, queued::integer from analytics_features.embedding_status`;
  t.is(status?.queued, 0);
  const tables = await db.sql`select from pg_tables where schemaname = 'analytics_features' and tablename like 'product\\_embeddings%'`;
  t.is(tables.length, 1);
});

test("views over the vectors come along where they can, and are named before where they cannot", async (t) => {
  await db.sql`create view public.counted with (security_barrier) as select count(*) as n, max(vector_dims(embedding)) as d from analytics_features.product_embeddings`;
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await work();
  await db.sql`create view public.joined as select product_id, embedding from analytics_features.product_embeddings`;
  await fails(t, activate(), { code: "PE033", message: /view .*joined/, hint: /dbt run/ });
  t.is(await dimension(), 384);
  await db.sql`drop view public.joined`;
  await activate();
  const [row] =
    await db.sql`select n::integer, d, 'security_barrier=true' = any (c.reloptions) as barrier from public.counted, pg_class c where c.relname = 'counted'`;
  t.deepEqual({ ...row }, { n: 115, d: 768, barrier: true });
  await db.sql`drop view public.counted`;

  // Back is a change of dimension too.
  await db.sql`create view public.joined as select product_id, embedding from analytics_features.product_embeddings`;
  await fails(t, db.sql`select analytics_features.rollback_model()`, { code: "PE033", message: /view .*joined/, hint: /force/ });
  await db.sql`select analytics_features.rollback_model(true)`;
  t.is(await dimension(), 384);
  await fails(t, db.sql`select analytics_features.drop_model('tiny-bert-768')`, {
    code: "PE033",
    message: /bound to the vectors of tiny/,
    hint: /call this again/,
  });
  await db.sql`drop view public.joined`;
  await db.sql`select analytics_features.drop_model('tiny-bert-768')`;
});

test("what is granted on the table is granted on the one that takes its place, and indexes keep their names", async (t) => {
  await db.sql`update analytics_features.settings set index_from_products = 100`;
  await db.sql`select analytics_features.build_index()`;
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await work();
  await fails(t, activate(), { code: "PE032", message: /no index/, hint: /index_sql\(model_id => \d+\)/ });
  t.like((await models())[1], { state: "indexing" });
  await db.sql`delete from graphile_worker._private_jobs`;
  await db.sql`select analytics_features.maintain('w1')`;
  t.is((await db.sql`select from graphile_worker.jobs where task_identifier = 'build_index'`).length, 1);
  const due = await db.sql<{ statement: string }[]>`select statement from analytics_features.index_due()`;
  for (const { statement } of due) await db.sql.unsafe(statement);
  await db.sql`grant select, update (tokens) on analytics_features.product_embeddings to public`;
  await activate();
  const [row] = await db.sql`
    select relacl::text like '%=r/%' as on_table,
      (select array_agg(attname || ' ' || attacl::text) from pg_attribute where attrelid = c.oid and attacl is not null) as on_columns
    from pg_class c where oid = 'analytics_features.product_embeddings'::regclass`;
  t.true(row?.on_table);
  t.regex(row?.on_columns.join(), /^tokens \{.*=w\/[^,]*\}$/);
  const [index] = await db.sql`select index_name, serves_search from analytics_features.vector_indexes`;
  t.deepEqual({ ...index }, { index_name: "product_embeddings_hnsw_idx", serves_search: true });
  await db.sql`select analytics_features.rollback_model()`;
  await db.sql`revoke select, update (tokens) on analytics_features.product_embeddings from public`;
  await db.sql`drop index analytics_features.product_embeddings_hnsw_idx`;
});

test("where the searched model was given an index by hand, the prepared one waits for one, and the worker builds it", async (t) => {
  const due = async () =>
    (await db.sql<{ statement: string }[]>`select statement from analytics_features.index_due()`).map((row) => row.statement);
  await db.sql`update analytics_features.settings set index_from_products = 20000`;
  await db.sql`select analytics_features.build_index()`;
  t.deepEqual(await due(), []);
  await db.sql`select analytics_features.prepare_model(${tiny})`;
  await work();
  t.like((await models())[1], { state: "indexing" });
  await fails(t, activate(), { code: "PE032", message: /no index/, hint: /^The worker builds it within the hour/ });
  await db.sql`update analytics_features.settings set index_from_products = null`;
  t.deepEqual(await due(), []);
  await fails(t, activate(), { code: "PE032", message: /no index/, hint: /^The worker builds none while .* in psql: select/ });
  await db.sql`update analytics_features.settings set index_from_products = 20000`;
  const statements = await due();
  t.regex(statements.join("; "), /create index concurrently product_embeddings_\d+_hnsw_idx/);
  for (const statement of statements) await db.sql.unsafe(statement);
  t.like((await models())[1], { state: "ready" });
  t.deepEqual(await due(), []);
  await activate();
  await db.sql`select analytics_features.rollback_model()`;
  await db.sql`drop index analytics_features.product_embeddings_hnsw_idx`;
});

test("changes are claimed for each model apart, and stored where they belong", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  const first = await registerModel(db.sql);
  await insertParts(db.sql, 1, 3);
  await store(db.sql, first, await claim(db.sql));
  await db.sql`select analytics_features.prepare_model('second')`;
  const [begun] = await db.sql`select analytics_features.begin_preparation('second', 'r1', 'fp32', 384, 'mean', 256) as id`;
  await db.sql`select analytics_features.reconcile()`;
  await db.sql`update staging_staging.stg_product set price = 9 where product_id = 2`;
  const ofFirst = await claim(db.sql);
  t.deepEqual(
    ofFirst.map(({ product_id }) => product_id),
    ["2"],
  );
  const ofSecond = await db.sql<
    { claim_id: string; product_id: string }[]
  >`select * from analytics_features.claim_products('w2', 10, ${begun?.id})`;
  t.is(ofSecond.length, 3, "the same product is held for both");
  const vectors = `{${ofSecond.map(() => `"${unitVector(7)}"`).join(",")}}`;
  const ids = ofSecond.map(({ product_id }) => product_id);
  const stored = await db.sql`
    select analytics_features.store_embeddings(${ofSecond[0]?.claim_id ?? null}, ${begun?.id}, ${ids}::bigint[], ${vectors}) as n`;
  t.is(stored[0]?.n, "3");
  await store(db.sql, first, ofFirst);
  const [gaps] = await db.sql`select missing::integer, stale::integer from analytics_features.model_gaps(${begun?.id})`;
  t.deepEqual({ ...gaps }, { missing: 0, stale: 0 });
  const [mixed] =
    await db.sql`select count(*) filter (where model_id <> ${first})::integer as n from analytics_features.product_embeddings`;
  t.is(mixed?.n, 0);
});

test("a document longer than the model reads is said, and read in windows on demand", async (t) => {
  await db.sql`update staging_staging.stg_product set name = repeat('пневматическая подушка ', 60) where product_id in (8200021, 7807552)`;
  await work();
  const [before] = await db.sql`select long_documents::integer, longest_document > 256 as longer from analytics_features.model_status`;
  t.deepEqual({ ...before }, { long_documents: 3, longer: true });
  const [status] = await db.sql`select array_to_string(notes, ' ') as notes from analytics_features.embedding_status`;
  t.regex(status?.notes, /3 documents are longer than the 256 tokens/);
  const vector = async () =>
    (await db.sql`select embedding::text as v from analytics_features.product_embeddings where product_id = 8200021`)[0]?.v as string;
  const cut = await vector();
  const [windows] = await db.sql`select analytics_features.set_windows(true)::integer as n`;
  t.is(windows?.n, 3);
  t.like(await work(), { stored: 3 });
  t.not(await vector(), cut);
  const [again] = await db.sql`select analytics_features.set_windows(true)::integer as n`;
  t.is(again?.n, 0);
  await db.sql`select analytics_features.set_windows(false)`;
  t.like(await work(), { stored: 3 });
  t.is(await vector(), cut);
});
