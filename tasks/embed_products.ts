import type { Logger } from "pino";
import { type EmbedContext, embedQueued } from "../runner/embed.ts";
import type { Aside } from "./aside.ts";
import { unlessNoSource } from "./source.ts";
import type { Passed } from "./watch.ts";

/*
 * A pass lasts a minute at the most, so that other tasks get their turn during a backfill.
 */
const passMilliseconds = 60_000;

/**
 * Claims, encodes and stores what is queued. May touch the queue and the vectors, never the source. The words
 * are counted aside, which takes some fifteen seconds of a million products.
 */
export function embedProducts(context: EmbedContext, log: Logger, stop: AbortSignal, aside: Aside): () => Promise<Passed> {
  const countAside = (count: () => Promise<unknown>) => aside.start("counting the words", count);
  return async () => {
    let passed: Passed = "blocked";
    await unlessNoSource(log, async () => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(passMilliseconds)]);
      const started = performance.now();
      const { stored, failed, drained, encodingSeconds } = await embedQueued(context, { signal, countAside });
      passed = stored + failed > 0 ? "encoded" : "settled";
      if (passed === "encoded") {
        const [seconds, encoding] = [(performance.now() - started) / 1000, encodingSeconds].map((each) => Math.round(each * 1000) / 1000);
        log.info({ stored, failed, drained, seconds, encodingSeconds: encoding }, "embedded");
      }
    });
    return passed;
  };
}
