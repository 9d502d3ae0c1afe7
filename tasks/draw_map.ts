import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { codeOf, describe } from "../runner/errors.ts";
import { drawMap } from "../runner/projection.ts";

/**
 * Every ten minutes, and when a worker starts: a new map of the catalogue if it is due. The job only
 * starts it, because signs of life, and on the embedded server everything else, wait for their turn behind it.
 */
export function drawMapTask({ sql, schema }: EmbedContext, log: Logger, stop: AbortSignal, drawing: Set<Promise<void>>): Task {
  return async () => {
    if (drawing.size > 0) return;
    const started = performance.now();
    const drawn = drawMap(sql, schema, stop)
      .then((products) => {
        if (products !== undefined) log.info({ products, seconds: Math.round(performance.now() - started) / 1000 }, "map drawn");
      })
      .catch((error: unknown) => log.warn({ code: codeOf(error), reason: describe(error) }, "map not drawn"))
      .finally(() => drawing.delete(drawn));
    drawing.add(drawn);
  };
}
