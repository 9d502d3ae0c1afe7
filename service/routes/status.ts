import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { Failure } from "../../runner/errors.ts";
import type { ServiceContext } from "../context.ts";
import { isDatabaseProblem, problemOf, problemResponses, sendProblem } from "../problems.ts";

const statusAnswer = z.looseObject({ state: z.string(), notes: z.array(z.string()) }).meta({ id: "Status" });
const readyAnswer = z
  .object({ ready: z.boolean(), state: z.string(), workers_alive: z.number(), model: z.string().nullable() })
  .meta({ id: "Ready" });

/** How things stand: for people, for what starts and stops services, and for Prometheus. */
export function statusRoutes(context: ServiceContext): FastifyPluginAsyncZod {
  const { metrics, status } = context;
  // A probe that is turned away takes down what only is busy.
  const probe = { rateLimit: false as const, open: true };
  return async (app) => {
    app.get(
      "/status",
      {
        schema: {
          summary: "How things stand: coverage, what waits, what failed, what to do",
          description: "embedding_status, at most some seconds old. docs/sql.md has the columns.",
          tags: ["Running"],
          response: { 200: statusAnswer, ...problemResponses },
        },
      },
      async (request) => ({ ...(await status.current(request.end)) }),
    );

    app.get(
      "/health",
      {
        config: probe,
        schema: {
          summary: "Whether this process lives",
          tags: ["Running"],
          response: { 200: z.object({ status: z.literal("up") }) },
        },
      },
      async () => ({ status: "up" as const }),
    );

    app.get(
      "/ready",
      {
        config: probe,
        schema: {
          summary: "Whether to send requests here",
          description:
            "503 while the service stops, the database is away or not migrated, or no model has been registered. Without a worker it is ready all the same: what is encoded is found.",
          tags: ["Running"],
          response: { 200: readyAnswer, ...problemResponses },
        },
      },
      async (request, reply) => {
        if (context.draining) throw new Failure("PE166", "The service is stopping.", "Send requests to another one.");
        try {
          const { state, workers_alive, model } = await status.current(request.end);
          if (model === null) throw new Failure("PE166", "No model has been registered yet.", "Start a worker: npm run worker");
          return { ready: true, state, workers_alive, model };
        } catch (error) {
          if (!isDatabaseProblem(error)) throw error;
          return sendProblem(reply, { ...problemOf(error, request), ready: false }) as never;
        }
      },
    );

    app.get(
      "/metrics",
      {
        config: { rateLimit: false as const },
        schema: {
          summary: "For Prometheus",
          tags: ["Running"],
          response: {
            200: { description: "Prometheus' text format", content: { "text/plain": { schema: z.string() } } },
            401: problemResponses[401],
          },
        },
      },
      async (request, reply) => {
        const text = await metrics.text(request.end);
        return reply.type(metrics.contentType).serializer(String).send(text);
      },
    );
  };
}
