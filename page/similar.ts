import { useEffect, useRef, useState } from "preact/hooks";
import { ask, factsOf, names, Problem, type Product } from "./ask.ts";
import { html } from "./html.ts";
import type { ViewProps } from "./main.ts";
import { Trouble } from "./trouble.ts";

interface Answer {
  product_id: string;
  hits: (Product & { distance: number })[];
}

/** What is near a product, in a panel over the rest; each of these leads further. */
export function Similar({ state, texts, go }: ViewProps) {
  const [answer, setAnswer] = useState<Answer>();
  const [trouble, setTrouble] = useState<Problem>();
  const panel = useRef<HTMLDialogElement>(null);
  const { similar } = state;

  useEffect(() => {
    if (panel.current?.open === false) panel.current.showModal();
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    setTrouble(undefined);
    ask<Answer>(`/products/${encodeURIComponent(similar)}/similar`, { limit: "12" }, { signal: stop.signal })
      .then(setAnswer)
      .catch((error) => {
        if (!stop.signal.aborted) setTrouble(Problem.of(error));
      });
    return () => stop.abort();
  }, [similar]);

  const close = () => go({ similar: "" });
  // What the last product's were is not what this one's are, however long the answer takes or if none comes.
  const hits = answer?.product_id === similar ? answer.hits : undefined;
  return html`
    <dialog ref=${panel} aria-labelledby="similar-title" onClose=${close}>
      <div class="panel-head">
        <h2 id="similar-title">${texts.similar}</h2>
        <button type="button" onClick=${() => panel.current?.close()}>${texts.close}</button>
      </div>
      <p class="quiet">${texts.similarTo} ${names.get(similar) ?? similar}</p>
      <${Trouble} problem=${trouble} />
      ${hits === undefined && trouble === undefined && html`<p class="quiet" role="status">${texts.loading}</p>`}
      <ol class="hits">
        ${hits?.map(
          (hit) => html`
            <li key=${hit.product_id}>
              <button type="button" class="product" onClick=${() => go({ similar: hit.product_id })}>
                <span class="name">${hit.name ?? hit.product_id}</span>
                <span class="facts">${factsOf(hit)}</span>
              </button>
              <p class="why"><span>${texts.distance} ${hit.distance.toFixed(2)}</span></p>
            </li>
          `,
        )}
      </ol>
    </dialog>
  `;
}
