import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "./errors.ts";
import { type ModelFiles, restore } from "./model-files.ts";

export type Pooling = "mean" | "cls" | "max";

/** How a model wants to be used, apart from its weights and its tokenizer. */
export interface ModelSettings {
  pooling: Pooling;
  queryPrefix: string;
  passagePrefix: string;
  /** Tokens that somebody cut its texts at; undefined where only tokenizer and positions say. */
  maxTokens: number | undefined;
  /** Whether texts are lower-cased before the tokenizer sees them. */
  lowerCase: boolean;
}

/**
 * Reads how the model is used from the files that sentence-transformers writes beside it, where they are
 * missing from provenance.json, and for e5 from its name: its repositories say it on their page only.
 *
 * @throws Failure PE112 a file is damaged, or says something that cannot be done here
 */
export function readModelSettings({ name, stated }: ModelFiles, folder: string): ModelSettings {
  const modules = readSettingsFile(folder, "modules.json", modulesFile);
  const refused = modules?.find(({ type }) => moduleKind(type) === undefined);
  if (refused !== undefined) {
    throw cannot(
      folder,
      `has a module ${refused.type.split(".").at(-1)} behind its transformer (modules.json), which is not applied here: its vectors would be wrong`,
    );
  }
  const transformer = readSettingsFile(folder, transformerSettings(modules), transformerFile);
  const prompts = readSettingsFile(folder, promptsFileName, promptsFile)?.prompts ?? {};
  const byName = isE5(name) ? { query: "query: ", passage: "passage: " } : { query: "", passage: "" };
  return {
    pooling: readPooling(folder, poolingSettings(modules)) ?? stated.pooling ?? "mean",
    queryPrefix: prompts.query || (stated.queryPrefix ?? byName.query),
    passagePrefix: prompts.document || prompts.passage || prompts.corpus || (stated.passagePrefix ?? byName.passage),
    maxTokens: transformer?.max_seq_length ?? stated.maxTokens,
    lowerCase: transformer?.do_lower_case ?? false,
  };
}

/** The files of a model's folder that say how it is used; which ones there are depends on modules.json, if it is read already. */
export function settingsFileNames(modules: Modules | undefined): string[] {
  return [promptsFileName, transformerSettings(modules), poolingSettings(modules)].filter((file) => file !== undefined);
}

/*
 * Module paths come from the hub and end up in file names, so they are plain names of folders.
 */
export const modulesFile = z.array(z.object({ type: z.string(), path: z.string().regex(/^(?!\.)[\w.-]*$/) }));
export type Modules = z.infer<typeof modulesFile>;

/** Transformer and Pooling are what is done here, and every vector is made of unit length in any case. */
function moduleKind(type: string): string | undefined {
  return /^sentence_transformers\.(?:.*\.)?(Transformer|Pooling|Normalize)$/.exec(type)?.[1];
}

const pathOf = (modules: Modules | undefined, kind: string) => modules?.find(({ type }) => moduleKind(type) === kind)?.path;

const promptsFileName = "config_sentence_transformers.json";
const transformerSettings = (modules: Modules | undefined) =>
  [pathOf(modules, "Transformer"), "sentence_bert_config.json"].filter(Boolean).join("/");
/** A model that lists its modules and has no pooling among them has no file for it either. */
const poolingSettings = (modules: Modules | undefined) => {
  const path = modules === undefined ? "1_Pooling" : pathOf(modules, "Pooling");
  return path ? `${path}/config.json` : undefined;
};

const transformerFile = z.object({
  max_seq_length: z.number().int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});
const promptsFile = z.object({ prompts: z.record(z.string(), z.string().nullable()).nullish() });

/* Up to version 5 a flag for each way, since then one name, or several for vectors that are put one behind the other. */
const poolingFile = z.object({
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  pooling_mode_cls_token: z.boolean().optional(),
  pooling_mode_max_tokens: z.boolean().optional(),
  pooling_mode_mean_tokens: z.boolean().optional(),
  pooling_mode_mean_sqrt_len_tokens: z.boolean().optional(),
  pooling_mode_weightedmean_tokens: z.boolean().optional(),
  pooling_mode_lasttoken: z.boolean().optional(),
  include_prompt: z.boolean().optional(),
});

function readPooling(folder: string, file: string | undefined): Pooling | undefined {
  const config = file === undefined ? undefined : readSettingsFile(folder, file, poolingFile);
  if (config === undefined) return undefined;
  if (config.include_prompt === false) throw cannot(folder, `leaves its prompt out of the pooling (${file}), which is not done here`);
  const flags = Object.entries(config).flatMap(([key, set]) => (set === true && key.startsWith("pooling_mode_") ? [key] : []));
  const modes = config.pooling_mode === undefined ? flags : [config.pooling_mode].flat();
  const [pooling] = modes.map((mode) => poolings.get(mode.replace(/^pooling_mode_|_tokens?$/g, "")));
  // No way at all is the mean in sentence-transformers too.
  if (modes.length === 0) return "mean";
  if (modes.length > 1 || pooling === undefined) {
    throw cannot(folder, `pools by ${modes.join(" and ")} (${file}); mean, cls and max are done here, one at a time`);
  }
  return pooling;
}

/** Divided by the number or by its root, the sum of the tokens has one direction. */
const poolings = new Map<string, Pooling>([
  ["mean", "mean"],
  ["mean_sqrt_len", "mean"],
  ["cls", "cls"],
  ["max", "max"],
]);

/** Not e5-mistral and the other instruct models, which want a sentence of instruction with each query. */
function isE5(name: string): boolean {
  return /(^|\/)(multilingual-)?e5-(?!.*(instruct|mistral))[^/]*$/i.test(name);
}

function readSettingsFile<T>(folder: string, file: string, schema: z.ZodType<T>): T | undefined {
  const path = join(folder, file);
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new Failure("PE112", `${path} cannot be read: it is damaged, or not what sentence-transformers writes.`, restore(folder), {
      cause: error,
    });
  }
}

function cannot(folder: string, what: string): Failure {
  return new Failure("PE112", `The model in ${folder} ${what}.`, "Choose another model: docs/models.md has a table of them.");
}
