import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./ask.ts";
import { html } from "./html.ts";
import { Operation } from "./operation.ts";
import { Search } from "./search.ts";
import { Similar } from "./similar.ts";
import { addressOf, readState, type State, type View, writeState } from "./state.ts";
import { type Texts, texts } from "./texts.ts";
import { Trouble } from "./trouble.ts";

export interface ViewProps {
  state: State;
  texts: Texts;
  /** Changes the state and the address; `push` is a step that the back button undoes. */
  go(change: Partial<State>, how?: "push" | "replace"): void;
  /** Asks everything anew, as after a key was given. */
  renew(): void;
}

function Page() {
  const [state, setState] = useState(readState);
  const [renewed, setRenewed] = useState(0);
  const content = useRef<HTMLElement>(null);
  const words = texts[state.language];
  const go = (change: Partial<State>, how: "push" | "replace" = "push") => {
    const next = { ...state, ...change };
    writeState(next, how);
    setState(next);
  };
  useEffect(() => {
    const back = () => setState(readState());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  useEffect(() => {
    document.documentElement.lang = state.language;
    const topic = state.view === "search" ? state.query : words[state.view];
    document.title = topic === "" ? words.title : `${topic} – ${words.title}`;
  }, [state.language, state.view, state.query, words]);
  // What asked for the key is gone, and the focus with it.
  useEffect(() => {
    if (renewed > 0) content.current?.focus();
  }, [renewed]);

  const views: [View, string][] = [
    ["search", words.search],
    ["map", words.map],
    ["operation", words.operation],
  ];
  const other = state.language === "en" ? "ru" : "en";
  const link = (view: View) => (event: MouseEvent) => {
    // Another tab or window is the browser's to open.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go({ view, similar: "" });
  };
  const props: ViewProps = { state, texts: words, go, renew: () => setRenewed(renewed + 1) };
  return html`
    <a class="skip" href="#content">${words.skip}</a>
    <header>
      <h1>${words.title}</h1>
      <nav aria-label=${words.views}>
        ${views.map(
          ([view, name]) =>
            html`<a href=${addressOf({ ...state, view, similar: "" })} aria-current=${state.view === view ? "page" : undefined} onClick=${link(view)}>${name}</a>`,
        )}
      </nav>
      <button type="button" lang=${other} onClick=${() => go({ language: other }, "replace")}>${words.language}</button>
    </header>
    <main id="content" tabindex="-1" key=${renewed} ref=${content}>
      ${state.view === "search" && html`<${Search} ...${props} />`}
      ${state.view === "map" && html`<${Later} ...${props} />`}
      ${state.view === "operation" && html`<${Operation} ...${props} />`}
      ${state.similar !== "" && html`<${Similar} ...${props} />`}
    </main>
  `;
}

/** The map, fetched with its chart when somebody looks at it. */
function Later(props: ViewProps) {
  const [view, setView] = useState<{ Catalogue: typeof import("./map.ts").Catalogue }>();
  const [trouble, setTrouble] = useState<Problem>();
  useEffect(() => {
    // Its name has a hash: a tab that was left open asks for one that a newer version no longer has.
    const missed = () => setTrouble(new Problem("The map could not be loaded.", "", "Load the page anew: there may be a newer version."));
    import("./map.ts").then(setView, missed);
  }, []);
  if (trouble !== undefined) return html`<${Trouble} problem=${trouble} />`;
  return view === undefined ? html`<p role="status">${props.texts.loading}</p>` : html`<${view.Catalogue} ...${props} />`;
}

render(html`<${Page} />`, document.getElementById("page") as HTMLElement);
