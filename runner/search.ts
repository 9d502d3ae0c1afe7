import { toSql } from "pgvector";
import type { EmbedContext } from "./embed.ts";

type SearchContext = Pick<EmbedContext, "sql" | "schema" | "models">;

export interface Hit {
  product_id: string;
  name: string | null;
  vendor_code: string | null;
  price: string | null;
  distance: number;
}

/** A hit of search by text; what a signal says is null where it did not find the product. */
export interface TextHit extends Omit<Hit, "distance"> {
  score: number;
  vector_rank: number | null;
  /** Cosine distance. */
  distance: number | null;
  word_rank: number | null;
  word_score: number | null;
  matched_words: string[] | null;
  used_vectors: boolean;
}

/** The products nearest to a text by vectors alone: the text is encoded here, everything else is search_products(). */
export async function searchVectors(
  { sql, schema, models }: SearchContext,
  query: { text: string; metric: string; limit: number },
): Promise<Hit[]> {
  const { encoder } = await models.active();
  const [encoded] = await encoder.encode([query.text], "query");
  if (encoded === undefined) throw new Error("The encoder returned no vector.");
  // The driver sends the vector as unknown, which is read as the function's parameter type.
  return sql<
    Hit[]
  >`select * from ${sql(schema)}.search_products(${toSql(Array.from(encoded.vector))}, ${query.metric}, ${query.limit}::integer)`;
}

/** search_products_text() with the query's vector put in its cache first, so that nobody has to wait for a worker. */
export async function searchText(
  { sql, schema, models }: SearchContext,
  query: { text: string; mode: string; limit: number; filter?: string | undefined },
): Promise<TextHit[]> {
  const [row] = await sql<{ key: string | null; cached: boolean }[]>`
    select ${sql(schema)}.query_key(${query.text}) as key, ${sql(schema)}.query_embedding(${query.text}) is not null as cached`;
  if (row?.key !== null && row?.key !== undefined && !row.cached) {
    const { encoder, modelId } = await models.active();
    const [encoded] = await encoder.encode([row.key], "query");
    if (encoded === undefined) throw new Error("The encoder returned no vector.");
    await sql`select ${sql(schema)}.store_query_embedding(${query.text}, ${modelId}, ${toSql(Array.from(encoded.vector))})`;
  }
  return sql<TextHit[]>`
    select * from ${sql(schema)}.search_products_text(
      ${query.text}, ${query.limit}::integer, ${query.filter ?? null}::text::jsonb, ${query.mode}
    )`;
}
