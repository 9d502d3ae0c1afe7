import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { AutoModel, AutoTokenizer, env, type PreTrainedModel, type PreTrainedTokenizer, Tensor } from "@xenova/transformers";
import { Failure } from "./errors.ts";
import { fetchModel, findModelFiles, type ModelFiles, quietly, restore } from "./model-files.ts";
import type { EncoderSettings } from "./settings.ts";

/** What a vector has to have in common with another to be compared with it. */
export interface ModelIdentity {
  name: string;
  /** First 12 hex digits of the sha256 of the ONNX file. */
  revision: string;
  precision: string;
  dimension: number;
  pooling: "mean";
  /** Tokens read of a text, special ones included; the rest is cut off. */
  maxTokens: number;
}

export interface Encoder {
  readonly model: ModelIdentity;
  /** The vectors of these texts, in their order: `dimension` components each, of unit length. */
  encode(texts: readonly string[]): Promise<Float32Array[]>;
  /** Releases the model's memory; encoding afterwards fails. */
  close(): Promise<void>;
}

/*
 * Texts of one token count run together without any padding, which is half of the cost of a mixed
 * batch, and a text's vector cannot depend on its neighbours. More than 8 at a time is no faster
 * and doubles the memory.
 */
const textsPerRun = 8;

/*
 * A few hundred tokens are read, and a token spans at the most 100 characters before it becomes
 * unknown; only a text that begins with tens of thousands of blanks or of unknown words could notice.
 * It keeps a text of megabytes from costing the tokenizer gigabytes.
 */
const maxCharacters = 32_768;

/**
 * Loads the model of the settings. Bundled, cached and given folders need no network; any other
 * model is fetched from the hub into the cache folder once.
 *
 * @throws Failure PE110 the model is not to be had; PE111 a file is not the recorded one; PE112 its files or the device cannot be used
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
  if (found.folder !== undefined) return createEncoder(found, found.folder);

  await fetchModel(found.name, settings.cacheDir);
  const fetched = await findModelFiles(settings);
  if (fetched.folder === undefined)
    throw new Failure(
      "PE110",
      `The model ${found.name} did not reach ${settings.cacheDir}.`,
      "Check that EMBEDDING_MODEL_CACHE_DIR can be written.",
    );
  return createEncoder(fetched, fetched.folder);
}

async function createEncoder(files: ModelFiles, folder: string): Promise<Encoder> {
  let loaded: LoadedModel | undefined = await load(folder, files.quantized);
  const { maxTokens } = loaded;
  const current = (): LoadedModel => {
    if (loaded === undefined) throw new Error("The encoder is closed.");
    return loaded;
  };
  const encode = (texts: readonly string[]) => encodeTexts(current, texts);

  let dimension: number;
  try {
    const [probe] = await encode(["dimension"]);
    dimension = probe?.length ?? 0;
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
      precision: files.precision ?? (files.quantized ? "quantized" : "fp32"),
      dimension,
      pooling: "mean",
      maxTokens,
    },
    encode,
    close: async () => {
      const model = loaded?.model;
      // This runtime's dispose does nothing; the memory is freed when nothing refers to the model.
      loaded = undefined;
      await model?.dispose();
    },
  };
}

interface LoadedModel {
  model: PreTrainedModel;
  maxTokens: number;
  tokenIds(text: string): number[];
}

async function load(folder: string, quantized: boolean): Promise<LoadedModel> {
  // A cache of the library's own would be looked into first, under the folder's bare name.
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useFSCache: false, localModelPath: dirname(folder) });
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
    const model = await quietly(() => AutoModel.from_pretrained(basename(folder), { quantized }));
    return { model, ...reader(tokenizer, model) };
  } catch (error) {
    throw new Failure("PE112", `The model in ${folder} cannot be loaded: a file is damaged or of an unknown kind.`, restore(folder), {
      cause: error,
    });
  }
}

/** How texts become token ids with this model, exactly as sentence-transformers does it. */
function reader(tokenizer: PreTrainedTokenizer, model: PreTrainedModel) {
  const config = model.config as { max_position_embeddings?: number };
  const maxTokens = Math.min(tokenizer.model_max_length ?? 512, config.max_position_embeddings ?? 512);
  const idsOf = (text: string): number[] => tokenizer(text, { return_tensor: false }).input_ids as number[];
  const lastId = idsOf("").at(-1);

  // In the tokenizer and not in front of it, because it takes special tokens out of the text before it normalizes.
  const own = tokenizer as unknown as { normalizer: Normalizer | null };
  if (own.normalizer?.config?.type === "BertNormalizer") own.normalizer = asInPython(own.normalizer, own.normalizer.config);

  const tokenIds = (text: string): number[] => {
    const ids = idsOf(text.slice(0, maxCharacters).toWellFormed());
    if (ids.length <= maxTokens) return ids;
    // The library cuts after adding the closing token and so cuts that off; a text without it is
    // another text to the model (cosine 0.998).
    return lastId === undefined ? ids.slice(0, maxTokens) : [...ids.slice(0, maxTokens - 1), lastId];
  };
  return { maxTokens, tokenIds };
}

type Normalizer = ((text: string) => string) & {
  config?: { type?: string; lowercase?: boolean; strip_accents?: boolean | null; handle_chinese_chars?: boolean };
};

/*
 * Three places where the library's BertNormalizer differs from that of Python's tokenizers, found by
 * comparing the tokens of every assigned code point:
 * - accents: it strips U+0300 to U+036F only, Python every mark; Japanese kana become unknown (cosine 0.79);
 * - capital sigma: JavaScript makes it ς at the end of a word, Python always σ;
 * - Chinese characters beyond U+FFFF: it does not set them apart. Python's gap at U+2B820 is in its source.
 * What still differs are some 500 signs of rare scripts, where the two go by other versions of Unicode.
 */
function asInPython(normalizer: Normalizer, config: NonNullable<Normalizer["config"]>): Normalizer {
  const stripsAccents = (config.strip_accents ?? config.lowercase) === true;
  return (text) => {
    let given = stripsAccents ? text.normalize("NFD").replace(/\p{Mn}/gu, "") : text;
    if (config.lowercase) given = given.replaceAll("Σ", "σ");
    if (config.handle_chinese_chars) given = given.replace(chineseBeyondFFFF, " $& ");
    return normalizer(given);
  };
}
const chineseBeyondFFFF = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

async function encodeTexts(current: () => LoadedModel, texts: readonly string[]): Promise<Float32Array[]> {
  const { tokenIds } = current();
  const byLength = new Map<number, { index: number; ids: number[] }[]>();
  for (const [index, text] of texts.entries()) {
    const ids = tokenIds(text);
    const same = byLength.get(ids.length);
    if (same === undefined) byLength.set(ids.length, [{ index, ids }]);
    else same.push({ index, ids });
    // The longest texts of the oddest words take up to a second each.
    if (index % textsPerRun === textsPerRun - 1) await setImmediate();
  }

  const vectors = new Array<Float32Array>(texts.length);
  for (const group of byLength.values()) {
    for (let start = 0; start < group.length; start += textsPerRun) {
      const run = group.slice(start, start + textsPerRun);
      const pooled = await runModel(
        current().model,
        run.map(({ ids }) => ids),
      );
      run.forEach(({ index }, row) => {
        vectors[index] = pooled[row] as Float32Array;
      });
      // A run blocks the event loop; timers and signals get their turn between two.
      await setImmediate();
    }
  }
  return vectors;
}

/** One vector for each of some token id lists of equal length: the mean over the tokens, of unit length. */
async function runModel(model: PreTrainedModel, ids: readonly number[][]): Promise<Float32Array[]> {
  const dims = [ids.length, ids[0]?.length ?? 0];
  const int64 = (values: bigint[]) => new Tensor("int64", BigInt64Array.from(values), dims);
  const flat = ids.flat().map(BigInt);
  const feeds: Record<string, Tensor> = {
    input_ids: int64(flat),
    attention_mask: int64(flat.map(() => 1n)),
    token_type_ids: int64(flat.map(() => 0n)),
  };
  // The session and not the model is called: the model's call prints its inputs when it fails.
  const { session } = model as unknown as {
    session: { inputNames: string[]; run(feeds: Record<string, unknown>): Promise<Record<string, Tensor>> };
  };
  const output = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]])));
  const hidden = output.last_hidden_state ?? output.token_embeddings;
  const [rows, tokens, dimension] = hidden?.dims ?? [];
  if (hidden === undefined || rows === undefined || tokens === undefined || dimension === undefined) {
    throw new Error("The model has no output of shape [texts, tokens, dimension].");
  }
  const { data } = hidden;
  if (!(data instanceof Float32Array)) throw new Error("The model's output is not of 32-bit floats.");
  return ids.map((_, row) => meanOfUnitLength(data.subarray(row * tokens * dimension, (row + 1) * tokens * dimension), tokens, dimension));
}

function meanOfUnitLength(hidden: Float32Array, tokens: number, dimension: number): Float32Array {
  const sum = new Float64Array(dimension);
  for (let token = 0; token < tokens; token++) {
    for (let i = 0; i < dimension; i++) sum[i] = (sum[i] as number) + (hidden[token * dimension + i] as number);
  }
  const length = Math.hypot(...sum);
  if (!Number.isFinite(length) || length === 0) throw new Error("The model gave a vector without a direction.");
  return Float32Array.from(sum, (value) => value / length);
}
