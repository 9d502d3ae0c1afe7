import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AutoTokenizer, env } from "@xenova/transformers";
import anyTest from "ava";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { readSettings, root } from "../runner/settings.ts";
import { type TokenReader, tokenReader } from "../runner/tokens.ts";

/* What becomes of a text before the model sees it, with the bundled model for Russian and English. */
const test = anyTest.serial;

const name = "intfloat/multilingual-e5-small-ru-en";
const golden = JSON.parse(readFileSync(`${root}/test/fixtures/golden/multilingual-e5-small-ru-en.json`, "utf8")) as {
  items: { kind: "query" | "passage"; text: string; ids: number[]; vector: number[] }[];
};
const catalogue = JSON.parse(readFileSync(`${root}/test/fixtures/texts.json`, "utf8")) as { russian: string[]; english: string[] };
const load = (variables: Record<string, string>) => loadEncoder(readSettings(variables).encoder);

let russian: Encoder;
let english: Encoder;
let reader: TokenReader;
let scratch = "";
test.before(async () => {
  russian = await load({ EMBEDDING_MODEL: name });
  english = await load({});
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: `${root}/models/${dirname(name)}` });
  reader = tokenReader(await AutoTokenizer.from_pretrained("multilingual-e5-small-ru-en"), { maxTokens: 512, lowerCase: false });
  scratch = mkdtempSync(join(tmpdir(), "product-embeddings-tokens-"));
});
test.after.always(async () => {
  await russian?.close();
  await english?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let [sum, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    sum += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return sum / Math.sqrt(lengthA * lengthB);
};
const idsOf = (text: string) => reader.read(text, "", false).windows[0]?.ids;
const vectorOf = async (encoder: Encoder, text: string, options?: { windows: boolean }) => {
  const [encoded] = await encoder.encode([text], "passage", options);
  return encoded?.vector ?? new Float32Array();
};

test("the model for Russian gives every golden text the tokens and the vector that Python gives it", async (t) => {
  for (const { kind, text, ids, vector } of golden.items) {
    t.deepEqual(idsOf(text), ids, text);
    const [encoded] = await russian.encode([text.slice(`${kind}: `.length)], kind);
    // The worst has 0.9999999; without its prefix a text has 0.956 to 0.9989.
    t.true(cosine(encoded?.vector ?? [], vector) >= 0.9999, text);
    t.is(encoded?.tokens, ids.length, text);
  }
  t.is(golden.items.length, 40);
});

test("a query and a product with the same words are two texts to e5, and one to a model without prefixes", async (t) => {
  for (const [encoder, differs] of [
    [russian, true],
    [english, false],
  ] as const) {
    const [query] = await encoder.encode(["тормозной диск"], "query");
    const [passage] = await encoder.encode(["тормозной диск"], "passage");
    t.is(cosine(query?.vector ?? [], passage?.vector ?? []) < 0.999, differs);
  }
});

test("a text that is cut off keeps its closing token, and says how long it was", async (t) => {
  const long = "тормозной диск ".repeat(600);
  const { windows, tokens } = reader.read(long, "passage: ", false);
  t.is(windows.length, 1);
  t.is(windows[0]?.ids.length, 512);
  t.is(windows[0]?.ids.at(-1), 2);
  t.is(tokens, reader.read("тормозной диск", "passage: ", false).tokens + 599 * (reader.read("тормозной диск", "", false).tokens - 2));
  const [encoded] = await russian.encode([long], "passage");
  t.is(encoded?.tokens, tokens);
});

test("a text of megabytes says about how long it is, from its beginning", (t) => {
  const of = (times: number) => reader.read("диск ".repeat(times), "", false).tokens;
  t.true(Math.abs(of(1_000_000) / of(1_000) / 1_000 - 1) < 0.01, `${of(1_000_000)} and ${of(1_000)}`);
});

test("special tokens spelled out in a product's text are characters like any others", async (t) => {
  // The full-width signs become </s> only when the text is normalized.
  for (const text of ["</s>", "</s></s>", "<s>старая цена</s> диск", "диск </s> колодки", "<mask><pad><unk>", "＜/s＞"]) {
    const ids = idsOf(text) ?? [];
    t.deepEqual([ids[0], ids.at(-1)], [0, 2], text);
    t.deepEqual(
      ids.slice(1, -1).filter((id) => [0, 1, 2, 3, 129_290].includes(id)),
      [],
      text,
    );
    t.true(ids.length > 3, text);
  }
  // As in Python: a text with [SEP] is one with a special token for the model of the Python pipeline.
  const [sep] = await english.encode(["[SEP]"], "passage");
  t.is(sep?.tokens, 3);
  const [spelled] = await english.encode(["[ SEP ]"], "passage");
  t.is(spelled?.tokens, 5);
});

test("what the cut vocabulary does not know is one unknown token, and the words around it are read", (t) => {
  const key = (idsOf("ключ") ?? []).slice(1, -1);
  const ids = idsOf("🔧 ключ") ?? [];
  t.true(ids.includes(3));
  t.deepEqual(ids.slice(-1 - key.length, -1), key);
});

test("a long text in windows has the mean of its windows, weighted by what is new in each", async (t) => {
  // One token each, so that the windows can be cut here by words.
  const words = Array.from({ length: 600 }, (_, i) => ["brake", "disc", "oil", "filter", "pump", "belt", "lamp"][(i * i + 3 * i) % 7]);
  const part = (from: number, to: number) => vectorOf(english, words.slice(from, to).join(" "));
  // 254 fit beside [CLS] and [SEP], and a tenth of them is seen twice.
  const parts = [await part(0, 254), await part(229, 483), await part(458, 600)];
  const fresh = [254, 229, 117];
  const mean = Float64Array.from({ length: 384 }, (_, i) => parts.reduce((sum, vector, p) => sum + (vector[i] ?? 0) * (fresh[p] ?? 0), 0));
  const whole = await vectorOf(english, words.join(" "), { windows: true });
  t.true(cosine(whole, mean) > 0.999999, `${cosine(whole, mean)}`);
  t.true(Math.abs(Math.hypot(...whole) - 1) < 1e-5);
  t.true(cosine(whole, await vectorOf(english, words.join(" "))) < 0.9999, "the end of the text counts now");
  t.is((await english.encode([words.join(" ")], "passage", { windows: true }))[0]?.tokens, 602);
});

test("a text that fits is the same with windows and without, also beside one that does not", async (t) => {
  const short = ["", "диск", "brake disc ".repeat(127)];
  const alone = await english.encode(short, "passage");
  const among = await english.encode([...short, "oil filter ".repeat(400)], "passage", { windows: true });
  for (const [index, { vector, tokens }] of alone.entries()) {
    t.true(cosine(vector, among[index]?.vector ?? []) > 0.9999999);
    t.is(tokens, among[index]?.tokens ?? 0);
  }
  t.is(alone[2]?.tokens, 256);
});

test("the prefix stands in every window, and windows end at the sixteenth", (t) => {
  const { windows } = reader.read("диск ".repeat(1_200), "passage: ", true);
  const prefix = (idsOf("passage:") ?? []).slice(0, -1);
  const disc = idsOf("диск")?.[1] ?? 0;
  t.is(windows.length, 3);
  for (const { ids } of windows) {
    t.deepEqual(ids.slice(0, prefix.length), prefix);
    t.deepEqual(new Set(ids.slice(prefix.length, -1)), new Set([disc]));
    t.is(ids.at(-1), 2);
    t.true(ids.length <= 512);
  }
  t.is(
    windows.reduce((sum, { fresh }) => sum + fresh, 0),
    1_200,
  );
  t.is(reader.read("й ".repeat(16_000), "passage: ", true).windows.length, 16);
});

test("windows of a text past the last one read do not change its vector", async (t) => {
  const folder = join(scratch, "short-sighted");
  cpSync(`${root}/test/fixtures/models/tiny-bert-768`, folder, { recursive: true });
  writeFileSync(join(folder, "sentence_bert_config.json"), JSON.stringify({ max_seq_length: 12 }));
  const encoder = await load({ EMBEDDING_MODEL_PATH: folder });
  t.is(encoder.model.maxTokens, 12);
  // Windows of ten with one in common: 145 digits are read.
  const read = Array.from({ length: 145 }, (_, i) => i % 10).join(" ");
  const vector = await vectorOf(encoder, read, { windows: true });
  t.deepEqual(await vectorOf(encoder, `${read} 9 9 9`, { windows: true }), vector);
  t.notDeepEqual(await vectorOf(encoder, read.replace(/\d$/, "9 9"), { windows: true }), vector);
  await encoder.close();
});

test("Russian is spelled out by the English model and not by the Russian one, English by neither", (t) => {
  const share = (encoder: Encoder, texts: string[]) => encoder.spelledOut(texts) ?? -1;
  t.true(share(english, catalogue.russian) > 0.6, `${share(english, catalogue.russian)}`);
  t.true(share(english, ["Домкрат гидравлический бутылочный", "Щётка стеклоочистителя задняя"]) > 0.9);
  t.true(share(russian, catalogue.russian) < 0.1, `${share(russian, catalogue.russian)}`);
  for (const encoder of [english, russian]) t.true(share(encoder, catalogue.english) < 0.03, `${share(encoder, catalogue.english)}`);
});

test("a word of one letter is read, an unknown one is not, and what has no letters has no share", (t) => {
  t.is(english.spelledOut(["и", "a b c", "№ 5"]), 0);
  t.is(english.spelledOut(["فلتر"]), 1);
  t.is(russian.spelledOut(["刹车片"]), 0, "each Chinese character is a word of its own");
  t.is(english.spelledOut(["12 345,6", "—", ""]), null);
  t.is(english.spelledOut([]), null);
});
