import anyTest from "ava";
import type { Sql } from "../runner/database.ts";
import { embedQueries, embedQueued } from "../runner/embed.ts";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { encodeGoldenQueries } from "../runner/evaluate.ts";
import { attach } from "../runner/migrate.ts";
import { searchText } from "../runner/search.ts";
import { embedContext } from "../runner/session.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, registerModel, startOver, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let encoder: Encoder;
const context = () => embedContext(db.sql, db.settings, encoder);

/* The sample catalogue with its words and its real vectors, made once; tests put back what they change. */
test.before(async () => {
  encoder = await loadEncoder(db.settings.encoder);
  await startOver(db.sql);
  await createSample(db.sql);
  await attach(db.sql, db.settings);
  await embedQueued(await context());
});
test.beforeEach(() => db.sql.unsafe("truncate analytics_features.query_embeddings; delete from graphile_worker._private_jobs"));
test.after.always(() => encoder?.close());

interface Found {
  id: number;
  vector_rank: number | null;
  distance: number | null;
  word_rank: number | null;
  score: number;
  used_vectors: boolean;
}
const find = (query: string | null, limit: number | null = 10, filter: object | null = null, mode: string | null = "hybrid") =>
  db.sql<Found[]>`
    select product_id::float8 as id, vector_rank, distance, word_rank, score, used_vectors
    from analytics_features.search_products_text(${query}, ${limit}::integer, ${filter === null ? null : JSON.stringify(filter)}::text::jsonb, ${mode})`;
const ids = (found: readonly Found[]) => found.map(({ id }) => id);
const waiting = async () =>
  (
    await db.sql`select from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = 'embed_queries'`
  ).length;

test("a long query is answered in a script of three and of four bytes a letter too", async (t) => {
  for (const first of [0x4e00, 0x20000]) {
    // Each letter another, since an index entry is compressed.
    const query = Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(first + ((i * 7919) % 20000))).join("");
    t.is((await find(query)).length, 0);
    t.is(await embedQueries(await context()), 1);
    t.true((await find(query)).every((hit) => hit.used_vectors));
    t.is((await db.sql`select from analytics_features.query_embeddings where starts_with(${query}, query)`).length, 1);
    await db.sql`truncate analytics_features.query_embeddings`;
  }
});

test("a query that nobody encoded is answered by words, says so, and has its vector the next time", async (t) => {
  const first = await find("тормозные колодки");
  t.true(first.length > 0);
  t.true(first.every((hit) => !hit.used_vectors && hit.vector_rank === null && hit.distance === null));
  t.is(await waiting(), 1);
  await find("  тормозные   колодки ");
  t.is(await waiting(), 1, "one wake-up, and blanks do not make another query");

  t.is(await embedQueries(await context()), 1);
  const second = await find("тормозные колодки");
  t.true(second.every((hit) => hit.used_vectors && hit.distance !== null));
  t.true(second.some((hit) => hit.vector_rank === 1));
  t.is(await embedQueries(await context()), 0);
  const [row] = await db.sql`select query, uses::integer, kept from analytics_features.query_embeddings`;
  t.deepEqual({ ...row }, { query: "тормозные колодки", uses: 1, kept: false });
});

test("a search writes once an hour for a query that has its vector, and once a minute for one that waits for it", async (t) => {
  const usedAfter = async (ago: string) => {
    await db.sql`update analytics_features.query_embeddings set used_at = now() - ${ago}::interval`;
    await find("тормозные колодки");
    await find("тормозные колодки");
    const [row] =
      await db.sql`select uses::integer, used_at > now() - interval '10 seconds' as is_noted from analytics_features.query_embeddings`;
    return [row?.uses, row?.is_noted];
  };
  await find("тормозные колодки");
  t.deepEqual(await usedAfter("59 seconds"), [1, false]);
  t.deepEqual(await usedAfter("61 seconds"), [2, true]);
  await embedQueries(await context());
  t.deepEqual(await usedAfter("59 minutes"), [2, false]);
  t.deepEqual(await usedAfter("61 minutes"), [3, true]);
});

test("each mode gives its own order, and hybrid knows the places of both", async (t) => {
  const text = "пневматическая подушка";
  const hybrid = await searchText(await context(), { text, mode: "hybrid", limit: 115 });
  const words = await find(text, 115, null, "words");
  const vectors = await find(text, 115, null, "vectors");
  const [exact] = await db.sql<{ ids: number[] }[]>`
    select array_agg(n.product_id::float8) as ids from (
      select product_id from analytics_features.search_products(analytics_features.query_embedding(${text}), 'cosine', 115)
    ) n`;
  t.deepEqual(ids(vectors), exact?.ids);
  for (const hit of hybrid) {
    if (hit.vector_rank !== null) t.is(vectors[hit.vector_rank - 1]?.id, Number(hit.product_id));
    if (hit.distance !== null && hit.vector_rank !== null) {
      t.true(Math.abs((vectors[hit.vector_rank - 1]?.distance ?? 9) - hit.distance) < 1e-6);
    }
  }
  t.deepEqual(
    hybrid.map(({ score }) => score),
    hybrid.map(({ score }) => score).sort((a, b) => b - a),
  );
  t.true(words.every((hit) => hit.word_rank !== null));
});

test("a filter never costs a hit: every product that passes is found, whatever its share", async (t) => {
  const text = "колодки тормозные передние";
  await searchText(await context(), { text, mode: "hybrid", limit: 1 });
  for (const filter of [
    { price: { ">=": 1000, "<": 2000 } },
    { price: { ">": 30_000 } },
    { is_active: true },
    { is_active: false },
    { category_id: [30, 40] },
    { category_id: 30, price: { "<": 2500 } },
    { vendor_code: "GS8779" },
    { vendor_code: null },
    { name: { like: "%тормоз%" } },
    { product_id: { "<": 0 } },
  ]) {
    const [passing] = await db.sql<{ ids: number[] | null }[]>`
      select array_agg(product_id::float8 order by product_id) as ids
      from analytics_features.live_products((select array_agg(product_id) from staging_staging.stg_product), ${JSON.stringify(filter)}::text::jsonb)`;
    for (const mode of ["hybrid", "vectors"]) {
      const found = ids(await find(text, 200, filter, mode)).sort((a, b) => a - b);
      const missed = (passing?.ids ?? []).filter((id) => !found.includes(id));
      // By vectors every product is a candidate; so all that pass are hits, up to the size of the pool.
      t.deepEqual(missed, [], `${mode} ${JSON.stringify(filter)}`);
      t.is(found.length, passing?.ids?.length ?? 0);
    }
    const words = ids(await find(text, 200, null, "words"));
    t.deepEqual(
      ids(await find(text, 200, filter, "words")).sort((a, b) => a - b),
      words.filter((id) => passing?.ids?.includes(id)).sort((a, b) => a - b),
      `words ${JSON.stringify(filter)}`,
    );
  }
});

test("the table of vectors that somebody dropped is said in one sentence", async (t) => {
  await db.sql
    .begin(async (sql) => {
      await sql`drop table analytics_features.product_embeddings`;
      await fails(t, sql`select * from analytics_features.search_products_text('x')`, { code: "PE003" });
      throw new Error("back");
    })
    .catch((error: unknown) => t.is((error as Error).message, "back"));
});

test("a product that is gone is gone from search by text at once, and one that came is found by its words", async (t) => {
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = 8200022`;
  t.false(ids(await find("колодки барабанные")).includes(8200022));
  await db.sql`update staging_staging.stg_product set deleted = false where product_id = 8200022`;
  t.is((await find("колодки барабанные"))[0]?.id, 8200022);
});

test("bad input is refused with its code and a hint", async (t) => {
  for (const query of ["", "  \n ", "\u00a0\u2009\u200b\ufeff", null])
    await fails(t, find(query), { code: "PE019", message: "The query is empty." });
  await fails(t, find("x", 0), { code: "PE014" });
  await fails(t, find("x", 10_001), { code: "PE014" });
  await fails(t, find("x", null), { code: "PE014" });
  await fails(t, find("x", 1, null, "magic"), { code: "PE027", message: "Unknown mode: 'magic'.", hint: /hybrid/ });
  await fails(t, find("x", 1, null, null), { code: "PE027" });
  await fails(t, find("x", 1, { nonsense: 1 }), { code: "PE015" });
  await fails(t, find("x", 1, { price: { "<": "cheap" } }), { code: "PE016" });
});

test("an odd query has an answer: too long, stop words alone, emoji, SQL, another language, tsquery's signs", async (t) => {
  for (const query of [
    "колодки ".repeat(1250),
    "x".repeat(10_000),
    "и на для от",
    "the of and",
    "😀🔧",
    "'; drop table staging_staging.stg_product; --",
    "ブレーキパッド",
    "Bremsbeläge für Lastkraftwagen",
    "а & | ! ( ) <-> :* \\ ' \"",
    "%_\\%",
    "\u202e\u200b",
    "1",
    "№ 5 / 3'8\"",
  ]) {
    for (const mode of ["hybrid", "words"]) await t.notThrowsAsync(find(query, 10, null, mode).then(), `${mode} ${query.slice(0, 20)}`);
  }
  await embedQueries(await context());
  const left = await db.sql`select left(query, 20) as query, error from analytics_features.query_embeddings where embedding is null`;
  t.deepEqual([...left], [], "the model can say something about each of them");
  for (const query of ["😀🔧", "ブレーキパッド", "и на для от"]) t.is((await find(query)).length, 10, "by meaning, if by nothing else");
  t.is((await db.sql`select from staging_staging.stg_product`).length, 115);
});

test("in a read-only transaction search answers and asks for nothing", async (t) => {
  await searchText(await context(), { text: "домкрат", mode: "hybrid", limit: 1 });
  await db.sql.begin("read only", async (sql) => {
    for (const [query, used] of [
      ["колодки", false],
      ["домкрат", true],
    ] as const) {
      const hits = await sql`select used_vectors from analytics_features.search_products_text(${query})`;
      t.true(hits.length > 0);
      t.is(hits[0]?.used_vectors, used);
    }
  });
  t.deepEqual([...(await db.sql`select query from analytics_features.query_embeddings`)], [{ query: "домкрат" }]);
});

test("the cache forgets the least used beyond its bound, but no golden query", async (t) => {
  await db.sql`update analytics_features.settings set query_cache_size = 3`;
  await db.sql`insert into analytics_features.golden_queries (query, product_id, grade) values ('golden', 8200021, 3)`;
  await db.sql`
    insert into analytics_features.query_embeddings (query, model_id, uses, used_at)
    select 'q' || g, analytics_features.active_model_id(), g, now() - interval '1 day' from generate_series(1, 6) g`;
  await db.sql`
    insert into analytics_features.query_embeddings (query, model_id, uses, used_at)
    values ('once popular', analytics_features.active_model_id(), 100000, now() - interval '60 days')`;
  await db.sql`select analytics_features.maintain('w1')`;
  const rows = await db.sql`select query, kept from analytics_features.query_embeddings order by 1`;
  t.deepEqual(
    rows.map(({ query, kept }) => [query, kept]),
    [
      ["golden", true],
      ["q5", false],
      ["q6", false],
    ],
  );
  t.is(await waiting(), 1, "what has no vector is encoded though nobody asks");
  await embedQueries(await context());
  await db.sql`delete from analytics_features.golden_queries`;
  await db.sql`update analytics_features.settings set query_cache_size = default`;
  t.true((await find("golden"))[0]?.used_vectors ?? true);
});

test("a query that cannot be encoded is said, tried three times, and holds up no other", async (t) => {
  const failing = {
    ...encoder,
    encode: async (texts: readonly string[], as: "query" | "passage") => {
      if (texts.includes("poison")) throw new Error("cannot be encoded");
      return encoder.encode(texts, as);
    },
  };
  await find("poison");
  await find("домкрат");
  const broken = await embedContext(db.sql, db.settings, failing);
  for (let pass = 0; pass < 4; pass++) await embedQueries(broken);
  const rows =
    await db.sql`select query, embedding is not null as encoded, attempts, error from analytics_features.query_embeddings order by 1`;
  t.deepEqual(
    [...rows],
    [
      { query: "poison", encoded: false, attempts: 3, error: "cannot be encoded" },
      { query: "домкрат", encoded: true, attempts: 0, error: null },
    ],
  );
  await db.sql`update analytics_features.query_embeddings set used_at = now() - interval '2 hours' where query = 'poison'`;
  await find("poison");
  t.is(await embedQueries(await context()), 1, "asked for again after an hour");
});

test("vectors of another model are never used, and made again by the new one", async (t) => {
  await searchText(await context(), { text: "домкрат", mode: "hybrid", limit: 1 });
  t.true((await find("домкрат"))[0]?.used_vectors);
  const { modelId } = await (await context()).models.active();
  await db.sql
    .begin(async (sql) => {
      await sql`update analytics_features.product_embeddings set model_id = null`;
      const other = await registerModel(sql as unknown as Sql, "other");
      const [hit] = await sql`select used_vectors from analytics_features.search_products_text('домкрат')`;
      t.false(hit?.used_vectors);
      t.deepEqual([...(await sql`select query from analytics_features.take_queries()`)], [{ query: "домкрат" }]);
      // Late, from a worker that still has the old model: not taken.
      const [late] = await sql`select analytics_features.store_query_embedding('домкрат', ${modelId}, ${unitVector(1)}) as stored`;
      t.is(late?.stored, null);
      const [stored] = await sql`select analytics_features.store_query_embedding('домкрат', ${other}, ${unitVector(1)}) as stored`;
      t.true(stored?.stored);
      const [again] = await sql`select used_vectors from analytics_features.search_products_text('домкрат')`;
      t.true(again?.used_vectors);
      await sql`rollback`;
    })
    .catch((error: unknown) => {
      // The driver commits after us, and there is nothing left to commit.
      if (!/no transaction/i.test(String(error))) throw error;
    });
});

test("embed_query refuses an empty query, and leaves a request", async (t) => {
  await fails(t, db.sql.unsafe("call analytics_features.embed_query(' ')"), { code: "PE019" });
  if (db.database.embedded) await db.sql.unsafe("call analytics_features.embed_query('домкрат')");
  else
    await fails(t, db.sql.unsafe("call analytics_features.embed_query('домкрат', '0.2 seconds')"), {
      code: "PE026",
      hint: /npm run worker/,
    });
  t.is(await embedQueries(await context()), 1);
  await db.sql.unsafe("call analytics_features.embed_query('домкрат')");
  t.true((await find("домкрат"))[0]?.used_vectors);
});

test("a vector that no search could be done with is not taken for a query", async (t) => {
  const { modelId } = await (await context()).models.active();
  const store = (vector: string | null) =>
    db.sql`select analytics_features.store_query_embedding('домкрат', ${modelId}, ${vector}) as stored`;
  await fails(t, store(null), { code: "PE011" });
  await fails(t, store("[1,2,3]"), { code: "PE012" });
  await fails(t, store(`[${Array(384).fill(0).join()}]`), { code: "PE013" });
  t.is((await db.sql`select from analytics_features.query_embeddings`).length, 0);
  t.true((await store(`[${Array(384).fill(2).join()}]`))[0]?.stored);
  t.true((await find("домкрат"))[0]?.used_vectors);
});

test("what no product has in words is left to the vector, unless it has a number or the model does not read the language", async (t) => {
  const weights = async (query: string, coverage: number | null, hasVector = true) => {
    const [row] = await db.sql<{ word_weight: number; trigram_weight: number; vector_weight: number }[]>`
      select * from analytics_features.signal_weights(${query}, ${coverage}, ${hasVector})`;
    if (row === undefined) throw new Error("There are no weights.");
    t.true(Math.abs(row.word_weight + row.trigram_weight + row.vector_weight - 1) < 1e-9);
    return Math.round(row.vector_weight * 1000) / 1000;
  };
  const spelledOut = (share: number | null) =>
    db.sql`update analytics_features.embedding_models set spelled_out = ${share} where is_active`;
  const [measured] = await db.sql<
    { share: number }[]
  >`select spelled_out as share from analytics_features.embedding_models where is_active`;
  t.true((measured?.share ?? 0) > 0.5, "this model does not read Russian");
  t.teardown(() => spelledOut(measured?.share ?? null));

  await spelledOut(0);
  t.is(await weights("ремень", 1), 0.25);
  t.is(await weights("ремень", 0.5), 0.571);
  t.is(await weights("ремень", 0), 0.769);
  t.is(await weights("ремень", null), 0.769, "stop words alone");
  t.is(await weights("ремень 6PK", 0), 0.25);
  t.is(await weights("ремень", 0.5, false), 0);
  await spelledOut(1);
  t.is(await weights("ремень", 1), 0.125);
  t.is(await weights("ремень", 0), 0.125, "nothing is left to a model that reads nothing");
  await spelledOut(null);
  t.is(await weights("ремень", 1), 0.25, "not known yet");
  // An English model and a catalogue in English, asked in Russian.
  await spelledOut(0);
  const ask = (share: number | null) => db.sql`
    insert into analytics_features.query_embeddings (query, model_id, spelled_out)
    select 'ремень', analytics_features.active_model_id(), ${share}
    on conflict on constraint query_embeddings_key do update set spelled_out = excluded.spelled_out`;
  await ask(1);
  t.is(await weights(" ремень ", 0), 0.125, "nor to one that does not read the query");
  await ask(0.5);
  await spelledOut(1);
  t.is(await weights("ремень", 0), 0.125, "of the two the worse");
  await db.sql`delete from analytics_features.query_embeddings`;
  await spelledOut(null);

  // The vector of brake pads, for a jack by one word of three.
  const { modelId } = await (await context()).models.active();
  const jack = "домкрат ъщцфжх щхъфцж";
  for (const query of [jack, "домкрат"]) {
    await db.sql`
      select analytics_features.store_query_embedding(${query}, ${modelId}, e.embedding)
      from analytics_features.product_embeddings e where e.product_id = 8200021`;
  }
  t.is((await find(jack))[0]?.id, 8200021);
  t.not((await find("домкрат"))[0]?.id, 8200021);
  await spelledOut(measured?.share ?? null);
  t.not((await find(jack))[0]?.id, 8200021);
});

test("whoever encodes a query notes how well the model reads it", async (t) => {
  const shares = async () => {
    const rows = await db.sql<{ query: string; share: number }[]>`
      select query, spelled_out as share from analytics_features.query_embeddings order by query`;
    return rows.map(({ query, share }) => `${query} ${share > 0.5}`);
  };
  await db.sql`delete from analytics_features.query_embeddings`;
  await find("домкрат гидравлический");
  t.is(await embedQueries(await context()), 1);
  await searchText(await context(), { text: "hydraulic jack", mode: "hybrid", limit: 1 });
  await encodeGoldenQueries(await context(), ["рулевая рейка"]);
  t.deepEqual(await shares(), ["hydraulic jack false", "домкрат гидравлический true", "рулевая рейка true"]);
});

test("what is nearest by vector is among the hits also where many products have a word of the query", async (t) => {
  const { modelId } = await (await context()).models.active();
  const query = "комплект ъщцфжх щхъфцж ждлщъх";
  await db.sql`update analytics_features.embedding_models set spelled_out = 0 where is_active`;
  await db.sql`update staging_staging.stg_product set name = name || ' комплект' where product_id <> 7807552`;
  await db.sql`select analytics_features.index_words()`;
  await db.sql`
    select analytics_features.store_query_embedding(${query}, ${modelId}, e.embedding)
    from analytics_features.product_embeddings e where e.product_id = 7807552`;
  t.like(
    (await find(query)).find(({ id }) => id === 7807552),
    { vector_rank: 1, word_rank: null },
  );
});
