import type { Logger } from "pino";
import { codeOf, describe } from "../runner/errors.ts";

/** What goes on beside everything that takes turns, one of each name at a time. */
export interface Aside {
  /** Begins it, unless one of that name goes on; a failure is logged. */
  start(name: string, work: () => Promise<unknown>): void;
  /** Settles when nothing goes on any more. */
  ended(): Promise<void>;
}

export function createAside(log: Logger): Aside {
  const running = new Map<string, Promise<void>>();
  const run = async (name: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      log.warn({ code: codeOf(error), reason: describe(error) }, `${name} failed`);
    } finally {
      running.delete(name);
    }
  };
  return {
    start: (name, work) => {
      if (!running.has(name)) running.set(name, run(name, work));
    },
    ended: async () => {
      await Promise.all(running.values());
    },
  };
}
