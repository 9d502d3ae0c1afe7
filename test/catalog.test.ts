import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import anyTest from "ava";
import { root } from "../runner/settings.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, drain, registerModel } from "./helpers/source.ts";

/* What is promised of every object and every code, checked over all of them. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

const files = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
const read = (file: string) => readFileSync(file, "utf8");
const codesIn = (text: string) => new Set(text.match(/\bPE\d{3}\b/g) ?? []);

test("every table, view, column and function has a comment", async (t) => {
  const bare = await db.sql`
    select c.oid::regclass::text as name from pg_class c
    where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null
    union all
    select a.attrelid::regclass || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
      and col_description(a.attrelid, a.attnum) is null
    union all
    select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace = 'analytics_features'::regnamespace and obj_description(p.oid, 'pg_proc') is null`;
  t.deepEqual(
    bare.map(({ name }) => name),
    [],
  );
});

test("every function pins its search_path, and only what is called without rights on our tables runs with its owner's", async (t) => {
  const loose = await db.sql`
    select p.proname from pg_proc p
    where p.pronamespace = 'analytics_features'::regnamespace
      and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false)
    order by 1`;
  // Inlined, which a SET clause forbids, or commits, which it forbids too; they name everything in full.
  t.deepEqual(
    loose.map(({ proname }) => proname),
    [
      "announce_changes",
      "embed_query",
      "fold_text",
      "idf",
      "min_max",
      "notes_unseen",
      "source_rows",
      "squash_text",
      "word_score",
      "words_of",
    ],
  );
  const definers = await db.sql`
    select p.proname, has_function_privilege('public', p.oid, 'execute') as everybody from pg_proc p
    where p.pronamespace = 'analytics_features'::regnamespace and p.prosecdef order by 1`;
  t.deepEqual(
    [...definers],
    [
      { proname: "begin_preparation", everybody: false },
      { proname: "call_document_hook", everybody: false },
      { proname: "compute_model_status", everybody: false },
      { proname: "compute_status", everybody: false },
      { proname: "doctor", everybody: false },
      { proname: "doctor_migrations", everybody: false },
      { proname: "duplicate_products", everybody: false },
      { proname: "mapped_products", everybody: false },
      { proname: "measure_recall", everybody: false },
      { proname: "note_copy_failure", everybody: false },
      { proname: "recommended_products", everybody: false },
      { proname: "reconcile", everybody: false },
      { proname: "reconcile_later", everybody: false },
      { proname: "refresh_copy", everybody: false },
      { proname: "refresh_pairs", everybody: false },
      { proname: "request_query", everybody: false },
      { proname: "search_products", everybody: false },
      { proname: "search_products", everybody: false },
      { proname: "search_products_text", everybody: false },
      { proname: "similar_products", everybody: false },
      { proname: "tg__product_changed", everybody: false },
      { proname: "tg__product_replicated", everybody: false },
      { proname: "tg__related_changed", everybody: false },
      { proname: "tg__synonym_key", everybody: false },
      { proname: "wake_worker", everybody: false },
    ],
  );
});

test("a backslash stands in escape strings only, which mean the same whatever a session has set", async (t) => {
  const functions = await db.sql<{ name: string; body: string }[]>`
    select proname as name, prosrc as body from pg_proc where pronamespace = 'analytics_features'::regnamespace`;
  const loose = functions.flatMap(({ name, body }) =>
    body.split("\n").flatMap((line) => (line.includes("\\") && !/\bE'/.test(line) ? [`${name}: ${line}`] : [])),
  );
  t.deepEqual(loose, []);
});

test("no column of ours has a type that pg_upgrade refuses a server for", async (t) => {
  // pg_upgrade keeps the numbers of tables, types and roles, and gives the others anew.
  const refused = ["regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator", "regproc", "regprocedure"];
  const columns = await db.sql`
    select a.attrelid::regclass || '.' || a.attname as name
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_type t on t.oid = a.atttypid
    left join pg_type o on o.oid in (t.typelem, t.typbasetype)
    where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'i', 'm', 'c') and a.attnum > 0 and not a.attisdropped
      and (t.typname = any (${refused}) or o.typname = any (${refused}))`;
  t.deepEqual(
    columns.map(({ name }) => name),
    [],
  );
});

test("a migration begins with what an owner who is no superuser needs, and with a path that nobody can put a name into", (t) => {
  const [first, ...later] = files("migrations/committed", ".sql").sort().slice(4);
  t.regex(first ?? "", /000005-/);
  for (const file of [first ?? "", ...later]) {
    const [head = ""] = read(file).split("--! Included");
    for (const statement of [
      "select '[1]':::VECTOR_SCHEMA.vector, :TRGM_SCHEMA.similarity('a', 'a');",
      "set local search_path = pg_catalog, pg_temp;",
      "set local check_function_bodies = off;",
    ]) {
      t.true(head.includes(`\n${statement}\n`), `${file}: ${statement}`);
    }
  }
});

test("nothing of ours depends on the source", async (t) => {
  await db.sql.unsafe(read(`${root}/sample/stg_product.sql`));
  await db.sql`select analytics_features.attach()`;
  await db.sql`select * from analytics_features.compute_status()`;
  // Without cascade: it fails if anything but the triggers would go with it.
  await db.sql`drop table staging_staging.stg_product`;
  t.pass();
});

test("every error code that can be raised is in docs/errors.md with what to do, and no other", (t) => {
  const raised = new Set(
    [...files("sql", ".sql"), ...files("migrations", ".sql")].flatMap((file) =>
      [...(read(file).match(/errcode = 'PE\d{3}'/g) ?? [])].flatMap((found) => [...codesIn(found)]),
    ),
  );
  for (const code of codesIn(read(`${root}/runner/errors.ts`))) raised.add(code);
  const documented = new Set([...read(`${root}/docs/errors.md`).matchAll(/^\| (PE\d{3}) \|/gm)].map(([, code]) => code ?? ""));
  t.deepEqual([...documented].sort(), [...raised].sort());
});

test("a function's comment names the codes that what it calls raises", async (t) => {
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, await registerModel(db.sql));
  const refuses = async (name: string, args: string, code: string) => {
    await fails(t, db.sql.unsafe(`select analytics_features.${name}(${args})`), { code });
    const [row] = await db.sql<{ comment: string }[]>`
      select obj_description(oid, 'pg_proc') as comment from pg_proc
      where pronamespace = 'analytics_features'::regnamespace and proname = ${name}`;
    const named = [...(row?.comment ?? "").matchAll(/PE(\d{3})(?: to PE(\d{3}))?/g)];
    const number = Number(code.slice(2));
    t.true(
      named.some(([, first, last = first]) => Number(first) <= number && number <= Number(last)),
      `${name}: ${code}`,
    );
  };
  for (const [filter, code] of [
    ['{"nope": 1}', "PE015"],
    ['{"price": "cheap"}', "PE016"],
  ] as const) {
    await refuses("similar_products", `7807552, 10, '${filter}'`, code);
    await refuses("recommended_products", `array[7807552], 10, '${filter}'`, code);
  }
  await db.sql`update analytics_features.settings set document_hook = 'public.gone'`;
  for (const name of ["reconcile", "full_pass"]) await refuses(name, "", "PE029");
  await db.sql`update analytics_features.settings set document_hook = null`;
  await db.sql`drop table staging_staging.stg_product`;
});

test("each task that SQL wakes, or that has its times, is one that the worker has", (t) => {
  // A job of any other name waits for good, and nothing says so.
  const worker = read(`${root}/tasks/worker.ts`);
  const named = new Set(
    [...files("sql", ".sql"), ...files("runner", ".ts"), ...files("tasks", ".ts")].flatMap((file) =>
      [...read(file).matchAll(/(?:task => '|task text default '|cronItem\("|addJob\(")(\w+)/g)].map(([, name = ""]) => name),
    ),
  );
  t.true(named.size > 7);
  for (const name of named) t.true(existsSync(`${root}/tasks/${name}.ts`) && worker.includes(` ${name}: `), name);
});

test("every setting is in docs/settings.md", (t) => {
  const docs = read(`${root}/docs/settings.md`);
  const known =
    read(`${root}/runner/settings.ts`)
      .match(/^ {2}[A-Z][A-Z_]+(?=:)/gm)
      ?.map((name) => name.trim()) ?? [];
  t.true(known.length > 20);
  for (const name of known) t.true(docs.includes(`\`${name}\``), name);
});

test("every setting in the database is in docs/settings.md with its default, and no other", async (t) => {
  const [settings] =
    await db.sql`insert into analytics_features.settings (singleton) values (true) on conflict (singleton) do update set singleton = true
    returning to_jsonb(settings) as now`;
  const now = settings?.now as Record<string, unknown>;
  const [, section = ""] = read(`${root}/docs/settings.md`).split("## In the database");
  const documented = new Map<string, string>();
  for (const [, columns = "", values = ""] of section.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gm)) {
    const names = columns.match(/(?<=`)\w+(?=`)/g) ?? [];
    for (const [index, name] of names.entries()) documented.set(name, values.trim().split(", ")[index] ?? "");
  }
  t.deepEqual(
    [...documented.keys()].sort(),
    Object.keys(now)
      .filter((name) => name !== "singleton")
      .sort(),
  );
  for (const [name, value] of documented) if (/^[\d.]+$/.test(value)) t.is(now[name], Number(value), name);
});

test("every object has a file of its name, and every table, view and function is in docs/sql.md", async (t) => {
  const objects = await db.sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'analytics_features'::regnamespace and relkind in ('r', 'v')
    union select proname from pg_proc where pronamespace = 'analytics_features'::regnamespace order by 1`;
  const names = new Set(files("sql", ".sql").map((file) => file.replace(/^.*\/|\.sql$/g, "")));
  const docs = read(`${root}/docs/sql.md`);
  for (const { name } of objects) {
    if (name !== "product_embeddings") t.true(names.has(name), `${name} has no file`);
    t.true(docs.includes(name), `${name} is not in docs/sql.md`);
  }
});

test("links between the pages lead somewhere", (t) => {
  const prose = (file: string) => read(file).replace(/```.*?```/gs, "");
  // As a heading's anchor is made of it where pages are shown.
  const anchors = (file: string) =>
    [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-"),
    );
  for (const file of ["README.md", "CONVENTIONS.md", "dbt/README.md", "dbt/example/README.md"]
    .map((name) => join(root, name))
    .concat(files("docs", ".md"))) {
    for (const [, link = "", anchor] of prose(file).matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)) {
      const target = link === "" ? file : join(file, "..", link);
      t.true(existsSync(target), `${file}: ${link}`);
      if (anchor !== "" && target.endsWith(".md")) t.true(anchors(target).includes(anchor ?? ""), `${file}: ${link}#${anchor}`);
    }
  }
});
