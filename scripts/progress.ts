import { Presets, SingleBar } from "cli-progress";
import { type EmbedContext, type EmbedOptions, type EmbedResult, embedQueued } from "../runner/embed.ts";
import { encodeGoldenQueries } from "../runner/evaluate.ts";

/**
 * One pass over the queue with a bar on standard error: standard output is for the result. How much there is to do the
 * comparison said that the caller has just made; it is of the active model.
 */
export async function embedWithProgress(context: EmbedContext, options: EmbedOptions): Promise<EmbedResult> {
  const { sql, schema } = context;
  const [todo] = await sql<{ products: number }[]>`
    select (coalesce(c.missing + c.stale, 0) + o.products)::integer as products
    from ${sql(schema)}.last_comparison() c
    cross join (
      select count(*) as products
      from ${sql(schema)}.kept_models k cross join lateral ${sql(schema)}.embedding_difference(k.model_id) d
      where not k.is_active and d.state in ('missing', 'stale')
    ) o`;
  const total = Math.min(todo?.products ?? 0, options.limit ?? Number.POSITIVE_INFINITY);
  // The words are counted while products are encoded.
  const counts: Promise<unknown>[] = [];
  const countAside = (count: () => Promise<unknown>) => {
    const counting = count();
    // Told where it is waited for.
    counting.catch(() => {});
    counts.push(counting);
  };
  const bar = total === 0 ? undefined : startBar("Embedding", "products", total);
  try {
    const result = await embedQueued(context, { ...options, countAside, onBatch: (stored, failed) => bar?.increment(stored + failed) });
    // What has the text of another product was not encoded, and is done too.
    if (result.drained) bar?.update(total);
    await Promise.all(counts);
    return result;
  } finally {
    await Promise.allSettled(counts);
    bar?.stop();
  }
}

/** Encodes the golden queries that have no vector, with a bar on standard error. */
export async function encodeQueriesWithProgress(context: EmbedContext, queries: readonly string[], signal: AbortSignal): Promise<void> {
  const bar = startBar("Encoding", "queries", queries.length);
  try {
    await encodeGoldenQueries(context, queries, { signal, onBatch: (encoded) => bar.increment(encoded) });
  } finally {
    bar.stop();
  }
}

function startBar(verb: string, things: string, total: number): SingleBar {
  const bar = new SingleBar(
    {
      format: `${verb} |{bar}| {value}/{total} ${things}, {eta_formatted} to go`,
      stream: process.stderr,
      hideCursor: true,
      // A log gets a line every few seconds instead of a bar that moves.
      noTTYOutput: true,
      notTTYSchedule: 5000,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return bar;
}
