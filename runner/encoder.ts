import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { PreTrainedTokenizer } from "@xenova/transformers";
import { env } from "@xenova/transformers/src/env.js";
import { AutoTokenizer } from "@xenova/transformers/src/tokenizers.js";
import onnxruntime from "onnxruntime-node";
import { Failure } from "./errors.ts";
import { findModelFiles, type ModelFiles, restore } from "./model-files.ts";
import { type ModelSettings, type Pooling, readModelSettings } from "./model-settings.ts";
import type { EncoderSettings } from "./settings.ts";
import { type TokenReader, tokenReader } from "./tokens.ts";

/** What a vector has to have in common with another to be compared with it. */
export interface ModelIdentity {
  name: string;
  /** First 12 hex digits of the sha256 of the ONNX file that first gave these vectors. */
  revision: string;
  precision: string;
  dimension: number;
  /** How the vectors of a text's tokens become one: their mean, the first one's, or the largest of each component. */
  pooling: Pooling;
  /** Tokens read of a text, special ones and prefix included; the rest is cut off. */
  maxTokens: number;
  /** What is put before a query, and before the text of a product, such as e5's `query: ` and `passage: `. */
  queryPrefix: string;
  passagePrefix: string;
}

export interface Encoded {
  /** `dimension` components, of unit length. */
  vector: Float32Array;
  /** Tokens of the text, special ones and prefix included, before anything is cut off. */
  tokens: number;
}

export interface Encoder {
  readonly model: ModelIdentity;
  /**
   * Encodes these texts, in their order. With `windows`, a text longer than the model reads is encoded in
   * windows that overlap by a tenth, at most 16, and its vector is the mean of theirs, weighted by the
   * tokens that are new in each.
   */
  encode(texts: readonly string[], as: "query" | "passage", options?: { windows?: boolean }): Promise<Encoded[]>;
  /** Share, 0 to 1, of the letters of these texts that the tokenizer spells out one by one or does not know; null without letters. */
  spelledOut(texts: readonly string[]): number | null;
  /** Releases the model's memory; encoding afterwards fails. */
  close(): Promise<void>;
}

/*
 * Padding to the longest text is half of the cost of a mixed batch, and a run of one text is a fifth slower than one of five. So each text
 * is padded to the next multiple of so many tokens, alone as in company, and those of one length run together: that is 3 % of padding,
 * larger runs, and no text's vector depends on its neighbours. More than so many tokens at a time are no
 * faster and only take memory: at 2,048 the process takes 80 MB more.
 */
const lengthStep = 8;
const tokensPerRun = 512;

/* Texts that are tokenized before others get their turn: the longest ones of the oddest words take up to a second each. */
const textsPerTurn = 8;

/**
 * Loads the model of the settings. Bundled, cached and given folders need no network; any other
 * model is fetched from the hub into the cache folder once.
 *
 * @throws Failure PE110 the model is not to be had; PE111 a file is not the recorded one; PE112 its files or the device cannot be used;
 *   PE117 it does not come in the precision; PE118 the precision was not tried on such a processor
 */
export function loadEncoder(settings: EncoderSettings): Promise<Encoder> {
  const encoder = previousLoad.then(() => loadAlone(settings));
  const done = () => {};
  previousLoad = encoder.then(done, done);
  return encoder;
}

/*
 * One load after the other: the library keeps the folder to read from in one object for the whole
 * process, so that of two loads at a time one would get the other's files.
 */
let previousLoad: Promise<void> = Promise.resolve();

async function loadAlone(settings: EncoderSettings): Promise<Encoder> {
  if (settings.device !== "cpu") {
    throw new Failure(
      "PE112",
      `EMBEDDING_DEVICE=${settings.device} is not supported: the encoder runs on the CPU.`,
      "Set EMBEDDING_DEVICE=cpu, or leave it out.",
    );
  }
  const found = await findModelFiles(settings);
  if (found.folder !== undefined) return createEncoder(found, found.folder, settings.threads);

  const { fetchModel } = await import("./hub.ts");
  await fetchModel(found.name, settings.cacheDir);
  const fetched = await findModelFiles(settings);
  if (fetched.folder === undefined)
    throw new Failure(
      "PE110",
      `The model ${found.name} did not reach ${settings.cacheDir}.`,
      "Check that EMBEDDING_MODEL_CACHE_DIR can be written.",
    );
  return createEncoder(fetched, fetched.folder, settings.threads);
}

async function createEncoder(files: ModelFiles, folder: string, threads: number | undefined): Promise<Encoder> {
  if (files.precision?.startsWith("int8")) requireVnni(files.name, processor());
  const settings = readModelSettings(files, folder);
  let loaded: LoadedModel | undefined = await load(folder, files.onnx, settings, threads);
  const { maxTokens } = loaded.tokens;
  const current = (): LoadedModel => {
    if (loaded === undefined) throw new Error("The encoder is closed.");
    return loaded;
  };
  const { queryPrefix, passagePrefix, pooling } = settings;
  const encode: Encoder["encode"] = (texts, as, options) =>
    encodeTexts(current, texts, as === "query" ? queryPrefix : passagePrefix, options?.windows ?? false);

  let dimension: number;
  try {
    const [probe] = await encode(["dimension"], "passage");
    dimension = probe?.vector.length ?? 0;
  } catch (error) {
    throw new Failure(
      "PE112",
      `The model in ${folder} does not give one vector a token.`,
      "A sentence-transformers model exported for feature extraction is needed.",
      { cause: error },
    );
  }
  return {
    model: {
      name: files.name,
      revision: files.revision ?? "",
      precision: files.precision ?? (files.onnx.includes("_quantized") ? "quantized" : "fp32"),
      dimension,
      pooling,
      maxTokens,
      queryPrefix,
      passagePrefix,
    },
    encode,
    spelledOut: (texts) => current().tokens.spelledOut(texts),
    close: async () => {
      // The memory is freed when nothing refers to the session.
      loaded = undefined;
    },
  };
}

/**
 * Processors without these instructions add products of 8-bit integers up in 16 bits, which may overflow: the
 * vectors would be a little wrong, and nobody has looked how much.
 *
 * @param flags what /proc/cpuinfo says, or nothing where there is none
 * @throws Failure PE118
 */
export function requireVnni(model: string, flags: string): void {
  if (/\b(avx512_vnni|avx_vnni)\b/.test(flags)) return;
  throw new Failure(
    "PE118",
    `The model ${model} computes with 8-bit integers, which was tried on Linux with VNNI instructions only, and this processor does not say that it has them.`,
    "Take the exact model: leave EMBEDDING_PRECISION out, or prepare all-MiniLM-L6-v2. docs/models.md says what it costs.",
  );
}

function processor(): string {
  return existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
}

interface LoadedModel {
  session: onnxruntime.InferenceSession;
  pooling: Pooling;
  tokens: TokenReader;
  /** Token that fills a text up; undefined: the model cannot be told to overlook it. */
  padding: number | undefined;
}

async function load(folder: string, onnx: string, settings: ModelSettings, threads: number | undefined): Promise<LoadedModel> {
  // A cache of the library's own would be looked into first, under the folder's bare name.
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useFSCache: false, localModelPath: dirname(folder) });
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as ModelConfig;
    // From the file, and without a plan of its memory for each shape: both take memory at the peak and save no time.
    const session = await onnxruntime.InferenceSession.create(join(folder, onnx), {
      enableMemPattern: false,
      ...(threads !== undefined && { intraOpNumThreads: threads }),
    });
    const maxTokens = tokenLimit(settings, tokenizer, config);
    return {
      session,
      pooling: settings.pooling,
      tokens: tokenReader(tokenizer, { maxTokens, lowerCase: settings.lowerCase }),
      padding: session.inputNames.includes("attention_mask") ? (config.pad_token_id ?? 0) : undefined,
    };
  } catch (error) {
    throw new Failure("PE112", `The model in ${folder} cannot be loaded: a file is damaged or of an unknown kind.`, restore(folder), {
      cause: error,
    });
  }
}

interface ModelConfig {
  model_type?: string;
  max_position_embeddings?: number;
  pad_token_id?: number;
}

/** The least of what its settings, its tokenizer and the number of its positions say. */
function tokenLimit({ maxTokens }: ModelSettings, tokenizer: PreTrainedTokenizer, config: ModelConfig): number {
  // RoBERTa and its like count positions from the one after the padding's.
  const unused = countsFromPadding.has(config.model_type ?? "") ? (config.pad_token_id ?? 1) + 1 : 0;
  const positions = config.max_position_embeddings;
  const said = [maxTokens, tokenizer.model_max_length, positions === undefined ? undefined : positions - unused];
  const limit = Math.min(...said.filter((tokens): tokens is number => typeof tokens === "number" && tokens > 0));
  // A tokenizer without a limit has one of 1e30.
  return limit < 1e6 ? limit : 512;
}
const countsFromPadding = new Set(["roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text"]);

async function encodeTexts(current: () => LoadedModel, texts: readonly string[], prefix: string, inWindows: boolean): Promise<Encoded[]> {
  const { tokens: reader, padding } = current();
  const read: { tokens: number; windows: number }[] = [];
  const byLength = new Map<number, Window[]>();
  for (const [text, content] of texts.entries()) {
    const { tokens, windows } = reader.read(content, prefix, inWindows);
    read.push({ tokens, windows: windows.length });
    for (const { ids, fresh } of windows) {
      const length = padding === undefined ? ids.length : Math.min(Math.ceil(ids.length / lengthStep) * lengthStep, reader.maxTokens);
      const same = byLength.get(length);
      if (same === undefined) byLength.set(length, [{ text, ids, fresh }]);
      else same.push({ text, ids, fresh });
    }
    if (text % textsPerTurn === textsPerTurn - 1) await setImmediate();
  }

  const sums = new Array<Float64Array>(texts.length);
  for (const [length, group] of byLength) {
    const textsPerRun = Math.max(1, Math.floor(tokensPerRun / length));
    for (let start = 0; start < group.length; start += textsPerRun) {
      const run = group.slice(start, start + textsPerRun);
      const pooled = await runModel(
        current(),
        run.map(({ ids }) => ids),
        length,
      );
      for (const [row, { text, fresh }] of run.entries()) {
        const vector = pooled[row] as Float64Array;
        const alone = read[text]?.windows === 1;
        sums[text] = alone ? vector : addTo(sums[text], ofUnitLength(vector), fresh);
      }
      // A run blocks the event loop; timers and signals get their turn between two.
      await setImmediate();
    }
  }
  return read.map(({ tokens }, text) => ({ vector: Float32Array.from(ofUnitLength(sums[text] as Float64Array)), tokens }));
}

interface Window {
  /** Index of its text. */
  text: number;
  ids: number[];
  fresh: number;
}

/** One vector, of any length, for each of some token id lists, of which none is longer than `length`. */
async function runModel({ session, pooling, padding = 0 }: LoadedModel, ids: readonly number[][], length: number): Promise<Float64Array[]> {
  const dims = [ids.length, length];
  const tensor = (fill: number, given: (id: number) => number) => {
    const values = new BigInt64Array(ids.length * length).fill(BigInt(fill));
    for (const [row, list] of ids.entries()) for (const [at, id] of list.entries()) values[row * length + at] = BigInt(given(id));
    return new onnxruntime.Tensor("int64", values, dims);
  };
  const feeds: Record<string, onnxruntime.Tensor> = {
    input_ids: tensor(padding, (id) => id),
    attention_mask: tensor(0, () => 1),
    token_type_ids: tensor(0, () => 0),
  };
  const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));
  const name = ["last_hidden_state", "token_embeddings"].find((output) => session.outputNames.includes(output));
  const hidden = name === undefined ? undefined : (await session.run(given, [name]))[name];
  const [rows, tokens, dimension] = hidden?.dims ?? [];
  if (hidden === undefined || rows === undefined || tokens === undefined || dimension === undefined) {
    throw new Error("The model has no output of shape [texts, tokens, dimension].");
  }
  const { data } = hidden;
  if (!(data instanceof Float32Array)) throw new Error("The model's output is not of 32-bit floats.");
  return ids.map((list, row) => {
    const start = row * tokens * dimension;
    return pool[pooling](data.subarray(start, start + list.length * dimension), dimension);
  });
}

/* Of the text's own tokens, without its padding. The length of what comes out does not count: a sum is as good as a mean. */
const pool: Record<Pooling, (hidden: Float32Array, dimension: number) => Float64Array> = {
  mean: (hidden, dimension) => {
    const sum = new Float64Array(dimension);
    for (let start = 0; start < hidden.length; start += dimension) {
      for (let i = 0; i < dimension; i++) sum[i] = (sum[i] as number) + (hidden[start + i] as number);
    }
    return sum;
  },
  cls: (hidden, dimension) => Float64Array.from(hidden.subarray(0, dimension)),
  max: (hidden, dimension) => {
    const most = new Float64Array(dimension).fill(Number.NEGATIVE_INFINITY);
    for (let at = 0; at < hidden.length; at++) most[at % dimension] = Math.max(most[at % dimension] as number, hidden[at] as number);
    return most;
  },
};

function addTo(sum: Float64Array | undefined, vector: Float64Array, weight: number): Float64Array {
  return vector.map((value, i) => (sum?.[i] ?? 0) + value * weight);
}

function ofUnitLength(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length) || length === 0) throw new Error("The model gave a vector without a direction.");
  return vector.map((value) => value / length);
}
