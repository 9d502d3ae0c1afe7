import type { Sql } from "../runner/database.ts";
import { unlessAborted } from "./abort.ts";

/** A row of embedding_status, as row_to_json() writes it. */
export interface Status {
  source: string;
  state: string;
  products: number | null;
  embedded: number | null;
  coverage: number | null;
  missing: number | null;
  stale: number | null;
  orphans: number;
  held: number;
  failed: number;
  queued: number;
  claimed: number;
  oldest_wait: string | null;
  throughput: number | null;
  time_to_go: string | null;
  source_exists: boolean;
  triggers_attached: boolean;
  compared_at: string | null;
  workers_alive: number;
  worker_last_seen: string | null;
  model: string | null;
  dimension: number | null;
  notes: string[];
  /** oldest_wait in seconds, for who computes with it. */
  oldest_wait_seconds: number | null;
}

/*
 * Scrapers, probes, the page and searches that wait all want to know how things stand. They share one
 * look, which counts vectors and so costs more with a million of them: it is kept for two seconds, or
 * for twenty times as long as it took.
 */
export class StatusLook {
  readonly #sql: Sql;
  readonly #schema: string;
  #looking: Promise<Status> | undefined;
  #last: { status: Status; until: number } | undefined;

  constructor(sql: Sql, schema: string) {
    this.#sql = sql;
    this.#schema = schema;
  }

  /**
   * How things stand, or stood a moment ago. When the signal ends the wait this rejects with its reason; the look
   * goes on for the others, and who asks next waits for the same one: a silent database is not asked twice at once.
   */
  async current(signal: AbortSignal): Promise<Status> {
    if (this.#last !== undefined && performance.now() < this.#last.until) return this.#last.status;
    signal.throwIfAborted();
    return unlessAborted(signal, this.#shared());
  }

  /** False only if the last look saw that no worker is there; never waits for one. */
  get mayHaveWorker(): boolean {
    if (this.#last === undefined || performance.now() > this.#last.until) void this.#shared().catch(() => {});
    return this.#last?.status.workers_alive !== 0;
  }

  #shared(): Promise<Status> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<Status> {
    const started = performance.now();
    const [row] = await this.#sql<{ status: Status }[]>`
      select pg_catalog.row_to_json(s) as status
      from (
        select e.*, extract(epoch from e.oldest_wait)::double precision as oldest_wait_seconds
        from ${this.#sql(this.#schema)}.embedding_status e
      ) s`;
    if (row === undefined) throw new Error("embedding_status is empty.");
    const now = performance.now();
    this.#last = { status: row.status, until: now + Math.max(2000, 20 * (now - started)) };
    return row.status;
  }
}
