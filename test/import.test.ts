import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSource, insertParts, queued, registerModel, startOver, store } from "./helpers/source.ts";

/* Stores of others, laid out as their versions make them. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
let model = 0;

test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  model = await registerModel(db.sql);
  await insertParts(db.sql, 1, 20);
  // What another pipeline has: the vectors of all products, of length 3, with their texts.
  await db.sql.unsafe("drop table if exists public.made_elsewhere");
  await store(db.sql, model, await claim(db.sql));
  await db.sql`
    create table public.made_elsewhere as
    select e.product_id, e.embedding::real[]::vector + e.embedding + e.embedding as embedding, d.document
    from analytics_features.product_embeddings e join analytics_features.product_documents() d using (product_id)`;
  await db.sql`delete from analytics_features.product_embeddings where product_id > 5`;
});

const importFrom = async (args: string, from = "import_embeddings") => {
  const [row] = await db.sql.unsafe(
    `select imported::integer, serving::integer, skipped::integer from analytics_features.${from}(${args})`,
  );
  return { ...row };
};
const current = async () => {
  const [row] = await db.sql`select count(*)::integer as n from analytics_features.embedding_difference() where state = 'current'`;
  return row?.n;
};

test("vectors with their texts are taken over without encoding, and checked against our own", async (t) => {
  await db.sql`update public.made_elsewhere set document = 'something else' where product_id = 20`;
  await db.sql`insert into public.made_elsewhere select 999, embedding, document from public.made_elsewhere where product_id = 1`;
  t.deepEqual(await importFrom("'public.made_elsewhere', 'test', document_column => 'document'"), { imported: 14, serving: 1, skipped: 6 });
  t.is(await current(), 19);
  t.deepEqual(await queued(db.sql), [20], "the one with another text serves until it is encoded");
  const [row] =
    await db.sql`select bool_and(abs(vector_norm(embedding) - 1) < 0.001) as unit, count(*)::integer as n from analytics_features.product_embeddings`;
  t.deepEqual({ ...row }, { unit: true, n: 20 });
  t.deepEqual(await importFrom("'public.made_elsewhere', 'test', document_column => 'document'"), { imported: 0, serving: 0, skipped: 21 });
});

test("vectors may be arrays or texts; a value that is none, a number that is none and a column that is none are refused", async (t) => {
  for (const type of ["real[]", "double precision[]", "text"]) {
    await db.sql.unsafe(`
      drop table if exists public.written;
      create table public.written as select product_id::text as id, embedding::real[]::${type} as vector, document from public.made_elsewhere`);
    if (type === "text") await db.sql`update public.written set vector = translate(vector, '{}', '[]')`;
    t.deepEqual(
      await importFrom("'public.written', 'test', id_column => 'id', embedding_column => 'vector', document_column => 'document'"),
      { imported: 15, serving: 0, skipped: 5 },
      type,
    );
    await db.sql`delete from analytics_features.product_embeddings where product_id > 5`;
  }
  const refused = async (change: string, message: RegExp, columns = "id_column => 'id', embedding_column => 'vector'") => {
    await db.sql
      .begin(async (tx) => {
        await tx.unsafe(change);
        const error = await t.throwsAsync<Error & { code?: string; detail?: string }>(
          tx.unsafe(`select * from analytics_features.import_embeddings('public.written', 'test', ${columns})`),
        );
        t.is(error?.code, "PE035", error?.message);
        t.regex(error?.message ?? "", message);
      })
      .catch((error) => t.is(error.code, "PE035"));
    t.is(await current(), 5);
  };
  await refused("update public.written set id = 'seven' where id = '7'", /no product's number or no vector/);
  await refused("update public.written set vector = 'seven' where id = '7'", /no product's number or no vector/);
  await refused("select", /has no column null/, "id_column => null, embedding_column => 'vector'");
  await db.sql`drop table public.written`;
});

test("vectors of another model, of nothing to check by, or of a wrong call are refused and nothing is stored", async (t) => {
  const refused = async (args: string, code: string, message: RegExp) => {
    await fails(t, importFrom(args), { code, message });
    t.is(await current(), 5);
  };
  await refused("'public.nowhere', 'test'", "PE035", /no relation 'public\.nowhere'/);
  await refused("null, 'test'", "PE035", /no relation null/);
  await refused("'public.made_elsewhere', 'test', document_column => 'nope'", "PE035", /no column nope/);
  await refused("'public.made_elsewhere', 'another'", "PE031", /'another'/);
  await db.sql`update public.made_elsewhere m set embedding = (select o.embedding from public.made_elsewhere o where o.product_id = m.product_id + 1) where product_id = 3`;
  await refused("'public.made_elsewhere', 'test', document_column => 'document'", "PE035", /not of the model test: of 5 products/);
  await db.sql`delete from analytics_features.product_embeddings where product_id <= 3`;
  await fails(t, importFrom("'public.made_elsewhere', 'test', document_column => 'document'"), {
    code: "PE035",
    message: /cannot be checked: only 2/,
    hint: /npm run embed -- --limit 20/,
  });
  t.deepEqual(await importFrom("'public.made_elsewhere', 'test', document_column => 'document', force => true"), {
    imported: 18,
    serving: 0,
    skipped: 2,
  });
});

test("a vectorizer of pgai is read by its catalog, in either form, and products in pieces are left out", async (t) => {
  await db.sql.unsafe(`
    drop schema if exists ai cascade; create schema ai;
    create table public.blog_store (embedding_uuid uuid primary key default gen_random_uuid(), id bigint, chunk_seq int, chunk text, embedding vector(384), unique (id, chunk_seq));
    insert into public.blog_store (id, chunk_seq, chunk, embedding) select product_id, 0, document, embedding from public.made_elsewhere;
    insert into public.blog_store (id, chunk_seq, chunk, embedding) select product_id, 1, document, embedding from public.made_elsewhere where product_id = 9;
    create table ai.vectorizer (id int, source_schema name, source_table name, source_pk jsonb, target_schema name, target_table name, config jsonb);
    insert into ai.vectorizer values
      (1, 'public', 'blog', '[{"attname": "id", "pknum": 1}]', 'public', 'blog_store', '{"embedding": {"model": "test", "dimensions": 384}}'),
      (2, 'public', 'blog', '[{"attname": "id"}]', null, null,
        '{"embedding": {"model": "openai/large"}, "destination": {"target_schema": "public", "target_table": "blog_store"}}'),
      (3, 'public', 'blog', '[{"attname": "a"}, {"attname": "b"}]', 'public', 'blog_store', '{}')`);
  t.deepEqual(await importFrom("1", "import_pgai"), { imported: 14, serving: 0, skipped: 7 });
  t.is(await current(), 19);
  await fails(t, importFrom("2", "import_pgai"), { code: "PE031", message: /'openai\/large'/ });
  await fails(t, importFrom("3", "import_pgai"), { code: "PE035", message: /2 columns/ });
  await fails(t, importFrom("4", "import_pgai"), { code: "PE035", hint: /ai\.vectorizer/ });
  t.deepEqual(await importFrom("2, 'test'", "import_pgai"), { imported: 0, serving: 0, skipped: 21 });
  await db.sql.unsafe("drop schema ai cascade; drop table public.blog_store");
});

test("a job of pg_vectorize is read by its row; its vectors serve until the products are encoded", async (t) => {
  await db.sql.unsafe(`
    drop schema if exists vectorize cascade; create schema vectorize;
    create table vectorize.job (job_id bigserial, name text, transformer text, params jsonb);
    insert into vectorize.job (name, transformer, params) values
      ('apart', 'test', '{"schema": "public", "table": "shop", "primary_key": "id", "columns": ["name"], "table_method": "join"}'),
      ('beside', 'test', '{"schema": "public", "relation": "shop", "primary_key": "id", "table_method": "append"}');
    create table vectorize._embeddings_apart as select product_id as id, embedding as embeddings, now() as updated_at from public.made_elsewhere;
    create table public.shop as select product_id as id, embedding as beside_embeddings from public.made_elsewhere`);
  t.deepEqual(await importFrom("'apart'", "import_vectorize"), { imported: 0, serving: 15, skipped: 5 });
  t.is((await queued(db.sql)).length, 15);
  t.deepEqual(await importFrom("'beside', same_text => true", "import_vectorize"), { imported: 15, serving: 0, skipped: 5 });
  t.is(await current(), 20);
  await fails(t, importFrom("'none'", "import_vectorize"), { code: "PE035" });
  await db.sql.unsafe("drop schema vectorize cascade; drop table public.shop");
});

test("a file is brought in by COPY into a table of one's own", async (t) => {
  await db.sql.unsafe(`
    create table public.vectors (product_id bigint, embedding vector, document text);
    insert into public.vectors select * from public.made_elsewhere`);
  t.like(await importFrom("'public.vectors', 'test', document_column => 'document'"), { imported: 15 });
  await db.sql`drop table public.vectors`;
});
