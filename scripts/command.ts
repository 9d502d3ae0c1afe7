import { Command, InvalidArgumentError } from "commander";
import { codeOf, describe, exitCodeOf } from "../runner/errors.ts";

/**
 * Runs a command to its end: an error becomes its sentence on standard error and the exit code that
 * docs/errors.md gives it.
 */
export async function main(run: () => Promise<void>): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on("error", ignoreGoneReader);
  try {
    await run();
  } catch (error) {
    console.error(describe(error));
    if (process.env.LOG_LEVEL === "debug") console.error(error);
    process.exitCode = exitCodeOf(error);
  }
}

/** Who has read enough (head, grep -q) ends neither the work nor changes its exit code. */
function ignoreGoneReader(error: Error): void {
  if (codeOf(error) !== "EPIPE") throw error;
}

/** A command line that exits with 2 when it was called wrongly, as docs/errors.md says. */
export function commandLine(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .showHelpAfterError("(--help shows what it takes)")
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText("after", "\nSettings come from the environment and .env (docs/settings.md); exit codes are in docs/errors.md.");
}

/** A parser for an option that is a whole number. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };
}

/**
 * Settles at the first SIGTERM or Ctrl-C; one more after a second ends the process at once. Any earlier it is the same one:
 * npm sends on to a command what the terminal has sent it already.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        first ??= performance.now();
        if (performance.now() - first > 1000) process.exit(130);
        resolve();
      });
    }
  });
}

/** Aborted at the first SIGTERM or Ctrl-C, as untilSignal() is settled. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  void untilSignal().then(() => stopping.abort());
  return stopping.signal;
}
