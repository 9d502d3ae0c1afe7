import { toSql } from "pgvector";
import type { Sql } from "./database.ts";
import type { Encoder } from "./encoder.ts";

/** What a pass works with: where the queue is, who encodes, and under which name it claims. */
export interface EmbedContext {
  sql: Sql;
  /** Schema of the queue. */
  schema: string;
  encoder: Encoder;
  /** The encoder's row in embedding_models. */
  modelId: number;
  /** Name that claims are made under. */
  worker: string;
  /** Products encoded and stored together. */
  batchSize: number;
  /** The last row of the queue whose words this process took up; a claim does what it may miss. */
  wordsUpTo?: string;
}

export interface EmbedOptions {
  /** Stop after so many products. */
  limit?: number;
  /** Stop after the batch that is at work, giving the rest of the claim back. */
  signal?: AbortSignal;
  /** Called after each batch with how many were stored and failed in it. */
  onBatch?: (stored: number, failed: number) => void;
}

export interface EmbedResult {
  stored: number;
  failed: number;
  /** False when the limit or the signal ended the pass before the queue was empty. */
  drained: boolean;
}

interface Claimed {
  claim_id: string;
  product_id: string;
  document: string;
}

/*
 * A claim reads the source once, so it takes several batches at a time: without an index on
 * product_id, which dbt's tables have not, each read is a scan.
 */
const batchesPerClaim = 10;

/**
 * Claims, encodes and stores until nothing is left to do now. What it held when it fails or stops
 * goes back to the queue.
 */
export async function embedQueued(context: EmbedContext, options: EmbedOptions = {}): Promise<EmbedResult> {
  const { sql, worker, batchSize } = context;
  const schema = sql(context.schema);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const stopped = () => options.signal?.aborted === true;
  const result: EmbedResult = { stored: 0, failed: 0, drained: false };

  while (!stopped() && result.stored + result.failed < limit) {
    await indexWords(context);
    const wanted = Math.min(batchSize * batchesPerClaim, limit - result.stored - result.failed);
    const claimed = await sql<Claimed[]>`select * from ${schema}.claim_products(${worker}, ${wanted})`;
    const claimId = claimed[0]?.claim_id;
    if (claimId === undefined) return { ...result, drained: true };
    try {
      for (let start = 0; start < claimed.length && !stopped(); start += batchSize) {
        // Somebody waits for these.
        await embedQueries(context);
        const { stored, failed } = await embedBatch(context, claimId, claimed.slice(start, start + batchSize));
        result.stored += stored;
        result.failed += failed;
        options.onBatch?.(stored, failed);
      }
    } finally {
      await release(context, claimId);
    }
  }
  return result;
}

/** Takes up the words of what was queued since the last time, which costs no encoding and so goes first. */
async function indexWords(context: EmbedContext): Promise<void> {
  const { sql } = context;
  for (;;) {
    const [row] = await sql<{ last: string | null }[]>`
      select ${sql(context.schema)}.index_queued_words(${context.wordsUpTo ?? "0"}) as last`;
    if (row?.last === null || row?.last === undefined) return;
    context.wordsUpTo = row.last;
  }
}

/** Encodes the queries that searches asked for; returns how many. */
export async function embedQueries(context: EmbedContext): Promise<number> {
  const { sql, encoder, modelId } = context;
  const schema = sql(context.schema);
  const queries = await sql<{ query: string }[]>`select query from ${schema}.take_queries()`;
  for (const { query } of queries) {
    try {
      const [vector] = await encoder.encode([query]);
      if (vector === undefined) throw new Error("The encoder returned no vector.");
      await sql`select ${schema}.store_query_embedding(${query}, ${modelId}, ${toSql(Array.from(vector))})`;
    } catch (error) {
      await sql`select ${schema}.fail_query(${query}, ${error instanceof Error ? error.message : String(error)})`;
    }
  }
  return queries.length;
}

async function embedBatch(
  context: EmbedContext,
  claimId: string,
  products: readonly Claimed[],
): Promise<{ stored: number; failed: number }> {
  const { sql, encoder, modelId } = context;
  const schema = sql(context.schema);
  const { encoded, errors } = await encodeEach(encoder, products);
  let stored = 0;
  if (encoded.length > 0) {
    const ids = encoded.map(({ product }) => product.product_id);
    // One array literal of unknown type: the server reads it as the vector[] that the function takes,
    // in whichever schema the extension is.
    const vectors = `{${encoded.map(({ vector }) => `"${toSql(Array.from(vector))}"`).join(",")}}`;
    const [row] = await sql<{ stored: string }[]>`
      select ${schema}.store_embeddings(${claimId}, ${modelId}, ${ids}::bigint[], ${vectors}) as stored`;
    stored = Number(row?.stored ?? 0);
  }
  if (errors.length > 0) {
    await sql`
      select ${schema}.fail_products(
        ${claimId}, ${errors.map(({ product }) => product.product_id)}::bigint[], ${errors.map(({ message }) => message)}::text[]
      )`;
  }
  return { stored, failed: errors.length };
}

/** Encodes all at once; if that fails, one by one, so that only those that cannot be encoded fail. */
async function encodeEach(encoder: Encoder, products: readonly Claimed[]) {
  const encoded: { product: Claimed; vector: Float32Array }[] = [];
  const errors: { product: Claimed; message: string }[] = [];
  const encode = async (some: readonly Claimed[]) => {
    const vectors = await encoder.encode(some.map((product) => product.document));
    some.forEach((product, index) => {
      const vector = vectors[index];
      if (vector === undefined) throw new Error("The encoder returned too few vectors.");
      encoded.push({ product, vector });
    });
  };
  try {
    await encode(products);
  } catch {
    encoded.length = 0;
    for (const product of products) {
      try {
        await encode([product]);
      } catch (error) {
        errors.push({ product, message: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { encoded, errors };
}

/** Gives back what is left; when that fails too, the lease does it, and the first error is the one to tell. */
async function release({ sql, schema }: EmbedContext, claimId: string): Promise<void> {
  await sql`select ${sql(schema)}.release_claim(${claimId})`.catch(() => {});
}
