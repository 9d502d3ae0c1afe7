import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
    return inFolder(name, settings.modelPath);
  }
  for (const folder of [join(root, "models", name), join(settings.cacheDir, name)]) {
    if (existsSync(join(folder, "config.json"))) return inFolder(name, folder);
  }
  return { name, folder: undefined, quantized: false, precision: undefined, revision: undefined };
}

/** The sentence-transformers models are known by their bare names, as in the Python library. */
function modelName(id: string): string {
  return id.includes("/") ? id : `sentence-transformers/${id}`;
}

async function inFolder(name: string, folder: string): Promise<ModelFiles> {
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
  }
  const quantized = !existsSync(join(folder, "onnx/model.onnx"));
  const onnx = quantized ? "onnx/model_quantized.onnx" : "onnx/model.onnx";
  if (!existsSync(join(folder, onnx))) throw missing(folder, "onnx/model.onnx");

  const provenance = readProvenance(folder);
  const sums: Record<string, string> = {};
  for (const file of new Set([onnx, ...Object.keys(provenance?.files ?? {})])) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
    sums[file] = await sha256(join(folder, file));
    const recorded = provenance?.files[file];
    if (recorded !== undefined && recorded !== sums[file]) throw changed(folder, file);
  }
  return { name, folder, quantized, precision: provenance?.precision, revision: sums[onnx]?.slice(0, 12) };
}

const provenanceFile = z.object({
  precision: z.string(),
  /** sha256 of each file, by its path in the folder. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
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
  return new Failure("PE111", `${join(folder, file)} is not the file that provenance.json records: its sha256 differs.`, restore(folder));
}

/** What to do about files that are not as they should be; the encoder says it of files that do not load. */
export function restore(folder: string): string {
  return folder.startsWith(join(root, "models"))
    ? "Restore the bundled model: git checkout -- models"
    : `Copy the model anew into ${folder}, or delete the folder if it is in EMBEDDING_MODEL_CACHE_DIR: it is fetched again.`;
}
