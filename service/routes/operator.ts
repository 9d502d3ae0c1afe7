import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ServiceContext } from "../context.ts";
import { problemResponses } from "../problems.ts";
import { givenProductId } from "../schemas.ts";

/** What somebody on call looks at and may do: with an operator's key, and a login in product_embeddings_operator. */
export function operatorRoutes(context: ServiceContext): FastifyPluginAsyncZod {
  const { gate } = context;
  return async (app) => {
    app.addHook("onRequest", async (request) => context.requireOperator(request));

    app.get(
      "/operator",
      {
        schema: {
          summary: "Failures, comparisons, workers, models, indexes, and what was encoded in the last hour",
          description: "operator_report(). Needs an operator's key.",
          tags: ["Running"],
          security: [{ key: [] }],
          response: {
            200: z.looseObject({ failures: z.array(z.looseObject({ product_id: z.string(), error: z.string() })) }),
            ...problemResponses,
          },
        },
      },
      async (request) => {
        const [row] = await gate.run(request.end, (sql, schema) => sql<{ report: Report }[]>`select ${schema}.operator_report() as report`);
        return row?.report ?? { failures: [] };
      },
    );

    app.post(
      "/operator/retry",
      {
        schema: {
          summary: "Tries failed products again, one or all",
          description: "retry_failed(). Needs an operator's key.",
          tags: ["Running"],
          security: [{ key: [] }],
          body: z.strictObject({ product_id: givenProductId.nullable().default(null) }),
          response: { 200: z.object({ retried: z.number() }), ...problemResponses },
        },
      },
      async (request) => {
        const { product_id } = request.body;
        const [row] = await gate.run(
          request.end,
          (sql, schema) => sql<{ retried: number }[]>`select ${schema}.retry_failed(${product_id}::bigint)::double precision as retried`,
        );
        request.log.info({ product_id, retried: row?.retried }, "retried");
        return { retried: row?.retried ?? 0 };
      },
    );
  };
}

type Report = Record<string, unknown> & { failures: (Record<string, unknown> & { product_id: string; error: string })[] };
