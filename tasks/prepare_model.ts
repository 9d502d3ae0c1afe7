import { isAbsolute } from "node:path";
import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { EmbedContext } from "../runner/embed.ts";
import { unlessNoSource } from "./source.ts";

/** Loads the model that prepare_model() asked for, makes its table and queues all products for it. May touch nothing of the active one. */
export function prepareModel({ sql, schema, models }: EmbedContext, log: Logger): Task {
  return async () => {
    const [request] = await sql<{ model: string }[]>`select model from ${sql(schema)}.model_preparation where model_id is null`;
    if (request === undefined) return;
    try {
      const encoder = await models.load(request.model);
      const { name, revision, precision, dimension, pooling, maxTokens, queryPrefix, passagePrefix } = encoder.model;
      const path = isAbsolute(request.model) ? request.model : null;
      const [row] = await sql<{ model_id: number | null }[]>`
        select ${sql(schema)}.begin_preparation(
          ${name}, ${revision}, ${precision}, ${dimension}, ${pooling}, ${maxTokens}, ${queryPrefix}, ${passagePrefix}, ${path}
        ) as model_id`;
      if (row === undefined || row.model_id === null) return;
      models.adopt(row.model_id, encoder);
      log.info({ model: name, revision, dimension }, "preparing a model");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.warn({ model: request.model, reason: message }, "model not prepared");
      await sql`select ${sql(schema)}.fail_preparation(${message})`;
      return;
    }
    await unlessNoSource(log, async () => {
      await sql`select ${sql(schema)}.reconcile()`;
      await sql`select ${sql(schema)}.keep_queries()`;
    });
  };
}
