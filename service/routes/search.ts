import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Hit, TextHit } from "../../runner/search.ts";
import type { ServiceContext } from "../context.ts";
import { filterOf } from "../filters.ts";
import { problemResponses } from "../problems.ts";
import {
  mapAnswer,
  productId,
  recommendationAnswer,
  recommendationBody,
  searchAnswer,
  searchQuery,
  similarAnswer,
  similarQuery,
} from "../schemas.ts";
import type { VectorOutcome } from "../vectors.ts";

/** What products are found by: a text, a product, a basket. */
export function searchRoutes(context: ServiceContext): FastifyPluginAsyncZod {
  const { gate, http, metrics, vectors } = context;
  return async (app) => {
    app.addHook("preValidation", async (request) => {
      request.given = request.query as Record<string, unknown>;
    });

    app.get(
      "/search",
      {
        schema: {
          summary: "The products that suit a text best, by words and by meaning",
          description:
            "search_products_text(). Any other parameter is a filter on the column of that name: `category_id=10`, repeated for any of several, `price_from=100`, `price_to=5000`.",
          tags: ["Search"],
          querystring: searchQuery,
          response: { 200: searchAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { query, limit, mode, wait = http.wait } = request.query;
        if (http.logQueries) request.log.info({ query }, "query");
        const filter = filterOf(request.given, ["query", "limit", "mode", "wait", "filter"]);
        const stop = metrics.search.startTimer();
        const search = () =>
          gate.run(
            request.end,
            (sql, schema) => sql<TextHit[]>`
              select * from ${schema}.search_products_text(${query}, ${limit}::integer, ${filter}::text::jsonb, ${mode})`,
          );
        let hits = await search();
        let outcome: VectorOutcome | "not_needed" = "not_needed";
        if (mode !== "words") {
          // The answer from words is there already, so that whatever becomes of the vector costs no more than the wait.
          outcome =
            usedVectors(hits) || (hits.length === 0 && (await hasVector(query, request.end)))
              ? "cached"
              : await vectors.wait(query, wait, request.end);
          if (outcome === "waited") hits = await search();
          metrics.vectors.inc({ outcome });
        }
        stop({ mode });
        return {
          query,
          mode,
          used_vectors: usedVectors(hits) || outcome === "cached" || outcome === "waited",
          vector: outcome,
          hits: hits.map(({ used_vectors: _, ...hit }) => hit),
        };
      },
    );

    /** No hit says that a vector was used, nor that none was. */
    async function hasVector(query: string, signal: AbortSignal): Promise<boolean> {
      const [row] = await gate.run(signal, (sql, schema) => sql<{ made: boolean }[]>`select ${schema}.request_query(${query}) as made`);
      return row?.made === true;
    }

    app.get(
      "/products/:id/similar",
      {
        schema: {
          summary: "The products nearest to a product",
          description: "similar_products(). Any other parameter is a filter, as in /search.",
          tags: ["Search"],
          params: z.object({ id: productId }),
          querystring: similarQuery,
          response: { 200: similarAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { limit, spread } = request.query;
        const { id } = request.params;
        const filter = filterOf(request.given, ["limit", "spread", "filter"]);
        const stop = metrics.search.startTimer({ mode: "similar" });
        const hits = await gate.run(
          request.end,
          (sql, schema) => sql<Hit[]>`
            select * from ${schema}.similar_products(${id}::bigint, ${limit}::integer, ${filter}::text::jsonb, ${spread}::double precision)`,
        );
        stop();
        return { product_id: id, hits };
      },
    );

    app.get(
      "/map",
      {
        schema: {
          summary: "A map of the catalogue: products whose vectors are near are near on it",
          description: "mapped_products(). At most settings.map_products of them; the worker draws it anew now and then.",
          tags: ["Search"],
          response: { 200: mapAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const points = await gate.run(request.end, (sql, schema) => sql<MapPoint[]>`select * from ${schema}.mapped_products()`);
        return {
          mapped_at: points[0]?.mapped_at.toISOString() ?? null,
          points: points.map(({ mapped_at: _, ...point }) => point),
        };
      },
    );

    app.post(
      "/recommendations",
      {
        schema: {
          summary: "What goes with a basket or a history",
          description: "recommended_products().",
          tags: ["Search"],
          body: recommendationBody,
          response: { 200: recommendationAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { product_ids, limit, filter } = request.body;
        const stop = metrics.search.startTimer({ mode: "recommendations" });
        const hits = await gate.run(
          request.end,
          (sql, schema) => sql<Recommendation[]>`
            select product_id, name, vendor_code, price, score, similarity, together::double precision as together, reason
            from ${schema}.recommended_products(${product_ids}::bigint[], ${limit}::integer, ${filter === null ? null : JSON.stringify(filter)}::text::jsonb)`,
        );
        stop();
        return { hits };
      },
    );
  };
}

interface MapPoint extends Omit<Hit, "distance"> {
  x: number;
  y: number;
  label: string | null;
  mapped_at: Date;
}

interface Recommendation extends Omit<Hit, "distance"> {
  score: number;
  similarity: number | null;
  together: number | null;
  reason: string;
}

function usedVectors(hits: readonly TextHit[]): boolean {
  return hits[0]?.used_vectors === true;
}
