import { Logger } from "graphile-worker";
import pino from "pino";

/** JSON lines on standard error: standard output is for results. Never product text, never a password. */
export function createLog(level: string): pino.Logger {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
}

/** graphile-worker's log as ours; what it calls info is a line a job, so it is debug here. */
export function workerLogger(log: pino.Logger): Logger {
  return new Logger((scope) => (level, message) => {
    const write = level === "error" ? "error" : level === "warning" ? "warn" : "debug";
    log[write]({ ...scope }, message);
  });
}
