import { setTimeout } from "node:timers/promises";
import anyTest from "ava";
import { codeOf } from "../../runner/errors.ts";
import { root } from "../../runner/settings.ts";
import { start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { fails } from "../helpers/errors.ts";
import { createSource, insertParts, registerModel, startOver, unitVector, until } from "../helpers/source.ts";
import { useWarehouse } from "../helpers/warehouse.ts";

/* The change of a model while everything else goes on: real workers, real models, real dbt. */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const warehouse = useWarehouse(anyTest, db);
const tiny = `${root}/test/fixtures/models/tiny-bert-768`;

const models = async () => {
  const rows = await db.sql<{ name: string; state: string }[]>`select name, state from analytics_features.model_status`;
  return rows.map(({ name, state }) => `${name} ${state}`);
};
const isReady = async () => (await models()).some((model) => model.endsWith(" ready"));
/** Vectors of another model than the table's, and a dimension that is not the active model's. */
const mixed = async () => {
  const [row] = await db.sql`
    select count(*) filter (where e.model_id <> m.model_id or vector_dims(e.embedding) <> m.dimension)::integer as n
    from analytics_features.embedding_models m cross join analytics_features.product_embeddings e where m.is_active`;
  return row?.n;
};

test("384 to 768 and back under searches, updates and dbt runs: no search fails or is empty, nothing is lost or mixed", async (t) => {
  const run = () => warehouse.dbt("run", { materialized: "table" }, ["--select", "stg_product"]);
  await db.sql`delete from analytics_features.embedding_models`;
  await run();
  const first = start("worker", [], db.env);
  const complete = async () => {
    const [row] = await db.sql`select state from analytics_features.compute_status()`;
    return row?.state === "complete";
  };
  await until(complete, "the first model is through", 120);
  await db.sql.unsafe("call analytics_features.embed_query('part 7')");

  let working = true;
  let searches = 0;
  let withVectors = 0;
  const searcher = (async () => {
    while (working) {
      const hits = await db.sql`
        select h.used_vectors, h.distance, e.vector_dims
        from analytics_features.search_products_text('part 7', 20) h
        left join (select product_id, vector_dims(embedding) from analytics_features.product_embeddings) e using (product_id)`;
      t.is(hits.length, 20);
      t.is(new Set(hits.map((hit) => hit.vector_dims)).size, 1, "vectors of one model");
      searches++;
      if (hits[0]?.used_vectors) withVectors++;
      await setTimeout(10);
    }
  })();
  const counter = (async () => {
    while (working) {
      t.is(await mixed(), 0);
      await setTimeout(25);
    }
  })();
  let changes = 0;
  const writer = (async () => {
    while (working) {
      const id = 1 + (changes++ % 50);
      await db.sql`update bronze.product set price = price + 1, ingested_at = clock_timestamp() where product_id = ${id}`;
      await db.sql`update staging_staging.stg_product set price = price + 1 where product_id = ${id}`;
      await setTimeout(150);
    }
  })();
  let runs = 0;
  const builder = (async () => {
    while (working) {
      await run();
      runs++;
    }
  })();

  try {
    await db.sql`select analytics_features.prepare_model(${tiny})`;
    // A second worker with the first model in its environment, as an earlier deployment would have it.
    const old = start("worker", [], { ...db.env, EMBEDDING_MODEL: "all-MiniLM-L6-v2" });
    await until(isReady, "the second model is ready", 120);
    const activate = (call: string) =>
      until(
        async () => {
          try {
            await db.sql.unsafe(`select analytics_features.${call}`);
            return true;
          } catch (error) {
            // While a run is at it: call it again, as the hint says.
            if (codeOf(error) !== "PE034" && codeOf(error) !== "PE032") throw error;
            return false;
          }
        },
        call,
        60,
      );
    await activate("activate_model()");
    t.deepEqual(await models(), ["tiny-bert-768 active", "sentence-transformers/all-MiniLM-L6-v2 former"]);
    const [type] = await db.sql`
      select atttypmod as dimension from pg_attribute where attrelid = 'analytics_features.product_embeddings'::regclass and attname = 'embedding'`;
    t.is(type?.dimension, 768);
    const [seen, built] = [searches, runs];
    await until(async () => searches > seen + 50 && runs > built, "it goes on with the second", 60);
    await activate("rollback_model()");
    const back = searches;
    await until(async () => searches > back + 50, "and with the first again", 60);
    old.process.kill("SIGTERM");
    await old.ended;
  } finally {
    working = false;
    await Promise.all([searcher, counter, writer, builder]);
  }
  t.is(withVectors, searches, "every search had its vector");
  await until(complete, "all is true in the end", 120);
  const [both] = await db.sql`
    select count(*) filter (where d.state <> 'current')::integer as n, count(*)::integer as all
    from analytics_features.embedding_models m cross join lateral analytics_features.embedding_difference(m.model_id) d where m.is_kept`;
  await until(
    async () => {
      const [row] = await db.sql`
      select count(*) filter (where d.state <> 'current')::integer as n
      from analytics_features.embedding_models m cross join lateral analytics_features.embedding_difference(m.model_id) d where m.is_kept`;
      return row?.n === 0;
    },
    "the other model is true as well",
    60,
  );
  t.is(both?.all, 50);
  t.log(`${searches} searches, ${changes} changes, ${runs} dbt runs`);
  first.process.kill("SIGTERM");
  await first.ended;
});

test("a change of the active model overtakes the backfill of another", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  await insertParts(db.sql, 1, 600);
  await start("embed", [], db.env).ended;
  await db.sql`select analytics_features.prepare_model('intfloat/multilingual-e5-small-ru-en')`;
  const worker = start("worker", [], db.env);
  const waiting = async () => {
    const [row] = await db.sql`
      select count(distinct q.product_id)::integer as n from analytics_features.queued_products q
      join analytics_features.embedding_models m on m.model_id = q.model_id and m.is_kept`;
    return row?.n ?? 0;
  };
  await until(async () => (await waiting()) > 0, "the backfill has begun", 60);
  await db.sql`update staging_staging.stg_product set name = 'urgent' where product_id = 5`;
  await until(
    async () => {
      const [row] = await db.sql`select state from analytics_features.embedding_difference() where product_id = 5`;
      return row?.state === "current";
    },
    "the change is searched",
    30,
  );
  t.true((await waiting()) > 0, "before the backfill is through");
  worker.process.kill("SIGTERM");
  await worker.ended;
});

test("who holds the table keeps the model from being changed, and searches do not wait for long behind it", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  const first = await registerModel(db.sql);
  await insertParts(db.sql, 1, 3);
  const store = async (model: number) => {
    const claimed = await db.sql<
      { claim_id: string; product_id: string }[]
    >`select * from analytics_features.claim_products('w1', 10, ${model})`;
    const vectors = `{${claimed.map(({ product_id }) => `"${unitVector(Number(product_id))}"`).join(",")}}`;
    await db.sql`
      select analytics_features.store_embeddings(
        ${claimed[0]?.claim_id ?? null}, ${model}, ${claimed.map(({ product_id }) => product_id)}::bigint[], ${vectors})`;
  };
  await store(first);
  await db.sql`select analytics_features.prepare_model('second')`;
  const [begun] = await db.sql<
    { id: number }[]
  >`select analytics_features.begin_preparation('second', 'r1', 'fp32', 384, 'mean', 256) as id`;
  await db.sql`select analytics_features.reconcile()`;
  await store(begun?.id ?? 0);

  await db.sql.begin(async (sql) => {
    await sql`select count(*) from analytics_features.product_embeddings`;
    const activating = fails(t, db.sql`select analytics_features.activate_model()`, { code: "PE034", hint: /pg_stat_activity/ });
    const search = async () => {
      await db.sql.begin(async (other) => {
        await other`set local statement_timeout = '5s'`;
        const hits = await other`select from analytics_features.search_products(${unitVector(1)}, 'l2', 3)`;
        t.is(hits.length, 3);
      });
    };
    for (let i = 0; i < 5; i++) {
      await search();
      await setTimeout(200);
    }
    await activating;
  });
  // A transaction that began before the change is told so instead of being given two models.
  await db.sql.begin("isolation level repeatable read", async (sql) => {
    await sql`select count(*) from analytics_features.settings`;
    await db.sql`select analytics_features.activate_model()`;
    await sql
      .savepoint(async (inner) => {
        await fails(t, inner`select * from analytics_features.search_products(${unitVector(1)})`, {
          code: "40001",
          message: /model was changed/,
        });
        throw new Error("undo");
      })
      .catch(() => {});
  });
  t.deepEqual(await models(), ["second active", "test former"]);
});
