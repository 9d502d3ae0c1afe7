import { Failure } from "../runner/errors.ts";
import { exactJson } from "./json.ts";

/**
 * The filter of a query string as filter_sql() takes it, JSON text, or null for none: `filter` as it is, and
 * of what else is there `name=value` (equal, any of them when repeated), `name_from` and `name_to` (inclusive).
 * Values stay strings, which SQL reads as the column's own type.
 *
 * @throws Failure PE162 `filter` is not a JSON object, or nested too deeply
 */
export function filterOf(query: Readonly<Record<string, unknown>>, known: readonly string[]): string | null {
  const filter = parsed(query.filter);
  for (const [name, value] of Object.entries(query)) {
    if (known.includes(name)) continue;
    const range = /^(.+)_(from|to)$/.exec(name);
    if (range === null) filter[name] = value;
    else filter[range[1] ?? ""] = { ...boundsOf(filter[range[1] ?? ""]), [range[2] === "from" ? ">=" : "<="]: value };
  }
  return Object.keys(filter).length === 0 ? null : JSON.stringify(filter);
}

function boundsOf(value: unknown): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : value === undefined ? {} : { "=": value };
}

function parsed(json: unknown): Record<string, unknown> {
  // Without a prototype: a column may have any name.
  const filter = Object.create(null) as Record<string, unknown>;
  if (json === undefined) return filter;
  const exact = exactJson(String(json));
  let value: unknown;
  try {
    value = JSON.parse(exact);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Failure(
      "PE162",
      "The filter is not a JSON object.",
      'Such as filter={"price": {"<": 5000}, "is_active": true}, percent-encoded.',
    );
  }
  return Object.assign(filter, value);
}
