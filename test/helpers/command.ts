import { type ChildProcess, spawn } from "node:child_process";
import { root } from "../../runner/settings.ts";

export interface Ended {
  /** Exit code, or the signal's name when one ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

export interface Running {
  process: ChildProcess;
  /** What it printed so far, both streams. */
  output(): string;
  ended: Promise<Ended>;
}

export interface StartOptions {
  /** A program and its arguments that the command is run under, such as prlimit. */
  under?: readonly string[];
  /** False leaves its streams unread, as a log collector does that hangs. */
  read?: boolean;
}

/** Starts a command as npm run does, with just these variables. */
export function start(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  { under = [], read = true }: StartOptions = {},
): Running {
  const [program, ...rest] = [...under, process.execPath, "--import", "tsx", `scripts/${command}.ts`, ...args] as [string, ...string[]];
  const child = spawn(program, rest, {
    cwd: root,
    // Never the developer's .env: it may name a database that a test must not touch.
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ENV_FILE: "/dev/null", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  if (read) {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once(read ? "close" : "exit", (code, signal) => resolve({ code: code ?? signal ?? 1, stdout, stderr }));
  });
  return { process: child, output: () => stdout + stderr, ended };
}

/** Runs a command to its end. */
export function run(command: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  return start(command, args, env).ended;
}
