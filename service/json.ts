import { Failure } from "../runner/errors.ts";

const tokens = /"(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*|[[\]{}]/gs;
const deepest = 100;

/**
 * JSON text whose numbers of more digits than a double holds are strings, which SQL reads as the column's or the id's
 * own type: JSON.parse() would round them.
 *
 * @throws Failure PE162 it is nested so deeply that what walks through it would run out of stack
 */
export function exactJson(json: string): string {
  let depth = 0;
  return json.replace(tokens, (token) => {
    if (/^[[{]/.test(token) && ++depth > deepest)
      throw new Failure("PE162", `The JSON is nested deeper than ${deepest} levels.`, "GET /docs shows what it takes.");
    if (/^[\]}]/.test(token)) depth--;
    return /^[-\d]/.test(token) && digitsOf(token) > 15 ? `"${token}"` : token;
  });
}

function digitsOf(number: string): number {
  return number.replace(/e.*$/i, "").replace(/\D/g, "").length;
}
