import { isAbsolute } from "node:path";
import type { Sql } from "./database.ts";
import type { Encoder, ModelIdentity } from "./encoder.ts";
import { Failure } from "./errors.ts";
import type { EncoderSettings } from "./settings.ts";

/** A model whose vectors are kept true, and who encodes for it. */
export interface KeptModel {
  modelId: number;
  /** Whether it is the one that is searched. */
  isActive: boolean;
  encoder: Encoder;
}

/** The encoders of one process, loaded when they are needed: which models those are is for the database to say. */
export interface Models {
  /**
   * The models whose vectors are kept, the active one first. One other than the active that cannot be
   * loaded is left out, noted in embedding_models.error, and tried again after a minute.
   *
   * @throws Failure PE110 to PE112 the active one cannot be loaded; PE021 its files are not those that the vectors are from
   */
  kept(): Promise<KeptModel[]>;
  /** The one that is searched. */
  active(): Promise<KeptModel>;
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
    const rows = await sql<Row[]>`
      select m.*, k.is_active from ${sql(schema)}.kept_models k join ${sql(schema)}.embedding_models m using (model_id)
      order by k.is_active desc, m.activated_at is null desc, model_id`;
    for (const modelId of encoders.keys()) if (!rows.some((row) => row.model_id === modelId)) encoders.delete(modelId);
    const models: KeptModel[] = [];
    for (const row of rows) {
      if (!row.is_active && Date.now() - (failedAt.get(row.model_id) ?? 0) < tryAgainAfter) continue;
      try {
        const encoder = await encoderOf(row);
        models.push({ modelId: row.model_id, isActive: row.is_active, encoder });
        if (failedAt.delete(row.model_id)) await sql`select ${sql(schema)}.fail_model(${row.model_id}, null)`;
      } catch (error) {
        if (row.is_active) throw error;
        failedAt.set(row.model_id, Date.now());
        await sql`select ${sql(schema)}.fail_model(${row.model_id}, ${error instanceof Error ? error.message : String(error)})`;
      }
    }
    return models;
  };

  return {
    kept,
    active: async () => {
      const [row] = await sql<Row[]>`select m.* from ${sql(schema)}.embedding_models m where m.is_active`;
      if (row === undefined) throw new Failure("PE103", "No model is registered.", "npm run worker, or npm run embed");
      return { modelId: row.model_id, isActive: true, encoder: await encoderOf(row) };
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
