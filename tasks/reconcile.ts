import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { unlessNoSource } from "./source.ts";

/** Every few minutes: queues what no trigger saw. Needs no trigger, and no table before dbt's first run. */
export function reconcile({ sql, schema }: EmbedContext, log: Logger): Task {
  return async () => {
    await unlessNoSource(log, async () => {
      const [row] = await sql<{ queued: string }[]>`select ${sql(schema)}.reconcile() as queued`;
      if (Number(row?.queued) > 0) log.info({ queued: Number(row?.queued) }, "reconciled");
    });
  };
}
