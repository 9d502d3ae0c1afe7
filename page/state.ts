import type { Language } from "./texts.ts";

export type View = "search" | "map" | "operation";

/** Everything that the address holds, so that a link shows what its sender saw. */
export interface State {
  view: View;
  language: Language;
  query: string;
  priceFrom: string;
  priceTo: string;
  column: string;
  value: string;
  /** The product whose similar ones are shown; empty for none. */
  similar: string;
}

export function readState(): State {
  const given = new URLSearchParams(location.search);
  const one = (name: string) => given.get(name) ?? "";
  const view = one("view");
  const language = one("lang") || (navigator.language.startsWith("ru") ? "ru" : "en");
  return {
    view: view === "map" || view === "operation" ? view : "search",
    language: language === "ru" ? "ru" : "en",
    query: one("q"),
    priceFrom: one("price_from"),
    priceTo: one("price_to"),
    column: one("column"),
    value: one("value"),
    similar: one("similar"),
  };
}

/** The address that holds a state. */
export function addressOf(state: State): string {
  const held: Record<string, string> = {
    view: state.view === "search" ? "" : state.view,
    lang: state.language,
    q: state.query,
    price_from: state.priceFrom,
    price_to: state.priceTo,
    column: state.column,
    value: state.value,
    similar: state.similar,
  };
  return `?${new URLSearchParams(Object.entries(held).filter(([, value]) => value !== ""))}`;
}

/** Typing replaces the entry in the history; going somewhere adds one. */
export function writeState(state: State, how: "push" | "replace"): void {
  const address = addressOf(state);
  if (address === location.search) return;
  try {
    history[how === "push" ? "pushState" : "replaceState"](null, "", address);
  } catch {
    // Safari takes a hundred in half a minute, and the next one that it takes holds everything.
  }
}

/** The filters as parameters of the service; the column as JSON, since its name may be a parameter's or end in `_to`. */
export function filtersOf({ column, value, priceFrom, priceTo, language }: State): Record<string, string> {
  // 1 000,50 as Russian keyboards have it; in English a comma is as likely none of the decimals'.
  const numberOf = (typed: string) => (language === "ru" ? typed.replace(",", ".") : typed).replace(/\s/g, "");
  return {
    price_from: numberOf(priceFrom),
    price_to: numberOf(priceTo),
    filter: column.trim() !== "" && value !== "" ? JSON.stringify({ [column.trim()]: value }) : "",
  };
}
