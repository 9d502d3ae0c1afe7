import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { migrate as runCommitted } from "graphile-migrate";
import { clearAllPools } from "graphile-migrate/dist/pgReal.js";
import { runMigrations } from "graphile-worker";
import { migrate, migrateSettings, requireMigrated } from "../runner/migrate.ts";
import { root } from "../runner/settings.ts";
import { run } from "./helpers/command.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { claim, createSample, drain, queued, registerModel, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest, { migrated: false });

const committed = readdirSync(join(root, "migrations/committed")).sort();

/** On the embedded server all connections are one session, in which the tool's statements have a name already. */
const forgetStatements = () => db.sql`deallocate all`;

/** Deploys as a checkout did that had only the first so many migrations, into a database that has nothing of ours. */
async function migrateTo(count: number): Promise<void> {
  await db.sql.unsafe("drop schema if exists analytics_features, graphile_worker, graphile_migrate, staging_staging cascade");
  await forgetStatements();
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-earlier-"));
  mkdirSync(join(folder, "committed"));
  for (const file of committed.slice(0, count)) {
    cpSync(join(root, "migrations/committed", file), join(folder, "committed", file));
  }
  await runMigrations({ connectionString: db.database.url, noPreparedStatements: true });
  await runCommitted({ ...(await migrateSettings(db.database, db.settings)), migrationsFolder: folder }).finally(clearAllPools);
  rmSync(folder, { recursive: true });
  await forgetStatements();
}

/** Every value of what an upgrade must not lose, under table, key and column: what is new may come on top. */
const stored = async () => {
  const values = new Map<string, string>();
  for (const [table, key] of Object.entries({
    product_embeddings: "product_id",
    settings: "singleton",
    embedding_models: "name",
    product_claims: "worker",
    product_failures: "product_id",
    document_fields: "column_name",
    document_order: "column_name",
  })) {
    const [there] = await db.sql<{ yes: boolean }[]>`select to_regclass(${`analytics_features.${table}`}) is not null as yes`;
    if (there?.yes !== true) continue;
    const rows = await db.sql<{ name: string; value: string }[]>`
      select concat_ws(' ', ${table}::text, to_jsonb(r) ->> ${key}, v.key) as name, v.value
      from analytics_features.${db.sql(table)} r cross join jsonb_each_text(to_jsonb(r)) v`;
    for (const { name, value } of rows) values.set(name, value);
  }
  return values;
};

for (const count of [10, 12]) {
  test(`a view of somebody's in the way of the migration after ${committed[count - 1]} is named, and is kept`, async (t) => {
    await migrateTo(count);
    await db.sql`create view public.shown_settings as select * from analytics_features.settings`;
    await fails(t, migrate(db.database, db.settings), { code: "PE175", message: /: .*view (public\.)?shown_settings depends on column / });
    await forgetStatements();
    t.is((await db.sql`select from public.shown_settings`).length, 1);
    await db.sql`drop view public.shown_settings`;
    await migrate(db.database, db.settings);
    await forgetStatements();
    t.is((await db.sql`select from graphile_migrate.migrations`).length, committed.length);
  });
}

// The last one leaves the database that the tests below go on with.
for (const count of committed.map((_, index) => index + 1).reverse()) {
  test(`an upgrade from ${committed[count - 1]} keeps vectors, queue, claims and failures, and encodes nothing again`, async (t) => {
    await migrateTo(count);
    await createSample(db.sql);
    // What a state of then gave vectors and took changes with; from 000004 on the table of vectors is completed by a function.
    if (count === committed.length) await migrate(db.database, db.settings);
    else if (count > 3) await db.sql`select analytics_features.create_product_embeddings(${db.settings.dimension})`;
    await db.sql`select analytics_features.attach()`;
    const model = await registerModel(db.sql);
    t.is(await drain(db.sql, model), 115);
    const words = count > 2;
    await db.sql`update staging_staging.stg_product set price = 1 where product_id in (8100011, 8100012)`;
    await claim(db.sql, "left behind", 1);
    await db.sql`insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (1, 5, 'odd', true)`;

    await db.sql`update analytics_features.settings set lease = '7 minutes', max_document_characters = 1234`;
    // A value that somebody chose stays; a default of before becomes that of now.
    const chosen = count % 2 === 1;
    if (words && chosen) await db.sql`update analytics_features.settings set vector_weight = 0.3`;
    // Words that were stemmed by another configuration than the one of now keep saying so.
    if (words) await db.sql`update analytics_features.product_words set config = 'german' where product_id = 8100011`;
    const before = await stored();
    if (words && !chosen) before.set("settings true vector_weight", "0.25");
    before.delete("settings true prose_vector_weight");

    // Those of before there were words are queued for them; one whose name mixes two scripts and eight with a hyphen are taken up anew; the
    // two wait already. Where triggers are made too, the one that nobody claimed is noted again.
    const anew = count < 11 ? 9 : count < 12 ? 8 : 0;
    t.deepEqual(await migrate(db.database, db.settings), {
      sourceExists: true,
      attached: true,
      queued: words ? anew : count === 1 ? 114 : 113,
    });
    t.is((await queued(db.sql)).length, words ? anew + 2 : 115);
    if (words) {
      const configs = await db.sql`select product_id::integer from analytics_features.product_words where config::text = 'german'`;
      t.deepEqual([...configs], [{ product_id: 8100011 }]);
    }
    const after = await stored();
    for (const [row, value] of before) t.is(after.get(row), value, row);
    t.true(before.size > 115);
    const [status] = await db.sql`
      select products::integer, embedded::integer, stale::integer, claimed::integer, failed::integer, triggers_attached
      from analytics_features.compute_status()`;
    t.deepEqual({ ...status }, { products: 115, embedded: 115, stale: 2, claimed: 1, failed: 1, triggers_attached: true });
    await db.sql`update analytics_features.product_claims set lease_until = now()`;
    t.is(await drain(db.sql, model), 2);
    t.is((await db.sql`select from analytics_features.product_words`).length, 115);
    const shown = await run("status", [], db.env);
    t.is(shown.code, 0, shown.stderr);
    t.regex(shown.stdout, /115/);
  });
}

/** Everything of ours that SQL defines, as text; `ordered` tells a column that was made anew, behind the others. */
const definitions = async ({ ordered }: { ordered: boolean }) => {
  const rows = await db.sql<{ text: string }[]>`
    select pg_get_functiondef(p.oid) || coalesce(obj_description(p.oid, 'pg_proc'), '') as text
    from pg_proc p where p.pronamespace = 'analytics_features'::regnamespace
    union all
    select c.relname || coalesce(pg_get_viewdef(c.oid), '') || coalesce(obj_description(c.oid, 'pg_class'), '')
    from pg_class c where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v')
    union all
    select pg_get_indexdef(c.oid) from pg_class c where c.relnamespace = 'analytics_features'::regnamespace and c.relkind = 'i'
    union all
    select concat_ws(' ', a.attrelid::regclass, case when ${ordered} then a.attnum end, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
      pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum))
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
    union all
    select concat_ws(' ', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
    from pg_constraint c where c.connamespace = 'analytics_features'::regnamespace
    union all
    select pg_get_triggerdef(g.oid)
    from pg_trigger g join pg_class c on c.oid = g.tgrelid where c.relnamespace = 'analytics_features'::regnamespace and not g.tgisinternal
    order by 1`;
  return rows.map(({ text }) => text);
};

/** Only what differs: all of it is ten thousand lines. */
const differences = (migrations: string[], files: string[]) => ({
  migrations: migrations.filter((text) => !files.includes(text)),
  files: files.filter((text) => !migrations.includes(text)),
});

/** What each file below sql/ has the server do. */
const statements = (): string[] => {
  const names: Record<string, string> = {
    ":PGVECTOR_SCHEMA": "analytics_features",
    ":PGVECTOR_TABLE": "product_embeddings",
    ":VECTOR_SCHEMA": "public",
    ":TRGM_SCHEMA": "public",
  };
  return readdirSync(join(root, "sql"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((folder) => readdirSync(join(root, "sql", folder.name)).map((file) => join(root, "sql", folder.name, file)))
    .map((file) =>
      readFileSync(file, "utf8").replaceAll(
        /:(PGVECTOR_SCHEMA|PGVECTOR_TABLE|VECTOR_SCHEMA|TRGM_SCHEMA)\b/g,
        (found) => names[found] ?? found,
      ),
    );
};

test("the files below sql/ are what the migrations made: running each again changes nothing", async (t) => {
  const before = await definitions({ ordered: true });
  t.true(before.length > 150);
  await db.sql.begin(async (sql) => {
    await sql`set local check_function_bodies = off`;
    for (const text of statements()) await sql.unsafe(text);
  });
  // One has its body from the source.
  await db.sql`select analytics_features.note_expressions()`;
  t.deepEqual(differences(before, await definitions({ ordered: true })), { migrations: [], files: [] });
});

test("the files below sql/ alone make what the migrations made", async (t) => {
  const before = await definitions({ ordered: false });
  const sql = await db.sql.reserve();
  await sql`alter schema analytics_features rename to migrated`;
  try {
    await sql`create schema analytics_features`;
    await sql`set check_function_bodies = off`;
    // What a file needs is in one that may come later: those that could not run have another turn.
    for (let left = statements(); left.length > 0; ) {
      const failed: { text: string; error: unknown }[] = [];
      for (const text of left) await sql.unsafe(text).catch((error) => failed.push({ text, error }));
      if (failed.length === left.length) throw failed[0]?.error;
      left = failed.map(({ text }) => text);
    }
    await sql`select analytics_features.create_product_embeddings(${db.settings.dimension})`;
    await sql`select analytics_features.note_expressions()`;
    t.deepEqual(differences(before, await definitions({ ordered: false })), { migrations: [], files: [] });
  } finally {
    await sql`drop schema if exists analytics_features cascade`;
    await sql`alter schema migrated rename to analytics_features`;
    await sql`reset check_function_bodies`;
    sql.release();
  }
});

const works = async (schema: string) => {
  const hits = await db.sql.unsafe(`select * from ${schema}.search_products('${unitVector(7)}', 'l2', 5)`);
  await db.sql`update staging_staging.stg_product set price = price + 1 where product_id = 8100011`;
  const [status] = await db.sql.unsafe(`select queued::integer, stale::integer, notes from ${schema}.compute_status()`);
  await db.sql.unsafe(`delete from ${schema}.product_queue`);
  return { hits: hits.length, ...status };
};

test("a renamed schema goes on working, and the settings are told apart from it", async (t) => {
  await db.sql`select analytics_features.rename_schema('catalogue_search')`;
  t.like(await works("catalogue_search"), { hits: 5, queued: 1, stale: 1 });
  const [left] = await db.sql`
    select count(*)::integer as n from pg_proc where pronamespace = 'catalogue_search'::regnamespace
      and (pg_get_functiondef(oid) ~ 'analytics_features' or obj_description(oid, 'pg_proc') ~ 'analytics_features')`;
  t.is(left?.n, 0);
  await fails(t, migrate(db.database, db.settings), { code: "PE103", hint: /rename_schema\('analytics_features'\)/ });
  t.like(await migrate(db.database, { ...db.settings, schema: "catalogue_search" }), { sourceExists: true, attached: true });
});

test("a schema that was renamed by hand is mended by migrating, which every command says until then", async (t) => {
  await db.sql`alter schema catalogue_search rename to search`;
  const renamed = { ...db.settings, schema: "search" };
  await fails(t, requireMigrated(db.sql, renamed), { code: "PE103", message: /search was renamed/, hint: /^npm run migrate$/ });
  t.like(await migrate(db.database, renamed), { sourceExists: true, attached: true });
  await t.notThrowsAsync(requireMigrated(db.sql, renamed));
  await db.sql`alter schema search rename to analytics_features`;
  t.like(await migrate(db.database, db.settings), { sourceExists: true, attached: true });
  t.like(await works("analytics_features"), { hits: 5, queued: 1 });
});

test("a name that would need quotes is refused", async (t) => {
  for (const name of ["Two Words", "user", "", "pg_own", "graphile_worker", null]) {
    await fails(t, db.sql`select analytics_features.rename_schema(${name})`, { code: "PE007" });
  }
});
