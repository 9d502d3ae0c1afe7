import type { Sql } from "../runner/database.ts";
import type { StatusLook } from "./status.ts";

/** How a query came to its vector, or did not: it was there, was made while we waited, or the answer went without. */
export type VectorOutcome = "cached" | "waited" | "late" | "not_waited" | "too_many_wait" | "no_worker";

/*
 * The service has no encoder. It asks for a query's vector as any reader does, and the worker makes it
 * between two batches. Who waits for the same text waits together, and one look at the database is for
 * all who wait, whatever they wait for.
 */
export class VectorWaits {
  readonly #sql: Sql;
  readonly #schema: string;
  readonly #maxWaiting: number;
  readonly #status: StatusLook;
  readonly #waiters = new Map<string, Set<(made: boolean) => void>>();
  #waiting = 0;
  #looking = false;

  constructor(sql: Sql, schema: string, maxWaiting: number, status: StatusLook) {
    this.#sql = sql;
    this.#schema = schema;
    this.#maxWaiting = maxWaiting;
    this.#status = status;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Waits until the query has its vector, `wait` milliseconds at the most. The query has been asked for already. */
  async wait(query: string, wait: number, signal: AbortSignal): Promise<Exclude<VectorOutcome, "cached">> {
    if (wait === 0) return "not_waited";
    if (this.#waiting >= this.#maxWaiting) return "too_many_wait";
    if (!this.#status.mayHaveWorker) return "no_worker";
    this.#waiting++;
    try {
      return (await this.#made(query, wait, signal)) ? "waited" : "late";
    } finally {
      this.#waiting--;
    }
  }

  #made(query: string, wait: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(query) ?? new Set();
      this.#waiters.set(query, waiters);
      const settle = (made: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        waiters.delete(settle);
        if (waiters.size === 0) this.#waiters.delete(query);
        resolve(made);
      };
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, wait);
      waiters.add(settle);
      signal.addEventListener("abort", giveUp);
      if (!this.#looking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#waiters.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      const queries = [...this.#waiters.keys()];
      try {
        const made = await this.#sql<{ query: string }[]>`
          select q as query from pg_catalog.unnest(${queries}::text[]) q where ${this.#sql(this.#schema)}.request_query(q)`;
        for (const { query } of made) for (const settle of this.#waiters.get(query) ?? []) settle(true);
      } catch {
        // Who searches next is told what is wrong; who waits here has an answer from words.
        for (const query of queries) for (const settle of this.#waiters.get(query) ?? []) settle(false);
      }
    }
    this.#looking = false;
  }
}
