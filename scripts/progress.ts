import { Presets, SingleBar } from "cli-progress";
import type { Database } from "../runner/database.ts";
import { type EmbedContext, embedQueued, type EmbedResult } from "../runner/embed.ts";

/** One pass over the queue with a bar on standard error, then the line that the Python pipeline printed. */
export async function embedWithProgress(
  database: Database,
  context: EmbedContext,
  options: { limit?: number; signal?: AbortSignal; print: (line: string) => void },
): Promise<EmbedResult> {
  const { sql, schema } = context;
  const [todo] = await sql<{ products: number }[]>`
    select count(*)::integer as products from ${sql(schema)}.embedding_difference() where state in ('missing', 'stale')`;
  const total = Math.min(todo?.products ?? 0, options.limit ?? Number.POSITIVE_INFINITY);
  const bar = new SingleBar(
    {
      format: "Embedding |{bar}| {value}/{total} products, {eta_formatted} to go",
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: false,
    },
    Presets.shades_classic,
  );
  const showsBar = total > 0 && process.stderr.isTTY;
  if (showsBar) bar.start(total, 0);
  try {
    const result = await embedQueued(context, {
      ...options,
      onBatch: (stored, failed) => {
        if (showsBar) bar.increment(stored + failed);
      },
    });
    return result;
  } finally {
    if (showsBar) bar.stop();
  }
}
