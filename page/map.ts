import { Chart, LinearScale, PointElement, ScatterController, Tooltip } from "chart.js";
import zoom from "chartjs-plugin-zoom";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type MapPoint, Problem } from "./ask.ts";
import { html } from "./html.ts";
import type { ViewProps } from "./main.ts";
import { TroubleOrKey } from "./trouble.ts";

Chart.register(ScatterController, LinearScale, PointElement, Tooltip, zoom);

/* Okabe and Ito's colours, which the colour-blind tell apart, then shapes; what is left is grey. */
const colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c00", "#7b61c4"];
const shapes = ["circle", "triangle", "rect"] as const;
const grey = "#8a8a8a";
const most = colours.length * shapes.length;

/* For who cannot drag: what comes into view, and by how many pixels everything moves for it. */
const moves = [
  ["moveLeft", "←", 80, 0],
  ["moveRight", "→", -80, 0],
  ["moveUp", "↑", 0, 80],
  ["moveDown", "↓", 0, -80],
] as const;

interface Group {
  label: string | null;
  name: string;
  points: MapPoint[];
  colour: string;
  shape: (typeof shapes)[number];
}

export function Catalogue({ state, texts, go, renew }: ViewProps) {
  const [answer, setAnswer] = useState<{ mapped_at: string | null; points: MapPoint[] }>();
  const [trouble, setTrouble] = useState<Problem>();
  const [sought, setSought] = useState("");
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart<"scatter", MapPoint[]>>(null);
  const groups = answer === undefined ? [] : groupsOf(answer.points, texts);

  useEffect(() => {
    ask<{ mapped_at: string | null; points: MapPoint[] }>("/map")
      .then(setAnswer)
      .catch((error) => setTrouble(Problem.of(error)));
  }, []);
  useEffect(() => {
    if (canvas.current === null || answer === undefined || answer.points.length === 0) return;
    // Some of the colours are faint on white.
    const line = getComputedStyle(canvas.current).getPropertyValue("--faint");
    const made = new Chart<"scatter", MapPoint[]>(canvas.current, {
      type: "scatter",
      data: {
        datasets: groups.map(({ name, points, colour, shape }) => ({
          label: name,
          data: points,
          backgroundColor: colour,
          borderColor: line,
          pointStyle: shape,
          borderWidth: points.length > 500 ? 0.5 : 1,
          pointRadius: points.length > 500 ? 2.5 : 5,
          pointHoverRadius: 8,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        parsing: false,
        scales: { x: { display: false }, y: { display: false } },
        onClick: (_event, elements) => {
          const [near] = elements;
          const point = near === undefined ? undefined : groups[near.datasetIndex]?.points[near.index];
          if (point !== undefined) go({ similar: point.product_id });
        },
        onHover: (_event, elements) => canvas.current?.classList.toggle("over", elements.length > 0),
        plugins: {
          tooltip: {
            callbacks: {
              label: ({ datasetIndex, dataIndex }) => {
                const point = groups[datasetIndex]?.points[dataIndex];
                return [point?.name ?? "", [point?.vendor_code, point?.price].filter(Boolean).join(" · ")].filter((line) => line !== "");
              },
              title: ([item]) => item?.dataset.label ?? "",
            },
          },
          zoom: { zoom: { wheel: { enabled: true }, pinch: { enabled: true }, mode: "xy" }, pan: { enabled: true, mode: "xy" } },
        },
      },
    });
    chart.current = made;
    return () => made.destroy();
  }, [answer, state.language]);
  useEffect(() => {
    groups.forEach(({ name }, place) => {
      chart.current?.setDatasetVisibility(place, !hidden.includes(name));
    });
    chart.current?.update();
  }, [hidden, answer, state.language]);

  if (answer === undefined)
    return html`<${TroubleOrKey} problem=${trouble} texts=${texts} renew=${renew} />${trouble === undefined && html`<p role="status">${texts.loading}</p>`}`;
  if (answer.points.length === 0) return html`<p role="status">${texts.mapNone}</p>`;
  const pick = (event: Event) => {
    const typed = (event.currentTarget as HTMLInputElement).value;
    const picked = answer.points.find((point) => labelOf(point) === typed);
    if (picked !== undefined) go({ similar: picked.product_id });
  };
  // A browser takes a second a letter to look through 20,000 of them.
  const some = answer.points.map(labelOf).filter((label) => label.toLowerCase().includes(sought.toLowerCase()));
  const toggle = (name: string) => () => setHidden(hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name]);
  const when = answer.mapped_at === null ? "" : new Date(answer.mapped_at).toLocaleString(state.language);
  return html`
    <p class="quiet">${texts.mapIntro} ${texts.mapOf(answer.points.length.toLocaleString(state.language), when)}</p>
    <div class="map-tools">
      <label><span>${texts.mapFind}</span><input list="on-the-map" onChange=${pick} onInput=${(event: Event) => setSought((event.currentTarget as HTMLInputElement).value)} /></label>
      <datalist id="on-the-map">${some.slice(0, 100).map((label) => html`<option key=${label} value=${label} />`)}</datalist>
      <div class="buttons">
        <button type="button" aria-label=${texts.zoomIn} onClick=${() => chart.current?.zoom(1.4)}>+</button>
        <button type="button" aria-label=${texts.zoomOut} onClick=${() => chart.current?.zoom(0.7)}>−</button>
        ${moves.map(([name, sign, x, y]) => html`<button type="button" aria-label=${texts[name]} onClick=${() => chart.current?.pan({ x, y })}>${sign}</button>`)}
        <button type="button" onClick=${() => chart.current?.resetZoom()}>${texts.zoomReset}</button>
      </div>
    </div>
    <div class="map"><canvas ref=${canvas} role="img" aria-label=${texts.mapLabel}></canvas></div>
    <ul class="legend" aria-label=${texts.legend}>
      ${groups.map(
        ({ name, points, colour, shape }) => html`
          <li>
            <button type="button" aria-pressed=${String(!hidden.includes(name))} onClick=${toggle(name)}>
              <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill=${colour} stroke="var(--faint)">
                ${shape === "circle" ? html`<circle cx="6" cy="6" r="5" />` : shape === "rect" ? html`<path d="M1 1h10v10H1z" />` : html`<path d="M6 1l5.5 10H.5z" />`}
              </svg>
              <bdi>${name}</bdi> <small>${points.length}</small>
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

function labelOf({ name, product_id }: MapPoint): string {
  return `${name ?? ""} (${product_id})`;
}

/** The products by their label, the largest groups first, and what is beyond the colours together. */
function groupsOf(points: readonly MapPoint[], texts: ViewProps["texts"]): Group[] {
  const byLabel: Record<string, MapPoint[]> = Object.create(null);
  const without: MapPoint[] = [];
  for (const point of points) {
    if (point.label === null) without.push(point);
    else if (byLabel[point.label] === undefined) byLabel[point.label] = [point];
    else byLabel[point.label]?.push(point);
  }
  const sorted = Object.entries(byLabel).sort(([, a], [, b]) => b.length - a.length);
  const groups: Group[] = sorted.slice(0, most).map(([label, some], place) => ({
    label,
    name: label,
    points: some,
    colour: colours[place % colours.length] ?? grey,
    shape: shapes[Math.floor(place / colours.length)] ?? "circle",
  }));
  const rest = sorted.slice(most).flatMap(([, some]) => some);
  if (rest.length > 0) groups.push({ label: null, name: texts.others, points: rest, colour: grey, shape: "circle" });
  if (without.length > 0) groups.push({ label: null, name: texts.without, points: without, colour: grey, shape: "rect" });
  return groups;
}
