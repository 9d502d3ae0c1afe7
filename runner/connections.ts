import { Socket } from "node:net";
import { hostname } from "node:os";
import postgres from "postgres";
import { Failure } from "./errors.ts";

/** Sockets to one server that are given up when the server knows nothing of what they wait for. */
export interface Watch {
  /** Milliseconds without a byte after which the server is asked. */
  silence: number;
  /** A socket that is not connected yet, watched until it is closed. */
  socket(): Socket;
}

/** What a process is called in pg_stat_activity; the process id first, since the server cuts at 63 bytes. */
export const applicationName = `product-embeddings ${process.pid}@${hostname()}`.slice(0, 63);

/*
 * A connection whose other end went without a word (a firewall that forgot it, a machine that lost its
 * power) looks like a statement that takes long, and neither driver nor kernel tells them apart: where
 * something in between still acknowledges, the wait has no end. The server can: who has been silent for
 * so long is given up if, asked over a new connection, the server runs nothing for this process. So an
 * index build may take hours, and a server that cannot be asked settles nothing. What is idle is closed
 * by its pool before that time.
 */
export function watchConnections(url: string, silence: number): Watch {
  const seen = new Map<Socket, { bytes: number; at: number }>();
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;

  const isSilent = (socket: Socket) => {
    const bytes = socket.bytesRead + socket.bytesWritten;
    const last = seen.get(socket);
    if (last === undefined) return false;
    if (last.bytes === bytes) return performance.now() - last.at >= silence;
    seen.set(socket, { bytes, at: performance.now() });
    return false;
  };
  const look = async () => {
    // Looked at and not listened for: whoever puts TLS over a socket takes its listeners away.
    for (const socket of seen.keys()) if (socket.destroyed) seen.delete(socket);
    if (seen.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    const suspects = [...seen.keys()].filter(isSilent);
    if (isAsking || suspects.length === 0) return;
    isAsking = true;
    const isGivenUp = await runsNothing(url, silence).catch(() => false);
    isAsking = false;
    for (const socket of suspects) {
      if (isGivenUp && isSilent(socket)) {
        socket.destroy(
          new Failure(
            "PE171",
            `Nothing came from the database for ${silence / 1000} s, and it runs nothing for this process.`,
            "npm run doctor",
          ),
        );
      }
    }
  };

  return {
    silence,
    socket: () => {
      const socket = new Socket();
      // Set once it is connected: before that there may be nothing to set it on.
      socket.once("connect", () => socket.setKeepAlive(true, silence / 2));
      seen.set(socket, { bytes: 0, at: performance.now() });
      timer ??= setInterval(look, silence / 4).unref();
      return socket;
    },
  };
}

/** Who waits for its client is not at work: that client is what the question is about. */
async function runsNothing(url: string, patience: number): Promise<boolean> {
  const sql = postgres(url, {
    prepare: false,
    max: 1,
    connect_timeout: patience / 1000,
    connection: { application_name: "product-embeddings watch" },
  });
  const tooLong = setTimeout(() => void sql.end({ timeout: 0 }), patience);
  try {
    const busy = await sql`
      select from pg_catalog.pg_stat_activity
      where application_name = ${applicationName} and state = 'active' and wait_event_type is distinct from 'Client'`;
    return busy.length === 0;
  } finally {
    clearTimeout(tooLong);
    await sql.end({ timeout: 0 });
  }
}
