import type { Socket } from "node:net";
import postgres from "postgres";
import { applicationName, type Watch, watchConnections } from "./connections.ts";
import { codeOf, Failure } from "./errors.ts";
import { type Settings, sslModeOf, withoutPassword } from "./settings.ts";

export type Sql = postgres.Sql;

export interface Database {
  sql: Sql;
  /** Connection string, password included: for graphile-worker and graphile-migrate, never for a log. */
  url: string;
  embedded: boolean;
  /** True when another process serves the embedded database. */
  shared: boolean;
  /** Set where connections are watched; others to the same server take their sockets from it. */
  watch?: Watch | undefined;
  close(): Promise<void>;
}

/**
 * Connects to the server of the settings, or starts (or joins) the embedded one.
 *
 * @throws Failure PE102 the server cannot be reached or refuses; PE104 the embedded one cannot start
 */
export async function openDatabase(settings: Settings, options: { max?: number; watched?: boolean } = {}): Promise<Database> {
  if (settings.database.kind === "embedded") {
    // PostgreSQL in the process is ten megabytes that nobody with a server needs.
    const { openEmbedded } = await import("./embedded.ts");
    const embedded = await openEmbedded(settings.database);
    const sql = connect(embedded.url, options.max);
    const close = async () => {
      await sql.end({ timeout: 5 });
      await embedded.close();
    };
    return { sql, url: embedded.url, embedded: true, shared: embedded.shared, close };
  }

  const { url } = settings.database;
  const watch = options.watched === true ? watchConnections(url, settings.silence) : undefined;
  const sql = connect(url, options.max, { watch });
  try {
    await sql`select 1`;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw unreachable(url, error);
  }
  return { sql, url, embedded: false, shared: true, watch, close: () => sql.end({ timeout: 5 }) };
}

/*
 * No prepared statements: the embedded server has one session for all, and behind pgbouncer in
 * transaction mode a statement would be prepared on one connection and looked for on another.
 * bigint stays the string that the driver gives: ids are handed through, never counted with.
 */
export function connect(url: string, max = 4, { watch, isKept = false }: { watch?: Watch | undefined; isKept?: boolean } = {}): Sql {
  return postgres(url, {
    prepare: false,
    max,
    ...(isKept && { max_lifetime: null }),
    idle_timeout: watch === undefined ? 60 : watch.silence / 2000,
    connect_timeout: 15,
    // The driver counts each connection that broke: after a few at once it would wait for twenty seconds.
    backoff: (retries: number) => (0.5 + Math.random() / 2) * Math.min(3 ** retries / 100, 2),
    connection: { application_name: applicationName },
    onnotice: () => {},
    ...(watch !== undefined && { socket: connecting(watch) }),
  });
}

/*
 * The driver takes a socket of ours for connected: it may be handed one that connects, since what it
 * writes waits until then. One that cannot connect has to fail as a socket and not here, or the driver
 * never tries that place of its pool again. Several hosts take turns.
 */
function connecting(watch: Watch) {
  let attempts = 0;
  return ({ host, port, path }: { host: string[]; port: number[]; path?: string | false }): Socket & { host?: string } => {
    const socket: Socket & { host?: string } = watch.socket();
    const turn = attempts++ % host.length;
    if (path) return socket.connect(path);
    // The driver reads the name that a certificate is for here.
    socket.host = host[turn] as string;
    return socket.connect(port[turn] as number, socket.host);
  };
}

/**
 * What ends work amid it and is the server's: a lost connection, a time limit, a full disk, no right to write. Undefined for
 * every other error.
 */
export function brokenOff(url: string, error: unknown): Failure | undefined {
  const code = codeOf(error) ?? "";
  const reason = error instanceof Error ? error.message : String(error);
  const failure = (sentence: string, hint: string) =>
    new Failure("PE102", `The database ${withoutPassword(url)} ${sentence}`, hint, { cause: error });
  if (code === "53300") return noRoom(url, error);
  // The driver of migrate and worker verifies by any sslmode, and comes second.
  if (/^(DEPTH_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|CERT_)/.test(code)) return unreachable(url, error);
  if (/^(53|58030)/.test(code))
    return failure(`has no room: ${reason}.`, "Make room on the server, and run it again: what was done is kept.");
  if (code === "25006") {
    return failure(
      `can only be read: ${reason}.`,
      "If it is a standby, name the primary; otherwise default_transaction_read_only is on for the login, the database or the server.",
    );
  }
  if (code === "57014" || code === "55P03") {
    return failure(
      `gave up: ${reason}.`,
      "A limit of the login, the database or the server is too short for this (alter role … set statement_timeout = 0), or somebody cancelled it.",
    );
  }
  // The driver of migrate has no code for it.
  const isLost = /^(08|57P0|25P03$|CONNECTION_|ECONN|EPIPE$|ETIMEDOUT$)/.test(code) || /^Connection terminated/.test(reason);
  if (!isLost) return undefined;
  return failure(
    `ended the connection${/^(57P0|25P03)/.test(code) ? `: ${reason}` : ""}.`,
    "Run it again when the server answers, which npm run doctor says: what was done is kept. The server's log has the reason.",
  );
}

/** No connection more: PostgreSQL's 53300, in the beginning or later. */
function noRoom(url: string, error: unknown): Failure {
  return new Failure(
    "PE102",
    `The database ${withoutPassword(url)} lets no more connections in: ${error instanceof Error ? error.message : String(error)}.`,
    "A worker opens up to ten (docs/sizing.md): end others, or raise the limit of the login, the database or the server (max_connections).",
    { cause: error },
  );
}

function unreachable(url: string, error: unknown): Failure {
  const broken = /^(53|57014$)/.test(codeOf(error) ?? "") ? brokenOff(url, error) : undefined;
  if (broken !== undefined) return broken;
  const reasons: Record<string, string> = {
    "28P01": "the password is wrong",
    "3D000": "there is no such database",
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "there is no such host",
    CONNECT_TIMEOUT: "it does not answer",
  };
  const sslMode = sslModeOf(url);
  if (sslMode !== undefined && error instanceof Error && /before secure TLS connection/.test(error.message)) {
    return new Failure(
      "PE102",
      `The database ${withoutPassword(url)} cannot be reached: by sslmode=${sslMode} it has to take TLS, and it ended the connection instead.`,
      "Switch TLS on at the server (ssl = on), or take sslmode out of DATABASE_URL where nobody else is on the network.",
      { cause: error },
    );
  }
  const reason = reasons[codeOf(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
  const hint = /certificate(?! has expired)/.test(reason)
    ? "Let NODE_EXTRA_CA_CERTS=/path/ca.pem name who signed it, and DATABASE_URL the host that it was made out to."
    : /, no encryption$/.test(reason)
      ? "If the server takes TLS only: DATABASE_URL=postgres://user:password@host:5432/database?sslmode=verify-full"
      : "Check DATABASE_URL or PGVECTOR_HOST, PGVECTOR_PORT, PGVECTOR_DATABASE, PGVECTOR_USER and PGVECTOR_PASSWORD in the environment and in .env; with none of them set the embedded database is used.";
  return new Failure("PE102", `The database ${withoutPassword(url)} cannot be reached: ${reason}.`, hint, { cause: error });
}
