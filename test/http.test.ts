import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import anyTest from "ava";
import pino from "pino";
import { connect as connectDatabase, type Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { useDatabase } from "./helpers/database.ts";
import { service } from "./helpers/service.ts";
import { createSample, drain, registerModel, startOver, unitVector, until } from "./helpers/source.ts";

/* The service over a real database, asked without a socket; vectors are made up. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;

test.before(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
  await drain(db.sql, model);
  await db.sql`select analytics_features.index_words()`;
  await db.sql`select analytics_features.maintain('w1')`;
});

const get = async (path: string, query: Record<string, string | string[]> = {}, variables: Record<string, string> = {}, headers = {}) => {
  const { app } = await service(db.sql, variables);
  const response = await app.inject({ method: "GET", url: path, query, headers });
  await app.close();
  return response;
};
const post = async (path: string, payload: object) => {
  const { app } = await service(db.sql);
  const response = await app.inject({ method: "POST", url: path, payload });
  await app.close();
  return response;
};
const isProblem = (t: import("ava").ExecutionContext, response: Awaited<ReturnType<typeof get>>, status: number, code: string) => {
  t.is(response.statusCode, status, response.body);
  t.regex(String(response.headers["content-type"]), /^application\/problem\+json/);
  const problem = response.json();
  t.like(problem, { status, code, type: `urn:product-embeddings:${code}`, request_id: response.headers["x-request-id"] });
  t.true(problem.hint.length > 0);
  return problem;
};

test("search answers what the SQL answers, ids and prices as strings", async (t) => {
  const { statusCode, headers, ...response } = await get("/search", { query: "амортизатор масляный", limit: "3", mode: "words" });
  t.is(statusCode, 200);
  t.like(response.json(), { query: "амортизатор масляный", mode: "words", used_vectors: false, vector: "not_needed" });
  const rows = await db.sql`
    select product_id, name, vendor_code, price, score, vector_rank, distance, word_rank, word_score, matched_words
    from analytics_features.search_products_text('амортизатор масляный', 3, null, 'words')`;
  t.deepEqual(response.json().hits, JSON.parse(JSON.stringify(rows)));
  t.is(typeof response.json().hits[0].product_id, "string");
  t.truthy(headers["x-request-id"]);
  t.regex(String(headers["content-security-policy"]), /default-src 'self'/);
});

test("parameters that are columns filter: equal, any of several, from and to, beside a filter in JSON", async (t) => {
  const prices = async (query: Record<string, string | string[]>) => {
    const response = await get("/search", { query: "фильтр", mode: "words", limit: "100", ...query });
    t.is(response.statusCode, 200, response.body);
    return response.json().hits.map((hit: { price: string }) => Number(hit.price)) as number[];
  };
  const all = await prices({});
  const sorted = [...all].sort((a, b) => a - b);
  const [from = 0, to = 0] = [sorted[1], sorted.at(-2)];
  t.true((sorted[0] ?? 0) < from && from < to && to < (sorted.at(-1) ?? 0));
  const between = all.filter((price) => price >= from && price <= to).length;
  t.is((await prices({ price_from: String(from), price_to: String(to) })).length, between);
  t.is((await prices({ price_from: String(from), filter: `{"price": {"<=": ${to}}}` })).length, between);
  const [one, two] = await db.sql<{ category_id: string; hits: number }[]>`
    select p.category_id::text, count(*)::integer as hits
    from analytics_features.search_products_text('ВАЗ', 100, null, 'words')
    join staging_staging.stg_product p using (product_id)
    where p.category_id is not null group by 1 order by 2 desc limit 2`;
  const ofCategory = async (category_id: string | string[]) => (await prices({ query: "ВАЗ", category_id })).length;
  t.is(await ofCategory(one?.category_id ?? ""), one?.hits ?? 0);
  t.is(await ofCategory([one?.category_id ?? "", two?.category_id ?? ""]), (one?.hits ?? 0) + (two?.hits ?? 0));
  isProblem(t, await get("/search", { query: "фильтр", limt: "3" }), 400, "PE015");
  isProblem(t, await get("/search", { query: "фильтр", price_to: "cheap" }), 400, "PE016");
});

test("a query without a vector waits for it, and many who ask the same ask once", async (t) => {
  const { app, context } = await service(db.sql, { HTTP_WAIT_MS: "20000" });
  const answers = Array.from({ length: 5 }, () =>
    app.inject({ method: "GET", url: "/search", query: { query: "щётки  стеклоочистителя" } }),
  );
  await until(async () => context.vectors.waiting === 5, "all wait");
  const asked = await db.sql`select query from analytics_features.query_embeddings where query = 'щётки стеклоочистителя'`;
  t.is(asked.length, 1);
  // What a worker does.
  await db.sql`select analytics_features.store_query_embedding('щётки стеклоочистителя', ${model}, ${unitVector(7)})`;
  for (const answer of await Promise.all(answers)) {
    t.like(answer.json(), { used_vectors: true, vector: "waited" });
    t.true(answer.json().hits.length > 0);
  }
  t.is(context.vectors.waiting, 0);
  const again = await app.inject({ method: "GET", url: "/search", query: { query: "щётки стеклоочистителя" } });
  t.like(again.json(), { used_vectors: true, vector: "cached" });
  const metrics = await app.inject({ method: "GET", url: "/metrics" });
  t.regex(metrics.body, /product_embeddings_query_vectors_total\{outcome="waited"\} 5\n/);
  t.regex(metrics.body, /product_embeddings_query_vectors_total\{outcome="cached"\} 1\n/);
  await app.close();
});

test("who does not wait, or waits in vain, or comes when enough wait, has the answer from words", async (t) => {
  const { app, context } = await service(db.sql, { HTTP_WAIT_MS: "20000", HTTP_MAX_WAITING: "1" });
  const ask = (query: Record<string, string>) =>
    app.inject({ method: "GET", url: "/search", query: { query: "тормозные колодки", ...query } });
  t.like((await ask({ wait: "0" })).json(), { used_vectors: false, vector: "not_waited" });
  t.like((await ask({ wait: "60" })).json(), { used_vectors: false, vector: "late" });
  const first = ask({});
  await until(async () => context.vectors.waiting === 1, "one waits");
  const second = await ask({});
  t.like(second.json(), { used_vectors: false, vector: "too_many_wait" });
  t.true(second.json().hits.length > 0);
  await db.sql`select analytics_features.store_query_embedding('тормозные колодки', ${model}, ${unitVector(8)})`;
  t.like((await first).json(), { vector: "waited" });
  await app.close();
});

test("without a worker nobody waits", async (t) => {
  await db.sql`update analytics_features.embedding_workers set last_seen_at = now() - interval '1 hour'`;
  const { app } = await service(db.sql, { HTTP_WAIT_MS: "20000" });
  await app.inject({ method: "GET", url: "/status" });
  t.like((await app.inject({ method: "GET", url: "/search", query: { query: "шаровая опора" } })).json(), {
    used_vectors: false,
    vector: "no_worker",
  });
  t.like((await app.inject({ method: "GET", url: "/ready" })).json(), { ready: true, workers_alive: 0 });
  await app.close();
  await db.sql`update analytics_features.embedding_workers set last_seen_at = now()`;
});

test("similar products and recommendations", async (t) => {
  const similar = await get("/products/7807552/similar", { limit: "3", price_to: "5000" });
  t.is(similar.statusCode, 200, similar.body);
  t.is(similar.json().hits.length, 3);
  t.false(similar.json().hits.some((hit: { product_id: string }) => hit.product_id === "7807552"));
  t.is((await get("/products/7807552/similar", { limit: "3", spread: "0.5" })).json().hits.length, 3);
  isProblem(t, await get("/products/1/similar"), 404, "PE017");
  isProblem(t, await get("/products/x/similar"), 400, "PE162");
  isProblem(t, await get("/products/7807552/similar", { spread: "2" }), 400, "PE018");

  const recommended = await post("/recommendations", { product_ids: [7807552, "7807553"], limit: 2, filter: { is_active: true } });
  t.is(recommended.statusCode, 200, recommended.body);
  t.is(recommended.json().hits.length, 2);
  t.is(recommended.json().hits[0].reason, "similar (no pairs known)");
  isProblem(t, await post("/recommendations", { product_ids: [] }), 404, "PE017");
  isProblem(t, await post("/recommendations", { product_ids: [1.5] }), 400, "PE162");
  isProblem(t, await post("/recommendations", { products: [1] }), 400, "PE162");
});

test("what cannot be answered is a problem with a code and a hint, and tells nothing of the inside", async (t) => {
  t.is(isProblem(t, await get("/search"), 400, "PE162").detail, "query: is missing.");
  t.is(isProblem(t, await get("/search", { query: ["x", "y"] }), 400, "PE162").detail, "query: must be given once.");
  isProblem(t, await get("/search", { query: " " }), 400, "PE019");
  isProblem(t, await get("/search", { query: "x", limit: "0" }), 400, "PE162");
  isProblem(t, await get("/search", { query: "x", limit: "10001" }), 400, "PE162");
  isProblem(t, await get("/search", { query: "x", mode: "magic" }), 400, "PE162");
  for (const [name, value] of ["", "0x5", "1e1", "1.5", " 5"].flatMap((value) => ["limit", "wait"].map((name) => [name, value] as const)))
    isProblem(t, await get("/search", { query: "x", [name]: value }), 400, "PE162");
  for (const spread of ["", "0x1", "1e999", "x"]) isProblem(t, await get("/products/7807552/similar", { spread }), 400, "PE162");
  const nested = `${"[".repeat(8000)}${"]".repeat(8000)}`;
  isProblem(t, await get("/search", { query: "x", filter: `{"price": ${nested}}` }), 400, "PE162");
  isProblem(t, await get("/search", { query: "x", filter: "[1]" }), 400, "PE162");
  isProblem(t, await get("/search", { query: "x", filter: '{"price": {"~": 1}}' }), 400, "PE016");
  isProblem(t, await get("/search", { query: "x\0y" }), 400, "PE162");
  isProblem(t, await get("/nowhere"), 404, "PE162");
  const large = await post("/recommendations", { product_ids: [], filter: { name: "x".repeat(200_000) } });
  isProblem(t, large, 400, "PE162");
  t.regex(large.body, /HTTP_BODY_LIMIT/);
  const { app } = await service(db.sql);
  const broken = await app.inject({
    method: "POST",
    url: "/recommendations",
    payload: "{",
    headers: { "content-type": "application/json" },
  });
  isProblem(t, broken, 400, "PE162");
  const deep = await app.inject({
    method: "POST",
    url: "/recommendations",
    payload: `{"product_ids": [7807552], "filter": {"price": ${nested}}}`,
    headers: { "content-type": "application/json" },
  });
  isProblem(t, deep, 400, "PE162");
  for (const address of ["/search?query=%ff", "/search?query=100%", "/%ff"]) isProblem(t, await app.inject(address), 400, "PE162");
  await app.close();
});

test("what is no HTTP, or an address that is not percent-encoded, is told so as well, and logged", async (t) => {
  let lines = "";
  const write = (chunk: Buffer, _: string, done: () => void) => {
    lines += chunk;
    done();
  };
  const { app } = await service(db.sql, {}, pino(new Writable({ write })));
  const { port } = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const say = (request: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end(request));
      let said = "";
      socket.on("data", (chunk) => {
        said += chunk;
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(said));
    });
  const rest = "HTTP/1.1\r\nhost: x\r\n\r\n";
  t.regex(await say(`GET /search?query=фильтр ${rest}`), /^HTTP\/1\.1 400 .*application\/problem\+json.*is no HTTP.*"code":"PE162"/s);
  t.regex(await say(`GET /search?query=${"x".repeat(70_000)} ${rest}`), /^HTTP\/1\.1 431 .*longer than 65536 bytes.*"code":"PE162"/s);
  const refused = await say(`FIND /search?query=x ${rest}`);
  t.regex(refused, /^HTTP\/1\.1 400 .*no method of HTTP.*"code":"PE162"/s);
  const [, id] = /"request_id":"([^"]+)"/.exec(refused) ?? [];
  t.true(lines.includes(`"reqId":"${id}","code":"PE162","cause":"HPE_INVALID_METHOD","status":400`), lines);
  t.notRegex(lines, /фильтр|FIND/);
  await app.close();
});

test("a query may be as long as the description says, percent-encoded", async (t) => {
  const { app } = await service(db.sql);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  for (const query of ["ф".repeat(3000), "車".repeat(4000)]) {
    const answer = await fetch(`${url}/search?mode=words&query=${encodeURIComponent(query)}`);
    t.is(answer.status, 200, await answer.text());
  }
  await app.close();
});

test("an id or a column may be anything that the database can hold", async (t) => {
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (9223372036854775807, 'Последний товар')`;
  await drain(db.sql, model);
  await db.sql`select analytics_features.index_words()`;
  const found = await get("/search", { query: "последний товар", mode: "words", limit: "1" });
  t.is(found.json().hits[0].product_id, "9223372036854775807");
  t.is((await get("/products/9223372036854775807/similar")).statusCode, 200);
  isProblem(t, await get("/products/9223372036854775808/similar"), 400, "PE162");
  for (const column of ["constructor", "toString", "__proto__"]) {
    const { app } = await service(db.sql);
    const address = `/search?query=x&${column}=1`;
    isProblem(t, await app.inject(address), 400, "PE015");
    await app.close();
  }
  await db.sql`delete from staging_staging.stg_product where product_id = 9223372036854775807`;
  await drain(db.sql, model);
});

test("numbers of more digits than a JSON number holds are the ones that were given", async (t) => {
  const ids = ["9007199254740992", "9007199254740993"];
  for (const id of ids) await db.sql`insert into staging_staging.stg_product (product_id, name) values (${id}, 'Опора двигателя')`;
  await drain(db.sql, model);
  await db.sql`select analytics_features.index_words()`;
  const search = async (query: Record<string, string>) => {
    const response = await get("/search", { query: "опора двигателя", mode: "words", limit: "100", ...query });
    t.is(response.statusCode, 200, response.body);
    return response.json().hits.map((hit: { product_id: string }) => hit.product_id);
  };
  for (const id of ids) {
    t.deepEqual(await search({ filter: `{"product_id": ${id}}` }), [id]);
    t.deepEqual(await search({ filter: `{"product_id": {"=": ${id}}, "name": "Опора двигателя"}`, product_id_from: "1" }), [id]);
  }
  const recommend = async (payload: string) => {
    const { app } = await service(db.sql);
    const headers = { "content-type": "application/json" };
    const response = await app.inject({ method: "POST", url: "/recommendations", payload, headers });
    await app.close();
    t.is(response.statusCode, 200, response.body);
    return response.json().hits.map((hit: { product_id: string }) => hit.product_id);
  };
  t.deepEqual(await recommend(`{"product_ids": [7807552], "filter": {"product_id": [9007199254740993]}}`), ["9007199254740993"]);
  const near = await recommend(`{"product_ids": [9007199254740993], "limit": 100}`);
  t.true(near.includes("9007199254740992") && !near.includes("9007199254740993"));
  await db.sql`delete from staging_staging.stg_product where product_id = any(${ids}::bigint[])`;
  await drain(db.sql, model);
});

test("a wait that is longer than the request may take ends with the answer from words", async (t) => {
  const { app } = await service(db.sql, { HTTP_TIMEOUT_MS: "400" });
  const answer = await app.inject({ method: "GET", url: "/search", query: { query: "сцепление", wait: "20000" } });
  t.is(answer.statusCode, 200);
  t.like(answer.json(), { used_vectors: false, vector: "late" });
  await app.close();
});

test("with keys only who has one is let in; health, readiness and the description are open", async (t) => {
  const variables = { HTTP_API_KEYS: `a-key-of-16-chars, sha256:${createHash("sha256").update("another key, hashed").digest("hex")}` };
  for (const path of ["/search?query=x", "/products/7807552/similar", "/status", "/metrics"]) {
    const refused = await get(path, {}, variables);
    isProblem(t, refused, 401, "PE161");
    t.is(refused.headers["www-authenticate"], "Bearer");
    isProblem(t, await get(path, {}, variables, { authorization: "Bearer a-key-of-16-charS" }), 401, "PE161");
    t.is((await get(path, {}, variables, { authorization: "Bearer a-key-of-16-chars" })).statusCode, 200, path);
    t.is((await get(path, {}, variables, { "x-api-key": "another key, hashed" })).statusCode, 200, path);
  }
  for (const path of ["/health", "/ready", "/openapi.json", "/docs/"]) t.is((await get(path, {}, variables)).statusCode, 200, path);
  // Over plain HTTP, from another machine, a browser that is told to take TLS would show nothing.
  t.notRegex(String((await get("/docs/")).headers["content-security-policy"]), /upgrade-insecure-requests/);
});

test("what an operator does needs an operator's key, which can do the rest as well", async (t) => {
  isProblem(t, await get("/operator"), 401, "PE161");
  const variables = { HTTP_API_KEYS: "a-key-of-16-chars", HTTP_OPERATOR_KEYS: "an-operators-key-1" };
  isProblem(t, await get("/operator", {}, variables, { authorization: "Bearer a-key-of-16-chars" }), 401, "PE161");
  const operator = { authorization: "Bearer an-operators-key-1" };
  t.is((await get("/status", {}, variables, operator)).statusCode, 200);
  await db.sql`
    insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (7807552, 5, 'odd', true), (7807553, 5, 'odd', true)`;
  const report = (await get("/operator", {}, variables, operator)).json();
  t.deepEqual(
    report.failures.map(({ product_id, error }: Record<string, unknown>) => ({ product_id, error })),
    [
      { product_id: "7807552", error: "odd" },
      { product_id: "7807553", error: "odd" },
    ],
  );
  t.is(report.failures_in_all, 2);
  t.is(report.models[0].name, "test");
  t.true(report.log.length > 0 && report.workers.length > 0 && report.activity.length > 0);
  const { app } = await service(db.sql, variables);
  const retry = (payload: object, headers: Record<string, string> = operator) =>
    app.inject({ method: "POST", url: "/operator/retry", payload, headers });
  isProblem(t, await retry({}, { authorization: "Bearer a-key-of-16-chars" }), 401, "PE161");
  t.deepEqual((await retry({ product_id: "7807552" })).json(), { retried: 1 });
  t.deepEqual((await retry({})).json(), { retried: 1 });
  t.deepEqual((await retry({})).json(), { retried: 0 });
  await app.close();
  await drain(db.sql, model);
});

test("a database that can only be read, or has no room, is no fault of the request, and the log says which it was", async (t) => {
  const variables = { HTTP_OPERATOR_KEYS: "an-operators-key-1" };
  const asked = async (transaction: object) => {
    const own = Object.assign(transaction, { release: () => {} });
    const sql = Object.assign(own, { reserve: async () => own }) as unknown as Sql;
    let lines = "";
    const write = (chunk: Buffer, _: string, done: () => void) => {
      lines += chunk;
      done();
    };
    const { app } = await service(sql, variables, pino(new Writable({ write })));
    const headers = { authorization: "Bearer an-operators-key-1" };
    const response = await app.inject({ method: "POST", url: "/operator/retry", payload: {}, headers });
    await app.close();
    return { ...isProblem(t, response, 503, "PE102"), lines };
  };
  const undo = new Error("undo");
  await t.throwsAsync(
    db.sql.begin("read only", async (sql) => {
      const { detail, lines } = await asked(sql);
      t.is(detail, "The database can only be read.");
      t.regex(lines, /"code":"PE102","cause":"25006"/);
      throw undo;
    }),
    { is: undo },
  );
  await t.throwsAsync(
    db.sql.begin(async (sql) => {
      await sql.unsafe(`create or replace function analytics_features.retry_failed(product_id bigint default null) returns bigint
        language plpgsql as $$ begin raise 'No space left on device' using errcode = 'disk_full'; end $$`);
      const { detail, lines } = await asked(sql);
      t.is(detail, "The database has no room.");
      t.regex(lines, /"code":"PE102","cause":"53100"/);
      throw undo;
    }),
    { is: undo },
  );
});

test("requests of one client past the limit are told when to come back, probes are not", async (t) => {
  const { app } = await service(db.sql, { HTTP_RATE_LIMIT: "2" });
  const ask = () => app.inject({ method: "GET", url: "/search", query: { query: "x", mode: "words" } });
  t.is((await ask()).statusCode, 200);
  t.is((await ask()).statusCode, 200);
  const refused = await ask();
  isProblem(t, refused, 429, "PE163");
  t.regex(String(refused.headers["retry-after"]), /^\d+$/);
  for (let probe = 0; probe < 5; probe++) t.is((await app.inject("/ready")).statusCode, 200);
  await app.close();
});

test("behind a proxy a client is who the proxy says, whatever the client says", async (t) => {
  const { app } = await service(db.sql, { HTTP_RATE_LIMIT: "1", HTTP_TRUST_PROXY: "on" });
  const ask = async (forwarded: string) =>
    (await app.inject({ url: "/search?query=x&mode=words", headers: { "x-forwarded-for": forwarded } })).statusCode;
  t.is(await ask("192.0.2.1, 198.51.100.7"), 200);
  t.is(await ask("192.0.2.2, 198.51.100.7"), 429);
  t.is(await ask("198.51.100.8"), 200);
  await app.close();
});

test("no answer is kept by a browser or a proxy but the page's own files, also not that one of them is missing", async (t) => {
  const { app } = await service(db.sql);
  const kept = async (address: string) => (await app.inject(address)).headers["cache-control"];
  for (const address of [
    "/search?query=x&mode=words",
    "/status",
    "/operator",
    "/map",
    "/nothing",
    "/assets/main-OLD.js",
    "/assets/index.html",
    "/openapi.json",
  ])
    t.is(await kept(address), "no-store", address);
  t.is(await kept("/"), "no-cache");
  const [script] = /\/assets\/main-[^"]+/.exec((await app.inject("/")).body) ?? [];
  t.is(await kept(script ?? ""), "public, max-age=31536000, immutable");
  await app.close();
});

test("another origin is let in when it is named, and not otherwise", async (t) => {
  const headers = { origin: "https://shop.example" };
  t.is((await get("/health", {}, {}, headers)).headers["access-control-allow-origin"], undefined);
  const named = await get("/health", {}, { HTTP_CORS_ORIGINS: "https://shop.example, https://other.example" }, headers);
  t.is(named.headers["access-control-allow-origin"], "https://shop.example");
  const { app } = await service(db.sql, { HTTP_CORS_ORIGINS: "https://shop.example", HTTP_API_KEYS: "a-reader-s-key-of-16" });
  const asked = { ...headers, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" };
  const before = await app.inject({ method: "OPTIONS", url: "/recommendations", headers: asked });
  t.is(before.statusCode, 204);
  t.is(before.headers["access-control-allow-headers"], "authorization,content-type");
  t.is((await app.inject({ method: "OPTIONS", url: "/recommendations" })).statusCode, 204);
  await app.close();
});

test("the log has ids, routes and times, and what was searched for only when it is asked to", async (t) => {
  const logged = async (variables: Record<string, string>) => {
    let lines = "";
    const log = pino(
      { level: "debug" },
      new Writable({
        write: (chunk, _, done) => {
          lines += chunk;
          done();
        },
      }),
    );
    const { app } = await service(db.sql, variables, log);
    await app.inject({ method: "GET", url: "/search", query: { query: "домкрат", mode: "words" }, headers: { "x-request-id": "mine-1" } });
    await app.inject({ method: "GET", url: "/search", query: { query: "домкрат", domkrat: "домкрат" } });
    await app.close();
    return lines;
  };
  const quiet = await logged({});
  t.regex(quiet, /"reqId":"mine-1".*"route":"\/search".*"status":200/);
  t.notRegex(quiet, /домкрат|domkrat|%D0/i);
  t.regex(await logged({ HTTP_LOG_QUERIES: "on" }), /домкрат/);
});

test("the metrics are Prometheus' and say how things stand", async (t) => {
  const { app } = await service(db.sql);
  await app.inject({ method: "GET", url: "/search", query: { query: "домкрат", mode: "words" } });
  const { body, headers } = await app.inject("/metrics");
  t.regex(String(headers["content-type"]), /^text\/plain/);
  t.regex(body, /^product_embeddings_products 115$/m);
  t.regex(body, /^product_embeddings_queued 0$/m);
  t.regex(body, /^product_embeddings_state\{state="complete"\} 1$/m);
  t.regex(body, /^product_embeddings_model_info\{model="test \(r1, fp32\)"\} 1$/m);
  t.regex(body, /^product_embeddings_search_seconds_count\{mode="words"\} 1$/m);
  t.regex(body, /^product_embeddings_http_seconds_count\{method="GET",route="\/search",status="200"\} 1$/m);
  await app.close();
});

test("of a database that has never answered the metrics say that, and no figure", async (t) => {
  const sql = connectDatabase("postgres://nobody@127.0.0.1:1/none", 1);
  const { app } = await service(sql);
  const { body, statusCode } = await app.inject("/metrics");
  t.is(statusCode, 200);
  t.regex(body, /^product_embeddings_up 0$/m);
  t.notRegex(body, /^product_embeddings_(products|missing|queued|failed|lag_seconds|workers_alive|notes|state)\b/m);
  await app.close();
  await sql.end();
});

test("what the dashboard and the alerts ask Prometheus for is among the metrics", async (t) => {
  const { body } = await get("/metrics");
  const given = [...body.matchAll(/^# TYPE (product_embeddings_\w+) (\w+)$/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
  );
  for (const file of ["prometheus/alerts.yaml", "prometheus/alerts.test.yaml", "grafana/dashboard.json"]) {
    const asked = readFileSync(join(root, "deploy", file), "utf8").match(/product_embeddings_\w+/g) ?? [];
    t.true(asked.length > 0, file);
    t.deepEqual(
      asked.filter((name) => !given.includes(name)),
      [],
      file,
    );
  }
});

test("the description is OpenAPI 3.1 and has every route with its parameters", async (t) => {
  const description = (await get("/openapi.json")).json();
  t.is(description.openapi, "3.1.0");
  for (const path of [
    "/search",
    "/products/{id}/similar",
    "/recommendations",
    "/map",
    "/operator",
    "/operator/retry",
    "/status",
    "/health",
    "/ready",
    "/metrics",
  ]) {
    t.truthy(description.paths[path], path);
  }
  const names = description.paths["/search"].get.parameters.map(({ name }: { name: string }) => name);
  t.deepEqual(names, ["query", "limit", "mode", "wait", "filter"]);
  t.like(description.paths["/search"].get.parameters[1], {
    required: false,
    schema: { type: "integer", minimum: 1, maximum: 10_000, default: 10 },
  });
  t.truthy(description.paths["/search"].get.responses["400"].content["application/problem+json"].schema);
});

test("the description says of each route whether it needs a key, as it does", async (t) => {
  for (const HTTP_API_KEYS of ["", "a-readers-key-0001"]) {
    const { app } = await service(db.sql, { HTTP_API_KEYS, HTTP_OPERATOR_KEYS: "an-operators-key-1" });
    const { paths } = (await app.inject("/openapi.json")).json() as { paths: Record<string, Record<string, { security?: object[] }>> };
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const { statusCode } = await app.inject({ method: method as "get", url: path });
        t.is(security?.length === 1, statusCode === 401, `${method} ${path} ${HTTP_API_KEYS}`);
      }
    }
    await app.close();
  }
});

test("it is not ready while it stops, nor before a model was registered or the database migrated", async (t) => {
  const { app, context } = await service(db.sql);
  t.like((await app.inject("/ready")).json(), { ready: true, state: "complete", workers_alive: 1 });
  context.draining = true;
  const stopping = await app.inject("/ready");
  isProblem(t, stopping, 503, "PE166");
  t.is(stopping.headers.connection, "close");
  t.is((await app.inject("/search?query=x")).statusCode, 200);
  await app.close();

  await db.sql`update analytics_features.embedding_models set is_active = false`;
  isProblem(t, await get("/ready"), 503, "PE166");
  await db.sql`update analytics_features.embedding_models set is_active = true`;
  await db.sql`alter schema analytics_features rename to elsewhere`;
  const unmigrated = await get("/ready");
  const search = await get("/search", { query: "x" });
  await db.sql`alter schema elsewhere rename to analytics_features`;
  t.like(isProblem(t, unmigrated, 503, "PE103"), { ready: false });
  isProblem(t, search, 503, "PE103");
  t.is((await get("/health")).statusCode, 200);
});
