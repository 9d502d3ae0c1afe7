import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A second PostgreSQL server, made for a test file from this machine's binaries. */
export interface Cluster {
  port: number;
  /** The superuser boss is let in without a password, everybody else needs one. */
  url(database: string, user?: string, password?: string): string;
  start(): void;
  stop(): void;
  /** The process that all others of the server are children of. */
  pid(): number;
  isRunning(): boolean;
  /** fast ends all sessions in order, immediate is a crash: the server recovers from its log. */
  restart(mode: "fast" | "immediate"): void;
  /** Stops the server from answering, while connections to it are still taken; or lets it go on. */
  freeze(frozen: boolean): void;
  /** Has the server write its log (WAL) to another folder from now on; restarts it. */
  moveLog(folder: string): void;
  remove(): void;
}

/** An empty one, or a standby that streams from another; `env` are variables of the server's processes. */
export async function makeCluster(options: { standbyOf?: Cluster; env?: Record<string, string> } = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-cluster-"));
  const data = join(folder, "data");
  const port = await freePort();
  // PostgreSQL does not run as root.
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  if (isRoot) chownSync(folder, id("-u"), id("-g"));
  const run = (command: string, args: string[]) => {
    const program = join(binaries(), command);
    const line: [string, string[]] = isRoot ? ["runuser", ["-u", "postgres", "--", program, ...args]] : [program, args];
    execFileSync(...line, {
      cwd: folder,
      env: { ...process.env, ...(command === "pg_ctl" && options.env) },
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  if (options.standbyOf === undefined) {
    run("initdb", ["-D", data, "-U", "boss", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
    writeFileSync(join(data, "pg_hba.conf"), "host all,replication boss 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
  } else {
    run("pg_basebackup", ["-d", options.standbyOf.url("postgres"), "-D", data, "-R", "-c", "fast", "--no-sync"]);
  }
  const parameters = [`-p ${port}`, "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=", "-c wal_level=logical", "-c fsync=off"];
  const start = () => run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", parameters.join(" "), "start"]);
  const restart = (mode: "fast" | "immediate") =>
    run("pg_ctl", ["-D", data, "-w", "-m", mode, "-l", join(folder, "log"), "-o", parameters.join(" "), "restart"]);
  const stop = () => run("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
  const pid = () => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
  start();
  return {
    port,
    url: (database, user = "boss", password = "") =>
      `postgres://${user}${password === "" ? "" : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/${database}`,
    start,
    stop,
    restart,
    pid,
    isRunning: () => {
      try {
        run("pg_ctl", ["-D", data, "status"]);
        return true;
      } catch {
        return false;
      }
    },
    freeze: (frozen) => process.kill(pid(), frozen ? "SIGSTOP" : "SIGCONT"),
    moveLog: (to) => {
      run("pg_ctl", ["-D", data, "-w", "-m", "fast", "stop"]);
      const log = join(data, "pg_wal");
      execFileSync("cp", ["-a", `${log}/.`, to]);
      rmSync(log, { recursive: true });
      symlinkSync(to, log);
      start();
    },
    remove: () => {
      try {
        if (existsSync(join(data, "postmaster.pid"))) stop();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Where initdb is: Debian keeps it out of the PATH, a folder a version. */
function binaries(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).filter((version) => existsSync(join(debian, version, "bin/initdb"))) : [];
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  return newest === undefined ? execFileSync("pg_config", ["--bindir"], { encoding: "utf8" }).trim() : join(debian, newest, "bin");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
