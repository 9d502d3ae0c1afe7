import type { Logger } from "pino";
import { codeOf } from "../runner/errors.ts";

/** Before dbt's first run, and while the source is away, there is nothing to do and nothing wrong. */
export async function unlessNoSource(log: Logger, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (codeOf(error) !== "PE001") throw error;
    log.debug("no source");
  }
}
