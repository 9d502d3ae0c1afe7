import anyTest from "ava";
import { connect, openDatabase } from "../../runner/database.ts";
import { migrate } from "../../runner/migrate.ts";
import { readSettings } from "../../runner/settings.ts";
import { run } from "../helpers/command.ts";
import { fails } from "../helpers/errors.ts";
import { databaseUrl, serverUrl } from "../helpers/template.ts";

const test = anyTest.serial;

test("a locale that knows no letters but those of ASCII is found by doctor", async (t) => {
  const name = `product_embeddings_locale_${process.pid}`;
  const admin = connect(serverUrl ?? "", 1);
  await admin.unsafe(`create database ${name} encoding 'UTF8' locale 'C' template template0`);
  try {
    const settings = readSettings({ DATABASE_URL: databaseUrl(name) });
    const database = await openDatabase(settings);
    await database.sql.unsafe("create extension vector");
    await migrate(database, settings);
    const [finding] = await database.sql`
      select state, finding, fix from analytics_features.doctor() where check_name = 'locale'`;
    t.is(finding?.state, "warning");
    t.regex(finding?.finding, /^The database's locale, C, knows no letters but those of ASCII/);
    t.regex(finding?.fix, /lc_ctype 'C\.UTF-8' template template0/);
    await database.close();
  } finally {
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  }
});

for (const encoding of ["LATIN1", "SQL_ASCII"]) {
  test(`a database encoded in ${encoding} is refused before anything is made in it, with the command for another`, async (t) => {
    const name = `product_embeddings_encoding_${process.pid}`;
    const admin = connect(serverUrl ?? "", 1);
    await admin.unsafe(`create database ${name} encoding '${encoding}' locale 'C' template template0`);
    try {
      const env = { DATABASE_URL: databaseUrl(name) };
      const settings = readSettings(env);
      const database = await openDatabase(settings);
      await fails(t, migrate(database, settings), {
        code: "PE105",
        message: `The database ${name} is encoded in ${encoding}, and only UTF8 will do.`,
        hint: /create database … encoding 'UTF8' template template0;$/,
      });
      const [row] =
        await database.sql`select count(*)::integer as n from pg_namespace where nspname in ('analytics_features', 'graphile_worker')`;
      t.is(row?.n, 0);
      await database.close();
      const { code, stderr } = await run("migrate", [], env);
      t.is(code, 3);
      t.regex(stderr, /PE105/);
    } finally {
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    }
  });
}
