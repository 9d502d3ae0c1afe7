import type { Problem } from "./ask.ts";
import { html } from "./html.ts";
import { Key } from "./key.ts";
import type { Texts } from "./texts.ts";

/** A problem of the service, as it says it: its sentence, and what to do. */
export function Trouble({ problem }: { problem: Problem | undefined }) {
  return html`
    <div role="alert" lang="en">
      ${
        problem !== undefined &&
        html`<p class="trouble"><strong>${problem.message}</strong> <span>${problem.hint}</span> <code>${problem.code}</code></p>`
      }
    </div>
  `;
}

/** The same, and where it is a key that is needed, a field for it. */
export function TroubleOrKey({ problem, texts, renew }: { problem: Problem | undefined; texts: Texts; renew: () => void }) {
  return html`
    <${Trouble} problem=${problem} />
    ${problem?.code === "PE161" && html`<${Key} texts=${texts} used=${renew} />`}
  `;
}
