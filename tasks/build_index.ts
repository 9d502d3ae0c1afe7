import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";

/** Every hour: an index once there are so many vectors that search needs one. SQL says what is to be run, if anything. */
export function buildIndex({ sql, schema }: EmbedContext, log: Logger): Task {
  return async () => {
    const due = await sql<{ statement: string }[]>`select statement from ${sql(schema)}.index_due()`;
    if (due.length === 0) return;
    const started = performance.now();
    // One connection, since it carries the memory setting; each statement by itself, as concurrently has to be.
    const connection = await sql.reserve();
    try {
      for (const { statement } of due) await connection.unsafe(statement);
    } finally {
      connection.release();
    }
    log.info({ seconds: Math.round(performance.now() - started) / 1000 }, "index built");
  };
}
