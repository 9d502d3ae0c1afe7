import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../runner/database.ts";
import { type EmbedResult, embedQueued } from "../runner/embed.ts";
import { loadEncoder } from "../runner/encoder.ts";
import { embedContext } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { simulatedEncoder } from "./simulated.ts";

/** A process that runs the worker's loop until nothing is queued, as npm run embed does. */
export interface WorkerProcess {
  process: ChildProcess;
  /** Lets it begin; it has loaded its model and connected by now. */
  start(): Promise<WorkerResult>;
  /** Lets it go; until then its memory can be read. */
  end(): void;
}

export interface WorkerResult extends EmbedResult {
  /** Texts that went through the encoder. */
  encoded: number;
}

/**
 * Starts a worker's process on this database, and waits until it is ready. With the model of the
 * environment on so many threads, or with a simulated encoder that takes so many milliseconds a text.
 */
export async function startProcess(url: string, simulatedMilliseconds?: number, threads?: number): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(import.meta.url), [], {
    execArgv: ["--import", "tsx"],
    env: {
      ...process.env,
      ENV_FILE: "/dev/null",
      DATABASE_URL: url,
      BENCH_SIMULATED: simulatedMilliseconds?.toString(),
      ...(threads !== undefined && { EMBEDDING_THREADS: threads.toString() }),
    },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const answer = async () => {
    const [message] = (await Promise.race([once(child, "message"), once(child, "exit").then(() => [undefined])])) as [unknown];
    if (message === undefined) throw new Error("A worker's process ended early.");
    return message;
  };
  await answer();
  return {
    process: child,
    start: () => {
      child.send("start");
      return answer() as Promise<WorkerResult>;
    },
    end: () => child.send("end"),
  };
}

/** What a process has used so far; undefined where there is no /proc. */
export interface Usage {
  /** Resident memory in megabytes, now and at its largest. */
  now: number;
  most: number;
  /** Of it what is no file's and nobody else's. */
  own: number;
  /** Seconds of computing, all threads together. */
  seconds: number;
  threads: number;
}

export function usageOf(pid: number | undefined): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const value = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
    // Behind the name in brackets, which may hold anything; in hundredths of a second.
    const times = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 13);
    return {
      now: value("VmRSS") / 1000,
      most: value("VmHWM") / 1000,
      own: value("RssAnon") / 1000,
      seconds: times.reduce((sum, time) => sum + Number(time), 0) / 100,
      threads: value("Threads"),
    };
  } catch {
    return undefined;
  }
}

async function work(): Promise<void> {
  const settings = readSettings();
  const { BENCH_SIMULATED: simulated } = process.env;
  const encoder = simulated === undefined ? await loadEncoder(settings.encoder) : simulatedEncoder(Number(simulated));
  let encoded = 0;
  const database = await openDatabase(settings, { max: 1 });
  const context = await embedContext(database.sql, settings, {
    ...encoder,
    encode: (texts, ...rest) => {
      encoded += texts.length;
      return encoder.encode(texts, ...rest);
    },
  });
  process.send?.("ready");
  await once(process, "message");
  process.send?.({ ...(await embedQueued(context)), encoded });
  await once(process, "message");
  await database.close();
  process.disconnect();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await work();
