import anyTest from "ava";
import { soak } from "../../bench/soaking.ts";
import { useDatabase } from "../helpers/database.ts";

/* A short run of bench/soak.ts, which measures what this cannot: whether anything grows over hours. */
const test = anyTest.serial;
const db = useDatabase(anyTest);

test("under a mixed load of writes, swaps, comparisons and searches nothing fails, is lost, or stays open", async (t) => {
  const soaked = await soak(db.env.DATABASE_URL as string, { minutes: 0.4, products: 300, seed: 1, every: 5 });
  t.log({ ...soaked, samples: soaked.samples.length });
  t.deepEqual(soaked.failed, []);
  t.deepEqual(soaked.wrong, []);
  t.is(soaked.needless, 0);
  t.is(soaked.leaked, 0);
  t.true(soaked.swaps > 1 && soaked.searches > 20 && soaked.writes > 20 && soaked.stored >= 300);
  // A pool each, and no more whatever happens.
  const most = Math.max(...soaked.samples.map(({ connections }) => connections));
  t.true(most <= 24, `${most} connections`);
});
