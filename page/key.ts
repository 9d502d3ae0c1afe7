import { useId, useState } from "preact/hooks";
import { storedKey, storeKey } from "./ask.ts";
import { html } from "./html.ts";
import type { Texts } from "./texts.ts";

/** Where a key is given, for this tab; `used` is told when it was. */
export function Key({ texts, used }: { texts: Texts; used: () => void }) {
  const [key, setKey] = useState(storedKey);
  const hint = useId();
  const use = (event: Event) => {
    event.preventDefault();
    storeKey(key.trim());
    used();
  };
  return html`
    <form class="key" onSubmit=${use}>
      <label>
        <span>${texts.key}</span>
        <input type="password" value=${key} autocomplete="off" aria-describedby=${hint} onInput=${(event: Event) => setKey((event.currentTarget as HTMLInputElement).value)} />
      </label>
      <button type="submit">${texts.use}</button>
      <p id=${hint} class="quiet">${texts.keyHint}</p>
    </form>
  `;
}
