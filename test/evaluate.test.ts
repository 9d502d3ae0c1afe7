import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import postgres from "postgres";
import { evaluate, type Judgment, loadGoldenQueries, requireQuality, type Score, unembeddedQueries } from "../runner/evaluate.ts";
import { readDocuments, readGoldenQueries, readJudgments, readQueries } from "../runner/judgment-files.ts";
import { root } from "../runner/settings.ts";
import { run, start } from "./helpers/command.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, createSource, drain, insertParts, registerModel, startOver, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
/* Array.fromAsync came with Node 22. */
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
};
const collection = `${root}/test/fixtures/collection`;

/** Results that are written down instead of found, so that only the arithmetic is looked at. */
const written = `
  create table public.written (query text, mode text, product_id bigint, place integer);
  alter function analytics_features.search_products_text(text, integer, jsonb, text) rename to search_products_text_kept;
  create function analytics_features.search_products_text(query text, max_results integer, filter jsonb, mode text)
  returns table (product_id bigint) language sql as $$
    select w.product_id from public.written w where w.query = $1 and w.mode = $4 order by w.place limit $2
  $$`;
const found = `
  drop function if exists analytics_features.search_products_text(text, integer, jsonb, text);
  alter function analytics_features.search_products_text_kept(text, integer, jsonb, text) rename to search_products_text;
  drop table public.written`;

test.beforeEach(async () => {
  await startOver(db.sql);
  await loadGoldenQueries(db.sql, "analytics_features", []);
});

const write = (query: string, mode: string, products: readonly (string | number)[]) =>
  db.sql`
    insert into public.written select ${query}, ${mode}, p.id::bigint, p.place::integer
    from unnest(${products.map(String)}::text[]) with ordinality p (id, place)`;
const judge = (judgments: readonly (readonly [query: string, product: number, grade: number, kind?: string])[]) =>
  loadGoldenQueries(
    db.sql,
    "analytics_features",
    judgments.map(([query, product, grade, kind = ""]) => ({ query, product_id: String(product), grade, kind })),
  );
const scores = (k = 10) => evaluate(db.sql, "analytics_features", k);
const giveVector = (query: string, model: number) =>
  db.sql`select analytics_features.store_query_embedding(${query}, ${model}, ${unitVector(1)})`;

test("the figures are those that a hand computes", async (t) => {
  await createSource(db.sql);
  await insertParts(db.sql, 1, 9);
  await db.sql.unsafe(written);
  try {
    await judge([
      ["a", 1, 3, "x"],
      ["a", 2, 1, "x"],
      ["a", 3, 2, "x"],
      ["a", 4, 0, "x"],
      ["b", 5, 2, "y"],
    ]);
    await write("a", "words", [2, 4, 1, 3]);
    await write("b", "words", [9, 5]);
    const [x, , , y, , , all] = await scores(3);
    // The gains of a: 1 at the first place, 3 at the third; at best 3, 2 and 1. Of b: 2 at the second, at best at the first.
    const ndcg = { a: (1 + 3 / 2) / (3 + 2 / Math.log2(3) + 1 / 2), b: 1 / Math.log2(3) };
    for (const [score, kind, queries, expected] of [
      [x, "x", 1, [ndcg.a, 1, 2 / 3]],
      [y, "y", 1, [ndcg.b, 1 / 2, 1]],
      [all, null, 2, [(ndcg.a + ndcg.b) / 2, 3 / 4, 5 / 6]],
    ] as const) {
      t.like(score, { model: null, kind, mode: "words", queries, unembedded: 0 });
      for (const [index, value] of [score?.ndcg, score?.mrr, score?.recall].entries()) {
        t.true(Math.abs((value ?? -1) - (expected[index] ?? 0)) < 1e-12, `${kind}: ${value}, not ${expected[index]}`);
      }
    }
  } finally {
    await db.sql.unsafe(found);
  }
});

test("the figures are those of trec_eval", async (t) => {
  const fixture = JSON.parse(readFileSync(`${root}/test/fixtures/evaluation/trec_eval.json`, "utf8")) as {
    qrels: Record<string, Record<string, number>>;
    kinds: Record<string, string>;
    runs: Record<string, Record<string, string[]>>;
    expected: (Score & { k: number })[];
  };
  await createSource(db.sql);
  await insertParts(db.sql, 1, 60);
  const model = await registerModel(db.sql);
  await db.sql.unsafe(written);
  try {
    await loadGoldenQueries(
      db.sql,
      "analytics_features",
      Object.entries(fixture.qrels).flatMap(([query, grades]) =>
        Object.entries(grades).map(([product_id, grade]) => ({ query, product_id, grade, kind: fixture.kinds[query] ?? "" })),
      ),
    );
    for (const query of Object.keys(fixture.qrels)) await giveVector(query, model);
    for (const [mode, run] of Object.entries(fixture.runs)) {
      for (const [query, products] of Object.entries(run)) await write(query, mode, products);
    }
    t.is(fixture.expected.length, 24);
    for (const k of [3, 10]) {
      const measured = await scores(k);
      for (const expected of fixture.expected.filter((score) => score.k === k)) {
        const score = measured.find(({ kind, mode }) => kind === expected.kind && mode === expected.mode);
        t.like(score, { model: "test", queries: expected.queries, unembedded: 0 });
        for (const measure of ["ndcg", "mrr", "recall"] as const) {
          const difference = Math.abs((score?.[measure] ?? -1) - (expected[measure] ?? 0));
          t.true(difference < 1e-12, `${measure}@${k} of ${expected.kind} by ${expected.mode}`);
        }
      }
    }
  } finally {
    await db.sql.unsafe(found);
  }
});

test("a query without a vector counts for words alone, and says so", async (t) => {
  await createSource(db.sql);
  await insertParts(db.sql, 1, 9);
  await db.sql`select analytics_features.attach()`;
  const model = await registerModel(db.sql);
  await drain(db.sql, model);
  await judge([
    ["part 1", 1, 3],
    ["part 2", 2, 3],
  ]);
  t.deepEqual(await unembeddedQueries(db.sql, "analytics_features"), ["part 1", "part 2"]);
  const none = await scores();
  t.like(none[0], { kind: "", mode: "words", queries: 2, unembedded: 0 });
  t.like(none[1], { kind: "", mode: "vectors", queries: 0, ndcg: null, mrr: null, recall: null, unembedded: 2 });
  t.like(none[2], { kind: "", mode: "hybrid", queries: 0, ndcg: null, unembedded: 2 });
  await giveVector("part 1", model);
  t.deepEqual(await unembeddedQueries(db.sql, "analytics_features"), ["part 2"]);
  const [, vectors, hybrid] = await scores();
  // The vector is the one that drain() gave to product 1.
  t.like(vectors, { mode: "vectors", queries: 1, ndcg: 1, mrr: 1, recall: 1, unembedded: 1 });
  t.like(hybrid, { mode: "hybrid", queries: 1, recall: 1, unembedded: 1 });
});

test("products that are gone are not asked for, nor are queries that only they answer", async (t) => {
  await createSource(db.sql);
  await insertParts(db.sql, 1, 9);
  await db.sql.unsafe(written);
  try {
    await judge([
      ["a", 1, 3],
      ["a", 2, 3],
      ["a", 77, 3],
      ["b", 88, 3],
      ["c", 3, 0],
    ]);
    await db.sql`update staging_staging.stg_product set deleted = true where product_id = 2`;
    await write("a", "words", [1]);
    const [words] = await scores();
    t.like(words, { queries: 1, ndcg: 1, recall: 1 });
    await db.sql`truncate staging_staging.stg_product`;
    await fails(t, scores(), { code: "PE141", message: /No product that a golden query should find/, hint: /--golden/ });
  } finally {
    await db.sql.unsafe(found);
  }
});

test("what cannot be measured is refused with its code", async (t) => {
  await fails(t, scores(), { code: "PE001" });
  await createSource(db.sql);
  await fails(t, scores(), { code: "PE141", message: "There are no golden queries.", hint: /sample\/golden_queries\.csv/ });
  for (const k of [0, 10001, null]) {
    await fails(t, db.sql`select * from analytics_features.evaluate_search(${k}::integer)`, { code: "PE014" });
  }
});

test("loading puts a set in place of the one before; of two judgments the better counts, and a negative one is 0", async (t) => {
  t.is(await judge([["old", 1, 3]]), 1);
  const loaded = await judge([
    ["a", 1, 1, "x"],
    ["a", 1, 2, "x"],
    ["a", 2, -2, "x"],
    ["b", 3_000_000_001, 3],
  ]);
  t.is(loaded, 2);
  t.deepEqual(
    [...(await db.sql`select query, product_id, grade, kind from analytics_features.golden_queries order by 1, 2`)],
    [
      { query: "a", product_id: "1", grade: 2, kind: "x" },
      { query: "a", product_id: "2", grade: 0, kind: "x" },
      { query: "b", product_id: "3000000001", grade: 3, kind: "" },
    ],
  );
  await fails(t, judge([["", 1, 1]]), { code: "PE040" });
});

test("the sample's golden queries are of its products, eight and more of a kind", async (t) => {
  await createSample(db.sql);
  const golden = await readGoldenQueries(`${root}/sample/golden_queries.csv`);
  t.is(await loadGoldenQueries(db.sql, "analytics_features", golden), 118);
  const strangers = await db.sql`
    select product_id from analytics_features.golden_queries g
    where not exists (select from staging_staging.stg_product p where p.product_id = g.product_id)`;
  t.deepEqual([...strangers], []);
  const kinds = await db.sql<{ kind: string; queries: number }[]>`
    select kind, count(distinct query)::integer as queries from analytics_features.golden_queries group by kind order by 1`;
  t.deepEqual(
    kinds.map(({ kind }) => kind),
    ["code", "english", "name", "need", "synonym", "typo", "vehicle", "word"],
  );
  for (const { kind, queries } of kinds) t.true(queries >= 8, kind);
  const [mixed] = await db.sql`
    select count(*)::integer as n from (select query from analytics_features.golden_queries group by query having count(distinct kind) > 1) q`;
  t.is(mixed?.n, 0);
  const repeated = golden.length - new Set(golden.map(({ query, product_id }) => `${query}\t${product_id}`)).size;
  t.is(repeated, 0);
});

test("no word of the sample's synonyms stands in the name of what they should find", async (t) => {
  await createSample(db.sql);
  await loadGoldenQueries(db.sql, "analytics_features", await readGoldenQueries(`${root}/sample/golden_queries.csv`));
  const [synonyms] = await db.sql`
    select
      count(*)::integer as judged,
      count(*) filter (where exists (
        select from regexp_split_to_table(lower(g.query), ' ') w where length(w) > 3 and position(w in lower(p.name)) > 0
      ))::integer as given_away
    from analytics_features.golden_queries g
    join staging_staging.stg_product p on p.product_id = g.product_id
    where g.kind = 'synonym'`;
  t.true(synonyms?.judged >= 16);
  t.is(synonyms?.given_away, 0);
});

const score = (kind: string | null, mode: Score["mode"], ndcg: number | null, recall = 0.5): Score => ({
  model: "m",
  kind,
  mode,
  queries: ndcg === null ? 0 : 1,
  ndcg,
  mrr: ndcg,
  recall: ndcg === null ? null : recall,
  unembedded: 0,
});

test("thresholds name what fell short, where and by how much", async (t) => {
  const measured = [
    score("typo", "words", 0.8),
    score("typo", "vectors", 0.6),
    score("typo", "hybrid", 0.75),
    score(null, "words", 0.6),
    score(null, "vectors", 0.7),
    score(null, "hybrid", 0.69, 0.1 + 0.2),
  ];
  t.notThrows(() => requireQuality(measured, 10, {}));
  t.notThrows(() => requireQuality(measured, 10, { minNdcg: 0.69, minRecall: 0.3, failBelowBest: 0.05 }));
  await fails(t, () => requireQuality(measured, 10, { minNdcg: 0.7 }), {
    code: "PE140",
    message: "Hybrid search is not as good as was asked for: nDCG@10 over all kinds is 0.690, which is 0.010 below 0.7.",
    hint: /docs\/evaluation\.md/,
  });
  await fails(t, () => requireQuality(measured, 5, { minRecall: 0.5 }), {
    code: "PE140",
    message: /recall@5 over all kinds is 0\.300, which is 0\.200 below 0\.5\.$/,
  });
  await fails(t, () => requireQuality(measured, 10, { failBelowBest: 0.02 }), {
    code: "PE140",
    message: /for: nDCG@10 of the kind «typo» is 0\.750, which is 0\.050 below that of words alone\.$/,
  });
  await fails(t, () => requireQuality(measured, 10, { minNdcg: 0.9, failBelowBest: 0 }), {
    code: "PE140",
    message: /over all kinds is 0\.690.*; .*«typo».*; nDCG@10 over all kinds is 0\.690, which is 0\.010 below that of vectors alone\.$/,
  });
});

test("a hybrid search that was not measured passes no threshold", async (t) => {
  const measured = [score(null, "words", 0.6), score(null, "vectors", null), score(null, "hybrid", null)];
  await fails(t, () => requireQuality(measured, 10, { minNdcg: 0.1 }), { code: "PE140" });
  await fails(t, () => requireQuality(measured, 10, { failBelowBest: 0.02 }), { code: "PE140" });
});

test("a collection is the same in the forms of BEIR and of TREC", async (t) => {
  const documents = async (file: string) =>
    (await all(readDocuments(`${collection}/${file}`))).map(({ id, title, text }) => ({ id, title, text }));
  t.is((await documents("corpus.jsonl")).length, 10);
  t.deepEqual(await documents("corpus.jsonl"), await documents("documents.tsv"));
  const texts = async (file: string) => [...(await readQueries(`${collection}/${file}`))].map(([id, { text }]) => [id, text]);
  t.deepEqual(await texts("queries.jsonl"), await texts("topics.tsv"));
  t.like((await readQueries(`${collection}/queries.jsonl`)).get("q4"), { text: "BT-28", kind: "code" });
  const judgments = await readJudgments(`${collection}/qrels/test.tsv`);
  t.is(judgments.length, 8);
  t.deepEqual(
    judgments,
    (await readJudgments(`${collection}/qrels.txt`)).map(({ grade, ...rest }) => ({ ...rest, grade: Math.max(grade, 0) })),
  );
});

test("a file that is not as expected is refused with its line", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-files-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const documents = (name: string) => all(readDocuments(name));
  const csv = "query,product_id,grade,kind\n";
  try {
    for (const [read, message] of [
      [() => readGoldenQueries(file("a.csv", "query,product_id\nx,1\n")), /a\.csv, line 2: grade is missing\./],
      [() => readGoldenQueries(file("b.csv", `${csv}x,one,3,\n`)), /line 2: product_id is not a whole number\./],
      [() => readGoldenQueries(file("c.csv", `${csv}x,1,3,\ny,2,-1,\n`)), /line 3: grade is not a whole number\./],
      [() => readGoldenQueries(file("d.csv", `${csv}" ",1,3,\n`)), /line 2: query is empty\./],
      [() => readGoldenQueries(file("e.csv", `${csv}x,1,3\n`)), /line 2: it is not CSV/],
      [() => readGoldenQueries(file("f.csv", csv)), /f\.csv, line 1: there is no golden query in it\./],
      [() => readGoldenQueries(file("g.csv", "")), /g\.csv, line 1: there is no golden query in it\./],
      [() => readGoldenQueries(join(folder, "none.csv")), /none\.csv cannot be read: there is no such file\./],
      [() => documents(file("a.jsonl", '{"_id":"1","text":"x"}\n\n{"_id":2\n')), /a\.jsonl, line 3: it is not JSON\./],
      [() => documents(file("b.jsonl", '{"title":"x","text":"x"}\n')), /line 1: _id is missing\./],
      [() => documents(file("c.jsonl", '{"_id":"1"}\n')), /line 1: text is not a text\./],
      [() => documents(file("d.jsonl", "7\n")), /line 1: it is no object\./],
      [() => documents(file("a.tsv", "1\tx\n2\n")), /a\.tsv, line 2: it is not a number and a text/],
      [() => documents(join(folder, "none.jsonl")), /there is no such file/],
      [() => documents(folder), /it is a folder/],
      [() => readQueries(file("e.jsonl", '{"_id":"1","text":" "}\n')), /line 1: text is empty\./],
      [() => readJudgments(file("b.tsv", "query-id\tcorpus-id\tscore\n1\t2\tgood\n")), /b\.tsv, line 2: it is not query, document/],
      [() => readJudgments(file("c.tsv", "1 0 2 1\n1 2\n")), /line 2/],
    ] as const) {
      await fails(t, read, { code: "PE141", message, hint: /docs\/evaluation\.md/ });
    }
    t.deepEqual(await readGoldenQueries(file("bom.csv", '\uFEFFquery,product_id,grade\r\n"a, «b» ""c""",007,2\r\n')), [
      { query: 'a, «b» "c"', product_id: "007", grade: 2, kind: "" },
    ] satisfies Judgment[]);
    for (const [name, text] of [
      ["semicolons.csv", '\uFEFFquery;product_id;grade\r\n"a; b, c";7;2\r\n'],
      ["tabs.csv", "query\tproduct_id\tgrade\na; b, c\t7\t2\n"],
    ] as const) {
      t.deepEqual(await readGoldenQueries(file(name, text)), [{ query: "a; b, c", product_id: "7", grade: 2, kind: "" }]);
    }
    const windows1251 = join(folder, "1251.csv");
    writeFileSync(windows1251, Buffer.concat([Buffer.from("query,product_id,grade\n"), Buffer.from([0xe4, 0xee]), Buffer.from(",7,2\n")]));
    await fails(t, () => readGoldenQueries(windows1251), { code: "PE141", message: /not in UTF-8/ });
    t.deepEqual(await documents(file("numbers.jsonl", '\uFEFF{"_id":5,"title":null,"text":"a\\u0000b","metadata":{"n":1}}\n')), [
      { id: "5", title: "", text: "ab", metadata: { n: 1 } },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("evaluate loads golden queries, makes their vectors once, prints the figures and fails a build that is not good enough", async (t) => {
  await createSample(db.sql);
  t.is((await run("migrate", [], db.env)).code, 0);
  const golden = ["--golden", `${root}/sample/golden_queries.csv`];
  const early = await run("evaluate", golden, db.env);
  t.regex(early.stderr, /^115 of 115 products have no vector yet/m);
  const warned: unknown[] = [];
  const connection = postgres(db.database.url, { prepare: false, max: 1, onnotice: ({ message }) => warned.push(message) });
  await connection`select from analytics_features.evaluate_search()`;
  t.regex(warned.join("\n"), /^115 of 115 products have no vector of sentence-transformers\/all-MiniLM-L6-v2 yet/m);
  t.is((await run("embed", [], db.env)).code, 0);
  warned.length = 0;
  await connection`select from analytics_features.evaluate_search()`;
  t.deepEqual(warned, []);
  await connection.end();
  await db.sql`truncate analytics_features.query_embeddings`;

  const first = await run("evaluate", [...golden, "--json"], db.env);
  t.is(first.code, 0, first.stderr);
  t.regex(first.stderr, /118\/118 queries/);
  const measured = JSON.parse(first.stdout) as Score[];
  t.is(measured.length, 27);
  for (const { model, queries, ndcg, mrr, recall, unembedded } of measured) {
    t.is(model, "sentence-transformers/all-MiniLM-L6-v2");
    t.is(unembedded, 0);
    t.true(queries >= 12);
    for (const figure of [ndcg, mrr, recall]) t.true(figure !== null && figure >= 0 && figure <= 1);
  }
  const named = measured.find(({ kind, mode }) => kind === "name" && mode === "hybrid");
  t.true((named?.ndcg ?? 0) > 0.8, "who types a product's name finds it");

  const again = await run("evaluate", [], db.env);
  t.is(again.code, 0, again.stderr);
  t.regex(
    again.stderr,
    /^sentence-transformers\/all-MiniLM-L6-v2 spells \d+ % of the letters .*\n1 documents are longer .*\n$/,
    "nothing is encoded again",
  );
  t.regex(again.stdout, /│ kind +│ queries │ +nDCG │ +MRR │ recall │/);
  t.regex(again.stdout, /│ all +│ +118 │ 0\.\d{3} │/);
  t.regex(again.stdout, /Of the first 10 results; model: sentence-transformers\/all-MiniLM-L6-v2\./);
  for (const line of again.stdout.trim().split("\n")) t.true([...line].length <= 100);

  // What docs/evaluation.md promises of the sample, a little below.
  const passed = await run("evaluate", ["--min-ndcg", "0.65", "--min-recall", "0.68", "--fail-below-best", "0.02", "--json"], db.env);
  t.is(passed.code, 0, passed.stderr);
  for (const kind of ["code", "name"]) {
    t.true((JSON.parse(passed.stdout) as Score[]).find((score) => score.kind === kind && score.mode === "hybrid")?.mrr === 1, kind);
  }
  const failed = await run("evaluate", ["--min-ndcg", "0.99"], db.env);
  t.is(failed.code, 7);
  t.regex(failed.stdout, /│ all/);
  t.regex(
    failed.stderr,
    /^PE140: Hybrid search is not as good as was asked for: nDCG@10 over all kinds is 0\.\d{3}, which is 0\.\d{3} below 0\.99\.\n→ /m,
  );
});

test("with the Russian model too hybrid search is what docs/evaluation.md promises, in every kind", async (t) => {
  await startOver(db.sql);
  await createSample(db.sql);
  const env = { ...db.env, EMBEDDING_MODEL: "intfloat/multilingual-e5-small-ru-en" };
  for (const command of ["migrate", "embed"]) t.is((await run(command, [], env)).code, 0);
  const golden = ["--golden", `${root}/sample/golden_queries.csv`];
  const passed = await run(
    "evaluate",
    [...golden, "--min-ndcg", "0.71", "--min-recall", "0.77", "--fail-below-best", "0.02", "--json"],
    env,
  );
  t.is(passed.code, 0, passed.stderr);
  const measured = JSON.parse(passed.stdout) as Score[];
  t.true(measured.every(({ model, unembedded }) => model === "intfloat/multilingual-e5-small-ru-en" && unembedded === 0));
  t.is(measured.find(({ kind, mode }) => kind === "code" && mode === "hybrid")?.ndcg, 1);
});

test("a collection is measured in a database of its own, which is gone afterwards", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-collection-"));
  const scratch = async (pid: number | undefined) =>
    db.database.embedded
      ? readdirSync(folder).filter((name) => name.startsWith("product-embeddings"))
      : (await db.sql`select datname from pg_database where datname like ${`product\\_embeddings\\_scratch\\_${pid}\\_%`}`).map(
          ({ datname }) => datname,
        );
  const measure = async (documents: string, queries: string, judgments: string, ...args: string[]) => {
    const files = ["--documents", join(collection, documents), "--queries", join(collection, queries), "--judgments", judgments];
    const running = start("evaluate", [...files, ...args], { ...db.env, TMPDIR: folder });
    const ended = await running.ended;
    t.deepEqual(await scratch(running.process.pid), []);
    return ended;
  };
  const of = (measured: readonly Score[], kind: string | null, mode: string) =>
    measured.find((one) => one.kind === kind && one.mode === mode);
  try {
    const beir = await measure(
      "corpus.jsonl",
      "queries.jsonl",
      join(collection, "qrels/test.tsv"),
      "--columns",
      "vendor_code,colour",
      "--json",
    );
    t.is(beir.code, 0, beir.stderr);
    t.regex(beir.stderr, /10\/10 products/);
    t.regex(beir.stderr, /4\/4 queries/);
    const measured = JSON.parse(beir.stdout) as Score[];
    t.like(of(measured, "need", "vectors"), { queries: 3, mrr: 1 });
    t.like(of(measured, "code", "hybrid"), { queries: 1, recall: 1 });

    const trec = await measure("documents.tsv", "topics.tsv", join(collection, "qrels.txt"), "--json");
    t.is(trec.code, 0, trec.stderr);
    t.like(of(JSON.parse(trec.stdout) as Score[], "", "vectors"), { queries: 4 });

    const none = await measure("corpus.jsonl", "queries.jsonl", "/dev/null");
    t.is(none.code, 2);
    t.regex(none.stderr, /^PE141: No judgment in \/dev\/null is of a query/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("evaluate called wrongly ends with 2 and says why", async (t) => {
  for (const [args, message] of [
    [["--documents", "x"], /a collection is all three of --documents, --queries and --judgments/],
    [["--documents", "x", "--queries", "x", "--judgments", "x", "--golden", "x"], /one at a time/],
    [["--min-ndcg", "70"], /a number from 0 to 1/],
    [["--k", "0"], /whole number from 1 to 10000/],
    [["--columns", "name"], /names in lower-case letters/],
    [["--golden", "/nowhere.csv"], /^PE141: \/nowhere\.csv cannot be read: there is no such file\.\n→ /],
  ] as const) {
    const ended = await run("evaluate", args, db.env);
    t.is(ended.code, 2, ended.stderr);
    t.regex(ended.stderr, message);
    t.is(ended.stdout, "");
  }
});

test("golden queries that are none are refused with the reason, and those that are there stay", async (t) => {
  await db.sql`select analytics_features.load_golden_queries('[{"query": "болт", "product_id": 1, "grade": 2}]')`;
  for (const [judgments, message] of [
    [null, "Golden queries are an array of objects, not null."],
    ["{}", "Golden queries are an array of objects, not object."],
    ['"x"', "Golden queries are an array of objects, not string."],
    ["[1]", "A golden query is not as it has to be."],
    ['[{"query": "болт"}]', "A golden query is not as it has to be."],
    ['[{"query": "болт", "product_id": 1, "score": 3}]', "A golden query is not as it has to be."],
    ['[{"query": " ", "product_id": 1, "grade": 1}]', "A golden query is not as it has to be."],
    ['[{"query": "болт", "product_id": "one", "grade": 1}]', "A golden query is not as it has to be."],
    // More than an index entry holds, and each letter another, since that is compressed.
    [
      JSON.stringify([
        {
          query: Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20000))).join(""),
          product_id: 1,
          grade: 1,
        },
      ]),
      "A golden query is not as it has to be.",
    ],
  ] as const) {
    await fails(t, db.sql`select analytics_features.load_golden_queries(${judgments}::text::jsonb)`, { code: "PE040", message });
  }
  t.is((await db.sql`select from analytics_features.golden_queries`).length, 1);
  await db.sql`select analytics_features.load_golden_queries('[]')`;
  t.is((await db.sql`select from analytics_features.golden_queries`).length, 0);
});
