import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, root } from "../runner/settings.ts";
import { withBenchDatabase } from "./database.ts";
import { median, printTable } from "./report.ts";

/*
 * How long somebody waits for a command: BENCH_DATABASE_URL=… npm run bench:startup -- 5   (rounds)
 * The sample catalogue on the server, everything encoded; npm start on an embedded database, the second time.
 */
const rounds = Number(process.argv[2] ?? 5);
const rows: string[][] = [];
const query = "пневматическая подушка";

await withBenchDatabase(async ({ sql, url }) => {
  await sql.unsafe(readFileSync(`${root}/sample/stg_product.sql`, "utf8"));
  const onServer = { DATABASE_URL: url };
  await command(["scripts/embed.ts"], onServer);
  const runtime = await often(() => command(["--eval", "0"], {}));
  const model = await often(loadModel);
  const row = (what: string, took: number, beside: number) =>
    rows.push([what, took.toFixed(2), beside === 0 ? "" : (took - beside).toFixed(2)]);
  row("node with tsx", runtime, 0);
  row("the model, in a process that runs", model, 0);
  row("status", await often(() => command(["scripts/status.ts"], onServer)), runtime);
  row("search, its vector kept", await often(() => command(["scripts/search.ts", query], onServer)), runtime + model);
  let asked = 0;
  row("search, a new query", await often(() => command(["scripts/search.ts", `${query} ${asked++}`], onServer)), runtime + model);
  row("worker", await often(() => command(["scripts/worker.ts"], onServer, /worker started/)), runtime + model);

  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-startup-"));
  try {
    const embedded = { EMBEDDED_DATA_DIR: folder, HTTP_PORT: "0" };
    const start = () => command(["scripts/start.ts"], embedded, /by words and by meaning:.*SABO/s);
    rows.push(["npm start, the first time", (await start()).toFixed(2), ""]);
    rows.push(["npm start, the second time", (await often(start)).toFixed(2), ""]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  printTable(["until it answers", "seconds", "beyond node, tsx and the model"], rows);
}, "How long a command takes until it answers");

async function often(measure: () => Promise<number>): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) took.push(await measure());
  return median(took);
}

async function loadModel(): Promise<number> {
  const { loadEncoder } = await import("../runner/encoder.ts");
  const started = performance.now();
  const encoder = await loadEncoder(readSettings({}).encoder);
  const took = (performance.now() - started) / 1000;
  await encoder.close();
  return took;
}

/** Seconds until a command ends, or until its output says this, when it is told to stop. */
async function command(given: string[], variables: NodeJS.ProcessEnv, says?: RegExp): Promise<number> {
  const started = performance.now();
  let took: number | undefined;
  const child = spawn(process.execPath, ["--import", "tsx", ...given], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: "/dev/null", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const read = (chunk: Buffer) => {
    output += chunk.toString();
    if (took !== undefined || says?.test(output) !== true) return;
    took = (performance.now() - started) / 1000;
    child.kill("SIGTERM");
  };
  child.stdout.on("data", read);
  // The worker's log is there.
  child.stderr.on("data", read);
  const code = await new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  if (code !== 0 || (says !== undefined && took === undefined)) throw new Error(`${given[0]} ended with ${code}: ${output}`);
  return took ?? (performance.now() - started) / 1000;
}
