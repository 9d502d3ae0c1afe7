import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Gate } from "./gate.ts";
import type { Status, StatusLook } from "./status.ts";
import type { VectorWaits } from "./vectors.ts";

export interface Metrics {
  /** Seconds of a search that was answered, by mode, with the wait for a vector. */
  search: Histogram<"mode">;
  /** How queries came to their vectors: the cache's hits and misses. */
  vectors: Counter<"outcome">;
  requests: Histogram<"method" | "route" | "status">;
  contentType: string;
  /** Everything as Prometheus reads it; the signal ends the wait for the database and not the answer. */
  text(signal: AbortSignal): Promise<string>;
}

/** Prometheus' metrics of this process, and of the database as the last look at embedding_status saw it. */
export function createMetrics(look: StatusLook, gate: Gate, waits: () => VectorWaits): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `product_embeddings_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("pool_running", "Requests that are with the database.", () => gate.running);
  gauge("pool_waiting", "Requests that wait for a connection.", () => gate.waiting);
  gauge("vector_waiting", "Requests that wait for their query's vector.", () => waits().waiting);

  const fromStatus = Object.entries(statusGauges).map(([name, [help, value]]) => {
    const own = new Gauge({ name: `product_embeddings_${name}`, help, registers });
    // What is unknown has no value; nothing is better than a comforting zero, with which a gauge begins.
    own.remove();
    return (status: Status) => {
      const now = value(status);
      if (now === null) own.remove();
      else own.set(now);
    };
  });
  const state = new Gauge({ name: "product_embeddings_state", help: "1 for the state that it is in.", labelNames: ["state"], registers });
  const model = new Gauge({ name: "product_embeddings_model_info", help: "The active model.", labelNames: ["model"], registers });
  const up = new Gauge({ name: "product_embeddings_up", help: "Whether the database answered.", registers });

  const seconds = { registers, buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] };
  return {
    search: new Histogram({
      name: "product_embeddings_search_seconds",
      help: "Searches that were answered, the wait for the query's vector included.",
      labelNames: ["mode"],
      ...seconds,
    }),
    vectors: new Counter({
      name: "product_embeddings_query_vectors_total",
      help: "Searches by whether the query's vector was cached, waited for, or missing, and why.",
      labelNames: ["outcome"],
      registers,
    }),
    requests: new Histogram({
      name: "product_embeddings_http_seconds",
      help: "Requests by route and status.",
      labelNames: ["method", "route", "status"],
      ...seconds,
    }),
    contentType: registry.contentType,
    async text(signal) {
      const status = await look.current(signal).catch(() => undefined);
      up.set(status === undefined ? 0 : 1);
      state.reset();
      model.reset();
      if (status !== undefined) {
        for (const set of fromStatus) set(status);
        state.set({ state: status.state }, 1);
        if (status.model !== null) model.set({ model: status.model }, 1);
      }
      return registry.metrics();
    },
  };
}

const statusGauges: Record<string, [help: string, value: (status: Status) => number | null]> = {
  products: ["Live products in the source.", (s) => s.products],
  embedded: ["Live products that have a vector.", (s) => s.embedded],
  missing: ["Live products without a vector.", (s) => s.missing],
  stale: ["Live products whose vector is of an earlier text or another model.", (s) => s.stale],
  orphans: ["Vectors whose product is gone.", (s) => s.orphans],
  held: ["Orphans that are not deleted because too many vanished at once.", (s) => s.held],
  failed: ["Products set aside after too many attempts.", (s) => s.failed],
  queued: ["Products that wait.", (s) => s.queued],
  claimed: ["Products that a worker holds.", (s) => s.claimed],
  lag_seconds: ["Age of the oldest change that is not done; 0 when none waits.", (s) => s.oldest_wait_seconds ?? 0],
  encodings_per_second: ["Products encoded a second over the last five minutes, while products wait.", (s) => s.throughput ?? 0],
  workers_alive: ["Workers seen in the last two minutes that have not ended since.", (s) => s.workers_alive],
  triggers_attached: ["Whether all triggers are on the source.", (s) => Number(s.triggers_attached)],
  notes: ["Things out of the ordinary; /status says which.", (s) => s.notes.length],
};
