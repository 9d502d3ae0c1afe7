import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { unlessNoSource } from "./source.ts";

/** Nightly, as the Python pipeline ran: compares everything, and what failed gets another chance. */
export function fullPass({ sql, schema }: EmbedContext, log: Logger): Task {
  return () =>
    unlessNoSource(log, async () => {
      const [row] = await sql<{ queued: string }[]>`select ${sql(schema)}.full_pass() as queued`;
      log.info({ queued: Number(row?.queued) }, "full pass");
    });
}
