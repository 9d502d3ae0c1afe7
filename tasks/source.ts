import type { Logger } from "pino";
import { codeOf } from "../runner/errors.ts";

/**
 * Before dbt's first run, while the source is away, and until its owner let us read it, there is
 * nothing to do; the status says which it is.
 */
export async function unlessNoSource(log: Logger, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const code = codeOf(error);
    // A hook that is gone holds up encoding and nothing else.
    if (code !== "PE001" && code !== "PE005" && code !== "PE029") throw error;
    log.debug({ code }, "no source, or no hook");
  }
}
