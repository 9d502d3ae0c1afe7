import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";
import { withBenchDatabase } from "./database.ts";
import { printNote, printTable, quantile } from "./report.ts";
import { products } from "./texts.ts";

/*
 * The whole job, from products in a table to vectors in a table, by `npm run embed` in a fresh database with
 * triggers, queue and words, and by the Python pipeline (bench/python/job.py) on the same products:
 * BENCH_DATABASE_URL=… npm run bench:job -- 115 10000
 * What is beside the encoding is the command's own time from when its model is loaded, without what the encoder was at work in it:
 * comparing, triggers, words, claims, storing. That the encoder is as quick in it as alone shows beside it, with the same
 * texts a claim's at a time. Of few products each figure is the median of several runs, each in a database of its own; the names
 * of all are changed then and the command is run again, which tells what a fresh database takes once from what each run does.
 */
const sizes = process.argv.slice(2).map(Number);
const node = [process.execPath, "--import", "tsx"];
const python = join(root, ".cache/python/bin/python");
const rows: (string | number)[][] = [];
const rowsAgain: (string | number)[][] = [];
const [few, fewRounds] = [1000, 5];

await run([join(root, ".ci/install-python")]);
await run([python, "bench/python/model.py"]);
await withBenchDatabase(async () => {
  for (const size of sizes.length === 0 ? [115, 10_000] : sizes) {
    const rounds: Round[] = [];
    while (rounds.length < (size < few ? fewRounds : 1)) {
      await withBenchDatabase(async ({ sql, url }) => {
        rounds.push(await measure(sql, url, size));
      });
    }
    rows.push(rowOf(size, rounds));
    if (size < few) rowsAgain.push([size, ...shareOf(rounds.flatMap(({ again }) => again ?? []))]);
  }
  printTable(
    [
      "products",
      "Python, s",
      "this, s",
      "times",
      "Python, MB",
      "this, MB",
      "start, s",
      "encoding, s",
      "beside it",
      "of the encoding",
      "encoding alone, s",
    ],
    rows,
  );
  printNote(`Of fewer than ${few} products the median of ${fewRounds} runs.`);
  if (rowsAgain.length > 0) printTable(["products, all changed", "encoding, s", "beside it", "of the encoding"], rowsAgain);
}, "The whole job, beside the Python pipeline");

/** Of ours, without starting and loading the model; in seconds. */
interface Pass {
  work: number;
  encoding: number;
}

interface Round extends Pass {
  theirs: Run;
  ours: Run;
  alone: number;
  /** Of few products, after all were changed. */
  again: Pass | undefined;
}

async function measure(sql: Sql, url: string, size: number): Promise<Round> {
  await fillSource(sql, size);
  const theirs = await run([python, "bench/python/job.py", url, String(size)]);
  const embed = [...node, "scripts/embed.ts", "--json"];
  const ours = await run(embed, url);
  const alone = await encodeAlone(sql);
  let again: Pass | undefined;
  if (size < few) {
    await sql`update staging_staging.stg_product set name = concat(name, ' 2')`;
    again = passOf(await run(embed, url), size);
  }
  return { theirs, ours, ...passOf(ours, size), alone, again };
}

function passOf({ output }: Run, size: number): Pass {
  const {
    stored,
    seconds: work,
    encodingSeconds: encoding,
  } = JSON.parse(output) as { stored: number; seconds: number; encodingSeconds: number };
  if (stored < size / 2) throw new Error(`Of ${size} products ${stored} were encoded.`);
  return { work, encoding };
}

function rowOf(size: number, rounds: readonly Round[]): (string | number)[] {
  const median = (figure: (round: Round) => number) => quantile(rounds.map(figure), 0.5);
  return [
    size,
    median(({ theirs }) => theirs.seconds).toFixed(1),
    median(({ ours }) => ours.seconds).toFixed(1),
    median(({ theirs, ours }) => theirs.seconds / ours.seconds).toFixed(2),
    median(({ theirs }) => theirs.megabytes).toFixed(0),
    median(({ ours }) => ours.megabytes).toFixed(0),
    median(({ ours, work }) => ours.seconds - work).toFixed(1),
    ...shareOf(rounds),
    median(({ alone }) => alone).toFixed(1),
  ];
}

/** Encoding, what was beside it, and how much of the encoding that is. */
function shareOf(passes: readonly Pass[]): string[] {
  const median = (figure: (pass: Pass) => number) => quantile(passes.map(figure), 0.5);
  const beside = ({ work, encoding }: Pass) => work - encoding;
  return [
    median(({ encoding }) => encoding).toFixed(1),
    median(beside).toFixed(2),
    `${median((pass) => (100 * beside(pass)) / pass.encoding).toFixed(0)} %`,
  ];
}

async function fillSource(sql: Sql, size: number): Promise<void> {
  await sql.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product (
      product_id bigint, name text, vendor_code text, weight numeric, length numeric, width numeric, height numeric, price numeric,
      is_active boolean, category_id bigint, description text, created_at timestamp default now(), updated_at timestamp default now(),
      ingested_at timestamp default now(), deleted boolean default false
    )`);
  const all = products(size);
  for (let start = 0; start < size; start += 5000) {
    await sql`
      insert into staging_staging.stg_product
      select p.product_id, p.name, p.vendor_code, p.weight, p.length, p.width, p.height, p.price, p.is_active, p.category_id, p.description
      from jsonb_populate_recordset(null::staging_staging.stg_product, ${JSON.stringify(all.slice(start, start + 5000))}::text::jsonb) p`;
  }
  await sql`analyze staging_staging.stg_product`;
}

/** Seconds for encoding the products' documents and nothing else, a claim's at a time. */
async function encodeAlone(sql: Sql): Promise<number> {
  const rows = await sql<{ document: string }[]>`select document from analytics_features.product_documents() order by product_id`;
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-job-"));
  try {
    writeFileSync(join(folder, "texts.json"), JSON.stringify(rows.map(({ document }) => document)));
    const { output } = await run(
      [...node, "bench/encode.ts", join(folder, "texts.json"), "320", join(folder, "vectors")],
      undefined,
      `${rows.length}\n`,
    );
    return (JSON.parse(output.trim().split("\n").at(-1) ?? "") as { seconds: number }).seconds;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Run {
  seconds: number;
  megabytes: number;
  output: string;
}

/** Runs a program to its end, and reads its peak memory from /proc, where that is. */
async function run([program = "", ...given]: string[], url?: string, input = ""): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, given, {
    cwd: root,
    env: { ...process.env, ENV_FILE: "/dev/null", ...(url === undefined ? {} : { DATABASE_URL: url }) },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.end(input);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  let megabytes = 0;
  const timer = setInterval(() => {
    try {
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      megabytes = Math.max(megabytes, Number(peak ?? 0) / 1000);
    } catch {
      // Gone already, or a system without /proc.
    }
  }, 50);
  const code = await new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${given[0]} ended with ${code}.`);
  return { seconds: (performance.now() - started) / 1000, megabytes, output };
}
