import type { Task } from "graphile-worker";
import { type EmbedContext, embedQueries } from "../runner/embed.ts";

/** Encodes the queries that searches asked for and nobody has a vector of yet. May touch the cache of queries and nothing else. */
export function embedQueriesTask(context: EmbedContext, stop: AbortSignal): Task {
  return async () => {
    while (!stop.aborted && (await embedQueries(context)) > 0);
  };
}
