import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { codeOf } from "../runner/errors.ts";
import { attach } from "../runner/migrate.ts";
import { searchText } from "../runner/search.ts";
import { embedContext } from "../runner/session.ts";
import { run } from "./helpers/command.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { service } from "./helpers/service.ts";
import { createSource } from "./helpers/source.ts";
import { serverUrl } from "./helpers/template.ts";

/* Texts as feeds and people really have them, from the insert to the answer over HTTP, with the real model. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let encoder: Encoder;

const zalgo = [..."клапан"].map((letter) => letter + "\u0315\u035c\u0489\u0337".repeat(20)).join("");
const texts: Record<string, string> = {
  "right to left": "مصفاة زيت المحرك",
  "Hebrew with points": "מַסְנֵן שֶׁמֶן",
  "both directions and their marks": "фильтр \u202eлсам\u202c ABC \u2067שמן\u2069",
  "zero-width characters": "коло\u200bдки тор\u200dмоз\u200cные \ufeff",
  "decomposed Cyrillic": "Щётка стеклоочистителя, синий".normalize("NFD"),
  "a family of emoji": "набор 👨‍👩‍👧‍👦 семейный",
  flags: "флаг 🇷🇺🇰🇿🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "only emoji": "🔧🔩⚙️",
  Zalgo: zalgo,
  "a long word": `болт${"я".repeat(5000)}`,
  "a long word of digits": "7".repeat(5000),
  "no spaces": "колодки,тормозные;передние/задние|левые+правые",
  "control characters": "ремень\u0001\u0002\u0007\u001b[31m генератора\u007f\u0085",
  noncharacters: "свеча\ufffe\uffff зажигания",
  "private use": "трос \ue000\uf8ff\u{10fffd} ручника",
  "line breaks of every kind": "прокладка\r\nГБЦ\u2028верхняя\u2029нижняя\u000b\f",
  "full width": "ＦＩＬＴＥＲ ８５６",
  "Chinese, Japanese, Thai": "机油滤清器 オイルフィルター ไส้กรองน้ำมันเครื่อง",
  "quotes and what SQL and shells mean by it": `'"\`$$ \\' %s %I {"a": 1} <script> & | ; -- /* */`,
  "words of query languages": "болт AND NOT (гайка:* | !шайба) <-> & ''",
};
const blanks = [" ", "\t\r\n", "\u00a0\u2003\u3000", "\u200b", "\ufeff", "\u0001", "\u0301", "🏻", "---", "\u{e0001}"];

test.before(async () => {
  encoder = await loadEncoder(db.settings.encoder);
  await createSource(db.sql);
  await attach(db.sql, db.settings);
});
test.after.always(() => encoder?.close());

const pass = async () => embedQueued(await embedContext(db.sql, db.settings, encoder));
const find = async (text: string, mode = "hybrid") =>
  searchText(await embedContext(db.sql, db.settings, encoder), { text, mode, limit: 50 });

test("whatever the text of a product is, it is encoded, and found by itself", async (t) => {
  const products = [...Object.values(texts), ...blanks];
  for (const [index, text] of products.entries()) {
    await db.sql`insert into staging_staging.stg_product (product_id, name, vendor_code) values (${index + 1}, ${text}, ${text})`;
  }
  t.like(await pass(), { stored: products.length, failed: 0, drained: true });
  for (const [index, [what, text]] of Object.entries(texts).entries()) {
    const hits = (await find(text)).slice(0, 5).map((hit) => hit.product_id);
    t.true(hits.includes(String(index + 1)), `${what}: ${hits}`);
    t.true((await find(text, "vectors")).length > 0, what);
    t.true((await find(text, "words")).length <= 50, what);
  }
  t.true(
    (await find("щётка синий", "words")).some((hit) => hit.name === texts["decomposed Cyrillic"]),
    "composed finds decomposed",
  );
  t.true((await find("тормозные колодки", "words")).length > 0);
  for (const text of blanks) {
    await find(text).then(
      (hits) => t.true(hits.length > 0),
      (error) => t.is(codeOf(error), "PE019", JSON.stringify(text)),
    );
  }
});

test("megabytes in one column cost the product nothing but its end", async (t) => {
  // The embedded database takes ten times as long.
  const bytes = serverUrl === undefined ? 1_000_000 : 10_000_000;
  await db.sql`
    insert into staging_staging.stg_product (product_id, name)
    select 1001, 'Компрессор кондиционера ' || repeat('описание ', ${Math.ceil(bytes / 17)}::integer)`;
  const [row] = await db.sql<
    { bytes: number }[]
  >`select octet_length(name) as bytes from staging_staging.stg_product where product_id = 1001`;
  t.true((row?.bytes ?? 0) > bytes);
  t.like(await pass(), { stored: 1, failed: 0, drained: true });
  t.is((await find("компрессор кондиционера"))[0]?.product_id, "1001");
  const hits = await db.sql`select from analytics_features.search_products_text(repeat('компрессор ', 100000), 10)`;
  t.true(hits.length > 0);
  // What the model never reads is in the hash all the same.
  await db.sql`update staging_staging.stg_product set name = name || 'конец' where product_id = 1001`;
  t.is((await pass()).stored, 1);
  await db.sql`delete from staging_staging.stg_product where product_id = 1001`;
  await pass();
});

test("a null character is refused by the server wherever it comes from, and a lone surrogate is none of its characters", async (t) => {
  await fails(t, db.sql`insert into staging_staging.stg_product (product_id, name) values (1003, ${"a\u0000b"})`, { code: "22021" });
  await fails(t, db.sql`select * from analytics_features.search_products_text('x', 10, '{"name": "a\\u0000b"}')`, { code: "22P05" });
  await fails(t, db.sql`select * from analytics_features.search_products_text('x', 10, '{"name": "\\ud800"}')`, { code: "22P02" });
  await fails(t, find("a\u0000b"), { code: "22021" });
  // What becomes of half a character on its way out of JavaScript.
  t.true((await find("болт \ud83d")).length > 0);
});

interface Request {
  method: "GET" | "POST";
  url: string;
  query?: Record<string, string | string[]>;
  headers?: Record<string, string>;
  payload?: object | string;
}

test("over HTTP each of them is an answer or a problem with a code, as a query, a filter, an id, in a body and in an address", async (t) => {
  const { app } = await service(db.sql, { HTTP_WAIT_MS: "0" });
  const ask = async (what: string, options: Request) => {
    const response = await app.inject(options);
    if (response.statusCode !== 200) {
      t.true(response.statusCode >= 400 && response.statusCode < 500, `${what}: ${response.statusCode} ${response.body.slice(0, 200)}`);
      t.regex(response.json<{ code: string }>().code, /^PE\d{3}$/, `${what}: ${response.body.slice(0, 200)}`);
    }
    t.notRegex(response.body, /\bat \S+ \(|node_modules|\.ts:\d/, what);
    return response;
  };
  const all = [
    ...Object.entries(texts),
    ...blanks.map((text) => [JSON.stringify(text), text] as const),
    ["a null character", "a\u0000b"],
    ["half a character", "a\ud800"],
    ["nothing", ""],
  ] as const;
  for (const [what, text] of all) {
    const found = await ask(what, { method: "GET", url: "/search", query: { query: text } });
    if (what in texts) t.is(found.statusCode, text.length > 4000 ? 400 : 200, what);
    await ask(what, { method: "GET", url: "/search", query: { query: "болт", name: text } });
    await ask(what, {
      method: "GET",
      url: "/search",
      query: { query: "болт", name: [text, text], filter: JSON.stringify({ name: { like: text } }) },
    });
    await ask(what, { method: "GET", url: "/search", query: { query: "болт", [text]: "1", price_from: text } });
    await ask(what, { method: "GET", url: `/products/${encodeURIComponent(text.toWellFormed().slice(0, 500))}/similar` });
    await ask(what, { method: "GET", url: `/${encodeURIComponent(text.toWellFormed().slice(0, 500))}` });
    await ask(what, { method: "POST", url: "/recommendations", payload: { product_ids: [1], filter: { name: text, [text]: 1 } } });
    await ask(what, {
      method: "POST",
      url: "/recommendations",
      headers: { "content-type": "application/json" },
      payload: `{"product_ids": ["${text}"]}`,
    });
  }
  for (const payload of [
    '{"product_ids":[1],"filter":{"name":"\\u0000"}}',
    '{"product_ids":[1],"filter":{"name":"\\ud800"}}',
    '{"product_ids":[1],"filter":{"__proto__":{"a":1}}}',
    "[",
    "\ufeff{}",
    "null",
  ]) {
    await ask(payload, { method: "POST", url: "/recommendations", headers: { "content-type": "application/json" }, payload });
  }
  for (const url of [
    "/search?query=%00",
    "/search?query=%ff%fe",
    "/search?query=%",
    "/search?query=a&filter=%7B%22name%22%3A%22%5Cu0000%22%7D",
    "/search?query=a&__proto__=1&constructor=2",
    "/%00",
    "/%ff",
    "/products/%00/similar",
  ]) {
    await ask(url, { method: "GET", url });
  }
  await app.close();
});

test("as a synonym and as an argument of npm run search they are taken, or refused with a sentence", async (t) => {
  for (const text of [...Object.values(texts), ...blanks]) {
    try {
      await db.sql`insert into analytics_features.synonyms (phrase, same_as) values (${text}, 'болт'), ('гайка', ${text})`;
      t.true((await find(text, "words")).length > 0);
    } catch (error) {
      t.true(["23514", "PE019", "54000"].includes(codeOf(error) ?? ""), `${JSON.stringify(text.slice(0, 50))}: ${error}`);
    }
  }
  await db.sql`delete from analytics_features.synonyms`;
  const settled = await Promise.all(
    [texts["quotes and what SQL and shells mean by it"] ?? "", zalgo, texts["a long word"] ?? "", "\u200b", ""].map((text) =>
      run("search", ["--limit", "2", "--filter", JSON.stringify({ name: { "<>": text } }), "--", text], { ...db.env, LOG_LEVEL: "info" }),
    ),
  );
  for (const { code, stdout, stderr } of settled) {
    t.true(code === 0 || /^PE019: The query is empty\.\n→ /.test(stderr), stderr);
    t.notRegex(stdout + stderr, /\bat \S+ \(|node_modules/);
  }
});
