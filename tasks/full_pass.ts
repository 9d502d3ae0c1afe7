import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { codeOf, describe } from "../runner/errors.ts";
import { unlessNoSource } from "./source.ts";

/**
 * Nightly, as the Python pipeline ran: compares everything, and what failed gets another chance. Pairs
 * are made anew after it, in a transaction of their own: orders that cannot be read take nothing along.
 */
export function fullPass({ sql, schema }: EmbedContext, log: Logger): Task {
  return async () => {
    await unlessNoSource(log, async () => {
      const [row] = await sql<{ queued: string }[]>`select ${sql(schema)}.full_pass() as queued`;
      log.info({ queued: Number(row?.queued) }, "full pass");
    });
    try {
      const [row] = await sql<{ pairs: string }[]>`select ${sql(schema)}.refresh_pairs() as pairs`;
      if (Number(row?.pairs) > 0) log.info({ pairs: Number(row?.pairs) }, "pairs refreshed");
    } catch (error) {
      if (codeOf(error) !== "PE023") throw error;
      log.warn({ code: "PE023", reason: describe(error) }, "pairs not refreshed");
    }
  };
}
