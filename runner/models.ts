import { isAbsolute } from "node:path";
import type { Sql } from "./database.ts";
import type { Encoder, ModelIdentity } from "./encoder.ts";
import { Failure } from "./errors.ts";
import type { EncoderSettings } from "./settings.ts";

/** A model, and who encodes for it. */
export interface LoadedModel {
  modelId: number;
  encoder: Encoder;
}

/** One whose vectors are kept true. */
export interface KeptModel extends LoadedModel {
  /** Whether it is the one that is searched. */
  isActive: boolean;
  /** Whether a long text is read in windows, as the settings say now. */
  windows: boolean;
  /** Whether it is known how well its tokenizer suits the documents; see embedding_models.spelled_out. */
  isFitKnown: boolean;
}

/** The encoders of one process, loaded when they are needed: which models those are is for the database to say. */
export interface Models {
  /**
   * The models whose vectors are kept, the active one first. One that cannot be loaded is noted in
   * embedding_models.error, and if it is not the active one it is left out and tried again after a minute.
   *
   * @throws Failure PE110 to PE112 the active one cannot be loaded; PE021 its files are not those that the vectors are from
   */
  kept(): Promise<KeptModel[]>;
  /** The one that is searched. */
  active(): Promise<LoadedModel>;
  /** Takes an encoder that was loaded for this model. */
  adopt(modelId: number, encoder: Encoder): void;
  /** Loads a model by name or absolute path; for one that is not registered yet. */
  load(model: string): Promise<Encoder>;
  /** Releases what was loaded here; not what was handed in. */
  close(): Promise<void>;
}

const tryAgainAfter = 60_000;

interface Row extends Omit<ModelIdentity, "maxTokens" | "queryPrefix" | "passagePrefix"> {
  model_id: number;
  is_active: boolean;
  max_tokens: number;
  query_prefix: string;
  passage_prefix: string;
  path: string | null;
}

interface KeptRow extends Row {
  /** What the last worker that could not load it noted. */
  error: string | null;
  spelled_out: number | null;
  windows: boolean;
}

export function openModels(sql: Sql, schema: string, settings: EncoderSettings): Models {
  const encoders = new Map<number, Encoder>();
  const own = new Set<Encoder>();
  const failedAt = new Map<number, number>();

  const load = async (model: string, path: string | null = null): Promise<Encoder> => {
    const { loadEncoder } = await import("./encoder.ts");
    const { findModelFiles } = await import("./model-files.ts");
    const folder = path ?? (isAbsolute(model) ? model : undefined);
    // A folder that the settings name is where to look for the model that lies there, and for no other.
    const isThere = folder === undefined && settings.modelPath !== undefined && (await findModelFiles(settings)).name === model;
    const encoder = await loadEncoder({ ...settings, model, precision: undefined, modelPath: isThere ? settings.modelPath : folder });
    own.add(encoder);
    return encoder;
  };

  const encoderOf = async (row: Row): Promise<Encoder> => {
    const known = encoders.get(row.model_id);
    if (known !== undefined) return known;
    const encoder = await load(row.name, row.path);
    requireSame(row, encoder.model);
    encoders.set(row.model_id, encoder);
    return encoder;
  };

  const kept = async (): Promise<KeptModel[]> => {
    const rows = await sql<KeptRow[]>`
      select m.*, k.is_active, s.windows
      from ${sql(schema)}.kept_models k
      join ${sql(schema)}.embedding_models m using (model_id)
      cross join ${sql(schema)}.settings s
      order by k.is_active desc, m.activated_at is null desc, model_id`;
    for (const modelId of encoders.keys()) if (!rows.some((row) => row.model_id === modelId)) encoders.delete(modelId);
    const models: KeptModel[] = [];
    for (const row of rows) {
      if (!row.is_active && Date.now() - (failedAt.get(row.model_id) ?? 0) < tryAgainAfter) continue;
      try {
        const encoder = await encoderOf(row);
        models.push({
          modelId: row.model_id,
          encoder,
          isActive: row.is_active,
          windows: row.windows,
          isFitKnown: row.spelled_out !== null,
        });
        failedAt.delete(row.model_id);
        if (row.error !== null) await sql`select ${sql(schema)}.fail_model(${row.model_id}, null)`;
      } catch (error) {
        await sql`select ${sql(schema)}.fail_model(${row.model_id}, ${error instanceof Error ? error.message : String(error)})`;
        if (row.is_active) throw error;
        failedAt.set(row.model_id, Date.now());
      }
    }
    return models;
  };

  return {
    kept,
    active: async () => {
      const [row] = await sql<Row[]>`select m.* from ${sql(schema)}.embedding_models m where m.is_active`;
      if (row === undefined) throw new Failure("PE103", "No model is registered.", "npm run worker, or npm run embed");
      return { modelId: row.model_id, encoder: await encoderOf(row) };
    },
    adopt: (modelId, encoder) => encoders.set(modelId, encoder),
    load: (model) => load(model),
    close: async () => {
      for (const encoder of own) await encoder.close();
      own.clear();
      encoders.clear();
    },
  };
}

/** The files of one name may change: then they are another model, and its vectors must not be mixed in. */
function requireSame(row: Row, model: ModelIdentity): void {
  const same =
    row.revision === model.revision &&
    row.precision === model.precision &&
    row.pooling === model.pooling &&
    row.max_tokens === model.maxTokens &&
    row.query_prefix === model.queryPrefix &&
    row.passage_prefix === model.passagePrefix;
  if (same) return;
  throw new Failure(
    "PE116",
    `The files of the model ${row.name} are not those that the vectors are from: revision ${model.revision} and not ${row.revision}, or read in another way.`,
    `Bring the former files back, or change to the new ones without a gap: place them under another name and in psql: select prepare_model('…');`,
  );
}
