import { toSql } from "pgvector";
import type { Sql } from "../runner/database.ts";
import { loadEncoder } from "../runner/encoder.ts";
import { readSettings } from "../runner/settings.ts";

const parts =
  "Пневмоподушка|Амортизатор|Тормозной диск|Колодки тормозные|Фильтр масляный|Фильтр воздушный|Свеча зажигания|Ремень ГРМ|Насос водяной|Стартер|Генератор|Радиатор охлаждения|Сайлентблок|Шаровая опора|Рулевая тяга|Подшипник ступицы|Сцепление в сборе|Турбокомпрессор|Форсунка топливная|Датчик ABS|Фара левая|Зеркало правое|Бампер передний|Лобовое стекло|Air spring|Shock absorber|Brake disc|Oil filter|Timing belt|Water pump|Wheel bearing|Headlamp".split(
    "|",
  );
const makes =
  "MAN TGA|Scania R|Volvo FH|DAF XF|КАМАЗ 5490|Mercedes Actros|Iveco Stralis|Renault Magnum|BPW|SAF|ГАЗель Next|Toyota Hilux|Kia Rio|Lada Vesta|Ford Transit|BMW X5".split(
    "|",
  );
const remarks = ["", "с металлическим стаканом", "комплект", "усиленный", "heavy duty", "оригинал"];

/**
 * Gives products 1 to so many vectors like a catalogue's: some three
 * thousand part names are encoded by the model, and each product is one of them with a part of another
 * and a little noise, of unit length. Encoding a hundred thousand texts would take an hour, and noise
 * alone has no neighbourhoods. The same for the same number of products.
 */
export async function insertVectors(sql: Sql, products: number): Promise<void> {
  await encodeNames(sql);
  await sql`select setseed(0.5)`;
  await sql.unsafe(`
    insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
    select g, public.vector_like(a.embedding, b.embedding, g::integer), null, null
    from generate_series(1, ${products}) g
    join public.encoded a on a.number = g % (select count(*) from public.encoded)
    join public.encoded b on b.number = (g::bigint * 7919 + g / 3000) % (select count(*) from public.encoded)
    order by g`);
}

/** public.encoded: part names with their vectors; public.vector_like(): what makes a product's of two. */
async function encodeNames(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table if not exists public.encoded (number integer primary key, name text, embedding vector(384));
    create or replace function public.vector_like(a vector, b vector, seed integer) returns vector language sql volatile as $$
      select l2_normalize(
        a * array_fill(0.8, array[384])::vector + b * array_fill(0.35, array[384])::vector
        + (select array_agg((random() - 0.5) * 0.026 + seed * 0) from generate_series(1, 384))::vector
      )
    $$`);
  const names = parts.flatMap((part) => makes.flatMap((make) => remarks.map((remark) => `name: ${part} ${make} ${remark}`.trim())));
  const encoder = await loadEncoder(readSettings({}).encoder);
  try {
    for (let start = 0; start < names.length; start += 256) {
      const some = names.slice(start, start + 256);
      const encoded = await encoder.encode(some, "passage");
      const rows = some.map((name, i) => ({ number: start + i, name, embedding: toSql(Array.from(encoded[i]?.vector ?? [])) }));
      await sql`
        insert into public.encoded
        select r.number, r.name, r.embedding::vector from jsonb_to_recordset(${sql.json(rows)}) r (number integer, name text, embedding text)
        on conflict do nothing`;
    }
  } finally {
    await encoder.close();
  }
}
