import type { Task } from "graphile-worker";
import type { EmbedContext } from "../runner/embed.ts";

/** Every minute: sign of life, vectors past their grace, wake-up for what a lost job or worker left. */
export function maintain({ sql, schema, worker }: EmbedContext): Task {
  return async () => {
    await sql`select ${sql(schema)}.maintain(${worker})`;
  };
}
