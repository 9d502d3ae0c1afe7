import { Socket } from "node:net";
import { connect, type Database } from "../runner/database.ts";

/** What became of a pass: vectors stored or failed; nothing to encode; or no source to look into. */
export type Passed = "encoded" | "settled" | "blocked";

export interface Watch {
  /** Has the watch look at once, if it rests. */
  nudge(): void;
  /** Settles when the pass at work is through and the connections are closed. */
  stop(): Promise<void>;
}

/*
 * At rest a commit wakes the watch, so looking by itself is for what no commit brings: a failed product whose
 * next attempt is due, a lease that ran out, a notification that got lost with its connection, and a pooler
 * or an embedded server that delivers none. A writer that has not committed is looked after more often.
 */
const restMilliseconds = 2000;
const embeddedRestMilliseconds = 200;
const lookAgainMilliseconds = 25;
// What fails (a full disk, a server that is away) is tried again further and further apart; a connection that comes back wakes the watch.
const longestRestMilliseconds = 30_000;

/**
 * Runs passes whenever there is work, one after the other, on a database connection of its own: what it
 * holds while it rests is how writers know that somebody has to be woken.
 */
export function watchChanges(
  database: Database,
  schema: string,
  pass: () => Promise<Passed>,
  noteFailure: (error: unknown) => Promise<void>,
): Watch {
  const sql = connect(database.url, 1, { watch: database.watch, isKept: true });
  // Not watched for silence: it says nothing for hours, and were it dead, the next look would not be far. Nor does it keep the process.
  const listener = connect(database.url, 1, { watch: database.watch && { ...database.watch, socket: () => new Socket().unref() } });
  let stopping = false;
  let nudged = false;
  let wake = () => {};
  const nudge = () => {
    nudged = true;
    wake();
  };
  const rest = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (nudged || stopping) wake();
    });

  // Whoever listens on the embedded server listens for everybody, psql among them.
  if (!database.embedded) listener.listen(schema, nudge, nudge).catch(() => {});
  const ended = (async () => {
    let failures = 0;
    while (!stopping) {
      nudged = false;
      try {
        const [row] = await sql<{ found: string }[]>`select ${sql(schema)}.look_for_work() as found`;
        const passed = row?.found === "work" ? await pass() : undefined;
        failures = 0;
        if (passed === "encoded") continue;
        if (passed === "settled" || row?.found === "look again") await rest(lookAgainMilliseconds);
        else await rest(database.embedded ? embeddedRestMilliseconds : restMilliseconds);
      } catch (error) {
        await noteFailure(error);
        await rest(Math.min(longestRestMilliseconds, restMilliseconds * 2 ** failures++));
      }
    }
  })();

  return {
    nudge,
    stop: async () => {
      stopping = true;
      wake();
      await ended;
      await listener.end({ timeout: 5 });
      await sql.end({ timeout: 5 });
    },
  };
}
