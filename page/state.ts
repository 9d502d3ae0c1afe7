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

/** Typing replaces the entry in the history; going somewhere adds one. */
export function writeState(state: State, how: "push" | "replace"): void {
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
  const address = `?${new URLSearchParams(Object.entries(held).filter(([, value]) => value !== ""))}`;
  if (address === location.search) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", address);
}

/** The filters as parameters of the service. */
export function filtersOf(state: State): Record<string, string> {
  const { column, value, priceFrom, priceTo } = state;
  return { price_from: priceFrom, price_to: priceTo, ...(column !== "" && value !== "" ? { [column]: value } : {}) };
}
