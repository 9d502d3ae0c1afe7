import { Logger } from "@graphile/logger";
import pino from "pino";

/**
 * JSON lines on standard error: standard output is for results. Never product text, never a password. Written aside, and
 * dropped from a megabyte on: a reader that hangs would otherwise hold up the process at its next line.
 */
export function createLog(level: string): pino.Logger {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: 1_000_000 });
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** graphile-worker's log as ours; what it calls info is a line a job, so it is debug here. */
export function workerLogger(log: pino.Logger): Logger {
  return new Logger((scope) => (level, message) => {
    const write = level === "error" ? "error" : level === "warning" ? "warn" : "debug";
    log[write]({ ...scope }, message);
  });
}
