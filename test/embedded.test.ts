import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest from "ava";
import { connect, type Database, openDatabase } from "../runner/database.ts";
import { readSettings } from "../runner/settings.ts";
import { fails } from "./helpers/errors.ts";

const test = anyTest.serial;
let folder = "";
let database: Database;
const settings = (variables: Record<string, string> = {}) =>
  readSettings({ EMBEDDED_DATA_DIR: join(folder, "data"), EMBEDDED_PORT: "0", ...variables });

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "product-embeddings-embedded-"));
  database = await openDatabase(settings());
});
test.after.always(async () => {
  await database?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("many connections at once each get their own answers", async (t) => {
  const clients = Array.from({ length: 8 }, () => connect(database.url, 1));
  await Promise.all(
    clients.map(async (sql, client) => {
      for (let i = 0; i < 40; i++) {
        const number = client * 1000 + i;
        // Different numbers of parameters: a statement swapped for another fails or answers wrongly.
        const [row] =
          i % 2 === 0
            ? await sql`select ${number}::integer as n`
            : await sql`select ${number}::integer + ${0}::integer as n, ${"x"}::text as x`;
        t.is(row?.n, number);
        if (i % 10 === 0) await sql.begin(async (tx) => t.is((await tx`select ${number}::integer as n`)[0]?.n, number));
      }
    }),
  );
  await Promise.all(clients.map((sql) => sql.end()));
});

test("a client that goes in the middle of a transaction leaves the others working", async (t) => {
  const leaver = connect(database.url, 1);
  const transaction = leaver.begin(async (sql) => {
    await sql`create table never (n integer)`;
    await leaver.end({ timeout: 0 });
  });
  await t.throwsAsync(transaction);
  const [row] = await database.sql`select to_regclass('never') is null as gone`;
  t.true(row?.gone);
});

test("a lock that a killed process left is taken over", async (t) => {
  const dataDir = join(folder, "killed");
  writeFileSync(`${dataDir}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, port: 1 }));
  const opened = await openDatabase(settings({ EMBEDDED_DATA_DIR: dataDir }));
  t.false(opened.shared);
  await opened.close();
  t.false(existsSync(`${dataDir}.lock`));
});

test("a folder that cannot be made is told from a server that was not named", async (t) => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const dataDir of [join(file, "data"), join(file, "below/data")]) {
    await fails(t, openDatabase(settings({ EMBEDDED_DATA_DIR: dataDir })), {
      code: "PE104",
      message: `The embedded database cannot write ${dataDir}.lock.`,
      hint: /DATABASE_URL/,
    });
  }
});

test("a port that is taken is passed over, unless it was asked for by name", async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as { port: number };
  const dataDir = join(folder, "port");
  await fails(t, openDatabase(settings({ EMBEDDED_DATA_DIR: dataDir, EMBEDDED_PORT: String(port) })), {
    code: "PE104",
    message: `Port ${port} is in use by another program.`,
    hint: /EMBEDDED_PORT/,
  });
  t.false(existsSync(`${dataDir}.lock`));
  const wanted = settings({ EMBEDDED_DATA_DIR: dataDir });
  const opened = await openDatabase({ ...wanted, database: { kind: "embedded", dataDir, port, portIsFixed: false } });
  t.not(new URL(opened.url).port, String(port));
  await opened.close();
  await new Promise((resolve) => holder.close(resolve));
});
