import anyTest from "ava";
import { useDatabase } from "../helpers/database.ts";
import { createSource, drain, insertParts, registerModel, startOver, unitVector } from "../helpers/source.ts";

/* Types that bring operators of their own, which the embedded database has none of. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

test("a column of a type of an extension is filtered by that type's own operators", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql.unsafe(`
    create extension citext;
    create extension hstore;
    create domain public.label as citext;
    alter table staging_staging.stg_product add column _brand citext, add column _label public.label, add column _facts hstore`);
  await insertParts(db.sql, 1, 4);
  await db.sql`update staging_staging.stg_product set _brand = 'AbC', _label = 'AbC', _facts = 'a=>1' where product_id < 3`;
  await db.sql`select analytics_features.attach()`;
  await drain(db.sql, await registerModel(db.sql));
  for (const [filter, ids] of [
    [{ _brand: "abc" }, [1, 2]],
    [{ _brand: ["ABC", "x"] }, [1, 2]],
    [{ _brand: { like: "aB%" } }, [1, 2]],
    [{ _brand: { "<>": "abc" } }, []],
    [{ _brand: null }, [3, 4]],
    [{ _label: "aBC" }, [1, 2]],
    [{ _facts: "a=>1" }, [1, 2]],
  ] as const) {
    const rows = await db.sql<{ id: number }[]>`
      select product_id::integer as id from analytics_features.search_products(${unitVector(1)}, 'l2', 10, ${db.sql.json(filter as never)}) order by 1`;
    t.deepEqual(
      rows.map(({ id }) => id),
      [...ids],
      JSON.stringify(filter),
    );
  }
});
