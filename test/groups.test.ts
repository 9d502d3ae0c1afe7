import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { type Encoder, loadEncoder } from "../runner/encoder.ts";
import { embedContext } from "../runner/session.ts";
import { useDatabase } from "./helpers/database.ts";
import { createSource, insertParts, startOver } from "./helpers/source.ts";

/* Fields of different weight are encoded apart, and none twice. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let real: Encoder;
let encoded: string[] = [];
let encoder: Encoder;

test.before(async () => {
  real = await loadEncoder(db.settings.encoder);
  encoder = {
    ...real,
    encode: (texts, as, options) => {
      encoded.push(...texts);
      return real.encode(texts, as, options);
    },
  };
});
test.after.always(() => real?.close());
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  encoded = [];
});

const pass = async () => {
  encoded = [];
  const { stored } = await embedQueued(await embedContext(db.sql, db.settings, encoder));
  return { stored, encoded: [...encoded].sort() };
};
const vector = async (id: number) => {
  const [row] = await db.sql<
    { v: string }[]
  >`select embedding::text as v from analytics_features.product_embeddings where product_id = ${id}`;
  return JSON.parse(row?.v ?? "[]") as number[];
};

test("a price that changes does not encode the name again, and a product's vector is the weighted sum of its groups", async (t) => {
  await insertParts(db.sql, 1, 2);
  await pass();
  await db.sql`select analytics_features.set_fields('{"name": {"weight": 3}}')`;
  t.deepEqual(await pass(), {
    stored: 2,
    encoded: ["name: part 1.", "name: part 2.", "price: 1.00. is_active: yes.", "price: 2.00. is_active: yes."],
  });
  await db.sql`update staging_staging.stg_product set price = 7 where product_id = 1`;
  t.deepEqual(await pass(), { stored: 1, encoded: ["price: 7.00. is_active: yes."] });
  await db.sql`update staging_staging.stg_product set price = 2 where product_id = 1`;
  t.deepEqual(await pass(), { stored: 1, encoded: [] }, "another product has that text already");

  const [name, rest] = await real.encode(["name: part 1.", "price: 2.00. is_active: yes."], "passage");
  const sum = Array.from(name?.vector ?? [], (value, i) => 3 * value + (rest?.vector[i] ?? 0));
  const length = Math.hypot(...sum);
  const stored = await vector(1);
  t.is(stored.length, 384);
  t.true(stored.every((value, i) => Math.abs(value - (sum[i] ?? 0) / length) < 1e-5));
});

test("back to one group the vectors are those of the whole text, and what is kept of groups goes in the full pass", async (t) => {
  await insertParts(db.sql, 1, 2);
  await pass();
  const before = await vector(2);
  await db.sql`select analytics_features.set_fields('{"name": {"weight": 2}}')`;
  await pass();
  t.notDeepEqual(await vector(2), before);
  await db.sql`select analytics_features.set_fields('{"name": {"weight": null}}')`;
  t.is((await pass()).encoded.length, 2);
  t.deepEqual(await vector(2), before);
  t.is((await db.sql`select from analytics_features.text_embeddings`).length, 4);
  await db.sql`select analytics_features.full_pass()`;
  t.is((await db.sql`select from analytics_features.text_embeddings`).length, 0);
});

test("products of one text cost one encoding", async (t) => {
  await insertParts(db.sql, 1, 5);
  await db.sql`update staging_staging.stg_product set name = 'same', price = 1`;
  t.deepEqual(await pass(), { stored: 5, encoded: ["name: same. price: 1.00. is_active: yes."] });
});

test("a text that cannot be encoded fails its product alone", async (t) => {
  await insertParts(db.sql, 1, 3);
  await db.sql`select analytics_features.set_fields('{"name": {"weight": 2}}')`;
  await db.sql`update staging_staging.stg_product set name = 'poison' where product_id = 2`;
  const encode = encoder.encode;
  encoder.encode = async (texts, as, options) => {
    if (texts.some((text) => text.includes("poison"))) throw new Error("too odd");
    return encode(texts, as, options);
  };
  t.is((await pass()).stored, 2);
  const failures = await db.sql`select product_id::integer as id, error from analytics_features.product_failures`;
  t.deepEqual([...failures], [{ id: 2, error: "too odd" }]);
  encoder.encode = encode;
});
