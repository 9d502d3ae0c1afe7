import type { Sql } from "../../runner/database.ts";
import type { Encoder } from "../../runner/encoder.ts";

/**
 * What is wrong with the vectors of the active model against a fresh computation, by product: none, of another
 * text or model, or of a product that is not live and not marked as gone; with an encoder also a vector that is not
 * what it makes of the text. Empty when all is true.
 */
export async function untruths(sql: Sql, encoder?: Encoder): Promise<string[]> {
  return sql.begin(async (transaction) => {
    await transaction`select analytics_features.lock_source()`;
    const rows = await transaction<
      { product_id: string; wrong: string | null; texts: string[] | null; weights: number[]; embedding: string }[]
    >`
      select coalesce(d.product_id, e.product_id) as product_id, d.texts, d.weights, e.embedding::text,
        case
          when e.product_id is null then 'has no vector'
          when d.product_id is null then case when e.vanished_at is null then 'is not live and has a vector that counts' end
          when e.document_hash is distinct from d.document_hash then 'has the vector of another text'
          when e.model_id is distinct from analytics_features.active_model_id() then 'has the vector of another model'
        end as wrong
      from analytics_features.product_documents() d
      full join analytics_features.product_embeddings e on e.product_id = d.product_id
      order by 1`;
    const wrong = rows.filter((row) => row.wrong !== null).map((row) => `${row.product_id} ${row.wrong}`);
    if (encoder === undefined) return wrong;
    const plain = rows.filter((row) => row.wrong === null && row.texts?.length === 1);
    const fresh = await encoder.encode(
      plain.map(({ texts }) => texts?.[0] ?? ""),
      "passage",
    );
    for (const [index, row] of plain.entries()) {
      const stored = JSON.parse(row.embedding) as number[];
      const cosine = stored.reduce((sum, value, i) => sum + value * (fresh[index]?.vector[i] ?? 0), 0);
      // Both are of unit length in single precision.
      if (!(cosine > 0.99999)) wrong.push(`${row.product_id} has a vector that is not its text's: cosine ${cosine}`);
    }
    return wrong;
  });
}

/** Whether nothing waits and nobody holds anything; what is stored may still be compared with `untruths()`. */
export async function isDrained(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ drained: boolean }[]>`
    select missing = 0 and stale = 0 and queued = 0 and claimed = 0 as drained from analytics_features.compute_status()`;
  return row?.drained === true;
}

/** From now on notes what is stored, so that needlessStores() can tell. */
export async function watchStores(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table if not exists public.noted_stores (product_id bigint, needless boolean);
    truncate public.noted_stores;
    create or replace function public.note_store() returns trigger language plpgsql as $$
      begin
        insert into public.noted_stores
        values (new.product_id, tg_op = 'UPDATE' and (new.document_hash, new.model_id) is not distinct from (old.document_hash, old.model_id));
        return null;
      end $$;
    create or replace trigger note_store after insert or update of embedding on analytics_features.product_embeddings
      for each row execute function public.note_store()`);
}

/** How many vectors were stored, and how many of them over one of the same text and model. */
export async function notedStores(sql: Sql): Promise<{ stored: number; needless: number }> {
  const [row] = await sql<{ stored: number; needless: number }[]>`
    select count(*)::integer as stored, count(*) filter (where needless)::integer as needless from public.noted_stores`;
  return row ?? { stored: 0, needless: 0 };
}
