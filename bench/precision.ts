import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { readSettings, root } from "../runner/settings.ts";
import { withBenchDatabase } from "./database.ts";
import { printFoot, printHead, printTable } from "./report.ts";
import { productTexts } from "./texts.ts";

/*
 * What the int8 precision costs in what is found: BENCH_DATABASE_URL=… npm run bench:precision -- 2000
 * Its vectors beside the exact ones of the same texts, then the golden queries of the sample catalogue in a
 * database for each. How fast it is: npm run bench:encoding
 */
const texts = productTexts(Number(process.argv[2] ?? 2000));
const golden = JSON.parse(readFileSync(`${root}/test/fixtures/golden/all-MiniLM-L6-v2.json`, "utf8")) as {
  items: { text: string; vector: number[] }[];
};
const queries = texts.filter((_, i) => i % Math.ceil(texts.length / 100) === 0);

const exact = await vectorsOf("exact");
const int8 = await vectorsOf("int8");
const rows: string[][] = [
  [`worst cosine of ${texts.length} products`, worst(int8.products, exact.products).toFixed(5)],
  [
    `worst cosine of ${golden.items.length} golden texts`,
    worst(
      int8.golden,
      golden.items.map(({ vector }) => Float32Array.from(vector)),
    ).toFixed(5),
  ],
  ["worst cosine of a text alone and in its batch", worst(int8.alone, int8.products.slice(0, int8.alone.length)).toFixed(7)],
  [`overlap@10 over ${queries.length} queries`, overlap(10).toFixed(3)],
];
const [was, is] = [await evaluate("exact"), await evaluate("int8")];
for (const mode of ["vectors", "hybrid"] as const) {
  rows.push([`nDCG@10 of the sample, ${mode}: exact, int8`, `${was[mode].toFixed(4)}, ${is[mode].toFixed(4)}`]);
}
printHead("What 8-bit integers change");
printTable(["int8 beside exact", ""], rows);
await printFoot();

async function vectorsOf(precision: string) {
  const encoder = await loadEncoder(readSettings({ EMBEDDING_PRECISION: precision }).encoder);
  const found = {
    products: await encode(encoder, texts),
    golden: await encode(
      encoder,
      golden.items.map(({ text }) => text),
    ),
    queries: await encode(
      encoder,
      queries.map((text) => text.slice("name: ".length, text.indexOf("."))),
    ),
    alone: [] as Float32Array[],
  };
  for (const text of texts.slice(0, 64)) found.alone.push(...(await encode(encoder, [text])));
  await encoder.close();
  return found;
}

async function encode(encoder: Encoder, some: readonly string[]): Promise<Float32Array[]> {
  return (await encoder.encode(some, "passage")).map(({ vector }) => vector);
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function worst(some: readonly Float32Array[], others: readonly Float32Array[]): number {
  return Math.min(...some.map((vector, i) => cosine(vector, others[i] as Float32Array)));
}

/** Share of the nearest products to each query that both precisions find. */
function overlap(k: number): number {
  const nearest = (query: Float32Array, products: readonly Float32Array[]) =>
    products
      .map((vector, i) => ({ i, near: cosine(vector, query) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, k)
      .map(({ i }) => i);
  const shared = queries.map((_, q) => {
    const found = new Set(nearest(exact.queries[q] as Float32Array, exact.products));
    return nearest(int8.queries[q] as Float32Array, int8.products).filter((i) => found.has(i)).length / k;
  });
  return shared.reduce((sum, share) => sum + share, 0) / shared.length;
}

/** The sample catalogue embedded and measured by the real commands, in a database of its own. */
async function evaluate(precision: string): Promise<{ vectors: number; hybrid: number }> {
  const figures = { vectors: 0, hybrid: 0 };
  await withBenchDatabase(async ({ sql, url }) => {
    await sql.unsafe(readFileSync(`${root}/sample/stg_product.sql`, "utf8"));
    const run = (script: string, ...given: string[]) =>
      execFileSync(process.execPath, ["--import", "tsx", `scripts/${script}.ts`, ...given, "--json"], {
        cwd: root,
        env: { ...process.env, ENV_FILE: "/dev/null", DATABASE_URL: url, EMBEDDING_PRECISION: precision },
        stdio: ["ignore", "pipe", "ignore"],
      }).toString();
    run("embed");
    const scores = JSON.parse(run("evaluate", "--golden", "sample/golden_queries.csv")) as {
      kind: string | null;
      mode: string;
      ndcg: number;
    }[];
    for (const mode of ["vectors", "hybrid"] as const) {
      figures[mode] = scores.find((score) => score.kind === null && score.mode === mode)?.ndcg ?? Number.NaN;
    }
  });
  return figures;
}
