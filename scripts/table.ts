import Table from "cli-table3";
import type { Hit } from "../runner/search.ts";

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

/** One row, a line a column, as psql's \x shows it. */
export function rowTable(row: Record<string, unknown>): string {
  const table = new Table({ style: plain, chars: noRules });
  for (const [column, value] of Object.entries(row))
    table.push([column, value === null ? "" : Array.isArray(value) ? value.join("\n") : String(value)]);
  return table.toString();
}

const plain = { head: [], border: [] };
const noRules = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };

/** A name may hold anything; a table cell is one line of bounded width without control characters. */
function oneLine(text: string | null): string {
  const line = (text ?? "").replace(/[\p{Cc}\s]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : line;
}
