import { readFileSync } from "node:fs";
import { arch, cpus, totalmem, type } from "node:os";
import { basename } from "node:path";
import type { Sql } from "../runner/database.ts";
import { root } from "../runner/settings.ts";

/*
 * What a benchmark prints is Markdown, which a terminal shows as well as a page does: a title and the command,
 * tables, and what it was measured on. npm run bench puts docs/benchmarks.md together from that.
 */
type Cell = string | number;

/** Title, and the command that prints this again. */
export function printHead(title: string): void {
  const name = basename(process.argv[1] ?? "", ".ts");
  const args = process.argv.slice(2).join(" ");
  console.log(`## ${title}\n\n\`npm run bench:${name}${args === "" ? "" : ` -- ${args}`}\`\n`);
}

/** A table; the first column says what is measured, the others are figures. */
export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const cells = [head, ...rows].map((row) => row.map((cell) => String(cell).replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const [first, ...others] = lines;
  console.log([first ?? [], rule, ...others].map((row) => `| ${row.join(" | ")} |`).join("\n"));
  console.log();
}

/** A sentence below or above a table. */
export function printNote(note: string): void {
  console.log(`${note}\n`);
}

/** The machine that this runs on, and the versions of what was measured; of the server too, where there is one. */
export async function printFoot(sql?: Sql): Promise<void> {
  const [server] = await (sql === undefined ? [] : serverOf(sql));
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  const processors = cpus();
  printNote(
    [
      `${processors[0]?.model.trim() ?? arch()}, ${processors.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}${
        server?.is_here === false ? " (the server is another machine)" : ""
      }`,
      ...(server === undefined ? [] : [`${server.version}, pgvector ${server.pgvector}`]),
      `Node ${process.version}`,
      `product-embeddings ${version}`,
      new Date().toISOString().slice(0, 10),
    ].join("; "),
  );
}

function serverOf(sql: Sql) {
  return sql<{ version: string; pgvector: string; is_here: boolean }[]>`
    select split_part(version(), ' on ', 1) as version,
      (select extversion from pg_extension where extname = 'vector') as pgvector,
      coalesce(inet_server_addr() = inet_client_addr(), true) as is_here`;
}

/** The middle one of some measurements: the others are the machine's noise. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The measurement that this share of all lies below, such as 0.99. */
export function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

/** Milliseconds that something takes. */
export async function milliseconds(run: () => PromiseLike<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}
