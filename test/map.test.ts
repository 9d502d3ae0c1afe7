import { once } from "node:events";
import anyTest from "ava";
import { createLog } from "../runner/log.ts";
import { drawMap, project } from "../runner/projection.ts";
import { createAside } from "../tasks/aside.ts";
import { drawMapTask } from "../tasks/draw_map.ts";
import { useDatabase } from "./helpers/database.ts";
import { service } from "./helpers/service.ts";
import { createSample, drain, registerModel, startOver } from "./helpers/source.ts";

/* The map of the catalogue, over made-up vectors. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const never = new AbortController().signal;
const draw = () => drawMap(db.sql, "analytics_features", never);
const isDue = async () => (await db.sql<{ due: boolean }[]>`select analytics_features.map_due() as due`)[0]?.due;

test.before(async () => {
  await startOver(db.sql);
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, await registerModel(db.sql));
});

/** Two heaps of vectors, far from each other. */
const heaps = (each: number) =>
  Array.from({ length: 2 * each }, (_, i) => {
    const values = Array.from({ length: 20 }, (_, j) => Math.sin(i * 7.1 + j) * 0.1 + (j < 10 === i < each ? 1 : 0));
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  });

test("what is near stays near, and the same vectors make the same map", async (t) => {
  const places = (await project(heaps(30), never)) ?? [];
  const middle = (some: typeof places) => ({
    x: some.reduce((sum, { x }) => sum + x, 0) / some.length,
    y: some.reduce((sum, { y }) => sum + y, 0) / some.length,
  });
  const [one, two] = [middle(places.slice(0, 30)), middle(places.slice(30))];
  const far = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);
  for (const [i, place] of places.entries()) t.is(far(place, one) < far(place, two), i < 30, String(i));
  t.deepEqual(await project(heaps(30), never), places);
  t.is((await project(heaps(1), never))?.length, 2);
  t.is(await project(heaps(30), AbortSignal.abort()), undefined);
});

test("a map is drawn when there is none, and anew when a twentieth of the catalogue is another, an hour later", async (t) => {
  t.true(await isDue());
  t.is(await draw(), 115);
  t.false(await isDue());
  t.is(await draw(), undefined);
  await db.sql`update analytics_features.product_map set mapped_at = now() - interval '61 minutes'`;
  await db.sql`update analytics_features.product_embeddings set updated_at = now() - interval '1 day'`;
  t.false(await isDue());
  const change = (products: number) => db.sql`
    update analytics_features.product_embeddings set updated_at = now()
    where product_id in (select product_id from analytics_features.product_embeddings order by 1 limit ${products})`;
  await change(5);
  t.false(await isDue());
  await change(6);
  t.true(await isDue());
  await db.sql`update analytics_features.product_map set mapped_at = now() - interval '59 minutes'`;
  t.false(await isDue());

  // Another model's vectors may all be from before the map, as the former's are after going back.
  await db.sql`update analytics_features.product_embeddings set updated_at = now() - interval '1 day'`;
  await db.sql`update analytics_features.product_map set mapped_at = now() - interval '61 minutes'`;
  t.false(await isDue());
  await db.sql`update analytics_features.embedding_models set activated_at = now() where is_active`;
  t.true(await isDue());
  await db.sql`update analytics_features.embedding_models set activated_at = null`;
});

test("of a large catalogue a part is on the map, and none when the setting says so", async (t) => {
  await db.sql`update analytics_features.product_map set mapped_at = now() - interval '2 hours'`;
  await db.sql`update analytics_features.settings set map_products = 40`;
  t.is(await draw(), 40);
  const some = await db.sql`select product_id from analytics_features.product_map order by 1`;
  await db.sql`truncate analytics_features.product_map`;
  await draw();
  t.deepEqual([...(await db.sql`select product_id from analytics_features.product_map order by 1`)], [...some]);
  await db.sql`update analytics_features.settings set map_products = 0`;
  t.true(await isDue());
  t.is(await draw(), 0);
  t.false(await isDue());
  await db.sql`update analytics_features.settings set map_products = default`;
  t.is(await draw(), 115);
});

test("the service shows live products with their label, and only the column that the settings name", async (t) => {
  const { app } = await service(db.sql);
  const map = async () =>
    (await app.inject("/map")).json() as { mapped_at: string; points: { product_id: string; label: string | null }[] };
  const rows = await db.sql<{ product_id: string; label: string | null }[]>`
    select product_id, category_id::text as label from staging_staging.stg_product order by product_id`;
  const { points, mapped_at } = await map();
  t.deepEqual(
    points.map(({ product_id, label }) => ({ product_id, label })),
    [...rows].map((row) => ({ ...row })),
  );
  t.false(Number.isNaN(Date.parse(mapped_at)));
  await db.sql`update staging_staging.stg_product set deleted = true where product_id = 7807552`;
  await db.sql`insert into staging_staging.stg_product (product_id, name, deleted) values (7807553, 'a second row', true)`;
  await db.sql`update analytics_features.settings set map_column = 'no such column'`;
  const later = (await map()).points;
  t.false(later.some(({ product_id }) => product_id === "7807552"));
  t.is(new Set(later.map(({ product_id }) => product_id)).size, later.length);
  t.true(later.every(({ label }) => label === null));
  await db.sql`update analytics_features.settings set map_column = default`;
  await app.close();
});

test("the worker's job only starts it, and one is drawn at a time", async (t) => {
  await db.sql`truncate analytics_features.product_map`;
  const rows = async () => (await db.sql`select from analytics_features.product_map`).length;
  const context = { sql: db.sql, schema: "analytics_features" } as Parameters<typeof drawMapTask>[0];
  const log = createLog("silent");
  const aside = createAside(log);
  const task = drawMapTask(context, log, never, aside);
  const held = new AbortController();
  aside.start("drawing the map", () => once(held.signal, "abort"));
  await task({}, {} as never);
  held.abort();
  await aside.ended();
  t.is(await rows(), 0, "another one went on");
  await task({}, {} as never);
  t.is(await rows(), 0, "it is only begun");
  await aside.ended();
  t.is(await rows(), 115);
});
