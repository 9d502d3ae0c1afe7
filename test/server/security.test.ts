import anyTest from "ava";
import { connect, type Sql } from "../../runner/database.ts";
import { codeOf } from "../../runner/errors.ts";
import { fails } from "../helpers/errors.ts";
import { type Login, useRoles } from "../helpers/roles.ts";
import { drain, registerModel, unitVector } from "../helpers/source.ts";
import { databaseUrl } from "../helpers/template.ts";

/*
 * What a login that means harm comes upon. Before anything of ours is there, somebody who may create in public has put things in
 * the way: operators and functions that suit our calls better than pg_catalog's own. Whatever calls one leaves its role in public.trap.
 */
const test = anyTest.serial;
const pairs = [
  ["oid", "regclass"],
  ["regclass", "oid"],
  ["name", "text"],
  ["text", "name"],
  ["regtype", "oid"],
  ["bigint", "integer"],
  ["smallint", "bigint"],
  ["interval", "text"],
  ["jsonb", "jsonb"],
  ["bytea", "bytea"],
  ["text", "regclass"],
] as const;
const traps = `
  create table public.trap (who text, what text);
  grant insert on public.trap to public;
  grant create, usage on schema public to public;
  create table public.canary (x integer);
  insert into public.canary values (1);
  ${pairs
    .map(
      ([left, right], number) => `
        create function public.trap_${number}(${left}, ${right}) returns boolean language plpgsql as
          $$ begin insert into public.trap values (current_user, 'operator ${left} ${right}'); return false; end $$;
        ${["=", "<>", "<", ">", "<=", ">=", "~", "*<>"].map((sign) => `create operator public.${sign} (leftarg = ${left}, rightarg = ${right}, function = public.trap_${number});`).join("\n")}`,
    )
    .join("\n")}
  ${[
    "format(text, text)",
    "format(text, text, text)",
    "format(text, regclass)",
    "format(text, text, name)",
    "format(text, text, bigint)",
    "concat_ws(text, text, text)",
    "btrim(name)",
    "left(name, integer)",
    "quote_ident(name)",
    "coalesce(text, text)",
    "starts_with(name, text)",
    "to_regclass(name)",
    "count(bigint)",
    "hashtext(name)",
    "greatest(integer, bigint)",
    "lower(name)",
    "make_interval(integer)",
    "convert_to(text, text)",
    "vector_dims(public.vector)",
    "similarity(text, name)",
  ]
    .map((name) => {
      const safe = name.replace(/^[a-z_]+/, (word) => `"${word}"`);
      return `create function public.${safe} returns text language plpgsql as $$ begin insert into public.trap values (current_user, '${name}'); return null; end $$;`;
    })
    .join("\n")}`;
const roles = useRoles(
  anyTest,
  `create extension vector; create extension pg_trgm; ${traps.replace(/create function public\."vector_dims".*?\$\$;/, "")}`,
);
const { name, as, login, build } = roles;
let superuser: Sql;
test.before(async () => {
  superuser = connect(databaseUrl(name), 1);
  await build(30);
  await as.owner`select analytics_features.reconcile()`;
  await drain(as.worker, await registerModel(as.worker));
  await as.worker`select analytics_features.index_words()`;
});
test.after.always(async () => {
  await superuser?.end();
});

const trapped = async () => [...(await superuser<{ who: string; what: string }[]>`select who, what from public.trap`)];

/** Of whoever is not an extension. */
const strangers = `
  select o.oid from pg_operator o where o.oprnamespace = 'public'::regnamespace and not exists (select from pg_depend e where e.objid = o.oid and e.deptype = 'e')
  union all
  select p.oid from pg_proc p where p.pronamespace = 'public'::regnamespace and not exists (select from pg_depend e where e.objid = p.oid and e.deptype = 'e')`;

test("whatever stood in public before us is bound to nothing that we made, and was not called when we were", async (t) => {
  const bound = await superuser.unsafe<{ name: string }[]>(`
    select distinct pg_describe_object(d.classid, d.objid, d.objsubid) || ' uses ' || pg_describe_object(d.refclassid, d.refobjid, 0) as name
    from pg_depend d
    where d.refobjid in (${strangers}) and d.objid not in (${strangers})`);
  t.deepEqual(
    bound.map((row) => row.name),
    [],
  );
  t.deepEqual(await trapped(), []);
});

/* What a session may set about itself, and ALTER ROLE … SET for all of a role's: none of it may change what a text or a search is. */
const odd = {
  search_path: "trap, public, pg_catalog",
  DateStyle: "German, DMY",
  TimeZone: "Asia/Kathmandu",
  IntervalStyle: "sql_standard",
  extra_float_digits: "-15",
  bytea_output: "escape",
  standard_conforming_strings: "off",
  quote_all_identifiers: "on",
  array_nulls: "off",
  transform_null_equals: "on",
  default_text_search_config: "pg_catalog.german",
  plan_cache_mode: "force_custom_plan",
  enable_indexscan: "off",
  xmloption: "document",
};
/* Not the numbers: how many digits of them are shown is for the session to say. */
const searches = async (sql: Sql) => {
  const answers: string[] = [];
  for (const query of ["part 7", "code 12", "parts", "o'neil \\ $$ %s"]) {
    const hits = await sql<{ hit: string }[]>`
      select concat_ws(' ', h.product_id, h.name, h.price, array_to_string(h.matched_words, '+')) as hit
      from analytics_features.search_products_text(${query}, 20, '{"price": {"<": 25}, "name": {"=": ["part 7", "part 12", null], "like": "part _%"}}') h`;
    answers.push(...hits.map(({ hit }) => hit));
  }
  for (const hits of [
    await sql`select product_id from analytics_features.search_products(${unitVector(7)}::public.vector, 'cosine', 10, '{"deleted": false}')`,
    await sql`select product_id from analytics_features.similar_products(3, 5, null, 0.5)`,
    await sql`select product_id from analytics_features.duplicate_products(0.2)`,
    await sql`select product_id, reason from analytics_features.recommended_products('{1,2}')`,
    await sql`select state, products, embedded, missing, stale, triggers_attached, unusable_ids, model from analytics_features.compute_status()`,
  ]) {
    answers.push(JSON.stringify(hits));
  }
  return answers;
};
/** A session of this login as somebody who means harm leaves it: its settings, and temporary things named as ours. */
const hostile = async (who: Login) => {
  const sql = connect(roles.urlOf(who), 1);
  const tables = await superuser<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'analytics_features'::regnamespace and relkind in ('r', 'v')
    union select unnest(array['stg_product', 'new_rows', 'old_rows', 'pg_class', 'pg_attribute', 'pg_trigger', 'pg_namespace'])`;
  await sql.unsafe("set client_min_messages = error");
  for (const { name: table } of tables) {
    await sql.unsafe(`create temporary table "${table}" (product_id bigint, model_id integer, name text, query text)`);
  }
  for (const type of ["text", "bigint", "regclass", "jsonb", "vector"]) {
    await sql.unsafe(`create domain pg_temp."${type}" as pg_catalog.bool`);
  }
  await sql.unsafe(
    "create function pg_temp.similarity(text, text) returns real language sql as 'select 1::real'; create function pg_temp.vector_dims(public.vector) returns integer language sql as 'select 1'",
  );
  for (const [setting, value] of Object.entries(odd)) await sql`select pg_catalog.set_config(${setting}, ${value}, false)`;
  return sql;
};

test("temporary things named as ours, functions that suit better, and settings of a session change no answer, no text and no queue", async (t) => {
  await superuser.unsafe(`
    create schema trap;
    grant usage, create on schema trap to public;
    create function trap.search_products_text(text, integer, jsonb, text) returns setof public.trap language sql as 'table public.trap';
    create table trap.stg_product (product_id bigint)`);
  const expected = await searches(as.reader);
  const texts = async (sql: Sql) =>
    JSON.stringify(
      await sql`select product_id, encode(document_hash, 'hex') as hash from analytics_features.product_documents() order by 1`,
    );
  const expectedTexts = await texts(as.worker);
  for (const who of ["reader", "dbt", "operator"] as const) {
    const sql = await hostile(who);
    t.deepEqual(await searches(sql), expected, who);
    await sql.end();
  }
  const worker = await hostile("worker");
  t.is(await texts(worker), expectedTexts);
  t.is((await worker`select analytics_features.reconcile() as n`)[0]?.n, "0");
  await worker.end();

  // Its own operators are found by this session's path, so what it asks itself says which it means.
  const writer = await hostile("dbt");
  await writer`update staging_staging.stg_product set name = 'another' where product_id operator(pg_catalog.=) any ('{5,6}')`;
  await writer`insert into staging_staging.stg_product (product_id, name, price) values (31, 'part 31', 31.50)`;
  await writer`delete from staging_staging.stg_product where product_id operator(pg_catalog.=) 7`;
  t.is((await writer`select analytics_features.reconcile() as n`)[0]?.n, "0");
  await writer.end();
  const queued = await as.worker<
    { id: number }[]
  >`select distinct product_id::integer as id from analytics_features.queued_products order by 1`;
  t.deepEqual(
    queued.map(({ id }) => id),
    [5, 6, 7, 31],
  );

  for (const [setting, value] of Object.entries(odd))
    await superuser.unsafe(`alter role ${login("reader")} set ${setting} = ${setting === "search_path" ? value : `'${value}'`}`);
  const altered = connect(roles.urlOf("reader"), 1);
  t.deepEqual(await searches(altered), await searches(as.operator));
  await altered.end();
  await superuser.unsafe(`alter role ${login("reader")} reset all`);
  t.deepEqual(await trapped(), []);
});

test("each group may call, read and write what is listed here, and nothing else", async (t) => {
  const rights = async (group: string) => {
    const functions = await superuser<{ name: string }[]>`
      select distinct p.proname as name from pg_proc p
      where p.pronamespace = 'analytics_features'::regnamespace and has_function_privilege(${group}, p.oid, 'execute') order by 1`;
    const tables = await superuser<{ name: string }[]>`
      select c.relname || ': ' || string_agg(r.name, ' ' order by r.place) as name
      from pg_class c
      cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) with ordinality r (name, place)
      where c.relnamespace = 'analytics_features'::regnamespace and c.relkind in ('r', 'v', 'f', 'm', 'p')
        and case
          when r.name in ('select', 'insert', 'update', 'references') then has_any_column_privilege(${group}, c.oid, r.name)
          else has_table_privilege(${group}, c.oid, r.name)
        end
      group by c.relname order by 1`;
    return { functions: functions.map((row) => row.name), tables: tables.map((row) => row.name) };
  };
  const everything = await rights(login("owner"));
  const written = ["source_connection", "source_expressions"];
  const names = (text: string) => text.trim().split(/\s+/);
  t.deepEqual(await rights(login("stranger")), { functions: [], tables: [] });
  t.deepEqual(await rights("product_embeddings_worker"), {
    functions: everything.functions.filter((name) => !name.startsWith("tg__")),
    tables: everything.tables.map((table) => {
      const relation = table.replace(/:.*/, "");
      if (relation === "settings") return "settings: select update";
      return `${relation}: ${written.includes(relation) ? "select" : "select insert update delete"}`;
    }),
  });
  t.deepEqual(await rights("product_embeddings_attacher"), {
    functions: names(`
      attach attach_after_build attach_related attach_related_triggers attach_triggers compute_model_status compute_status detach
      detach_related doctor duplicate_products grant_read grant_source last_comparison measure_recall recommended_products reconcile reconcile_later
      refresh_pairs related_relation require_sound_source require_source search_products search_products_text similar_products
      source_is_replicated source_problems source_relation tg__product_changed tg__product_replicated tg__related_changed`),
    tables: [
      "document_fields: select",
      "document_order: select",
      "embedding_models: select",
      "embedding_status: select",
      "embedding_workers: select",
      "golden_queries: select insert update delete truncate",
      "kept_models: select",
      "model_status: select",
      "product_embeddings: select",
      "related_tables: select insert delete",
      "related_triggers: select",
      "settings: select",
      "source_columns: select",
      "source_copy_status: select",
      "source_log: select insert",
      "source_triggers: select",
      "synonyms: select insert update delete truncate",
      "vector_indexes: select",
    ],
  });
  t.deepEqual(await rights("product_embeddings_operator"), {
    functions: names("announce_changes compute_status operator_report retry_failed"),
    tables: [
      "embedding_activity: select",
      "embedding_models: select",
      "embedding_status: select",
      "embedding_workers: select",
      "product_failures: select delete",
      "product_queue: select insert update",
      "queued_products: select",
      "source_log: select",
      "vector_indexes: select",
    ],
  });
});

test("nobody's own types, views and overloads have a function of ours run what he wrote", async (t) => {
  await superuser.unsafe(`
    create table if not exists public.ran (who text);
    grant insert on public.ran to public;
    create schema own;
    grant usage, create on schema own to public`);
  const body = "language plpgsql as $$ begin insert into public.ran values (current_user); return 1; end $$";
  for (const who of ["dbt", "worker"] as const) {
    const sql = connect(roles.urlOf(who), 1);
    try {
      await sql.unsafe("set client_min_messages = error");
      for (const schema of ["pg_temp", "own"]) {
        await sql.unsafe(`
          create type ${schema}.kind_${who} as enum ('a');
          create function ${schema}.id_${who}(${schema}.kind_${who}) returns bigint ${body};
          create function ${schema}.text_${who}(${schema}.kind_${who}) returns text ${body};
          create cast (${schema}.kind_${who} as bigint) with function ${schema}.id_${who}(${schema}.kind_${who});
          create cast (${schema}.kind_${who} as text) with function ${schema}.text_${who}(${schema}.kind_${who});
          create table ${schema}.mine_${who} (product_id ${schema}.kind_${who}, name text)`);
        const trigger = sql.unsafe(`
          create trigger i after insert on ${schema}.mine_${who} referencing new table as new_rows for each statement execute function analytics_features.tg__product_changed();
          create trigger u after update on ${schema}.mine_${who} referencing new table as new_rows old table as old_rows for each statement execute function analytics_features.tg__product_changed();
          create trigger d after delete on ${schema}.mine_${who} referencing old table as old_rows for each statement execute function analytics_features.tg__product_changed()`);
        if (who === "worker") await fails(t, trigger, { code: "42501" });
        else {
          await trigger;
          await sql.unsafe(
            `insert into ${schema}.mine_${who} values ('a', 'b'); update ${schema}.mine_${who} set name = 'c'; delete from ${schema}.mine_${who}`,
          );
        }
      }
    } finally {
      await sql.end();
    }
  }
  for (const column of ["source_schema", "source_table", "document_hook", "interactions_schema", "interactions_table"]) {
    await fails(t, as.worker.unsafe(`update analytics_features.settings set ${column} = 'own'`), { code: "42501" });
  }
  await fails(t, as.worker`delete from analytics_features.settings`, { code: "42501" });
  await as.worker`update analytics_features.settings set lease = lease`;

  // A superuser's function of the same name, with other arguments, vouches for nothing.
  await superuser.unsafe("create function own.facts(text, text) returns text language sql stable as 'select $1'");
  await as.worker.unsafe(`create function own.facts(jsonb) returns jsonb ${body.replace("return 1", "return '{}'")}`);
  const [called] =
    await as.worker`select facts, error from analytics_features.call_document_hook('own.facts(text,text)'::regprocedure, '{}')`;
  t.like(called, { facts: null, error: "PE029: The hook is not a function that may be used." });
  t.deepEqual([...(await superuser`select who from public.ran`)], []);
  await superuser.unsafe("drop schema own cascade; drop table public.ran");
});

/* For text: quotes that end ours, dollars, format()'s signs, names, too long, not there. */
const texts = [
  "'; drop table public.canary; --",
  '"; drop table public.canary; --',
  "$$; drop table public.canary; $$",
  "$sql$ drop table public.canary $sql$",
  "\\'; drop table public.canary; --",
  "%s %I %L %1$s",
  "x') or true; delete from public.canary; --",
  "public.canary",
  'public."canary"',
  "pg_catalog.pg_authid",
  "{x,y}",
  "(1,2)",
  "\u0001\ufffe",
  "э́".repeat(3000),
  " ",
  "",
  null,
];
const documents = [
  "null",
  "1",
  '"x"',
  "[]",
  "[1]",
  "{}",
  '[{"query": 1}]',
  `{"name'; drop table public.canary; --": 1}`,
  '{"name": {"= 1; drop table public.canary; --": 1}}',
  `{"name": {"like": "'; drop table public.canary; --"}}`,
  `{"price": "1); drop table public.canary; --"}`,
  '{"name": "\\u0000"}',
  '{"name": "\\ud800"}',
  '{"name": [[1]]}',
  `{"weights": {"name": "1'; drop table public.canary"}, "labels": {"name": "'; drop table public.canary; --"}}`,
  null,
];
const nasty: Record<string, readonly (string | null)[]> = {
  text: texts,
  name: texts,
  jsonb: documents,
  "text[]": [`{"'; drop table public.canary; --","\\"x"}`, "{null}", "{}", null],
  "bigint[]": ["{null}", "{9223372036854775807,-1}", "{}", null],
  regclass: ["public.canary", "pg_catalog.pg_authid", null],
  integer: ["0", "-1", "2147483647", null],
  bigint: ["0", "-9223372036854775808", null],
  "double precision": ["NaN", "Infinity", "-1", null],
  interval: ["0", "-1 day", null],
};
const sensible: Record<string, string> = {
  vector: unitVector(7),
  "vector[]": `{"${unitVector(7)}"}`,
  text: "part 7",
  name: "pe",
  jsonb: "{}",
  integer: "3",
  bigint: "3",
  "double precision": "0.5",
  boolean: "false",
  interval: "10 milliseconds",
  "bigint[]": "{1,2}",
  "text[]": "{a,b}",
};

/* An undefined name, a value that does not fit, a right that is lacking: each says what is wrong. No syntax error and nothing internal. */
const documented =
  /^(PE\d{3}|22...|42501|42704|42P01|42P07|23502|23503|23505|23514|42883|42710|42939|55000|2BP01|2D000|0A000|40001|42P06)$/;

for (const who of ["reader", "operator", "dbt", "worker"] as const) {
  test(`whatever the ${who}'s login gives to a function it may call, it gets an answer or a documented error, and nobody's table is touched`, async (t) => {
    const sql = connect(roles.urlOf(who), 1);
    // But for what makes a table of the name that it is given, which is ours to give.
    const functions = await sql<{ name: string; kind: string; types: string[] }[]>`
      select p.proname as name, p.prokind::text as kind, array(select format_type(u, null) from unnest(p.proargtypes) u) as types
      from pg_proc p
      where p.pronamespace = 'analytics_features'::regnamespace and p.prorettype <> 'trigger'::regtype and p.pronargs > 0
        and has_function_privilege(p.oid, 'execute') and p.proname <> 'create_vector_table'
      order by p.oid`;
    const wrong = new Set<string>();
    let calls = 0;
    for (const { name: called, kind, types } of functions) {
      const given = types.map((type) => sensible[type.replace(/^public\./, "")] ?? null);
      for (const [place, type] of types.entries()) {
        for (const value of nasty[type] ?? []) {
          const values = given.map((sane, other) => (other === place ? value : sane));
          const call = `analytics_features.${called}(${types.map((each, i) => `$${i + 1}::${each}`).join(", ")})`;
          calls++;
          await sql.unsafe("begin; set local statement_timeout = '10s'; set local lock_timeout = '2s'");
          try {
            await sql.unsafe(kind === "p" ? `call ${call}` : `select * from ${call}`, values);
          } catch (error) {
            const code = codeOf(error) ?? "";
            if (!documented.test(code))
              wrong.add(`${call} with ${JSON.stringify(values).slice(0, 150)}: ${code} ${String(error).slice(0, 100)}`);
          }
          await sql.unsafe("rollback");
        }
      }
    }
    await sql.end();
    t.true(calls > 100, `${calls} calls`);
    t.deepEqual([...wrong], []);
    t.is((await superuser`select from public.canary where x = 1`).length, 1);
    t.deepEqual(await trapped(), []);
  });
}

test("a reader makes, changes and reads nothing of ours, and what he may call leaves nothing behind but what he searched for", async (t) => {
  for (const statement of [
    "create table analytics_features.mine (x integer)",
    "create view analytics_features.mine as select 1",
    "create function analytics_features.mine() returns integer language sql as 'select 1'",
    "create type analytics_features.mine as (x integer)",
    "create schema mine",
    "create trigger mine after insert on staging_staging.stg_product for each statement execute function analytics_features.tg__product_changed()",
    "create or replace function analytics_features.search_products_text(text, integer, jsonb, text) returns integer language sql as 'select 1'",
    "alter function analytics_features.search_products_text(text, integer, jsonb, text) security invoker",
    "alter table analytics_features.product_embeddings add column x integer",
    "comment on table analytics_features.settings is 'mine'",
    "drop table analytics_features.product_queue",
    "table analytics_features.product_queue",
    "table analytics_features.query_embeddings",
    "update analytics_features.settings set document_hook = 'public.trap'",
    "copy analytics_features.product_embeddings to stdout",
    "table graphile_worker._private_jobs",
    "table staging_staging.stg_product",
  ]) {
    await fails(t, as.reader.unsafe(statement), { code: "42501" });
  }
  const contents = async () => {
    const [row] = await superuser<{ text: string }[]>`
      select string_agg(c.relname || ': ' || md5(query_to_xml(format('select * from %s t order by t::text', c.oid::regclass), true, false, '')::text), ' ' order by c.relname) as text
      from pg_class c
      where c.relnamespace = 'analytics_features'::regnamespace and c.relkind = 'r' and c.relname <> 'query_embeddings'`;
    return row?.text;
  };
  const before = await contents();
  await searches(as.reader);
  await as.reader`select * from analytics_features.doctor()`;
  await as.reader`select * from analytics_features.measure_recall()`;
  await as.reader`select analytics_features.request_query('part 7')`;
  await as.reader`select * from analytics_features.model_status`;
  t.is(await contents(), before);
});
