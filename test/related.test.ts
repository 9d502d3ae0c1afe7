import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSource, drain, insertParts, queued, registerModel, startOver } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await insertParts(db.sql, 1, 6);
  model = await registerModel(db.sql);
  await db.sql.unsafe(`
    drop schema if exists shop cascade; create schema shop;
    create table shop.category (id integer, title text, ingested_at timestamp default clock_timestamp());
    insert into shop.category values (1, 'Тормоза'), (2, 'Фильтры'), (3, 'Масла');
    update staging_staging.stg_product set category_id = product_id % 2 + 1;
    create function shop.facts(product jsonb) returns jsonb language sql stable as $$
      select jsonb_build_object('category', c.title) from shop.category c where c.id = (product ->> 'category_id')::integer
    $$;
    select * from analytics_features.set_document_hook('shop.facts', force => true)`);
});
const attach = () => db.sql`select analytics_features.attach_related('shop.category', 'id', 'category_id')`;
const clear = () => db.sql`truncate analytics_features.product_queue, analytics_features.product_changes`;
const notes = async () => {
  const [row] = await db.sql<{ notes: string[] }[]>`select notes from analytics_features.embedding_status`;
  return row?.notes.join("\n") ?? "";
};

test("a renamed category queues its products, which are encoded and found by the new name", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await attach();
  await drain(db.sql, model);
  await db.sql`update shop.category set title = 'Тормозная система' where id = 1`;
  t.deepEqual(await queued(db.sql), [2, 4, 6]);
  t.is(await drain(db.sql, model), 3);
  const [row] = await db.sql`select analytics_features.product_document(2) as text`;
  t.is(row?.text, "name: part 2. price: 2.00. is_active: yes. category_id: 1. category: Тормозная система.");
  const found = await db.sql`select product_id::integer as id from analytics_features.search_products_text('система') order by 1`;
  t.deepEqual(
    found.map(({ id }) => id),
    [2, 4, 6],
  );
});

test("a row that did not change, and what only bookkeeping columns say, queues nothing", async (t) => {
  await attach();
  await clear();
  await db.sql`update shop.category set title = title, ingested_at = clock_timestamp()`;
  t.deepEqual(await queued(db.sql), []);
  await db.sql`update shop.category set title = 'Масло' where id = 3`;
  t.deepEqual(await queued(db.sql), [], "no product has it");
  await db.sql`update shop.category set title = case id when 2 then 'Фильтр' else title end, ingested_at = clock_timestamp()`;
  t.deepEqual(await queued(db.sql), [1, 3, 5]);
});

test("inserted, deleted and moved rows queue the products of their keys, a truncated table all", async (t) => {
  await attach();
  await drain(db.sql, model);
  await db.sql`delete from shop.category where id = 1`;
  t.deepEqual(await queued(db.sql), [2, 4, 6]);
  await clear();
  await db.sql`insert into shop.category values (1, 'Тормоза')`;
  t.deepEqual(await queued(db.sql), [2, 4, 6]);
  await clear();
  await db.sql`update shop.category set id = 9 where id = 2`;
  t.deepEqual(await queued(db.sql), [1, 3, 5]);
  await clear();
  await db.sql`update staging_staging.stg_product set category_id = 10 where product_id = 5`;
  await db.sql`update shop.category set id = 10 where id = 9`;
  t.deepEqual(await queued(db.sql), [5]);
  await clear();
  await db.sql`truncate shop.category`;
  t.deepEqual(await queued(db.sql), [1, 2, 3, 4, 5, 6]);
});

test("keys are one whatever their types: 1, 1.00 and '1'", async (t) => {
  for (const [type, productType] of [
    ["numeric(8, 2)", "bigint"],
    ["bigint", "numeric(8, 2)"],
    ["text", "integer"],
    ["text", "text"],
  ]) {
    await db.sql.unsafe(`
      drop table shop.category; create table shop.category (id ${type}, title text);
      insert into shop.category values ('1', 'a'), ('2', 'b'), (null, 'c');
      alter table staging_staging.stg_product alter category_id type ${productType} using category_id::numeric::${productType}`);
    await attach();
    await clear();
    await db.sql`update shop.category set title = title || '!' where id is null or title = 'a'`;
    t.deepEqual(await queued(db.sql), [2, 4, 6], `${type} and ${productType}`);
  }
});

test("a view over two tables is at once up to date when both are attached, also of products that came or went", async (t) => {
  await db.sql.unsafe(`
    create view shop.products as select p.product_id, p.name, c.title as category
    from staging_staging.stg_product p left join shop.category c on c.id = p.category_id;
    select * from analytics_features.set_document_hook(null);
    select analytics_features.set_source('shop', 'products')`);
  await fails(t, db.sql`select analytics_features.attach_related('shop.category', 'title', 'category_id')`, {
    code: "PE028",
    message: "The source of the products, shop.products, has no column category_id.",
    hint: /It has name, product_id, category\./,
  });
  await db.sql`select analytics_features.attach_related('shop.category', 'title', 'category')`;
  await db.sql`select analytics_features.attach_related('staging_staging.stg_product', 'product_id')`;
  await db.sql`select analytics_features.reconcile()`;
  await drain(db.sql, model);
  await db.sql`update staging_staging.stg_product set name = 'other' where product_id = 3`;
  t.deepEqual(await queued(db.sql), [3]);
  await insertParts(db.sql, 7, 7);
  await db.sql`delete from staging_staging.stg_product where product_id = 4`;
  t.deepEqual(await queued(db.sql), [3, 4, 7]);
  t.is(await drain(db.sql, model), 2);
  await db.sql`update shop.category set title = 'Тормоза!' where id = 1`;
  t.deepEqual(await queued(db.sql), [2, 6]);
  await db.sql`select analytics_features.set_source('staging_staging', 'stg_product')`;
});

test("a table that dbt rebuilt is attached again by its hook, and what changed with it is queued", async (t) => {
  await attach();
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, model);
  const build = () =>
    db.sql.begin((sql) =>
      sql.unsafe(`
        create table shop.built as select id, case id when 1 then 'Новое' else title end as title from shop.category;
        alter table shop.category rename to category_backup; alter table shop.built rename to category; drop table shop.category_backup;
        select analytics_features.attach_after_build('shop', 'category')`),
    );
  await build();
  t.deepEqual(await queued(db.sql), [2, 4, 6]);
  await drain(db.sql, model);
  await db.sql`update shop.category set title = 'Новейшее' where id = 1`;
  t.deepEqual(await queued(db.sql), [2, 4, 6]);
  t.is(await drain(db.sql, model), 3);
  t.is((await db.sql`select analytics_features.attach_after_build('shop', 'other') as n`)[0]?.n, null);
  t.notRegex(await notes(), /related/);
});

test("lost triggers are in the status, and attach() puts them on again", async (t) => {
  await attach();
  await db.sql`select analytics_features.attach()`;
  await db.sql.unsafe("create table shop.copy as table shop.category; drop table shop.category");
  t.regex(
    await notes(),
    /The related table shop\.category does not exist: build it, or: select analytics_features\.detach_related\('shop\.category'\)/,
  );
  await db.sql.unsafe("alter table shop.copy rename to category");
  t.regex(
    await notes(),
    /The related table shop\.category lacks the triggers for insert, update, delete, truncate: .* select analytics_features\.attach_related\('shop\.category', 'id', 'category_id'\)/,
  );
  await db.sql`select analytics_features.attach()`;
  t.notRegex(await notes(), /related/);
  await db.sql`alter table shop.category disable trigger all`;
  t.regex(await notes(), /lacks the triggers/);
  await attach();
  t.notRegex(await notes(), /related/);
  await db.sql`alter table shop.category rename column id to number`;
  t.regex(
    await notes(),
    /The related table shop\.category has no column id, by which it was attached: detach it, and attach it by another\./,
  );
  await db.sql`alter table shop.category rename column number to id`;
  t.notRegex(await notes(), /related/);
  await db.sql`select analytics_features.set_document_hook(null)`;
  await db.sql`alter table staging_staging.stg_product drop column category_id`;
  t.regex(await notes(), /The source has no column category_id, by which the related table shop\.category was attached\./);
});

test("a related table that became a view stops no attach(), a note says what to do, and a failure is no news once it is over", async (t) => {
  await db.sql`select analytics_features.attach()`;
  await attach();
  await drain(db.sql, model);
  await db.sql.unsafe(`
    alter table shop.category rename to base_category; create view shop.category as select * from shop.base_category;
    select analytics_features.attach_after_build('shop', 'category'), analytics_features.attach()`);
  t.regex(await notes(), /The related table shop\.category is a view now .* select analytics_features\.detach_related\('shop\.category'\)/);
  t.notRegex(await notes(), /failed|lacks/);
  await db.sql`select analytics_features.detach_related('shop.category')`;
  t.notRegex(await notes(), /related/);

  for (const relation of ["table", "view"]) {
    if (relation === "view")
      await db.sql.unsafe(`
        alter table staging_staging.stg_product rename to base_product;
        create view staging_staging.stg_product as select * from staging_staging.base_product`);
    await db.sql`insert into analytics_features.source_log (event, error) values ('attach', 'permission denied')`;
    t.regex(await notes(), /The last attach failed: permission denied|not compared/);
    await db.sql`select analytics_features.attach()`;
    t.notRegex(await notes(), /failed/, relation);
  }
});

test("what goes wrong in the trigger costs the writer nothing", async (t) => {
  await attach();
  await db.sql`alter table staging_staging.stg_product rename to elsewhere`;
  await db.sql`update shop.category set title = 'x'`;
  await db.sql`alter table staging_staging.elsewhere rename to stg_product`;
  t.is((await db.sql`select from shop.category where title = 'x'`).length, 3);
  t.is((await db.sql`select analytics_features.reconcile()::integer as n`)[0]?.n >= 0, true);
});

test("a table of the same name elsewhere is not the related one, and a detached one is none any more", async (t) => {
  await attach();
  await clear();
  await db.sql.unsafe(`
    create table shop.stray (id integer, title text);
    create trigger _510_related_insert after insert on shop.stray referencing new table as new_rows
      for each statement execute function analytics_features.tg__related_changed();
    insert into shop.stray values (1, 'a')`);
  t.deepEqual(await queued(db.sql), []);
  await db.sql`select analytics_features.detach_related('shop.category')`;
  await db.sql`update shop.category set title = 'x'`;
  t.deepEqual(await queued(db.sql), []);
  t.is((await db.sql`select from pg_trigger where tgrelid = 'shop.category'::regclass`).length, 0);
  await fails(t, db.sql`select analytics_features.detach_related('shop.category')`, {
    code: "PE028",
    message: "shop.category is no related table.",
  });
});

test("a relation or column that there is not is refused with what there is", async (t) => {
  await db.sql`create view shop.names as select * from shop.category`;
  for (const [relation, key, product, message, hint] of [
    ["category", "id", "category_id", "'category' is not the name of a table with its schema.", /attach_related/],
    ["shop.nothing", "id", "category_id", "There is no table shop.nothing.", /Build it first/],
    ["shop.names", "id", "category_id", "shop.names is no table and cannot have triggers.", /the tables that it reads/],
    ["shop.category", "key", "category_id", "shop.category has no column key.", /It has id, title, ingested_at\./],
    ["shop.category", "id", null, "The source of the products, staging_staging.stg_product, has no column id.", /It has name/],
  ] as const) {
    await fails(t, db.sql`select analytics_features.attach_related(${relation}, ${key}, ${product})`, { code: "PE028", message, hint });
  }
  t.is((await db.sql`select from analytics_features.related_tables`).length, 0);
});
