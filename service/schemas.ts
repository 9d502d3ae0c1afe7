import { z } from "zod";

/* bigint and numeric go through as strings: a JSON number holds neither for sure. In a request a number will do. */
export const productId = z.string().regex(/^-?\d{1,19}$/, "must be a whole number");
/* What is beyond a double's integers comes as a string already (see json.ts), so that the bounds are a bigint's. */
const bounds = { minimum: -(2 ** 63), maximum: 2 ** 63 };
export const givenProductId = z.union([z.int().meta(bounds).transform(String), productId], "must be a whole number");

export const product = z.object({
  product_id: productId.describe("A bigint, hence a string"),
  name: z.string().nullable(),
  vendor_code: z.string().nullable(),
  price: z.string().nullable().describe("A numeric, hence a string"),
});

const textHit = product
  .extend({
    score: z.number().describe("0 to 1, and 1 more for who has the query as its whole name or code"),
    vector_rank: z.number().nullable().describe("Its place by meaning; null where that did not find it"),
    distance: z.number().nullable().describe("Cosine distance of its vector and the query's"),
    word_rank: z.number().nullable().describe("Its place by words; null where they did not find it"),
    word_score: z.number().nullable().describe("BM25"),
    matched_words: z.array(z.string()).nullable(),
  })
  .meta({ id: "SearchHit" });

export const searchAnswer = z
  .object({
    query: z.string(),
    mode: z.string(),
    used_vectors: z.boolean().describe("False when the query had no vector yet and words alone answer"),
    vector: z
      .enum(["cached", "waited", "late", "not_waited", "too_many_wait", "no_worker", "not_needed"])
      .describe("How the query came to its vector, or did not"),
    hits: z.array(textHit),
  })
  .meta({ id: "SearchAnswer" });

export const similarAnswer = z
  .object({ product_id: productId, hits: z.array(product.extend({ distance: z.number().describe("Cosine distance") })) })
  .meta({ id: "SimilarAnswer" });

export const recommendationAnswer = z
  .object({
    hits: z.array(
      product.extend({
        score: z.number(),
        similarity: z.number().nullable().describe("Cosine to the nearest of the given products"),
        together: z.number().nullable().describe("Orders with the one that it is most often together with"),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: "RecommendationAnswer" });

export const mapAnswer = z
  .object({
    mapped_at: z.string().nullable().describe("When the worker drew it; null when there is none yet"),
    points: z.array(
      product.extend({
        x: z.number(),
        y: z.number(),
        label: z.string().nullable().describe("The column that settings.map_column names"),
      }),
    ),
  })
  .meta({ id: "Map" });

/* Digits, and not all that Number() takes: it makes 0 of nothing, and 5 of 0x5. */
const whole = <T extends z.ZodType>(schema: T) =>
  z.preprocess((given) => (typeof given === "string" && /^-?\d+$/.test(given) ? Number(given) : given), schema);
const decimal = <T extends z.ZodType>(schema: T) =>
  z.preprocess((given) => (typeof given === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(given) ? Number(given) : given), schema);

const limit = whole(z.int("must be a whole number").min(1, "must be from 1 to 10000").max(10_000, "must be from 1 to 10000").default(10));

/*
 * Everything else in the query string is a filter: price_from, price_to, category_id … The SQL says
 * which columns there are and what each can be compared with.
 */
const filters = {
  filter: z.string().optional().describe('A filter as filter_sql() takes it: {"price": {"<": 5000}, "is_active": true}'),
};

export const searchQuery = z.looseObject({
  query: z
    .string({ error: ({ input }) => (input === undefined ? "is missing" : "must be given once") })
    .max(4000, "is longer than 4000 characters")
    .describe("What a person would type; the first 1,000 characters count"),
  limit,
  mode: z.enum(["hybrid", "words", "vectors"]).default("hybrid"),
  wait: whole(
    z
      .int("must be milliseconds")
      .min(0, "must be from 0 to 60000")
      .max(60_000, "must be from 0 to 60000")
      .optional()
      .describe("Milliseconds to wait for the query's vector when it has none yet, up to HTTP_TIMEOUT_MS; 0 answers from words at once"),
  ),
  ...filters,
});

export const similarQuery = z.looseObject({
  limit,
  spread: decimal(z.number("must be a number").default(0).describe("Above 0, up to 1: passes over near-doubles")),
  ...filters,
});

export const recommendationBody = z.strictObject({
  product_ids: z
    .array(givenProductId, "must be an array of ids")
    .max(1000, "must be at most 1000 ids")
    .describe("A basket or a history, the newest first"),
  limit: z.int("must be a whole number").min(1, "must be from 1 to 1000").max(1000, "must be from 1 to 1000").default(10),
  filter: z.record(z.string(), z.unknown()).nullable().default(null).describe("As filter_sql() takes it"),
});
