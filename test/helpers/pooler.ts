import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../runner/database.ts";
import { until } from "./source.ts";

/** Runs pgbouncer before the server of `url` for the time of `use`, which is given the URL through it. */
export async function withPooler<T>(url: string, mode: "session" | "transaction", use: (url: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-pooler-"));
  const server = new URL(url);
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String(await freePort());
  const login = `${server.password ? ` password=${decodeURIComponent(server.password)}` : ""} user=${decodeURIComponent(server.username)}`;
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    `[databases]\n* = host=${server.hostname} port=${server.port || 5432}${login}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${through.port}\nunix_socket_dir =\nauth_type = any\npool_mode = ${mode}\n`,
  );
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  execFileSync("chmod", ["-R", "a+rX", folder]);
  const pooler = spawn("pgbouncer", ["-q", ...asNobody, join(folder, "pgbouncer.ini")], { stdio: "ignore" });
  const ended = new Promise((resolve) => pooler.once("close", resolve));
  pooler.once("error", () => {});
  try {
    await until(async () => answers(through.href), "pgbouncer answers (apt-get install pgbouncer)", 10);
    return await use(through.href);
  } finally {
    pooler.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

async function answers(url: string): Promise<boolean> {
  const sql = connect(url, 1);
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
