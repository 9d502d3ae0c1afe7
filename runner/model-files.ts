import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, isAbsolute, join, relative } from "node:path";
import { z } from "zod";
import { Failure } from "./errors.ts";
import { type EncoderSettings, root } from "./settings.ts";

export interface ModelFiles {
  /** Model id as on the hub. */
  name: string;
  /** Folder with config.json, tokenizer.json and onnx/; undefined: the hub has to be asked. */
  folder: string | undefined;
  /** Its ONNX file in that folder. */
  onnx: string;
  /** From provenance.json, where one lies beside the model. */
  precision: string | undefined;
  /** What provenance.json says about using the model; its own files win. */
  stated: Pick<Provenance, "pooling" | "maxTokens" | "queryPrefix" | "passagePrefix">;
  /** First 12 hex digits of the sha256 of the ONNX file, unless provenance.json says of which its vectors are; undefined until there is one. */
  revision: string | undefined;
}

/**
 * Finds the model's files: EMBEDDING_MODEL_PATH, else the folder if the model's name is the path of one,
 * else bundled in models/, else in the cache folder, and checks them against their recorded sums. Never
 * asks the network.
 *
 * @throws Failure PE110 a path is no model; PE111 a file is not the recorded one; PE112 a file is missing; PE117 it does not come in the precision
 */
export async function findModelFiles(settings: EncoderSettings): Promise<ModelFiles> {
  const path = settings.modelPath ?? (isAbsolute(settings.model) ? settings.model : undefined);
  if (path !== undefined) {
    if (settings.precision !== undefined) throw notInPrecision(path, settings.precision);
    if (!existsSync(join(path, "config.json"))) {
      throw new Failure(
        "PE110",
        `There is no model in ${path}: it has no config.json.`,
        `${settings.modelPath === undefined ? "A path" : "EMBEDDING_MODEL_PATH"} names a folder with config.json, tokenizer.json and onnx/model.onnx; leave it out for the bundled model.`,
      );
    }
    // EMBEDDING_MODEL may say nothing about what lies there: the folder names itself.
    return inFolder(undefined, path);
  }
  const name = inPrecision(modelName(settings.model), settings.precision);
  const bundled = join(root, "models", name);
  if (existsSync(join(bundled, "config.json"))) return inFolder(name, bundled);

  // An interrupted download leaves some of the files; the hub is asked for the rest of them.
  const cached = join(settings.cacheDir, name);
  if (["config.json", ...tokenizerFiles].every((file) => existsSync(join(cached, file))) && onnxFile(cached) !== undefined) {
    return inFolder(name, cached);
  }
  return { name, folder: undefined, onnx: "onnx/model.onnx", precision: undefined, stated: {}, revision: undefined };
}

/** What is bundled is known by its bare name, and so are the sentence-transformers models, as in the Python library. */
function modelName(id: string): string {
  if (id.includes("/")) return id;
  const bundled = readdirSync(join(root, "models")).find((maker) => existsSync(join(root, "models", maker, id, "config.json")));
  return `${bundled ?? "sentence-transformers"}/${id}`;
}

/*
 * A precision is a model of its own with a name of its own, since its vectors are others: so everything that
 * keeps two models apart, and leads from one to another, holds for two precisions.
 */
function inPrecision(name: string, precision: string | undefined): string {
  if (precision === undefined || name.endsWith(`-${precision}`)) return name;
  const named = `${name}-${precision}`;
  if (!existsSync(join(root, "models", named, "config.json"))) throw notInPrecision(name, precision);
  return named;
}

function notInPrecision(model: string, precision: string): Failure {
  return new Failure(
    "PE117",
    `The model ${model} does not come in the precision ${precision}.`,
    "Leave EMBEDDING_PRECISION out, or take all-MiniLM-L6-v2: docs/models.md says which precisions there are.",
  );
}

const tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"];

/** The file of the folder that is loaded: the plain one, else the quantized one. */
function onnxFile(folder: string): string | undefined {
  return ["onnx/model.onnx", "onnx/model_quantized.onnx"].find((file) => existsSync(join(folder, file)));
}

async function inFolder(knownAs: string | undefined, folder: string): Promise<ModelFiles> {
  for (const file of tokenizerFiles) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
  }
  const onnx = onnxFile(folder);
  if (onnx === undefined) throw missing(folder, "onnx/model.onnx");

  const provenance = readProvenance(folder);
  const sums: Record<string, string> = {};
  for (const file of new Set([onnx, ...jsonFiles(folder, provenance), ...Object.keys(provenance?.files ?? {})])) {
    if (!existsSync(join(folder, file))) throw missing(folder, file);
    sums[file] = await sha256(join(folder, file));
    // A file that is loaded and not recorded is as strange as one that differs.
    if (provenance !== undefined && provenance.files[file]?.sha256 !== sums[file]) throw changed(folder, file);
  }
  const name = knownAs ?? provenance?.model ?? basename(folder);
  return {
    name,
    folder,
    onnx,
    precision: provenance?.precision,
    stated: provenance ?? {},
    revision: provenance?.revision ?? sums[onnx]?.slice(0, 12),
  };
}

/** Files that may be read of a folder whose files are recorded: one more says how the model is used, and so changes it. */
function jsonFiles(folder: string, provenance: Provenance | undefined): string[] {
  if (provenance === undefined) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json") && entry.name !== "provenance.json")
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

const provenanceFile = z.object({
  model: z.string(),
  /** Of a file made anew that gives the same vectors, the one that they are stored with. */
  revision: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .optional(),
  precision: z.string(),
  pooling: z.enum(["mean", "cls", "max"]).optional(),
  maxTokens: z.number().int().positive().optional(),
  queryPrefix: z.string().optional(),
  passagePrefix: z.string().optional(),
  /** Each file by its path in the folder. */
  files: z.record(z.string(), z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int() })),
});
type Provenance = z.infer<typeof provenanceFile>;

function readProvenance(folder: string): Provenance | undefined {
  const file = join(folder, "provenance.json");
  if (!existsSync(file)) return undefined;
  try {
    return provenanceFile.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Failure("PE112", `${file} cannot be read.`, restore(folder), { cause: error });
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
    ? "Restore the bundled models: git checkout -- models"
    : `Copy the model anew into ${folder}, or delete the folder if it is in EMBEDDING_MODEL_CACHE_DIR: it is fetched again.`;
}
