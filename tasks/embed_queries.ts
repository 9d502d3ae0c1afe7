import type { Task } from "graphile-worker";
import { type EmbedContext, embedQueries } from "../runner/embed.ts";
import type { createTurns } from "./turns.ts";

/**
 * Encodes the queries that searches asked for and nobody has a vector of yet. May touch the cache of queries and nothing else.
 * A few at each turn: who searches for something new all the time would keep the products waiting.
 */
export function embedQueriesTask(context: EmbedContext, stop: AbortSignal, turns: ReturnType<typeof createTurns>): Task {
  return async () => {
    while (!stop.aborted && (await turns(() => embedQueries(context))) > 0);
  };
}
