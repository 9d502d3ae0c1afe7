import { toSql } from "pgvector";
import { type EmbedContext, storeQuery } from "./embed.ts";
import { codeOf, describe } from "./errors.ts";

type SearchContext = Pick<EmbedContext, "sql" | "schema" | "models">;

interface TextQuery {
  text: string;
  mode: string;
  limit: number;
  /** JSON of what products have to be. */
  filter?: string | undefined;
}

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

/**
 * search_products_text() with the query's vector put in its cache first, so that nobody has to wait for a worker. On a standby,
 * where nothing can be put, a vector that is not there yet is encoded for mode vectors, and hybrid is from words alone.
 */
export async function searchText({ sql, schema, models }: SearchContext, query: TextQuery): Promise<TextHit[]> {
  const filter = query.filter ?? null;
  const [row] = await sql<{ key: string | null; cached: boolean; is_read_only: boolean }[]>`
    select ${sql(schema)}.query_key(${query.text}) as key, ${sql(schema)}.query_embedding(${query.text}) is not null as cached,
      current_setting('transaction_read_only')::boolean as is_read_only`;
  const wantsVector = row?.is_read_only === true ? query.mode === "vectors" : true;
  if (row?.key !== null && row?.key !== undefined && !row.cached && wantsVector) {
    const model = await models.active();
    const [encoded] = await model.encoder.encode([row.key], "query");
    if (encoded !== undefined && row.is_read_only) {
      const hits = await sql<Hit[]>`
        select * from ${sql(schema)}.search_products(
          ${toSql(Array.from(encoded.vector))}, 'cosine', ${query.limit}::integer, ${filter}::text::jsonb
        )`;
      return hits.map((hit, index) => ({
        ...hit,
        score: 1 - hit.distance,
        vector_rank: index + 1,
        word_rank: null,
        word_score: null,
        matched_words: null,
        used_vectors: true,
      }));
    }
    await storeQuery({ sql, schema }, model, row.key, encoded);
  }
  return hitsOf({ sql, schema }, query);
}

/** Whether this login may search and no more, as a reader; false where nothing is migrated, which is for others to say. */
export async function mayOnlyRead({ sql, schema }: Pick<EmbedContext, "sql" | "schema">): Promise<boolean> {
  const [row] = await sql<{ may_store: boolean | null }[]>`
    select bool_and(has_function_privilege(p.oid, 'execute')) as may_store
    from pg_proc p
    where p.pronamespace = to_regnamespace(quote_ident(${schema})) and p.proname = 'store_query_embedding'`;
  return row?.may_store === false;
}

/**
 * search_products_text() for a login that may not put a vector in the cache: a worker is asked for it and waited for. Where none
 * comes the answer is from words, and `onWithout` is told why.
 */
export async function searchTextAsReader(
  { sql, schema }: Pick<EmbedContext, "sql" | "schema">,
  query: TextQuery,
  onWithout: (reason: string) => void,
): Promise<TextHit[]> {
  if (query.mode !== "words") {
    await sql`call ${sql(schema)}.embed_query(${query.text})`.catch((error) => {
      if (!["PE026", "PE036"].includes(codeOf(error) ?? "")) throw error;
      onWithout(describe(error));
    });
  }
  return hitsOf({ sql, schema }, query);
}

function hitsOf({ sql, schema }: Pick<EmbedContext, "sql" | "schema">, { text, limit, filter, mode }: TextQuery) {
  return sql<TextHit[]>`
    select * from ${sql(schema)}.search_products_text(
      ${text}, ${limit}::integer, ${filter ?? null}::text::jsonb, ${mode}
    )`;
}
