import { createServer, type Server, type Socket } from "node:net";
import anyTest from "ava";
import { watchConnections } from "../../runner/connections.ts";
import { connect, type Sql } from "../../runner/database.ts";
import { codeOf } from "../../runner/errors.ts";
import { useDatabase } from "../helpers/database.ts";
import { until } from "../helpers/source.ts";

/* What patches/ mends in the driver: each of these hung, ended the process, ran where it must not or was answered wrongly. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const url = () => db.env.DATABASE_URL as string;

/** Connections whose sockets the test may break. */
function breakable(max: number): { sql: Sql; sockets: Socket[] } {
  const sockets: Socket[] = [];
  const watch = watchConnections(url(), 10_000);
  const sql = connect(url(), max, {
    watch: {
      ...watch,
      socket: () => {
        const socket = watch.socket();
        sockets.push(socket);
        return socket;
      },
    },
  });
  return { sql, sockets };
}

const codeOfFailure = (query: Promise<unknown>) => query.then(() => "none", codeOf);

test("a connection that closed before a query was sent serves the next one", async (t) => {
  const { sql, sockets } = breakable(1);
  for (const reason of [undefined, new Error("broken")]) {
    await sql`select 1`;
    const lost = await new Promise((resolve) => {
      // Between the end of the socket and its close event, where the driver still takes a query and has no time left to send it.
      setImmediate(() => {
        sockets.at(-1)?.destroy(reason);
        resolve(codeOfFailure(sql`select 2`));
      });
    });
    t.is(lost, "CONNECTION_CLOSED");
    const [row] = await sql`select 3 as answer`;
    t.is(row?.answer, 3);
  }
  await sql.end();
});

test("a query that waits on a connection that breaks fails with what the server said, and the next one does not", async (t) => {
  const { sql } = breakable(1);
  t.is(await codeOfFailure(sql`select pg_terminate_backend(pg_backend_pid())`), "57P01");
  const [row] = await sql`select 1 as answer`;
  t.is(row?.answer, 1);
  await sql.end();
});

test("rows that came before an error are no part of the next answer", async (t) => {
  const { sql } = breakable(1);
  t.is(await codeOfFailure(sql`select 1 / (3 - n) from generate_series(1, 5) n`), "22012");
  t.deepEqual([...(await sql`select 1 as answer`)], [{ answer: 1 }]);
  await sql.end();
});

for (const kind of ["begin", "reserve"] as const) {
  test(`what is asked of a lost connection (${kind}) fails, and never runs on the next one`, async (t) => {
    const { sql, sockets } = breakable(1);
    const use = async (own: Sql) => {
      await own`create temp table mine ()`;
      const waits = codeOfFailure(own`select pg_sleep(60)`);
      sockets.at(-1)?.destroy();
      t.is(await waits, "CONNECTION_CLOSED");
      // The same place of the pool, connected anew.
      await sql`select 1`;
      t.is(await codeOfFailure(own`create table public.stray ()`), "CONNECTION_CLOSED");
    };
    if (kind === "begin") t.is(await codeOfFailure(sql.begin((own) => use(own as unknown as Sql))), "CONNECTION_CLOSED");
    else {
      const own = await sql.reserve();
      await use(own);
      own.release();
    }
    const [row] = await sql`select to_regclass('public.stray') as stray`;
    t.is(row?.stray, null);
    await sql.end();
  });
}

test("who waits to reserve a connection gets the next one when the one that all wait for is lost, and is told when there is none", async (t) => {
  const { sql, sockets } = breakable(1);
  await sql`select 1`;
  const busy = codeOfFailure(sql`select pg_sleep(60)`);
  await new Promise((resolve) => setImmediate(resolve));
  const reserving = sql.reserve();
  sockets.at(-1)?.destroy();
  t.is(await busy, "CONNECTION_CLOSED");
  const own = await reserving;
  t.is((await own`select 1 as answer`)[0]?.answer, 1);
  own.release();
  await sql.end();

  const nowhere = connect("postgres://nobody@127.0.0.1:1/none", 1);
  for (const _ of [1, 2]) t.is(await codeOfFailure(nowhere.reserve()), "ECONNREFUSED");
  await nowhere.end();
});

test("who accepts connections and closes them at once fails a query, and is asked less and less often by a listener", async (t) => {
  const tries: number[] = [];
  const server: Server = createServer((socket) => {
    tries.push(performance.now());
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { port: number };
  const sql = connect(`postgres://nobody@127.0.0.1:${address.port}/none`, 1);
  t.is(await codeOfFailure(sql`select 1`), "CONNECTION_CLOSED");
  t.is(tries.length, 1);
  t.is(await codeOfFailure(sql.listen("anything", () => {})), "CONNECTION_CLOSED");
  await until(async () => tries.length >= 7, "the listener tries again and again");
  const waits = tries.slice(2).map((at, i) => at - (tries[i + 1] as number));
  // Times three each time, of which chance takes up to a half.
  t.true((waits[4] as number) > 3 * (waits[1] as number), waits.join());
  await sql.end({ timeout: 0 });
  server.close();
});

for (const [how, code] of [
  ["refused", "42P01"],
  ["cut off", "CONNECTION_CLOSED"],
] as const) {
  test(`a connection whose own first question is ${how} fails the query that opened it, and is not used`, async (t) => {
    const watch = watchConnections(url(), 10_000);
    let spoilt = 0;
    const socket = () => {
      const socket = watch.socket();
      // Not before: connecting puts its own back.
      socket.once("connect", () => {
        const write = socket.write.bind(socket) as (chunk: Buffer, done?: () => void) => boolean;
        socket.write = ((chunk: Buffer, done?: () => void) => {
          const at = chunk.indexOf("pg_catalog.pg_type");
          if (at >= 0 && spoilt++ === 0) {
            if (how === "refused") chunk.write("pg_catalog.pg_none", at);
            else socket.destroy();
          }
          return write(chunk, done);
        }) as typeof socket.write;
      });
      return socket;
    };
    const sql = connect(url(), 1, { watch: { ...watch, socket } });
    t.deepEqual(await Promise.all([codeOfFailure(sql`select 1`), codeOfFailure(sql`select 2`)]), [code, "none"]);
    const array = (own: Sql) => own<{ ids: string[] }[]>`select ${["1", "2"]}::bigint[] as ids`;
    t.deepEqual((await array(sql))[0]?.ids, ["1", "2"]);
    await sql.end();

    spoilt = 0;
    const other = connect(url(), 1, { watch: { ...watch, socket } });
    t.is(await codeOfFailure(other.reserve()), code);
    const own = await other.reserve();
    t.deepEqual((await array(own))[0]?.ids, ["1", "2"]);
    own.release();
    await other.end();
  });
}
