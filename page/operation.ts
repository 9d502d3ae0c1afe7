import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Problem, type Report, type Status, storedKey } from "./ask.ts";
import { html } from "./html.ts";
import { Key } from "./key.ts";
import type { ViewProps } from "./main.ts";
import { Trouble } from "./trouble.ts";

/** What somebody on call looks at: the status for everybody, the rest for who has an operator's key. */
export function Operation({ state, texts }: ViewProps) {
  const [status, setStatus] = useState<Status>();
  const [report, setReport] = useState<Report>();
  const [trouble, setTrouble] = useState<Problem>();
  const [refused, setRefused] = useState<Problem>();
  const [said, setSaid] = useState("");
  const [asked, setAsked] = useState(0);
  const failures = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    let stopped = false;
    const look = async () => {
      try {
        const now = await ask<Status>("/status");
        if (stopped) return;
        setStatus(now);
        setTrouble(undefined);
      } catch (error) {
        if (!stopped) setTrouble(Problem.of(error));
        return;
      }
      // A reader's key is a key as well: it shows the status, and beside it what the rest needs.
      try {
        const more = storedKey() === "" ? undefined : await ask<Report>("/operator");
        if (stopped) return;
        setReport(more);
        setRefused(undefined);
      } catch (error) {
        if (!stopped) setRefused(Problem.of(error));
      }
    };
    void look();
    const timer = setInterval(() => void look(), 5000);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [asked]);

  const used = () => {
    setReport(undefined);
    setAsked(asked + 1);
  };
  const retry = (productId: string | null) => async () => {
    try {
      const { retried } = await ask<{ retried: number }>("/operator/retry", {}, { body: { product_id: productId } });
      setSaid(texts.retried(retried));
      // The button goes with its product.
      failures.current?.focus();
      setAsked(asked + 1);
    } catch (error) {
      setRefused(Problem.of(error));
    }
  };
  const time = (when: string | null) => (when === null ? "–" : new Date(when).toLocaleString(state.language));
  const number = (value: number | null) => (value === null ? "–" : value.toLocaleString(state.language));
  return html`
    <${Trouble} problem=${trouble} />
    ${
      status !== undefined &&
      html`
        <dl class="figures">
          <div class=${`state ${status.state === "complete" ? "good" : ""}`}><dt>${texts.state}</dt><dd>${texts.states[status.state] ?? status.state}</dd></div>
          <div>
            <dt>${texts.coverage}</dt>
            <dd>${status.coverage === null ? "–" : `${number(status.coverage)} %`} <small>${texts.ofProducts(number(status.embedded), number(status.products))}</small></dd>
          </div>
          <div><dt>${texts.queued}</dt><dd>${number(status.queued)}</dd></div>
          <div><dt>${texts.lag}</dt><dd>${short(status.oldest_wait)}</dd></div>
          <div><dt>${texts.throughput}</dt><dd>${number(status.throughput)}</dd></div>
          <div><dt>${texts.eta}</dt><dd>${short(status.time_to_go)}</dd></div>
          <div><dt>${texts.failed}</dt><dd>${number(status.failed)}</dd></div>
          <div><dt>${texts.workers}</dt><dd>${number(status.workers_alive)} <small>${texts.lastSeen(time(status.worker_last_seen))}</small></dd></div>
          <div class="wide"><dt>${texts.model}</dt><dd>${status.model ?? texts.none}</dd></div>
        </dl>
        <h2>${texts.notes}</h2>
        ${status.notes.length === 0 ? html`<p class="quiet">${texts.noNotes}</p>` : html`<ul lang="en">${status.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
      `
    }
    <${Key} texts=${texts} used=${used} />
    <${Trouble} problem=${refused} />
    ${
      report !== undefined &&
      html`
        <h2 id="failures" tabindex="-1" ref=${failures}>${texts.failures} <small>${report.failures_in_all}</small></h2>
        <p class="quiet" role="status">${said}</p>
        ${
          report.failures.length === 0
            ? html`<p class="quiet">${texts.noFailures}</p>`
            : html`
              <p><button type="button" onClick=${retry(null)}>${texts.retryAll}</button></p>
              <div class="scroll" tabindex="0" role="region" aria-labelledby="failures">
                <table>
                  <thead><tr><th scope="col">${texts.product}</th><th scope="col">${texts.reason}</th><th scope="col">${texts.attempts}</th><th scope="col">${texts.when}</th><th scope="col">${texts.retry}</th></tr></thead>
                  <tbody>
                    ${report.failures.map(
                      (failure) => html`
                        <tr key=${failure.product_id}>
                          <th scope="row">${failure.product_id}</th><td lang="en">${failure.error}</td><td>${failure.attempts}</td><td>${time(failure.failed_at)}</td>
                          <td><button type="button" aria-label=${`${texts.retry} ${failure.product_id}`} onClick=${retry(failure.product_id)}>↻</button></td>
                        </tr>
                      `,
                    )}
                  </tbody>
                </table>
              </div>
            `
        }
        <h2>${texts.activity}</h2>
        <${Activity} report=${report} texts=${texts} time=${time} />
        <h2 id="comparisons">${texts.comparisons}</h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="comparisons">
          <table>
            <thead><tr><th scope="col">${texts.when}</th><th scope="col">${texts.event}</th><th scope="col">${texts.queuedBy}</th><th scope="col">${texts.seconds}</th></tr></thead>
            <tbody>
              ${report.log.map(
                (row) =>
                  html`<tr key=${row.log_id}><th scope="row">${time(row.logged_at)}</th><td lang="en">${row.error ?? row.event}</td><td>${number(row.queued)}</td><td>${number(row.seconds)}</td></tr>`,
              )}
            </tbody>
          </table>
        </div>
        <h2 id="models">${texts.models}</h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="models">
          <table>
            <thead><tr><th scope="col">${texts.model}</th><th scope="col">${texts.state}</th><th scope="col">${texts.coverage}</th><th scope="col">${texts.queued}</th></tr></thead>
            <tbody>
              ${report.models.map(
                (model) => html`
                  <tr key=${model.model_id ?? 0}>
                    <th scope="row">${model.name} ${model.revision !== null && html`<small>${model.revision}, ${model.dimension}</small>`}</th>
                    <td>${texts.modelStates[model.state] ?? model.state}${model.error !== null && html`: <span lang="en">${model.error}</span>`}</td>
                    <td>${model.coverage === null ? "–" : `${number(model.coverage)} %`}</td><td>${number(model.queued)}</td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        </div>
        <h2>${texts.indexes}</h2>
        ${
          report.indexes.length === 0
            ? html`<p class="quiet">${texts.noIndexes}</p>`
            : html`<ul>${report.indexes.map((index) => html`<li><code>${index.index_name}</code> ${index.method}, ${index.size}${index.phase === null ? "" : `, ${index.phase} ${index.percent ?? 0} %`}</li>`)}</ul>`
        }
      `
    }
  `;
}

/** A bar a minute; a table of sixty numbers would say less, and each bar has its number. */
function Activity({ report, texts, time }: { report: Report; texts: ViewProps["texts"]; time: (when: string) => string }) {
  if (report.activity.length === 0) return html`<p class="quiet">${texts.noActivity}</p>`;
  const most = Math.max(...report.activity.map(({ stored }) => stored), 1);
  return html`
    <ul class="bars">
      ${report.activity.map(
        ({ minute, stored }) => html`
          <li key=${minute}><span>${time(minute)}</span> <meter min="0" max=${most} value=${stored} aria-label=${time(minute)}>${stored}</meter> <span>${stored}</span></li>
        `,
      )}
    </ul>
  `;
}

/** An interval without its fractions of a second. */
function short(interval: string | null): string {
  return interval === null ? "–" : interval.replace(/\.\d+$/, "");
}
