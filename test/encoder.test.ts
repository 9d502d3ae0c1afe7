import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { checkDimension } from "../runner/session.ts";
import { type EncoderSettings, readSettings, root } from "../runner/settings.ts";
import { fails } from "./helpers/errors.ts";

const test = anyTest.serial;

interface Golden {
  items: { kind: string; text: string; ids: number[]; vector: number[] }[];
}
const golden = JSON.parse(readFileSync(`${root}/test/fixtures/golden/all-MiniLM-L6-v2.json`, "utf8")) as Golden;
const tiny = `${root}/test/fixtures/models/tiny-bert-768`;
const bundled = `${root}/models/sentence-transformers/all-MiniLM-L6-v2`;

const settings = (variables: Record<string, string> = {}): EncoderSettings => readSettings(variables).encoder;
let encoder: Encoder;
let scratch = "";
test.before(async () => {
  encoder = await loadEncoder(settings());
  scratch = mkdtempSync(join(tmpdir(), "product-embeddings-models-"));
});
test.after.always(async () => {
  await encoder?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
};
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

const vectorsOf = async (texts: readonly string[]) => (await encoder.encode(texts, "passage")).map(({ vector }) => vector);

/** A copy of a model's folder that a test may damage. */
const copyOf = (folder: string, name: string) => {
  cpSync(folder, join(scratch, name), { recursive: true });
  return join(scratch, name);
};

test("every golden text has the vector of sentence-transformers", async (t) => {
  const vectors = await vectorsOf(golden.items.map(({ text }) => text));
  golden.items.forEach(({ text, kind, vector }, index) => {
    // 0.9999 is far below what rounding to six digits costs (0.0000005) and far above a token that
    // differs: one lost closing token gives 0.998.
    t.true(cosine(vectors[index] ?? [], vector) >= 0.9999, `${kind}: ${text.slice(0, 60)}`);
  });
  t.true(golden.items.length >= 60);
});

test("a text's vector does not depend on what else is in its batch, and results keep the order", async (t) => {
  const texts = golden.items.map(({ text }) => text);
  const together = await vectorsOf(texts);
  for (const [index, text] of texts.entries()) {
    const [alone] = await vectorsOf([text]);
    // Never padded, so only the order of additions within a matrix product could differ.
    t.true(cosine(alone ?? [], together[index] ?? []) > 0.9999999, text.slice(0, 60));
  }
});

test("capitals, accents and rare Chinese characters are read as Python's tokenizer reads them", async (t) => {
  const pairs = [
    // σ and never ς, as Python lower-cases one character at a time.
    ["ΜΟΧΛΟΣ ΤΑΧΥΤΗΤΩΝ ΜΑΖΔΑΣ", "μοχλοσ ταχυτητων μαζδασ"],
    // A character beyond U+FFFF is a word of its own; else it makes its neighbours unknown.
    ["pump\u{20bb7}filter", "pump \u{20bb7} filter"],
    ["カ゛ガ ЁЛКА", "カ゛カ елка"],
    // Special tokens are found in the text as given, before its accents are taken off.
    ["[S\u0301EP] seal", "[ SEP ] seal"],
  ] as const;
  for (const [text, same] of pairs) {
    const [one, other] = await vectorsOf([text, same]);
    t.deepEqual(one, other, same);
  }
});

test("vectors have unit length in float32, also of odd texts", async (t) => {
  const texts = ["", " \n\t", "\0\u0001", "\ud800 lone \udfff", "🔧".repeat(300), "й", "и\u0306", "نص عربي", "x".repeat(5000)];
  const vectors = await vectorsOf(texts);
  t.is(vectors.length, texts.length);
  for (const vector of vectors) {
    t.is(vector.length, 384);
    t.true(Math.abs(Math.sqrt(dot(vector, vector)) - 1) < 1e-5);
  }
  t.deepEqual(vectors[5], vectors[6], "composed and decomposed й are one text");
  t.deepEqual(await encoder.encode([], "passage"), []);
});

test("ten megabytes of text, and dozens of long ones, stay within bounded memory", async (t) => {
  await vectorsOf(["warm up ".repeat(300)]);
  const before = process.memoryUsage.rss();
  await vectorsOf(["подушка пневматическая ".repeat(500_000)]);
  await vectorsOf(Array.from({ length: 64 }, (_, i) => `${i} ${"тормозной диск ".repeat(100 + i)}`));
  // A run of eight at 256 tokens works in about 100 MB; a tenfold leak would be a gigabyte.
  t.true(process.memoryUsage.rss() - before < 500e6, `${(process.memoryUsage.rss() - before) / 1e6} MB`);
});

test("the loop goes on while a batch is encoded", async (t) => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await vectorsOf(Array.from({ length: 40 }, (_, i) => `product ${"long ".repeat(i)}`));
  clearInterval(timer);
  t.true(turns > 3, `${turns} turns`);
});

test("the bundled model says what it is, also by its bare name", async (t) => {
  t.like(encoder.model, {
    name: "sentence-transformers/all-MiniLM-L6-v2",
    revision: "dacf16bd2c52",
    dimension: 384,
    pooling: "mean",
    maxTokens: 256,
    queryPrefix: "",
    passagePrefix: "",
  });
  const same = await loadEncoder(settings({ EMBEDDING_MODEL: "all-MiniLM-L6-v2" }));
  t.deepEqual(same.model, encoder.model);
  await same.close();
});

test("a closed encoder says so", async (t) => {
  const closed = await loadEncoder(settings({ EMBEDDING_MODEL_PATH: tiny }));
  await closed.close();
  await t.throwsAsync(closed.encode(["x"], "query"), { message: "The encoder is closed." });
  await t.throwsAsync(closed.encode([], "query"), { message: "The encoder is closed." });
  t.throws(() => closed.spelledOut(["x"]), { message: "The encoder is closed." });
  await t.notThrowsAsync(closed.close());
});

test("an encoder that is closed while it encodes stops with the same words", async (t) => {
  const closing = await loadEncoder(settings({ EMBEDDING_MODEL_PATH: tiny }));
  const encoding = closing.encode(
    Array.from({ length: 20 }, (_, i) => "word ".repeat(i)),
    "passage",
  );
  await closing.close();
  await t.throwsAsync(encoding, { message: "The encoder is closed." });
});

test("two models loaded at the same time do not get each other's files", async (t) => {
  const { warn } = console;
  // Of one size, so that both are at the same step, and in two folders that differ in name and place.
  const twin = copyOf(tiny, "twin");
  const both = [tiny, twin].map((folder) => loadEncoder(settings({ EMBEDDING_MODEL_PATH: folder })));
  for (const loaded of both) {
    const { model, close } = await loaded;
    t.is(model.dimension, 768);
    await close();
  }
  t.is(console.warn, warn, "what is silenced while loading is restored");
});

test("another dimension than the configured one is refused in the pipeline's words", async (t) => {
  const other = await loadEncoder(settings({ EMBEDDING_MODEL_PATH: tiny }));
  t.is(other.model.dimension, 768);
  await fails(t, () => checkDimension(other.model, readSettings({})), {
    code: "PE113",
    message: "Configured embedding dimension (384) does not match model output (768)",
    hint: /PGVECTOR_EMBEDDING_DIM=768.*prepare_model\('tiny-bert-768'\).*reset_embeddings\(768\)/,
  });
  await fails(t, () => checkDimension(other.model, readSettings({ EMBEDDING_MODEL_PATH: tiny })), {
    code: "PE113",
    hint: new RegExp(`prepare_model\\('${tiny}'\\)`),
  });
  t.notThrows(() => checkDimension(other.model, readSettings({ PGVECTOR_EMBEDDING_DIM: "768" })));
  await other.close();
});

test("a changed byte in a bundled file is found before it is used", async (t) => {
  const folder = copyOf(bundled, "changed");
  const file = join(folder, "tokenizer.json");
  writeFileSync(file, readFileSync(file, "utf8").replace("[UNK]", "[UNX]"));
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL_PATH: folder })), { code: "PE111", message: /changed\/tokenizer\.json .*sha256/ });
});

test("a truncated or missing file is one clear sentence", async (t) => {
  const folder = copyOf(tiny, "truncated");
  truncateSync(join(folder, "onnx/model_quantized.onnx"), 1_000_000);
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL_PATH: folder })), { code: "PE112", message: /truncated cannot be loaded/ });
  rmSync(join(folder, "tokenizer.json"));
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL_PATH: folder })), { code: "PE112", message: /has no tokenizer\.json/ });
});

test("a device that is not there is refused, not ignored", async (t) => {
  await fails(t, loadEncoder(settings({ EMBEDDING_DEVICE: "cuda" })), {
    code: "PE112",
    message: /EMBEDDING_DEVICE=cuda is not supported/,
    hint: /EMBEDDING_DEVICE=cpu/,
  });
});
