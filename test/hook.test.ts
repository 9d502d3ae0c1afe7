import anyTest from "ava";
import { attach } from "../runner/migrate.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, drain, insertParts, queued, registerModel, startOver } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await db.sql.unsafe("drop schema if exists shop cascade; create schema shop");
  await createSource(db.sql);
  await insertParts(db.sql, 1, 6);
  // What is measured must not depend on what else this machine does.
  await db.sql`update analytics_features.settings set max_hook_ms = 60000`;
  model = await registerModel(db.sql);
});

/** shop.facts: a hook with this body, an expression over `product`. */
const createHook = (expression: string, volatility = "stable") =>
  db.sql.unsafe(`
    create or replace function shop.facts(product jsonb) returns jsonb language plpgsql ${volatility} as $$
    begin
      return ${expression};
    end $$`);
const setHook = async (hook: string | null, { dryRun = false, force = false } = {}) => {
  const [row] = await db.sql`
    select products::integer, changed_texts::integer as changed, failed::integer, encodings::integer, examples
    from analytics_features.set_document_hook(${hook}, ${dryRun}, ${force})`;
  return { ...row };
};
const document = async (id: number) => {
  const [row] = await db.sql<{ text: string }[]>`select analytics_features.product_document(${id}) as text`;
  return row?.text;
};
const failures = () =>
  db.sql<{ id: number; error: string }[]>`select product_id::integer as id, error from analytics_features.product_failures order by 1`;
const vectors = async () => {
  const rows = await db.sql<{ id: number; hash: string }[]>`
    select product_id::integer as id, encode(document_hash, 'hex') as hash from analytics_features.product_embeddings order by 1`;
  return new Map(rows.map(({ id, hash }) => [id, hash]));
};
const found = async (query: string) =>
  (await db.sql<{ id: number }[]>`select product_id::integer as id from analytics_features.search_products_text(${query}) order by 1`).map(
    ({ id }) => id,
  );

test("what a hook returns is appended as columns are: in its order, nulls and blanks skipped, yes and no, arrays joined", async (t) => {
  await createHook(`'{"tier": "дорогой ", "hot": true, "old": false, "rank": 2.50, "tags": ["a", null, " b"], "nothing": null, "blank": " ",
    "sizes": [1, 2], "more": {"k": 1}}'`);
  await setHook("shop.facts");
  t.is(
    await document(1),
    'name: part 1. price: 1.00. is_active: yes. hot: yes. old: no. more: {"k": 1}. rank: 2.50. tags: a, b. tier: дорогой. sizes: 1, 2.',
  );
  await createHook("null");
  t.is(await document(1), "name: part 1. price: 1.00. is_active: yes.");
  await createHook("jsonb 'null'");
  t.is(await document(1), "name: part 1. price: 1.00. is_active: yes.");
});

test("a hook is given the whole product, previewed, and its words are found; without it everything is as before", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const before = await vectors();
  await createHook(
    "case when (product ->> 'price')::numeric > 4 then jsonb_build_object('tier', 'премиум', 'vip', product ->> 'product_id') end",
  );
  const dry = await setHook("shop.facts", { dryRun: true });
  t.like(dry, { products: 6, changed: 2, failed: 0, encodings: 2 });
  t.deepEqual(dry.examples?.[0], {
    product_id: 5,
    before: "name: part 5. price: 5.00. is_active: yes.",
    after: "name: part 5. price: 5.00. is_active: yes. vip: 5. tier: премиум.",
  });
  t.is(await document(5), dry.examples[0].before);
  t.deepEqual(await queued(db.sql), []);

  t.deepEqual(await setHook("shop.facts"), dry);
  t.deepEqual(await queued(db.sql), [5, 6]);
  t.is(await drain(db.sql, model), 2);
  t.deepEqual(await found("премиум"), [5, 6]);

  t.like(await setHook(null), { changed: 2 });
  t.is(await drain(db.sql, model), 2);
  t.deepEqual(await vectors(), before);
  t.deepEqual(await found("премиум"), []);
});

test("what a hook adds counts 1 in the vector, also where no column does", async (t) => {
  await createHook(`'{"tier": "премиум"}'`);
  await setHook("shop.facts");
  await db.sql`select analytics_features.set_fields('{"name": {"weight": 3}}')`;
  const texts = async () => {
    const [row] = await db.sql`select texts, weights from analytics_features.product_documents('{1}')`;
    return { ...row };
  };
  t.deepEqual(await texts(), { texts: ["name: part 1.", "price: 1.00. is_active: yes. tier: премиум."], weights: [3, 1] });
  await db.sql`select analytics_features.set_fields('{"price": {"included": false}, "is_active": {"weight": 0.5}, "vendor_code": {"weight": 2}, "weight": {"included": false},
    "length": {"included": false}, "width": {"included": false}, "height": {"included": false}, "category_id": {"included": false}}')`;
  t.deepEqual(await texts(), { texts: ["name: part 1.", "tier: премиум.", "is_active: yes."], weights: [3, 1, 0.5] });
});

test("with a hook a change of any column is looked at, and what it changes is encoded", async (t) => {
  await createHook("jsonb_build_object('seen', product -> 'updated_at')");
  await setHook("shop.facts");
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set updated_at = '2026-01-01' where product_id = 3`;
  t.deepEqual(await queued(db.sql), [3]);
  t.is(await drain(db.sql, model), 1);
  t.regex((await document(3)) ?? "", /seen: 2026-01-01T00:00:00\.$/);
});

test("a product that the hook fails for stops no other, keeps its vector, and is tried again when it changes", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const before = await vectors();
  await createHook("jsonb_build_object('code', case when product ->> 'name' = 'part 2' then (product ->> 'name')::integer else 7 end)");
  const result = await setHook("shop.facts");
  t.like(result, { changed: 5, failed: 1 });
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5, 6]);
  t.is(await drain(db.sql, model), 5);
  t.deepEqual(
    [...(await failures())],
    [{ id: 2, error: 'PE025: The hook shop.facts failed (22P02): invalid input syntax for type integer: "…"' }],
  );
  t.is((await vectors()).get(2), before.get(2));
  t.deepEqual(await found("part 2"), [1, 2, 3, 4, 5, 6]);
  await fails(t, document(2), { code: "PE025", message: /^The hook shop\.facts failed \(22P02\)/ });

  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), [], "it is not tried again by itself");
  t.like((await db.sql`select stale::integer, failed::integer, state from analytics_features.compute_status()`)[0], {
    stale: 1,
    failed: 1,
    state: "incomplete",
  });
  await db.sql`select analytics_features.retry_failed()`;
  t.is(await drain(db.sql, model), 0);
  t.is((await failures()).length, 1);
  await db.sql`update staging_staging.stg_product set name = 'part two' where product_id = 2`;
  t.is(await drain(db.sql, model), 1);
  t.deepEqual([...(await failures())], []);
});

test("a product whose hook comes right is found by comparing, and its failure is forgotten even if its text is the old one", async (t) => {
  await db.sql`select analytics_features.reconcile()`;
  await drain(db.sql, model);
  await createHook("case when product ->> 'product_id' in ('1', '2') then to_jsonb((product ->> 'name')::integer) end");
  await setHook("shop.facts");
  await drain(db.sql, model);
  t.deepEqual(
    (await failures()).map(({ id }) => id),
    [1, 2],
  );
  await createHook("case when product ->> 'product_id' = '2' then '{\"tier\": \"x\"}'::jsonb end");
  await db.sql`select analytics_features.reconcile()`;
  t.deepEqual(await queued(db.sql), [1, 2]);
  t.is(await drain(db.sql, model), 1);
  t.deepEqual([...(await failures())], []);
});

test("a failure holds nothing of the product, whatever the hook says", async (t) => {
  await db.sql`update staging_staging.stg_product set vendor_code = 'SECRET-77' where product_id = 1`;
  for (const [expression, error] of [
    ["(select jsonb_build_object('x', 1 / (case product ->> 'product_id' when '1' then 0 else 1 end)))", "(22012): division by zero"],
    ["case product ->> 'product_id' when '1' then jsonb '[1]' end", "(PE025): It returned no object, but: array"],
    [
      "case product ->> 'product_id' when '1' then to_jsonb(('{' || (product ->> 'vendor_code'))::json) end",
      "(22P02): invalid input syntax for type json",
    ],
  ] as const) {
    await createHook(expression);
    await setHook("shop.facts");
    await drain(db.sql, model);
    t.deepEqual([...(await failures())], [{ id: 1, error: `PE025: The hook shop.facts failed ${error}` }]);
  }
  await db.sql.unsafe(`
    create or replace function shop.facts(product jsonb) returns jsonb language plpgsql stable as $$
    begin
      if product ->> 'product_id' = '1' then raise exception 'odd code % of %', product ->> 'vendor_code', product ->> 'name'; end if;
      return null;
    end $$`);
  await db.sql`select analytics_features.retry_failed()`;
  await drain(db.sql, model);
  t.deepEqual([...(await failures())], [{ id: 1, error: "PE025: The hook shop.facts failed (P0001): odd code … of …" }]);
});

test("a function that cannot be a hook is refused with what to do", async (t) => {
  await createHook("null", "volatile");
  await db.sql.unsafe(`
    create function shop.wrong(product jsonb) returns text language sql stable as 'select null::text';
    create function shop.many(product jsonb) returns setof jsonb language sql stable as 'select product';
    create function shop.other(product text) returns jsonb language sql stable as 'select null::jsonb'`);
  for (const [hook, message, hint] of [
    ["facts", "'facts' is not the name of a function with its schema.", /set_document_hook\('schema\.function'\)/],
    ["shop.facts(", "'shop.facts(' is not the name of a function with its schema.", /set_document_hook/],
    ["shop.nothing", "There is no function shop.nothing(jsonb).", /set_document_hook\(null\)/],
    ["shop.other", "There is no function shop.other(jsonb).", /set_document_hook\(null\)/],
    ["shop.wrong", "The function shop.wrong(jsonb) does not return one jsonb.", /object/],
    ["shop.many", "The function shop.many(jsonb) does not return one jsonb.", /object/],
    [
      "shop.facts",
      "The function shop.facts(jsonb) is volatile: it may write, and give one product two texts.",
      /alter function shop\.facts\(jsonb\) stable/,
    ],
  ] as const) {
    await fails(t, setHook(hook), { code: "PE029", message, hint });
    await fails(t, setHook(hook, { force: true, dryRun: true }), { code: "PE029", message });
  }
  t.is((await db.sql`select document_hook from analytics_features.settings`)[0]?.document_hook, null);
});

test("a hook that fails for every product, or is slower than allowed, is taken only by force", async (t) => {
  await createHook("(1 / 0)::text::jsonb");
  await fails(t, setHook("shop.facts"), {
    code: "PE029",
    message: "The hook shop.facts fails for each of the 6 products that it was tried on.",
  });
  t.like(await setHook("shop.facts", { force: true }), { changed: 0, failed: 6 });
  await setHook(null);

  await createHook("case when (select count(*) from generate_series(1, 100000)) = 0 then product end");
  await db.sql`update analytics_features.settings set max_hook_ms = 0.01`;
  await fails(t, setHook("shop.facts", { dryRun: true }), {
    code: "PE029",
    message: /^The hook shop\.facts takes [\d.]+ ms a product, more than the 0.01 of settings\.max_hook_ms: [\d:.]+ for all 6 products/,
    hint: /force => true/,
  });
  t.like(await setHook("shop.facts", { force: true }), { changed: 0 });
});

test("a hook that is gone stops encoding and not search, and the status says what to do", async (t) => {
  await createHook(`'{"tier": "премиум"}'`);
  await setHook("shop.facts");
  await drain(db.sql, model);
  await db.sql`drop function shop.facts(jsonb)`;
  await fails(t, db.sql`select analytics_features.reconcile()`, { code: "PE029", message: "There is no function shop.facts(jsonb)." });
  t.deepEqual(await found("премиум"), [1, 2, 3, 4, 5, 6]);
  const [status] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  t.regex(status?.notes.join("\n") ?? "", /Nothing can be encoded: There is no function shop\.facts\(jsonb\)\./);
  t.is((await db.sql`select from analytics_features.compute_status()`).length, 1);
  await db.sql`update analytics_features.product_embeddings set vanished_at = now() where product_id = 1`;
  await db.sql`select analytics_features.maintain('w9')`;
  t.is((await db.sql`select from analytics_features.embedding_workers where worker = 'w9'`).length, 1);
  t.deepEqual(await attach(db.sql, db.settings), { sourceExists: true, attached: true, queued: 0 }, "a deploy goes through");
  await fails(t, db.sql`select * from analytics_features.set_fields('{"price": {"label": "p"}}')`, { code: "PE029" });
  await setHook(null);
  t.is(await drain(db.sql, model), 6);
});
