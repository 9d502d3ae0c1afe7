import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { AutoModel, AutoTokenizer, env } from "@xenova/transformers";
import { z } from "zod";
import { Failure } from "./errors.ts";
import { type EncoderSettings, root } from "./settings.ts";

export interface ModelFiles {
  /** Model id as on the hub. */
  name: string;
  /** Folder with config.json, tokenizer.json and onnx/; undefined: the hub has to be asked. */
  folder: string | undefined;
  /** Whether the folder's ONNX file is the one with `_quantized` in its name. */
  quantized: boolean;
  /** From provenance.json, where one lies beside the model. */
  precision: string | undefined;
  /** First 12 hex digits of the sha256 of the ONNX file; undefined until there is one. */
  revision: string | undefined;
}

/**
 * Finds the model's files: EMBEDDING_MODEL_PATH, else bundled in models/, else in the cache folder,
 * and checks them against their recorded sums. Never asks the network.
 *
 * @throws Failure PE110 EMBEDDING_MODEL_PATH is no model; PE111 a file is not the recorded one; PE112 a file is missing
 */
export async function findModelFiles(settings: EncoderSettings): Promise<ModelFiles> {
  const name = modelName(settings.model);
  if (settings.modelPath !== undefined) {
    if (!existsSync(join(settings.modelPath, "config.json"))) {
      throw new Failure(
        "PE110",
        `There is no model in ${settings.modelPath}: it has no config.json.`,
        "EMBEDDING_MODEL_PATH names a folder with config.json, tokenizer.json and onnx/model.onnx; leave it out for the bundled model.",
      );
    }
    // EMBEDDING_MODEL may say nothing about what lies there: the folder names itself.
    return inFolder(undefined, settings.modelPath);
  }
  const bundled = join(root, "models", name);
  if (existsSync(join(bundled, "config.json"))) return inFolder(name, bundled);

  // An interrupted download leaves some of the files; the hub is asked for the rest of them.
  const cached = join(settings.cacheDir, name);
  if (["config.json", ...tokenizerFiles].every((file) => existsSync(join(cached, file))) && onnxFile(cached) !== undefined) {
    return inFolder(name, cached);
  }
  return { name, folder: undefined, quantized: false, precision: undefined, revision: undefined };
}

/** Node's own limit is five minutes, too long to look at a command that says nothing. */
const hubAnswersWithin = 5_000;

/**
 * Fetches a model from the hub into the cache folder, with the library's own loading code.
 *
 * @throws Failure PE110 the hub does not answer or does not have it
 */
export async function fetchModel(name: string, cacheDir: string): Promise<void> {
  const remoteHost = (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/*$/, "/");
  Object.assign(env, { allowRemoteModels: true, allowLocalModels: false, useFSCache: true, cacheDir, remoteHost });
  try {
    // What it answers is for the library to judge; this only asks whether somebody is there.
    await fetch(`${remoteHost}${name}/resolve/main/config.json`, { method: "HEAD", signal: AbortSignal.timeout(hubAnswersWithin) });
    await quietly(async () => {
      await AutoTokenizer.from_pretrained(name);
      const model = await AutoModel.from_pretrained(name, { quantized: false });
      await model.dispose();
    });
  } catch (error) {
    throw new Failure(
      "PE110",
      `The model ${name} is neither in models/ nor in ${cacheDir}, and ${remoteHost} did not give it.`,
      "Check EMBEDDING_MODEL and the network, or name a folder with its files in EMBEDDING_MODEL_PATH, or another machine's cache folder in EMBEDDING_MODEL_CACHE_DIR.",
      { cause: error },
    );
  }
}

/** The library prints stack traces of what it then throws, and tries a runtime that is of no use here. */
export async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn, error } = console;
  console.warn = console.error = () => {};
  try {
    return await load();
  } finally {
    Object.assign(console, { warn, error });
  }
}

/** The sentence-transformers models are known by their bare names, as in the Python library. */
function modelName(id: string): string {
  return id.includes("/") ? id : `sentence-transformers/${id}`;
}

const tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"];
const quantizedFile = "onnx/model_quantized.onnx";

/** The file of the folder that is loaded: the plain one, else the quantized one. */
function onnxFile(folder: string): string | undefined {
  return ["onnx/model.onnx", quantizedFile].find((file) => existsSync(join(folder, file)));
}

async function inFolder(knownAs: string | undefined, folder: string): Promise<ModelFiles> {
  for (const file of tokenizerFiles) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
  }
  const onnx = onnxFile(folder);
  if (onnx === undefined) throw missing(folder, "onnx/model.onnx");

  const provenance = readProvenance(folder);
  const sums: Record<string, string> = {};
  for (const file of new Set([onnx, ...Object.keys(provenance?.files ?? {})])) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
    sums[file] = await sha256(join(folder, file));
    // A file that is loaded and not recorded is as strange as one that differs.
    if (provenance !== undefined && provenance.files[file]?.sha256 !== sums[file]) throw changed(folder, file);
  }
  const name = knownAs ?? provenance?.model ?? basename(folder);
  return { name, folder, quantized: onnx === quantizedFile, precision: provenance?.precision, revision: sums[onnx]?.slice(0, 12) };
}

const provenanceFile = z.object({
  model: z.string(),
  precision: z.string(),
  /** Each file by its path in the folder. */
  files: z.record(z.string(), z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int() })),
});

function readProvenance(folder: string): z.infer<typeof provenanceFile> | undefined {
  const file = join(folder, "provenance.json");
  if (!existsSync(file)) return undefined;
  try {
    return provenanceFile.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Failure("PE112", `${file} cannot be read.`, "Restore it: git checkout -- models", { cause: error });
  }
}

function sha256(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash("sha256");
    createReadStream(file, { highWaterMark: 1 << 20 })
      .on("error", reject)
      .on("data", (chunk) => hash.update(chunk))
      .on("end", () => resolve(hash.digest("hex")));
  });
}

function missing(folder: string, file: string): Failure {
  return new Failure("PE112", `The model in ${folder} has no ${file}.`, restore(folder));
}

function changed(folder: string, file: string): Failure {
  return new Failure("PE111", `${join(folder, file)} is not the file that provenance.json records, going by its sha256.`, restore(folder));
}

/** What to do about files that are not as they should be; the encoder says it of files that do not load. */
export function restore(folder: string): string {
  return folder.startsWith(join(root, "models"))
    ? "Restore the bundled model: git checkout -- models"
    : `Copy the model anew into ${folder}, or delete the folder if it is in EMBEDDING_MODEL_CACHE_DIR: it is fetched again.`;
}
