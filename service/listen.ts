import type { Logger } from "pino";
import { watchConnections } from "../runner/connections.ts";
import { connect, type Database } from "../runner/database.ts";
import type { Settings } from "../runner/settings.ts";
import { createService } from "./app.ts";
import { listen } from "./port.ts";

export interface Listening {
  /** Where it answers, such as http://127.0.0.1:8080 */
  url: string;
  /** Tells who asks for /ready, lets what runs finish, and ends. */
  stop(): Promise<void>;
}

/**
 * Serves HTTP with connections of its own to the database: two more than requests may use, for the status
 * and for who waits for a vector. The database may be away; /ready says so.
 *
 * @throws Failure PE160 the port cannot be listened to
 */
export async function startService(database: Pick<Database, "url" | "embedded">, settings: Settings, log: Logger): Promise<Listening> {
  const { http, schema } = settings;
  const watch = database.embedded ? undefined : watchConnections(database.url, settings.silence);
  const sql = connect(database.url, http.poolSize + 2, { watch });
  const { app, context } = await createService(sql, schema, http, log, database);
  try {
    const url = await listen(http, (port) => app.listen({ host: http.host, port, listenTextResolver: () => "listening" }));
    if (!isLoopback(http.host) && http.keys.length === 0)
      log.warn({ host: http.host }, "Everybody who reaches this address may search: HTTP_API_KEYS");
    return {
      url,
      stop: async () => {
        context.draining = true;
        // Time for a proxy to notice, which asks every few seconds.
        if (http.drain > 0) await new Promise((resolve) => setTimeout(resolve, http.drain));
        const closed = app.close();
        // What ran is answered by then; who is silent, or stopped amid a request, would hold the connection for ever.
        const late = setTimeout(() => app.server.closeAllConnections(), http.timeout + 1000);
        await closed;
        clearTimeout(late);
        await sql.end({ timeout: 5 });
      },
    };
  } catch (error) {
    await app.close();
    await sql.end({ timeout: 0 });
    throw error;
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
