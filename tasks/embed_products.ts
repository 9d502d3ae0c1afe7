import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import { type EmbedContext, embedQueued } from "../runner/embed.ts";
import { unlessNoSource } from "./source.ts";

/*
 * A job is a wake-up and carries nothing. One pass lasts a minute at the most and then wakes the
 * next, so that other tasks get their turn during a backfill and no job is held for hours: what a
 * killed worker holds, graphile-worker gives out again only after four.
 */
const passMilliseconds = 60_000;

/** Claims, encodes and stores what is queued. May touch the queue and the vectors, never the source. */
export function embedProducts(context: EmbedContext, log: Logger, stop: AbortSignal): Task {
  return () =>
    unlessNoSource(log, async () => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(passMilliseconds)]);
      const started = performance.now();
      const { stored, failed, drained } = await embedQueued(context, { signal });
      if (stored + failed > 0) {
        log.info({ stored, failed, drained, seconds: Math.round(performance.now() - started) / 1000 }, "embedded");
      }
      if (!drained) await context.sql`select ${context.sql(context.schema)}.wake_worker()`;
    });
}
