import { Command } from "commander";
import { wholeNumber } from "../scripts/command.ts";
import { withBenchDatabase } from "./database.ts";
import { printNote, printTable } from "./report.ts";
import { type Sample, soak } from "./soaking.ts";

/*
 * Whether anything grows that should not: BENCH_DATABASE_URL=… npm run bench:soak -- --minutes 60
 * Samples a window each half minute, at most a hundred of them; ends with 1 when a figure is not flat within the limits below, or
 * anything is wrong at the end.
 */
const { minutes, products, seed } = new Command("npm run bench:soak --")
  .option("--minutes <n>", "how long", wholeNumber(1, 10_000), 60)
  .option("--products <n>", "ids that are written to", wholeNumber(10, 1_000_000), 2000)
  .option("--seed <n>", "of the load", wholeNumber(0, 1_000_000_000), 1)
  .parse()
  .opts<{ minutes: number; products: number; seed: number }>();

/*
 * By how much a figure may be higher at the end than at the beginning, along a line through all its samples but those of the first
 * fifth, in which caches fill and plans are made: a share of its median, or the number, whichever is more.
 */
const limits: Record<Exclude<keyof Sample, "minute">, { share: number; least: number; unit: string }> = {
  worker: { share: 0.1, least: 30, unit: "MB" },
  service: { share: 0.1, least: 30, unit: "MB" },
  backend: { share: 0.15, least: 15, unit: "MB" },
  connections: { share: 0, least: 1, unit: "" },
  textP50: { share: 0.5, least: 10, unit: "ms" },
  textP99: { share: 1, least: 100, unit: "ms" },
  vectorP50: { share: 0.5, least: 10, unit: "ms" },
  vectorP99: { share: 1, least: 100, unit: "ms" },
  dead: { share: 0.5, least: 20, unit: "%" },
  size: { share: 0.2, least: 10, unit: "MB" },
};

await withBenchDatabase(async ({ url }) => {
  const every = Math.max(10, Math.min(30, (minutes * 60) / 20), (minutes * 60) / 100);
  const names = Object.keys(limits) as (keyof typeof limits)[];
  console.error(["minute", ...names].join("\t"));
  const soaked = await soak(url, { minutes, products, seed, every }, (sample) =>
    console.error([sample.minute, ...names.map((name) => sample[name])].map((value) => value.toFixed(1)).join("\t")),
  );

  const rows: string[][] = [];
  let isFlat = true;
  for (const name of names) {
    const { share, least, unit } = limits[name];
    const points = soaked.samples.slice(Math.floor(soaked.samples.length / 5)).map((sample) => [sample.minute, sample[name]] as const);
    const values = points.map(([, value]) => value);
    const median = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const slope = slopeOf(points);
    const growth = slope * ((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0));
    const limit = Math.max(share * median, least);
    if (growth > limit) isFlat = false;
    const figures = [median, values[0] ?? 0, values.at(-1) ?? 0, growth, slope * 60, limit].map((value) => value.toFixed(1));
    rows.push([`${name} ${unit}`, ...figures, growth > limit ? "grows" : "flat"]);
  }
  printTable(["", "median", "first", "last", "growth over the run", "an hour", "limit", ""], rows);
  printNote(
    `${soaked.writes} writes, ${soaked.swaps} swaps, ${soaked.searches} searches, ${soaked.stored} vectors stored, of these ${soaked.needless} for nothing.`,
  );
  const wrong = [...soaked.wrong, ...soaked.failed];
  if (soaked.leaked > 0) wrong.push(`${soaked.leaked} connections stayed open.`);
  if (soaked.needless > 0) wrong.push("Products were encoded that did not change.");
  for (const each of wrong.slice(0, 20)) printNote(`Wrong: ${each}`);
  printNote(wrong.length === 0 ? "Nothing lost, nothing wrong." : `${wrong.length} wrong.`);
  if (!isFlat || wrong.length > 0) process.exitCode = 1;
}, "Whether anything grows under a mixed load");

/** By least squares, a minute. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}
