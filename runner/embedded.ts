import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PGlite } from "@electric-sql/pglite";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { codeOf, Failure } from "./errors.ts";

export interface EmbeddedDatabase {
  url: string;
  /** True when another process of ours serves it; closing then leaves it running. */
  shared: boolean;
  close(): Promise<void>;
}

/*
 * One backend serves all connections in turn: a transaction holds the others up, and what belongs
 * to a session (SET, temporary tables, LISTEN, advisory locks) is everybody's. The number only
 * bounds how many clients may wait.
 */
const maxConnections = 100;

/**
 * Starts PostgreSQL inside this process on a folder, served on 127.0.0.1, or joins the process that
 * already does: one folder has one server.
 *
 * @param wanted.port where to listen; any free port if it is taken, unless `portIsFixed`
 * @throws Failure PE104 the folder cannot be used, or the fixed port is taken
 */
export async function openEmbedded(wanted: { dataDir: string; port: number; portIsFixed: boolean }): Promise<EmbeddedDatabase> {
  const lockFile = `${wanted.dataDir}.lock`;
  try {
    mkdirSync(dirname(wanted.dataDir), { recursive: true });
  } catch (error) {
    throw cannotWrite(lockFile, error);
  }
  const serving = await takeLock(lockFile);
  if (serving !== undefined) return { url: urlOf(serving.port), shared: true, close: async () => {} };

  try {
    const port = await freePort(wanted);
    const db = await PGlite.create({ dataDir: wanted.dataDir, extensions: { vector, pg_trgm } });
    await db.exec("create extension if not exists vector; create extension if not exists pg_trgm");
    const server = new PGLiteSocketServer({ db: inTurns(db), host: "127.0.0.1", port, maxConnections });
    await server.start();
    writeFileSync(lockFile, JSON.stringify({ pid: process.pid, port }));
    return {
      url: urlOf(port),
      shared: false,
      close: async () => {
        await server.stop();
        await db.close();
        rmSync(lockFile, { force: true });
      },
    };
  } catch (error) {
    rmSync(lockFile, { force: true });
    if (error instanceof Failure) throw error;
    throw new Failure(
      "PE104",
      `The embedded database in ${wanted.dataDir} cannot be started.`,
      "If the folder is damaged, delete it: npm start makes it anew from the sample. EMBEDDED_DATA_DIR names another folder.",
      { cause: error },
    );
  }
}

/**
 * The server takes turns between connections message by message, except in a transaction. A query
 * with parameters is several messages (parse, bind, execute) up to a Sync, and another connection's
 * parse in between replaces the unnamed statement: one would bind its values to the other's query.
 * So an unfinished query counts as a transaction.
 */
function inTurns(db: PGlite): PGlite {
  const sync = "S".charCodeAt(0);
  const simpleQuery = "Q".charCodeAt(0);
  const letterA = "A".charCodeAt(0);
  let unfinished = false;
  const turns: Partial<PGlite> = {
    isInTransaction: () => unfinished || db.isInTransaction(),
    execProtocolRawStream: (message, options) => {
      const [type = 0] = message;
      // A start-up message has no type: it begins with its length.
      unfinished = type >= letterA && type !== sync && type !== simpleQuery;
      return db.execProtocolRawStream(message, options);
    },
  };
  return new Proxy(db, {
    get(target, key) {
      const own = turns[key as keyof PGlite];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

interface Serving {
  pid: number;
  port: number;
}

/** Takes the lock, or says who serves the folder. A lock whose process is gone is taken over. */
async function takeLock(lockFile: string): Promise<Serving | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(lockFile, JSON.stringify({ pid: process.pid, port: 0 }), { flag: "wx" });
      return undefined;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw cannotWrite(lockFile, error);
    }
    const serving = readLock(lockFile);
    if (serving !== undefined && serving.pid !== process.pid && isRunning(serving.pid)) {
      if (serving.port !== 0) return serving;
      if (tries === 200)
        throw new Failure(
          "PE104",
          `Process ${serving.pid} has been starting the embedded database for 20 seconds.`,
          "Try again, or end that process.",
        );
      await setTimeout(100);
      continue;
    }
    rmSync(lockFile, { force: true });
  }
}

/* Who is deployed with a variable misspelt gets here, and meant a server. */
function cannotWrite(lockFile: string, cause: unknown): Failure {
  return new Failure(
    "PE104",
    `The embedded database cannot write ${lockFile}.`,
    "Name a folder you may write (EMBEDDED_DATA_DIR), or the server that you meant (DATABASE_URL or PGVECTOR_HOST): none is named.",
    { cause },
  );
}

function readLock(lockFile: string): Serving | undefined {
  try {
    const { pid, port } = JSON.parse(readFileSync(lockFile, "utf8")) as Partial<Serving>;
    return typeof pid === "number" && typeof port === "number" ? { pid, port } : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** The wanted port, or any free one when it is taken and nobody insisted. */
async function freePort(wanted: { port: number; portIsFixed: boolean }): Promise<number> {
  try {
    return await probe(wanted.port);
  } catch (error) {
    if (!wanted.portIsFixed) return probe(0);
    throw new Failure("PE104", `Port ${wanted.port} is in use by another program.`, "Name another: EMBEDDED_PORT=5434", { cause: error });
  }
}

function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}
