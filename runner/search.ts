import { toSql } from "pgvector";
import type { Sql } from "./database.ts";
import type { Encoder } from "./encoder.ts";

export interface Hit {
  product_id: string;
  name: string | null;
  vendor_code: string | null;
  price: string | null;
  distance: number;
}

/** The products nearest to a text: the text is encoded here, everything else is search_products(). */
export async function searchText(
  sql: Sql,
  schema: string,
  encoder: Encoder,
  query: { text: string; metric: string; limit: number },
): Promise<Hit[]> {
  const [vector] = await encoder.encode([query.text]);
  if (vector === undefined) throw new Error("The encoder returned no vector.");
  // The driver sends the vector as unknown, which is read as the function's parameter type.
  return sql<Hit[]>`select * from ${sql(schema)}.search_products(${toSql(Array.from(vector))}, ${query.metric}, ${query.limit}::integer)`;
}
