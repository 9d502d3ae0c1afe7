import anyTest from "ava";
import { refreshCopy } from "../runner/copy.ts";
import { useDatabase } from "./helpers/database.ts";
import { fails } from "./helpers/errors.ts";
import { createSample, startOver } from "./helpers/source.ts";

/* Products of another database, as far as it can be seen without one; test/server/two-databases.test.ts has the rest. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

test("the embedded database says that it cannot reach another one", async (t) => {
  if (!db.database.embedded) return t.pass("only there");
  await fails(t, db.sql`select analytics_features.connect_source('localhost', 5432, 'dwh', 'feed', 'secret')`, {
    code: "PE150",
    message: "This PostgreSQL has no postgres_fdw, through which products of another database are read.",
    hint: /DATABASE_URL=postgres:/,
  });
});

test("with the products in this database there is nothing to refresh, and the worker's task says nothing", async (t) => {
  await startOver(db.sql);
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  t.is((await refreshCopy(db.sql, "analytics_features", { onlyIfDue: true })).outcome, "not connected");
  t.is((await db.sql`select from analytics_features.source_copy_status`).length, 0);
  t.is((await db.sql`select from analytics_features.copy_notes()`).length, 0);
  await fails(t, db.sql`select analytics_features.refresh_copy()`, { code: "PE153", hint: /npm run migrate/ });
  t.like((await db.sql`select source from analytics_features.embedding_status`)[0], { source: "staging_staging.stg_product" });
});

test("an error of the other database is told in one sentence, without a product's value", async (t) => {
  const told = async (state: string, message: string, detail: string) =>
    (await db.sql`select analytics_features.copy_failure(${state}, ${message}, ${detail}) as told`)[0]?.told;
  t.is(
    await told("22P02", 'invalid input syntax for type integer: "Домкрат"', ""),
    "A column there has values that its type cannot take here",
  );
  t.is(
    await told("08001", 'could not connect to server "x"', "connection failed: refused.\n\tIs it running?\n"),
    "connection failed: refused",
  );
  t.is(await told("42P01", "relation does not exist.", "something"), "relation does not exist");
});
