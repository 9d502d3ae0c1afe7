import { hostname } from "node:os";
import { isAbsolute } from "node:path";
import { brokenOff, type Database, openDatabase, type Sql } from "./database.ts";
import type { EmbedContext } from "./embed.ts";
import type { Encoder, ModelIdentity } from "./encoder.ts";
import { codeOf, Failure } from "./errors.ts";
import { requireMigrated, requireSameMigrations } from "./migrate.ts";
import { openModels } from "./models.ts";
import type { Settings } from "./settings.ts";

/**
 * Opens the database for the time of `use` and closes it whatever happens; watched where it stays open for long.
 *
 * @throws Failure PE102 it cannot be reached, lets no more connections in, or broke off; PE104 the embedded one cannot start; PE174 the login lacks a right
 */
export async function withDatabase<T>(
  settings: Settings,
  use: (database: Database) => Promise<T>,
  options: { watched?: boolean } = {},
): Promise<T> {
  const database = await openDatabase(settings, options);
  try {
    return await use(database);
  } catch (error) {
    throw codeOf(error) === "42501" ? await noRight(database.sql, error) : (brokenOff(database.url, error) ?? error);
  } finally {
    await database.close();
  }
}

/** A refusal of the server's, with who was refused and who could mend it. */
async function noRight(sql: Sql, error: unknown): Promise<Failure> {
  const [row] = await sql<{ login: string; database: string }[]>`
    select pg_catalog.quote_ident(current_user) as login, pg_catalog.quote_ident(pg_catalog.current_database()) as database`;
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure(
    "PE174",
    `The login ${row?.login} lacks a right: ${reason}.`,
    // migrate makes schemas, and a dump that is restored has no rights on the database.
    reason.startsWith("permission denied for database")
      ? `As a superuser: grant create on database ${row?.database} to ${row?.login};`
      : `npm run doctor says what it may. For worker, embed, evaluate, alive and search --metric, as a superuser: grant product_embeddings_worker to ${row?.login};  for search and status product_embeddings_reader is enough, and migrate is for who owns our schema: docs/security.md`,
    { cause: error },
  );
}

/** Loads the model of the settings for the time of `use`, checked against them, and releases it whatever happens. */
export async function withEncoder<T>(settings: Settings, use: (encoder: Encoder) => Promise<T>): Promise<T> {
  // Loaded here and not above: the model's runtime takes half a second, and --help needs none of it.
  const { loadEncoder } = await import("./encoder.ts");
  const encoder = await loadEncoder(settings.encoder);
  try {
    return await use(encoder);
  } finally {
    await encoder.close();
  }
}

/** @throws Failure PE113 when the model's vectors do not fit the configured table */
export function checkDimension(model: ModelIdentity, { dimension, schema, encoder }: Settings): void {
  if (model.dimension === dimension) return;
  throw new Failure(
    "PE113",
    `Configured embedding dimension (${dimension}) does not match model output (${model.dimension})`,
    `Set PGVECTOR_EMBEDDING_DIM=${model.dimension}, or choose a model of ${dimension} dimensions. If vectors are stored already, change the model without a gap, in psql: select ${schema}.prepare_model('${folderOf(encoder) ?? model.name}');  or start the table over: select ${schema}.reset_embeddings(${model.dimension});`,
  );
}

/**
 * Everything that encoding and searching by text take: which model it is is for the database to say,
 * once vectors are stored; before that, and where EMBEDDING_MODEL or EMBEDDING_MODEL_PATH is set, the settings
 * say it (not on a standby), and a model that may not be mixed in is refused.
 *
 * @throws Failure PE103 not migrated; PE172 migrated by a later version; PE110 to PE112, PE116 the model; PE113 its dimension; the server's PE020, PE021
 */
export async function withModels<T>(
  { sql }: Pick<Database, "sql">,
  settings: Settings,
  use: (context: EmbedContext) => Promise<T>,
): Promise<T> {
  await requireMigrated(sql, settings);
  await requireSameMigrations(sql, settings);
  const [active] = await sql<{ is_first: boolean; is_used: boolean; is_read_only: boolean }[]>`
    select m.activated_at is null as is_first, current_setting('transaction_read_only')::boolean as is_read_only, exists (select from ${sql(settings.schema)}.${sql(settings.table)} e where e.model_id = m.model_id) as is_used
    from ${sql(settings.schema)}.embedding_models m where m.is_active`.catch((error) => {
    // The table was dropped: it is made again below, for whichever model the settings name.
    if (codeOf(error) !== "42P01") throw error;
    return [];
  });
  // On a standby a model that the settings name cannot be registered, and what is there can be searched.
  if (active?.is_used === true && (active.is_read_only || !settings.encoder.isExplicit)) {
    const context = contextOf(sql, settings);
    try {
      const { encoder } = await context.models.active();
      // What the variable says of a table whose model was changed since is of the past.
      if (active.is_first) checkDimension(encoder.model, settings);
      return await use(context);
    } finally {
      await context.models.close();
    }
  }
  return withEncoder(settings, async (encoder) => {
    const context = await embedContext(sql, settings, encoder);
    try {
      return await use(context);
    } finally {
      await context.models.close();
    }
  });
}

/**
 * Everything that has to agree before a vector of this encoder is written: the schema is there, and table,
 * settings and model are of one dimension and one model, unless the model has a table of its own.
 *
 * @throws Failure PE103 not migrated; PE113 dimension of model and settings; the server's PE020 dimension of the table; PE021 another model's vectors
 */
export async function embedContext(sql: Sql, settings: Settings, encoder: Encoder): Promise<EmbedContext> {
  await requireMigrated(sql, settings);
  const schema = sql(settings.schema);
  const { name, revision, precision, dimension, pooling, maxTokens, queryPrefix, passagePrefix } = encoder.model;
  const [kept] = await sql`
    select from ${schema}.embedding_models m join ${schema}.kept_models k using (model_id)
    where (m.name, m.revision, m.precision) = (${name}, ${revision}, ${precision}) and m.activated_at is not null`;
  if (kept === undefined) {
    checkDimension(encoder.model, settings);
    await sql`select ${schema}.create_product_embeddings(${settings.dimension})`;
  }
  const [row] = await sql<{ model_id: number }[]>`
    select ${schema}.register_model(
      ${name}, ${revision}, ${precision}, ${dimension}, ${pooling}, ${maxTokens}, ${queryPrefix}, ${passagePrefix}, ${folderOf(settings.encoder) ?? null}
    ) as model_id`;
  const context = contextOf(sql, settings);
  context.models.adopt(row?.model_id ?? 0, encoder);
  return context;
}

/** Where a model lies that is named by its folder. */
function folderOf({ modelPath, model }: Settings["encoder"]): string | undefined {
  return modelPath ?? (isAbsolute(model) ? model : undefined);
}

function contextOf(sql: Sql, settings: Settings): EmbedContext {
  return {
    sql,
    schema: settings.schema,
    models: openModels(sql, settings.schema, settings.encoder),
    worker: workerName,
    batchSize: settings.batchSize,
  };
}

/** Host, process and start: a process id comes again, and containers share host names. */
const workerName = `${hostname()}:${process.pid}:${Math.round(Date.now() / 1000 - process.uptime())}`;
