import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { AutoModel, AutoTokenizer, env, type PreTrainedModel, type PreTrainedTokenizer, Tensor } from "@xenova/transformers";
import { Failure } from "./errors.ts";
import { findModelFiles, type ModelFiles, restore } from "./model-files.ts";
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
export async function loadEncoder(settings: EncoderSettings): Promise<Encoder> {
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

/** @throws Failure PE113 when the model's vectors do not fit the configured table */
export function checkDimension(model: ModelIdentity, configured: number): void {
  if (model.dimension === configured) return;
  throw new Failure(
    "PE113",
    `Configured embedding dimension (${configured}) does not match model output (${model.dimension})`,
    `Set PGVECTOR_EMBEDDING_DIM=${model.dimension}, or choose a model of ${configured} dimensions. If vectors are stored already, start the table over in psql: select analytics_features.reset_embeddings(${model.dimension});`,
  );
}

async function createEncoder(files: ModelFiles, folder: string): Promise<Encoder> {
  const { tokenizer, model } = await load(folder, files.quantized);
  const read = reader(tokenizer, model);
  let closed = false;
  const encode = async (texts: readonly string[]): Promise<Float32Array[]> => {
    if (closed) throw new Error("The encoder is closed.");
    return encodeTexts(model, read.tokenIds, texts);
  };

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
      maxTokens: read.maxTokens,
    },
    encode,
    close: async () => {
      closed = true;
      await model.dispose();
    },
  };
}

async function load(folder: string, quantized: boolean) {
  // A cache of the library's own would be looked into first, under the folder's bare name.
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useFSCache: false, localModelPath: dirname(folder) });
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
    const model = await AutoModel.from_pretrained(basename(folder), { quantized });
    return { tokenizer, model };
  } catch (error) {
    throw new Failure("PE112", `The model in ${folder} cannot be loaded: a file is damaged or of an unknown kind.`, restore(folder), {
      cause: error,
    });
  }
}

async function fetchModel(name: string, cacheDir: string): Promise<void> {
  Object.assign(env, { allowRemoteModels: true, allowLocalModels: false, useFSCache: true, cacheDir });
  if (process.env.HF_ENDPOINT) env.remoteHost = process.env.HF_ENDPOINT.replace(/\/*$/, "/");
  try {
    await AutoTokenizer.from_pretrained(name);
    const model = await AutoModel.from_pretrained(name, { quantized: false });
    await model.dispose();
  } catch (error) {
    throw new Failure(
      "PE110",
      `The model ${name} is neither in models/ nor in ${cacheDir}, and ${env.remoteHost} did not give it.`,
      "Check EMBEDDING_MODEL and the network, or put its files into a folder and name it: EMBEDDING_MODEL_PATH=/path/to/model",
      { cause: error },
    );
  }
}

/** How texts become token ids with this model, exactly as sentence-transformers does it. */
function reader(tokenizer: PreTrainedTokenizer, model: PreTrainedModel) {
  const config = model.config as { max_position_embeddings?: number };
  const maxTokens = Math.min(tokenizer.model_max_length ?? 512, config.max_position_embeddings ?? 512);
  const idsOf = (text: string): number[] => tokenizer(text, { return_tensor: false }).input_ids as number[];
  const lastId = idsOf("").at(-1);

  /*
   * JavaScript's accent stripping knows U+0300 to U+036F only, Python's every mark: without this,
   * Japanese kana become unknown (cosine 0.79). Only where the tokenizer strips accents at all.
   */
  const normalizer = (
    tokenizer as unknown as { normalizer?: { config?: { type?: string; lowercase?: boolean; strip_accents?: boolean | null } } }
  ).normalizer?.config;
  const stripsAccents = normalizer?.type === "BertNormalizer" && (normalizer.strip_accents ?? normalizer.lowercase) === true;

  const tokenIds = (text: string): number[] => {
    const cut = text.slice(0, maxCharacters).toWellFormed();
    const ids = idsOf(stripsAccents ? cut.normalize("NFD").replace(/\p{Mn}/gu, "") : cut);
    if (ids.length <= maxTokens) return ids;
    // The library cuts after adding the closing token and so cuts that off; a text without it is
    // another text to the model (cosine 0.998).
    return lastId === undefined ? ids.slice(0, maxTokens) : [...ids.slice(0, maxTokens - 1), lastId];
  };
  return { maxTokens, tokenIds };
}

async function encodeTexts(
  model: PreTrainedModel,
  tokenIds: (text: string) => number[],
  texts: readonly string[],
): Promise<Float32Array[]> {
  const byLength = new Map<number, { index: number; ids: number[] }[]>();
  texts.forEach((text, index) => {
    const ids = tokenIds(text);
    const same = byLength.get(ids.length);
    if (same === undefined) byLength.set(ids.length, [{ index, ids }]);
    else same.push({ index, ids });
  });

  const vectors = new Array<Float32Array>(texts.length);
  for (const group of byLength.values()) {
    for (let start = 0; start < group.length; start += textsPerRun) {
      const run = group.slice(start, start + textsPerRun);
      const pooled = await runModel(
        model,
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
  const data = hidden.data as Float32Array;
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
