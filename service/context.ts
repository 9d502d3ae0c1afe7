import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { HttpSettings } from "../runner/settings.ts";
import type { Gate } from "./gate.ts";
import type { Metrics } from "./metrics.ts";
import type { StatusLook } from "./status.ts";
import type { VectorWaits } from "./vectors.ts";

/** What the routes work with. */
export interface ServiceContext {
  http: HttpSettings;
  log: Logger;
  /** Everything that a request asks of the database goes through it. */
  gate: Gate;
  /** The last look at embedding_status. */
  status: StatusLook;
  vectors: VectorWaits;
  metrics: Metrics;
  /** True from SIGTERM on: nothing new should come here. */
  draining: boolean;
  /** Throws unless the caller may do what an operator may. */
  requireOperator(request: FastifyRequest): void;
}
