import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { codeOf } from "../runner/errors.ts";

/** Every few minutes: queues what no trigger saw. Needs no trigger, and no table before dbt's first run. */
export function reconcile({ sql, schema }: EmbedContext, log: Logger): Task {
  return async () => {
    try {
      const [row] = await sql<{ queued: string }[]>`select ${sql(schema)}.reconcile() as queued`;
      if (Number(row?.queued) > 0) log.info({ queued: Number(row?.queued) }, "reconciled");
    } catch (error) {
      if (codeOf(error) !== "PE001") throw error;
      log.debug("no source yet");
    }
  };
}
