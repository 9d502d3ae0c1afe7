import Table from "cli-table3";
import type { Finding } from "../runner/doctor.ts";
import type { Score } from "../runner/evaluate.ts";
import type { Hit, TextHit } from "../runner/search.ts";

/** Hits as a table for a terminal. */
export function hitTable(hits: readonly Hit[]): string {
  const table = new Table({
    head: ["", "product_id", "name", "vendor_code", "price", "distance"],
    style: plain,
    chars: noRules,
    colAligns: ["right", "right", "left", "left", "right", "right"],
  });
  hits.forEach((hit, index) => {
    table.push([index + 1, hit.product_id, oneLine(hit.name), oneLine(hit.vendor_code), hit.price ?? "", hit.distance.toFixed(4)]);
  });
  return table.toString();
}

/** Hits of search by text, with the place that each signal gave them. */
export function textHitTable(hits: readonly TextHit[]): string {
  const table = new Table({
    head: ["", "product_id", "name", "vendor_code", "price", "score", "words", "vectors", "matched"],
    style: plain,
    chars: noRules,
    colAligns: ["right", "right", "left", "left", "right", "right", "right", "right", "left"],
  });
  hits.forEach((hit, index) => {
    table.push([
      index + 1,
      hit.product_id,
      oneLine(hit.name),
      oneLine(hit.vendor_code),
      hit.price ?? "",
      hit.score.toFixed(3),
      hit.word_rank ?? "",
      hit.vector_rank ?? "",
      (hit.matched_words ?? []).join(" "),
    ]);
  });
  return table.toString();
}

/** One row, a line a column, as psql's \x shows it. */
export function rowTable(row: Record<string, unknown>): string {
  const table = new Table({ style: plain, chars: noRules });
  for (const [column, value] of Object.entries(row))
    table.push([column, value === null ? "" : Array.isArray(value) ? value.join("\n") : String(value)]);
  return table.toString();
}

/** A check a line, what to do about it below, in 100 columns. */
export function findingTable(findings: readonly Finding[]): string {
  const table = new Table({ style: plain, chars: noRules, colWidths: [9, 15, 74], wordWrap: true });
  // Of a word that is longer than a line the table would show a part.
  const whole = (text: string) => text.replace(/\S{72}(?=\S)/gu, "$&\n");
  for (const { check, state, finding, fix } of findings) table.push([state, check, whole(fix === null ? finding : `${finding}\n→ ${fix}`)]);
  return table.toString();
}

/** What each search found before and after, side by side in 100 columns. */
export function beforeAfterTable(searches: readonly { text: string; before: readonly Hit[]; after: readonly Hit[] }[]): string {
  const table = new Table({ head: ["search", "before", "after"], style: plain, chars: noRules, colWidths: [20, 38, 38], wordWrap: true });
  const lines = (hits: readonly Hit[]) => hits.map(({ product_id, name }) => oneLine(`${product_id} ${name}`, 36)).join("\n");
  for (const { text, before, after } of searches) table.push([text, lines(before), lines(after)]);
  return table.toString();
}

export interface Pair {
  product_id: string;
  name: string | null;
  vendor_code: string | null;
  duplicate_product_id: string;
  duplicate_name: string | null;
  duplicate_vendor_code: string | null;
  similarity: string;
}

/** Pairs of the mart duplicate_products, in 100 columns. */
export function pairTable(pairs: readonly Pair[]): string {
  const table = new Table({ head: ["similarity", "product", "perhaps the same"], style: plain, chars: noRules, wordWrap: true });
  const cell = (id: string, name: string | null, code: string | null) => `${id} ${oneLine(name, 33)}\n${oneLine(code, 40)}`;
  for (const p of pairs) {
    table.push([
      p.similarity,
      cell(p.product_id, p.name, p.vendor_code),
      cell(p.duplicate_product_id, p.duplicate_name, p.duplicate_vendor_code),
    ]);
  }
  return table.toString();
}

/** Kinds of queries down, ways of searching across, in 100 columns. */
export function scoreTable(scores: readonly Score[], k: number): string {
  const modes = ["words", "vectors", "hybrid"] as const;
  const measures = ["ndcg", "mrr", "recall"] as const;
  const table = new Table({
    head: ["\nkind", "\nqueries", ...modes.flatMap((mode) => [`${mode}\nnDCG`, "\nMRR", "\nrecall"])],
    style: plain,
    chars: noRules,
    colAligns: ["left", "right", ...modes.flatMap(() => measures.map(() => "right" as const))],
  });
  for (const kind of new Set(scores.map((score) => score.kind))) {
    const of = (mode: Score["mode"]) => scores.find((score) => score.kind === kind && score.mode === mode);
    table.push([
      kind === null ? "all" : oneLine(kind, 20),
      of("words")?.queries ?? "",
      ...modes.flatMap((mode) => measures.map((measure) => of(mode)?.[measure]?.toFixed(3) ?? "")),
    ]);
  }
  const [score] = scores;
  const unembedded = scores.find(({ kind, mode }) => kind === null && mode === "hybrid")?.unembedded ?? 0;
  return [
    table.toString(),
    `Of the first ${k} results; model: ${score?.model ?? "none yet"}.`,
    ...(unembedded > 0 ? [`${unembedded} queries without a vector are in the figures of words alone.`] : []),
  ].join("\n");
}

const plain = { head: [], border: [] };
const noRules = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };

/** A name may hold anything; a table cell is one line of bounded width without control characters. */
function oneLine(text: string | null, width = 60): string {
  const line = (text ?? "").replace(/[\p{Cc}\s]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > width ? `${characters.slice(0, width - 1).join("")}…` : line;
}
