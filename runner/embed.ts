import { setTimeout } from "node:timers/promises";
import { fromSql, toSql } from "pgvector";
import type { Sql } from "./database.ts";
import type { Encoded } from "./encoder.ts";
import type { KeptModel, Models } from "./models.ts";

/** What a pass works with: where the queue is, who encodes, and under which name it claims. */
export interface EmbedContext {
  sql: Sql;
  /** Schema of the queue. */
  schema: string;
  /** Who encodes, for each model whose vectors are kept. */
  models: Models;
  /** Name that claims are made under. */
  worker: string;
  /** Products encoded and stored together. */
  batchSize: number;
}

export interface EmbedOptions {
  /** Stop after so many products. */
  limit?: number;
  /** Stop after the batch that is at work, giving the rest of the claim back. */
  signal?: AbortSignal;
  /** Called after each batch with how many were stored and failed in it. */
  onBatch?: (stored: number, failed: number) => void;
  /** Is given the count of the words, which nobody need wait for; without it the pass waits. */
  countAside?: (count: () => Promise<unknown>) => void;
}

export interface EmbedResult {
  stored: number;
  failed: number;
  /** False when the limit or the signal ended the pass before the queue was empty. */
  drained: boolean;
  /** How long of it the encoder was at work; the rest is the database's and the bookkeeping. */
  encodingSeconds: number;
}

/** What the batches of one claim share. */
interface Work {
  /** What texts became, so that each is encoded once, whichever products have it. */
  known: Map<string, Encoded>;
  encodingSeconds: number;
}

interface Claimed {
  claim_id: string;
  product_id: string;
  document: string;
  /** What is encoded apart, and what each text counts in the product's vector. */
  texts: string[];
  weights: number[];
  /** Part of a large change, which small ones overtake. */
  is_bulk: boolean;
}

/*
 * A claim reads the source once, so it takes several batches at a time: without an index on
 * product_id, which dbt's tables have not, each read is a scan.
 */
const batchesPerClaim = 10;

/*
 * Of a model that is not searched: a change that comes meanwhile waits for one batch at the most, so it is
 * no larger than what the encoder runs together.
 */
const otherBatchSize = 8;

/**
 * Claims, encodes and stores until nothing is left to do now, for every model whose vectors are kept: of
 * one that is not searched only while nothing waits for the one that is. What it held when it fails or
 * stops goes back to the queue.
 */
export async function embedQueued(context: EmbedContext, options: EmbedOptions = {}): Promise<EmbedResult> {
  const { sql, models, worker } = context;
  const schema = sql(context.schema);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const stopped = () => options.signal?.aborted === true;
  const result: EmbedResult = { stored: 0, failed: 0, drained: false, encodingSeconds: 0 };

  while (!stopped() && result.stored + result.failed < limit) {
    const areAllTaken = await takeUpChanges(context);
    const kept = await models.kept();
    const claim = await claimFirst(context, kept, limit - result.stored - result.failed);
    if (claim === undefined && (await areTakenUp(context))) {
      await setTimeout(lookAgainMilliseconds);
      continue;
    }
    // After the claim, which goes on where the changes were taken up, in a session that has its plans.
    // A claim that settled all that waited took up words too.
    if (areAllTaken || claim === undefined) {
      if (options.countAside === undefined) await countWords(context);
      else options.countAside(() => countWords(context));
    }
    if (claim === undefined) {
      if (result.stored === 0) await noteFit(context, kept);
      return { ...result, drained: true };
    }
    const { model, claimId, products, batchSize } = claim;
    const work: Work = { known: new Map(), encodingSeconds: 0 };
    let hasMoved = false;
    // One batch is stored while the next is encoded, and a model is judged meanwhile.
    let storing: Promise<void> = Promise.resolve();
    let judging: Promise<void> | undefined;
    try {
      // Texts of nearly one token count are encoded together, and those of about one length are likely to be such.
      products.sort((a, b) => Number(a.is_bulk) - Number(b.is_bulk) || a.document.length - b.document.length);
      for (const batch of batchesOf(products, batchSize)) {
        if (stopped()) break;
        // One batch of what can wait is done in any case, or a steady trickle would keep it waiting for good.
        const canWait = !model.isActive || batch[0]?.is_bulk === true;
        // Somebody waits for the queries too: they go before what can wait, and after what is soon through.
        if (canWait) await embedQueries(context);
        if (hasMoved && (await moreUrgentWaits(context, model))) break;
        const encoding = encodeEach(context, model, batch, work);
        judging ??= noteFit(context, kept);
        judging.catch(() => {});
        const encoded = await encoding;
        await storing;
        storing = store(context, model, claimId, encoded).then(({ stored, failed }) => {
          result.stored += stored;
          result.failed += failed;
          options.onBatch?.(stored, failed);
        });
        // Told where it is waited for.
        storing.catch(() => {});
        if (!canWait) {
          await storing;
          await embedQueries(context);
        }
        hasMoved ||= canWait;
      }
      await storing;
      await judging;
    } finally {
      await Promise.allSettled([storing, judging]);
      result.encodingSeconds += work.encodingSeconds;
      await release(context, claimId);
    }
  }
  return result;

  async function claimFirst({ batchSize }: EmbedContext, kept: readonly KeptModel[], most: number) {
    for (const model of kept) {
      const size = model.isActive ? batchSize : Math.min(batchSize, otherBatchSize);
      const products = await sql<Claimed[]>`
        select * from ${schema}.claim_products(${worker}, ${Math.min(size * batchesPerClaim, most)}, ${model.modelId})`;
      const claimId = products[0]?.claim_id;
      if (claimId !== undefined) return { model, claimId, products, batchSize: size };
    }
    return undefined;
  }
}

/** Says that this worker ended in order, so that nobody waits for it; without a database nobody is told, and two minutes of silence say it. */
export async function noteEnd({ sql, schema, worker }: Pick<EmbedContext, "sql" | "schema" | "worker">): Promise<void> {
  await sql`select ${sql(schema)}.worker_ended(${worker})`.catch(() => {});
}

/** A batch is all urgent or all bulk: one product is encoded in a thirtieth of the time that a batch takes. */
function batchesOf(products: readonly Claimed[], size: number): Claimed[][] {
  const batches: Claimed[][] = [];
  for (const product of products) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < size && last[0]?.is_bulk === product.is_bulk) last.push(product);
    else batches.push([product]);
  }
  return batches;
}

async function moreUrgentWaits({ sql, schema }: EmbedContext, model: KeptModel): Promise<boolean> {
  const [row] = await sql<{ waits: boolean }[]>`select ${sql(schema)}.more_urgent_waits(${model.modelId}) as waits`;
  return row?.waits === true;
}

/*
 * Of small changes, which somebody waits for: as many as came while no worker was there are taken up together, but where more
 * come all the time those that were first are encoded in between.
 */
const smallChangesMilliseconds = 5000;
const lookAgainMilliseconds = 25;

/**
 * What writers noted goes into the queue, and with it the words, which cost no encoding; but nothing urgent waits for the words of many.
 * Whether all are taken up, so that the words may have to be counted.
 */
async function takeUpChanges({ sql, schema }: EmbedContext): Promise<boolean> {
  const started = performance.now();
  for (;;) {
    const [row] = await sql<{ products: string; is_bulk: boolean; is_full: boolean }[]>`
      select products, is_bulk, is_full from ${sql(schema)}.take_up_changes()`;
    if (row?.products === "0") return true;
    const goesOn = row?.is_bulk === true || (row?.is_full === true && performance.now() - started < smallChangesMilliseconds);
    if (!goesOn) return false;
  }
}

/** Whether another worker is taking up changes, of which some will be ours to encode. */
async function areTakenUp({ sql, schema }: EmbedContext): Promise<boolean> {
  const [row] = await sql<{ waits: boolean }[]>`select exists (select from ${sql(schema)}.product_changes) as waits`;
  return row?.waits === true;
}

async function countWords({ sql, schema }: EmbedContext): Promise<void> {
  await sql`select ${sql(schema)}.refresh_word_statistics(only_if_due => true)`;
}

/** Once a model, as soon as there are words: whether its tokenizer knows the language of the documents, which no other figure tells. */
async function noteFit({ sql, schema }: EmbedContext, kept: readonly KeptModel[]): Promise<void> {
  for (const { modelId, encoder } of kept.filter((model) => !model.isFitKnown)) {
    const documents = await sql<{ document: string }[]>`select document from ${sql(schema)}.sample_documents()`;
    const share = encoder.spelledOut(documents.map(({ document }) => document));
    if (share !== null) await sql`select ${sql(schema)}.note_fit(${modelId}, ${share})`;
  }
}

/** Encodes the queries that searches asked for, those of the active model first; returns how many. */
export async function embedQueries(context: EmbedContext): Promise<number> {
  const { sql, models } = context;
  const schema = sql(context.schema);
  for (const { modelId, encoder } of await models.kept()) {
    const queries = await sql<{ query: string }[]>`select query from ${schema}.take_queries(32, ${modelId})`;
    for (const { query } of queries) {
      try {
        const [encoded] = await encoder.encode([query], "query");
        await storeQuery(context, { modelId, encoder }, query, encoded);
      } catch (error) {
        await sql`select ${schema}.fail_query(${query}, ${error instanceof Error ? error.message : String(error)}, ${modelId})`;
      }
    }
    if (queries.length > 0) return queries.length;
  }
  return 0;
}

/** Puts the vector of a query where search looks for it, and how well the model reads the query. */
export async function storeQuery(
  { sql, schema }: Pick<EmbedContext, "sql" | "schema">,
  { modelId, encoder }: Pick<KeptModel, "modelId" | "encoder">,
  query: string,
  encoded: Encoded | undefined,
): Promise<void> {
  if (encoded === undefined) throw new Error("The encoder returned no vector.");
  await sql`
    select ${sql(schema)}.store_query_embedding(${query}, ${modelId}, ${toSql(Array.from(encoded.vector))}, ${encoder.spelledOut([query])})`;
}

async function store(
  context: EmbedContext,
  model: KeptModel,
  claimId: string,
  { encoded, errors }: EncodedEach,
): Promise<{ stored: number; failed: number }> {
  const { sql } = context;
  const schema = sql(context.schema);
  let stored = 0;
  if (encoded.length > 0) {
    const ids = encoded.map(({ product }) => product.product_id);
    const tokens = encoded.map((each) => each.tokens);
    const [row] = await sql<{ stored: string }[]>`
      select ${schema}.store_embeddings(${claimId}, ${model.modelId}, ${ids}::bigint[], ${vectorArray(encoded)}, ${tokens}::integer[]) as stored`;
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

interface EncodedProduct extends Encoded {
  product: Claimed;
}

interface EncodedEach {
  encoded: EncodedProduct[];
  errors: { product: Claimed; message: string }[];
}

/** Encodes all at once; if that fails, one by one, so that only those that cannot be encoded fail. */
async function encodeEach(context: EmbedContext, model: KeptModel, products: readonly Claimed[], work: Work): Promise<EncodedEach> {
  let encoded: EncodedProduct[] = [];
  const errors: EncodedEach["errors"] = [];
  try {
    encoded = await encodeProducts(context, model, products, work);
  } catch {
    for (const product of products) {
      try {
        encoded.push(...(await encodeProducts(context, model, [product], work)));
      } catch (error) {
        errors.push({ product, message: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { encoded, errors };
}

/**
 * A product's vector is that of its document, or the sum of those of its texts, each by what it counts.
 */
async function encodeProducts(
  context: EmbedContext,
  model: KeptModel,
  products: readonly Claimed[],
  work: Work,
): Promise<EncodedProduct[]> {
  const { known } = work;
  const texts = [...new Set(products.flatMap((product) => product.texts))].filter((text) => !known.has(text));
  const isGrouped = products.some((product) => product.texts.length > 1);
  if (isGrouped) for (const [text, encoded] of await cachedTexts(context, model, texts)) known.set(text, encoded);
  const unknown = texts.filter((text) => !known.has(text));
  const started = performance.now();
  const fresh = await model.encoder.encode(unknown, "passage", { windows: model.windows });
  work.encodingSeconds += (performance.now() - started) / 1000;
  for (const [index, text] of unknown.entries()) {
    const each = fresh[index];
    if (each === undefined) throw new Error("The encoder returned too few vectors.");
    known.set(text, each);
  }
  if (isGrouped && unknown.length > 0) await cacheTexts(context, model, unknown, fresh);
  return products.map((product) => {
    const parts = product.texts.map((text) => known.get(text) as Encoded);
    return {
      product,
      vector: weightedSum(
        parts.map(({ vector }) => vector),
        product.weights,
      ),
      tokens: Math.max(...parts.map(({ tokens }) => tokens)),
    };
  });
}

/** Of unit length, as the vectors are. */
function weightedSum(vectors: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const [only, ...others] = vectors;
  if (only === undefined) throw new Error("A product without a text.");
  if (others.length === 0) return only;
  const sum = new Float64Array(only.length);
  for (const [index, vector] of vectors.entries()) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (weights[index] ?? 0) * (vector[i] as number);
  }
  const length = Math.hypot(...sum);
  if (length === 0) throw new Error("The texts of the product cancel each other out.");
  return Float32Array.from(sum, (value) => value / length);
}

async function cachedTexts({ sql, schema }: EmbedContext, { modelId }: KeptModel, texts: readonly string[]): Promise<Map<string, Encoded>> {
  const rows = await sql<{ place: string; embedding: string; tokens: number }[]>`
    select place, embedding::text, tokens from ${sql(schema)}.cached_texts(${modelId}, ${texts as string[]}::text[])`;
  return new Map(
    rows.map(({ place, embedding, tokens }) => [
      texts[Number(place) - 1] as string,
      { vector: Float32Array.from(fromSql(embedding) as number[]), tokens },
    ]),
  );
}

async function cacheTexts(
  { sql, schema }: EmbedContext,
  { modelId }: KeptModel,
  texts: readonly string[],
  encoded: readonly Encoded[],
): Promise<void> {
  await sql`
    select ${sql(schema)}.cache_texts(
      ${modelId}, ${texts as string[]}::text[], ${vectorArray(encoded)}, ${encoded.map(({ tokens }) => tokens)}::integer[]
    )`;
}

/*
 * One array literal of unknown type: the server reads it as the vector[] that the function takes, in
 * whichever schema the extension is. Nine significant digits tell any 32-bit floats apart; as the doubles that toSql() writes
 * they take half as many bytes again, on the network and to read.
 */
function vectorArray(encoded: readonly Encoded[]): string {
  return `{${encoded.map(({ vector }) => `"[${Array.from(vector, (value) => value.toPrecision(9)).join(",")}]"`).join(",")}}`;
}

/**
 * Gives back what is left; when that fails too, the lease does it, and the first error is the one to tell. Where sessions were ended
 * the next connection may be one of these, and not know it yet.
 */
async function release({ sql, schema }: EmbedContext, claimId: string): Promise<void> {
  for (const milliseconds of [0, 100, 1000]) {
    await setTimeout(milliseconds);
    const released = await sql`select ${sql(schema)}.release_claim(${claimId})`.catch(() => undefined);
    if (released !== undefined) return;
  }
}
