import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Found, factsOf, type Hit, Problem } from "./ask.ts";
import { html } from "./html.ts";
import type { ViewProps } from "./main.ts";
import { filtersOf } from "./state.ts";
import type { Texts } from "./texts.ts";
import { TroubleOrKey } from "./trouble.ts";

type Way = "words" | "vectors" | "hybrid";

/*
 * Words answer while somebody types, since they cost no encoding; the other two when a pause says that the
 * query is one, or the worker would encode every beginning of it.
 */
const pauses: Record<Way, number> = { words: 120, vectors: 450, hybrid: 450 };
const ways: readonly Way[] = ["words", "vectors", "hybrid"];

export function Search({ state, texts, go, renew }: ViewProps) {
  const [found, setFound] = useState<Partial<Record<Way, Found | Problem>>>({});
  const { query, priceFrom, priceTo, column, value } = state;
  const [awaited, setAwaited] = useState(ways.length);
  const first = useRef(true);

  useEffect(() => {
    // What came in with the address was typed already.
    const isTyped = !first.current;
    first.current = false;
    if (query.trim() === "") {
      setFound({});
      setAwaited(ways.length);
      return;
    }
    setAwaited(ways.length);
    const stop = new AbortController();
    const asked = (mode: Way) =>
      ask<Found>(
        "/search",
        { query, mode, limit: "10", wait: mode === "words" ? "" : "3000", ...filtersOf(state) },
        { signal: stop.signal },
      )
        .catch((error) => Problem.of(error))
        .then((answer) => {
          if (stop.signal.aborted) return;
          setFound((before) => ({ ...before, [mode]: answer }));
          setAwaited((before) => before - 1);
        });
    const timers = ways.map((mode) => setTimeout(() => void asked(mode), isTyped ? pauses[mode] : 0));
    return () => {
      for (const timer of timers) clearTimeout(timer);
      stop.abort();
    };
  }, [query, priceFrom, priceTo, column, value]);

  const typed = (name: "query" | "priceFrom" | "priceTo" | "column" | "value") => (event: Event) =>
    go({ [name]: (event.currentTarget as HTMLInputElement).value }, "replace");
  const names: Record<Way, [string, string]> = {
    words: [texts.words, texts.wordsHint],
    vectors: [texts.meaning, texts.meaningHint],
    hybrid: [texts.both, texts.bothHint],
  };
  const trouble = ways.map((way) => found[way]).find((answer) => answer instanceof Problem);
  const count = (way: Way) => {
    const answer = found[way];
    return answer === undefined || answer instanceof Problem ? 0 : answer.hits.length;
  };
  // Said when all have answered, and unsaid in between, or who listens would hear numbers that are none, and a second "10, 10, 10" not at all.
  const said = () => {
    if (query.trim() === "") return texts.start;
    if (awaited > 0) return texts.loading;
    return trouble === undefined ? texts.found(count("words"), count("vectors"), count("hybrid")) : "";
  };
  const isFiltered = priceFrom !== "" || priceTo !== "" || column !== "";
  return html`
    <form role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <label class="query">
        <span>${texts.query}</span>
        <input type="search" value=${query} placeholder=${texts.placeholder} onInput=${typed("query")} maxlength="4000" dir="auto" autocomplete="off" autofocus />
      </label>
      <details open=${isFiltered}>
        <summary>${texts.filters}</summary>
        <div class="filters">
          <label><span>${texts.priceFrom}</span><input inputmode="decimal" value=${priceFrom} onInput=${typed("priceFrom")} /></label>
          <label><span>${texts.priceTo}</span><input inputmode="decimal" value=${priceTo} onInput=${typed("priceTo")} /></label>
          <label><span>${texts.column}</span><input value=${column} placeholder="category_id" autocapitalize="off" onInput=${typed("column")} /></label>
          <label><span>${texts.value}</span><input value=${value} onInput=${typed("value")} /></label>
        </div>
      </details>
    </form>
    <${TroubleOrKey} problem=${trouble} texts=${texts} renew=${renew} />
    <p class="quiet" role="status">${said()}</p>
    ${
      query.trim() !== "" &&
      html`<div class="ways">
        ${ways.map(
          (way) => html`
            <section aria-labelledby=${`way-${way}`}>
              <h2 id=${`way-${way}`}>${names[way][0]} <small>${names[way][1]}</small></h2>
              <${Hits} found=${found[way]} way=${way} texts=${texts} show=${(id: string) => go({ similar: id })} />
            </section>
          `,
        )}
      </div>`
    }
  `;
}

function Hits({ found, way, texts, show }: { found: Found | Problem | undefined; way: Way; texts: Texts; show: (id: string) => void }) {
  if (found === undefined) return html`<p class="quiet">${texts.loading}</p>`;
  if (found instanceof Problem) return html`<p class="quiet">${texts.noAnswer}</p>`;
  // Without a vector the SQL answers from words, which the first column has.
  if (way === "vectors" && !found.used_vectors) return html`<p class="quiet">${texts.noVector}</p>`;
  return html`
    ${way === "hybrid" && !found.used_vectors && html`<p class="quiet">${texts.noVectorWords}</p>`}
    ${found.hits.length === 0 && html`<p class="quiet">${texts.nothing}</p>`}
    <ol class="hits">
      ${found.hits.map(
        (hit) => html`
          <li key=${hit.product_id}>
            <button type="button" class="product" onClick=${() => show(hit.product_id)}>
              <span class="name" dir="auto">${hit.name ?? hit.product_id}</span>
              <span class="facts">${factsOf(hit)}</span>
            </button>
            <${Why} hit=${hit} texts=${texts} />
          </li>
        `,
      )}
    </ol>
  `;
}

/** Why a product was found: its words, and its places on either side. */
function Why({ hit, texts }: { hit: Hit; texts: Texts }) {
  const reasons: string[] = [];
  if (hit.word_rank !== null) reasons.push(`${texts.byWords} ${texts.rank(hit.word_rank)}`);
  if (hit.vector_rank !== null) reasons.push(`${texts.byMeaning} ${texts.rank(hit.vector_rank)}`);
  if (hit.distance !== null) reasons.push(`${texts.distance} ${hit.distance.toFixed(2)}`);
  if (hit.score > 1) reasons.push(texts.exact);
  else reasons.push(`${texts.score} ${hit.score.toFixed(2)}`);
  return html`
    <p class="why">
      ${(hit.matched_words ?? []).map((word) => html`<mark>${word}</mark> `)}
      <span>${reasons.join(" · ")}</span>
    </p>
  `;
}
