import { readFileSync } from "node:fs";
import type { Sql } from "../../runner/database.ts";
import { root } from "../../runner/settings.ts";

/** The sample catalogue as npm start makes it: 115 products. */
export async function createSample(sql: Sql): Promise<void> {
  await sql.unsafe(readFileSync(`${root}/sample/stg_product.sql`, "utf8"));
}

/** An empty source of the sample's shape. */
export async function createSource(sql: Sql): Promise<void> {
  await createSample(sql);
  await sql`truncate staging_staging.stg_product`;
}

/** Products named «part 1», «part 2» and so on. */
export async function insertParts(sql: Sql, from: number, to: number): Promise<void> {
  await sql`
    insert into staging_staging.stg_product (product_id, name, price, is_active, deleted)
    select g, 'part ' || g, g, true, false from generate_series(${from}::integer, ${to}::integer) g`;
}

/** Everything as after a fresh migration, without a source. */
export async function startOver(sql: Sql): Promise<void> {
  await sql.unsafe(`
    select analytics_features.drop_model(m.model_id::text) from analytics_features.embedding_models m where m.is_kept;
    drop schema if exists staging_staging cascade;
    truncate analytics_features.product_changes, analytics_features.product_queue, analytics_features.product_claims, analytics_features.product_failures,
      analytics_features.product_embeddings, analytics_features.embedding_workers,
      analytics_features.source_log, analytics_features.embedding_activity, analytics_features.document_order,
      analytics_features.source_expressions, analytics_features.product_words, analytics_features.word_statistics,
      analytics_features.synonyms, analytics_features.query_embeddings, analytics_features.golden_queries,
      analytics_features.product_pairs, analytics_features.model_preparation, analytics_features.text_embeddings,
      analytics_features.related_tables, analytics_features.document_fields, analytics_features.source_connection, analytics_features.product_map;
    insert into analytics_features.document_fields (column_name, included)
    select unnest(analytics_features.bookkeeping_columns()), false;
    drop foreign table if exists analytics_features.upstream_namespaces, analytics_features.upstream_classes,
      analytics_features.upstream_attributes, analytics_features.upstream_types, analytics_features.source_upstream;
    drop table if exists analytics_features.source_copy;
    drop server if exists product_embeddings_source cascade;
    update analytics_features.word_totals set products = default, average_tokens = default, refreshed_at = default;
    update analytics_features.settings set source_schema = default, source_table = default, lease = default,
      max_attempts = default, retry_after = default, vanished_grace = default, vanished_hold_share = default, max_document_characters = default,
      words_config = default, word_weight = default, trigram_weight = default, vector_weight = default,
      interactions_schema = default, interactions_table = default, interactions_group = default,
      interactions_product = default, max_group_products = default, min_together = default, pair_weight = default, query_cache_size = default, hnsw_ef_search = default, ivfflat_probes = default, index_from_products = default, windows = default, document_hook = default, max_hook_ms = default,
      map_products = default, map_column = default;
    delete from analytics_features.embedding_models;
    delete from graphile_worker._private_jobs;
  `);
}

/** The products that wait, in order. */
export async function queued(sql: Sql): Promise<number[]> {
  const rows = await sql<{ product_id: string }[]>`select distinct product_id from analytics_features.queued_products order by 1`;
  return rows.map(({ product_id }) => Number(product_id));
}

/** A unit vector, different for each seed. */
export function unitVector(seed: number, dimension = 384): string {
  const values = Array.from({ length: dimension }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233));
  const length = Math.hypot(...values);
  return `[${values.map((value) => value / length).join(",")}]`;
}

/** Registers a model that needs no files and returns its id: for tests of the SQL alone. */
export async function registerModel(sql: Sql, name = "test"): Promise<number> {
  const [row] = await sql<{ id: number }[]>`select analytics_features.register_model(${name}, 'r1', 'fp32', 384, 'mean', 256) as id`;
  return row?.id ?? 0;
}

export interface Claimed {
  claim_id: string;
  product_id: string;
  document: string;
}

export async function claim(sql: Sql, worker = "w1", max = 320): Promise<Claimed[]> {
  return sql<Claimed[]>`select * from analytics_features.claim_products(${worker}, ${max})`;
}

/** Stores a made-up vector for each of these claimed products; returns how many were taken. */
export async function store(sql: Sql, modelId: number, claimed: readonly Claimed[]): Promise<number> {
  const ids = claimed.map(({ product_id }) => product_id);
  const vectors = `{${claimed.map(({ product_id }) => `"${unitVector(Number(product_id))}"`).join(",")}}`;
  const [row] = await sql<{ stored: string }[]>`
    select analytics_features.store_embeddings(${claimed[0]?.claim_id ?? null}, ${modelId}, ${ids}::bigint[], ${vectors}) as stored`;
  return Number(row?.stored);
}

/** Claims and stores until nothing waits: as a worker would, with made-up vectors. */
export async function drain(sql: Sql, modelId: number): Promise<number> {
  for (let stored = 0; ; ) {
    const claimed = await claim(sql);
    if (claimed.length === 0) return stored;
    stored += await store(sql, modelId, claimed);
  }
}

/** Waits for a condition, with a limit; what is said of it then may be asked for at that time, such as a worker's output. */
export async function until(condition: () => Promise<boolean>, what: string | (() => string), seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Not within ${seconds} s: ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
