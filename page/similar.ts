import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ask, factsOf, names, Problem, type Product } from "./ask.ts";
import { html } from "./html.ts";
import type { ViewProps } from "./main.ts";
import { TroubleOrKey } from "./trouble.ts";

interface Answer {
  product_id: string;
  hits: (Product & { distance: number })[];
}

/** What is near a product, in a panel over the rest; each of these leads further. */
export function Similar({ state, texts, go, renew }: ViewProps) {
  const [answer, setAnswer] = useState<Answer>();
  const [trouble, setTrouble] = useState<Problem>();
  const panel = useRef<HTMLDialogElement>(null);
  const subject = useRef<HTMLParagraphElement>(null);
  const { similar } = state;

  useLayoutEffect(() => {
    const shown = panel.current;
    // Closed also by who goes back, or the focus would be nowhere.
    return () => shown?.close();
  }, []);
  useEffect(() => {
    if (panel.current?.open === false) panel.current.showModal();
    // Who came from another product pressed what is no longer there.
    else subject.current?.focus();
    const stop = new AbortController();
    setTrouble(undefined);
    ask<Answer>(`/products/${encodeURIComponent(similar)}/similar`, { limit: "12" }, { signal: stop.signal })
      .then(setAnswer)
      .catch((error) => {
        if (!stop.signal.aborted) setTrouble(Problem.of(error));
      });
    return () => stop.abort();
  }, [similar]);

  // What the last product's were is not what this one's are, however long the answer takes or if none comes.
  const hits = answer?.product_id === similar ? answer.hits : undefined;
  const said = () => {
    if (hits === undefined) return trouble === undefined ? texts.loading : "";
    return hits.length === 0 ? texts.nothing : texts.foundSimilar(hits.length);
  };
  return html`
    <dialog ref=${panel} aria-labelledby="similar-title" aria-describedby="similar-to" onClose=${() => panel.current !== null && go({ similar: "" })}>
      <div class="panel-head">
        <h2 id="similar-title">${texts.similar}</h2>
        <button type="button" onClick=${() => panel.current?.close()}>${texts.close}</button>
      </div>
      <p class="quiet" id="similar-to" tabindex="-1" ref=${subject}>${texts.similarTo} <bdi>${names.get(similar) ?? similar}</bdi></p>
      <${TroubleOrKey} problem=${trouble} texts=${texts} renew=${renew} />
      <p class="quiet" role="status">${said()}</p>
      <ol class="hits">
        ${hits?.map(
          (hit) => html`
            <li key=${hit.product_id}>
              <button type="button" class="product" onClick=${() => go({ similar: hit.product_id })}>
                <span class="name" dir="auto">${hit.name ?? hit.product_id}</span>
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
