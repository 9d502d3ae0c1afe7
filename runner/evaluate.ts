import type { Sql } from "./database.ts";
import { type EmbedContext, storeQuery } from "./embed.ts";
import { Failure } from "./errors.ts";

export interface Judgment {
  query: string;
  /** A bigint as text. */
  product_id: string;
  grade: number;
  kind: string;
}

/** A row of evaluate_search(): one kind of query (null: all of them) searched in one mode. */
export interface Score {
  model: string | null;
  kind: string | null;
  mode: "words" | "vectors" | "hybrid";
  queries: number;
  /** Null, like the other two, when no query of the kind could be searched in this mode. */
  ndcg: number | null;
  mrr: number | null;
  recall: number | null;
  unembedded: number;
}

/** What a build asks of search; all optional. */
export interface Thresholds {
  /** nDCG over all kinds that hybrid search has to reach. */
  minNdcg?: number | undefined;
  /** Recall over all kinds that hybrid search has to reach. */
  minRecall?: number | undefined;
  /** How far hybrid search may be below the better of words and vectors, in any kind. */
  failBelowBest?: number | undefined;
}

/** Puts these judgments in place of all golden queries; returns how many queries there are now. */
export async function loadGoldenQueries(sql: Sql, schema: string, judgments: readonly Judgment[]): Promise<number> {
  const [row] = await sql<{ queries: string }[]>`
    select ${sql(schema)}.load_golden_queries(${JSON.stringify(judgments)}::text::jsonb) as queries`;
  return Number(row?.queries ?? 0);
}

/** The golden queries that have no vector of the active model. */
export async function unembeddedQueries(sql: Sql, schema: string): Promise<string[]> {
  const rows = await sql<{ query: string }[]>`
    select g.query from (select distinct query from ${sql(schema)}.golden_queries) g
    where ${sql(schema)}.query_embedding(g.query) is null
    order by 1`;
  return rows.map(({ query }) => query);
}

/** Encodes queries and stores their vectors where search looks for them. */
export async function encodeGoldenQueries(
  context: EmbedContext,
  queries: readonly string[],
  options: { signal?: AbortSignal; onBatch?: (encoded: number) => void } = {},
): Promise<void> {
  const { batchSize } = context;
  const model = await context.models.active();
  for (let start = 0; start < queries.length && options.signal?.aborted !== true; start += batchSize) {
    const batch = queries.slice(start, start + batchSize);
    const encoded = await model.encoder.encode(batch, "query");
    for (const [index, query] of batch.entries()) await storeQuery(context, model, query, encoded[index]);
    options.onBatch?.(batch.length);
  }
}

/**
 * How well search answers the golden queries, with `k` results each.
 *
 * @throws Failure PE141 there is nothing to measure by; the server's PE001 to PE005 and PE014
 */
export async function evaluate(sql: Sql, schema: string, k: number): Promise<Score[]> {
  const scores = await sql<Score[]>`
    select model, kind, mode, queries::integer, ndcg, mrr, recall, unembedded::integer from ${sql(schema)}.evaluate_search(${k}::integer)`;
  if (scores.length > 0) return [...scores];
  const [golden] = await sql<{ any: boolean }[]>`select exists (select from ${sql(schema)}.golden_queries) as any`;
  if (golden?.any === true) {
    throw new Failure(
      "PE141",
      "No product that a golden query should find is in the source.",
      "Load queries for this catalogue: npm run evaluate -- --golden file.csv",
    );
  }
  throw new Failure(
    "PE141",
    "There are no golden queries.",
    "Load some: npm run evaluate -- --golden file.csv; for the sample catalogue it is sample/golden_queries.csv.",
  );
}

/** @throws Failure PE140 search is not as good as these thresholds ask, naming where and by how much */
export function requireQuality(scores: readonly Score[], k: number, { minNdcg, minRecall, failBelowBest }: Thresholds): void {
  const of = (mode: Score["mode"], kind: string | null) => scores.find((score) => score.mode === mode && score.kind === kind);
  const shortfalls: string[] = [];
  const demand = (measure: string, value: number, least: number | undefined) => {
    if (least === undefined || value >= least - rounding) return;
    shortfalls.push(`${measure}@${k} over all kinds is ${value.toFixed(3)}, which is ${(least - value).toFixed(3)} below ${least}`);
  };
  const all = of("hybrid", null);
  demand("nDCG", all?.ndcg ?? 0, minNdcg);
  demand("recall", all?.recall ?? 0, minRecall);
  if (failBelowBest !== undefined) {
    for (const { kind, ndcg } of scores.filter(({ mode }) => mode === "hybrid")) {
      const words = of("words", kind)?.ndcg ?? 0;
      const vectors = of("vectors", kind)?.ndcg ?? 0;
      const best = Math.max(words, vectors);
      const below = best - (ndcg ?? 0);
      if (below <= failBelowBest + rounding) continue;
      const where = kind === null ? "over all kinds" : kind === "" ? "of queries without a kind" : `of the kind «${kind}»`;
      shortfalls.push(
        `nDCG@${k} ${where} is ${(ndcg ?? 0).toFixed(3)}, which is ${below.toFixed(3)} below that of ${best === words ? "words" : "vectors"} alone`,
      );
    }
  }
  if (shortfalls.length === 0) return;
  throw new Failure(
    "PE140",
    `Hybrid search is not as good as was asked for: ${shortfalls.join("; ")}.`,
    "Compare with the last run that passed: what changed since in model, words, weights or golden queries? docs/evaluation.md says how to go about it.",
  );
}

/* A threshold that was copied from a figure has to hold, whatever the last bit says. */
const rounding = 1e-9;
