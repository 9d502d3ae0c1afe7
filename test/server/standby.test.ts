import anyTest from "ava";
import { connect, openDatabase, type Sql } from "../../runner/database.ts";
import type { Finding } from "../../runner/doctor.ts";
import { embedQueued } from "../../runner/embed.ts";
import { loadEncoder } from "../../runner/encoder.ts";
import { migrate } from "../../runner/migrate.ts";
import type { TextHit } from "../../runner/search.ts";
import { embedContext } from "../../runner/session.ts";
import { readSettings } from "../../runner/settings.ts";
import { type Cluster, makeCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { createSample, unitVector, until } from "../helpers/source.ts";

/* A primary and a standby of this test's own, since the suite's server may let nobody replicate. */
const test = anyTest.serial;
let servers: Cluster[] = [];
let primary: Sql;
let standby: Sql;
let standbyUrl = "";

test.before(async () => {
  const first = await makeCluster();
  servers = [first];
  const settings = readSettings({ DATABASE_URL: first.url("postgres") });
  primary = connect(first.url("postgres"), 2);
  await primary`create extension vector`;
  const database = await openDatabase(settings);
  await createSample(database.sql);
  await migrate(database, settings);
  const encoder = await loadEncoder(settings.encoder);
  await embedQueued(await embedContext(database.sql, settings, encoder));
  await encoder.close();
  await database.close();
  const second = await makeCluster({ standbyOf: first });
  servers.push(second);
  standbyUrl = second.url("postgres");
  standby = connect(standbyUrl, 2);
});
test.after.always(async () => {
  await Promise.all([primary?.end(), standby?.end()]);
  for (const server of servers) server.remove();
});

test("a standby answers whatever searches, and says how things stand", async (t) => {
  const [recovery] = await standby`select pg_is_in_recovery() as here`;
  t.true(recovery?.here);
  t.is((await standby`select from analytics_features.search_products(${unitVector(7807552)}, 'l2', 200)`).length, 115);
  const search = (sql: Sql) => sql`select product_id from analytics_features.search_products_text('подушка', 5, '{"is_active": true}')`;
  const found = await search(standby);
  t.true(found.length > 0);
  t.deepEqual([...found], [...(await search(primary))]);
  t.is((await standby`select from analytics_features.similar_products(7807552, 5)`).length, 5);
  t.is((await standby`select from analytics_features.recommended_products(array[7807552])`).length, 10);
  await standby`select from analytics_features.duplicate_products()`;
  t.is((await standby`select recall from analytics_features.measure_recall()`)[0]?.recall, "1.0000");
  t.like((await standby`select state, products::integer from analytics_features.embedding_status`)[0], {
    state: "complete",
    products: 115,
  });
  t.like((await standby`select state, products::integer from analytics_features.compute_status()`)[0], {
    state: "complete",
    products: 115,
  });
});

test("a change on the primary is found on the standby, and so is a query's vector that the primary has", async (t) => {
  await primary`update staging_staging.stg_product set name = 'Гайковёрт ударный' where product_id = 7807552`;
  await primary`select analytics_features.index_words()`;
  await primary`select analytics_features.store_query_embedding('гайковёрт', analytics_features.active_model_id(), ${unitVector(1)})`;
  await until(async () => {
    const [hit] = await standby`select product_id, used_vectors from analytics_features.search_products_text('гайковёрт', 1)`;
    return hit?.product_id === "7807552" && hit?.used_vectors === true;
  }, "the standby finds it");
  t.pass();
});

test("what writes is refused there, and the doctor says that it is a standby", async (t) => {
  await fails(t, standby`select analytics_features.reconcile()`, { code: "25006" });
  await fails(t, standby`select * from analytics_features.claim_products('w', 10)`, { code: "25006" });
  const { code, stdout, stderr } = await run("doctor", ["--json"], { DATABASE_URL: standbyUrl });
  t.is(code, 0, stderr);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  t.regex(findings.find(({ check }) => check === "server")?.finding ?? "", /a standby/);
});

test("a query whose vector cannot be asked for there is said at once, and one that the primary has is no error", async (t) => {
  await fails(t, standby`call analytics_features.embed_query('дрель ударная')`, { code: "PE036" });
  await standby`call analytics_features.embed_query('гайковёрт')`;
});

test("npm run search answers there: from words, and with --mode vectors by a vector of its own", async (t) => {
  const search = async (...args: string[]) => {
    const { code, stdout, stderr } = await run("search", ["пневматическая подушка", "--json", "--limit", "3", ...args], {
      DATABASE_URL: standbyUrl,
    });
    t.is(code, 0, stderr);
    return JSON.parse(stdout) as TextHit[];
  };
  const hybrid = await search();
  t.is(hybrid.length, 3);
  t.true(hybrid.every((hit) => !hit.used_vectors && hit.word_rank !== null));
  const vectors = await search("--mode", "vectors", "--filter", '{"is_active": true}');
  t.is(vectors.length, 3);
  t.true(vectors.every((hit, index) => hit.used_vectors && hit.vector_rank === index + 1 && hit.word_rank === null));
});
