import type { Problem } from "./ask.ts";
import { html } from "./html.ts";

/** A problem of the service: its sentence, and what to do. */
export function Trouble({ problem }: { problem: Problem | undefined }) {
  return html`
    <div role="alert">
      ${
        problem !== undefined &&
        html`<p class="trouble"><strong>${problem.message}</strong> <span>${problem.hint}</span> <code>${problem.code}</code></p>`
      }
    </div>
  `;
}
