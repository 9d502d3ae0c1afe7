import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { root } from "../runner/settings.ts";

/*
 * Runs the standard set and writes what each printed into docs/benchmarks.md: BENCH_DATABASE_URL=… npm run bench
 * `-- --list` says what the set is; names behind `--` run only those, and print instead of writing. The scripts that
 * need a collection (fusion, weights, parts) or dbt's own installation are run by hand.
 */
const standard: Record<string, string[]> = {
  queue: ["61000"],
  latency: ["20000"],
  search: ["100000", "200"],
  encoding: ["2000", "2"],
  workers: ["1500", "4000"],
  backfill: ["50000", "index"],
  replica: ["20000", "8"],
  startup: ["3"],
  job: ["115", "10000"],
  precision: ["2000"],
  status: ["61000", "1000000"],
  copy: ["61000"],
  sizing: ["50000"],
  preparing: ["1500"],
};

const names = process.argv.slice(2);
if (names.includes("--list")) {
  for (const [name, args] of Object.entries(standard)) console.log(`npm run bench:${name} -- ${args.join(" ")}`);
} else {
  const sections: string[] = [];
  for (const [name, args] of Object.entries(standard)) {
    if (names.length === 0 || names.includes(name)) sections.push(await run(name, args));
  }
  if (names.length === 0) {
    writeFileSync(
      `${root}/docs/benchmarks.md`,
      `# Benchmarks

What \`npm run bench\` printed, each table in one run on one machine, which stands below it. Figures of two runs are not to be compared; the ratios
within one are what lasts.

${sections.join("\n")}`,
    );
  }
}

/** What a benchmark printed; it is shown as it comes, too. */
async function run(name: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ["--import", "tsx", `bench/${name}.ts`, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    process.stdout.write(text);
  });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`bench/${name}.ts ended with ${code}.`);
  return printed;
}
