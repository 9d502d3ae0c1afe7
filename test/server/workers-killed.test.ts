import anyTest from "ava";
import { seeded, swapSource, writeAtRandom } from "../../bench/load.ts";
import { loadEncoder } from "../../runner/encoder.ts";
import { run, start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSource, insertParts, startOver, until } from "../helpers/source.ts";
import { isDrained, notedStores, untruths, watchStores } from "../helpers/truth.ts";

/* Workers that die at any moment, while the source changes and is swapped. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await watchStores(db.sql);
});

/** docs/development.md: longer runs, and a run that failed again. */
const seconds = Number(process.env.ABUSE_SECONDS ?? 15);
const seed = Number(process.env.ABUSE_SEED ?? Date.now() % 1_000_000);

test("workers killed at random moments under load lose nothing, and nothing is encoded that did not change", async (t) => {
  t.log({ seed, seconds });
  const random = seeded(seed);
  // So many that what a killed worker held comes round often; the limit on attempts is for who kills workers, not for who is killed.
  await db.sql`update analytics_features.settings set lease = '2 seconds', retry_after = '100 milliseconds', max_attempts = 1000`;
  await insertParts(db.sql, 1, 600);
  const end = Date.now() + seconds * 1000;
  let kills = 0;

  const lives = seeded(seed + 1);
  const killing = async () => {
    while (Date.now() < end) {
      const worker = start("worker", [], db.env);
      const lived = lives() * 3000;
      // One of four does not get through its start.
      if (lives() > 0.25) await until(async () => worker.output().includes("worker started"), worker.output, 60);
      await Promise.race([worker.ended, new Promise((resolve) => setTimeout(resolve, lived))]);
      t.is(worker.process.exitCode, null, worker.output());
      worker.process.kill("SIGKILL");
      t.is((await worker.ended).code, "SIGKILL");
      kills++;
    }
  };
  const writing = async () => {
    for (let count = 1; Date.now() < end; count++) {
      await writeAtRandom(db.sql, random, 700);
      if (count % 40 === 0) await swapSource(db.sql);
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
    }
  };
  await Promise.all([killing(), killing(), writing()]);
  t.log({ kills, ...(await notedStores(db.sql)) });

  await until(
    async () => {
      const { code, stderr } = await run("embed", [], db.env);
      t.is(code, 0, stderr);
      return isDrained(db.sql);
    },
    "everything is embedded",
    120,
  );
  const encoder = await loadEncoder(db.settings.encoder);
  t.deepEqual(await untruths(db.sql, encoder), []);
  await encoder.close();
  t.is((await notedStores(db.sql)).needless, 0);
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
});
