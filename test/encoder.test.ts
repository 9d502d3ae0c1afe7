import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import anyTest from "ava";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { checkDimension } from "../runner/session.ts";
import { type EncoderSettings, readSettings, root } from "../runner/settings.ts";
import { fails } from "./helpers/errors.ts";

const test = anyTest.serial;

interface Golden {
  items: { kind: string; text: string; vector: number[] }[];
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

/** A copy of a model's folder that a test may damage. */
const copyOf = (folder: string, name: string) => {
  cpSync(folder, join(scratch, name), { recursive: true });
  return join(scratch, name);
};

test("every golden text has the vector of sentence-transformers", async (t) => {
  const vectors = await encoder.encode(golden.items.map(({ text }) => text));
  golden.items.forEach(({ text, kind, vector }, index) => {
    // 0.9999 is far below what rounding to six digits costs (0.0000005) and far above a token that
    // differs: one lost closing token gives 0.998.
    t.true(cosine(vectors[index] ?? [], vector) >= 0.9999, `${kind}: ${text.slice(0, 60)}`);
  });
  t.true(golden.items.length >= 60);
});

test("a text's vector does not depend on what else is in its batch, and results keep the order", async (t) => {
  const texts = golden.items.map(({ text }) => text);
  const together = await encoder.encode(texts);
  for (const [index, text] of texts.entries()) {
    const [alone] = await encoder.encode([text]);
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
    const [one, other] = await encoder.encode([text, same]);
    t.deepEqual(one, other, same);
  }
});

test("vectors have unit length in float32, also of odd texts", async (t) => {
  const texts = ["", " \n\t", "\0\u0001", "\ud800 lone \udfff", "🔧".repeat(300), "й", "и\u0306", "نص عربي", "x".repeat(5000)];
  const vectors = await encoder.encode(texts);
  t.is(vectors.length, texts.length);
  for (const vector of vectors) {
    t.is(vector.length, 384);
    t.true(Math.abs(Math.sqrt(dot(vector, vector)) - 1) < 1e-5);
  }
  t.deepEqual(vectors[5], vectors[6], "composed and decomposed й are one text");
  t.deepEqual(await encoder.encode([]), []);
});

test("ten megabytes of text, and dozens of long ones, stay within bounded memory", async (t) => {
  await encoder.encode(["warm up ".repeat(300)]);
  const before = process.memoryUsage.rss();
  await encoder.encode(["подушка пневматическая ".repeat(500_000)]);
  await encoder.encode(Array.from({ length: 64 }, (_, i) => `${i} ${"тормозной диск ".repeat(100 + i)}`));
  // A run of eight at 256 tokens works in about 100 MB; a tenfold leak would be a gigabyte.
  t.true(process.memoryUsage.rss() - before < 500e6, `${(process.memoryUsage.rss() - before) / 1e6} MB`);
});

test("the loop goes on while a batch is encoded", async (t) => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await encoder.encode(Array.from({ length: 40 }, (_, i) => `product ${"long ".repeat(i)}`));
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
  });
  const same = await loadEncoder(settings({ EMBEDDING_MODEL: "all-MiniLM-L6-v2" }));
  t.deepEqual(same.model, encoder.model);
  await same.close();
});

test("a closed encoder says so", async (t) => {
  const closed = await loadEncoder(settings({ EMBEDDING_MODEL_PATH: tiny }));
  await closed.close();
  await t.throwsAsync(closed.encode(["x"]), { message: "The encoder is closed." });
  await t.throwsAsync(closed.encode([]), { message: "The encoder is closed." });
  await t.notThrowsAsync(closed.close());
});

test("an encoder that is closed while it encodes stops with the same words", async (t) => {
  const closing = await loadEncoder(settings({ EMBEDDING_MODEL_PATH: tiny }));
  const encoding = closing.encode(Array.from({ length: 20 }, (_, i) => "word ".repeat(i)));
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
    hint: /PGVECTOR_EMBEDDING_DIM=768.*reset_embeddings\(768\)/,
  });
  t.notThrows(() => checkDimension(other.model, readSettings({ PGVECTOR_EMBEDDING_DIM: "768" })));
  await other.close();
});

test("a model that is nowhere is one clear sentence", async (t) => {
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL_PATH: "/nowhere/at/all" })), {
    code: "PE110",
    message: /\/nowhere\/at\/all/,
    hint: /EMBEDDING_MODEL_PATH/,
  });
  process.env.HF_ENDPOINT = "http://127.0.0.1:9";
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL: "nobody/nothing", EMBEDDING_MODEL_CACHE_DIR: join(scratch, "empty") })), {
    code: "PE110",
    message: /nobody\/nothing is neither in models\/ nor in .*empty, and http:\/\/127\.0\.0\.1:9\/ did not give it/,
    hint: /EMBEDDING_MODEL_PATH/,
  });
});

test("a model of the hub is fetched into the cache folder once, and then needs no hub", async (t) => {
  const asked: string[] = [];
  const hub = createServer((request, response) => {
    const [, file] = /^\/maker\/tiny\/resolve\/main\/(.*)$/.exec(request.url ?? "") ?? [];
    asked.push(file ?? "");
    try {
      // The hub's plain export has this name; the weights are the small test model's.
      response.end(readFileSync(join(tiny, file === "onnx/model.onnx" ? "onnx/model_quantized.onnx" : (file ?? "none"))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const wanted = settings({ EMBEDDING_MODEL: "maker/tiny", EMBEDDING_MODEL_CACHE_DIR: join(scratch, "cache") });
  const first = await loadEncoder(wanted);
  const [vector] = await first.encode(["колодки"]);
  await first.close();
  t.true(asked.includes("onnx/model.onnx"));
  await new Promise((resolve) => hub.close(resolve));

  const second = await loadEncoder(wanted);
  t.deepEqual((await second.encode(["колодки"]))[0], vector);
  t.is(second.model.name, "maker/tiny");
  await second.close();
});

test("an interrupted download is taken up again", async (t) => {
  let cutsOff = true;
  const hub = createServer((request, response) => {
    const [, file = "none"] = /\/resolve\/main\/(.*)$/.exec(request.url ?? "") ?? [];
    if (file === "onnx/model.onnx" && cutsOff) {
      response.writeHead(200, { "content-length": 4_742_325 }).write("the beginning", () => response.destroy());
      return;
    }
    response.end(readFileSync(join(tiny, file === "onnx/model.onnx" ? "onnx/model_quantized.onnx" : file)));
  });
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const wanted = settings({ EMBEDDING_MODEL: "maker/interrupted", EMBEDDING_MODEL_CACHE_DIR: join(scratch, "cache") });
  await fails(t, loadEncoder(wanted), { code: "PE110" });
  cutsOff = false;
  const fetched = await loadEncoder(wanted);
  t.is(fetched.model.dimension, 768);
  await fetched.close();
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
});

test("a hub that takes the call and says nothing is given up after seconds", async (t) => {
  const hub = createServer(() => {});
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const started = Date.now();
  await fails(t, loadEncoder(settings({ EMBEDDING_MODEL: "maker/silent", EMBEDDING_MODEL_CACHE_DIR: join(scratch, "cache") })), {
    code: "PE110",
    hint: /EMBEDDING_MODEL_CACHE_DIR/,
  });
  t.true(Date.now() - started < 15_000);
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
});

test("every file of the bundled model is recorded with its size and sum", (t) => {
  const { files } = JSON.parse(readFileSync(join(bundled, "provenance.json"), "utf8")) as { files: Record<string, { bytes: number }> };
  const there = readdirSync(bundled, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "provenance.json")
    .map((entry) => relative(bundled, join(entry.parentPath, entry.name)));
  t.deepEqual(there.sort(), Object.keys(files).sort());
  for (const [file, { bytes }] of Object.entries(files)) t.is(statSync(join(bundled, file)).size, bytes, file);
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
