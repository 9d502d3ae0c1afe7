import type { Sql } from "./database.ts";
import { Failure } from "./errors.ts";
import type { Judgment } from "./evaluate.ts";
import { readDocuments, readJudgments, readQueries } from "./judgment-files.ts";
import type { Settings } from "./settings.ts";

export interface CollectionFiles {
  documents: string;
  queries: string;
  judgments: string;
  /** Fields of the documents' metadata that become columns of the products, as texts. */
  columns: readonly string[];
}

/** The source that a collection is read into, whatever the settings name. */
export const collectionSource: Settings["source"] = { schema: "collection", table: "documents" };

/**
 * Makes the documents of a collection products (title and text are name and description), in a database
 * where that source does not exist yet, and returns the judgments in terms of these products.
 *
 * @throws Failure PE141 a file is not as expected, or no judgment is of a query and a document that are there
 */
export async function loadCollection(sql: Sql, files: CollectionFiles): Promise<Judgment[]> {
  // The small files first: a mistake in them should not be found after a million documents.
  const queries = await readQueries(files.queries);
  const judgments = await readJudgments(files.judgments);

  const source = `${collectionSource.schema}.${collectionSource.table}`;
  await sql`create schema ${sql(collectionSource.schema)}`;
  const columns = files.columns.map((column) => `, "${column.replaceAll('"', '""')}" text`).join("");
  await sql.unsafe(`create table ${source} (product_id bigint primary key, name text, description text${columns})`);
  const products = new Map<string, string>();
  let rows: Record<string, unknown>[] = [];
  const flush = async () => {
    await sql`
      insert into ${sql(collectionSource.schema)}.${sql(collectionSource.table)}
      select r.* from jsonb_populate_recordset(null::${sql(collectionSource.schema)}.${sql(collectionSource.table)}, ${JSON.stringify(rows)}::text::jsonb) r`;
    rows = [];
  };
  for await (const { id, title, text, metadata } of readDocuments(files.documents)) {
    if (products.has(id)) continue;
    const product_id = String(products.size + 1);
    products.set(id, product_id);
    const fields = files.columns.map((column) => [column, textOf(metadata[column])]);
    rows.push({ ...Object.fromEntries(fields), product_id, name: title === "" ? null : title, description: text });
    if (rows.length === rowsPerInsert) await flush();
  }
  await flush();
  await sql.unsafe(`analyze ${source}`);

  const known = judgments.flatMap(({ query, document, grade }) => {
    const asked = queries.get(query);
    const product_id = products.get(document);
    return asked === undefined || product_id === undefined ? [] : [{ query: asked.text, product_id, grade, kind: asked.kind }];
  });
  if (known.length > 0) return known;
  throw new Failure(
    "PE141",
    `No judgment in ${files.judgments} is of a query in ${files.queries} and a document in ${files.documents}.`,
    "The numbers of queries and documents have to be the same in the three files.",
  );
}

/* A statement that holds some megabytes. */
const rowsPerInsert = 1000;

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).replaceAll("\0", "");
}
