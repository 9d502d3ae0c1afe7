import { isUtf8 } from "node:buffer";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { codeOf, Failure } from "./errors.ts";
import type { Judgment } from "./evaluate.ts";

/** A document of a collection, in the words of BEIR. */
export interface CollectionDocument {
  id: string;
  title: string;
  text: string;
  metadata: Record<string, unknown>;
}

/** A query by its number in the collection; `kind` is empty unless its metadata has one. */
export interface CollectionQuery {
  text: string;
  kind: string;
}

export interface CollectionJudgment {
  query: string;
  document: string;
  grade: number;
}

/**
 * Golden queries as CSV in UTF-8 with a header: query, product_id, grade and, if wanted, kind; with semicolons or tabs between where
 * the header has these and no comma, as Excel writes it in many languages.
 *
 * @throws Failure PE141 the file cannot be read, or a line is not as expected
 */
export async function readGoldenQueries(file: string): Promise<Judgment[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (!isUtf8(bytes)) throw unexpected(file, 1, "the file is not in UTF-8, which Excel calls CSV UTF-8");
  const text = bytes.toString("utf8");
  const header = text.slice(0, text.search(/[\r\n]|$/));
  const delimiter = [",", ";", "\t"].find((mark) => header.includes(mark)) ?? ",";
  try {
    const rows = parse(text, { delimiter, bom: true, columns: true, skip_empty_lines: true, info: true }) as unknown as {
      info: { lines: number };
      record: Record<string, string>;
    }[];
    // They take the place of those that are there.
    if (rows.length === 0) throw unexpected(file, 1, "there is no golden query in it");
    return rows.map(({ info, record }) => checked(golden, record, file, info.lines));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unexpected(file, Number(error.lines ?? 1), "it is not CSV with a header and as many fields in each line");
  }
}

/**
 * The documents of a collection: JSON lines of `_id`, `title`, `text` and `metadata` as BEIR has them, or,
 * in a file that ends in .tsv, lines of number, title if there are three fields, and text.
 *
 * @throws Failure PE141 the file cannot be read, or a line is not as expected
 */
export async function* readDocuments(file: string): AsyncGenerator<CollectionDocument> {
  for await (const { line, number } of linesOf(file)) {
    if (file.endsWith(".tsv")) {
      const [id = "", ...rest] = line.split("\t");
      const [title, text] = rest.length > 1 ? [rest[0] ?? "", rest.slice(1).join(" ")] : ["", rest[0] ?? ""];
      if (id === "" || text === "") throw unexpected(file, number, "it is not a number and a text with a tab between");
      yield { id, title, text, metadata: {} };
    } else {
      const { _id, title, text, metadata } = checked(documentLine, jsonOf(line, file, number), file, number);
      yield { id: _id, title, text, metadata };
    }
  }
}

/**
 * The queries of a collection by their numbers: JSON lines of `_id` and `text` (and a kind in `metadata`),
 * or, in a file that ends in .tsv, lines of number and text.
 *
 * @throws Failure PE141 the file cannot be read, or a line is not as expected
 */
export async function readQueries(file: string): Promise<Map<string, CollectionQuery>> {
  const queries = new Map<string, CollectionQuery>();
  for await (const { line, number } of linesOf(file)) {
    if (file.endsWith(".tsv")) {
      const [id = "", text = ""] = line.split("\t");
      if (id === "" || text.trim() === "") throw unexpected(file, number, "it is not a number and a text with a tab between");
      queries.set(id, { text, kind: "" });
    } else {
      const { _id, text, metadata } = checked(queryLine, jsonOf(line, file, number), file, number);
      queries.set(_id, { text, kind: metadata.kind });
    }
  }
  return queries;
}

/**
 * The judgments of a collection: query, document and grade with a header, as BEIR has them, or TREC's four
 * columns, the second of which says nothing.
 *
 * @throws Failure PE141 the file cannot be read, or a line is not as expected
 */
export async function readJudgments(file: string): Promise<CollectionJudgment[]> {
  const judgments: CollectionJudgment[] = [];
  for await (const { line, number } of linesOf(file)) {
    const fields = line.trim().split(/\s+/);
    const [query = "", document = "", grade = ""] = fields.length === 4 ? [fields[0], fields[2], fields[3]] : fields;
    if ((fields.length === 3 || fields.length === 4) && /^-?\d+(\.0+)?$/.test(grade)) {
      judgments.push({ query, document, grade: Number(grade) });
    } else if (number > 1) {
      throw unexpected(file, number, "it is not query, document and a whole number, or TREC's four columns");
    }
  }
  return judgments;
}

const wholeNumber = "is not a whole number";

const golden = z.object({
  query: z.string("is missing").trim().min(1, "is empty"),
  product_id: z
    .string("is missing")
    .trim()
    .regex(/^-?\d{1,19}$/, wholeNumber),
  grade: z.string("is missing").trim().regex(/^\d+$/, wholeNumber).transform(Number).pipe(z.number().max(1000, "is above 1000")),
  kind: z.string().trim().default(""),
});

/* Numbers are numbers in some collections, and MS MARCO's documents have no title. */
const identifier = z.union([z.string().min(1), z.number()], "is missing").transform(String);
const documentLine = z.object({
  _id: identifier,
  title: z.string().nullish().transform(withoutNull),
  text: z.string("is not a text").transform(withoutNull),
  metadata: z.record(z.string(), z.unknown()).default({}),
});
const queryLine = z.object({
  _id: identifier,
  text: z.string("is not a text").transform(withoutNull).pipe(z.string().regex(/\S/, "is empty")),
  metadata: z.object({ kind: z.string().default("") }).default({ kind: "" }),
});

/** PostgreSQL takes no NUL in a text. */
function withoutNull(text: string | null | undefined): string {
  return (text ?? "").replaceAll("\0", "");
}

function checked<T>(schema: z.ZodType<T>, value: unknown, file: string, line: number): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unexpected(
    file,
    line,
    issue === undefined || issue.path.length === 0 ? "it is no object" : `${issue.path.join(".")} ${issue.message}`,
  );
}

function jsonOf(line: string, file: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw unexpected(file, number, "it is not JSON");
  }
}

/** Lines that are not blank, without a byte order mark; a collection may be too large to hold. */
async function* linesOf(file: string): AsyncGenerator<{ line: string; number: number }> {
  const handle: FileHandle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  let number = 0;
  try {
    for await (const line of handle.readLines({ encoding: "utf8" })) {
      number++;
      const text = number === 1 ? line.replace(/^\uFEFF/, "") : line;
      if (text.trim() !== "") yield { line: text, number };
    }
  } catch (error) {
    if (error instanceof Failure || codeOf(error) === undefined) throw error;
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): Failure {
  const reasons: Record<string, string> = { ENOENT: "there is no such file", EISDIR: "it is a folder", EACCES: "no permission" };
  const reason = reasons[codeOf(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
  return new Failure("PE141", `${file} cannot be read: ${reason}.`, "Name a file; docs/evaluation.md has the forms.", { cause: error });
}

function unexpected(file: string, line: number, what: string): Failure {
  return new Failure("PE141", `${file}, line ${line}: ${what}.`, "Mend the file; docs/evaluation.md has the forms.");
}
