import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { drawMap } from "../runner/projection.ts";
import type { Aside } from "./aside.ts";

/**
 * Every ten minutes, and when a worker starts: a new map of the catalogue if it is due. The job only
 * starts it, because signs of life, and on the embedded server everything else, wait for their turn behind it.
 */
export function drawMapTask({ sql, schema }: EmbedContext, log: Logger, stop: AbortSignal, aside: Aside): Task {
  return async () => {
    aside.start("drawing the map", async () => {
      const started = performance.now();
      const products = await drawMap(sql, schema, stop);
      if (products !== undefined) log.info({ products, seconds: Math.round(performance.now() - started) / 1000 }, "map drawn");
    });
  };
}
