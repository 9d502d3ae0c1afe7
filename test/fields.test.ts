import { createHash } from "node:crypto";
import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, drain, insertParts, queued, registerModel, startOver } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  model = await registerModel(db.sql);
});

interface Preview {
  products: number;
  changed: number;
  failed: number;
  encodings: number;
  minutes: string | null;
  examples: { product_id: number; before: string; after: string }[] | null;
}
const setFields = async (fields: unknown, dryRun = false): Promise<Preview> => {
  const [row] = await db.sql<Preview[]>`
    select products::integer, changed_texts::integer as changed, failed::integer, encodings::integer, minutes, examples
    from analytics_features.set_fields(${JSON.stringify(fields)}::text::jsonb, ${dryRun})`;
  if (row === undefined) throw new Error("set_fields() returned no row.");
  return row;
};
const document = async (id: number) => {
  const [row] = await db.sql<{ text: string }[]>`select analytics_features.product_document(${id}) as text`;
  return row?.text;
};
interface Rendered {
  id: string;
  document: string;
  hash: string;
  texts: string[];
  weights: number[];
}
const documents = () => db.sql<Rendered[]>`
  select product_id as id, document, encode(document_hash, 'hex') as hash, texts, weights from analytics_features.product_documents() order by 1`;
const hashes = async () => new Map((await documents()).map(({ id, hash }) => [id, hash]));
/** A sum over all rows of all of our tables, and of the worker's jobs. */
const everything = async () => {
  const tables = await db.sql<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace in ('analytics_features'::regnamespace, 'graphile_worker'::regnamespace, 'staging_staging'::regnamespace) and relkind = 'r' order by 1`;
  const sums: Record<string, string | null> = {};
  for (const { name } of tables) {
    const [row] = await db.sql.unsafe<{ sum: string | null }[]>(
      `select md5(string_agg(t::text, ',' order by t::text)) as sum from ${name} t`,
    );
    sums[name] = row?.sum ?? null;
  }
  return sums;
};

test("a label changes exactly the texts that have the field, and these are queued", async (t) => {
  await db.sql`update staging_staging.stg_product set vendor_code = null where product_id % 2 = 0`;
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const before = await hashes();
  const result = await setFields({ vendor_code: { label: "артикул" } });
  const after = await documents();
  const changed = after.filter(({ id, hash }) => before.get(id) !== hash);
  t.true(changed.length > 10 && changed.length < after.length);
  for (const { id, hash, document: text } of after) t.is(before.get(id) !== hash, text.includes("артикул: "), text);
  t.like(result, { products: 115, changed: changed.length, failed: 0, encodings: new Set(changed.map(({ document: text }) => text)).size });
  t.deepEqual(
    await queued(db.sql),
    changed.map(({ id }) => Number(id)),
  );
  t.is(await drain(db.sql, model), changed.length);
});

test("position, label and what is left out change the text, and null brings each and all back", async (t) => {
  const plain = await document(7807552);
  await setFields({ price: { included: false }, vendor_code: { position: 1, label: "артикул" }, name: { position: 2, label: "" } });
  t.is(
    await document(7807552),
    "артикул: SABO520067C. Пневмоподушка (с мет стаканом). weight: 2.5. length: 150. width: 100. height: 80. is_active: yes.",
  );
  await setFields({ vendor_code: { label: null }, price: { included: null } });
  t.is(
    await document(7807552),
    "vendor_code: SABO520067C. Пневмоподушка (с мет стаканом). weight: 2.5. length: 150. width: 100. height: 80. price: 1250.00. is_active: yes.",
  );
  await setFields({ vendor_code: null, name: null, price: null, updated_at: { included: true } });
  t.is(await document(7807552), `${plain} updated_at: 2026-03-02 14:05:00.`);
  await setFields({ updated_at: null });
  t.is(await document(7807552), plain, "bookkeeping is out by default");
});

test("a dry run changes nothing, in no table, and says what the change then does", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  await db.sql`update analytics_features.embedding_activity set stored = 600`;
  const fields = { name: { weight: 3, position: 9 }, price: { included: false, label: "цена" } };
  const before = await everything();
  const dry = await setFields(fields, true);
  t.deepEqual(await everything(), before);
  t.is(dry.products, 115);
  t.is(dry.changed, 115);
  t.is(dry.minutes, (dry.encodings / 600).toFixed(1));
  t.deepEqual(Object.keys(dry.examples?.[0] ?? {}).sort(), ["after", "before", "product_id"]);
  t.regex(dry.examples?.[0]?.after ?? "", /^3 × name: .*\n1 × vendor_code: /);
  t.regex(dry.examples?.[0]?.before ?? "", /^name: .*price: /);
  t.deepEqual(await setFields(fields), dry);
  t.is((await queued(db.sql)).length, 115);
});

test("going back before anything was encoded encodes nothing, and the hashes are the old ones", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const before = await hashes();
  await setFields({ name: { weight: 2, label: "товар" }, is_active: { position: 0 }, price: { included: false } });
  for (const [id, hash] of await hashes()) t.not(hash, before.get(id));
  await setFields({ name: null, is_active: null, price: null });
  t.deepEqual(await hashes(), before);
  t.is(await drain(db.sql, model), 0);
  t.deepEqual(await queued(db.sql), []);
});

test("fields of one weight are one text, empty groups are left out, and only the proportion counts", async (t) => {
  const plain = await documents();
  for (const { document: text, hash, texts, weights } of plain) {
    t.is(hash, createHash("sha256").update(text).digest("hex"), "as before there were weights");
    t.deepEqual(texts, [text]);
    t.deepEqual(weights, [1]);
  }
  await setFields({ name: { weight: 3 }, vendor_code: { weight: 2 }, price: { weight: 2 } });
  const weighed = new Map((await documents()).map((row) => [row.id, row]));
  t.like(weighed.get("7807552"), {
    texts: [
      "name: Пневмоподушка (с мет стаканом).",
      "vendor_code: SABO520067C. price: 1250.00.",
      "weight: 2.5. length: 150. width: 100. height: 80. is_active: yes.",
    ],
    weights: [3, 2, 1],
  });
  const before = await hashes();
  await setFields({ name: { weight: 0.75 }, vendor_code: { weight: 0.5 }, price: { weight: 0.5 }, is_active: { weight: 0.25 } });
  // With all of the lightest group moved along, nothing changed.
  await setFields(Object.fromEntries(["weight", "length", "width", "height", "category_id"].map((name) => [name, { weight: 0.25 }])));
  t.deepEqual(await hashes(), before);
  await setFields({ vendor_code: { weight: 0.6 }, price: { weight: 0.6 } });
  t.not((await hashes()).get("7807552"), before.get("7807552"));

  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'только имя'), (2, null)`;
  const rows = new Map((await documents()).map((row) => [row.id, row]));
  t.like(rows.get("1"), { texts: ["name: только имя."], weights: [1] });
  t.like(rows.get("2"), { texts: [""], weights: [1] });
  await setFields(
    Object.fromEntries(
      ["name", "vendor_code", "price", "is_active", "weight", "length", "width", "height", "category_id"].map((name) => [name, null]),
    ),
  );
  t.is((await hashes()).get("1"), rows.get("1")?.hash, "one group is hashed as the whole is");
});

test("another class takes up the words again and encodes nothing", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const classes = async () => {
    const [row] = await db.sql<{ words: string }[]>`
      select ts_filter(words, '{b}')::text as words from analytics_features.product_words where product_id = 7807552`;
    return row?.words;
  };
  t.is(await classes(), "");
  const result = await setFields({ vendor_code: { word_class: "B" } });
  t.like(result, { changed: 0, encodings: 0, examples: null });
  t.is((await queued(db.sql)).length, 115);
  t.is(await drain(db.sql, model), 0);
  t.regex((await classes()) ?? "", /^'sabo520067c':\d+B$/);
  await setFields({ vendor_code: null });
  t.is(await drain(db.sql, model), 0);
  t.is(await classes(), "");
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), []);
});

test("bad input is one sentence, and nothing is half done", async (t) => {
  const before = await everything();
  for (const [fields, message] of [
    [[], "The fields must be an object with the names of columns as its keys."],
    [null, "The fields must be an object with the names of columns as its keys."],
    [{ name: 3 }, "What is said of name must be an object, or null for the default."],
    [{ name: { weight: 0 } }, "Field name: weight must be from 0.001 to 1000."],
    [{ name: { weight: -1 } }, "Field name: weight must be from 0.001 to 1000."],
    [{ name: { weight: "3" } }, "Field name: weight must be a number."],
    [{ name: { heft: 3 } }, "Field name: heft is nothing that can be said of a field."],
    [{ name: { included: 1 } }, "Field name: included must be true or false."],
    [{ name: { label: 1 } }, "Field name: label must be a string."],
    [{ name: { position: 1.5 } }, "Field name: position must be a whole number."],
    [{ name: { word_class: "E" } }, 'Field name: word_class must be "A", "B", "C" or "D".'],
    [{ price: { weight: 2 }, name: { word_class: 1 } }, 'Field name: word_class must be "A", "B", "C" or "D".'],
    [
      Object.fromEntries(
        ["name", "vendor_code", "weight", "length", "width", "height", "price", "is_active", "category_id"].map((name) => [
          name,
          { included: false },
        ]),
      ),
      "No column would be left in the document.",
    ],
  ] as const) {
    await fails(t, setFields(fields), { code: "PE024", message });
  }
  await fails(t, db.sql`select * from analytics_features.set_fields('{"name": {"weight": 1e400}}')`, { code: "PE024" });
  await fails(t, setFields({ price: { weight: 2 }, nmae: { weight: 2 } }), {
    code: "PE024",
    message: "The source has no column nmae.",
    hint: /^It has name, vendor_code, .*\.$/,
  });
  await fails(t, setFields({ old: null }), { code: "PE024", message: "The source has no column old." });
  t.deepEqual(await everything(), before);
});

test("a column that is gone can still be forgotten", async (t) => {
  await setFields({ category_id: { label: "категория" } });
  await db.sql`alter table staging_staging.stg_product drop column category_id`;
  await setFields({ category_id: null });
  t.deepEqual([...(await db.sql`select from analytics_features.document_fields where column_name = 'category_id'`)], []);
});

test("identical texts are counted once, and minutes are unknown while nothing was encoded", async (t) => {
  await db.sql`truncate staging_staging.stg_product`;
  await insertParts(db.sql, 1, 4);
  await db.sql`update staging_staging.stg_product set name = 'part', price = 1 where product_id > 1`;
  t.like(await setFields({ name: { label: "товар" } }, true), { products: 4, changed: 4, encodings: 2, minutes: null });
});
