import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AutoModel, AutoTokenizer, env } from "@xenova/transformers";
import { Failure } from "./errors.ts";
import { modulesFile, settingsFileNames } from "./model-settings.ts";

/** Node's own limit is five minutes, too long to look at a command that says nothing. */
const hubAnswersWithin = 5_000;

/**
 * Fetches a model from the hub into the cache folder: weights and tokenizer with the library's own loading
 * code, and before them the small files that say how it is used. A folder that has weights has those too.
 *
 * @throws Failure PE110 the hub does not answer or does not have it
 */
export async function fetchModel(name: string, cacheDir: string): Promise<void> {
  const remoteHost = (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/*$/, "/");
  Object.assign(env, { allowRemoteModels: true, allowLocalModels: false, useFSCache: true, cacheDir, remoteHost });
  try {
    // What it answers is for the library to judge; this only asks whether somebody is there.
    await fetch(`${remoteHost}${name}/resolve/main/config.json`, { method: "HEAD", signal: AbortSignal.timeout(hubAnswersWithin) });
    await fetchSettings(`${remoteHost}${name}/resolve/main/`, join(cacheDir, name));
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
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn, error } = console;
  console.warn = console.error = () => {};
  try {
    return await load();
  } finally {
    Object.assign(console, { warn, error });
  }
}

/*
 * Not by the library, which takes any error for a file that is not there: a hub that has a bad moment
 * would turn a model that pools by its first token into one that pools by the mean, for good.
 */
async function fetchSettings(from: string, folder: string): Promise<void> {
  const modules = await fetchOptional(from, folder, "modules.json");
  for (const file of settingsFileNames(modules === undefined ? undefined : modulesFile.parse(modules))) {
    await fetchOptional(from, folder, file);
  }
}

/** Mirrors on object stores say 403 of what they do not have; for a model that is really closed, its weights say so next. */
const absent = new Set([401, 403, 404, 410]);

async function fetchOptional(from: string, folder: string, file: string): Promise<unknown> {
  const token = process.env.HF_TOKEN ?? process.env.HF_ACCESS_TOKEN;
  const onHub = /(^|\.)(huggingface\.co|hf\.co)$/.test(new URL(from).hostname);
  const response = await fetch(from + file, {
    signal: AbortSignal.timeout(hubAnswersWithin),
    headers: token && onHub ? { authorization: `Bearer ${token}` } : {},
  });
  if (absent.has(response.status)) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw new Error(`${from}${file}: ${response.status} ${response.statusText}`);
  const text = await response.text();
  const content: unknown = JSON.parse(text);
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  // Written whole or not at all: a second process may be fetching, or reading, the same model.
  const unfinished = join(folder, `${file}.${process.pid}`);
  writeFileSync(unfinished, text);
  renameSync(unfinished, join(folder, file));
  return content;
}
