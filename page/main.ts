import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.ts";
import { Operation } from "./operation.ts";
import { Search } from "./search.ts";
import { Similar } from "./similar.ts";
import { readState, type State, type View, writeState } from "./state.ts";
import { type Texts, texts } from "./texts.ts";

export interface ViewProps {
  state: State;
  texts: Texts;
  /** Changes the state and the address; `push` is a step that the back button undoes. */
  go(change: Partial<State>, how?: "push" | "replace"): void;
}

function Page() {
  const [state, setState] = useState(readState);
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
    document.title = state.query === "" ? words.title : `${state.query} – ${words.title}`;
  }, [state.language, state.query, words]);

  const views: [View, string][] = [
    ["search", words.search],
    ["map", words.map],
    ["operation", words.operation],
  ];
  const other = state.language === "en" ? "ru" : "en";
  const link = (view: View) => (event: Event) => {
    event.preventDefault();
    go({ view, similar: "" });
  };
  return html`
    <a class="skip" href="#content">${words.skip}</a>
    <header>
      <h1>${words.title}</h1>
      <nav aria-label=${words.views}>
        ${views.map(
          ([view, name]) =>
            html`<a href=${`?view=${view}`} aria-current=${state.view === view ? "page" : undefined} onClick=${link(view)}>${name}</a>`,
        )}
      </nav>
      <button type="button" lang=${other} onClick=${() => go({ language: other }, "replace")}>${words.language}</button>
    </header>
    <main id="content" tabindex="-1">
      ${state.view === "search" && html`<${Search} state=${state} texts=${words} go=${go} />`}
      ${state.view === "map" && html`<${Later} state=${state} texts=${words} go=${go} />`}
      ${state.view === "operation" && html`<${Operation} state=${state} texts=${words} go=${go} />`}
      ${state.similar !== "" && html`<${Similar} state=${state} texts=${words} go=${go} />`}
    </main>
  `;
}

/** The map, fetched with its chart when somebody looks at it. */
function Later(props: ViewProps) {
  const [view, setView] = useState<{ Catalogue: typeof import("./map.ts").Catalogue }>();
  useEffect(() => void import("./map.ts").then(setView), []);
  return view === undefined ? html`<p role="status">${props.texts.loading}</p>` : html`<${view.Catalogue} ...${props} />`;
}

render(html`<${Page} />`, document.getElementById("page") as HTMLElement);
