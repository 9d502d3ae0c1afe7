import anyTest from "ava";
import { embedQueued } from "../runner/embed.ts";
import { migrate } from "../runner/migrate.ts";
import { searchVectors } from "../runner/search.ts";
import { embedContext, withEncoder } from "../runner/session.ts";
import { root } from "../runner/settings.ts";
import { useDatabase } from "./helpers/database.ts";

const db = useDatabase(anyTest, {
  migrated: false,
  variables: {
    PGVECTOR_SCHEMA: "ml",
    PGVECTOR_TABLE: "part_vectors",
    PGVECTOR_EMBEDDING_DIM: "768",
    STAGING_DB_SCHEMA: "Mart",
    STAGING_DB_TABLE: "select",
    EMBEDDING_MODEL_PATH: `${root}/test/fixtures/models/tiny-bert-768`,
  },
});

anyTest("every name and the dimension come from the settings, also where the extension is elsewhere", async (t) => {
  const { sql, settings } = db;
  await sql.unsafe(`
    create schema extensions; alter extension vector set schema extensions;
    create schema "Mart"; create table "Mart"."select" (product_id integer, "Name" text, name text);
    insert into "Mart"."select" values (1, 'A', 'колодки'), (2, 'B', 'диск')`);
  t.like(await migrate(db.database, settings), { attached: true, queued: 2 });
  await withEncoder(settings, async (encoder) => {
    const context = await embedContext(sql, settings, encoder);
    t.is((await embedQueued(context)).stored, 2);
    await sql`update "Mart"."select" set name = 'диск тормозной' where product_id = 2`;
    t.is((await embedQueued(context)).stored, 1);
    const [hit] = await searchVectors(context, { text: "Name: B. name: диск тормозной.", metric: "cosine", limit: 1 });
    t.is(hit?.name, "диск тормозной");
    t.true((hit?.distance ?? 1) < 0.001);
    for (const call of ["similar_products(1, 5, null, 0.5)", "duplicate_products(2)", "recommended_products(array[1])"]) {
      t.is((await sql.unsafe(`select * from ml.${call}`)).length, 1, call);
    }
    await sql.unsafe(`
      create table "Mart"."lines" as select o as "Order", p as product_id from generate_series(1, 40) o, generate_series(1, 2) p where o % 4 = 0;
      insert into "Mart"."lines" select o, 3 from generate_series(1, 40) o;
      select ml.set_interactions('"Mart".lines', 'Order')`);
    const [refreshed] = await sql`select ml.refresh_pairs()::integer as pairs`;
    t.is(refreshed?.pairs, 2);
  });
  const [row] = await sql`select dimension, embedded::integer, coverage::integer from ml.embedding_status`;
  t.deepEqual({ ...row }, { dimension: 768, embedded: 2, coverage: 100 });
  const [old] = await sql`select count(*)::integer as n from pg_namespace where nspname = 'analytics_features'`;
  t.is(old?.n, 0);
});
