import type { Logger } from "pino";
import { type EmbedContext, embedQueued } from "../runner/embed.ts";
import { unlessNoSource } from "./source.ts";
import type { Passed } from "./watch.ts";

/*
 * A pass lasts a minute at the most, so that other tasks get their turn during a backfill.
 */
const passMilliseconds = 60_000;

/** Claims, encodes and stores what is queued. May touch the queue and the vectors, never the source. */
export function embedProducts(context: EmbedContext, log: Logger, stop: AbortSignal): () => Promise<Passed> {
  return async () => {
    let passed: Passed = "blocked";
    await unlessNoSource(log, async () => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(passMilliseconds)]);
      const started = performance.now();
      const { stored, failed, drained } = await embedQueued(context, { signal });
      passed = stored + failed > 0 ? "encoded" : "settled";
      if (passed === "encoded") {
        log.info({ stored, failed, drained, seconds: Math.round(performance.now() - started) / 1000 }, "embedded");
      }
    });
    return passed;
  };
}
