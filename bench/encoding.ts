import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { requireVnni } from "../runner/encoder.ts";
import { root } from "../runner/settings.ts";
import { median, printFoot, printHead, printNote, printTable } from "./report.ts";
import { productTexts } from "./texts.ts";

/*
 * Our encoder against sentence-transformers, with the same weights on the same cores and texts:
 * npm run bench:encoding -- 2000 3   (texts, rounds)
 * Each runs in a process of its own, one at a time and in turns, so that what else the machine does meets all
 * of them. We get batches of 32, and of what a claim holds.
 */
const count = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 3);
const python = join(root, ".cache/python/bin/python");
const folder = mkdtempSync(join(tmpdir(), "product-embeddings-encoding-"));
const textsFile = join(folder, "texts.json");

interface Round {
  seconds: number;
  cpu: number;
  megabytes: number;
}
interface Contender {
  name: string;
  vectors: () => Float32Array;
  encode: (texts: number) => Promise<Round>;
  close: () => Promise<void>;
}

execFileSync(join(root, ".ci/install-python"), { stdio: "inherit" });
execFileSync(python, [join(root, "bench/python/model.py")], { stdio: "ignore" });
writeFileSync(textsFile, JSON.stringify(productTexts(count)));
try {
  const theirs = [8, 16, 32, 64].map((size) =>
    start(`sentence-transformers, batches of ${size}`, python, ["bench/python/encode.py"], size),
  );
  const ours = (
    [
      [32, "exact"],
      [320, "exact"],
      [320, "int8"],
    ] as const
  ).filter(([, precision]) => precision === "exact" || takesInt8());
  const contenders = await Promise.all([
    ...theirs,
    ...ours.map(([size, precision]) =>
      start(`this, ${precision}, batches of ${size}`, process.execPath, ["--import", "tsx", "bench/encode.ts"], size, precision),
    ),
  ]);
  const measured = new Map(contenders.map((each) => [each, [] as Round[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [contender, all] of measured) all.push(await contender.encode(count));
  }
  const figures = contenders.map((contender) => {
    const all = measured.get(contender) ?? [];
    return {
      contender,
      speed: count / median(all.map(({ seconds }) => seconds)),
      cpu: (1000 * median(all.map(({ cpu }) => cpu))) / count,
      megabytes: Math.max(...all.map(({ megabytes }) => megabytes)),
    };
  });
  const best = Math.max(...figures.slice(0, theirs.length).map(({ speed }) => speed));
  const reference = contenders[0]?.vectors() ?? new Float32Array();
  const rows: string[][] = [];
  for (const { contender, speed, cpu, megabytes } of figures) {
    rows.push([
      contender.name,
      speed.toFixed(0),
      (speed / best).toFixed(2),
      cpu.toFixed(1),
      megabytes.toFixed(0),
      worstCosine(contender.vectors(), reference).toFixed(6),
    ]);
    await contender.close();
  }
  printHead("Encoding, beside sentence-transformers");
  printTable(["", "texts a second", "times the best of theirs", "core ms a text", "peak MB", "worst cosine with theirs"], rows);
  if (!takesInt8()) printNote("This processor has no VNNI instructions, without which int8 is refused (PE118).");
  await printFoot();
} finally {
  rmSync(folder, { recursive: true });
}

function takesInt8(): boolean {
  try {
    requireVnni("", readFileSync("/proc/cpuinfo", "utf8"));
    return true;
  } catch {
    return false;
  }
}

async function start(name: string, program: string, script: string[], size: number, precision?: string): Promise<Contender> {
  const vectorsFile = join(folder, `${name}.f32`);
  const given = [textsFile, String(size), vectorsFile, ...(precision === undefined ? [] : [precision])];
  const child = spawn(program, [...script, ...given], { cwd: root, stdio: ["pipe", "pipe", "ignore"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended.`);
    return JSON.parse(value as string) as Round;
  };
  await next();
  return {
    name,
    vectors: () => new Float32Array(new Uint8Array(readFileSync(vectorsFile)).buffer),
    encode: (texts) => {
      child.stdin.write(`${texts}\n`);
      return next();
    },
    close: () => {
      child.stdin.end();
      return closed;
    },
  };
}

/** Of the same text's vectors, which have unit length. */
function worstCosine(some: Float32Array, others: Float32Array): number {
  const dimension = some.length / count;
  let worst = 1;
  for (let start = 0; start < some.length; start += dimension) {
    let cosine = 0;
    for (let i = start; i < start + dimension; i++) cosine += (some[i] as number) * (others[i] as number);
    worst = Math.min(worst, cosine);
  }
  return worst;
}
