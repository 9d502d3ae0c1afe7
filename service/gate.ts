import type postgres from "postgres";
import type { Sql } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import type { HttpSettings } from "../runner/settings.ts";
import { unlessAborted } from "./abort.ts";

type Pending<T extends readonly object[]> = postgres.PendingQuery<T & postgres.Row[]>;

/**
 * The one way of a request to the database: as many at once as there are connections, a bounded number
 * waits, and who comes after that is told to come back, because the driver's own queue has no end.
 */
export class Gate {
  readonly #sql: Sql;
  readonly #schema: string;
  readonly #size: number;
  readonly #queueSize: number;
  readonly #cancels: boolean;
  readonly #line = new Set<() => void>();
  #running = 0;

  constructor(sql: Sql, schema: string, http: Pick<HttpSettings, "poolSize" | "queueSize">, options: { embedded: boolean }) {
    this.#sql = sql;
    this.#schema = schema;
    this.#size = http.poolSize;
    this.#queueSize = http.queueSize;
    // The embedded server has one session: whom it would stop cannot be told.
    this.#cancels = !options.embedded;
  }

  /**
   * Runs one query. When the signal ends the request this rejects with its reason at once, a query that waits
   * is dropped and one that runs is stopped, so that nobody works for a client that has gone.
   *
   * @throws Failure PE164 too many run and wait
   */
  async run<T extends readonly object[]>(
    signal: AbortSignal,
    query: (sql: Sql, schema: postgres.Helper<string>) => Pending<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#size) this.#running++;
    else await this.#turn(signal);
    return unlessAborted(
      signal,
      this.#stoppable(signal, query).finally(() => this.#leave()),
    );
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Waits for the place of one that leaves. Who gives up is out of the line at once, or it would be full of them. */
  #turn(signal: AbortSignal): Promise<void> {
    if (this.#line.size >= this.#queueSize) {
      throw new Failure(
        "PE164",
        `${this.#size} requests are with the database and ${this.#queueSize} wait, which is all there is room for.`,
        "Try again in a second; HTTP_POOL_SIZE and HTTP_QUEUE_SIZE make more room.",
      );
    }
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#line.delete(turn);
        reject(signal.reason);
      };
      this.#line.add(turn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Its place is that of who has waited longest. */
  #leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#line.delete(next);
    next();
  }

  async #stoppable<T extends readonly object[]>(
    signal: AbortSignal,
    query: (sql: Sql, schema: postgres.Helper<string>) => Pending<T>,
  ): Promise<T> {
    // Nobody else has this connection before the server has seen the stop, which would end whatever runs there by then.
    const own = await this.#sql.reserve();
    let stopped: Promise<unknown> | undefined;
    let stop = () => {};
    try {
      signal.throwIfAborted();
      const running = query(own, own(this.#schema));
      stop = () => {
        stopped = cancel(running);
      };
      if (this.#cancels) signal.addEventListener("abort", stop, { once: true });
      return await running;
    } finally {
      signal.removeEventListener("abort", stop);
      await stopped;
      own.release();
    }
  }
}

/* What query.cancel() does, with its promise in hand: rejected and unseen it would end the process. */
async function cancel(query: object): Promise<void> {
  const { canceller } = query as { canceller?: ((query: object) => Promise<void>) | null };
  await canceller?.(query).catch(() => {});
}
