import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import { type Refreshed, refreshCopy } from "../runner/copy.ts";
import type { EmbedContext } from "../runner/embed.ts";

/** Every minute: what changed in the other database, if the products are there. SQL says whether it is due, and how much is compared. */
export function refreshCopyTask({ sql, schema }: EmbedContext, log: Logger): Task {
  return async () => logRefresh(log, await refreshCopy(sql, schema, { onlyIfDue: true }));
}

/** A failure is said once, not every minute, and so is its end. */
export function logRefresh(log: Logger, { outcome, inserted, updated, deleted, error, is_news }: Refreshed): void {
  if (outcome === "failed") {
    if (is_news) log.warn({ reason: error }, "the products cannot be copied from the other database; search goes on with the copy");
    return;
  }
  if (is_news) log.info("the products are copied from the other database again");
  if (inserted + updated + deleted > 0) log.info({ outcome, inserted, updated, deleted }, "copied");
}
