import { hostname } from "node:os";
import { type Database, openDatabase, type Sql } from "./database.ts";
import type { EmbedContext } from "./embed.ts";
import type { Encoder, ModelIdentity } from "./encoder.ts";
import { Failure } from "./errors.ts";
import { requireMigrated } from "./migrate.ts";
import type { Settings } from "./settings.ts";

/** Opens the database for the time of `use` and closes it whatever happens. */
export async function withDatabase<T>(settings: Settings, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(settings);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** Loads the model for the time of `use`, checked against the settings, and releases it whatever happens. */
export async function withEncoder<T>(settings: Settings, use: (encoder: Encoder) => Promise<T>): Promise<T> {
  // Loaded here and not above: the model's runtime takes half a second, and --help needs none of it.
  const { loadEncoder } = await import("./encoder.ts");
  const encoder = await loadEncoder(settings.encoder);
  try {
    checkDimension(encoder.model, settings);
    return await use(encoder);
  } finally {
    await encoder.close();
  }
}

/** @throws Failure PE113 when the model's vectors do not fit the configured table */
export function checkDimension(model: ModelIdentity, { dimension, schema }: Settings): void {
  if (model.dimension === dimension) return;
  throw new Failure(
    "PE113",
    `Configured embedding dimension (${dimension}) does not match model output (${model.dimension})`,
    `Set PGVECTOR_EMBEDDING_DIM=${model.dimension}, or choose a model of ${dimension} dimensions. If vectors are stored already, start the table over in psql: select ${schema}.reset_embeddings(${model.dimension});`,
  );
}

/**
 * Everything that has to agree before a vector is written: the schema is there, and table, settings
 * and model are of one dimension and one model.
 *
 * @throws Failure PE103 not migrated; PE113 dimension of model and settings; the server's PE020 dimension of the table; PE021 another model's vectors
 */
export async function embedContext(sql: Sql, settings: Settings, encoder: Encoder): Promise<EmbedContext> {
  await requireMigrated(sql, settings);
  checkDimension(encoder.model, settings);
  const schema = sql(settings.schema);
  const { name, revision, precision, dimension, pooling, maxTokens } = encoder.model;
  await sql`select ${schema}.create_product_embeddings(${settings.dimension})`;
  const [row] = await sql<{ model_id: number }[]>`
    select ${schema}.register_model(${name}, ${revision}, ${precision}, ${dimension}, ${pooling}, ${maxTokens}) as model_id`;
  return { sql, schema: settings.schema, encoder, modelId: row?.model_id ?? 0, worker: workerName, batchSize: settings.batchSize };
}

/** Host, process and start: a process id comes again, and containers share host names. */
export const workerName = `${hostname()}:${process.pid}:${Math.round(Date.now() / 1000 - process.uptime())}`;
