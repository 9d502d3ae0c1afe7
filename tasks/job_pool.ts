import type { WorkerEvents } from "graphile-worker";
import { Pool, type PoolClient } from "pg";
import type { Logger } from "pino";
import { applicationName } from "../runner/connections.ts";
import type { Database } from "../runner/database.ts";
import { codeOf } from "../runner/errors.ts";

/** The connections that graphile-worker uses, watched as ours are. */
export function jobPool({ url, watch }: Database, log: Logger): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 15_000,
    ...(watch !== undefined && { stream: watch.socket, idleTimeoutMillis: Math.min(10_000, watch.silence / 2) }),
  });
  // A connection that breaks is replaced; without a listener its error would end the process.
  const note = (error: Error) => log.warn({ code: codeOf(error), reason: error.message }, "connection lost");
  pool.on("error", note);
  pool.on("connect", (client) => client.on("error", note));
  return pool;
}

/** The connection that listens has nothing to say for hours: without a beat it could not be told from a dead one. */
export function keepListenerAlive(events: WorkerEvents, { watch, sql, embedded }: Database): NodeJS.Timeout | undefined {
  let listener: { client: PoolClient; isNew: boolean; isWaiting: boolean } | undefined;
  events.on("pool:listen:success", ({ client }) => {
    listener = { client, isNew: true, isWaiting: false };
    // Its LISTEN is everybody's on the embedded server, and psql would print a notification at every change.
    if (embedded) void sql`unlisten *`.catch(() => {});
  });
  events.on("pool:listen:release", () => {
    listener = undefined;
  });
  if (watch === undefined) return undefined;
  const beat = async () => {
    const mine = listener;
    if (mine === undefined || mine.isWaiting) return;
    // The LISTEN of a new one may not be through, and pg warns of who asks for more meanwhile.
    if (mine.isNew) {
      mine.isNew = false;
      return;
    }
    mine.isWaiting = true;
    await mine.client.query("select").catch(() => {});
    mine.isWaiting = false;
  };
  return setInterval(beat, watch.silence / 3);
}

/**
 * Whether an error is of the kind that passes by itself: a lost connection (the driver has no code for some), no room, a server
 * that starts or is read-only for now.
 */
export function passes(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && /connect|queryable|end on the pool/i.test(error.message);
  return /^(E(?!RR_)[A-Z]|PE171$|08|53|57|58|25006)/.test(code);
}
