import anyTest from "ava";
import type { Finding } from "../../runner/doctor.ts";
import { run, start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { withPooler } from "../helpers/pooler.ts";
import { createSample, until } from "../helpers/source.ts";

/* Behind pgbouncer, which has a backend for each transaction and none for a client. */
const test = anyTest.serial;
const db = useDatabase(anyTest, { migrated: false });

const state = async () => {
  const [row] = await db.sql<
    { state: string; products: number }[]
  >`select state, products::integer from analytics_features.embedding_status`;
  return row;
};
const pooler = async (url: string) => {
  const { stdout } = await run("doctor", ["--json"], { DATABASE_URL: url });
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.find(({ check }) => check === "pooler");
};

test("in transaction mode everything works: migrate, embed, worker, serve, search; and the doctor sees it", async (t) => {
  await createSample(db.sql);
  await withPooler(db.env.DATABASE_URL ?? "", "transaction", async (url) => {
    const env = { DATABASE_URL: url };
    const migrated = await run("migrate", [], env);
    t.is(migrated.code, 0, migrated.stderr);
    const embedded = await run("embed", ["--json"], env);
    t.is(embedded.code, 0, embedded.stderr);
    t.is(JSON.parse(embedded.stdout).stored, 115);
    const found = await run("search", ["пневмоподушка", "--json", "--limit", "3"], env);
    t.is(JSON.parse(found.stdout).length, 3, found.stderr);

    const served = start("serve", [], { ...env, HTTP_PORT: "0" });
    await until(
      async () => /"url":"[^"]+"/.test(served.output()),
      () => served.output(),
    );
    const [, address] = /"url":"([^"]+)"/.exec(served.output()) ?? [];
    t.is((await fetch(`${address}/search?query=x`)).status, 200);
    served.process.kill("SIGTERM");
    t.is((await served.ended).code, 0);

    const worker = start("worker", [], env);
    await until(async () => /worker started/.test(worker.output()), "the worker starts");
    await db.sql`update staging_staging.stg_product set name = 'Домкрат' where product_id = 7807552`;
    await until(async () => (await state())?.state === "complete", "the change is encoded");
    worker.process.kill("SIGTERM");
    const ended = await worker.ended;
    t.is(ended.code, 0, ended.stderr);
    t.notRegex(ended.stderr, /"level":(40|50)/);

    t.like(await pooler(url), { state: "warning" });
  });
});

test("in session mode there is nothing to see", async (t) => {
  await withPooler(db.env.DATABASE_URL ?? "", "session", async (url) => t.like(await pooler(url), { state: "ok" }));
});
